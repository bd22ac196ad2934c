# SPDX-License-Identifier: MIT
"""Log messages of the board, for several clients that share it.

What is logged for a call goes to the client whose call it is: the board names it in params._meta["wasmote/requestId"].
Anything else goes to every client of the handshake era, each of which has a level of its own. The board has one level for
them all, the lowest that one of them set; until then it is the board's own.

A client that sends wasmote/logs {level} (`wasmote logs`) is a watcher: it hears all from that level on, first what was said
before it came, as far as that is kept.
"""

import json
from collections import deque

from ..wire.message import VERSION_KEY, parse

SET_LEVEL = "logging/setLevel"
WATCH = "wasmote/logs"
KEPT = 200  # messages
LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
_BOARDS = "info"  # where a board begins
_LOG_LEVEL = "io.modelcontextprotocol/logLevel"


class Logs:
    """`pending(number)`: the hub's Pending of a call on the board, or None. `ask(method, params)` asks the board."""

    def __init__(self, clients, pending, ask):
        self._clients = clients
        self._pending = pending
        self._ask = ask
        self._level = _BOARDS  # the board's, as far as we know
        self._watched = None  # the board's level for watchers
        self._kept = deque(maxlen=KEPT)  # Messages, whose askers mean nothing any more

    def deliver(self, message):
        asker = message.raw("asker")
        call = self._pending(asker) if asker is not None else None
        told = message if asker is None else parse(message.replaced({"asker": "null"}).encode())
        self._kept.append(told)
        if call and call.client.watches is None and not _unasked(call, message):
            call.client.send(message.replaced({"asker": call.message.id}))
        for client in self._clients:
            if client.watches is not None:
                self._tell(client, told)
            elif asker is None and client.wishes.initialized and not _below(message, client.log_level or _BOARDS):
                client.send(message.text)

    def wanted(self, client, message):
        """{place: text} to change in a client's logging/setLevel or wasmote/logs: the board's level is for all."""
        level = message.params.get("level")
        if level not in LEVELS:
            return {}  # the board says what is wrong with it
        lowest = self._lowest if message.method == SET_LEVEL else self._lowest_watched
        return {"level": json.dumps(lowest(client, level))}

    def agreed(self, client, message):
        """The board has agreed to a client's logging/setLevel or wasmote/logs."""
        level = message.params.get("level")
        if level not in LEVELS:
            return
        if message.method == SET_LEVEL:
            self._level = self._lowest(client, level)
            client.log_level = level
            return
        self._watched = self._lowest_watched(client, level)
        client.watches = level
        for kept in self._kept:
            self._tell(client, kept)

    def again(self):
        """The connection is another one, perhaps to another process that has the board."""
        self._watched = None
        self.adjust()

    def adjust(self):
        """A client is gone or wants another level: the board gets the lowest that is wanted now."""
        self._set(self._lowest())
        self._watch(self._lowest_watched())

    def restore(self):
        """The board was reset."""
        self._level = _BOARDS
        self.again()

    def _tell(self, client, message):
        if not _below(message, client.watches):
            client.send(message.text)

    def _watch(self, level):
        if level != self._watched and self._ask(WATCH, {"level": level} if level else {}):
            self._watched = level

    def _lowest_watched(self, changed=None, level=None):
        levels = [client.watches for client in self._clients if client.watches and client is not changed]
        return min([*levels, level] if level else levels, key=LEVELS.index, default=None)

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


def _unasked(call, message):
    """Whether the client of a call did not ask for this message, which a watcher may have caused."""
    meta = call.message.params.get("_meta")
    if isinstance(meta, dict) and VERSION_KEY in meta:  # the modern era: only what the request asks for
        level = meta.get(_LOG_LEVEL)
        return level is None or _below(message, level)
    return _below(message, call.client.log_level or _BOARDS)


def _below(message, least):
    level = message.params.get("level")
    return level in LEVELS and least in LEVELS and LEVELS.index(level) < LEVELS.index(least)
