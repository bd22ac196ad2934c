"""Native resources and prompts."""

import json

import pytest
import wasmote
from native_fixtures import call, listed
from wasmote.host import HostError
from wasmote.host.native.uri import values
from wasmote.wasm import drive

pytest_plugins = ["host_fixtures", "native_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_left_over")


# -- resources


def read(host, uri):
    return [json.loads(text) for text in drive(host.read_resource(uri))]


def test_resources(host, serve):
    @wasmote.resource("board:/name", "Its name.", {"mime_type": "text/plain"})
    def name():
        return "QEMU"

    @wasmote.resource("board:/raw", {"name": "Raw bytes"})
    def raw():
        yield
        return b"\x00\xff"

    @wasmote.resource("board:/facts")
    def facts():
        return {"ram": 256}

    serve()
    assert listed(host.resources[0]) == {
        "uri": "board:/name", "name": "name", "description": "Its name.", "mimeType": "text/plain",
    }  # fmt: skip
    assert [entry.name for entry in host.resources] == ["board:/name", "board:/raw", "board:/facts"]
    assert read(host, "board:/name") == [{"uri": "board:/name", "mimeType": "text/plain", "text": "QEMU"}]
    assert read(host, "board:/raw") == [{"uri": "board:/raw", "blob": "AP8="}]
    assert read(host, "board:/facts") == [
        {"uri": "board:/facts", "mimeType": "application/json", "text": '{"ram": 256}'}
    ]


def test_a_template_gives_what_stands_in_the_uri(host, serve):
    @wasmote.resource("log:/{day}/{hour}.txt", "A log.")
    def log(day, hour):
        return f"{day} {hour}"

    @wasmote.resource("pin:/{n}")
    def pin(n):
        if not n.isdigit():
            raise ValueError("there is no pin " + n)
        return n

    serve()
    assert [entry.name for entry in host.templates] == ["log:/{day}/{hour}.txt", "pin:/{n}"]
    assert read(host, "log:/mon/a.txt.txt")[0]["text"] == "mon a.txt"
    assert read(host, "pin:/%31%32")[0]["text"] == "12"
    with pytest.raises(HostError, match='tools.py: read-resource "pin:/x" failed: there is no pin x'):
        read(host, "pin:/x")
    with pytest.raises(HostError, match="no resource"):
        read(host, "pin:/1/2")


def test_a_value_of_a_template_leads_into_no_other_folder(host, serve):
    @wasmote.resource("log:/{day}.txt")
    def log(day):
        return day

    serve()
    assert read(host, "log:/a%20b%3F.txt")[0]["text"] == "a b?"
    for uri in ("log:/..%2Fx.txt", "log:/%2fetc.txt"):
        with pytest.raises(HostError, match="{day} of log:/{day}.txt is one character or more, none a /"):
            read(host, uri)


def test_a_value_of_a_template_is_never_empty():
    assert values("a:{x}-{y}-z", "a:b-c-z") == {"x": "b", "y": "c"}
    with pytest.raises(ValueError, match="{y} of a:{x}-{y}-z is one character or more"):
        values("a:{x}-{y}-z", "a:b--z")


def test_a_change_of_a_resource_is_told(host, serve):
    told = []
    host.on_updated = told.append

    @wasmote.tool
    def set():
        wasmote.changed("board:/x")

    serve()
    call(host, "set")
    assert told == ["board:/x"]


# -- prompts


def test_prompts(host, serve):
    @wasmote.prompt("Explain.", style=("short", "long"), about=wasmote.arg(str, "What of", default="all"))
    def explain(style, about):
        return f"Explain {about}, {style}."

    @wasmote.prompt
    def chat():
        return ["Hi", ("assistant", "Hello"), ("user", wasmote.image(b"\x89PNG"))]

    serve()
    assert listed(host.prompts[0]) == {
        "name": "explain",
        "description": "Explain.",
        "arguments": [
            {"name": "about", "description": "What of", "required": False},
            {"name": "style", "required": True},
        ],
    }
    (message,) = drive(host.get_prompt("explain", b'{"style":"long"}'))
    assert json.loads(message) == {"role": "user", "content": {"type": "text", "text": "Explain all, long."}}
    messages = [json.loads(message) for message in drive(host.get_prompt("chat"))]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert messages[2]["content"]["type"] == "image"
    with pytest.raises(
        HostError,
        match='explain: "style" must be one of "short" or "long", it is "tall"; explain takes about .string, optional',
    ):
        drive(host.get_prompt("explain", b'{"style":"tall"}'))


def test_choices_of_a_prompt_complete(host, serve):
    @wasmote.prompt("Explain.", style=("short", "small", "long"))
    def explain(style):
        return style

    serve()
    assert drive(host.complete("prompts", "explain", "style", "s", ())) == ["short", "small"]
    assert drive(host.complete("prompts", "explain", "style", "", ())) == ["short", "small", "long"]
    assert drive(host.complete("prompts", "explain", "other", "", ())) == []
