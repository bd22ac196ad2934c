# SPDX-License-Identifier: MIT
"""What clients want to hear of: changed lists and updated resources, in both eras, for several clients of one board.

Handshake era: a client that said `initialize` hears of every changed list, and of the resources that it subscribed to with
resources/subscribe. Modern era: subscriptions/listen is answered here; its notifications carry its id. It is acknowledged
when the board has answered for each of its resources, without those that the board will not watch. The board knows
one subscription per resource: the first client's makes it, the last one's ends it, and a board that was reset gets all of
them again.
"""

import functools
import json
from dataclasses import dataclass, field

from wasmote.jsonrpc.codes import INVALID_PARAMS, LIMIT

from ..errors import ABSENCE, CallError
from ..wire.message import VERSION_KEY, reply_text, request_text

CHANGES = {  # notification -> its name in the filter of subscriptions/listen
    "notifications/tools/list_changed": "toolsListChanged",
    "notifications/resources/list_changed": "resourcesListChanged",
    "notifications/prompts/list_changed": "promptsListChanged",
}
MOST = 64  # subscriptions/listen of one client; the oldest makes room, as on the board
RESOURCES = 16  # most that one subscriptions/listen may watch, as on the board
UPDATED = "notifications/resources/updated"
_ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
_SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"


@dataclass
class Wishes:
    """What one client wants to hear of."""

    initialized: bool = False  # handshake era: every changed list
    resources: set = field(default_factory=set)  # handshake era: URIs
    listens: dict = field(default_factory=dict)  # id text of subscriptions/listen -> the filter that it was granted
    opening: dict = field(default_factory=dict)  # the same, of those for which the board has not answered yet

    def hears(self, uri):
        return uri in self.resources or any(uri in _uris(granted) for granted in self.listens.values())

    def wants(self, uri):
        return self.hears(uri) or any(uri in _uris(granted) for granted in self.opening.values())


class Subscriptions:
    """`clients` is the hub's list of them, each with `send` and `wishes`; `ask(method, params, answered)` asks the board.

    It says whether the board was there to be asked; then answered(text) is called once, unless it is None.
    """

    def __init__(self, clients, ask):
        self._clients = clients
        self._ask = ask

    def listen(self, client, message):
        """subscriptions/listen: acknowledged when the board has answered; its result comes when the bridge ends."""
        if message.version is None:
            raise CallError(INVALID_PARAMS, f"subscriptions/listen needs _meta with {VERSION_KEY}")
        granted = _granted(message.params.get("notifications"))
        self._drop(client, message.id)
        self._make_room(client)
        client.wishes.opening[message.id] = granted
        fresh = [uri for uri in _uris(granted) if not any(other.wishes.hears(uri) for other in self._clients)]
        waiting = set(fresh)

        def answered(uri, text):
            waiting.discard(uri)
            refused = _refused(text)
            if client.wishes.opening.get(message.id) is not granted:  # it wants no more of it
                if not refused and not self._wanted(uri):
                    self._ask("resources/unsubscribe", {"uri": uri})
                return
            if refused:
                granted["resourceSubscriptions"].remove(uri)
            if not waiting:
                self._acknowledge(client, message.id)

        for uri in fresh:
            if not self._ask("resources/subscribe", {"uri": uri}, functools.partial(answered, uri)):
                waiting.discard(uri)  # the board is away: it is asked when it is back
        if not waiting and message.id in client.wishes.opening:
            self._acknowledge(client, message.id)

    def _acknowledge(self, client, subscription):
        granted = client.wishes.opening.pop(subscription)
        client.wishes.listens[subscription] = granted
        _tagged(client, subscription, _ACKNOWLEDGED, {"notifications": granted})

    def unsubscribe(self, client, message):
        """The answer to a resources/unsubscribe that the board need not know of, None when it must."""
        uri = message.params.get("uri")
        if not isinstance(uri, str):
            return None  # the board says what is wrong with it
        client.wishes.resources.discard(uri)
        return reply_text(message.id, {}) if self._wanted(uri) else None

    def subscribed(self, client, message):
        """The board has agreed to a client's resources/subscribe."""
        uri = message.params.get("uri")
        if not isinstance(uri, str):
            return
        if client in self._clients:
            client.wishes.resources.add(uri)
        elif not self._wanted(uri):
            self._ask("resources/unsubscribe", {"uri": uri})

    def cancelled(self, client, id_text):
        """A client wants no more of its subscriptions/listen with this id, if it is one."""
        self._drop(client, id_text)

    def left(self, client):
        """A client is gone, and no longer in `clients`."""
        uris = _all(client.wishes)
        client.wishes = Wishes()
        self._unwatch(uris)

    def end(self, client):
        """Tell a client that its subscriptions end in good order."""
        for subscription in (*client.wishes.listens, *client.wishes.opening):
            _ended(client, subscription)
        client.wishes.listens.clear()
        client.wishes.opening.clear()

    def changed(self, method, text=None):
        """A list has changed: `method` is the notification, `text` its text."""
        for client in self._clients:
            if client.wishes.initialized:
                client.send(text or request_text(None, method))
            for subscription, granted in client.wishes.listens.items():
                if granted.get(CHANGES[method]):
                    _tagged(client, subscription, method, {})

    def updated(self, message):
        """The board says that a resource has changed."""
        uri = message.params.get("uri")
        if not isinstance(uri, str):
            return
        for client in self._clients:
            if uri in client.wishes.resources:
                client.send(message.text)
            for subscription, granted in client.wishes.listens.items():
                if uri in _uris(granted):
                    _tagged(client, subscription, UPDATED, {"uri": uri})

    def restore(self):
        """The board is there, perhaps after a reset: what it may have forgotten."""
        for uri in sorted({uri for client in self._clients for uri in _all(client.wishes)}):
            self._ask("resources/subscribe", {"uri": uri})

    def _make_room(self, client):
        wishes = client.wishes
        if len(wishes.listens) + len(wishes.opening) >= MOST:
            oldest = next(iter(wishes.listens or wishes.opening))
            self._drop(client, oldest)
            _ended(client, oldest)

    def _wanted(self, uri):
        return any(client.wishes.wants(uri) for client in self._clients)

    def _drop(self, client, subscription):
        client.wishes.opening.pop(subscription, None)  # what the board agrees to of it is taken back then
        granted = client.wishes.listens.pop(subscription, None)
        if granted:
            self._unwatch(_uris(granted))

    def _unwatch(self, uris):
        for uri in sorted(uris):
            if not self._wanted(uri):
                self._ask("resources/unsubscribe", {"uri": uri})


def _granted(wanted):
    """The filter of a subscriptions/listen, as far as it means something."""
    if not isinstance(wanted, dict):
        raise CallError(INVALID_PARAMS, 'subscriptions/listen needs "notifications", like {"toolsListChanged": true}')
    granted = {name: True for name in CHANGES.values() if wanted.get(name) is True}
    uris = wanted.get("resourceSubscriptions")
    if uris is not None:
        if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
            raise CallError(INVALID_PARAMS, "notifications.resourceSubscriptions must be an array of strings")
        granted["resourceSubscriptions"] = list(dict.fromkeys(uris))
        if len(_uris(granted)) > RESOURCES:
            what = f"{RESOURCES} resources are the most that one subscription can have here"
            raise CallError(LIMIT, what, {"subscriptions": RESOURCES})
    return granted


def _uris(granted):
    return granted.get("resourceSubscriptions", ())


def _all(wishes):
    listens = (*wishes.listens.values(), *wishes.opening.values())
    return wishes.resources | {uri for granted in listens for uri in _uris(granted)}


def _refused(text):
    """True if an answer to resources/subscribe says no. A board that went away has not: it is asked again."""
    error = json.loads(text).get("error")
    return error is not None and error.get("code") not in ABSENCE


def _ended(client, subscription):
    """The result of a subscriptions/listen."""
    result = {"resultType": "complete", "_meta": {_SUBSCRIPTION: json.loads(subscription)}}
    client.send(reply_text(subscription, result))


def _tagged(client, subscription, method, params):
    params = {"_meta": {_SUBSCRIPTION: json.loads(subscription)}, **params}
    client.send(request_text(None, method, params))
