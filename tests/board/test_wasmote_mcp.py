"""wasmote:mcp, the WIT package: wasm-tools takes it, and guests that use all of it or nothing of it are components."""

import os
import re
import subprocess

import pytest
from conftest import ROOT

TOOL = os.environ.get("WASM_TOOLS") or ROOT / "build/wasm-tools/wasm-tools"
WIT = ROOT / "examples/wit"
TEXT = (WIT / "wasmote-mcp.wit").read_text()
INTERFACES = ["results", "icons", "completion", "elicitation", "sampling", "roots", "questions"]


def tool(*arguments):
    done = subprocess.run([TOOL, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wasm_tools_takes_the_package_with_wasi_mcp():
    text = tool("component", "wit", WIT)
    assert text.startswith("/// What MCP servers need") and "package wasmote:mcp@0.1.0;" in text
    assert "package wasi:mcp@0.1.0-preview2 {" in text


@pytest.mark.parametrize("world, extras", [("server", INTERFACES), ("wasi:mcp/mcp-backend-preview2", [])])
def test_a_guest_of_each_world_is_a_component(tmp_path, world, extras):
    core, made = tmp_path / "core.wasm", tmp_path / "made.wasm"
    tool("component", "embed", WIT, "--world", world, "--dummy", "-o", core)
    tool("component", "new", core, "-o", made)
    imports = re.findall(r'^  import ([^"\s]+);', tool("component", "wit", made), re.M)
    assert [name for name in imports if name.startswith("wasmote:")] == [f"wasmote:mcp/{name}@0.1.0" for name in extras]
    assert "wasi:mcp/runtime@0.1.0-preview2" in imports


def test_everything_in_the_package_is_documented():
    """Each interface and world has a comment, and a row on the docs page."""
    lines = TEXT.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"(interface|world|package) ", line):
            assert lines[number - 1].startswith("///"), line
    page = (ROOT / "docs/wasmote-mcp.md").read_text()
    assert (
        re.findall(r"^\| `wasmote:mcp/(\w+)`", page, re.M) == re.findall(r"^interface (\w+)", TEXT, re.M) == INTERFACES
    )
