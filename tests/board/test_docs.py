"""The code on the pages of docs/ runs as it stands and prints what its comments say, on CPython and MicroPython."""

import contextlib
import io
import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT
from engines import using
from wat import assemble

MICROPYTHON = ROOT / "build/firmware/unix/micropython"
PAGE = (ROOT / "docs/core.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.S | re.M)
CODE = "\n".join(text for language, text in BLOCKS if language == "python")
# A line of output for each arrow; where the guest prints, too, it comes first.
EXPECTED = re.findall(r"# → (.*)", CODE)
LINES = "\n".join("6\n6" if line == "6 6" else line for line in EXPECTED) + "\n"
(DOUBLE,) = re.findall(r'double = """(.*?)"""', CODE, re.S)


@pytest.fixture
def folder(tmp_path):
    (guest,) = [text for language, text in BLOCKS if language == "wat"]
    (tmp_path / "sum.wasm").write_bytes(assemble(guest))
    (tmp_path / "double.wasm").write_bytes(assemble(DOUBLE))
    return tmp_path


WAT = "def wat(text):\n    return open('double.wasm', 'rb').read()\n"


@pytest.mark.parametrize("engine", ["c", "python"])
def test_core_md_is_true_on_cpython(engine, folder, monkeypatch):
    monkeypatch.chdir(folder)
    output = io.StringIO()
    with using(engine), contextlib.redirect_stdout(output):
        exec(compile(WAT + CODE, "core.md", "exec"), {"__name__": "core"})
    assert output.getvalue() == LINES


@pytest.mark.skipif(not MICROPYTHON.exists(), reason="no unix build: run make firmware")
@pytest.mark.parametrize("engine", ["c", "python"])
def test_core_md_is_true_on_micropython(engine, folder):
    (folder / "core.py").write_text(WAT + CODE)
    path = f"{ROOT / 'modules'}:{ROOT / 'build/micropython/extmod'}"
    done = subprocess.run(
        [MICROPYTHON, "core.py"],
        cwd=folder,
        env=os.environ | {"MICROPYPATH": path, "WASMOTE_ENGINE": engine},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == LINES, done.stdout + done.stderr


def test_no_line_of_the_code_is_too_wide_to_read():
    assert max(map(len, CODE.splitlines())) <= 120 and sys.version_info >= (3, 11)
