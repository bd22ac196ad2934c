# SPDX-License-Identifier: MIT
"""Questions of a board to the clients whose calls are under way: sampling, elicitation, roots (handshake era).

The board names the call that asks, by its id on the board, in params._meta["wasmote/requestId"]; that says which client
is meant. Towards the client each question gets an id of ours and the client's own id of the call; its answer gets the
board's id back. An answer from anybody else, a second one, or one that comes late goes nowhere.

The board learns from each call what its client can be asked: several clients share it, so what one of them said in
`initialize` is put into _meta of that client's calls.
"""

import itertools
import json
from dataclasses import dataclass

from wasmote.jsonrpc.codes import INTERNAL_ERROR, METHOD_NOT_FOUND

from ..errors import CallError
from ..wire.message import VERSION_KEY, error_text, reply_text, request_text

METHODS = ("sampling/createMessage", "elicitation/create", "roots/list")
ASKING = ("tools/call", "resources/read", "prompts/get")  # requests that may ask their client something
_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"


def offers(capabilities):
    """The JSON text of what a client can be asked, from the capabilities in its `initialize`."""
    capabilities = capabilities if isinstance(capabilities, dict) else {}
    kept = {name: capabilities[name] for name in ("sampling", "elicitation", "roots") if name in capabilities}
    return json.dumps(kept, separators=(",", ":"))


def with_offers(message, places, offers):
    """The text of a request to the board, with what its client offers where the board may want to know."""
    meta = message.params.get("_meta", {})
    told = not isinstance(meta, dict) or VERSION_KEY in meta or _CAPABILITIES in meta
    if offers is None or told or message.method not in ASKING or not message.params:
        return message.replaced(places)
    member = f'"{_CAPABILITIES}":{offers}'
    added = ("meta", member) if "meta" in message.spans else ("params", f'"_meta":{{{member}}}')
    return message.replaced(places, added)


@dataclass
class Question:
    client: object
    board_id: str  # as the board wrote it


class Questions:
    """`pending(number)`: the hub's Pending of a call on the board, or None."""

    _ids = itertools.count(1)  # of all hubs: a client may be at several (bridge/boards.py)

    def __init__(self, pending):
        self._pending = pending
        self._open = {}  # id towards the client -> Question

    def ask(self, message):
        """A request of the board's goes to the client that it is for. Returns what the board gets at once, or None."""
        if message.method == "ping":
            return reply_text(message.id, {})
        if message.method not in METHODS:
            return error_text(message.id, CallError(METHOD_NOT_FOUND, f"method not found: {message.method}"))
        call = self._pending(message.raw("asker"))
        if call is None:
            return error_text(message.id, CallError(INTERNAL_ERROR, "the call that asks is not under way any more"))
        id_text = json.dumps(f"board-{next(self._ids)}")
        self._open[id_text] = Question(call.client, message.id)
        call.client.send(message.replaced({"id": id_text, "asker": call.message.id}))
        return None

    def answered(self, client, message):
        """(the text for the board, a function that says instead why it is too long), None for what nobody waits for."""
        question = self._open.get(message.id)
        if question is None or question.client is not client:
            return None
        del self._open[message.id]

        def too_long(excess):
            return error_text(question.board_id, CallError(INTERNAL_ERROR, f"the client's answer {excess}"))

        return message.replaced({"id": question.board_id}), too_long

    def taken_back(self, message):
        """The board does not want an answer any more."""
        for id_text, question in self._open.items():
            if question.board_id == message.raw("cancelled"):
                del self._open[id_text]
                question.client.send(message.replaced({"cancelled": id_text}))
                return

    def forget(self, client):
        """The client is gone."""
        self._open = {id_text: question for id_text, question in self._open.items() if question.client is not client}

    def drop(self, reason):
        """The board is gone, and with it whoever asked."""
        for id_text, question in self._open.items():
            params = {"requestId": json.loads(id_text), "reason": reason}
            question.client.send(request_text(None, "notifications/cancelled", params))
        self._open.clear()
