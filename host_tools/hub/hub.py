# SPDX-License-Identifier: MIT
"""Several clients on one board: who asked what, and to whom an answer goes.

Towards the board every request gets an id of the hub's own, and a progress token that is the same number; answers and
progress get the client's id and token back. Everything else of a message passes byte for byte. What the board cannot do
for several clients is done here: subscriptions (subscriptions/listen), cancelling what a client that left was waiting
for, questions of the board to the client whose call is under way (questions.py), and the answers while the board is
away (bridge/catalog.py) or after it was reset. A request is never sent twice, unless the board refused it as busy,
before it began, or it is a call of a tool that says it is idempotent, and the board went away under it.
"""

import asyncio
import json
import time

from wasmote.jsonrpc.codes import BUSY, MESSAGE_TOO_LONG

from ..errors import CallError, Failed, board_away, board_handed_over, board_lost, board_reset
from ..wire.connection import Connection
from ..wire.message import error_text, parse, request_text
from .client import Client, Pending
from .logs import SET_LEVEL, WATCH, Logs
from .questions import Questions, offers, with_offers
from .reception import Reception
from .subscriptions import CHANGES, UPDATED, Subscriptions

PATIENCE = 30  # seconds for which a request that the board is too busy for is tried again
BUSY_PAUSE = 0.1  # seconds before it is
OPENING_PATIENCE = 5  # seconds for which a client that opens its connection waits for a board that starts
_LISTEN = "subscriptions/listen"


class Hub(Reception):
    """Joins clients to `port`. `run()` keeps the board; `attach`, `receive` and `detach` serve a client.

    catalog     a Catalog that answers in the board's place while it is away, and knows which tools may be called twice
    """

    catalog = None

    def __init__(self, port, say=lambda text: None):
        super().__init__(say)
        self.port = port
        self.name = port.url.rstrip(":")  # in front of a colon
        self.connection = Connection(port, self._from_board, self._ready, self._lost, say)
        self.connection.busy = lambda: bool(self._pending)
        self._pending = {}  # id at the board -> Pending
        self._waiting = []  # Pendings for which the board is not there yet or, oldest first, was too busy
        self._retry = None  # the timer after which the oldest of these is asked again
        self._last_id = 0
        self._questions = Questions(self._pending.get)
        self._logs = Logs(self.clients, self._pending.get, self.ask_for_ourselves)
        self._subscriptions = Subscriptions(self.clients, self.ask_for_ourselves)
        self._met = False

    async def run(self, forever=True):
        try:
            await self._keep(forever)
        except Failed as error:
            self._refuse(self._take_all(), board_away(self.port.url, f"{self.name}: {error}", self.connection.since))
            raise

    async def _keep(self, forever):
        await self.connection.run(forever)

    # --- clients ---------------------------------------------------------------------------------------------------

    def attach(self, client):
        self.clients.append(client)

    def detach(self, client):
        """The client is gone: nobody wants its answers."""
        if client in self.clients:
            self.clients.remove(client)
        self._waiting = [pending for pending in self._waiting if pending.client is not client]
        for number in [number for number, pending in self._pending.items() if pending.client is client]:
            self._cancel(number, "the client left")
        self._questions.forget(client)
        self._subscriptions.left(client)
        self._logs.adjust()

    def asked_by(self, client):
        """How many requests of this client have no answer yet."""
        return sum(pending.client is client for pending in (*self._pending.values(), *self._waiting))

    def _take(self, client, message):
        if message.is_reply:
            if (answer := self._questions.answered(client, message)) and self.connection.state == "ready":
                text, too_long = answer
                self.connection.send(too_long(excess) if (excess := self._excess(text)) else text)
            return
        if not message.is_request:
            self._take_notification(client, message)
            return
        if message.method == "initialize":
            client.wishes.initialized = True
            client.offers = offers(message.params.get("capabilities"))
            client.asks_for(message.params.get("protocolVersion"))
        if message.method == "resources/unsubscribe" and (text := self._subscriptions.unsubscribe(client, message)):
            client.send(text)
        elif self.connection.state == "ready":
            self._ask(Pending(client, message))
        elif self.connection.waiting_is_sensible:
            self._wait(Pending(client, message))
        else:
            self._without_board(Pending(client, message))

    def _take_notification(self, client, message):
        if message.method == "notifications/cancelled":
            wanted = message.raw("cancelled")
            self._subscriptions.cancelled(client, wanted)
            if client.batches:
                client.batches.cancelled(wanted)
            self._waiting = [p for p in self._waiting if p.client is not client or p.message.id != wanted]
            for number, pending in list(self._pending.items()):
                if pending.client is client and pending.message.id == wanted:
                    self._cancel(number, message.params.get("reason"))
        elif self.connection.state == "ready":
            if excess := self._excess(message.text):
                self._say(f"{self.name}: dropped: {message.label} {excess}")
            else:
                self.connection.send(message.text)

    def end_subscriptions(self, client):
        """Tell a client that its subscriptions end in good order."""
        self._subscriptions.end(client)

    def set_level(self, client, level):
        """A client's log level, which the board gets when it is there."""
        client.log_level = level
        self._logs.adjust()

    def announce(self, notification):
        """Tell clients that a list has changed."""
        self._subscriptions.changed(notification)

    # --- without the board -----------------------------------------------------------------------------------------

    def _wait(self, pending):
        """The board will be there in a moment, or at least it will be known that it is not."""
        self._waiting.append(pending)
        if self.catalog and self.catalog.hurries(pending.message.method):
            asyncio.get_running_loop().call_later(OPENING_PATIENCE, self._hurry, pending)

    def _hurry(self, pending):
        if pending in self._waiting and self.connection.state != "ready":
            self._waiting.remove(pending)
            self._without_board(pending)

    def _without_board(self, pending):
        """Answer what can be answered without it, and refuse the rest."""
        client, message = pending.client, pending.message
        try:
            if pending.lost:
                raise pending.lost
            if message.method == _LISTEN:
                self._subscriptions.listen(client, message)
                return
            text = self.catalog.answer(client, message) if self.catalog else None
            if text is None:
                raise self.away()
            client.send(text)
        except CallError as error:
            client.send(error_text(message.id, error))

    # --- towards the board -----------------------------------------------------------------------------------------

    def _ask(self, pending):
        message = pending.message
        if message.method == _LISTEN:
            self._listen(pending)
            return
        self._last_id += 1
        number = str(self._last_id)
        places = {"id": number}
        if message.has_token:
            places["token"] = number
        if message.method in (SET_LEVEL, WATCH):
            places.update(self._logs.wanted(pending.client, message))
        text = with_offers(message, places, pending.client.offers)
        if excess := self._excess(text):
            text = message.replaced(places)
            excess = self._excess(text)
        if excess:
            data = {"limitBytes": self.connection.told("limits")["messageBytes"], "bytes": len(text.encode())}
            error = CallError(MESSAGE_TOO_LONG, f"{message.label} {excess}", data)
            pending.client.send(error_text(message.id, error))
            return
        self._pending[number] = pending
        self.connection.send(text)

    def _listen(self, pending):
        """A subscriptions/listen, which the board never sees."""
        try:
            self._subscriptions.listen(pending.client, pending.message)
        except CallError as error:
            self._refuse([pending], error)

    def ask_for_ourselves(self, method, params, answered=None):
        """A request of the hub's own, for several clients; answered(text) gets its answer. False: the board is away."""
        if self.connection.state != "ready":
            return False
        client = Client(answered or (lambda text: None), ours=True)
        self._ask(Pending(client, parse(request_text("0", method, params).encode())))
        return True

    def _excess(self, text):
        """Why a message is too long for the board, "" when it is not."""
        limit = self.connection.told("limits").get("messageBytes")
        size = len(text.encode())
        too_long = isinstance(limit, int) and 0 < limit < size
        return f"is {size} bytes long; this board takes at most {limit}" if too_long else ""

    def _cancel(self, number, reason):
        del self._pending[number]
        if self.connection.state == "ready":
            params = {"requestId": int(number)}
            text = request_text(None, "notifications/cancelled", {**params, "reason": reason} if reason else params)
            if self._excess(text):
                text = request_text(None, "notifications/cancelled", params)
            self.connection.send(text)

    # --- from the board --------------------------------------------------------------------------------------------

    def _from_board(self, message):
        if message.is_reply:
            self._answer(message)
        elif message.is_request:
            if refusal := self._questions.ask(message):
                self.connection.send(refusal)
        elif message.method == "notifications/cancelled":
            self._questions.taken_back(message)
        elif message.method == "notifications/progress":
            pending = self._pending.get(message.raw("progress"))
            token = pending and pending.message.raw("token")
            if token is not None:
                pending.client.send(message.replaced({"progress": token}))
        elif isinstance(message.method, str) and message.method in CHANGES:
            self._subscriptions.changed(message.method, message.text)
            if self.catalog:
                self.catalog.changed(message.method)
        elif message.method == UPDATED:
            self._subscriptions.updated(message)
        elif message.method == "notifications/message":
            self._logs.deliver(message)

    def _answer(self, message):
        number = message.id
        if number in (None, "null") and len(self._pending) == 1 and _code(message) != MESSAGE_TOO_LONG:
            number = next(iter(self._pending))  # the board could not read the only request it has
        pending = self._pending.pop(number, None)
        if pending is None:
            if "error" in message.value and number in (None, "null"):
                self._say(f"{self.name}: the board reports {json.dumps(message.value['error'])}")
            return
        if _code(message) == BUSY and self._try_again(pending):
            return
        self._learn(pending, message.value.get("result"))
        if message.id is None:
            pending.client.send(message.text.replace("{", f'{{"id":{pending.message.id},', 1))
        else:
            pending.client.send(message.replaced({"id": pending.message.id}))
        if _code(message) != BUSY:
            self._ask_oldest()  # something ended, so there may be room

    def _try_again(self, pending):
        """Keep what the board was too busy for, unless it was so for too long."""
        now = time.monotonic()
        pending.refused_at = pending.refused_at or now
        if now - pending.refused_at >= PATIENCE:
            return False
        self._waiting.append(pending)
        self._waiting.sort(key=lambda pending: pending.at)
        self._retry_soon()
        return True

    def _retry_soon(self):
        if self._retry is None:
            self._retry = asyncio.get_running_loop().call_later(BUSY_PAUSE, self._retry_now)

    def _retry_now(self):
        self._retry = None
        self._ask_oldest()

    def _ask_oldest(self):
        """One at a time: while the board is too busy for the oldest, the others need not be sent."""
        if self._waiting and self.connection.state == "ready":
            self._ask(self._waiting.pop(0))
            if self._waiting:
                self._retry_soon()

    def _ask_waiting(self):
        if self.connection.state == "ready":
            waiting, self._waiting = self._waiting, []
            for pending in waiting:
                self._ask(pending)

    def _learn(self, pending, result):
        """What an answer to someone else tells about the board."""
        method = pending.message.method
        if method == "wasmote/info" and isinstance(result, dict):
            self.connection.heard_session(result.get("session"))
        elif method == "wasmote/reset" and result is not None:
            self.connection.reset_is_coming()
        elif method == "resources/subscribe" and result is not None and not pending.client.ours:
            self._subscriptions.subscribed(pending.client, pending.message)
        elif method in (SET_LEVEL, WATCH) and result is not None and not pending.client.ours:
            self._logs.agreed(pending.client, pending.message)

    # --- the board comes and goes ----------------------------------------------------------------------------------

    def _ready(self, new_session):
        connection = self.connection
        board = connection.told("firmware").get("board", "a board")
        self._say(f"{self.name}: {board} is ready, session {connection.session}")
        if new_session:
            running = list(self._pending.values())
            self._pending.clear()
            self._questions.drop("the board was reset")
            for pending in running:
                self._ended(pending, board_reset(self.port.url, self.name, pending.message.label, connection.session))
            for client in self.clients:
                if client.joined:
                    client.send(request_text(None, "wasmote/ready", {"session": connection.session, "board": board}))
            if self._met and not self.catalog:
                for method in CHANGES:
                    self._subscriptions.changed(method)
        self._met = True
        self._subscriptions.restore()
        if new_session:
            self._logs.restore()
        else:
            self._logs.again()
        self._ask_waiting()
        if self.catalog:
            self.catalog.ready()

    def _lost(self):
        running = list(self._pending.values())
        self._pending.clear()
        self._questions.drop("the board went away")
        for pending in running:
            text = (
                f"{self.name}: the board went away while {pending.message.label} was running ({self.connection.reason})"
            )
            self._ended(pending, board_lost(self.port.url, text, self.connection.since))
        if not self.connection.waiting_is_sensible:
            waiting, self._waiting = self._waiting, []
            for pending in waiting:
                self._without_board(pending)
        if self.catalog:
            self.catalog.lost()

    def _ended(self, pending, error):
        """The board has forgotten what it was doing. Only a tool that says it is idempotent is called again, once."""
        message = pending.message
        again = (
            self.catalog and message.method == "tools/call" and self.catalog.is_idempotent(message.params.get("name"))
        )
        if again and not pending.lost:
            pending.lost = error
            self._waiting.append(pending)
        else:
            self._refuse([pending], error)

    def away(self):
        """The CallError for what is asked of a board that is not there."""
        connection = self.connection
        if connection.lent_to:
            return board_handed_over(self.port.url, self.name, connection.lent_to, connection.since)
        return board_away(
            self.port.url,
            f"{self.name}: the board is away since {connection.since}: {connection.reason}. It is tried again and again",
            connection.since,
        )

    def _take_all(self):
        everything = [*self._pending.values(), *self._waiting]
        self._pending.clear()
        self._waiting.clear()
        return everything

    def _refuse(self, pendings, error):
        for pending in pendings:
            pending.client.send(error_text(pending.message.id, error))


def _code(message):
    """The code of an error answer, None of every other."""
    error = message.value.get("error")
    return error.get("code") if isinstance(error, dict) else None
