"""wasi:mcp/client between components: who may reach whom, what arrives, who waits for whom, what ends with whom."""

import json
from types import SimpleNamespace

import fake_provider
import pytest
from host_guests import refused_in_full, together
from wasmote.host import HostError, client
from wasmote.host.client import Client
from wasmote.host.config import Config
from wasmote.host.host import Host
from wasmote.host.structured import Content
from wasmote.jsonrpc import validate
from wasmote.jsonrpc.fits import doubt
from wasmote.wasm import drive

INVALID_REQUEST, INVALID_PARAMS, INTERNAL_ERROR, NO_RESOURCE, NO_TOOL, NO_PROMPT, UNSUPPORTED = 1, 3, 4, 5, 6, 7, 8


wire = fake_provider.wire  # fixtures
all = fake_provider.all


def a_client(wire, name="caller", peers=("*",)):
    """The Client of a new provider that may reach `peers`."""
    provider = wire.add(name)
    provider.config = type("Config", (Config,), {"peers": peers})
    heard = []
    runtime = SimpleNamespace(guest=provider, host=wire.host, validate=validate, loaded=True)
    runtime.notify = lambda *what: heard.append(what)
    made = Client(SimpleNamespace(runtime=runtime))
    made.heard = heard
    return made


def connected(wire, name="all", **options):
    it = a_client(wire, **options)
    failed, id = it.connect(name)
    assert not failed, id
    it.initialize(id, "test", "1")
    return it, id


def outcome(result):
    """A result, of a function that may be a generator."""
    return drive(result) if hasattr(result, "send") else result


def refused(result):
    """(code, message)"""
    return refused_in_full(outcome(result))[:2]


def test_arguments_that_do_not_fit_never_reach_the_other_one(wire, all):
    wire.host.doubt = doubt
    all.entries("tools")[
        0
    ].json = b'{"name":"t","inputSchema":{"required":["n"],"properties":{"n":{"type":"integer"}}}}'
    it, id = connected(wire)
    answer = outcome(it.call_tool(id, "t", b'{"n":"x"}'))
    said = 't: "n" must be an integer, it is a string ("x"); t takes n (integer)'
    assert answer == (0, ([(0, ("text", said, None))], True)) and all.calls == []
    assert outcome(it.call_tool(id, "t", b'{"n":1}'))[1][1] is False and len(all.calls) == 1


# Connecting


@pytest.mark.parametrize("endpoint", ["all", "wasmote:all"])
def test_a_component_is_reached_by_its_name(wire, all, endpoint):
    it = a_client(wire)
    failed, id = it.connect(endpoint)
    assert not failed
    assert it.initialize(id, "me", "2") == (0, ("all", "1.0"))
    assert it.disconnect(id) == (0, None)
    assert refused(it.disconnect(id)) == (INVALID_REQUEST, f'there is no connection "{id}"')
    assert refused(it.call_tool(id, "t", b"{}"))[0] == INVALID_REQUEST


@pytest.mark.parametrize("endpoint", ["http://x", "stdio:", "wasmote:a/b", "wss://all"])
def test_nothing_but_this_board_is_reached(wire, all, endpoint):
    code, message = refused(a_client(wire).connect(endpoint))
    assert code == UNSUPPORTED and "only components of this board" in message


def test_one_that_is_not_there(wire):
    assert refused(a_client(wire).connect("nobody"))[0] == INTERNAL_ERROR


def test_initialize_comes_first(wire, all):
    it = a_client(wire)
    _, id = it.connect("all")
    for result in (it.call_tool(id, "t", b"{}"), it.read_resource(id, "test:/a"), it.get_prompt(id, "review", None)):
        assert refused(result) == (INVALID_REQUEST, "initialize comes first on a connection")
    assert refused(it.initialize("other", "", ""))[0] == INVALID_REQUEST


def test_connections_are_counted(wire, all):
    it = a_client(wire)
    ids = [it.connect("all")[1] for _ in range(client.MOST)]
    assert len(set(ids)) == client.MOST
    assert "8 connections are open" in refused(it.connect("all"))[1]
    it.disconnect(ids[3])
    assert it.connect("all")[0] == 0


@pytest.mark.parametrize(
    "peers, connects, calls, reads",
    [
        ((), False, False, False),
        (("other", "al", "all2"), False, False, False),
        (("all",), True, True, True),
        (("*",), True, True, True),
        (("other", "all/t"), True, True, False),
        (("all/other",), True, False, False),
    ],
)
def test_only_peers_are_reached(wire, all, peers, connects, calls, reads):
    it = a_client(wire, peers=peers)
    failed, id = it.connect("all")
    assert failed != connects
    if failed:
        assert id[0] == INVALID_REQUEST and 'caller may not reach "all"' in id[1] and "configuration" in id[1]
        return
    it.initialize(id, "", "")
    assert (outcome(it.call_tool(id, "t", b"{}"))[0] == 0) == calls
    assert (outcome(it.read_resource(id, "test:/a"))[0] == 0) == reads
    assert (outcome(it.get_prompt(id, "review", b'{"language":"C"}'))[0] == 0) == reads


# What arrives


def test_content_arrives_in_its_kinds(wire, all):
    it, id = connected(wire)
    blocks = [
        "plain",
        {"type": "text", "text": "a", "annotations": {"priority": 0.5, "audience": ["user"]}},
        {"type": "image", "data": "QQ==", "mimeType": "image/png"},
        {"type": "resource", "resource": {"uri": "x:/", "mimeType": "text/plain", "text": "hi"}},
        {"type": "resource_link", "uri": "x:/", "name": "n", "description": "d"},
        {"type": "audio", "data": "QUI=", "mimeType": "audio/wav"},
        {"type": "video", "url": "x"},
    ]
    made = [block if isinstance(block, str) else json.dumps(block).encode() for block in blocks]
    all.answers["call-tool"] = lambda name, arguments: (made, True)
    failed, (content, is_error) = outcome(it.call_tool(id, "t", b' {"a": 1}\n'))
    assert not failed and is_error is True
    assert content == [
        (0, ("text", "plain", None)),
        (0, ("text", "a", (0.5, ["user"], None))),
        (1, ("image", "QQ==", "image/png", None)),
        (2, ("resource", "x:/", "text/plain", "hi", None, None)),
        (3, ("resource_link", "x:/", "n", "d", None, None)),
        (2, ("resource", "audio:", "audio/wav", None, "QUI=", None)),
        (0, ("text", '{"type": "video", "url": "x"}', None)),
    ]
    assert all.calls == [("call-tool", "t", b'{"a": 1}')]


@pytest.mark.parametrize(
    "blocks, added", [([], True), ([b'{"type":"image","data":"","mimeType":"x/y"}'], True), (["t"], False)]
)
def test_structured_content_is_a_text_when_there_is_no_other(wire, all, blocks, added):
    it, id = connected(wire)
    made = Content(blocks)
    made.structured = b'{"a":"\\u00fc"}'
    all.answers["call-tool"] = lambda name, arguments: (made, False)
    _, (content, _) = outcome(it.call_tool(id, "t", b"{}"))
    assert len(content) == len(blocks) + added
    assert ((0, ("text", '{"a":"\\u00fc"}', None)) in content) == added


def test_resources_and_prompts_arrive(wire, all):
    it, id = connected(wire)
    all.answers["read-resource"] = lambda uri: [
        json.dumps({"uri": uri, "mimeType": "text/x", "text": "T"}).encode(),
        json.dumps({"uri": "test:/other", "blob": "QQ=="}).encode(),
    ]
    assert outcome(it.read_resource(id, "test:/a")) == (
        0,
        ([(0, ("text/x", "T", None)), (2, ("resource", "test:/other", None, None, "QQ==", None))],),
    )
    assert outcome(it.get_prompt(id, "review", b'{"language":"C"}')) == (0, ([(1, (0, ("text", "hi", None)))],))
    assert all.calls[-1] == ("get-prompt", "review", b'{"language":"C"}')


def test_what_cannot_be_called_says_why(wire, all):
    it, id = connected(wire)
    wire.add("other", tools=[{"name": "o"}], resources=[{"uri": "o:/"}], prompts=[{"name": "o"}])
    assert refused(it.call_tool(id, "o", b"{}")) == (NO_TOOL, 'all has no tool "o"')
    assert refused(it.read_resource(id, "o:/")) == (NO_RESOURCE, 'all has no resource "o:/"')
    assert refused(it.read_resource(id, "none:/"))[0] == NO_RESOURCE
    assert refused(it.get_prompt(id, "o", None)) == (NO_PROMPT, 'all has no prompt "o"')
    assert refused(it.get_prompt(id, "review", b"{}"))[0] == INVALID_PARAMS
    for arguments in (b"[]", b"{", b'{"a":}', b"x"):
        assert refused(it.call_tool(id, "t", arguments))[0] == INVALID_PARAMS
        assert refused(it.get_prompt(id, "review", arguments))[0] == INVALID_PARAMS
    assert all.calls == []
    outcome(it.call_tool(id, "t", b""))
    assert all.calls == [("call-tool", "t", b"{}")]


def test_an_error_of_the_other_component_arrives(wire, all):
    it, id = connected(wire)
    all.answers["read-resource"] = lambda uri: HostError("resource-not-found", "all: gone", b'{"x":1}')
    assert outcome(it.read_resource(id, "test:/a")) == (1, (NO_RESOURCE, "all: gone", b'{"x":1}'))
    all.answers["read-resource"] = lambda uri: HostError("limit", "no", {"dict": 1})
    assert outcome(it.read_resource(id, "test:/a")) == (1, (INTERNAL_ERROR, "no", None))


def test_a_component_that_is_gone(wire, all):
    it, id = connected(wire)
    wire.host.guests.remove(all)
    assert refused(it.call_tool(id, "t", b"{}")) == (INTERNAL_ERROR, 'the component "all" is gone')
    assert refused(it.initialize(id, "", ""))[0] == INTERNAL_ERROR


def test_the_other_component_is_heard_where_the_caller_is(wire, all):
    it, id = connected(wire)
    outcome(it.call_tool(id, "t", b"{}"))
    all.notify("log", "info", "all", "hello", None)
    assert it.heard == [("log", "info", "all", "hello", None)]


# Waiting


def calling(it, id):
    """A handler that calls "t" through a Client."""

    def call_tool(name, arguments):
        result = yield from it.call_tool(id, "t", b"{}")
        return [json.dumps(result)], False

    return call_tool


def chain(wire, *names):
    """Each provider's tool "t" calls that of the next one; the last answers "end". Returns the first one's Client."""
    clients = [a_client(wire, name) for name in names]
    for it, name in zip(clients, names[1:], strict=False):
        _, id = it.connect(name)
        it.initialize(id, "", "")
        it.guest.answers["call-tool"] = calling(it, id)
    clients[-1].guest.answers["call-tool"] = lambda name, arguments: (["end"], False)
    for it in clients:
        it.guest._entries["tools"] = [SimpleNamespace(guest=it.guest, name="t", json=b"{}")]
    return clients


def test_a_component_does_not_call_itself_or_in_a_circle(wire):
    a, b = chain(wire, "a", "b")
    _, back = b.connect("a")
    b.initialize(back, "", "")
    b.guest.answers["call-tool"] = calling(b, back)
    text = drive(a.guest.call("call-tool", ("t", b"{}")))[0][0]
    assert "a waits for b already" in text and a.guest.waits_for is b.guest.waits_for is None
    _, itself = a.connect("a")
    a.initialize(itself, "", "")
    assert "cannot call themselves" in refused(a.call_tool(itself, "t", b"{}"))[1]


def test_two_that_call_each_other_at_once_do_not_wait_for_ever(wire):
    a, b = chain(wire, "a", "b")
    _, back = b.connect("a")
    b.initialize(back, "", "")
    b.guest.answers["call-tool"] = calling(b, back)
    results = together(a.guest.call("call-tool", ("t", b"{}")), b.guest.call("call-tool", ("t", b"{}")))
    assert sum("in a circle" in json.dumps(result) for result in results) >= 1


def test_three_in_a_row_are_the_most(wire):
    clients = chain(wire, "a", "b", "c", "d")
    text = json.dumps(drive(clients[0].guest.call("call-tool", ("t", b"{}"))))
    assert "d was not called: 3 components in a row are the most" in text
    text = json.dumps(drive(clients[1].guest.call("call-tool", ("t", b"{}"))))
    assert "end" in text and "the most" not in text
    assert [it.guest.waits_for for it in clients] == [None] * 4


def test_who_waits_for_its_turn_is_in_no_row(wire):
    """Four passed where another one, that nobody calls, waited for the third, too."""
    other = a_client(wire, "other")
    clients = chain(wire, "a", "b", "c", "d")
    other.guest.waits_for = clients[2].guest
    text = json.dumps(drive(clients[0].guest.call("call-tool", ("t", b"{}"))))
    assert "d was not called: 3 components in a row are the most" in text
    clients[1].guest.waits_for = clients[2].guest
    clients[0].guest.waits_for = clients[1].guest
    assert drive(clients[2].guest.call("call-tool", ("t", b"{}")))[0] == [
        json.dumps([0, [[[0, ["text", "end", None]]], False]])
    ]


def test_a_caller_that_is_cancelled_lets_go(wire, all):
    ended = []

    def forever(name, arguments):
        try:
            while True:
                yield
        finally:
            ended.append(name)

    all.answers["call-tool"] = forever
    it, id = connected(wire)
    steps = it.call_tool(id, "t", b"{}")
    for _ in range(3):
        next(steps)
    assert it.guest.waits_for is all
    steps.close()
    assert it.guest.waits_for is None and ended == ["t"]


def test_nobody_is_called_while_the_caller_starts(wire, all):
    it, id = connected(wire)
    it.runtime.loaded = False
    assert "not while it starts" in refused(it.call_tool(id, "t", b"{}"))[1]


def test_all_wait_when_every_stack_is_held_by_one_that_waits():
    host = Host(validate=validate)
    host.stacks.taken = 2
    host.guests = [SimpleNamespace(waits_for=1), SimpleNamespace(waits_for=None)]
    assert not host.all_wait()
    host.guests[1].waits_for = 1
    assert host.all_wait()
