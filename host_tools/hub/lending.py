# SPDX-License-Identifier: MIT
"""The owner's side of a handover (ports/handover.py): which client has the port instead of the hub, and until when."""

import asyncio

from wasmote.jsonrpc.codes import BUSY, INVALID_PARAMS

from ..errors import CallError
from ..ports.handover import RELEASE
from ..wire.message import reply_text


class Lending:
    """Who has the port of a hub instead of it. `wanted` is set until it is given, `over` once it is back."""

    def __init__(self):
        self.to = ""
        self.wanted = asyncio.Event()
        self.over = asyncio.Event()
        self._borrower = None
        self._request = None
        self._seconds = None
        self._timer = None

    def ask(self, client, message):
        """wasmote/release of a client. CallError when somebody else has the port, or it asks nonsense."""
        to, seconds = message.params.get("to"), message.params.get("seconds")
        if not isinstance(to, str) or not to or len(to) > 80:
            raise CallError(INVALID_PARAMS, f'{RELEASE} needs "to", who will have the port')
        if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds <= 0):
            raise CallError(INVALID_PARAMS, f"{RELEASE}: seconds is a number, or left out")
        if self._borrower:
            raise CallError(BUSY, f"{self.to} has the port already: end that first")
        self.to, self._borrower, self._request, self._seconds = to, client, message, seconds
        self.over.clear()
        self.wanted.set()

    def given(self):
        """The port is closed: the borrower may begin."""
        self.wanted.clear()
        if self._borrower:
            self._borrower.send(reply_text(self._request.id, {}))
        if self._borrower and self._seconds:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._end)

    def left(self, client):
        if client is self._borrower:
            self._end()

    def _end(self):
        self._borrower = self._request = None
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self.over.set()
