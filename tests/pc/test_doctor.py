"""`wasmote doctor`: every fault that it knows, made here, is found, named and comes with what to do about it."""

import asyncio
import contextlib
import grp
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import running_hub, until, wasmote
from fake_board import FakeBoard
from wasmote import __version__
from wasmote.board import doctor
from wasmote.board.doctor import diagnose
from wasmote.ports import auto_port, devices
from wasmote.wire import connection

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    """Strangers are given up soon, and no USB device of this machine is seen."""
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.4)
    monkeypatch.setattr(connection, "ASK_AT", (0,))
    monkeypatch.setattr(doctor, "_SYSFS", tmp_path / "sys")
    monkeypatch.setattr(devices, "serial_places", lambda: [])


@pytest.fixture
def terminal():
    """A pty: (file descriptor of the board's end, path of ours)."""
    ours, theirs = os.openpty()
    yield ours, os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def healthy(board):
    """Make the fake board answer as a board of this version with nothing wrong."""
    normal = board.answer

    async def answer(method, params):
        facts = await normal(method, params)
        if method == "wasmote/info":
            facts["firmware"]["version"] = __version__
        return facts

    board.answer = answer
    return board


def changed(board, change):
    normal = healthy(board).answer

    async def answer(method, params):
        facts = await normal(method, params)
        if method == "wasmote/info":
            change(facts)
        return facts

    board.answer = answer


async def checks(url):
    return [check async for check in diagnose(url, 0.3)]


async def fault(url):
    """The last check, which failed; those before it did not."""
    *before, last = await checks(url)
    assert all(check.good for check in before) and not last.good and last.fix, last
    return last


async def test_a_board_that_is_well(board):
    found = await checks(healthy(board).url)
    assert all(check.good for check in found)
    assert [check.name for check in found] == ["answer", "version", "engine", "heap", "flash", "components"]


async def test_a_port_that_is_none():
    assert (await fault("usb:1")).name == "port"


async def test_a_device_that_is_not_there_and_nothing_else_either():
    last = await fault("serial:/dev/ttyNONE7")
    assert last.name == "device" and "plug the board in" in last.fix and "carries data" in last.fix


async def test_a_device_that_is_not_there_but_another_is(monkeypatch):
    monkeypatch.setattr(devices, "serial_places", lambda: [devices.Place("serial:/dev/ttyACM3", "Pico")])
    assert "serial:/dev/ttyACM3" in (await fault("serial:/dev/ttyNONE7")).fix


def plug(folder, vendor, product):
    device = folder / "sys/bus/usb/devices/1-1"
    device.mkdir(parents=True)
    (device / "idVendor").write_text(f"{vendor:04x}\n")
    (device / "idProduct").write_text(f"{product:04x}\n")


async def test_an_adapter_without_a_driver(tmp_path):
    plug(tmp_path, 0x1A86, 0x7523)
    fix = (await fault("serial:/dev/ttyNONE7")).fix
    assert "CH340" in fix and "modprobe ch341" in fix and "brltty" in fix
    (tmp_path / "sys/module/ch341").mkdir(parents=True)
    assert "modprobe" not in (await fault("serial:/dev/ttyNONE7")).fix


async def test_a_board_in_its_boot_loader(tmp_path):
    plug(tmp_path, 0x2E8A, 0x0003)
    assert "copy the firmware's .uf2" in (await fault("serial:/dev/ttyNONE7")).fix


@pytest.mark.parametrize("group, fix", [("uucp", "usermod -aG uucp $USER"), ("root", "a udev rule must give")])
async def test_a_device_that_this_user_may_not_open(terminal, monkeypatch, group, fix):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(grp, "getgrgid", lambda number: grp.struct_group((group, "x", number, [])))
    last = await fault(f"serial:{terminal[1]}")
    assert last.name == "permission" and fix in last.fix


@pytest.fixture
def other(terminal):
    """Another program that has the terminal open."""
    code = "import sys; f = open(sys.argv[1], 'rb', 0); print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, terminal[1]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.stdin.close()


async def test_another_program_has_the_device(terminal, other):
    last = await fault(f"serial:{terminal[1]}")
    assert last.name == "free" and f"({other.pid})" in last.says and last.fix.startswith("end ")


async def test_modem_manager_has_the_device(terminal, monkeypatch):
    monkeypatch.setattr(devices, "users", lambda device: ["ModemManager (7)"])
    assert "disable --now ModemManager" in (await fault(f"serial:{terminal[1]}")).fix


async def test_a_bridge_that_has_the_board_is_no_fault(board):
    async with running_hub(healthy(board).url) as hub:
        await until(lambda: hub.door._server)
        assert all(check.good for check in await checks(board.url))


async def test_a_speed_that_no_adapter_has(terminal):
    last = await fault(f"serial:{terminal[1]}?baud=115201")
    assert last.name == "speed" and "baud=115200" in last.fix


@contextlib.asynccontextmanager
async def stranger(answer):
    """Something on a port that says answer(what it was sent)."""

    async def serve(reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                writer.write(answer(data))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"tcp:127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.mark.parametrize(
    "answer, says, fix",
    [
        (lambda data: b"", "nothing answers", "Reset the board"),
        (lambda data: data, "comes back", "TX"),
        (lambda data: data.replace(b"\r\n", b"\n") + b"\r\n>>> ", "prompt", "flash wasmote's firmware"),
        (lambda data: bytes(range(128, 250)), "no text", "baud"),
        (lambda data: b"GPS $GPGGA,123519,4807.038,N\r\n", "is no wasmote board, it said", "wasmote boards"),
        (
            lambda data: b'{"jsonrpc":"2.0","id":"doctor","error":{"code":-32601,"message":"no"}}\n',
            "JSON-RPC",
            "flash wasmote's firmware",
        ),
    ],
)
async def test_what_answers_is_no_board(answer, says, fix):
    async with stranger(answer) as url:
        last = await fault(url)
    assert last.name == "answer" and says in last.says and fix in last.fix, last


async def test_nobody_listens():
    last = await fault("tcp:127.0.0.1:1")
    assert last.name == "answer" and "nothing answers at 127.0.0.1:1" in last.says


@pytest.mark.parametrize(
    "name, change, says",
    [
        ("version", lambda facts: facts["firmware"].update(version="99.0.1"), "the board has 99.0.1"),
        ("engine", lambda facts: facts["firmware"].update(engine="python"), "slower"),
        ("heap", lambda facts: facts.update(heap={"bytes": 98304, "freeBytes": 100}), "100 bytes free"),
        ("flash", lambda facts: facts.update(flash={"bytes": 98304, "freeBytes": 0}), "0 bytes free"),
        (
            "component",
            lambda facts: facts["components"].append({"name": "thing", "state": "quarantined", "error": "it trapped"}),
            "thing is quarantined: it trapped",
        ),
    ],
)
async def test_a_board_that_is_ill(board, name, change, says):
    changed(board, change)
    (ill,) = [check for check in await checks(board.url) if not check.good]
    assert ill.name == name and says in ill.says and ill.fix


async def test_no_emulator_and_no_firmware(tmp_path, monkeypatch):
    (tmp_path / "boards/QEMU_M0").mkdir(parents=True)
    (tmp_path / "boards/QEMU_M0/emulator.json").write_text('{"qemu": "qemu-system-arm", "args": []}')
    monkeypatch.setenv("WASMOTE_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    last = await fault("qemu:m0")
    assert last.name == "emulator" and "apt-get install qemu-system-arm" in last.fix
    (tmp_path / "qemu-system-arm").touch(mode=0o755)
    last = await fault("qemu:m0")
    assert last.name == "firmware" and "make firmware BOARD=QEMU_M0" in last.fix
    assert "make firmware BOARD=unix" in (await fault("unix:")).fix


async def test_the_command_prints_marks_and_ends_with_one(board):
    code, out, _ = await wasmote("doctor", board.url)
    assert code == 1 and "✓ answer: FAKE" in out and "✗ version: the board has 0" in out and "    → " in out
    code, out, _ = await wasmote("doctor", board.url, "--json")
    assert code == 1 and [check["good"] for check in json.loads(out)].count(False) == 1
    assert (await wasmote("doctor", healthy(board).url))[0] == 0


async def test_without_a_port_every_device_is_looked_at(monkeypatch, terminal):
    monkeypatch.setattr(devices, "serial_places", lambda: [devices.Place(f"serial:{terminal[1]}", "?")] * 2)
    found = [url async for url, check in doctor.everything(0.1) if check.name == "answer"]
    assert found == [f"serial:{terminal[1]}"] * 2
    monkeypatch.setattr(devices, "serial_places", lambda: [])
    assert [check.says async for _, check in doctor.everything()] == ["no board is plugged in"]


async def test_auto_finds_nothing_or_is_what_it_finds(monkeypatch, terminal):
    monkeypatch.setattr(auto_port, "usb_devices", lambda: [])
    last = await fault("auto:")
    assert last.name == "device" and "plug the board in" in last.fix
    monkeypatch.setattr(auto_port, "usb_devices", lambda: [Comport(terminal[1], 0x2E8A, 0x0005)])
    found = await checks("auto:")
    assert [check.name for check in found][:3] == ["device", "permission", "free"] and terminal[1] in found[0].says


# What is plugged in


class Comport:
    def __init__(self, device, vid=None, pid=None, **more):
        self.device, self.vid, self.pid = device, vid, pid
        self.product = self.description = self.serial_number = None
        vars(self).update(more)


def test_devices_have_names_by_their_ids(tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("WASMOTE_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "proc/42/fd").mkdir(parents=True)
    (tmp_path / "proc/42/comm").write_text("minicom\n")
    (tmp_path / "proc/42/fd/3").symlink_to("/dev/ttyUSB1")
    ports = [
        Comport("/dev/ttyACM0", 0x2E8A, 0x0005),
        Comport("/dev/ttyACM1", 0x2E8A, 0x4444),
        Comport("/dev/ttyACM2", 0x1234, 0x5678, product="Scale"),
        Comport("/dev/ttyUSB1", 0x10C4, 0xEA60, serial_number="0001"),
    ]
    found = devices.serial_places(ports, tmp_path / "proc")
    assert [(place.port, place.name, place.user) for place in found] == [
        ("serial:/dev/ttyACM0", "Raspberry Pi Pico, MicroPython", ""),
        ("serial:/dev/ttyACM1", "Raspberry Pi Pico", ""),
        ("serial:/dev/ttyACM2", "Scale", ""),
        ("serial:/dev/ttyUSB1", "Silicon Labs CP210x", "minicom (42)"),
    ]
    assert found[3].usb == "10c4:ea60" and found[3].serial == "0001"


async def test_boards_lists_what_bridges_serve(board):
    code, out, err = await wasmote("boards")
    assert (code, err) == (0, "") and "wasmote emulate m0 makes one" in out
    async with running_hub(board.url) as hub:
        await until(lambda: hub.door._server)
        code, out, _ = await wasmote("boards", "--json")
        (place,) = json.loads(out)
        assert (place["port"], place["name"]) == (board.url, "FAKE") and place[
            "user"
        ] == f"wasmote bridge ({os.getpid()})"
        assert board.url in (await wasmote("boards"))[1]
    assert json.loads((await wasmote("boards", "--json"))[1]) == []


async def test_a_stale_entry_is_nobody(tmp_path):
    async with FakeBoard() as board, running_hub(board.url) as hub:
        await until(lambda: hub.door._server)
        (entry,) = (tmp_path / "run/wasmote").glob("*.json")
        left = entry.read_text()
    Path(entry).write_text(left)  # as a killed process leaves it
    assert devices.running_places() == []
