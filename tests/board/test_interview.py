"""A real guest (examples/c/interview.c) that asks its client, over the server, in both eras; and what else it answers."""

import base64
import json

import pytest
from host_guests import example, push
from server_wire import CAPABILITIES, MODERN
from wasmote.host import guest as guest_module
from wasmote.host.wasmote import asking
from wasmote.mcp import Server, parked
from wasmote.mcp.board import Board

pytest_plugins = ["host_fixtures"]

ALL = {"sampling": {}, "elicitation": {}, "roots": {}}
ADA = {"action": "accept", "content": {"name": "Ada \u00e9\n"}}


class Line:
    """The server's wire; send(message) gives the lines after it."""

    def __init__(self, host):
        self.written = bytearray()
        self.host = host
        self.server = Server(host, self.written.extend, Board("QEMU_M0", "00c0ffee", None, 16384))

    def send(self, **message):
        self.server.receive(memoryview(json.dumps({"jsonrpc": "2.0", **message}).encode()))
        for _ in range(2000):
            if not self.server.step() or (self.server.asked and self.written):
                break
        lines = [json.loads(line) for line in bytes(self.written).splitlines()]
        self.written.clear()
        return lines

    def call(self, tool, id=1, arguments=None, **params):
        params = {"name": tool, "arguments": arguments or {}, **params}
        return self.send(id=id, method="tools/call", params=params)

    def modern(self, tool, id=1, **params):
        (reply,) = self.call(tool, id, _meta={**MODERN, CAPABILITIES: ALL}, **params)
        return reply["result"]

    def text(self, tool, **params):
        (reply,) = self.call(tool, _meta={**MODERN, CAPABILITIES: {}}, **params)
        return reply["result"]["content"][0]["text"]


@pytest.fixture(scope="module")
def interview():
    return example("interview")


@pytest.fixture
def line(host, interview):
    push(host, "interview", interview)
    made = Line(host)
    made.send(id=0, method="ping")  # what the push changed is announced
    yield made
    made.server.close()


def initialize(line, **capabilities):
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": capabilities,
        "clientInfo": {"name": "t", "version": "1"},
    }
    line.send(id=0, method="initialize", params=params)


def texts(reply):
    return [block.get("text") for block in reply["result"]["content"]]


def test_a_guest_asks_its_user_in_the_handshake_era(line):
    initialize(line, **ALL)
    (question,) = line.call("greet")
    assert question["method"] == "elicitation/create"
    assert question["params"]["message"] == "What is your name?"
    assert question["params"]["requestedSchema"]["required"] == ["name"]
    (answer,) = line.send(id=question["id"], result=ADA)
    assert texts(answer) == ["Hello, Ada é\n!"] and answer["id"] == 1


@pytest.mark.parametrize("reply, said", [
    ({"result": {"action": "decline"}}, "Hello, stranger!"),
    ({"result": {"action": "cancel"}}, "Another time, then."),
    ({"result": {"action": "accept", "content": {}}}, "the form came back without a name"),
    ({"result": 5}, "the client answered something else than it was asked"),
    ({"error": {"code": -1, "message": "not now"}}, "the client refused: not now"),
])  # fmt: skip
def test_whatever_the_client_answers_the_guest_goes_on(line, reply, said):
    initialize(line, **ALL)
    (question,) = line.call("greet")
    (answer,) = line.send(id=question["id"], **reply)
    assert texts(answer) == [said]
    assert line.text("measure")


def test_a_guest_asks_the_model_and_for_roots(line):
    initialize(line, **ALL)
    (question,) = line.call("compose", arguments={"prompt": 'Say "hi"'})
    assert question["params"]["messages"] == [{"role": "user", "content": {"type": "text", "text": 'Say "hi"'}}]
    assert question["params"]["maxTokens"] == 100
    said = {"role": "assistant", "content": {"type": "text", "text": "hi"}, "model": "m"}
    assert texts(line.send(id=question["id"], result=said)[0]) == ["LLM response: hi"]
    (question,) = line.call("folders", id=2)
    roots = [{"uri": "file:///a", "name": "A"}, {"uri": "file:///b"}]
    assert texts(line.send(id=question["id"], result={"roots": roots})[0]) == ["2 folders", "file:///a A", "file:///b"]


def test_in_the_modern_era_the_call_goes_on_where_it_stood(line):
    first = line.modern("order")
    assert list(first["inputRequests"]) == ["drink"]
    tea = {"drink": {"action": "accept", "content": {"drink": "tea"}}}
    second = line.modern("order", 2, requestState=first["requestState"], inputResponses=tea)
    assert list(second["inputRequests"]) == ["sure"]
    yes = {"sure": {"action": "accept", "content": {"sure": True}}}
    last = line.modern("order", 3, requestState=second["requestState"], inputResponses=yes)
    assert last["content"][0]["text"] == '{"drink": "tea"} {"sure": true}'
    assert line.host.components["interview"].calls == 1


def test_a_guest_that_waits_for_an_answer_keeps_others_waiting_for_seconds_only(line, monkeypatch):
    now = [0]
    monkeypatch.setattr(parked, "ticks_ms", lambda: now[0])
    first = line.modern("order")
    tea = {"drink": {"action": "accept", "content": {"drink": "tea"}}}
    second = line.modern("order", 2, requestState=first["requestState"], inputResponses=tea)
    now[0] += parked.CROWDED_MS
    assert line.send(id=3, method="ping")[0]["id"] == 3 and line.server.parked  # nobody wants the component
    (other,) = line.call("measure", 4)
    assert other["id"] == 4 and "celsius" in texts(other)[0] and not line.server.parked
    yes = {"sure": {"action": "accept", "content": {"sure": True}}}
    last = line.modern("order", 5, requestState=second["requestState"], inputResponses=yes)
    assert last["content"][0]["text"] == '{"drink": "tea"} {"sure": true}'
    assert line.host.components["interview"].calls == 3  # the order, what came between, the order anew


def test_answers_ahead_take_one_call(line):
    answers = {"drink": {"action": "accept", "content": {}}, "sure": {"action": "decline"}}
    assert line.modern("order", inputResponses=answers)["content"][0]["text"] == "Nothing was ordered."


@pytest.mark.parametrize("tool, what, capability", [
    ("greet", "elicitation with forms", {"elicitation": {"form": {}}}),
    ("compose", "sampling", {"sampling": {}}),
    ("folders", "roots", {"roots": {}}),
])  # fmt: skip
def test_a_client_that_cannot_be_asked(line, tool, what, capability):
    text = f"interview: the client of this call does not offer {what}"
    (reply,) = line.call(tool, _meta={**MODERN, CAPABILITIES: {}})
    assert reply["error"] == {"code": -32021, "message": text, "data": {"requiredCapabilities": capability}}
    initialize(line)
    (reply,) = line.call(tool)
    assert reply["result"] == {"content": [{"type": "text", "text": text}], "isError": True}


def test_the_users_time_is_not_the_guests(line, monkeypatch):
    now = [0]
    for module in (guest_module, asking):
        monkeypatch.setattr(module, "ticks_ms", lambda: now[0])
    initialize(line, **ALL)
    (question,) = line.call("greet")
    now[0] += 200_000  # the limit of a call is 30 s
    assert line.send(id=99, method="ping") == [{"jsonrpc": "2.0", "id": 99, "result": {}}]
    (answer,) = line.send(id=question["id"], result=ADA)
    assert texts(answer) == ["Hello, Ada é\n!"]


def test_a_guest_that_is_unloaded_while_it_asks_takes_its_question_back(line):
    initialize(line, **ALL)
    (question,) = line.call("greet")
    lines = line.send(id=2, method="wasmote/unload", params={"name": "interview"})
    cancelled = [each for each in lines if each.get("method") == "notifications/cancelled"]
    assert [each["params"]["requestId"] for each in cancelled] == [question["id"]]
    (ended,) = [each for each in lines if each.get("id") == 1]
    assert "unloaded" in texts(ended)[0]
    assert line.send(id=question["id"], result=ADA) == []


def test_a_parked_guest_that_is_unloaded_is_gone(line):
    state = line.modern("greet")["requestState"]
    line.send(id=2, method="wasmote/unload", params={"name": "interview"})
    assert line.server.parked == line.server.calls == []
    line.send(id=3, method="wasmote/load", params={"name": "interview"})
    (reply,) = line.call("greet", 4, requestState=state, _meta={**MODERN, CAPABILITIES: ALL})
    assert "its call has ended" in reply["error"]["message"]
    assert line.text("measure")


def test_a_structured_result_is_there_twice(line):
    for era in (MODERN, {}):
        (reply,) = line.call("measure", _meta=era)
        assert reply["result"]["structuredContent"] == {"celsius": 21.5, "ok": True}
        assert texts(reply) == ['{"celsius":21.5,"ok":true}']
    assert "structuredContent" not in line.modern("beep")  # the next call has its own result


def test_audio(line):
    said, sound = line.modern("beep")["content"]
    assert said["text"] == "a beep" and (sound["type"], sound["mimeType"]) == ("audio", "audio/wav")
    wav = base64.b64decode(sound["data"])
    assert wav[:4] == b"RIFF" and len(wav) == 844 and set(wav[44:]) == {0x40, 0xC0}


def test_an_icon_shows_in_the_list_and_clients_are_told(line):
    lines = line.call("decorate")
    assert "notifications/tools/list_changed" in [each.get("method") for each in lines]
    (listed,) = line.send(id=5, method="tools/list")
    icons = {tool["name"]: tool.get("icons") for tool in listed["result"]["tools"]}
    assert icons.pop("beep") == [{"src": "https://example.com/bell.png", "mimeType": "image/png"}]
    assert set(icons.values()) == {None}


def test_without_the_grant_it_is_refused_by_name(new_host, interview):
    host = new_host(allow=("wasi:mcp/*", "wasmote:mcp/results", "wasmote:mcp/icons", "wasmote:mcp/elicitation"))
    with pytest.raises(Exception, match=r"wasmote:mcp/(sampling|roots)@0\.1\.0#.*not granted") as caught:
        push(host, "interview", interview)
    assert "allow wasmote:mcp/" in str(caught.value)
