"""Questions to the client while its call runs (mcp/ask.py), as requests of the board: the handshake era."""

import pytest
from ask_fixtures import ACCEPTED, ALL, JOHN, WRONG, asking, heard
from server_wire import CAPABILITIES
from wasmote.host.questions import ANSWERED, FORM, NO_ANSWER, REFUSED, ROOTS, SAMPLING, UNSUPPORTED, URL
from wasmote.mcp import ask

pytest_plugins = ["ask_fixtures"]


def initialize(wire, capabilities):
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": capabilities,
        "clientInfo": {"name": "t", "version": "1"},
    }
    wire.result("initialize", params)


def call(wire, id=7, **params):
    """The lines after a tools/call of the handshake era."""
    wire.send({"id": id, "method": "tools/call", "params": {"name": "asker", "arguments": {}, **params}})
    return wire.run(5)


def reply(wire, question, **members):
    wire.send({"id": question["id"], **members})
    return wire.run(5)


def test_asks_with_requests_of_its_own():
    wire, _ = asking(["name", "folders"])
    initialize(wire, ALL)
    form, roots = call(wire)
    assert form["method"] == "elicitation/create" and roots["method"] == "roots/list"
    assert form["params"] == {"message": "Who?", "_meta": {"wasmote/requestId": 7}}
    assert roots["params"] == {"_meta": {"wasmote/requestId": 7}}
    assert form["id"] != roots["id"] and form["id"].startswith("ask-00c0ffee-")
    assert reply(wire, roots, result={"roots": []}) == []
    (answer,) = reply(wire, form, result=JOHN)
    assert answer["id"] == 7
    assert heard(answer) == [ACCEPTED, (ANSWERED, '{"roots": []}')]
    assert wire.server.asked == []


def test_a_url_has_the_id_that_2025_11_25_wants():
    wire, _ = asking(["page"])
    initialize(wire, ALL)
    (page,) = call(wire)
    assert page["params"]["mode"] == "url" and page["params"]["elicitationId"] == page["id"]


def test_an_error_of_the_client_reaches_the_guest():
    wire, _ = asking()
    initialize(wire, ALL)
    (question,) = call(wire)
    (answer,) = reply(wire, question, error={"code": -1, "message": "no"})
    assert heard(answer) == [(REFUSED, '{"code": -1, "message": "no"}')]


@pytest.mark.parametrize("key, result", WRONG)
def test_an_answer_to_something_else_is_no_answer(key, result):
    wire, _ = asking([key])
    initialize(wire, ALL)
    (question,) = call(wire)
    (answer,) = reply(wire, question, result=result)
    assert heard(answer) == [(NO_ANSWER, "the client answered something else than it was asked")]


def test_an_error_that_is_no_object_is_no_answer():
    wire, _ = asking()
    initialize(wire, ALL)
    (question,) = call(wire)
    assert heard(*reply(wire, question, error="no"))[0][0] == NO_ANSWER


def test_asks_nothing_of_a_client_that_offers_nothing():
    wire, tool = asking(["name", "page", "poem", "folders"])
    initialize(wire, {})
    (answer,) = call(wire)
    assert [kind for kind, _ in heard(answer)] == [UNSUPPORTED] * 4
    assert heard(answer)[0][1] == "the client of this call does not offer elicitation with forms"
    assert tool.can == 0


@pytest.mark.parametrize("offers, can", [
    ({"elicitation": {}}, FORM), ({"elicitation": {"url": {}}}, URL), ({"elicitation": {"form": {}, "url": {}}}, FORM | URL),
    ({"sampling": {"tools": {}}, "roots": {"listChanged": True}}, SAMPLING | ROOTS), ({"elicitation": None, "roots": 1}, 0),
    (None, 0), ([], 0),
])  # fmt: skip
def test_the_capabilities_say_what_can_be_asked(offers, can):
    wire, tool = asking(["name"])
    initialize(wire, offers)
    call(wire)
    assert tool.can == can


def test_a_bridge_says_for_each_call_what_its_client_offers():
    wire, tool = asking()
    initialize(wire, ALL)
    (answer,) = call(wire, _meta={CAPABILITIES: {}})
    assert heard(answer)[0][0] == UNSUPPORTED
    (question,) = call(wire, id=8, _meta={CAPABILITIES: {"elicitation": {}}})
    assert question["method"] == "elicitation/create" and tool.can == FORM


def test_replies_that_nobody_waits_for_are_ignored():
    wire, _ = asking()
    initialize(wire, ALL)
    (question,) = call(wire)
    for id in (1, None, "ask-00c0ffee-999", "ask-deadbeef-1"):
        assert reply(wire, {"id": id}, result=JOHN) == []
    (answer,) = reply(wire, question, result=JOHN)
    assert heard(answer) == [ACCEPTED]
    assert reply(wire, question, result={"action": "decline"}) == []  # a second time
    assert wire.result("ping") == {}


def test_a_client_that_does_not_answer_is_not_waited_for_without_end(clock):
    wire, _ = asking()
    initialize(wire, ALL)
    (question,) = call(wire)
    clock[0] += ask.ANSWER_MS - 1
    assert wire.run(5) == []
    clock[0] += 1
    cancelled, answer = wire.run(5)
    assert cancelled["method"] == "notifications/cancelled" and cancelled["params"]["requestId"] == question["id"]
    assert heard(answer) == [(NO_ANSWER, "the client did not answer within 300 s")]
    assert reply(wire, question, result=JOHN) == []  # late


def test_a_cancelled_call_takes_its_question_back():
    wire, _ = asking()
    initialize(wire, ALL)
    (question,) = call(wire)
    (cancelled,) = wire.send({"method": "notifications/cancelled", "params": {"requestId": 7}})
    assert cancelled["method"] == "notifications/cancelled" and cancelled["params"]["requestId"] == question["id"]
    assert wire.server.asked == [] and wire.server.calls == []
    assert reply(wire, question, result=JOHN) == []


def test_closing_the_server_ends_what_was_asked():
    wire, _ = asking()
    initialize(wire, ALL)
    call(wire)
    wire.server.close()
    assert wire.server.asked == [] and wire.host.closed == 1
