# SPDX-License-Identifier: MIT
"""Lines of clients, read: what is no message is refused, and what goes wrong with one message costs one answer."""

import traceback

from wasmote.jsonrpc.codes import INTERNAL_ERROR

from ..errors import CallError
from ..wire.message import error_text, members, read


class Reception:
    """Whoever serves clients: `_take(client, message)` serves one message. `name`: what complaints begin with."""

    name = "bridge"

    def __init__(self, say):
        self.clients = []
        self._say = say

    def receive(self, client, line):
        """A line (bytes) from a client."""
        if line.isspace():
            return
        texts = members(line) if client.batches and client.batches.allowed else None
        if texts is not None:
            client.batches.serve(texts, lambda message: self._serve(client, message))
            return
        try:
            message = read(line)
        except CallError as error:
            client.send(error_text(error.id_text, error))
            return
        self._serve(client, message)

    def _serve(self, client, message, take=None):
        try:
            (take or self._take)(client, message)
        except CallError as error:
            client.send(error_text(message.id, error))
        except Exception as error:  # one message must not end what others wait for
            self._say(f"{self.name}: {message.method} failed in the bridge\n{traceback.format_exc()}")
            if message.is_request:
                client.send(error_text(message.id, CallError(INTERNAL_ERROR, f"the bridge failed: {error!r}")))
