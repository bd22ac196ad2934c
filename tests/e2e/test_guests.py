"""The example guests of every producer: each alone on the smallest board, and on this machine. Pushed, each tool called, its
memory bounded. MOST is what a component takes of the arena, in KiB: code, records and memory that it touched; a stack of
4 KiB, one for all components, comes on top. Asked after the calls, which touch more.
"""

import json
import re
import subprocess
import zlib

import pytest
from conftest import META, ROOT, params

DECODE = {"frame": "01 03 00 6b 00 03 74 17"}
ESCAPED = '1\n"\\é😀'
TORUS = "#.............................##\n"  # the glider's first row, over the edge; there again after a lap
GLIDER = {"cells": ".#.\n..#\n###", "x": 30, "y": 30}


class Fails(str):
    """The beginning of an error result."""


GUESTS = {  # name -> MOST, ((tool, arguments, answer), …)
    "thermometer": (
        14,
        ("calibrate", {"offset": -9999}, "offset set to -9.999 °C"),
        ("read", {"unit": "C"}, "10.001 °C"),
        ("history", {}, "1 of 1 readings, newest first (°C)\n10.001"),
    ),
    "textkit": (
        14,
        ("word_count", {"text": "größer als 日本"}, "3 words, 13 characters"),
        ("split", {"text": "a, b", "separator": ", "}, "a\nb"),
        ("join", {"items": ["x", "ü"], "separator": "-"}, "x-ü"),
        ("reverse", {"text": "añ😀"}, "😀ña"),
    ),
    "notebook": (
        24,
        ("write", {"name": "a-1", "text": ESCAPED}, "noted"),
        ("write", {"name": "a-1", "text": "2"}, "changed"),
        ("write", {"name": "b", "text": ""}, "noted"),
        ("pin", {"name": "a-1"}, "pinned"),
        ("erase", {"name": "b"}, "removed"),
        ("erase", {"name": "a-1"}, Fails("this note is pinned: ")),
    ),
    "rust_layout": (
        12,  # of 17 pages what it touches; with the stack 16 KiB in all
        ("calibrate", {"offset": 500}, "offset set to 0.500 °C"),
        ("read", {"unit": "K"}, "293.650 K"),
        ("history", {}, "1 of 1 readings, newest first (°C)\n20.500"),
    ),
    "modbus": (
        37,
        ("modbus_decode", DECODE, "unit 1, function 3: read holding registers\nrequest: 3 from address 107"),
        ("modbus_decode", {"frame": "0A8302B1 33"}, "unit 10, function 3: read holding registers\nexception 2: illegal data address"),
        ("modbus_request", {"unit": 1, "address": 107, "value": 3}, "01 03 00 6b 00 03 74 17"),
        ("modbus_decode", {"frame": "01 03 00 6b 00 03 74 18"}, Fails("CRC is wrong: the frame ends with 74 18")),
        ("modbus_request", {"unit": 1, "address": 65536}, Fails('modbus_request: "address" must be at most 65535, it is 65536;')),
        ("modbus_decode", {"frame": "01 0x"}, Fails("no two hex digits: 0x")),
    ),
    "cron": (
        38,
        ("cron_next", {"expression": "*/15 6-20 * * 1-5", "after": "2026-11-28T22:21", "count": 2}, "2026-11-30T06:00\n2026-11-30T06:15"),
        ("cron_next", {"expression": "0 0 29 2 *", "after": "2026-11-28T22:21"}, "2028-02-29T00:00"),
        ("cron_matches", {"expression": "30 4 1,15 * 5", "at": "2026-05-15T04:30"}, "yes"),
        ("cron_matches", {"expression": "30 4 1,15 * *", "at": "2026-05-16T04:30"}, "no"),
        ("cron_next", {"expression": "* 24 * * *"}, Fails('"24" is no hour: give 0 to 23, a range such as 1-5, *, or */2')),
    ),
    "checksum": (
        32,
        ("crc", {"algorithm": "crc32", "text": "123456789"}, "0xcbf43926"),
        ("crc", {"algorithm": "crc16_modbus", "hex": "01 03 00 6b 00 03"}, "0x1774"),
        ("crc", {"algorithm": "crc24_ble", "text": "123456789"}, "0xc25a56"),
        ("crc", {"algorithm": "crc32", "text": ESCAPED}, f"0x{zlib.crc32(ESCAPED.encode()):08x}"),
        ("crc_identify", {"crc": 0x29B1, "text": "123456789"}, "crc16_ccitt"),
        ("crc", {"algorithm": "crc9"}, Fails('crc: "algorithm" must be one of "crc8_smbus", ')),
    ),
    "life": (
        40,
        ("life_set", GLIDER, "generation 0, 5 alive, at 0,0\n" + TORUS),
        ("life_run", {"generations": 4}, "generation 4, 5 alive, at 0,0"),
        ("life_run", {"generations": 124}, "generation 128, 5 alive, at 0,0\n" + TORUS),
        ("life_set", {"cells": "#x"}, Fails('"x" is no cell: # is alive, . is dead')),
    ),
}  # fmt: skip
RUST = {
    "resistor": (
        42,
        ("resistor_read", {"bands": "yellow violet red gold"}, "4.7 kΩ ± 5 %"),
        ("voltage_divider", {"in_mv": 5000, "out_mv": 3300}, "47 kΩ above 91 kΩ: 3297 mV, 36 µA"),
        ("resistor_read", {"bands": "pink"}, Fails('"pink" is no colour of a resistor')),
    ),
}


@pytest.fixture(scope="module", params=params("unix", "qemu:m0"))
def kind(request):
    return request.param


@pytest.fixture
def guest(bridge, wasmote, examples, request):
    """The board with one example on it; its record in wasmote/list, asked for anew at each call."""
    name = request.param
    if not (examples / f"{name}.wasm").exists():
        pytest.skip(f"{name} was not built: make examples says why")
    code, out, err = wasmote("push", examples / f"{name}.wasm")
    assert code == 0, err

    def record():
        return next(one for one in bridge.ask("wasmote/list")["result"]["components"] if one["name"] == name)

    yield record
    assert wasmote("rm", name)[0] == 0


@pytest.mark.parametrize(
    "guest, most, calls", [(n, v[0], v[1:]) for n, v in {**GUESTS, **RUST}.items()], indirect=["guest"]
)
def test_each_tool_of_an_example_answers_and_its_memory_is_bounded(bridge, guest, most, calls):
    assert sorted(guest()["tools"]) == sorted({tool for tool, _, _ in calls})
    for tool, arguments, answer in calls:
        text, failed = bridge.call(tool, arguments)
        assert text.startswith(answer) and failed == isinstance(answer, Fails), text
    assert guest()["traps"] == 0
    assert guest()["memoryBytes"] <= most * 1024


def logged(bridge):
    found = []
    while not bridge.notifications.empty():
        message = bridge.notifications.get()
        if message["method"] == "notifications/message":
            found.append((message["params"]["level"], message["params"]["logger"], message["params"]["data"]))
    return found


@pytest.mark.parametrize("kind", params("unix"), indirect=True)
@pytest.mark.parametrize("guest", ["modbus"], indirect=True)
def test_what_a_guest_prints_arrives_as_log_messages(bridge, guest):
    bridge.forget_notices()
    meta = {**META, "io.modelcontextprotocol/logLevel": "info"}
    arguments = {"frame": "01 03 00 6b 00 03 74 18"}
    bridge.ask("tools/call", {"name": "modbus_decode", "arguments": arguments, "_meta": meta})
    assert logged(bridge) == [
        ("info", "modbus", "frame of 8 bytes"),
        ("warning", "modbus", "CRC is 1874, should be 1774"),
    ]


def test_what_a_command_prints_when_the_board_starts_it_arrives_as_log_messages(bridge, wasmote, examples, tmp_path):
    """`main` and printf of wasi-libc, a wasi:cli/run component by wit-component's own adapter."""
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    bridge.ask("initialize", hello)
    bridge.send({"method": "notifications/initialized"})
    bridge.forget_notices()
    config = tmp_path / "bootlog.json"
    config.write_text(json.dumps({"memory": 84, "env": {"NAME": "board 😀"}, "args": ["-v"]}))
    code, out, err = wasmote("push", examples / "bootlog.wasm", "--config", config)
    assert code == 0 and "ready" in out and "no tools" in out, err
    said = logged(bridge)
    assert [line for _, _, line in said if "clock" not in line] == [
        *("board 😀 is up", "argument 1: -v", "2048 bytes tested, 0 faults"),
    ]
    assert [one for one in said if one[:2] != ("info", "bootlog")] == []
    assert re.fullmatch(r"the clock says \d{4}-\d\d-\d\d \d\d:\d\d", said[2][2]), said
    assert wasmote("rm", "bootlog")[0] == 0


@pytest.mark.parametrize("kind", params("qemu:m0"), indirect=True)
@pytest.mark.parametrize("guest", ["thermometer"], indirect=True)
def test_what_is_too_large_for_the_board_is_refused_with_the_bytes_and_the_rest_goes_on(
    bridge, guest, wasmote, examples, tmp_path
):
    """A libc with its printf and WASI's adapter: 52 KiB of code, more than it is given here."""
    config = tmp_path / "bootlog.json"
    config.write_text(json.dumps({"memory": 24}))
    code, _, err = wasmote("push", examples / "bootlog.wasm", "--config", config)
    assert code == 1
    assert re.search(
        r"bootlog was not loaded: [\d,]+ bytes more do not fit the component's memory limit of 24 KiB, \d+ of them used",
        err,
    ), err
    assert not bridge.call("read")[1]


@pytest.mark.parametrize("kind", params("unix"), indirect=True)
@pytest.mark.parametrize("name", ["checksum", "bootlog"])
def test_a_component_as_the_newer_wit_component_lays_it_out(bridge, wasmote, examples, tmp_path, name):
    """jco's `component new` puts _initialize into the fixup module, and links adapters in another order."""
    core, made = examples / f"core/{name}.wasm", tmp_path / f"{name}.wasm"
    adapters = ["wasi_snapshot_preview1=" + str(ROOT / "build/jco/jco/lib/wasi_snapshot_preview1.command.wasm")]
    if name != "bootlog":
        embedded = tmp_path / "embedded.wasm"
        embed = [
            "component",
            "embed",
            ROOT / "examples/wit",
            "--world",
            "wasi:mcp/mcp-backend-preview2",
            core,
            "-o",
            embedded,
        ]
        subprocess.run([ROOT / "build/wasm-tools/wasm-tools", *embed], check=True)
        core, adapters = embedded, []
    subprocess.run(
        [ROOT / "build/node/bin/node", ROOT / "scripts/component_new.mjs", core, made, *adapters], check=True
    )
    assert made.read_bytes() != (examples / f"{name}.wasm").read_bytes()
    config = tmp_path / "config.json"
    config.write_text('{"memory": 84}')
    code, out, err = wasmote("push", made, "--config", config)
    assert code == 0 and "ready" in out, err
    if name != "bootlog":
        assert bridge.call("crc", {"algorithm": "crc32", "text": "123456789"}) == ("0xcbf43926", False)
    assert wasmote("rm", name)[0] == 0
