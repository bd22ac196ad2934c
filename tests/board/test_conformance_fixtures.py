"""The components of tests/fixtures/conformance answer what the official suite's descriptions say, to the letter: its
scenarios look at parts of it only (tests/e2e/test_conformance.py)."""

import json

import pytest
from conftest import ROOT
from host_guests import example, push
from server_wire import Wire

pytest_plugins = ["host_fixtures"]

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
IMAGE = {"type": "image", "data": PIXEL, "mimeType": "image/png"}
WAV = "UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAoMCggGBAYA=="
DATA = '{"id":"1 \\"2\\"","templateTest":true,"data":"Data for ID: 1 \\"2\\""}'


def text(what):
    return {"type": "text", "text": what}


def resource(uri, mime_type, what):
    return {"type": "resource", "resource": {"uri": uri, "mimeType": mime_type, "text": what}}


@pytest.fixture
def wire(host):
    example("interview")  # makes all components
    made = Wire()
    made.host = made.server.host = host
    for name in ("content", "resources"):
        push(host, name, (ROOT / f"build/conformance/{name}.wasm").read_bytes())
    made.server.ready()
    return made


@pytest.mark.parametrize("tool, content", [
    ("test_simple_text", [text("This is a simple text response for testing.")]),
    ("test_image_content", [IMAGE]),
    ("test_audio_content", [{"type": "audio", "mimeType": "audio/wav", "data": WAV}]),
    ("test_embedded_resource", [resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")]),
    ("test_multiple_content_types", [
        text("Multiple content types test:"),
        IMAGE,
        resource("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ]),
])  # fmt: skip
def test_tools(wire, tool, content):
    assert wire.result("tools/call", {"name": tool}) == {"content": content, "isError": False}


def test_a_tool_that_fails(wire):
    said = text("This tool intentionally returns an error for testing")
    assert wire.result("tools/call", {"name": "test_error_handling"}) == {"content": [said], "isError": True}


def test_progress_and_logs(wire):
    def said(tool):
        params = {"name": tool, "_meta": {"progressToken": "p"}}
        return [
            line.get("params")
            for line in wire.send({"id": 1, "method": "tools/call", "params": params}) + wire.run(10**9)
        ]

    assert said("test_tool_with_progress")[:-1] == [
        {"progressToken": "p", "progress": done, "total": 100} for done in (0, 50, 100)
    ]
    logged = [(one["level"], one["logger"], one["data"]) for one in said("test_tool_with_logging")[:-1]]
    texts = ["Tool execution started", "Tool processing data", "Tool execution completed"]
    assert logged == [("info", "content", one) for one in texts]


@pytest.mark.parametrize(
    "tool, kind", [("test_trigger_tool_change", "tools"), ("test_trigger_prompt_change", "prompts")]
)
def test_changes_of_lists(wire, tool, kind):
    lines = wire.send({"id": 1, "method": "tools/call", "params": {"name": tool}}) + wire.run(10**9)
    assert {"jsonrpc": "2.0", "method": f"notifications/{kind}/list_changed"} in lines


@pytest.mark.parametrize("uri, contents", [
    ("test://static-text", {"mimeType": "text/plain", "text": "This is the content of the static text resource."}),
    ("test://static-binary", {"mimeType": "image/png", "blob": PIXEL}),
    ('test://template/1 "2"/data', {"mimeType": "application/json", "text": DATA}),
])  # fmt: skip
def test_resources(wire, uri, contents):
    assert wire.result("resources/read", {"uri": uri}) == {"contents": [{"uri": uri, **contents}]}


def test_a_resource_knows_whether_it_is_watched(wire):
    uri = {"uri": "test://watched-resource"}
    for method, says in (("subscribe", "Somebody watches"), ("unsubscribe", "Nobody watches")):
        wire.result(f"resources/{method}", uri)
        assert wire.result("resources/read", uri)["contents"][0]["text"].startswith(says)


@pytest.mark.parametrize("name, arguments, contents", [
    ("test_simple_prompt", {}, [text("This is a simple prompt for testing.")]),
    ("test_prompt_with_arguments", {"arg1": "hello", "arg2": "world"},
     [text("Prompt with arguments: arg1='hello', arg2='world'")]),
    ("test_prompt_with_embedded_resource", {"resourceUri": "test://example-resource"}, [
        resource("test://example-resource", "text/plain", "Embedded resource content for testing."),
        text("Please process the embedded resource above."),
    ]),
    ("test_prompt_with_image", {}, [IMAGE, text("Please analyze the image above.")]),
])  # fmt: skip
def test_prompts(wire, name, arguments, contents):
    result = wire.result("prompts/get", {"name": name, "arguments": arguments})
    assert result["messages"] == [{"role": "user", "content": content} for content in contents]


def test_completion(wire):
    def complete(argument, value):
        ref = {"type": "ref/prompt", "name": "test_prompt_with_arguments"}
        params = {"ref": ref, "argument": {"name": argument, "value": value}}
        return wire.result("completion/complete", params)["completion"]["values"]

    assert complete("arg1", "par") == complete("arg2", "") == ["paris", "park", "party"]
    assert complete("arg2", "park") == ["park"] and complete("arg1", "test") == []


def test_schemas_are_listed_as_they_were_written(wire):
    tools = {tool["name"]: tool["inputSchema"] for tool in wire.result("tools/list")["tools"]}
    schema = tools["json_schema_2020_12_tool"]
    assert list(schema) == [
        "$schema",
        "type",
        "$defs",
        "properties",
        "allOf",
        "if",
        "then",
        "else",
        "additionalProperties",
    ]
    assert schema["$defs"]["address"]["$anchor"] == "addressDef"
    assert tools["test_custom_headers"]["properties"]["region"]["x-mcp-header"] == "Region"
    assert json.dumps(tools["test_simple_text"]) == '{"type": "object"}'
