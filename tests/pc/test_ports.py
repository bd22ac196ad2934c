"""Port names, ports without a board, things that answer but are no board: one clear line each."""

import asyncio
import contextlib
import os
import sys

import pytest
from conftest import terminal, wasmote
from fake_board import FakeBoard
from wasmote.board.methods import Board
from wasmote.board.session import session
from wasmote.errors import Away, Failed
from wasmote.ports import emulator, folders
from wasmote.ports.urls import port
from wasmote.wire import connection

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "url, says",
    [
        ("", "is no port"),
        ("m0", "is no port"),
        ("usb:1", "is no port. Ports look like auto:, serial:"),
        ("qemu:m7", 'no emulated board is called "m7": there are m0, m3, rv32'),
        ("qemu:m0?flsh=x", 'has no setting "flsh"'),
        ("serial:", "names no device"),
        ("serial:/dev/ttyACM0?baud=fast", "baud is a number"),
        ("tcp:localhost", "is no TCP port"),
        ("tcp:localhost:99999", "is no TCP port"),
        ("unix:x", "stands alone"),
        ("pty:", "names no terminal"),
    ],
)
def test_a_wrong_port_name_says_what_is_right(url, says):
    with pytest.raises(Failed) as error:
        port(url)
    assert says in str(error.value)


@pytest.mark.parametrize(
    "typed, meant",
    [
        ("/dev/ttyACM0", "serial:/dev/ttyACM0"),
        ("ttyUSB1", "serial:/dev/ttyUSB1"),
        ("COM3", "serial:COM3"),
        ("/dev/pts/4", "pty:/dev/pts/4"),
        ("m0", "qemu:m0"),
        ("unix", "unix:"),
    ],
)
def test_what_other_tools_call_a_board_is_understood_and_told(typed, meant):
    with pytest.raises(Failed, match=f'^"{typed}" is no port, did you mean {meant}\\? Ports look like '):
        port(typed)
    port(meant)


def test_naming_an_emulated_board_makes_no_flash(tmp_path):
    assert port("qemu:m0").identity.endswith("QEMU_M0.flash") and not list(tmp_path.rglob("*.flash"))


async def test_a_file_is_no_serial_device(tmp_path):
    (tmp_path / "file").touch()
    code, _, err = await wasmote("info", f"serial:{tmp_path}/file")
    assert code == 3 and f"{tmp_path}/file is no serial device: wasmote boards lists" in err


async def test_the_command_says_it_in_one_line():
    for command in (("info",), ("bridge",), ("call", "echo")):
        code, out, err = await wasmote(command[0], "usb:1", *command[1:])
        assert (code, out, err.count("\n")) == (2, "", 1) and err.startswith('wasmote: "usb:1" is no port')


async def test_a_device_that_is_not_there():
    code, _, err = await wasmote("info", "serial:/dev/ttyNONE7")
    assert code == 3 and "there is no serial device /dev/ttyNONE7 (plug the board in" in err


async def test_a_tcp_port_where_nothing_listens():
    code, _, err = await wasmote("info", "tcp:127.0.0.1:1")
    assert code == 3 and "nothing answers at 127.0.0.1:1" in err


async def test_missing_firmware_names_the_command(tmp_path, monkeypatch):
    (tmp_path / "boards/QEMU_M0").mkdir(parents=True)
    (tmp_path / "boards/QEMU_M0/emulator.json").write_text('{"qemu": "sh", "args": []}')
    monkeypatch.setenv("WASMOTE_ROOT", str(tmp_path))
    for url, board in (("qemu:m0", "QEMU_M0"), ("unix:", "unix")):
        code, _, err = await wasmote("info", url)
        assert code == 1 and f"run `make firmware BOARD={board}`" in err and err.count("\n") == 1
        code, out, err = await wasmote("bridge", url)
        assert (code, out) == (1, "") and "make firmware" in err


async def test_missing_qemu_names_the_package(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, err = await wasmote("info", "qemu:m0")
    assert code == 1 and "apt-get install qemu-system-arm" in err


@contextlib.asynccontextmanager
async def device(said=b"", echo=False, banner=b""):
    """Something on a TCP port that is no board."""

    async def serve(reader, writer):
        writer.write(banner)
        while data := await reader.read(1000):
            writer.write(data if echo else said)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"tcp:127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.mark.parametrize(
    "kind, says",
    [
        ({}, "no answer within 1 s"),
        ({"said": b"ERROR 42\r\n"}, "it is no wasmote board; it said 'ERROR 42'"),
        ({"echo": True}, "sends back what it is sent"),
        ({"said": b"\r\n>>> "}, "a MicroPython prompt answers, but no wasmote starts there"),
        (
            {"said": b'{"jsonrpc":"2.0","id":"greeting-1","error":{"code":-32601,"message":"what?"}}\n'},
            'not as a wasmote board ("what?")',
        ),
    ],
)
async def test_what_answers_but_is_no_board_is_told_apart(kind, says, monkeypatch):
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 1)
    async with device(**kind) as url:
        with pytest.raises(Failed) as error:
            async with session(url):
                pass
    assert says in str(error.value) and url in str(error.value)


async def test_a_board_left_at_its_prompt_is_booted_back(monkeypatch):
    async with FakeBoard() as board:
        serve, at_prompt = board._serve, [True]

        async def prompt(reader, writer):
            while at_prompt[0]:
                data = await reader.read(1000)
                at_prompt[0] = b"\x04" not in data
                writer.write(b"\r\n>>> " if at_prompt[0] else b"\r\nMPY: soft reboot\r\n")
            asyncio.get_running_loop().call_later(0.1, lambda: asyncio.ensure_future(board.reset()))
            await serve(reader, writer)

        board._serve = prompt
        await board.unplug()
        await board.plug()
        async with session(board.url) as asked:
            assert (await Board(asked).info())["firmware"]["board"] == "FAKE"


async def test_a_pty_is_a_port(board):
    async with terminal(board) as name, session(f"pty:{name}") as asked:
        assert (await Board(asked).info())["firmware"]["board"] == "FAKE"


@pytest.fixture
def qemu_is(tmp_path, monkeypatch):
    """Make a script stand in for QEMU; its process id lands in the returned file."""

    def become(text, mode=0o755):
        script, pid, elf = tmp_path / "qemu", tmp_path / "pid", tmp_path / "firmware.elf"
        script.write_text(f"#!/bin/sh\necho $$ > {pid}\n{text}\n")
        script.chmod(mode)
        elf.touch()
        monkeypatch.setattr(emulator, "machine", lambda board: (str(script), []))
        monkeypatch.setattr(emulator, "firmware_file", lambda board, name, given=None: elf)
        return pid

    return become


def open_sockets():
    links = [os.path.join("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
    return {os.readlink(link) for link in links if os.path.islink(link) and "socket" in os.readlink(link)}


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    "text, mode, says", [("", 0o644, "denied"), ("echo no such machine; exit 1", 0o755, "no such")]
)
async def test_a_qemu_that_does_not_start_leaves_no_socket(qemu_is, text, mode, says):
    qemu_is(text, mode)
    before = open_sockets()
    with pytest.raises(Away, match=says):
        await emulator.Emulator.start("m0")
    await asyncio.sleep(0)
    assert open_sockets() <= before  # of tests before, some may close meanwhile


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_a_start_of_qemu_that_is_cancelled_leaves_no_qemu(qemu_is, monkeypatch):
    pid = qemu_is("exec sleep 100")
    greeting, greet = asyncio.Event(), emulator.Emulator._greet

    def noted(*args):
        greeting.set()
        return greet(*args)

    monkeypatch.setattr(emulator.Emulator, "_greet", noted)
    before = open_sockets()
    starting = asyncio.ensure_future(emulator.Emulator.start("m0"))
    async with asyncio.timeout(5):
        while not greeting.is_set() or not pid.exists() or not pid.read_text():
            await asyncio.sleep(0.01)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await asyncio.sleep(0)
    assert not os.path.exists(f"/proc/{pid.read_text().strip()}")
    assert open_sockets() <= before  # of tests before, some may close meanwhile


async def test_a_runtime_folder_that_cannot_be_used_is_one_line_and_no_bug(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("WASMOTE_RUNTIME_DIR", str(tmp_path / "file"))
    code, _, said = await wasmote("info", "tcp:127.0.0.1:1")
    assert code == 1 and "set WASMOTE_RUNTIME_DIR to a folder of your own" in said and "bug" not in said


def test_a_runtime_folder_of_another_user_is_refused(monkeypatch):
    folders.runtime_folder()
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(Failed, match="belongs to another user"):
        folders.runtime_folder()
