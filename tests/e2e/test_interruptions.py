"""Resets in the middle of calls and pushes, power cuts, a bridge that goes on: what was stored is still there."""

import base64
import subprocess
import sys
import time
import zlib

import pytest
from conftest import PATIENCE, Bridge


@pytest.fixture(scope="module", autouse=True)
def components(bridge, wasmote, examples):
    for name in ("thermometer", "faults"):
        assert wasmote("push", examples / f"{name}.wasm")[0] == 0


def reset(bridge, wasmote):
    assert wasmote("reset")[0] == 0


def working(bridge, seconds=PATIENCE):
    """Wait until the board answers again; what it answers."""
    end = time.monotonic() + seconds
    while "result" not in (answer := bridge.ask("wasmote/info")):
        assert time.monotonic() < end, answer
        time.sleep(0.2)
    return answer["result"]


def test_a_reset_in_the_middle_of_a_call_is_one_error_and_the_next_call_works(bridge, wasmote):
    number = bridge.start_call("count", {"to": 1000, "delay_ms": 100}, progressToken=1)
    bridge.notice("notifications/progress")
    assert wasmote("reset")[0] == 0
    error = bridge.answer(number)["error"]
    assert (
        error["data"]["kind"] in ("board-reset", "board-lost") and 'tools/call "count" was running' in error["message"]
    )
    working(bridge)
    assert bridge.call("read")[1] is False


def test_a_push_cut_by_a_reset_leaves_the_old_component_and_goes_on_where_it_was(bridge, wasmote, examples):
    data = (examples / "thermometer.wasm").read_bytes()
    part = {"name": "thermometer", "size": len(data), "crc32": zlib.crc32(data), "offset": 0}
    assert "result" in bridge.ask("wasmote/push", {**part, "data": base64.b64encode(data[:4000]).decode()})
    assert wasmote("reset")[0] == 0
    time.sleep(0.5)
    working(bridge)
    assert bridge.call("read")[1] is False
    code, _, err = wasmote("push", examples / "thermometer.wasm")
    assert code == 0 and f"4000 of {len(data)} bytes are there already" in err, err
    assert bridge.call("read")[1] is False


def test_a_push_that_was_cut_goes_on_where_it_was(bridge, wasmote, examples):
    data = (examples / "textkit.wasm").read_bytes()
    part = {"name": "textkit", "size": len(data), "crc32": zlib.crc32(data), "offset": 0}
    bridge.ask("wasmote/push", {**part, "data": base64.b64encode(data[:4000]).decode()})
    code, _, err = wasmote("push", examples / "textkit.wasm")
    assert code == 0, err
    assert bridge.call("word_count", {"text": "a"})[0] == "1 word, 1 character"


def test_a_power_cut_leaves_what_was_stored(port, environment, examples):
    """The board is killed, not reset, in the middle of a push; another bridge finds its flash in order."""
    environment = {**environment, "WASMOTE_DATA_DIR": f"{environment['WASMOTE_DATA_DIR']}/cut"}
    with Bridge(port, environment) as first:
        command = [sys.executable, "-m", "wasmote", "push", port, str(examples / "thermometer.wasm")]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        data = (examples / "textkit.wasm").read_bytes()
        part = {"name": "textkit", "size": len(data), "crc32": zlib.crc32(data), "offset": 0}
        first.ask("wasmote/push", {**part, "data": base64.b64encode(data[:4000]).decode()})
        first.start("wasmote/push", {**part, "offset": 4000, "data": base64.b64encode(data[4000:8000]).decode()})
        first.process.kill()
        first.process.wait()
    with Bridge(port, environment) as second:
        assert second.tools() == ["read", "calibrate", "history"]
        assert second.call("read")[1] is False
        command = [sys.executable, "-m", "wasmote", "push", port, str(examples / "textkit.wasm")]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        assert f"of {len(data)} bytes are there already" in done.stderr
        assert second.call("word_count", {"text": "a"})[0] == "1 word, 1 character"


def faults_error(bridge):
    """Why the component `faults` was stopped last, None if it runs."""
    (entry,) = [entry for entry in bridge.ask("wasmote/list")["result"]["components"] if entry["name"] == "faults"]
    return entry.get("error")


def test_the_call_of_a_client_that_left_is_cancelled_and_the_bridge_goes_on(bridge, port, environment):
    assert bridge.call("divide", {"a": 8, "b": 2}) == ("4", False)
    assert faults_error(bridge) is None
    with Bridge(port, environment) as other:
        other.start_call("count", {"to": 10000, "delay_ms": 20}, progressToken=1)
        other.notice("notifications/progress")
    end = time.monotonic() + PATIENCE
    while not (error := faults_error(bridge)):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert error == '"count" was cancelled'  # and did not reach its time limit
    assert bridge.call("divide", {"a": 8, "b": 2}) == ("4", False)
