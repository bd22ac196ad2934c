# SPDX-License-Identifier: MIT
"""One board, several `wasmote` processes: whoever comes first owns the port, the others reach the board through it.

A SharedPort is a port like any other. Its open() claims the board and opens the real port, or, when another process has
it, joins that process over loopback TCP: the bytes are the same JSON lines. When the owner ends, the next open() claims.
"""

import asyncio

from ..errors import Away
from ..wire.message import request_text
from .auto_port import AutoPort
from .claims import claim, holder
from .streams import SocketStream
from .urls import port

HELLO = "wasmote/join"  # what a joining process says first; params: {"token"}
_PATIENCE = 60  # seconds that we wait for a short command of another process to end


class SharedPort:
    """`url`'s board, shared. After open(): `owned` tells whether the real port is ours, `boots` whether it is starting."""

    def __init__(self, url):
        self._first = self._port = port(url)
        self.url = url
        self.owned = False
        self.claim = None

    @property
    def identity(self):
        return self._first.identity

    @property
    def boots(self):
        return self.owned and self._port.boots

    async def open(self):
        if self._port is not self._first:  # we were sent elsewhere: look again, that board may be gone
            self.release()
            self._port = self._first
        if isinstance(self._first, AutoPort):
            self._port = await self._first.found()
        for _ in range(_PATIENCE * 10):
            self.claim = self.claim or claim(self._port.identity)
            if self.claim:
                self.owned = True
                return await self._port.open()
            owner = holder(self._port.identity)
            if "url" in owner:  # an emulator in the foreground of another terminal
                self._port = port(owner["url"])
            elif "tcp" in owner:
                return await self._join(owner)
            elif "to" in owner:
                raise Away(f"{owner['to']} has the port (wasmote process {owner['pid']})")
            else:
                await asyncio.sleep(0.1)
        raise Away(f"another wasmote command (process {owner.get('pid', '?')}) has used the port for {_PATIENCE} s")

    async def _join(self, owner):
        self.owned = False
        try:
            reader, writer = await asyncio.open_connection(*owner["tcp"])
        except OSError:
            raise Away(f"the bridge that had the port (process {owner['pid']}) does not answer") from None
        writer.write(request_text(None, HELLO, {"token": owner["token"]}).encode() + b"\n")
        return JoinedStream(owner["pid"], reader, writer)

    def release(self):
        if self.claim:
            self.claim.release()
            self.claim = None
        self.owned = False


class JoinedStream(SocketStream):
    """The way to a board through another process."""

    frames = False

    def __init__(self, pid, reader, writer):
        super().__init__(reader, writer)
        self._pid = pid

    def why_ended(self):
        return f"the wasmote process {self._pid} that had the port ended"
