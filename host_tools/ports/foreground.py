# SPDX-License-Identifier: MIT
"""`wasmote emulate BOARD`: an emulated board that runs until Ctrl-C and is reached by a URL from other terminals.

While it runs, qemu:BOARD means this board for all wasmote commands.
"""

import asyncio
import contextlib
import signal
import socket

from ..errors import Failed
from .claims import claim, holder
from .emulator import Emulator
from .urls import QemuPort


def tell(facts):
    print(f"{facts['board']} runs; its flash is {facts['flash']}", flush=True)
    print(f"PORT: {facts['port']}   (also {facts['name']})   Ctrl-C ends it", flush=True)


async def emulate(short, flash=None, firmware=None, pty=False, tell=tell):
    settings = {name: value for name, value in (("flash", flash), ("firmware", firmware)) if value}
    port = QemuPort(f"qemu:{short}", short, settings)
    owned = claim(port.identity)
    if owned is None:
        pid = holder(port.identity).get("pid", "?")
        raise Failed(
            f"the flash {port.flash} is in use by process {pid}: end that, or give this board another file with --flash"
        )
    try:
        await _run(port, owned, pty, tell)
    finally:
        owned.release()


async def _run(port, owned, pty, tell):
    listener = socket.create_server(("127.0.0.1", 0))
    listener_fd = listener.fileno()
    serial = (
        ["-serial", "pty"]
        if pty
        else ["-chardev", f"socket,id=uart,fd={listener_fd},server=on,wait=off", "-serial", "chardev:uart"]
    )
    emulator = await Emulator.start(port.short, port.flash, port.firmware, serial, () if pty else (listener_fd,))
    url = f"tcp:127.0.0.1:{listener.getsockname()[1]}"
    listener.close()
    ended = asyncio.ensure_future(emulator.process.wait())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, ended.cancel)
    try:
        if pty:
            url = await terminal_of(emulator)
        owned.publish(url=url)
        tell({"board": port.board, "port": url, "name": f"qemu:{port.short}", "flash": str(port.flash)})
        await asyncio.wait([ended])
        if not ended.cancelled():
            raise Failed(f"the emulator ended: {emulator.last_words()}")
    finally:
        await emulator.stop()


async def terminal_of(emulator):
    for device in await emulator.qmp("query-chardev"):
        if device["filename"].startswith("pty:"):
            return device["filename"]
    raise Failed("QEMU made no pseudo terminal: use a TCP port (leave --pty out)")
