"""wasmote/elicit: the client asks a component, and how many such questions are under way at once."""

import fake_provider
import pytest
from wasmote.host.entries import ELICIT
from wasmote.jsonrpc import codes
from wasmote.mcp.server import CALLS, CALLS_OF_ONE

wire = fake_provider.wire  # fixtures
all = fake_provider.all
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
    all.answers["handle-elicit"] = lambda message, fields: fake_provider.never()
    other = wire.add("other", {"handle-elicit": lambda message, fields: fake_provider.never()}, offers=ELICIT)
    params = {"message": "How many?", "requestedSchema": SCHEMA}
    for id in range(CALLS_OF_ONE):
        assert wire.send({"id": id, "method": "wasmote/elicit", "params": params}) == []
    error = wire.error("wasmote/elicit", {**params, "component": "all"}, id=97)
    assert error["code"] == codes.BUSY and "calls of all" in error["message"]
    for id in range(CALLS_OF_ONE, CALLS):
        assert wire.send({"id": id, "method": "wasmote/elicit", "params": {**params, "component": other.name}}) == []
    error = wire.error("wasmote/elicit", {**params, "component": other.name}, id=98)
    assert error["code"] == codes.BUSY and f"{CALLS} calls are under way" in error["message"]
