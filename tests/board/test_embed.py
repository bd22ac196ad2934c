"""wasmote.Host, the Python API, over real components (examples/, built by make)."""

from pathlib import Path

import pytest
import wasmote
from wasmote.host import HostError

EXAMPLES = Path(__file__).resolve().parents[2] / "build" / "examples"
pytestmark = pytest.mark.skipif(not (EXAMPLES / "textkit.wasm").exists(), reason="no build/examples: make examples")


@pytest.fixture(name="host")
def _host():
    with wasmote.Host() as host:
        yield host


def load(host, name):
    return host.load(str(EXAMPLES / (name + ".wasm")))


def text_of(result):
    return [block["text"] for block in result["content"]]


def test_loads_lists_calls_and_unloads(host):
    server = load(host, "thermometer")
    assert [tool["name"] for tool in server.list_tools()] == ["read", "calibrate", "history"]
    result = server.call_tool("read", {"unit": "C"})
    assert result["isError"] is False and "°C" in text_of(result)[0]
    server.unload()
    assert server.list_tools() == []


def test_what_is_no_list_of_grants_and_no_limit_is_refused():
    """A text was taken for its letters, and "*" allows all."""
    with pytest.raises(TypeError, match="allow is a tuple of names"):
        wasmote.Host(allow="wasi:mcp/*")
    for wrong in ({"memory_limit": -1}, {"memory_limit": 1000}, {"call_timeout_ms": 0}):
        with pytest.raises(ValueError, match="memory_limit is 1024 bytes or more, call_timeout_ms 1 or more"):
            wasmote.Host(**wrong)


def test_a_component_of_a_file_may_be_given_a_configuration(host):
    file = str(EXAMPLES / "faults.wasm")
    with pytest.raises(HostError, match="clocks/monotonic-clock.* not granted"):
        host.load(file, config={"allow": ["wasi:mcp/*"]})
    with pytest.raises(HostError, match="memory must be an integer from 1"):
        host.load(file, config={"memory": "much"})
    host.load(file, config={"memory": 40})
    assert host.host.components["faults"].memory_limit == 40


def test_a_failure_inside_a_component_is_a_result(host):
    server = load(host, "faults")
    assert server.call_tool("trap")["isError"] is True
    assert server.call_tool("divide", {"a": 6, "b": 3})["isError"] is False


def test_a_tool_that_is_not_there_is_refused_with_those_that_are(host):
    with pytest.raises(HostError, match="history"):
        load(host, "thermometer").call_tool("nix")


def test_servers_know_their_own_tools_only(host):
    thermometer, textkit = load(host, "thermometer"), load(host, "textkit")
    assert "read" in [tool["name"] for tool in thermometer.list_tools()]
    with pytest.raises(HostError):
        textkit.call_tool("read")


def test_progress_is_reported(host):
    heard = []
    load(host, "faults").call_tool("count", {"to": 3, "delay_ms": 1}, lambda *note: heard.append(note))
    assert [note[1] for note in heard if note[0] == "progress"] == [1, 2, 3]


def test_what_is_no_component_is_refused(host, tmp_path):
    (tmp_path / "x.wasm").write_bytes(b"#!/bin/sh\n")
    with pytest.raises(HostError, match="x was not loaded"):
        host.load(str(tmp_path / "x.wasm"))
