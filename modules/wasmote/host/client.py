"""wasi:mcp/client: a guest calls the other components of its board. Imported with the first guest that imports it.

    connect        endpoint: the name of a component, or "wasmote:" and its name   ->  a connection's id
    initialize     must come first on a connection                                 ->  name and version of its server-info
    call-tool, read-resource, get-prompt                                           ->  as that component answers
    disconnect

Reached is what the caller's configuration names as peers: "component", "component/tool" or "*"; nothing without. The call
is the host's: a generator that runs the other component's handler in its own instance, stack and time limit, while the
caller waits, with its own time running. What the other one logs goes where the caller's messages go; its progress is
nobody's. Whoever waits cannot be called, so a circle of components that wait for each other is refused, by whoever would
close it, and so is a fourth component in a row. When the caller is cancelled or stopped, the call it waits for ends too.
A connection is a name: no memory of the other component is held by it, and it ends with the instance that made it.

Kinds of content that wasi:mcp has no case for arrive as embedded resources (audio), else as their JSON text;
structured content as its JSON text, when there is no other text.
"""

import json

from .entries import loads
from .errors import CODES, HostError, failed

MOST = 8  # connections of one guest
DEEP = 3  # components that may stand in a row, each waiting for the next: all run on one C stack
_SCHEME = "wasmote:"
_ROLES = ("system", "user", "assistant")


class Client:
    """The methods are the interface's functions, for one instance of a guest."""

    def __init__(self, imports):
        self.runtime = imports.runtime
        self.guest = imports.runtime.guest
        self.host = imports.runtime.host
        self.connections = {}  # id -> [name of the component, whether initialize was called]
        self._last = 0

    def connect(self, endpoint):
        name = endpoint[len(_SCHEME) :] if endpoint.startswith(_SCHEME) else endpoint
        if ":" in name or "/" in name:
            what = '"%s" cannot be reached: only components of this board, as wasmote:NAME' % endpoint[:64]
            return failed("unsupported-operation", what)
        if not self._allowed(name, "", any_tool=True):
            return failed("invalid-request", self._not_granted(name))
        if self._find(name) is None:
            return failed("internal-error", 'there is no component "%s" on this board' % name[:64])
        if len(self.connections) >= MOST:
            return failed("internal-error", "%d connections are open, the most of one component: disconnect" % MOST)
        self._last += 1
        id = "%s-%d" % (name, self._last)
        self.connections[id] = [name, False]
        return 0, id

    def initialize(self, id, client_name, client_version):
        """The client's name and version are for servers who want to know: components cannot."""
        connection = self.connections.get(id)
        if connection is None:
            return _unknown(id)
        provider = self._find(connection[0])
        if provider is None:
            return _gone(connection[0])
        connection[1] = True
        about = provider.about()
        return 0, (about[0], about[1]) if about else (provider.name, "")

    def disconnect(self, id):
        if id not in self.connections:
            return _unknown(id)
        del self.connections[id]
        return 0, None

    def call_tool(self, id, tool, arguments):
        provider, wrong = self._provider(id, tool)
        if wrong:
            return wrong
        entry = _has(provider, "tools", tool)
        if not entry:
            return failed("tool-not-found", '%s has no tool "%s"' % (provider.name, tool[:64]))
        arguments = arguments.strip() or b"{}"
        if arguments[:1] != b"{" or self.runtime.validate(arguments):
            return failed("invalid-params", "the arguments of a tool must be the JSON text of an object")
        doubt = self.host.doubt and self.host.doubt(tool, entry.json, arguments)
        return self._ask(provider, "call-tool", (tool, arguments), _tool_result, doubt)

    def read_resource(self, id, uri):
        provider, wrong = self._provider(id, "")
        if wrong:
            return wrong
        return self._ask(provider, "read-resource", (uri,), lambda contents: _contents(contents, uri))

    def get_prompt(self, id, name, arguments):
        from .prompts import check

        provider, wrong = self._provider(id, "")
        if wrong:
            return wrong
        prompt = _has(provider, "prompts", name)
        if prompt is None:
            return failed("prompt-not-found", '%s has no prompt "%s"' % (provider.name, name[:64]))
        if arguments is not None:
            arguments = arguments.strip()
            if arguments[:1] != b"{" or self.runtime.validate(arguments):
                return failed("invalid-params", "the arguments of a prompt must be the JSON text of an object")
        try:
            check(prompt, arguments)
        except HostError as error:
            return failed("invalid-params", str(error))
        return self._ask(provider, "get-prompt", (name, arguments), _messages)

    def _ask(self, provider, handler, values, convert, doubt=None):
        """A generator: calls another component's handler, and returns the result of the interface's function.

        doubt    None, or what Host.doubt has to say first
        """
        guest = self.guest
        if handler == "read-resource":  # not in a generator of its own: each takes 300 bytes of a board's C stack
            from .resources import find

            entry = yield from find(self.host, values[0])
            if entry is None or entry.guest is not provider:
                return failed("resource-not-found", '%s has no resource "%s"' % (provider.name, values[0][:128]))
            values = values[0], entry.name
        why = (yield from doubt) if doubt else None
        if why:
            return 0, convert(([why], True))
        why = self._stands_in_the_way(provider)
        if why:
            return failed("internal-error", why)
        guest.waits_for = provider  # at once: whoever would close a circle sees it
        try:
            answer = yield from provider.call(handler, values, None, self.runtime.notify, guest)
        except HostError as error:
            kind = "unsupported-operation" if error.kind == "missing-capability" else error.kind
            kind = kind if kind in CODES else "internal-error"
            return failed(kind, str(error), error.data if isinstance(error.data, bytes) else None)
        finally:
            guest.waits_for = None
        return 0, convert(answer)

    def _stands_in_the_way(self, provider):
        """Why the guest must not wait for a component, or None."""
        guest = self.guest
        if not self.runtime.loaded:
            return "a component can call others only while it serves a call, not while it starts"
        waiting = provider
        while waiting is not None:
            if waiting is guest:
                return "%s waits for %s already: components cannot call themselves, or each other in a circle" % (
                    provider.name,
                    guest.name,
                )
            waiting = waiting.waits_for
        deep = 2
        caller = guest.caller
        while caller is not None:
            deep += 1
            caller = caller.caller
        if deep > DEEP:
            return "%s was not called: %d components in a row are the most" % (provider.name, DEEP)
        return None

    # Who may be reached

    def _provider(self, id, tool):
        """(the provider at the other end, None) or (None, the result that says why not). `tool`: "" for other things."""
        connection = self.connections.get(id)
        if connection is None:
            return None, _unknown(id)
        name, ready = connection
        if not ready:
            return None, failed("invalid-request", "initialize comes first on a connection")
        if not self._allowed(name, tool):
            return None, failed("invalid-request", self._not_granted(name + "/" + tool if tool else name))
        provider = self._find(name)
        return (None, _gone(name)) if provider is None else (provider, None)

    def _find(self, name):
        for provider in self.host.guests:
            if provider.name == name:
                return provider
        return None

    def _allowed(self, name, tool, any_tool=False):
        for peer in self.guest.config.peers:
            if peer == "*" or peer == name or (tool and peer == name + "/" + tool):
                return True
            if any_tool and peer.startswith(name + "/"):
                return True
        return False

    def _not_granted(self, what):
        return '%s may not reach "%s": its configuration must name it (wasmote configure --peer)' % (
            self.guest.name,
            what[:128],
        )


def _has(provider, kind, name):
    for entry in provider.entries(kind):
        if entry.name == name:
            return entry
    return None


def _unknown(id):
    return failed("invalid-request", 'there is no connection "%s"' % id[:64])


def _gone(name):
    return failed("internal-error", 'the component "%s" is gone' % name)


# Answers of a provider, to values of wasi:mcp/content


def _tool_result(answer):
    """Structured content has no place in wasi:mcp's tool-result: it is a text, unless there is a text that says it."""
    content, is_error = answer
    blocks = [_block(block) for block in content]
    structured = getattr(content, "structured", None)
    if structured is not None and 0 not in [case for case, _ in blocks]:
        blocks.append((0, ("text", str(structured, "utf-8"), None)))
    return blocks, is_error


def _contents(contents, uri):
    """A text of the resource itself is a text block whose content-type is its media type; what else, an embedded resource."""
    blocks = []
    for text in contents:
        content = loads(text)
        if content.get("text") is not None and content["uri"] == uri:
            blocks.append((0, (content.get("mimeType") or "text", content["text"], None)))
        else:
            blocks.append(_embedded(content, None))
    return (blocks,)


def _messages(messages):
    made = []
    for text in messages:
        message = loads(text)
        made.append((_ROLES.index(message["role"]), _content(message["content"])))
    return (made,)


def _block(block):
    return (0, ("text", block, None)) if isinstance(block, str) else _content(loads(bytes(block)))


def _content(block):
    """The content-block for a block of MCP."""
    kind = block["type"]
    annotations = _annotations(block.get("annotations"))
    if kind == "text":
        return 0, ("text", block["text"], annotations)
    if kind == "image":
        return 1, ("image", block["data"], block["mimeType"], annotations)
    if kind == "resource":
        return _embedded(block["resource"], annotations)
    if kind == "resource_link":
        get = block.get
        return 3, ("resource_link", block["uri"], block["name"], get("description"), get("mimeType"), annotations)
    if kind == "audio":
        return 2, ("resource", "audio:", block["mimeType"], None, block["data"], annotations)
    return 0, ("text", json.dumps(block), annotations)


def _embedded(resource, annotations):
    get = resource.get
    return 2, ("resource", resource["uri"], get("mimeType"), get("text"), get("blob"), annotations)


def _annotations(annotations):
    if annotations is None:
        return None
    return annotations.get("priority"), annotations.get("audience"), None
