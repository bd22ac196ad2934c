"""The host does the same under CPython and MicroPython, on the C engine and on its Python twin."""

import os
import subprocess
import sys

import host_guests
import pytest
from conftest import MICROPYTHON, ROOT, needs_micropython


def lines(program, engine, folder):
    for name in ("thermometer", "textkit", "faults"):
        host_guests.example(name)
    (folder / "shims").mkdir()  # MicroPython needs none
    shims = ROOT / "tests/shims" if program == [sys.executable] else folder / "shims"
    script = [ROOT / "tests/board/host_scenario.py", ROOT / "modules", shims, host_guests.EXAMPLES, folder / "flash"]
    run = subprocess.run(
        [*program, *script], env=os.environ | {"WASMOTE_ENGINE": engine}, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[0] == engine
    return run.stdout.splitlines()[1:]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return lines([sys.executable], "c", tmp_path_factory.mktemp("reference"))


def test_a_day_of_a_host(reference):
    text = "\n".join(reference)
    assert "read False [b'20.000 \\xc2\\xb0C']" in text
    assert "progress 2 2" in text and "log info thermometer thermometer calibrated None" in text
    assert text.endswith("True"), "the arena is whole again"


def test_the_same_on_the_python_twin(reference, tmp_path):
    assert lines([sys.executable], "python", tmp_path) == reference


@needs_micropython
@pytest.mark.parametrize("engine", ["c", "python"])
def test_the_same_under_micropython(reference, tmp_path, engine):
    assert lines([MICROPYTHON, "-X", "heapsize=1M"], engine, tmp_path) == reference
