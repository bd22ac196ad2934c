"""npm's MCP Inspector, a client of another house, over `wasmote bridge`: tools/list and tools/call in both eras."""

import json
import os
import subprocess
import sys

import pytest
from conftest import PATIENCE, ROOT, firmware, params

NODE = ROOT / "build/node"


@pytest.fixture(scope="module", params=params("qemu:m0"))
def kind(request):
    assert firmware(request.param).exists(), "make firmware"
    return request.param


@pytest.fixture(scope="module")
def inspector(port, environment):
    program = NODE / "node_modules/.bin/mcp-inspector"
    if not program.exists():
        pytest.fail("the MCP Inspector is not installed: scripts/setup/node.sh (make setup)")

    def run(*arguments):
        path = f"{NODE / 'bin'}:{os.environ['PATH']}"
        names = ("WASMOTE_RUNTIME_DIR", "WASMOTE_DATA_DIR")
        settings = [word for name in names for word in ("-e", f"{name}={environment[name]}")]
        done = subprocess.run(
            [str(program), "--cli", *settings, sys.executable, "-m", "wasmote", "bridge", port, *arguments],
            env={**environment, "PATH": path},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module", autouse=True)
def thermometer(bridge, wasmote, examples):
    assert wasmote("push", examples / "thermometer.wasm")[0] == 0


@pytest.mark.parametrize("era", ["legacy", "modern", "auto"])
def test_lists_the_tools(inspector, era):
    tools = inspector("--protocol-era", era, "--method", "tools/list")["tools"]
    assert [tool["name"] for tool in tools] == ["read", "calibrate", "history"]


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_calls_a_tool(inspector, era):
    call = ("--protocol-era", era, "--method", "tools/call", "--tool-name")
    result = inspector(*call, "read", "--tool-arg", "unit=K")
    assert result["content"][0]["text"].endswith(" K") and not result.get("isError")


def test_the_command_of_the_readme_calls_too(wasmote):
    assert wasmote("call", "read", '{"unit": "K"}')[1].endswith(" K\n")
