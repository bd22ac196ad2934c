# SPDX-License-Identifier: MIT
"""An emulated board: QEMU with our firmware, its UART as a byte stream, its flash chip as a file.

The board is boards/<NAME>/emulator.json, {"qemu": program, "args": [...]}; the firmware build/firmware/<NAME>/firmware.elf.
The UART is a socket pair handed to QEMU: no name that another process could take, and an end of file when QEMU dies.
QMP, QEMU's control protocol, goes over a second pair.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import sys
from importlib import resources
from pathlib import Path

from ..errors import Away, Failed, Misused
from ..wire.within import within
from .folders import data_folder

BOARDS = {"m0": "QEMU_M0", "m3": "QEMU_M3", "rv32": "QEMU_RV32"}
FLASH_BYTES = 1408 * 1024  # the flash of a Pico that its file system gets
_PACKAGES = {"qemu-system-arm": "qemu-system-arm", "qemu-system-riscv32": "qemu-system-misc"}
_PR_SET_PDEATHSIG = 1


def board_name(short):
    if short.upper() in BOARDS.values():
        return short.upper()
    if short not in BOARDS:
        raise Misused(f'no emulated board is called "{short}": there are {", ".join(BOARDS)}')
    return BOARDS[short]


def checkout():
    """The wasmote sources we run in or from, where `make` puts firmware; None when there are none."""
    places = [Path(os.environ["WASMOTE_ROOT"])] if "WASMOTE_ROOT" in os.environ else []
    places += [Path.cwd(), *Path.cwd().parents, Path(__file__).resolve().parents[2]]
    return next((place for place in places if (place / "boards/QEMU_M0/emulator.json").is_file()), None)


def firmware_file(board, name, given=None):
    """Path of a board's firmware, `given` or built; a missing one is an error that names the command."""
    if given:
        path = Path(given).expanduser()
        if not path.is_file():
            raise Misused(f"{path}: no such firmware file")
        return path
    root = checkout()
    if root is None:
        raise Failed(
            f"no firmware for {board}: run this inside the wasmote sources, set WASMOTE_ROOT to them, "
            "or name the file with ?firmware=FILE"
        )
    path = root / "build/firmware" / board / name
    if not path.is_file():
        raise Failed(f"no firmware for {board} yet: run `make firmware BOARD={board}` in {root}")
    return path


def machine(board):
    """(QEMU program, arguments) of a board."""
    root = checkout()
    file = (
        root / "boards" / board / "emulator.json"
        if root
        else resources.files("wasmote.boards") / board / "emulator.json"
    )
    description = json.loads(file.read_text())
    program = shutil.which(description["qemu"])
    if program is None:
        package = _PACKAGES.get(description["qemu"], description["qemu"])
        raise Failed(f"{description['qemu']} is not installed: on Debian, apt-get install {package}")
    return program, description["args"]


def flash_file(board, given=None):
    """Path of the file that is the board's flash chip, `given` or its own; it may not be there yet."""
    return Path(given).expanduser().absolute() if given else data_folder() / f"{board}.flash"


def flash_image(board, given=None):
    """The same, but it is there: made, all 0xff like a new chip, when it was missing."""
    path = flash_file(board, given)
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            new = path.with_name(f"{path.name}.{os.getpid()}")
            new.write_bytes(b"\xff" * FLASH_BYTES)
            new.replace(path)
        size = path.stat().st_size
    except OSError as error:
        raise Failed(f"flash image {path}: {error.strerror or error}") from None
    if size == 0 or size % 4096 or not path.is_file():
        raise Failed(f"{path} is no flash image: a file of whole 4096 byte blocks (delete it to get a new one)")
    return path


def _die_with_parent():
    """In the child before exec, on Linux: QEMU must not outlive us, even when we are killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def process_options():
    return {"preexec_fn": _die_with_parent} if sys.platform == "linux" else {}


class Emulator:
    """One running QEMU. `stream_socket` is our end of the UART (None when the UART is elsewhere)."""

    def __init__(self, board, process, uart):
        self.board = board
        self.process = process
        self.stream_socket = uart
        self._qmp = None  # asyncio's reader and writer
        self._qmp_lock = asyncio.Lock()
        self._errors = bytearray()
        self._reading = asyncio.ensure_future(self._read_errors())

    @classmethod
    async def start(cls, short, flash=None, firmware=None, serial=None, pass_fds=()):
        """Start QEMU. `serial`: its own value for -serial with the files that needs, else the UART comes as a socket."""
        board = board_name(short)
        program, args = machine(board)
        elf = firmware_file(board, "firmware.elf", firmware)
        image = flash_image(board, flash)
        if not hasattr(socket, "AF_UNIX"):
            raise Failed("emulated boards need Linux or macOS: on Windows run wasmote inside WSL")
        ours, theirs = socket.socketpair()
        our_qmp, their_qmp = socket.socketpair()
        uart = ["-chardev", f"socket,id=uart,fd={theirs.fileno()}", "-serial", "chardev:uart"]
        command = [
            *(program, *args, "-kernel", str(elf)),
            *(serial or uart),
            *("-chardev", f"socket,id=qmp,fd={their_qmp.fileno()}", "-mon", "chardev=qmp,mode=control"),
            *("-semihosting-config", f"enable=on,target=native,arg=wasmote,arg=flash={_escaped(image)}"),
        ]
        emulator = None
        try:
            with theirs, their_qmp:  # QEMU's ends, which are its alone once it runs
                process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                    pass_fds=(theirs.fileno(), their_qmp.fileno(), *pass_fds),
                    start_new_session=True,  # Ctrl-C in the terminal is for us; we then end QEMU
                    **process_options(),
                )
            if serial:
                ours.close()
            emulator = cls(board, process, None if serial else ours)
            await emulator._greet(our_qmp)
        except BaseException as error:  # cancelled too: neither QEMU nor a socket stays behind
            if emulator:
                await emulator.stop()
            ours.close()
            our_qmp.close()
            if isinstance(error, (OSError, ValueError, asyncio.TimeoutError)):
                why = emulator.last_words() if emulator else error
                raise Away(f"the emulator of {board} did not start: {why}") from None
            raise
        return emulator

    async def _greet(self, qmp_socket):
        self._qmp = await asyncio.open_connection(sock=qmp_socket)
        await within(self._qmp[0].readline(), 20)
        await self.qmp("qmp_capabilities")

    async def qmp(self, command, **arguments):
        """Run one QMP command; its result, or Failed."""
        reader, writer = self._qmp
        async with self._qmp_lock:
            request = {"execute": command, **({"arguments": arguments} if arguments else {})}
            writer.write(json.dumps(request).encode() + b"\n")
            await writer.drain()
            while True:
                line = await within(reader.readline(), 20)
                if not line:
                    raise OSError("QEMU ended")
                answer = json.loads(line)
                if "return" in answer:
                    return answer["return"]
                if "error" in answer:
                    raise Failed(f"QEMU refused {command}: {answer['error'].get('desc')}")

    async def reset(self):
        """The reset button."""
        await self.qmp("system_reset")

    async def _read_errors(self):
        while data := await self.process.stdout.read(4096):
            self._errors = (self._errors + data)[-4096:]

    def last_words(self):
        """What QEMU said last, for an error message."""
        words = self._errors.decode(errors="replace").strip().splitlines()
        code = self.process.returncode
        return words[-1] if words else f"QEMU ended with code {code}" if code is not None else "QEMU said nothing"

    async def stop(self):
        """End QEMU and wait until it is gone, so that its flash file is complete and free."""
        if self.process.returncode is None and self._qmp:
            with contextlib.suppress(OSError, Failed, ValueError, asyncio.TimeoutError):
                await within(self.qmp("quit"), 2)
            with contextlib.suppress(asyncio.TimeoutError):
                await within(self.process.wait(), 2)
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
        if self._qmp:
            self._qmp[1].close()
        with contextlib.suppress(asyncio.TimeoutError):
            await within(self._reading, 1)
        if self.stream_socket is not None:
            self.stream_socket.close()


def _escaped(path):
    """A path inside a QEMU option: a comma is written twice."""
    return str(path).replace(",", ",,")
