"""`wasmote emulate`: a board in the foreground, reached by its PORT, by its name, and by mpremote."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import BOARDS, PATIENCE, Bridge, firmware, params


@pytest.fixture(scope="module", params=params("qemu:m0", "qemu:m3", "qemu:rv32"))
def kind(request):
    assert firmware(request.param).exists(), f"make firmware BOARD={BOARDS[request.param]}"
    return request.param


@pytest.fixture
def emulate(kind, environment):
    """Starts it; its PORT. The board is ended by Ctrl-C, as a user does."""
    running = []

    def start(*options):
        command = [sys.executable, "-m", "wasmote", "emulate", kind.removeprefix("qemu:"), *options]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(process)
        assert BOARDS[kind] in process.stdout.readline()
        return re.search(r"PORT: (\S+)", process.stdout.readline())[1]

    yield start
    for process in running:
        process.send_signal(signal.SIGINT)
        assert (process.wait(20), process.stderr.read()) == (0, "")


def run(environment, *command):
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    return done.returncode, done.stdout, done.stderr


def wasmote_command(environment, *arguments):
    return run(environment, sys.executable, "-m", "wasmote", *map(str, arguments))


def test_is_reached_by_its_port_and_by_its_name(emulate, kind, environment, examples):
    port = emulate()
    assert port.startswith("tcp:127.0.0.1:")
    code, out, err = wasmote_command(environment, "push", port, examples / "thermometer.wasm")
    assert code == 0, err
    assert wasmote_command(environment, "call", kind, "calibrate", '{"offset": 1500}')[0] == 0
    code, out, err = wasmote_command(
        environment, "call", port, "history"
    )  # the same board, it has not been booted since
    assert code == 0 and out.startswith("0 of 0")
    assert wasmote_command(environment, "call", kind, "read")[1] == "21.500 °C\n"


def test_a_program_is_told_the_port_as_json(kind, environment):
    command = [sys.executable, "-m", "wasmote", "emulate", kind.removeprefix("qemu:"), "--json"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        facts = json.loads(process.stdout.readline())
        assert wasmote_command(environment, "info", facts["port"])[0] == 0 and facts["name"] == kind
        process.send_signal(signal.SIGINT)


def test_one_flash_is_in_one_board_only(emulate, kind, environment):
    emulate()
    code, _, err = wasmote_command(environment, "emulate", kind.removeprefix("qemu:"))
    assert code == 1 and "is in use by process" in err and "--flash" in err


def test_mpremote_and_wasmote_take_turns_on_a_terminal(emulate, kind, environment):
    port = emulate("--pty")
    device = port.removeprefix("pty:")
    mpremote = shutil.which("mpremote", path=str(sys.executable).rpartition("/")[0])
    assert mpremote, "mpremote is not installed: pip install -e .[dev]"
    code, out, err = wasmote_command(environment, "info", port)
    assert code == 0, err
    code, out, err = run(environment, mpremote, "connect", device, "resume", "eval", "6 * 7")
    assert (code, out.strip()) == (0, "42"), err
    code, out, err = wasmote_command(environment, "info", port)
    assert code == 0 and BOARDS[kind] in out, err
    with open(device, "wb", buffering=0) as terminal:  # as an mpremote that was killed leaves it: in the raw REPL
        terminal.write(b"\r\x03")
        time.sleep(0.5)
        terminal.write(b"\r\x01")
        time.sleep(0.5)
    code, out, err = wasmote_command(environment, "info", port)
    assert code == 0 and BOARDS[kind] in out, err


def test_repl_takes_the_board_from_a_bridge_and_gives_it_back(emulate, kind, environment, examples):
    port = emulate("--pty")
    code, _, err = wasmote_command(environment, "push", port, examples / "thermometer.wasm")
    assert code == 0, err
    with Bridge(port, environment) as bridge:
        assert not bridge.call("read")[1]
        code, out, err = wasmote_command(environment, "repl", port, "eval", "6 * 7")
        assert (code, out.strip()) == (0, "42"), err
        assert not bridge.call("read")[1]
    code, out, err = wasmote_command(environment, "repl", port, "exec", "print(undefined)")
    assert code == 1 and "NameError" in out + err


@pytest.mark.parametrize("kind", params("qemu:m3"), indirect=True)
def test_repl_starts_an_emulated_board_that_nobody_runs(kind, environment):
    code, out, err = wasmote_command(environment, "repl", kind, "fs", "ls")
    assert code == 0 and "components/" in out, err
