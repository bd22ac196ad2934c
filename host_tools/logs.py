# SPDX-License-Identifier: MIT
"""Log messages of the board, for several clients that share it.

What is logged for a call goes to the client whose call it is: the board names it in params._meta["wasmote/requestId"].
Anything else goes to every client of the handshake era, each of which has a level of its own. The board has one level for
them all, the lowest that one of them set; until then it is the board's own.
"""

import json

SET_LEVEL = "logging/setLevel"
LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
_BOARDS = "info"  # where a board begins


class Logs:
    """`pending(number)`: the hub's Pending of a call on the board, or None. `ask(method, params)` asks the board."""

    def __init__(self, clients, pending, ask):
        self._clients = clients
        self._pending = pending
        self._ask = ask
        self._level = _BOARDS  # the board's, as far as we know

    def deliver(self, message):
        asker = message.raw("asker")
        if asker is not None:
            call = self._pending(asker)
            if call and not (call.client.wishes.initialized and self._hides(call.client, message)):
                call.client.send(message.replaced({"asker": call.message.id}))
            return
        for client in self._clients:
            if client.wishes.initialized and not self._hides(client, message):
                client.send(message.text)

    def wanted(self, client, message):
        """{place: text} to change in a client's logging/setLevel: the board's level is for all."""
        level = message.params.get("level")
        if level not in LEVELS:
            return {}  # the board says what is wrong with it
        return {"level": json.dumps(self._lowest(client, level))}

    def agreed(self, client, message):
        """The board has agreed to a client's logging/setLevel."""
        level = message.params.get("level")
        if level in LEVELS:
            self._level = self._lowest(client, level)
            client.log_level = level

    def left(self):
        """A client is gone: the others may want less."""
        self._set(self._lowest())

    def restore(self):
        """The board was reset."""
        self._level = _BOARDS
        self._set(self._lowest())

    def _set(self, level):
        if level != self._level and self._ask(SET_LEVEL, {"level": level}):
            self._level = level

    def _lowest(self, changed=None, level=None):
        """The lowest level that a client wants, `changed` the one that it is given here."""
        levels = [
            level if client is changed else client.log_level or _BOARDS
            for client in self._clients
            if client.wishes.initialized or client is changed
        ]
        return min(levels, key=LEVELS.index, default=_BOARDS)

    def _hides(self, client, message):
        level = message.params.get("level")
        return level in LEVELS and LEVELS.index(level) < LEVELS.index(client.log_level or _BOARDS)
