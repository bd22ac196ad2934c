"""Native functions over the server: what they ask travels in both eras, from tools, prompts and resources alike."""

import json

import pytest
import wasmote
from server_wire import CAPABILITIES, MODERN
from test_interview import Line, initialize
from wasmote.host import native
from wasmote.host.native.provider import Native

pytest_plugins = ["host_fixtures"]
ALL = {"sampling": {}, "elicitation": {}, "roots": {}}
JOHN = {"action": "accept", "content": {"name": "John"}}
METHODS = [
    ("tools/call", {"name": "greet", "arguments": {}}),
    ("prompts/get", {"name": "greeting"}),
    ("resources/read", {"uri": "board:/greeting"}),
]


@pytest.fixture
def line(host):
    native.take()

    def ask():
        filled = yield wasmote.form("user_name", "What is your name?", name=str)
        return "Hello, " + filled["name"]

    wasmote.tool("Greets.", {"name": "greet"})(ask)
    wasmote.prompt("Greets.", {"name": "greeting"})(ask)
    wasmote.resource("board:/greeting", {"name": "greeting"})(ask)

    @wasmote.tool
    def several():
        name, said, roots = yield [
            wasmote.form("user_name", "Who?", name=str),
            wasmote.sample("greeting", "Greet"),
            wasmote.roots("client_roots"),
        ]
        return [name["name"], said, str(roots)]

    host.serve(Native(host, "tools.py", native.take()))
    made = Line(host)
    made.send(id=0, method="ping")
    yield made
    made.server.close()


@pytest.mark.parametrize("method, params", METHODS)
def test_every_method_that_may_ask_does_in_the_modern_era(line, method, params):
    params = {**params, "_meta": {**MODERN, CAPABILITIES: ALL}}
    (first,) = line.send(id=1, method=method, params=params)
    assert first["result"]["resultType"] == "input_required"
    assert first["result"]["inputRequests"]["user_name"]["method"] == "elicitation/create"
    again = {"requestState": first["result"]["requestState"], "inputResponses": {"user_name": JOHN}}
    (last,) = line.send(id=2, method=method, params={**params, **again})
    assert last["result"]["resultType"] == "complete" and "Hello, John" in json.dumps(last["result"])


@pytest.mark.parametrize("method, params", METHODS)
def test_every_method_that_may_ask_does_in_the_handshake_era(line, method, params):
    initialize(line, **ALL)
    (question,) = line.send(id=1, method=method, params=params)
    assert question["method"] == "elicitation/create"
    (last,) = line.send(id=question["id"], result=JOHN)
    assert last["id"] == 1 and "Hello, John" in json.dumps(last["result"])


def test_a_state_is_good_for_the_method_that_it_came_from(line):
    meta = {**MODERN, CAPABILITIES: ALL}
    (first,) = line.send(id=1, method="prompts/get", params={"name": "greeting", "_meta": meta})
    state = first["result"]["requestState"]
    for method, params in (METHODS[0], METHODS[2]):
        (refused,) = line.send(id=2, method=method, params={**params, "_meta": meta, "requestState": state})
        assert refused["error"]["code"] == -32602 and "another request" in refused["error"]["message"]


def test_several_questions_travel_together(line):
    params = {"name": "several", "arguments": {}, "_meta": {**MODERN, CAPABILITIES: ALL}}
    (first,) = line.send(id=1, method="tools/call", params=params)
    methods = {key: asked["method"] for key, asked in first["result"]["inputRequests"].items()}
    wanted = {"user_name": "elicitation/create", "greeting": "sampling/createMessage", "client_roots": "roots/list"}
    assert methods == wanted
    said = {"role": "assistant", "content": {"type": "text", "text": "Hi"}, "model": "m"}
    given = {"user_name": JOHN, "greeting": said, "client_roots": {"roots": [{"uri": "file:///a"}]}}
    again = {"requestState": first["result"]["requestState"], "inputResponses": given}
    (last,) = line.send(id=2, method="tools/call", params={**params, **again})
    assert [block["text"] for block in last["result"]["content"]] == ["John", "Hi", "[('file:///a', None)]"]


def test_a_parked_native_call_keeps_nobody_waiting(line):
    """Unlike an instance, a module of functions serves others while one of them asks."""
    params = {"name": "greet", "arguments": {}, "_meta": {**MODERN, CAPABILITIES: ALL}}
    states = [line.send(id=id, method="tools/call", params=params)[0]["result"]["requestState"] for id in range(1, 4)]
    for id, state in enumerate(reversed(states), 10):
        again = {**params, "requestState": state, "inputResponses": {"user_name": JOHN}}
        assert line.send(id=id, method="tools/call", params=again)[0]["result"]["resultType"] == "complete"
