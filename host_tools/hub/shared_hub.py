# SPDX-License-Identifier: MIT
"""A Hub on a shared port: other wasmote processes may join it, and other programs may have the port for a while."""

import asyncio

from ..ports.handover import RELEASE
from ..ports.shared_port import SharedPort
from .hub import Hub
from .joining import Door
from .lending import Lending
from .tasks import ended

CATCH_UP = 2  # seconds that the lists of a board get before its port is given away


class SharedHub(Hub):
    """With `door`, other wasmote processes may join whenever it owns the port."""

    def __init__(self, url, say=lambda text: None, door=True):
        super().__init__(SharedPort(url), say)
        self.door = Door(self) if door else None
        self._opening = None
        self._lending = Lending()

    async def _keep(self, forever):
        """Keep the board, or out of the way of a program that has the port."""
        while True:
            keeping = asyncio.ensure_future(super()._keep(forever))
            wanted = asyncio.ensure_future(self._wanted())
            try:
                await asyncio.wait([keeping, wanted], return_when=asyncio.FIRST_COMPLETED)
                if keeping.done():
                    return keeping.result()
            finally:
                await ended(keeping, wanted)
            self.connection.lend(self._lending.to)
            self._lending.given()
            await self._lending.over.wait()
            self.connection.take_back()
            self._say(f"{self.port.url}: {self._lending.to} is done with the port")

    async def _wanted(self):
        """Until a program wants the port, and the lists are known that answer for the board meanwhile."""
        await self._lending.wanted.wait()
        if self.catalog:
            await self.catalog.caught_up(CATCH_UP)

    def detach(self, client):
        super().detach(client)
        self._lending.left(client)

    def _take(self, client, message):
        if message.method == RELEASE and message.is_request and client.joined:
            self._lending.ask(client, message)
        else:
            super()._take(client, message)

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
        if self.catalog:
            self.catalog.close()
        if self._opening:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        if self.door:
            await self.door.close()
        self.port.release()
