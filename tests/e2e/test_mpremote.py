"""mpremote has the port of a board that a bridge serves, runs code, goes, and serving goes on."""

import asyncio
import re
import shutil
import signal
import subprocess
import sys

import pytest
from conftest import BOARDS, PATIENCE, Bridge, firmware, params
from wasmote.ports.handover import borrowed


@pytest.fixture(scope="module", params=params("qemu:m3"))
def kind(request):
    assert firmware(request.param).exists(), f"make firmware BOARD={BOARDS[request.param]}"
    return request.param


@pytest.fixture(scope="module")
def terminal(kind, environment):
    """The PORT of an emulated board on a pseudo terminal."""
    command = [sys.executable, "-m", "wasmote", "emulate", kind.removeprefix("qemu:"), "--pty"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    yield re.search(r"PORT: (\S+)", process.stdout.readline())[1]
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0


def mpremote(device, *arguments):
    program = shutil.which("mpremote", path=str(sys.executable).rpartition("/")[0])
    assert program, "mpremote is not installed: pip install -e .[dev]"
    command = [program, "connect", device, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def frames(bridge):
    """How many the board has sent over the links since it booted: none of these before it was linked."""
    return bridge.ask("wasmote/info")["result"]["link"].get("framesOut", 0)


def test_mpremote_runs_code_while_a_bridge_serves_and_serving_goes_on(terminal, environment, examples, monkeypatch):
    monkeypatch.setenv("WASMOTE_RUNTIME_DIR", environment["WASMOTE_RUNTIME_DIR"])
    with Bridge(terminal, environment) as bridge:
        command = [sys.executable, "-m", "wasmote", "push", terminal, str(examples / "thermometer.wasm")]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=PATIENCE)
        assert bridge.call("read")[1] is False
        tools = bridge.tools()
        assert frames(bridge) > 10  # the bridge holds an open framed link

        async def meanwhile():
            async with borrowed(terminal, "mpremote") as device:
                assert mpremote(device, "resume", "eval", "6 * 7") == "42"
                error = bridge.ask("tools/call", {"name": "read", "arguments": {}})["error"]
                assert error["data"]["kind"] == "board-handed-over" and "handed over to mpremote" in error["message"]
                assert bridge.tools() == tools  # from the cache
                assert mpremote(device, "resume", "exec", "import sys; print(sys.implementation.name)") == "micropython"

        for _ in range(2):  # and again
            asyncio.run(meanwhile())
            while "error" in (answer := bridge.ask("tools/call", {"name": "read", "arguments": {}})):
                assert answer["error"]["data"]["kind"] == "board-handed-over"
            assert not answer["result"]["isError"]
            assert frames(bridge) > 0  # and does so again
        assert bridge.tools() == tools


def test_mpremote_has_a_board_whose_bridge_was_killed_in_the_middle_of_a_link(terminal, environment, examples):
    """Nobody told the board that the bridge is gone: it expects frames, and Ctrl-C may be noise."""
    with Bridge(terminal, environment) as bridge:
        command = [sys.executable, "-m", "wasmote", "push", terminal, str(examples / "thermometer.wasm")]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=PATIENCE)
        assert bridge.call("read")[1] is False and frames(bridge) > 0
        bridge.process.kill()
        bridge.process.wait()
    device = terminal.removeprefix("pty:")
    assert mpremote(device, "resume", "eval", "6 * 7") == "42"
    with Bridge(terminal, environment) as bridge:
        assert bridge.call("read")[1] is False and frames(bridge) > 0
