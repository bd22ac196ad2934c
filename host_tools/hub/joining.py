# SPDX-License-Identifier: MIT
"""Lets other wasmote processes of this user reach our board: a loopback TCP port, opened by a token in the claim's file."""

import asyncio
import contextlib
import hmac
import secrets

from ..errors import CallError
from ..ports.shared_port import HELLO
from ..wire.message import parse
from ..wire.within import within
from .client import BACKLOG, LINE_LIMIT, Client


class Door:
    """Listens while the hub owns its port; `open()` publishes the address in the port's claim."""

    def __init__(self, hub):
        self._hub = hub
        self._token = secrets.token_urlsafe(24)
        self._server = None
        self._starting = asyncio.Lock()
        self._tasks = set()

    async def open(self):
        async with self._starting:
            if self._server is None and self._hub.port.claim:
                self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LINE_LIMIT)
        claim = self._hub.port.claim  # as it is now: the port may have been given back meanwhile
        if claim:
            address = list(self._server.sockets[0].getsockname()[:2])
            name = self._hub.connection.told("firmware").get("board")  # for `wasmote boards`
            claim.publish(tcp=address, token=self._token, port=self._hub.port.url, name=name)

    async def close(self):
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        client = Client(line_sender(writer), joined=True)
        try:
            if self._admits(await within(reader.readline(), 5)):
                self._hub.attach(client)
                while line := await reader.readline():
                    self._hub.receive(client, line)
        except (OSError, ValueError, asyncio.TimeoutError, asyncio.CancelledError):
            pass  # it left, or sent a line without end, or we end
        finally:
            self._hub.detach(client)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            self._tasks.discard(asyncio.current_task())

    def _admits(self, line):
        try:
            hello = parse(line)
        except CallError:
            return False
        token = str(hello.params.get("token")).encode(errors="replace")  # bytes: of str, it compares ASCII alone
        return hello.method == HELLO and hmac.compare_digest(token, self._token.encode())


def line_sender(writer):
    """A `send(text)` for asyncio's writer that never waits; a client that stops reading is cut off."""

    def send(text):
        if writer.transport.get_write_buffer_size() > BACKLOG:
            writer.transport.abort()
        elif not writer.is_closing():
            writer.write(text.encode() + b"\n")

    return send
