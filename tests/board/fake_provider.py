"""A provider of Python generators (wasmote.host.entries), and a server over the real host that has it.

The fixtures `wire`, a HostWire, and `all`, everything(wire), are for modules that name them: `wire = fake_provider.wire`.
"""

import json

import pytest
from server_wire import Wire
from wasmote.host import Host, HostError
from wasmote.host.entries import COMPLETE, ELICIT, KINDS, SUBSCRIBE, Entry
from wasmote.jsonrpc import validate
from wasmote.mcp import Server

KEYS = {"tools": "name", "resources": "uri", "templates": "uriTemplate", "prompts": "name"}


class Provider:
    """`answers`: handler -> a function of its values, or a generator function; what it returns is the answer."""

    state = "ready"
    store = error = ended = waits_for = caller = path = None
    untold = False
    memory = 0

    def __init__(self, host, name, answers, offers=0, instructions=None, **entries):
        self.host = host
        self.name = name
        self.answers = answers
        self.offers = offers
        self.instructions = instructions
        self.calls = []
        self.notify = None
        self._entries = {}
        for kind in KINDS:
            texts = entries.get(kind, ())
            self._entries[kind] = [Entry(self, text[KEYS[kind]], json.dumps(text).encode()) for text in texts]

    def entries(self, kind):
        return self._entries[kind]

    def about(self):
        return self.name, "1.0", self.instructions

    def entry(self):
        return {"name": self.name, "state": self.state}

    def end(self, why):
        self.ended = why

    def call(self, handler, values, progress_token=None, notify=None, caller=None):
        values = values[:1] if handler == "read-resource" else values
        self.calls.append((handler, *values))
        self.notify = notify
        self.caller = caller
        yield
        answer = self.answers[handler](*values)
        if hasattr(answer, "send"):
            answer = yield from answer
        if isinstance(answer, HostError):
            raise answer
        return answer


class HostWire(Wire):
    """A Wire whose host is the real one, without storage: `add` gives it providers."""

    def __init__(self):
        super().__init__()
        self.host = Host(validate=validate)
        self.server = Server(self.host, self.written.extend)
        self.host.on_updated = self.server.updated

    def add(self, name, answers=(), **options):
        made = Provider(self.host, name, dict(answers), **options)
        self.host.guests.append(made)
        self.host.lists_changed(KINDS)
        self.server.ready()
        return made


def everything(wire):
    """A provider that has one of everything: its resources are test:/a and test:/{kind}/{name}."""
    return wire.add(
        "all",
        {
            "call-tool": lambda name, arguments: (["called"], False),
            "read-resource": lambda uri: [json.dumps({"uri": uri, "text": "text of " + uri}).encode()],
            "get-prompt": lambda name, arguments: [b'{"role":"user","content":{"type":"text","text":"hi"}}'],
            "handle-subscribe": lambda uri: None,
            "handle-unsubscribe": lambda uri: None,
            "handle-complete": lambda type, value, about: ["one", "two"],
            "handle-elicit": lambda message, fields: b'{"answer":42}',
        },
        offers=SUBSCRIBE | COMPLETE | ELICIT,
        instructions='Say "please".',
        tools=[{"name": "t", "inputSchema": {"type": "object"}}],
        resources=[{"uri": "test:/a", "name": "a", "mimeType": "text/plain"}],
        templates=[{"uriTemplate": "test:/{kind}/{name}", "name": "any"}],
        prompts=[
            {
                "name": "review",
                "description": "Reviews.",
                "arguments": [{"name": "language", "required": True}, {"name": "style"}],
            }
        ],
    )


@pytest.fixture
def wire():
    return HostWire()


@pytest.fixture
def all(wire):
    return everything(wire)


def never():
    """What a provider does that has no answer."""
    while True:
        yield
