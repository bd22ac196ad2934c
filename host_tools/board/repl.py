# SPDX-License-Identifier: MIT
"""`wasmote repl`: mpremote on a board's port, which a bridge lets go of meanwhile and takes back afterwards."""

import asyncio
import contextlib
import importlib.util
import shutil
import signal
import sys

from ..errors import Failed
from ..ports.claims import claim
from ..ports.emulator import Emulator
from ..ports.foreground import terminal_of
from ..ports.handover import borrowed
from ..ports.urls import QemuPort
from ..ports.urls import port as port_at

WHO = "mpremote"
_PROMPT = ("exec", "pass", "+", "repl")  # a line of code first: that stops the main program, so a prompt is there


def mpremote():
    """The command that is mpremote."""
    if importlib.util.find_spec("mpremote"):
        return [sys.executable, "-m", "mpremote"]
    if found := shutil.which("mpremote"):
        return [found]
    raise Failed("mpremote is not installed: pip install mpremote")


async def repl(url, words=()):
    """Run mpremote with these words, or its prompt, on the board at `url`; its exit code."""
    program = mpremote()
    async with _device(url) as device:
        with contextlib.suppress(NotImplementedError):  # Ctrl-C in this terminal is for the board
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)
        process = await asyncio.create_subprocess_exec(*program, "connect", device, "resume", *(words or _PROMPT))
        return await process.wait()


@contextlib.asynccontextmanager
async def _device(url):
    """A serial device that is the board's, and nobody else's inside the block."""
    port = port_at(url)
    owned = claim(port.identity) if isinstance(port, QemuPort) else None
    if owned is None:
        async with borrowed(url, WHO) as device:
            yield device
        return
    emulator = None
    try:
        emulator = await Emulator.start(port.short, port.flash, port.firmware, ["-serial", "pty"])
        yield (await terminal_of(emulator)).removeprefix("pty:")
    finally:
        if emulator:
            await emulator.stop()
        owned.release()
