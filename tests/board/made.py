"""Components made by wasm-tools from WIT and core modules in the text format, as guest toolchains make them."""

import os
import subprocess
from pathlib import Path

import pytest

TOOL = os.environ.get("WASM_TOOLS") or str(Path(__file__).resolve().parents[2] / "build/wasm-tools/wasm-tools")
needs_tool = pytest.mark.skipif(
    subprocess.run(["sh", "-c", f"command -v '{TOOL}'"], capture_output=True).returncode != 0,
    reason="no wasm-tools: make setup, or set WASM_TOOLS",
)


def wasm_tools(*args):
    """Runs it. Returns what it prints on stdout, as bytes; AssertionError with what it says when it fails."""
    run = subprocess.run([TOOL, *map(str, args)], capture_output=True, timeout=60)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


def refusal(binary):
    """What the tool says is wrong with a component; nothing if it is valid."""
    run = subprocess.run([TOOL, "validate", "-"], input=binary, capture_output=True, timeout=60)
    return run.stderr.decode() if run.returncode else ""


def component(folder, wit, world, text):
    """A file in `folder`: the component of a world whose core module is `text`, or a dummy one if that is None."""
    (folder / "package.wit").write_text(wit)
    core = folder / f"{world}.core.wasm"
    embed = ["component", "embed", folder / "package.wit", "--world", world, "-o", core]
    if text is None:
        wasm_tools(*embed, "--dummy-names", "legacy")
    else:
        (folder / "core.wat").write_text(text)
        wasm_tools("parse", folder / "core.wat", "-o", core)
        wasm_tools(*embed, core)
    made = folder / f"{world}.wasm"
    wasm_tools("component", "new", core, "-o", made)
    return made
