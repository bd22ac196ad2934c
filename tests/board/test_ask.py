"""Questions to the client while its call runs (mcp/ask.py), in both eras, over a host of Python generators."""

import json

import pytest
from fake_host import Tool
from server_wire import CAPABILITIES, MODERN, VERSION, Wire
from wasmote.host.questions import ANSWERED, FORM, NO_ANSWER, REFUSED, ROOTS, SAMPLING, UNSUPPORTED, URL
from wasmote.mcp import ask

QUESTIONS = {
    "name": ("name", FORM, b'{"message":"Who?"}'),
    "page": ("page", URL, b'{"message":"Go","url":"https://example.com"}'),
    "poem": ("poem", SAMPLING, b'{"messages":[],"maxTokens":9}'),
    "folders": ("folders", ROOTS, b"{}"),
}
ALL = {"sampling": {}, "elicitation": {"form": {}, "url": {}}, "roots": {}}
JOHN = {"action": "accept", "content": {"name": "John"}}
ACCEPTED = (ANSWERED, ["accept", '{"name": "John"}'])


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


@pytest.fixture
def clock(monkeypatch):
    """The time, which stands still; clock[0] is to be set."""
    now = [5000]
    monkeypatch.setattr(ask, "ticks_ms", lambda: now[0])
    return now


def asking(*rounds):
    wire = Wire()
    tool = Asker("asker", *rounds)
    wire.host.tools = [tool, Asker("other")]
    return wire, tool


def heard(reply):
    return [tuple(answer) for answer in json.loads(reply["result"]["content"][0]["text"])]


# -- handshake era


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


WRONG = [
    ("name", 5), ("name", None), ("name", {}), ("name", {"action": "perhaps"}), ("name", {"action": 1}),
    ("name", {"action": "accept", "content": "John"}), ("poem", {"role": "assistant"}), ("folders", {"roots": {}}),
    ("folders", {}),
]  # fmt: skip


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


@pytest.mark.parametrize("key, result", WRONG)
def test_what_is_wrong_in_the_modern_era_is_asked_again(key, result):
    wire, _ = asking([key])
    state = modern(wire)["result"]["requestState"]
    again = modern(wire, 2, requestState=state, inputResponses={key: result})["result"]
    assert list(again["inputRequests"]) == [key]


@pytest.mark.parametrize("action", ["accept", "decline", "cancel"])
def test_an_action_may_come_without_content(action):
    wire, _ = asking(["page"])
    state = modern(wire)["result"]["requestState"]
    last = modern(wire, 2, requestState=state, inputResponses={"page": {"action": action}})
    assert heard(last) == [(ANSWERED, [action, "{}"])]


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


# -- modern era


def modern(wire, id=1, capabilities=ALL, name="asker", arguments=None, **params):
    """The reply to a tools/call of the modern era."""
    params = {"name": name, "arguments": arguments or {}, "_meta": {**MODERN, CAPABILITIES: capabilities}, **params}
    lines = wire.send({"id": id, "method": "tools/call", "params": params}) + wire.run(5)
    assert len(lines) == 1 and lines[0]["id"] == id, lines
    return lines[0]


def test_answers_with_its_questions_and_goes_on_when_the_client_calls_again():
    wire, tool = asking(["name", "poem", "folders", "page"])
    first = modern(wire)["result"]
    assert first["resultType"] == "input_required" and "content" not in first
    assert first["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "wasmote"
    assert first["inputRequests"] == {
        "name": {"method": "elicitation/create", "params": {"message": "Who?"}},
        "poem": {"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 9}},
        "folders": {"method": "roots/list", "params": {}},
        "page": {
            "method": "elicitation/create",
            "params": {"message": "Go", "url": "https://example.com", "mode": "url"},
        },
    }
    assert wire.server.calls == [] and not wire.server.step()  # nothing is under way meanwhile
    poem = {"role": "assistant", "content": {"type": "text", "text": "Roses"}, "model": "m"}
    given = {"name": JOHN, "poem": poem, "folders": {"roots": []}, "page": {"action": "accept"}, "x": 1}
    last = modern(wire, 2, requestState=first["requestState"], inputResponses=given)
    assert last["result"]["resultType"] == "complete"
    told = [(ANSWERED, json.dumps(poem)), (ANSWERED, '{"roots": []}'), (ANSWERED, ["accept", "{}"])]
    assert heard(last) == [ACCEPTED, *told]
    assert len(tool.heard) == 1  # one call, not two


def test_asks_again_for_what_is_missing_or_wrong():
    wire, _ = asking(["name", "folders"])
    first = modern(wire)["result"]
    second = modern(
        wire, 2, requestState=first["requestState"], inputResponses={"folders": {"roots": []}, "name": 12345}
    )
    assert list(second["result"]["inputRequests"]) == ["name"]
    assert second["result"]["requestState"] != first["requestState"]
    third = modern(wire, 3, requestState=second["result"]["requestState"])  # nothing at all
    assert list(third["result"]["inputRequests"]) == ["name"]
    last = modern(wire, 4, requestState=third["result"]["requestState"], inputResponses={"name": JOHN})
    assert heard(last) == [ACCEPTED, (ANSWERED, '{"roots": []}')]


def test_asks_round_after_round():
    wire, _ = asking(["name"], ["page"], ["name"])
    reply = modern(wire)
    for id, key in ((2, "name"), (3, "page"), (4, "name")):
        assert list(reply["result"]["inputRequests"]) == [key]
        state = reply["result"]["requestState"]
        reply = modern(wire, id, requestState=state, inputResponses={key: {"action": "accept", "content": {"n": id}}})
    assert heard(reply) == [(ANSWERED, ["accept", json.dumps({"n": id})]) for id in (2, 3, 4)]


def test_takes_answers_that_come_ahead_each_once():
    wire, _ = asking(["name"], ["name"])
    reply = modern(wire, inputResponses={"name": JOHN, "stranger": {}})
    assert list(reply["result"]["inputRequests"]) == ["name"]  # the second time
    last = modern(wire, 2, requestState=reply["result"]["requestState"], inputResponses={"name": {"action": "cancel"}})
    assert heard(last) == [ACCEPTED, (ANSWERED, ["cancel", "{}"])]


@pytest.mark.parametrize("responses", [None, 5, [], "x"])
def test_input_responses_must_be_an_object(responses):
    wire, _ = asking()
    assert modern(wire, inputResponses=responses)["error"]["code"] == -32602


def changed(state):
    other = "B" if state[4] != "B" else "C"
    return state[:4] + other + state[5:]


@pytest.mark.parametrize("forge", [
    changed, lambda state: state[:-4], lambda state: "", lambda state: "!" * 32, lambda state: state + "\n",
    lambda state: state.replace("=", ""), lambda state: state + state, lambda state: "A" * 32, lambda state: state[8:] + state[:8],
])  # fmt: skip
def test_refuses_a_forged_state(forge):
    wire, _ = asking()
    state = modern(wire)["result"]["requestState"]
    forged = forge(state)
    if forged != state:
        error = modern(wire, 2, requestState=forged, inputResponses={"name": JOHN})["error"]
        assert error["code"] == -32602 and "send all of it back" in error["message"]
    assert heard(modern(wire, 3, requestState=state, inputResponses={"name": JOHN}))  # the true one is none the worse


def test_refuses_a_state_of_another_board_or_boot(monkeypatch):
    wire, _ = asking()
    state = modern(wire)["result"]["requestState"]
    monkeypatch.setattr(ask, "_key", bytes(32))
    assert "since it started" in modern(wire, 2, requestState=state)["error"]["message"]


def test_refuses_a_state_a_second_time():
    wire, tool = asking()
    state = modern(wire)["result"]["requestState"]
    modern(wire, 2, requestState=state, inputResponses={"name": JOHN})
    error = modern(wire, 3, requestState=state, inputResponses={"name": JOHN})["error"]
    assert error["code"] == -32602 and "used already" in error["message"]
    assert len(tool.heard) == 1


@pytest.mark.parametrize("other", [{"name": "other"}, {"arguments": {"x": 1}}])
def test_refuses_a_state_of_another_request(other):
    wire, _ = asking()
    state = modern(wire)["result"]["requestState"]
    error = modern(wire, 2, requestState=state, inputResponses={"name": JOHN}, **other)["error"]
    assert error["code"] == -32602 and "another request" in error["message"]
    assert heard(modern(wire, 3, requestState=state, inputResponses={"name": JOHN}))


def test_a_state_expires_and_the_handler_ends_without_an_answer(clock):
    wire, tool = asking()
    state = modern(wire)["result"]["requestState"]
    clock[0] += ask.ANSWER_MS - 1
    assert not wire.server.step() and tool.heard == [[]]
    clock[0] += 1
    assert wire.run(5) == []  # nobody is told, but the handler
    assert tool.heard == [[[NO_ANSWER, "the client did not answer within 300 s"]]]
    assert wire.server.parked == wire.server.calls == []
    assert "expired" in modern(wire, 2, requestState=state, inputResponses={"name": JOHN})["error"]["message"]


def test_a_parked_call_makes_room_sooner_when_others_wait_for_its_component(clock):
    wire, tool = asking()
    waiter = Asker("waiter", ["name"])
    waiter.call = lambda arguments, notify: iter(lambda: None, 1)
    wire.host.tools.append(waiter)
    modern(wire)
    clock[0] += ask.CROWDED_MS
    assert not wire.server.step()
    wire.send({"id": 9, "method": "tools/call", "params": {"name": "waiter", "_meta": MODERN}})
    wire.run(5)
    assert tool.heard[0][0][0] == NO_ANSWER


def test_a_parked_call_makes_room_sooner_when_others_wait_for_a_stack(clock):
    wire, tool = asking()
    wire.host.stacks = Asker("stacks")
    modern(wire)
    clock[0] += ask.CROWDED_MS
    assert not wire.server.step()
    wire.host.stacks.hungry = True
    wire.run(5)
    assert tool.heard[0][0][0] == NO_ANSWER


def test_only_so_many_calls_are_parked():
    wire, _ = asking()
    states = [modern(wire, id)["result"]["requestState"] for id in range(ask.PARKED)]
    assert len(set(states)) == ask.PARKED
    reply = modern(wire, 99)
    assert heard(reply)[0][0] == NO_ANSWER and "4 calls wait" in heard(reply)[0][1]
    assert heard(modern(wire, 100, requestState=states[0], inputResponses={"name": JOHN}))


def test_a_board_that_is_busy_keeps_the_state():
    wire, _ = asking()
    state = modern(wire)["result"]["requestState"]
    spin = Tool("spin", lambda arguments, notify: iter(lambda: None, 1))
    wire.host.tools.append(spin)
    for id in range(10, 14):
        wire.send({"id": id, "method": "tools/call", "params": {"name": "spin", "_meta": MODERN}})
    params = {"name": "asker", "arguments": {}, "_meta": {**MODERN, CAPABILITIES: ALL}}
    again = {
        "id": 20,
        "method": "tools/call",
        "params": {**params, "requestState": state, "inputResponses": {"name": JOHN}},
    }
    (busy,) = wire.send(again)
    assert busy["error"]["code"] == -32004
    wire.send({"method": "notifications/cancelled", "params": {"requestId": 10}})
    wire.send(again)
    (answer,) = wire.run(20)
    assert heard(answer)


def test_progress_and_logs_go_to_the_call_that_is_current():
    wire, tool = asking()

    def run(arguments, notify):
        notify("progress", 1, 2)
        yield from notify("ask", [QUESTIONS["name"]])
        notify("progress", 2, 2)
        return ["done"], False

    tool.call = run
    params = {"name": "asker", "arguments": {}, "_meta": {**MODERN, CAPABILITIES: ALL, "progressToken": "a"}}
    wire.send({"id": 1, "method": "tools/call", "params": params})
    progress, first = wire.run(5)
    assert progress["params"]["progressToken"] == "a"
    params["_meta"]["progressToken"] = "b"
    again = {"requestState": first["result"]["requestState"], "inputResponses": {"name": JOHN}}
    wire.send({"id": 2, "method": "tools/call", "params": {**params, **again}})
    progress, last = wire.run(5)
    assert progress["params"]["progressToken"] == "b" and last["id"] == 2


def test_a_parked_call_whose_component_ends_is_forgotten():
    wire, _ = asking()
    held = []

    def run(arguments, notify):
        steps = notify("ask", [QUESTIONS["name"]])
        held.append(steps)
        try:
            while True:
                next(steps)
                yield
        except StopIteration:
            pass
        return ["never"], False

    wire.host.tools[0].call = run
    state = modern(wire)["result"]["requestState"]
    held[0].close()  # as a guest's end does with what it runs
    assert wire.run(5) == [] and wire.server.parked == wire.server.calls == []
    assert (
        "its call has ended" in modern(wire, 2, requestState=state, inputResponses={"name": JOHN})["error"]["message"]
    )


def test_closing_the_server_ends_parked_calls():
    wire, _ = asking()
    modern(wire)
    wire.server.close()
    assert wire.host.closed == 1


def test_other_methods_know_no_state():
    wire, _ = asking()
    assert wire.ask("tools/list", {"requestState": "x", "inputResponses": 5}, modern=True)["result"]["tools"]
    meta = {VERSION: "2026-07-28", CAPABILITIES: {}}
    assert wire.ask("server/discover", {"requestState": "x", "_meta": meta})["result"]
