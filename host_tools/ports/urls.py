# SPDX-License-Identifier: MIT
"""A port is a URL that says where a board is. `port(url)` → an object with

    url        as given, for messages
    identity   the same for every spelling of the same board
    boots      True when opening it starts the board, which then announces itself
    await open() → a byte stream (streams.py); Away when the board is not there now, Failed when it never will be

    auto:[SERIAL-NUMBER]                      the board that is plugged in (auto_port.py)
    serial:/dev/ttyACM0[?baud=115200]         a board on USB or a serial line (serial_port.py)
    qemu:m0|m3|rv32[?flash=FILE&firmware=ELF] starts an emulated board
    unix:[?flash=FOLDER&firmware=FILE]        starts the board that is a program of this machine
    pty:/dev/pts/4                            a pseudo terminal, as `wasmote emulate --pty` offers it
    tcp:HOST:PORT                             a serial line over TCP, as `wasmote emulate` offers it

Nothing here knows what the bytes mean.
"""

import asyncio
import contextlib
import os
import re
import socket
from pathlib import Path
from urllib.parse import parse_qsl

from ..errors import Away, Failed, Misused
from ..wire.within import within
from .auto_port import AutoPort
from .emulator import BOARDS, Emulator, board_name, firmware_file, flash_file, process_options
from .folders import data_folder
from .serial_port import PtyPort, SerialPort
from .streams import SocketStream

KINDS = "auto:, serial:/dev/ttyACM0, qemu:m0, qemu:m3, qemu:rv32, unix:, pty:/dev/pts/4, tcp:127.0.0.1:7000"


def port(url):
    """The port a URL names; Misused when it names none."""
    kind, colon, rest = url.partition(":")
    place, _, query = rest.partition("?")
    makers = {
        "serial": SerialPort,
        "qemu": QemuPort,
        "unix": UnixPort,
        "pty": PtyPort,
        "tcp": TcpPort,
        "auto": AutoPort,
    }
    if not colon or kind not in makers:
        raise Misused(f'"{url}" is no port{_meant(url)} Ports look like {KINDS}')
    maker = makers[kind]
    settings = dict(parse_qsl(query, keep_blank_values=True))
    for name in settings:
        if name not in maker.settings:
            known = ", ".join(maker.settings) or "none"
            raise Misused(f'"{url}": {kind}: has no setting "{name}" (its settings: {known})')
    return maker(url, place, settings)


def _meant(text):
    """The end of the sentence: what may have been meant, by who names boards as other tools do."""
    if text.startswith("/dev/pts/"):
        return f", did you mean pty:{text}?"
    if text.startswith("/dev/") or re.fullmatch(r"COM\d+", text):
        return f", did you mean serial:{text}?"
    if re.fullmatch(r"tty(ACM|USB)\d+", text):
        return f", did you mean serial:/dev/{text}?"
    if text in BOARDS:
        return f", did you mean qemu:{text}?"
    if text in ("auto", "unix"):
        return f", did you mean {text}:?"
    return "."


class TcpPort:
    """A serial line over TCP."""

    settings = ()
    boots = False

    def __init__(self, url, place, settings):
        self.url = url
        host, colon, number = place.rpartition(":")
        if not colon or not host or not number.isdigit() or not 0 < int(number) < 65536:
            raise Misused(f'"{url}" is no TCP port: tcp:HOST:NUMBER, like tcp:127.0.0.1:7000')
        self.host, self.number = host.strip("[]"), int(number)
        self.identity = f"tcp:{self.host}:{self.number}"

    async def open(self):
        try:
            pair = await within(asyncio.open_connection(self.host, self.number), 10)
        except socket.gaierror:
            raise Away(f"there is no host {self.host}") from None
        except (OSError, asyncio.TimeoutError) as error:
            why = getattr(error, "strerror", None) or "no connection within 10 s"
            raise Away(
                f"nothing answers at {self.host}:{self.number} ({why}): is the board or `wasmote emulate` running?"
            ) from None
        return SocketStream(*pair)


class QemuPort:
    """An emulated board that lives as long as the port is open; its flash stays."""

    settings = ("flash", "firmware")
    boots = True

    def __init__(self, url, place, settings):
        self.url = url
        self.short = place
        self.board = board_name(place)
        self.flash = flash_file(self.board, settings.get("flash"))
        self.firmware = settings.get("firmware")
        self.identity = f"qemu:{os.path.realpath(self.flash)}"

    async def open(self):
        emulator = await Emulator.start(self.short, self.flash, self.firmware)
        try:
            return EmulatorStream(emulator, *await asyncio.open_connection(sock=emulator.stream_socket))
        except BaseException:
            await emulator.stop()
            raise


class EmulatorStream(SocketStream):
    """An emulator's UART; closing it ends the emulator. `why_ended()` says what QEMU said."""

    def __init__(self, emulator, reader, writer):
        super().__init__(reader, writer)
        self.emulator = emulator

    def why_ended(self):
        return f"the emulator ended: {self.emulator.last_words()}"

    async def close(self):
        await self.emulator.stop()
        await super().close()


# The frozen main, whatever the current folder and MICROPYPATH have of that name.
_MAIN = "import sys; sys.path[:0] = ['.frozen']; import main"


class UnixPort:
    """MicroPython's unix build with our firmware, as a child process on pipes; its flash is a folder."""

    settings = ("flash", "firmware")
    boots = True

    def __init__(self, url, place, settings):
        if place:
            raise Misused(f'"{url}": unix: stands alone, the folder that is its flash is ?flash=FOLDER')
        self.url = url
        self.folder = Path(settings["flash"]).expanduser().absolute() if "flash" in settings else data_folder() / "unix"
        self.firmware = settings.get("firmware")
        self.identity = f"unix:{os.path.realpath(self.folder)}"

    async def open(self):
        program = firmware_file("unix", "micropython", self.firmware)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            process = await asyncio.create_subprocess_exec(
                *(str(program), "-c", _MAIN),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={**os.environ, "WASMOTE_FLASH": str(self.folder)},
                start_new_session=True,
                **process_options(),
            )
        except OSError as error:
            raise Failed(f"{program} does not start with the flash folder {self.folder}: {error}") from None
        return ProcessStream(process)


class ProcessStream(SocketStream):
    """The pipes of a process that is ended with the stream."""

    def __init__(self, process):
        super().__init__(process.stdout, process.stdin)
        self._process = process

    def why_ended(self):
        return f"the unix board's process ended with code {self._process.returncode}"

    async def close(self):
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await super().close()
