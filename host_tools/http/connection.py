# SPDX-License-Identifier: MIT
"""A connection of the HTTP server that ends when its client does not get on with a request: there are only so many.

uvicorn ends one that is silent after an answer, but waits for ever for the first request and for the rest of one.
"""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 60  # seconds for the head and the body of a request, and as many more at most


class Connection(H11Protocol):
    def connection_made(self, transport):
        super().connection_made(transport)
        self._look(None)

    def connection_lost(self, exc):
        self._next_look.cancel()
        super().connection_lost(exc)

    def _look(self, before):
        """Compare what it is waiting for with what it waited for at the last look."""
        waits_for = (self.conn.their_state, self.cycle)  # the cycle is that of the last request whose head is there
        if waits_for == before and waits_for[0] in (h11.IDLE, h11.SEND_BODY):
            self.transport.close()
        self._next_look = self.loop.call_later(PATIENCE, self._look, waits_for)
