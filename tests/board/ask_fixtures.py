"""Fixtures for tests of questions to the client (mcp/ask.py, mcp/parked.py): `pytest_plugins = ["ask_fixtures"]`. A tool asks; `clock` stands still."""

import json

import pytest
from fake_host import Tool
from server_wire import CAPABILITIES, MODERN, Wire
from wasmote.host.questions import ANSWERED, FORM, ROOTS, SAMPLING, URL
from wasmote.mcp import ask, parked

QUESTIONS = {
    "name": ("name", FORM, b'{"message":"Who?"}'),
    "page": ("page", URL, b'{"message":"Go","url":"https://example.com"}'),
    "poem": ("poem", SAMPLING, b'{"messages":[],"maxTokens":9}'),
    "folders": ("folders", ROOTS, b"{}"),
}
ALL = {"sampling": {}, "elicitation": {"form": {}, "url": {}}, "roots": {}}
JOHN = {"action": "accept", "content": {"name": "John"}}
ACCEPTED = (ANSWERED, ["accept", '{"name": "John"}'])

# (the key of a question, what is no answer to it)
WRONG = [
    ("name", 5), ("name", None), ("name", {}), ("name", {"action": "perhaps"}), ("name", {"action": 1}),
    ("name", {"action": "accept", "content": "John"}), ("poem", {"role": "assistant"}), ("folders", {"roots": {}}),
    ("folders", {}),
]  # fmt: skip


def said(what):
    """As JSON has it: a text, or [action, text of the content]."""
    if isinstance(what, tuple):
        return [what[0], str(what[1], "utf-8")]
    return str(what, "utf-8") if isinstance(what, bytes) else what


class Guest:
    name = "asker"


class Asker(Tool):
    """Asks one round after the other, and answers with what it was told, as JSON."""

    guest = Guest()

    def __init__(self, name="asker", *rounds):
        super().__init__(name, self.run)
        self.rounds = rounds or (["name"],)
        self.heard = []  # of every call, also of those nobody waits for
        self.can = None

    def run(self, arguments, notify):
        self.can = notify("can")
        heard = []
        self.heard.append(heard)
        for keys in self.rounds:
            answers = yield from notify("ask", [QUESTIONS[key] for key in keys])
            heard += [[kind, said(what)] for kind, what in answers]
        return [json.dumps(heard)], False


class Holder:
    """A component in a host: what is parked holds it."""

    def __init__(self, name, waits_for=None):
        self.name = name
        self.waits_for = waits_for
        self.wanted = False


@pytest.fixture
def clock(monkeypatch):
    """The time, which stands still; clock[0] is to be set."""
    now = [5000]
    for module in (ask, parked):
        monkeypatch.setattr(module, "ticks_ms", lambda: now[0])
    return now


def asking(*rounds):
    wire = Wire()
    tool = Asker("asker", *rounds)
    wire.host.tools = [tool, Asker("other")]
    return wire, tool


def heard(reply):
    return [tuple(answer) for answer in json.loads(reply["result"]["content"][0]["text"])]


def modern(wire, id=1, capabilities=ALL, name="asker", arguments=None, **params):
    """The reply to a tools/call of the modern era."""
    params = {"name": name, "arguments": arguments or {}, "_meta": {**MODERN, CAPABILITIES: capabilities}, **params}
    lines = wire.send({"id": id, "method": "tools/call", "params": params}) + wire.run(5)
    assert len(lines) == 1 and lines[0]["id"] == id, lines
    return lines[0]
