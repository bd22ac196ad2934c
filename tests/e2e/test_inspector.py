"""npm's MCP Inspector, a client of another house, over `wasmote bridge`: the methods of its CLI in both eras."""

import sys

import pytest
from conftest import firmware, params
from node import inspect


@pytest.fixture(scope="module", params=params("qemu:m0"))
def kind(request):
    assert firmware(request.param).exists(), "make firmware"
    return request.param


@pytest.fixture(scope="module")
def inspector(port, environment):
    names = ("WASMOTE_RUNTIME_DIR", "WASMOTE_DATA_DIR")
    settings = [word for name in names for word in ("-e", f"{name}={environment[name]}")]
    return lambda *arguments: inspect(*settings, sys.executable, "-m", "wasmote", "bridge", port, *arguments)


@pytest.fixture(scope="module", autouse=True)
def thermometer(bridge, wasmote, examples):
    for name in ("thermometer", "notebook"):
        assert wasmote("push", examples / f"{name}.wasm")[0] == 0


@pytest.mark.parametrize("era", ["legacy", "modern", "auto"])
def test_lists_the_tools(inspector, era):
    tools = inspector("--protocol-era", era, "--method", "tools/list")["tools"]
    assert [tool["name"] for tool in tools] == ["write", "erase", "pin", "read", "calibrate", "history"]


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_calls_a_tool(inspector, era):
    call = ("--protocol-era", era, "--method", "tools/call", "--tool-name")
    result = inspector(*call, "read", "--tool-arg", "unit=K")
    assert result["content"][0]["text"].endswith(" K") and not result.get("isError")


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_reads_a_resource(inspector, era):
    read = inspector("--protocol-era", era, "--method", "resources/read", "--uri", "note:/.icon")
    assert read["contents"][0]["mimeType"] == "image/png"


def test_lists_what_is_not_a_tool(inspector):
    uris = [resource["uri"] for resource in inspector("--method", "resources/list")["resources"]]
    assert uris == ["note:/", "note:/.icon"]
    templates = inspector("--method", "resources/templates/list")["resourceTemplates"]
    assert templates[0]["uriTemplate"] == "note:/{name}"
    assert inspector("--method", "prompts/list")["prompts"][0]["name"] == "proofread"


def test_gets_a_prompt(inspector, bridge):
    bridge.call("write", {"name": "i", "text": "x"})
    prompt = inspector("--method", "prompts/get", "--prompt-name", "proofread", "--prompt-args", "name=i")
    assert [message["role"] for message in prompt["messages"]] == ["user", "user", "assistant"]


def test_the_command_of_the_readme_calls_too(wasmote):
    assert wasmote("call", "read", '{"unit": "K"}')[1].endswith(" K\n")
