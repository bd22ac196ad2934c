# SPDX-License-Identifier: MIT
"""auto: the board that is plugged in, whatever its device is called.

Looked at are serial devices with USB ids of boards and of the adapters that boards have (usb_ids.py); any other is not even
opened. Boards with USB of their own come first: only when none of them is one of ours, adapters are asked, behind which there
might be something else. A device that is alone is taken as it is; of several each is opened, asked one question
(wasmote/info), and closed again, until one answers. Whoever was found once is waited for, and no other taken in its place.
"""

import asyncio
import os

from ..errors import Away
from .claims import claim, holder
from .probe import probe
from .serial_port import SerialPort, usb_devices
from .usb_ids import BOOT_LOADERS, known


class AutoPort:
    """`await found()` is the SerialPort of the board. `auto:SERIAL-NUMBER` looks for that one."""

    settings = ("baud", "lines")
    boots = False

    def __init__(self, url, place, settings):
        self.url = url
        self.identity = f"auto:{place}"
        self._settings = settings
        self._number = place or None  # the USB serial number that the board must have
        SerialPort(url, "-", settings)  # says what is wrong with them

    async def open(self):
        return await (await self.found()).open()

    async def found(self):
        """Away when there is none."""
        there = await asyncio.get_running_loop().run_in_executor(None, self._candidates)
        if not there:
            which = f" with the serial number {self._number}" if self._number else ""
            raise Away(f"no board{which} is plugged in (wasmote boards shows what is)")
        for group in (True, False):  # boards with USB of their own, then adapters
            fitting = [one for one in there if known(one.vid, one.pid).native is group]
            alone = len(fitting) == 1 and (group or len(there) == 1)
            for one in fitting:
                port = SerialPort(self.url, one.device, self._settings)
                if alone or await _is_ours(port):
                    self._number = self._number or one.serial_number
                    return port
        names = ", ".join(one.device for one in there)
        raise Away(f"none of {names} answers as a wasmote board: name its port, like serial:{there[0].device}")

    def _candidates(self):
        return [
            one
            for one in usb_devices()
            if known(one.vid, one.pid)
            and (one.vid, one.pid) not in BOOT_LOADERS
            and self._number in (None, one.serial_number)
        ]


async def _is_ours(port):
    """Whether a wasmote board is at a port. One that another wasmote process serves is, and is left in peace."""
    owned = claim(port.identity)
    if owned is None:
        owner = holder(port.identity)
        return "tcp" in owner and owner.get("pid") != os.getpid()
    try:
        stream = await port.open()
        try:
            return (await probe(stream))[0] == "answer"
        finally:
            await stream.close()
    except (Away, OSError):
        return False
    finally:
        owned.release()
