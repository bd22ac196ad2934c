# SPDX-License-Identifier: MIT
"""Several boards as one MCP server: clients see one list of tools, and each call finds its board.

    client ── Boards ──┬── Hub ── board          a client has a seat, a hub.Client, at each hub
                       └── Hub ── board

Lists are merged from what each board said last (catalog.py), in the order of the command line, under names that no two of
them have (naming.py). A request for one board goes to it through the client's seat, and what comes back is the board's; what
is for all of them is answered here: initialize, server/discover, ping, lists, log levels and subscriptions.
"""

import asyncio
import functools
import json

from wasmote.jsonrpc.codes import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, RESOURCE_NOT_FOUND

from ..errors import CallError
from ..hub.client import Client
from ..hub.hub import OPENING_PATIENCE
from ..hub.logs import SET_LEVEL
from ..hub.questions import offers
from ..hub.reception import Reception
from ..hub.subscriptions import CHANGES, UPDATED, Subscriptions
from ..hub.tasks import ended
from ..wire.message import error_text, parse, reply_text
from . import static_tools
from .catalog import Catalog, level_of
from .naming import Schemes, board_name, rewritten, shared_names
from .standing_in import LISTS, OPENING, failed_tool, introduction, is_modern, page, reply

_NAMED = {"tools/call": "tools/list", "prompts/get": "prompts/list"}  # by params.name, which the list has
_RESOURCES = ("resources/list", "resources/templates/list")


class Member:
    """One board of several. `name`: None until it is given or the board has said what it is."""

    def __init__(self, hub, name):
        self.hub = hub
        self.name = name
        if name:
            hub.name = f"{name} ({hub.port.url})"
        self.ear = None  # the client through which we hear of changes
        self.catalog = hub.catalog = Catalog(hub, eager=True)

    @property
    def is_there(self):
        return self.hub.connection.state == "ready"

    def uris(self):
        """Its URIs and URI templates."""
        for method, key in zip(_RESOURCES, ("uri", "uriTemplate"), strict=True):
            for entry in self.catalog.entries(method):
                if isinstance(entry.get(key), str):
                    yield entry[key]


class Boards(Reception):
    """`hubs`: [(name or None, Hub)] in order. Towards clients it is like a Hub. `static`: with the tools of static_tools."""

    def __init__(self, hubs, say=lambda text: None, static=False):
        super().__init__(say)
        self._members = [Member(hub, name) for name, hub in hubs]
        self._own_tools = static_tools.TOOLS if static else ()
        self._seats = {}  # client -> its seats, one for each member
        self._tasks = {}  # (client, id text) -> task that answers it
        self._subscriptions = Subscriptions(self.clients, self._watch)
        for member in self._members:
            member.ear = Client(functools.partial(self._heard, member))
            member.ear.wishes.initialized = True
            member.hub.attach(member.ear)

    # --- clients ---------------------------------------------------------------------------------------------------

    def attach(self, client):
        self.clients.append(client)
        self._seats[client] = seats = []
        for member in self._members:
            seats.append(Client(functools.partial(self._from_board, client, member)))
            member.hub.attach(seats[-1])

    def detach(self, client):
        if client in self.clients:
            self.clients.remove(client)
        for key in [key for key in self._tasks if key[0] is client]:
            self._tasks.pop(key).cancel()
        for member, seat in zip(self._members, self._seats.pop(client, ()), strict=False):
            member.hub.detach(seat)
        self._subscriptions.left(client)

    def asked_by(self, client):
        """How many requests of this client have no answer yet."""
        seats = zip(self._members, self._seats.get(client, ()), strict=False)
        return sum(key[0] is client for key in self._tasks) + sum(member.hub.asked_by(seat) for member, seat in seats)

    def end_subscriptions(self, client):
        """Tell a client that its subscriptions end in good order."""
        self._subscriptions.end(client)

    # --- from clients ----------------------------------------------------------------------------------------------

    def _take(self, client, message):
        if not message.is_request:
            if message.method == "notifications/cancelled":
                self._cancelled(client, message.raw("cancelled"))
            for number in range(len(self._members)):  # the answer to a question finds who asked
                self._pass_on(client, number, message.text)
            return
        method = message.method
        if method == "initialize":
            self._meet(client, message)
        if method == "ping":
            client.send(reply(message, {}))
        elif method == SET_LEVEL:
            self._set_level(client, level_of(message))
            client.send(reply(message, {}))
        elif method == "subscriptions/listen" and not _names_resources(message):
            self._subscriptions.listen(client, message)
        elif method in _NAMED and (found := self._named(_NAMED[method], message.params.get("name"))):
            self._ask(client, message, *found)
        else:
            self._answer_later(client, message)

    def _meet(self, client, message):
        client.wishes.initialized = True
        client.asks_for(message.params.get("protocolVersion"))
        for seat in self._seats[client]:
            seat.wishes.initialized = True
            seat.offers = offers(message.params.get("capabilities"))

    def _set_level(self, client, level):
        for member, seat in zip(self._members, self._seats[client], strict=True):
            member.hub.set_level(seat, level)

    def _cancelled(self, client, id_text):
        self._subscriptions.cancelled(client, id_text)
        if client.batches:
            client.batches.cancelled(id_text)
        if task := self._tasks.pop((client, id_text), None):
            task.cancel()

    def _pass_on(self, client, number, text):
        self._members[number].hub.receive(self._seats[client][number], text.encode())

    # --- what needs the lists of all boards ---------------------------------------------------------------------------

    def _answer_later(self, client, message):
        """As soon as each board has said what it has, or is known to be away."""
        if all(member.catalog.is_settled for member in self._members):
            self._answer(client, message)
            return
        key = (client, message.id)
        if key in self._tasks:
            raise CallError(INVALID_REQUEST, f"a request with the id {message.id} is still under way")
        task = self._tasks[key] = asyncio.ensure_future(self._settled(message.method in OPENING))

        def settled(task):
            if self._tasks.get(key) is task:
                del self._tasks[key]
                if not task.cancelled():
                    self._serve(client, message, self._answer)

        task.add_done_callback(settled)

    async def _settled(self, hurry):
        waiting = [asyncio.ensure_future(member.catalog.settled()) for member in self._members]
        try:
            await asyncio.wait(waiting, timeout=OPENING_PATIENCE if hurry else None)
        finally:
            await ended(*waiting)

    def _answer(self, client, message):
        method = message.method
        if method in OPENING:
            client.send(introduction(message, self._about()))
        elif method in LISTS:
            is_modern(message)
            client.send(page(message, self._merged(method)))
        elif method == "tools/call":
            self._call(client, message)
        elif method == "prompts/get":
            if found := self._named("prompts/list", message.params.get("name")):
                self._ask(client, message, *found)
            else:
                raise CallError(INVALID_PARAMS, f"there is no prompt {quoted(message.params.get('name'))} on any board")
        elif method in ("resources/read", "resources/subscribe", "resources/unsubscribe"):
            self._resource(client, message)
        elif method == "completion/complete":
            self._complete(client, message)
        elif method == "subscriptions/listen":
            self._subscriptions.listen(client, message)
        elif len(self._members) == 1:
            self._pass_on(client, 0, message.text)
        elif method.startswith("wasmote/"):
            there = ", ".join(member.hub.port.url for member in self._members)
            what = f"{method} is for one board, and several are here: wasmote COMMAND PORT reaches each ({there})"
            raise CallError(METHOD_NOT_FOUND, what)
        else:
            raise CallError(METHOD_NOT_FOUND, f"method not found: {method[:64]}")

    def _call(self, client, message):
        name = message.params.get("name")
        if not isinstance(name, str):
            raise CallError(INVALID_PARAMS, "params.name is missing: it must be a string")
        try:
            if self._own_tools and name == static_tools.LIST:
                away = [member.hub.away().as_json()["message"] for member in self._members if not member.is_there]
                text = static_tools.listing(self._merged("tools/list", own=False), away)
                client.send(reply(message, {"content": [{"type": "text", "text": text}], "isError": False}))
            elif self._own_tools and name == static_tools.CALL:
                number, there = self._tool(static_tools.wanted(message))
                self._pass_on(client, number, static_tools.unwrapped(message, there))
            else:
                self._ask(client, message, *self._tool(name))
        except static_tools.NoTool as error:
            client.send(failed_tool(message, str(error)))

    def _tool(self, name):
        """(number of the board, the tool's name there), or NoTool."""
        if found := self._named("tools/list", name):
            return found
        for member in self._members:
            if member.name and name.startswith(f"{member.name}_") and not member.is_there:
                raise member.hub.away()  # it may well have such a tool
        also = [known for known, _, there in self._known("tools/list") if there == name]
        names = also or [known for known, _, _ in self._known("tools/list")]
        there = f"There are: {', '.join(names)}"[:512] if names else "No board has a tool now"
        raise static_tools.NoTool(f"There is no tool {quoted(name)} {'any more' if also else 'on any board'}. {there}.")

    def _resource(self, client, message):
        uri = message.params.get("uri")
        if not isinstance(uri, str):
            raise CallError(INVALID_PARAMS, "params.uri is missing: it must be a string")
        if message.method == "resources/read":
            number, there = self._owner(uri, message)
            self._pass_on(client, number, message.replaced({"uri": json.dumps(there)}))
        elif message.method == "resources/unsubscribe":
            if not self._subscriptions.unsubscribe(client, message):
                self._watch(message.method, {"uri": uri})
            client.send(reply(message, {}))
        else:
            number, there = self._owner(uri, message)
            if not self._members[number].is_there:
                raise self._members[number].hub.away()
            self._watch(message.method, {"uri": uri}, functools.partial(self._subscribed, client, message))

    def _subscribed(self, client, message, text):
        answer = parse(text.encode())
        if "result" in answer.value:
            self._subscriptions.subscribed(client, message)
            client.send(reply_text(message.id, {}))
        else:
            client.send(answer.replaced({"id": message.id}))

    def _complete(self, client, message):
        ref = message.params.get("ref")
        ref = ref if isinstance(ref, dict) else {}
        if isinstance(ref.get("uri"), str):
            number, there = self._owner(ref["uri"], message)
            self._pass_on(client, number, message.replaced({"ref-uri": json.dumps(there)}))
        elif found := self._named("prompts/list", ref.get("name")):
            self._pass_on(client, found[0], message.replaced({"ref-name": json.dumps(found[1])}))
        else:
            raise CallError(INVALID_PARAMS, f"there is no prompt {quoted(ref.get('name'))} on any board")

    def _ask(self, client, message, number, there):
        """A request with params.name goes to the board that calls it `there`."""
        same = message.params["name"] == there
        self._pass_on(client, number, message.text if same else message.replaced({"name": json.dumps(there)}))

    # --- who has what ------------------------------------------------------------------------------------------------

    def _names(self):
        """The boards' names. One that was not given is the board's own, and stays for good."""
        for member in self._members:
            if member.name is None and (said := member.hub.connection.told("firmware").get("board")):
                member.name = board_name(said, [other.name for other in self._members if other.name])
        taken = [member.name for member in self._members if member.name]
        return [member.name or board_name(f"board{number}", taken) for number, member in enumerate(self._members, 1)]

    def _known(self, method):
        """[(name for clients, number of the board, name there)] of all that a list has."""
        own = [tool["name"] for tool in self._own_tools] if method == "tools/list" else []
        there = [
            [entry["name"] for entry in member.catalog.entries(method) if isinstance(entry.get("name"), str)]
            for member in self._members
        ]
        known = shared_names(list(zip(self._names(), there, strict=True)), own)
        return [
            (name, number, original)
            for number, names in enumerate(known)
            for name, original in zip(names, there[number], strict=True)
        ]

    def _named(self, method, name):
        """(number of the board, name there) of a tool or prompt, None if no board has it."""
        for known, number, there in self._known(method):
            if known == name:
                return number, there
        return None

    def _schemes(self):
        return Schemes(list(zip(self._names(), (list(member.uris()) for member in self._members), strict=True)))

    def _owner(self, uri, message):
        """(number of the board, URI there)"""
        owners = self._schemes().owners(uri)
        if len(owners) == 1:
            return owners[0]
        data = {"uri": uri}
        code = INVALID_PARAMS if is_modern(message) else RESOURCE_NOT_FOUND
        if owners:
            names = " or ".join(self._schemes().known(number, there) for number, there in owners)
            raise CallError(code, f"{quoted(uri)} may be on several boards: say {names}", data)
        raise CallError(code, f"there is no resource {quoted(uri)} on any board", data)

    def _merged(self, method, own=True):
        if method in _RESOURCES:
            schemes = self._schemes()
            key = "uri" if method == "resources/list" else "uriTemplate"
            return [
                {**entry, key: schemes.known(number, entry[key])}
                for number, member in enumerate(self._members)
                for entry in member.catalog.entries(method)
                if isinstance(entry.get(key), str)
            ]
        known = iter(self._known(method))
        entries = [
            {**entry, "name": next(known)[0]}
            for member in self._members
            for entry in member.catalog.entries(method)
            if isinstance(entry.get("name"), str)
        ]
        return [*entries, *(self._own_tools if own and method == "tools/list" else ())]

    def _about(self):
        """What the boards say of themselves, together."""
        capabilities, instructions = {}, []
        for name, member in zip(self._names(), self._members, strict=True):
            about = member.catalog.about or {"instructions": member.catalog.absence()}
            capabilities.update(about.get("capabilities") or {})
            if about.get("instructions"):
                instructions.append(f"{name}: {about['instructions']}")
        return {"capabilities": capabilities, "instructions": "\n".join(instructions)}

    # --- from boards -------------------------------------------------------------------------------------------------

    def _from_board(self, client, member, text):
        """What a client's seat is told."""
        message = parse(text.encode())
        if message.method in CHANGES or message.method == UPDATED:
            return  # our ear hears it too
        number = self._members.index(member)
        if message.is_reply and "result" in message.value and (schemes := self._schemes()).rewrites(number):
            rewritten(message.value["result"], functools.partial(schemes.known, number))
            text = json.dumps(message.value, separators=(",", ":"))
        client.send(text)

    def _heard(self, member, text):
        """A list of a board's has changed, or a resource that somebody watches."""
        message = parse(text.encode())
        if message.method in CHANGES:
            self._subscriptions.changed(message.method)
        elif message.method == UPDATED and isinstance(uri := message.params.get("uri"), str):
            known = self._schemes().known(self._members.index(member), uri)
            self._subscriptions.updated(parse(message.replaced({"uri": json.dumps(known)}).encode()))

    def _watch(self, method, params, answered=None):
        """resources/subscribe or unsubscribe at the board that has a resource. False: it is away."""
        owners = self._schemes().owners(params["uri"])
        if len(owners) != 1:
            error = CallError(RESOURCE_NOT_FOUND, f"there is no resource {quoted(params['uri'])} on any board", params)
            if answered:
                answered(error_text("0", error))
            return True
        number, uri = owners[0]
        member = self._members[number]
        watched = member.ear.wishes.resources
        watched.add(uri) if method == "resources/subscribe" else watched.discard(uri)

        def heard(text):
            if method == "resources/subscribe" and "error" in json.loads(text):
                watched.discard(uri)
            if answered:
                answered(text)

        return member.hub.ask_for_ourselves(method, {"uri": uri}, heard)


def _names_resources(message):
    """Whether a subscriptions/listen names resources, whose boards must be known."""
    wanted = message.params.get("notifications")
    return isinstance(wanted, dict) and bool(wanted.get("resourceSubscriptions"))


def quoted(name):
    return json.dumps(name if isinstance(name, str) else None)[:80]
