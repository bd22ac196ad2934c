"""Questions to the client as results that it answers by calling again (mcp/parked.py): states and parked calls."""

import json

import pytest
from ask_fixtures import ACCEPTED, ALL, JOHN, QUESTIONS, WRONG, Asker, Holder, asking, heard, modern
from fake_host import Tool
from server_wire import CAPABILITIES, MODERN, VERSION
from wasmote.host.questions import ANSWERED, NO_ANSWER
from wasmote.mcp import ask, parked

pytest_plugins = ["ask_fixtures"]


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
    monkeypatch.setattr(parked, "_key", bytes(32))
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


def give_way(wire, clock):
    """Others want the component of the tools, and its parked call has had its time."""
    wire.host.guests = [Holder("other"), Holder("asker")]
    yield
    clock[0] += parked.CROWDED_MS
    assert not wire.server.step()  # nobody wants it
    wire.host.guests[1].wanted = True
    assert wire.run(9) == []


def test_a_parked_call_gives_way_and_begins_anew_when_its_client_answers(clock):
    wire, tool = asking(["name"], ["page", "folders"], ["name"])
    leave = give_way(wire, clock)
    next(leave)
    first = modern(wire)["result"]
    second = modern(wire, 2, requestState=first["requestState"], inputResponses={"name": JOHN})["result"]
    assert list(second["inputRequests"]) == ["page", "folders"] and len(tool.heard) == 1
    assert next(leave, None) is None
    assert tool.heard[0][-1][0] == NO_ANSWER and "begins anew" in tool.heard[0][-1][1]
    assert wire.server.parked == wire.server.calls == []

    given = {"page": {"action": "accept"}, "folders": {"roots": []}}
    third = modern(wire, 3, requestState=second["requestState"], inputResponses=given)["result"]
    assert len(tool.heard) == 2  # from the beginning, with the name it had before
    assert list(third["inputRequests"]) == ["name"]  # which counts once
    last = modern(wire, 4, requestState=third["requestState"], inputResponses={"name": {"action": "cancel"}})
    told = [(ANSWERED, ["accept", "{}"]), (ANSWERED, '{"roots": []}'), (ANSWERED, ["cancel", "{}"])]
    assert heard(last) == [ACCEPTED, *told]

    for state in (first, second, third):  # each was good once
        error = modern(wire, 9, requestState=state["requestState"], inputResponses=given)["error"]
        assert error["code"] == -32602 and "used already" in error["message"]


def test_a_call_that_began_anew_gives_way_again(clock):
    wire, tool = asking(["name"], ["name"])
    leave = give_way(wire, clock)
    next(leave)
    state = modern(wire)["result"]["requestState"]
    assert next(leave, None) is None
    for id in (2, 3):
        wire.host.guests[1].wanted = False
        reply = modern(wire, id, requestState=state, inputResponses={"name": JOHN})
        state = reply["result"].get("requestState")
        if id == 2:
            wire.host.guests[1].wanted = True
            clock[0] += parked.CROWDED_MS
            assert wire.run(9) == []
    assert heard(reply) == [ACCEPTED, ACCEPTED] and len(tool.heard) == 3


def test_answers_too_large_for_a_state_are_asked_for_again(clock):
    wire, _ = asking(["poem"], ["name"], ["page"])
    leave = give_way(wire, clock)
    next(leave)
    poem = {"role": "assistant", "content": {"type": "text", "text": "x" * parked.CARRIED}, "model": "m"}
    reply = modern(wire)
    for id, key, answer in ((2, "poem", poem), (3, "name", JOHN)):
        reply = modern(wire, id, requestState=reply["result"]["requestState"], inputResponses={key: answer})
    state = reply["result"]["requestState"]
    assert len(state) < parked.CARRIED
    assert next(leave, None) is None
    again = modern(wire, 4, requestState=state, inputResponses={"page": {"action": "accept"}})["result"]
    assert list(again["inputRequests"]) == ["poem"]  # and what came after it


def test_what_is_wanted_may_be_further_down_the_row_of_components(clock):
    wire, tool = asking()
    wire.host.guests = [Holder("asker", Holder("middle", Holder("last")))]
    modern(wire)
    clock[0] += parked.CROWDED_MS
    assert not wire.server.step()
    wire.host.guests[0].waits_for.waits_for.wanted = True
    wire.run(5)
    assert tool.heard[0][0][0] == NO_ANSWER


def test_a_parked_call_gives_way_when_others_wait_for_a_stack(clock):
    wire, tool = asking()
    wire.host.stacks = Asker("stacks")
    state = modern(wire)["result"]["requestState"]
    clock[0] += parked.CROWDED_MS
    assert not wire.server.step()
    wire.host.stacks.hungry = True
    wire.run(5)
    assert tool.heard[0][0][0] == NO_ANSWER
    assert heard(modern(wire, 2, requestState=state, inputResponses={"name": JOHN})) == [ACCEPTED]


def test_only_so_many_calls_are_parked_and_the_oldest_gives_way():
    wire, tool = asking()
    states = [modern(wire, id)["result"]["requestState"] for id in range(parked.PARKED + 1)]
    wire.run(5)
    assert len(set(states)) == parked.PARKED + 1 and len(wire.server.parked) == parked.PARKED
    assert [told[0][0] for told in tool.heard if told] == [NO_ANSWER]
    for id, state in enumerate(states, 100):
        assert heard(modern(wire, id, requestState=state, inputResponses={"name": JOHN})) == [ACCEPTED]


def test_only_so_many_calls_that_gave_way_are_remembered():
    wire, _ = asking()
    count = parked.PARKED + parked.GAVE_WAY + 1
    states = [modern(wire, id)["result"]["requestState"] for id in range(count)]
    error = modern(wire, 100, requestState=states[0], inputResponses={"name": JOHN})["error"]
    assert "its call has ended" in error["message"]
    assert heard(modern(wire, 101, requestState=states[1], inputResponses={"name": JOHN})) == [ACCEPTED]


@pytest.mark.parametrize("gone", [False, True])
def test_a_board_that_is_busy_keeps_the_state(gone):
    wire, _ = asking()
    state = modern(wire)["result"]["requestState"]
    for id in range(50, 50 + parked.PARKED * gone):
        modern(wire, id)
    wire.run(5)
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
