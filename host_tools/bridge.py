# SPDX-License-Identifier: MIT
"""`wasmote bridge PORT`: an MCP server on stdio whose tools are a board's.

It ends when its client closes stdin or ends it by a signal, never because a board went away.
"""

import asyncio
import contextlib
import signal
import sys
import time

from .hub import Client, Hub
from .joining import Door
from .sharing import SharedPort
from .stdio import Stdio

DRAIN = 1.0  # seconds that pending answers get after the client closed stdin


class SharedHub(Hub):
    """A hub on a shared port; with `door`, other wasmote processes may join whenever it owns the port."""

    def __init__(self, url, say=lambda text: None, door=True):
        super().__init__(SharedPort(url), say)
        self.door = Door(self) if door else None
        self._opening = None

    def _ready(self, new_session):
        super()._ready(new_session)
        self._publish()

    def _lost(self):
        super()._lost()
        self._publish()

    def _publish(self):
        if self.port.owned and self.door and (self._opening is None or self._opening.done()):
            self._opening = asyncio.ensure_future(self.door.open())

    async def close(self):
        if self._opening:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        if self.door:
            await self.door.close()
        self.port.release()


async def bridge(url, verbose=True):
    """Serve until stdin ends. Failed when the port can never work (a wrong name, no firmware)."""

    def say(text):
        if verbose:
            print(f"wasmote: {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)

    hub = SharedHub(url, say)
    stdio = Stdio(say)
    client = Client(stdio.send)
    hub.attach(client)
    board = asyncio.ensure_future(hub.run())
    serving = asyncio.ensure_future(_serve(hub, client, stdio))
    for number in (signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGTERM)):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    try:
        done, _ = await asyncio.wait([board, serving], return_when=asyncio.FIRST_COMPLETED)
        if board in done:
            await stdio.flush()
            board.result()
    finally:
        serving.cancel()
        hub.detach(client)
        await hub.connection.flush()
        board.cancel()
        await asyncio.gather(board, serving, return_exceptions=True)
        await hub.close()


async def _serve(hub, client, stdio):
    async for line in stdio.lines():
        hub.receive(client, line)
    end = time.monotonic() + DRAIN
    while hub.asked_by(client) and time.monotonic() < end:
        await asyncio.sleep(0.02)
    hub.end_subscriptions(client)
    await stdio.flush()
