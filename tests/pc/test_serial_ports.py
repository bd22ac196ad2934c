"""Serial devices: lines before opening, the same board under another name, auto: among boards and strangers."""

import contextlib
import os
import pty
import termios
import types

import pytest
import serial
from conftest import RawClient, running_hub, terminal, until_async, wasmote
from fake_board import FakeBoard
from serial.tools import list_ports
from wasmote.errors import Away, Failed
from wasmote.ports import auto_port, serial_port
from wasmote.ports.claims import claim
from wasmote.ports.probe import probe
from wasmote.ports.urls import port
from wasmote.wire import connection

pytestmark = pytest.mark.anyio
PICO, CP210X, ESPRESSIF, MOUSE, DISK = (0x2E8A, 5), (0x10C4, 0xEA60), (0x303A, 0x1001), (0x046D, 0xC077), (0x2E8A, 3)


@pytest.fixture
def plugged(monkeypatch):
    """plug(device, ids, serial number) makes list_ports show it; the list can be changed."""
    there = []
    monkeypatch.setattr(list_ports, "comports", lambda: list(there))

    def plug(device, ids, number=None):
        there.append(types.SimpleNamespace(device=device, vid=ids[0], pid=ids[1], serial_number=number))

    plug.list = there
    return plug


class FakeSerial:
    """pyserial's Serial: notes what is done to it, in order."""

    log = []

    def __init__(self, **options):
        self.__dict__["fd"] = -1
        self.log[:] = [("new", options["baudrate"])]

    def __setattr__(self, name, value):
        self.log.append((name, value))

    def open(self):
        self.log.append(("open",))

    def read(self, size):
        raise OSError("unplugged")

    def cancel_read(self):
        pass

    def close(self):
        self.log.append(("close",))


@pytest.fixture
def fake(monkeypatch):
    kept = []
    monkeypatch.setattr(serial, "Serial", FakeSerial)
    monkeypatch.setattr(serial_port, "_keep_lines", lambda fd: kept.append(fd))
    return kept


@pytest.mark.parametrize("query, on", [("", True), ("?lines=off", False), ("?lines=on&baud=9600", True)])
async def test_lines_are_set_before_the_port_is_opened(fake, plugged, query, on):
    plugged("/dev/ttyACM0", PICO)
    stream = await port(f"serial:/dev/ttyACM0{query}").open()
    names = [entry[0] for entry in FakeSerial.log]
    opened = names.index("open")
    assert {("rts", on), ("dtr", on), ("port", "/dev/ttyACM0")} <= set(FakeSerial.log[:opened])
    assert FakeSerial.log[0] == ("new", 9600 if "baud" in query else 115200)
    await stream.close()


async def test_rts_goes_off_before_dtr_and_an_adapter_keeps_both(fake, plugged):
    for device, ids in (("/dev/ttyACM0", PICO), ("/dev/ttyUSB0", CP210X)):
        plugged(device, ids)
        stream = await port(f"serial:{device}").open()
        closing = len(FakeSerial.log)
        await stream.close()
        if ids is PICO:
            assert FakeSerial.log[closing:] == [("rts", False), ("dtr", False), ("close",)] and not fake
        else:
            assert FakeSerial.log[closing:] == [("close",)] and fake == [-1]


def test_kept_lines_are_hupcl_off():
    ours, theirs = pty.openpty()
    serial_port._keep_lines(theirs)
    assert not termios.tcgetattr(theirs)[2] & termios.HUPCL
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize(
    "url, says",
    [
        ("serial:/dev/x?baud=1200", "boot loader"),
        ("serial:/dev/x?lines=up", "on or off"),
        ("auto:?baud=x", "is a number"),
    ],
)
def test_settings_that_harm_or_mean_nothing_are_refused(url, says):
    with pytest.raises(Failed, match=says):
        port(url)


@pytest.fixture
async def boards():
    """Three fake boards, each on a pseudo terminal: (board, device)."""
    async with contextlib.AsyncExitStack() as stack:
        found = []
        for _ in range(3):
            board = await stack.enter_async_context(FakeBoard())
            found.append((board, await stack.enter_async_context(terminal(board))))
        yield found


async def test_a_board_is_found_again_under_another_name(boards, plugged, monkeypatch):
    monkeypatch.setattr(connection, "PAUSES", (0.05,))
    (one, first), (two, second), _ = boards
    plugged(first, PICO, "E660")
    plugged("/dev/ttyACM7", PICO, "OTHER")
    async with running_hub(f"serial:{first}") as hub:
        client = RawClient(hub)
        await client.ask("ping")
        plugged.list[:] = []
        plugged(second, PICO, "E660")  # where the second fake board is
        hub.connection._stream._port.close()
        await until_async(lambda: client.ask("tools/list"), lambda answer: "result" in answer and two.received)
        assert hub.port._port.device == second


async def test_auto_takes_the_only_board_and_touches_nothing_else(boards, plugged):
    (one, first), (two, second), (three, third) = boards
    plugged(first, MOUSE)
    plugged(second, PICO, "E660")
    plugged(third, CP210X)
    plugged("/dev/null", DISK)
    async with running_hub("auto:") as hub:
        assert "result" in await RawClient(hub).ask("ping")
    assert two.received and not one.received and not three.received


async def test_auto_asks_several_once_each_and_takes_the_one_that_is_a_board(plugged, boards, monkeypatch):
    (board, device), (silent, mute), (other, adapter) = boards
    silent.mute = True
    monkeypatch.setattr(auto_port, "probe", lambda stream: probe(stream, 0.3))
    devices = sorted([device, mute])
    for name in devices:
        plugged(name, PICO, name)
    plugged(adapter, CP210X)
    async with running_hub("auto:") as hub:
        assert "result" in await RawClient(hub).ask("ping")
        assert hub.port._port.device == device
    assert len([line for line in silent.lines if line.strip()]) <= 1 and not other.received


async def test_auto_asks_adapters_when_no_board_has_usb_of_its_own(plugged, boards, monkeypatch):
    (board, device), (silent, mute), (stranger, other) = boards
    silent.mute = True
    monkeypatch.setattr(auto_port, "probe", lambda stream: probe(stream, 0.3))
    plugged(mute, CP210X)
    plugged(device, CP210X)
    plugged(other, MOUSE)
    async with running_hub("auto:") as hub:
        assert "result" in await RawClient(hub).ask("ping")
    assert not stranger.received


async def test_auto_with_a_serial_number_takes_that_board(boards, plugged):
    (one, first), (two, second), _ = boards
    plugged(first, PICO, "AAAA")
    plugged(second, PICO, "BBBB")
    async with running_hub("auto:BBBB") as hub:
        assert "result" in await RawClient(hub).ask("ping")
    assert two.received and not one.received


async def test_auto_waits_for_the_board_that_it_had(boards, plugged):
    (one, first), (two, second), _ = boards
    plugged(first, PICO, "AAAA")
    auto = port("auto:")
    assert (await auto.found()).device == first
    plugged.list[:] = []
    plugged(second, PICO, "BBBB")
    with pytest.raises(Away, match="with the serial number AAAA"):
        await auto.found()
    plugged("/dev/ttyACM9", PICO, "AAAA")
    assert (await auto.found()).device == "/dev/ttyACM9"


async def test_auto_leaves_a_board_in_peace_that_another_process_serves(boards, plugged, monkeypatch):
    (one, first), (two, second), _ = boards
    plugged(first, PICO, "AAAA")
    plugged(second, PICO, "BBBB")
    mine = claim(f"serial:{os.path.realpath(first)}")
    mine.publish()  # a short command of this process: not a bridge
    try:
        assert (await port("auto:").found()).device == second
    finally:
        mine.release()
    assert not one.received


async def test_auto_without_a_board_says_what_to_do(plugged):
    plugged("/dev/ttyUSB9", MOUSE)
    with pytest.raises(Away, match="no board is plugged in"):
        await port("auto:").open()


async def test_the_command_says_it_too():
    code, _, err = await wasmote("info", "auto:no-such-number")
    assert code == 3 and "no board with the serial number no-such-number" in err
