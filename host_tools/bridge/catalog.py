# SPDX-License-Identifier: MIT
"""What a board said of itself last: its lists, its capabilities and instructions.

While the board is away, they are the answer to who asks for them; a board that was never there has empty lists. When it is
back they are asked again, and list_changed is announced of those that differ from what clients were told.
"""

import asyncio
import contextlib

from wasmote.jsonrpc.codes import INVALID_PARAMS

from ..board.session import Session
from ..errors import ABSENCE, CallError
from ..hub.logs import LEVELS, SET_LEVEL
from ..wire.versions import META
from ..wire.within import within
from .standing_in import LISTS, OPENING, introduction, is_modern, page, reply

LULL = 1  # seconds after a change of a list until it is asked, for clients ask too
_TRIES = 5  # how often a list is asked that changes while it is


class Catalog:
    """Of one hub's board. `lists[method]`: its entries, dicts; {} as long as nothing is known."""

    def __init__(self, hub, eager=False):
        """eager: a list that changed is asked at once, for somebody needs it (boards.py)."""
        self.lists = {}
        self.about = {}
        self._hub = hub
        self._lull = 0 if eager else LULL
        self._session = Session(hub)
        self._stale = set(LISTS)
        self._served = set()  # methods that were answered from here while nothing was known
        self._told = set()  # notifications that the board itself has sent since
        self._asking = None
        self._news = asyncio.Event()

    # --- for clients -----------------------------------------------------------------------------------------------

    def entries(self, method):
        if method not in self.lists:
            self._served.add(method)
        return self.lists.get(method, [])

    def answer(self, client, message):
        """The answer to a request while the board is not there; None: it can only be given by the board."""
        if message.method in LISTS:
            is_modern(message)
            return page(message, self.entries(message.method))
        if message.method in OPENING:
            return introduction(message, self.about or {"instructions": self.absence()})
        if message.method == "ping":
            return reply(message, {})
        if message.method == SET_LEVEL:
            self._hub.set_level(client, level_of(message))
            return reply(message, {})
        return None

    def hurries(self, method):
        """Whether a client must not wait long for its answer, as it would take us for dead."""
        return method in (*OPENING, "ping")

    def is_idempotent(self, tool):
        """Whether a tool is declared to do the same when it is called twice."""
        for entry in self.lists.get("tools/list", ()):
            if entry.get("name") == tool:
                annotations = entry.get("annotations")
                return isinstance(annotations, dict) and annotations.get("idempotentHint") is True
        return False

    async def settled(self):
        """Wait until the lists are what the board has now, or it is away."""
        while not self.is_settled:
            self._news.clear()
            await self._news.wait()

    async def caught_up(self, seconds):
        """As settled(), but at once and for so long at most."""
        if self._stale:
            self._ask(0)
        with contextlib.suppress(asyncio.TimeoutError):
            await within(self.settled(), seconds)

    @property
    def is_settled(self):
        """Whether the lists are what the board has now, or it is away."""
        connection = self._hub.connection
        if connection.state == "ready":
            return not self._stale
        return not connection.waiting_is_sensible

    def absence(self):
        """What clients are told of a board that nothing is known of."""
        connection = self._hub.connection
        why = f" ({connection.reason})" if connection.reason else ""
        return f"The board at {self._hub.port.url} is not there yet{why}. Its tools appear in tools/list when it comes."

    # --- from the hub ----------------------------------------------------------------------------------------------

    def ready(self):
        """The board is there, perhaps with other components than before."""
        self._stale = set(LISTS)
        self._told.clear()
        self._ask(0)

    def lost(self):
        self._news.set()

    def changed(self, notification):
        """The board says that a list has changed; clients have been told."""
        self._stale |= {method for method in LISTS if LISTS[method][1] == notification}
        self._told.add(notification)
        self._ask(self._lull)

    def close(self):
        if self._asking:
            self._asking.cancel()
        self._session.close()

    # --- towards the board -----------------------------------------------------------------------------------------

    def _ask(self, pause):
        if self._asking and not self._asking.done():
            self._asking.cancel()
        self._asking = asyncio.ensure_future(self._refresh(pause))

    async def _refresh(self, pause):
        await asyncio.sleep(pause)
        changed = set()
        try:
            while self._stale:
                method = next(method for method in LISTS if method in self._stale)
                entries = await self._entries(method)
                self._stale.discard(method)
                old = self.lists.get(method)
                if entries != old and (old is not None or (method in self._served and entries)):
                    changed.add(LISTS[method][1])
                self.lists[method] = entries
            self.about = await self._introduction()
        except CallError:
            return  # the board went away, and is asked again when it is back
        finally:
            for notification in sorted(changed - self._told):
                self._hub.announce(notification)
            self._told.clear()
            self._news.set()

    async def _entries(self, method):
        """All pages of a list; [] of a board that has no such list. CallError: it is not there."""
        member = LISTS[method][0]
        for _ in range(_TRIES):
            entries, cursor = [], None
            try:
                while True:
                    result = await self._session.request(
                        method, {"_meta": META, **({"cursor": cursor} if cursor else {})}
                    )
                    entries += [entry for entry in result[member] if isinstance(entry, dict)]
                    cursor = result.get("nextCursor")
                    if not cursor:
                        return entries
            except CallError as error:
                if error.code in ABSENCE:
                    raise
                if error.code != INVALID_PARAMS:
                    return []
            except (KeyError, TypeError, AttributeError):
                return []  # what it says is no list
        return []

    async def _introduction(self):
        try:
            about = await self._session.request("server/discover", {"_meta": META})
        except CallError as error:
            if error.code in ABSENCE:
                raise
            return {}
        return about if isinstance(about, dict) else {}


def level_of(message):
    level = message.params.get("level")
    if level not in LEVELS:
        raise CallError(INVALID_PARAMS, f"no log level {str(level)[:32]}: there are {', '.join(LEVELS)}")
    return level
