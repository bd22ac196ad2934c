"""Every verb of `wasmote` on a board, through the bridge that serves it to an MCP client."""

import json
import re
import subprocess
import sys

import pytest
from conftest import BOARDS, META, params, run_wasmote


@pytest.fixture(scope="module", params=params("unix", "qemu:m3"))
def kind(request):
    return request.param


@pytest.fixture(scope="module", autouse=True)
def served(bridge, wasmote, examples):
    for name in ("thermometer", "faults"):
        assert wasmote("push", examples / f"{name}.wasm")[0] == 0
    return bridge


@pytest.fixture
def plain(environment):
    """Runs a verb that is not given this board's port first."""

    return lambda *arguments: run_wasmote(environment, *arguments)


def test_boards_names_the_bridge(plain, port, served):
    code, out, _ = plain("boards", "--json")
    assert code == 0
    (place,) = [one for one in json.loads(out) if one["port"] == port]
    assert place["user"] == f"wasmote bridge ({served.process.pid})"


def test_doctor_finds_nothing_wrong(wasmote, kind):
    code, out, err = wasmote("doctor")
    assert (code, err) == (0, ""), out
    assert f"answer: {BOARDS[kind]}: wasmote" in out and "✗" not in out


def test_info_and_ls_as_json(wasmote):
    facts = json.loads(wasmote("info", "--json")[1])
    assert [one["name"] for one in facts["components"]] == ["faults", "thermometer"]
    assert [one["name"] for one in json.loads(wasmote("ls", "--json")[1])] == ["faults", "thermometer"]


def test_call_takes_words_and_shows_progress(wasmote):
    assert wasmote("call", "read", "unit=F")[1].endswith(" °F\n")
    code, out, err = wasmote("call", "count", "to=2", "delay_ms=1")
    assert code == 0 and err.splitlines() == ["progress 1 of 2", "progress 2 of 2"]
    code, _, err = wasmote("call", "calibrate", "offset=warm")
    assert code == 2 and "offset=warm: it must be an integer" in err
    code, out, _ = wasmote("call", "trap", "--json")
    assert code == 1 and json.loads(out)["isError"]


def test_push_tells_whether_it_fits(wasmote, examples, tmp_path):
    code, out, _ = wasmote("push", examples / "textkit.wasm", "--dry-run")
    assert code == 0 and "textkit: it fits; nothing was sent" in out
    large = tmp_path / "large.wasm"
    large.write_bytes((examples / "textkit.wasm").read_bytes() + b"\0\xff\xff\x0f" + bytes(0x3FFFF))
    code, out, _ = wasmote("push", large, "--dry-run")
    assert code == 1 and "✗  file" in out
    assert "textkit" not in wasmote("ls")[1]


def test_top_counts_while_the_bridge_serves(wasmote, served):
    before = json.loads(wasmote("top", "--once", "--json")[1])["components"]
    served.call("read")
    after = json.loads(wasmote("top", "--once", "--json")[1])["components"]
    calls = [{one["name"]: one["calls"] for one in rows}["thermometer"] for rows in (before, after)]
    assert calls[1] == calls[0] + 1
    code, out, _ = wasmote("top", "--once")
    assert code == 0 and re.search(r"^thermometer +ready", out, re.M) and "calls/s" in out


def test_logs_overhear_what_no_client_asked_for(wasmote, served, port, environment, examples):
    if not (examples / "modbus.wasm").exists():
        pytest.skip("modbus was not built: make examples says why")
    assert wasmote("push", examples / "modbus.wasm")[0] == 0
    command = [sys.executable, "-m", "wasmote", "logs", port, "-f", "--component", "modbus"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as watching:
        assert "nothing was logged yet" in watching.stderr.readline()
        served.forget_notices()
        frame = {"frame": "01 03 00 6b 00 03 74 18"}
        served.ask("tools/call", {"name": "modbus_decode", "arguments": frame, "_meta": META})
        said = watching.stdout.readline()
        watching.terminate()
    assert said[9:] == "info modbus: frame of 8 bytes\n"
    assert served.notifications.empty()
    code, out, _ = wasmote("logs", "--level", "warning")
    assert code == 0 and "modbus: CRC is 1874, should be 1774" in out and "frame of 8" not in out
    assert wasmote("rm", "modbus")[0] == 0


def test_bench_prints_what_a_call_costs(wasmote):
    code, out, err = wasmote("bench", "read", "unit=F", "--times", "3", "--json")
    result = json.loads(out)
    assert code == 0, err
    assert result["call"]["component"] == "thermometer" and result["call"]["fuel"] > 100
    assert result["link"]["roundTripMs"] >= result["link"]["minMs"] > 0


def test_repl_without_a_serial_device_says_what_to_do(wasmote, port):
    code, _, err = wasmote("repl")
    assert code == 1 and "wasmote emulate BOARD --pty" in err


def test_reset_as_json_and_the_tools_are_back(wasmote):
    assert json.loads(wasmote("reset", "--json")[1]) == {}
    assert wasmote("call", "read")[0] == 0
