"""Resources, prompts and completion over the wire, in both eras."""

import json

import fake_provider
import pytest
from wasmote.host import HostError
from wasmote.jsonrpc import codes
from wasmote.mcp.lists import PAGE

wire = fake_provider.wire  # fixtures
all = fake_provider.all


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
