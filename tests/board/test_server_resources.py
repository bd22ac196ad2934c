"""Resources, prompts, completion and subscriptions over the wire, in both eras."""

import json

import pytest
from fake_provider import HostWire, everything
from server_wire import MODERN, SUBSCRIPTION
from wasmote.host import HostError
from wasmote.host.entries import COMPLETE, ELICIT, SUBSCRIBE
from wasmote.jsonrpc import codes
from wasmote.mcp import resources, subscriptions
from wasmote.mcp.lists import PAGE
from wasmote.mcp.server import CALLS, CALLS_OF_ONE

UPDATED = "notifications/resources/updated"


@pytest.fixture
def wire():
    return HostWire()


@pytest.fixture
def all(wire):
    return everything(wire)


# What a client hears first


def test_every_capability_is_announced_before_there_are_components(wire):
    wanted = {
        "tools": {"listChanged": True},
        "resources": {"listChanged": True, "subscribe": True},
        "prompts": {"listChanged": True},
        "completions": {},
        "logging": {},
    }
    assert wire.result("initialize", {"protocolVersion": "2025-06-18"})["capabilities"] == wanted
    assert wire.result("server/discover", modern=True)["capabilities"] == wanted
    for method, key in (
        ("tools/list", "tools"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
        ("prompts/list", "prompts"),
    ):
        assert wire.result(method)[key] == [] and wire.result(method, modern=True)[key] == []


def test_instructions_come_from_the_components_that_have_some(wire, all):
    wire.add("quiet")
    wire.add("other", instructions="Be ü\n")
    for result in (
        wire.result("initialize", {"protocolVersion": "2025-11-25"}),
        wire.result("server/discover", modern=True),
    ):
        assert result["instructions"] == 'all: Say "please".\nother: Be ü\n'
    wire.host.guests = []
    assert "instructions" not in wire.result("initialize", {"protocolVersion": "2025-11-25"})


# Lists


@pytest.mark.parametrize(
    "method, kind, key, name",
    [
        ("resources/list", "resources", "resources", "uri"),
        ("resources/templates/list", "templates", "resourceTemplates", "uriTemplate"),
        ("prompts/list", "prompts", "prompts", "name"),
    ],
)
@pytest.mark.parametrize("modern", [False, True])
def test_lists_come_in_pages(wire, method, kind, key, name, modern):
    names = [f"test:/{i}" for i in range(40)]
    wire.add("many", **{kind: [{name: text, "name": text, "description": "x" * 250} for text in names]})
    seen, pages, params = [], 0, {}
    while True:
        result = wire.result(method, params, modern=modern)
        assert len(json.dumps(result[key])) < PAGE + 1000
        assert modern == ("ttlMs" in result) == ("resultType" in result)
        seen += [entry[name] for entry in result[key]]
        pages += 1
        if "nextCursor" not in result:
            break
        params = {"cursor": result["nextCursor"]}
    assert seen == names and pages > 2


def test_a_cursor_of_another_list_or_an_old_one_is_refused(wire):
    wire.add("many", prompts=[{"name": f"p{i}", "description": "x" * 900} for i in range(9)])
    cursor = wire.result("prompts/list")["nextCursor"]
    for other in (cursor[:-1] + "x", "", "1", "9" + cursor):
        assert wire.error("prompts/list", {"cursor": other})["code"] == codes.INVALID_PARAMS
    assert wire.error("tools/list", {"cursor": cursor})["code"] == codes.INVALID_PARAMS
    wire.add("new", prompts=[{"name": "q"}])
    assert "has changed" in wire.error("prompts/list", {"cursor": cursor})["message"]


# resources/read


@pytest.mark.parametrize("uri", ["test:/a", "test:/b/c", "test:/\u00fc/%20"])
def test_a_resource_is_read_where_it_was_registered(wire, all, uri):
    result = wire.result("resources/read", {"uri": uri})
    assert result == {"contents": [{"uri": uri, "text": "text of " + uri}]}
    result = wire.result("resources/read", {"uri": uri}, modern=True)
    assert result["ttlMs"] == 0 and result["cacheScope"] == "private" and result["resultType"] == "complete"


@pytest.mark.parametrize("uri", ["test:/b", "other:/a", "", "test:/b/c/d"])
def test_a_missing_resource_has_the_code_of_its_era(wire, all, uri):
    old, new = wire.error("resources/read", {"uri": uri}), wire.error("resources/read", {"uri": uri}, modern=True)
    assert old["code"] == codes.RESOURCE_NOT_FOUND == -32002 and new["code"] == codes.INVALID_PARAMS
    assert old["data"] == new["data"] == {"uri": uri} and f'no resource "{uri}"' in old["message"]
    assert all.calls == []


@pytest.mark.parametrize(
    "kind, code",
    [
        ("invalid-params", codes.INVALID_PARAMS),
        ("internal-error", codes.INTERNAL_ERROR),
        ("unsupported-operation", codes.METHOD_NOT_FOUND),
        ("resource-not-found", codes.RESOURCE_NOT_FOUND),
        ("prompt-not-found", codes.INVALID_PARAMS),
        ("parse-error", codes.INVALID_PARAMS),
    ],
)
def test_what_a_component_refuses_is_an_error(wire, all, kind, code):
    all.answers["read-resource"] = lambda uri: HostError(kind, "all: no", b'{"why":1}')
    assert wire.error("resources/read", {"uri": "test:/a"}) == {"code": code, "message": "all: no", "data": {"why": 1}}


def test_params_of_resources_are_checked(wire, all):
    for method in ("resources/read", "resources/subscribe", "resources/unsubscribe"):
        for params in (None, {}, {"uri": 1}):
            error = wire.error(method, params)
            assert error["code"] == codes.INVALID_PARAMS and "params.uri" in error["message"]


def test_an_empty_resource_and_an_empty_prompt(wire, all):
    all.answers["read-resource"] = all.answers["get-prompt"] = lambda *values: []
    assert wire.result("resources/read", {"uri": "test:/a"}) == {"contents": []}
    prompt = wire.result("prompts/get", {"name": "review", "arguments": {"language": "C"}})
    assert prompt == {"description": "Reviews.", "messages": []}


def test_a_resource_waits_for_the_boot(wire, all):
    wire.server.booting = True
    assert wire.send({"id": 1, "method": "resources/read", "params": {"uri": "test:/a"}}) == []
    assert wire.run() == []
    wire.server.ready()
    assert wire.run()[0]["result"]["contents"][0]["uri"] == "test:/a"


# prompts/get


def test_a_prompt_gets_its_arguments(wire, all):
    result = wire.result("prompts/get", {"name": "review", "arguments": {"language": "C"}}, modern=True)
    assert result["description"] == "Reviews." and result["messages"][0]["content"]["text"] == "hi"
    assert "ttlMs" not in result and result["resultType"] == "complete"
    assert all.calls == [("get-prompt", "review", b'{"language": "C"}')]


@pytest.mark.parametrize(
    "params, why",
    [
        ({"name": "nothing"}, 'no prompt "nothing"'),
        ({"name": "review"}, 'needs the argument "language"'),
        ({"name": "review", "arguments": {"language": 3}}, 'the argument "language"'),
        ({"name": "review", "arguments": []}, "params.arguments must be an object"),
        ({"name": 1}, "params.name must be a string"),
        ({}, "params.name is missing"),
    ],
)
def test_a_prompt_that_cannot_be_had_says_why(wire, all, params, why):
    for modern in (False, True):
        error = wire.error("prompts/get", params, modern=modern)
        assert error["code"] == codes.INVALID_PARAMS and why in error["message"]
    assert all.calls == []


# completion/complete


def complete(ref, name, value, **context):
    known = {"context": {"arguments": context}} if context else {}
    return {"ref": ref, "argument": {"name": name, "value": value}, **known}


PROMPT = {"type": "ref/prompt", "name": "review"}
TEMPLATE = {"type": "ref/resource", "uri": "test:/{kind}/{name}"}


@pytest.mark.parametrize(
    "params, asked",
    [
        (complete(PROMPT, "style", "sh"), (3, "review?style=sh")),
        (complete(PROMPT, "style", "ü &", language="C/C++"), (3, "review?language=C%2FC%2B%2B&style=%C3%BC%20%26")),
        (complete(TEMPLATE, "kind", "lo"), (1, "test:/lo")),
        (complete(TEMPLATE, "name", "1", kind="log"), (1, "test:/log/1")),
        (complete(TEMPLATE, "name", ""), (1, "test:/{kind}/")),
    ],
)
def test_completion_asks_the_component_what_was_written_so_far(wire, all, params, asked):
    for modern in (False, True):
        result = wire.result("completion/complete", params, modern=modern)
        assert result["completion"] == {"values": ["one", "two"], "total": 2, "hasMore": False}
    known = list(params.get("context", {"arguments": {}})["arguments"].items())
    argument = params["argument"]
    assert all.calls == [("handle-complete", *asked, (argument["name"], argument["value"], known))] * 2


def test_suggestions_for_a_template_may_be_whole_uris(wire, all):
    all.answers["handle-complete"] = lambda type, value, about: [
        "test:/log/1%2D%C3%BC",
        "test:/log/",
        "other:/x",
        "plain",
    ]
    result = wire.result("completion/complete", complete(TEMPLATE, "name", "1", kind="log"))
    assert result["completion"]["values"] == ["1-ü", "", "other:/x", "plain"]
    all.answers["handle-complete"] = lambda type, value, about: ["test:/log", "test:/list/x"]
    result = wire.result("completion/complete", complete(TEMPLATE, "kind", "l"))
    assert result["completion"]["values"] == ["log", "list"]


def test_a_hundred_suggestions_are_the_most(wire, all):
    all.answers["handle-complete"] = lambda type, value, about: [str(i) for i in range(103)]
    result = wire.result("completion/complete", complete(PROMPT, "style", ""))["completion"]
    assert len(result["values"]) == 100 and result["total"] == 103 and result["hasMore"] is True


def test_a_component_that_offers_no_completion_is_not_asked(wire):
    plain = wire.add("plain", prompts=[{"name": "review"}], resources=[{"uri": "test:/a", "name": "a"}])
    for params in (complete(PROMPT, "style", ""), complete({"type": "ref/resource", "uri": "test:/a"}, "x", "")):
        assert wire.result("completion/complete", params)["completion"]["values"] == []
    assert plain.calls == []


@pytest.mark.parametrize(
    "params, why",
    [
        ({}, "params.ref must be an object"),
        (complete({"type": "ref/tool", "name": "t"}, "a", ""), "ref/prompt or ref/resource, not ref/tool"),
        (complete({"type": "ref/prompt", "name": "x"}, "a", ""), 'no prompt "x"'),
        (complete({"type": "ref/resource", "uri": "x:/{y}"}, "y", ""), 'no resource template "x:/{y}"'),
        (complete(TEMPLATE, "other", ""), 'has no variable "other"'),
        ({"ref": PROMPT}, "params.argument must be an object"),
        ({"ref": PROMPT, "argument": {"name": "style"}}, "params.argument.value is missing"),
        (complete(PROMPT, "style", "", language=1), "a value in params.context.arguments must be a string"),
    ],
)
def test_a_completion_that_makes_no_sense_says_why(wire, all, params, why):
    error = wire.error("completion/complete", params)
    assert error["code"] == codes.INVALID_PARAMS and why in error["message"]


# Subscriptions: handshake era


def test_a_subscriber_hears_of_updates_until_it_has_enough(wire, all):
    assert wire.result("resources/subscribe", {"uri": "test:/a"}) == {}
    assert wire.result("resources/subscribe", {"uri": "test:/a"}) == {}, "again"
    wire.host.on_updated("test:/a")
    wire.host.on_updated("test:/b/c")
    assert wire.lines() == [{"jsonrpc": "2.0", "method": UPDATED, "params": {"uri": "test:/a"}}]
    for _ in range(2):
        assert wire.result("resources/unsubscribe", {"uri": "test:/a"}) == {}
    wire.host.on_updated("test:/a")
    assert wire.lines() == []
    assert all.calls == [("handle-subscribe", "test:/a"), ("handle-unsubscribe", "test:/a")]


def test_what_cannot_be_subscribed_to(wire, all):
    assert wire.error("resources/subscribe", {"uri": "x:/y"})["code"] == codes.RESOURCE_NOT_FOUND
    all.answers["handle-subscribe"] = lambda uri: HostError("unsupported-operation", "all: not this one")
    assert wire.error("resources/subscribe", {"uri": "test:/a"})["message"] == "all: not this one"
    wire.host.on_updated("test:/a")
    assert wire.lines() == []
    assert wire.error("resources/subscribe", {"uri": "x"}, modern=True)["code"] == codes.METHOD_NOT_FOUND


def test_subscriptions_are_limited(wire, all):
    for i in range(resources.WATCHED):
        wire.result("resources/subscribe", {"uri": f"test:/x/{i}"})
    assert wire.error("resources/subscribe", {"uri": "test:/a"})["code"] == codes.LIMIT
    wire.result("resources/unsubscribe", {"uri": "test:/x/3"})
    wire.result("resources/subscribe", {"uri": "test:/a"})


def test_subscribing_twice_at_once_counts_once(wire, all):
    for id in (1, 2):
        wire.send({"id": id, "method": "resources/subscribe", "params": {"uri": "test:/a"}})
    assert [line["id"] for line in wire.run()] == [1, 2]
    wire.result("resources/unsubscribe", {"uri": "test:/a"})
    assert wire.host.watched == {}


# Subscriptions: modern era


def listen(wire, id, **filters):
    lines = wire.send(
        {"id": id, "method": "subscriptions/listen", "params": {"notifications": filters, "_meta": MODERN}}
    )
    return lines + wire.run()


def test_a_listener_hears_of_what_it_asked_for(wire, all):
    (ack,) = listen(wire, "s", resourcesListChanged=True, resourceSubscriptions=["test:/a", "test:/b/c", "x:/y"])
    assert ack["params"] == {
        "_meta": {SUBSCRIPTION: "s"},
        "notifications": {"resourcesListChanged": True, "resourceSubscriptions": ["test:/a", "test:/b/c"]},
    }
    assert all.calls == [("handle-subscribe", "test:/a"), ("handle-subscribe", "test:/b/c")]
    wire.host.on_updated("test:/a")
    (updated,) = wire.lines()
    assert updated == {"jsonrpc": "2.0", "method": UPDATED, "params": {"_meta": {SUBSCRIPTION: "s"}, "uri": "test:/a"}}
    wire.host.lists_changed(["templates", "prompts"])
    wire.server.receive(b'{"jsonrpc":"2.0","method":"notifications/x"}')
    lines = wire.lines()
    assert [line["method"].split("/")[1] for line in lines] == ["resources", "resources", "prompts"]
    assert [line.get("params") for line in lines] == [None, {"_meta": {SUBSCRIPTION: "s"}}, None]


def test_a_cancelled_listener_is_forgotten_by_the_components(wire, all):
    listen(wire, 5, resourceSubscriptions=["test:/a"])
    listen(wire, 6, resourceSubscriptions=["test:/a"])
    for id in (5, 6):
        wire.send({"method": "notifications/cancelled", "params": {"requestId": id}})
        wire.run()
    assert all.calls == [("handle-subscribe", "test:/a"), ("handle-unsubscribe", "test:/a")]
    assert wire.host.watched == {}
    wire.host.on_updated("test:/a")
    assert wire.lines() == []


def test_a_listener_cancelled_while_a_component_is_told(wire, all):
    params = {"notifications": {"resourceSubscriptions": ["test:/a", "test:/b/c"]}, "_meta": MODERN}
    wire.send({"id": 1, "method": "subscriptions/listen", "params": params})
    while not all.calls:
        wire.server.step()
    wire.lines()
    wire.send({"method": "notifications/cancelled", "params": {"requestId": 1}})
    assert wire.run() == []
    assert all.calls == [("handle-subscribe", "test:/a"), ("handle-unsubscribe", "test:/a")]
    assert wire.host.watched == {}


def test_a_listener_cancelled_while_its_resources_are_looked_for(wire, all):
    params = {"notifications": {"resourceSubscriptions": ["test:/b/c"]}, "_meta": MODERN}
    assert wire.send({"id": 1, "method": "subscriptions/listen", "params": params}) == []
    wire.server.step()
    wire.send({"method": "notifications/cancelled", "params": {"requestId": 1}})
    assert wire.run() == [] and all.calls == [] and not wire.server.subscriptions


def test_reads_by_a_template_count_as_calls_of_its_component(wire, all):
    def never(uri):
        while True:
            yield

    all.answers["read-resource"] = never
    for id in range(CALLS_OF_ONE + 1):
        assert wire.send({"id": id, "method": "resources/read", "params": {"uri": f"test:/b/{id}"}}) == []
    (refused,) = wire.run()
    assert refused["id"] == CALLS_OF_ONE and refused["error"]["code"] == codes.BUSY


def test_a_component_that_will_not_tell_does_not_end_the_subscription(wire, all):
    all.answers["handle-subscribe"] = lambda uri: HostError("internal-error", "no")
    (ack,) = listen(wire, 1, resourceSubscriptions=["test:/a"])
    assert ack["params"]["notifications"] == {"resourceSubscriptions": ["test:/a"]}
    wire.host.on_updated("test:/a")
    assert len(wire.lines()) == 1


def test_the_resources_of_a_subscription_are_checked(wire, all):
    def refused(value):
        params = {"notifications": {"resourceSubscriptions": value}}
        return wire.error("subscriptions/listen", params, modern=True)

    assert refused("test:/a")["code"] == refused([1])["code"] == codes.INVALID_PARAMS
    assert refused([f"test:/x/{i}" for i in range(subscriptions.RESOURCES + 1)])["code"] == codes.LIMIT
    (ack,) = listen(wire, 1, resourceSubscriptions=[])
    assert ack["params"]["notifications"] == {"resourceSubscriptions": []}
    (ack,) = listen(wire, 1, resourceSubscriptions=["test:/a", "test:/a"])
    assert ack["params"]["notifications"] == {"resourceSubscriptions": ["test:/a"]}


def never():
    while True:
        yield


def test_however_often_a_client_listens_nothing_piles_up(wire, all):
    all.answers["handle-subscribe"] = lambda uri: never()
    for i in range(200):
        listen(wire, 1, resourceSubscriptions=[f"test:/x/{i}"])
    assert len(wire.server.calls) == 1
    for id in range(2, CALLS + 2):
        assert wire.send({"id": id, "method": "resources/subscribe", "params": {"uri": "test:/a"}}) == []
    error = wire.error("resources/read", {"uri": "test:/a"}, id=99)
    assert error["code"] == codes.BUSY, "what nobody asked for takes no call's place, nor more"


def test_components_hear_once_what_several_listen_to(wire, all):
    for id in (5, 5, 6, 7):
        listen(wire, id, resourceSubscriptions=["test:/a", f"test:/x/{id}"])
    for id in range(subscriptions.MOST):  # each takes the place of an older one
        listen(wire, id, toolsListChanged=True)
    told = [("handle-subscribe", f"test:/{name}") for name in ("a", "x/5", "x/6", "x/7")]
    forgotten = [("handle-unsubscribe", f"test:/{name}") for name in ("x/5", "x/6", "a", "x/7")]
    assert all.calls == told + forgotten
    assert wire.host.watched == {} and wire.server.calls == []


# wasmote/elicit


SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "number", "description": "how many"}, "ü": {"type": "string"}},
    "required": ["n"],
}


def test_a_component_answers_a_question(wire, all):
    wire.host.guests.insert(0, wire.add("deaf"))
    for params in ({}, {"component": "all"}):
        result = wire.result("wasmote/elicit", {"message": "How many?", "requestedSchema": SCHEMA, **params})
        assert result == {"action": "accept", "content": {"answer": 42}}
    fields = [("n", "number", "how many", True), ("ü", "string", None, False)]
    assert all.calls == [("handle-elicit", "How many?", fields)] * 2


@pytest.mark.parametrize(
    "params, code, why",
    [
        ({"component": "deaf"}, codes.NOT_FOUND, 'component "deaf" answers no questions'),
        ({"requestedSchema": None}, codes.INVALID_PARAMS, "params.requestedSchema must be an object"),
        ({"requestedSchema": {}}, codes.INVALID_PARAMS, "requestedSchema.properties must be an object"),
        ({"requestedSchema": {"properties": {"a": 1}}}, codes.INVALID_PARAMS, "the property a must be an object"),
        ({"requestedSchema": {"properties": {"a": {}}}}, codes.INVALID_PARAMS, "type of the property a is missing"),
        ({"requestedSchema": {"properties": {}, "required": 1}}, codes.INVALID_PARAMS, "required must be an array"),
        ({"message": 1}, codes.INVALID_PARAMS, "params.message must be a string"),
    ],
)
def test_a_question_that_cannot_be_asked(wire, all, params, code, why):
    wire.add("deaf")
    error = wire.error("wasmote/elicit", {"message": "m", "requestedSchema": SCHEMA, **params})
    assert error["code"] == code and why in error["message"]


def test_slow_answers_leave_room_for_the_other_components_and_for_management(wire, all):
    all.answers["handle-elicit"] = lambda message, fields: never()
    other = wire.add("other", {"handle-elicit": lambda message, fields: never()}, offers=ELICIT)
    params = {"message": "How many?", "requestedSchema": SCHEMA}
    for id in range(CALLS_OF_ONE):
        assert wire.send({"id": id, "method": "wasmote/elicit", "params": params}) == []
    error = wire.error("wasmote/elicit", {**params, "component": "all"}, id=97)
    assert error["code"] == codes.BUSY and "calls of all" in error["message"]
    for id in range(CALLS_OF_ONE, CALLS):
        assert wire.send({"id": id, "method": "wasmote/elicit", "params": {**params, "component": other.name}}) == []
    error = wire.error("wasmote/elicit", {**params, "component": other.name}, id=98)
    assert error["code"] == codes.BUSY and f"{CALLS} calls are under way" in error["message"]


def test_a_provider_without_subscriptions_is_not_told(wire):
    plain = wire.add("plain", offers=COMPLETE, resources=[{"uri": "test:/p", "name": "p"}])
    assert wire.result("resources/subscribe", {"uri": "test:/p"}) == {} and plain.calls == []
    wire.host.on_updated("test:/p")
    assert len(wire.lines()) == 1
    assert SUBSCRIBE & plain.offers == 0
