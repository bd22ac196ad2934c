"""Batches (2025-03-26): one array of answers for one array of requests, whatever becomes of them. openings.py has the rest."""

import json

import pytest
from fake_host import Tool
from server_wire import Wire


@pytest.fixture
def wire():
    wire = Wire()
    wire.result("initialize", {"protocolVersion": "2025-03-26"}, id="i")
    return wire


def request(id, tool, **meta):
    return {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "_meta": meta}}


def ping(id):
    return {"jsonrpc": "2.0", "id": id, "method": "ping"}


def send(wire, *messages):
    return wire.send(json.dumps(messages).encode())


def test_the_answers_come_as_one_array_once_the_last_is_there(wire):
    assert send(wire, ping(1), request(2, "count", progressToken="t"), ping(3)) == []
    assert wire.send({"id": 9, "method": "ping"}) == [{"jsonrpc": "2.0", "id": 9, "result": {}}], "others do not wait"
    *notes, answers = wire.run()
    assert [note["method"].split("/")[1] for note in notes] == ["progress"] * 3 + ["message"]
    assert [answer["id"] for answer in answers] == [1, 3, 2]
    assert answers[2]["result"]["content"][0] == {"type": "text", "text": "3"}


def test_what_is_cancelled_has_no_answer_and_keeps_nobody_waiting(wire):
    assert send(wire, request(1, "spin"), ping(2)) == []
    assert wire.run(5) == []
    assert wire.send({"method": "notifications/cancelled", "params": {"requestId": 1}}) == [
        [{"jsonrpc": "2.0", "id": 2, "result": {}}]
    ]
    assert send(wire, request(1, "spin")) == []
    assert wire.send({"method": "notifications/cancelled", "params": {"requestId": 1}}) == []
    assert send(wire, ping(1), {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}) == [
        [{"jsonrpc": "2.0", "id": 1, "result": {}}]
    ]


def test_what_breaks_is_an_answer_too(wire):
    answers = (
        send(wire, request(1, "breaks"), request(2, "starves"), request(3, "echo"), request(1, "echo"), ping(4))
        + wire.run()
    )
    (answers,) = answers
    codes = sorted((str(answer["id"]), answer.get("error", {}).get("code")) for answer in answers)
    assert codes == [("1", -32603), ("2", -32010), ("3", None), ("4", None), ("None", -32600)]


def test_an_answer_that_breaks_off_is_forgotten_but_for_its_error(wire):
    class Breaking:
        name = "x"

        @property
        def json(self):
            raise OSError("flash")

    wire.host.tools = [Tool("t", None, size=5000), Breaking()]
    (answers,) = send(wire, ping(1), {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}, ping(3))
    assert [(answer["id"], "error" in answer) for answer in answers] == [(1, False), (2, True), (3, False)]


def test_more_answers_than_may_wait_come_in_several_arrays(wire):
    arrays = send(wire, *(ping(id) for id in range(300)), request("last", "long")) + wire.run()
    assert len(arrays) > 2 and max(len(json.dumps(array)) for array in arrays[:-1]) < 6000
    answers = [answer for array in arrays for answer in array]
    assert [answer["id"] for answer in answers] == [*range(300), "last"]


def test_two_batches_side_by_side_each_get_theirs(wire):
    assert send(wire, request(1, "count"), ping(2)) == send(wire, request(3, "count"), ping(4)) == []
    arrays = [line for line in wire.run() if isinstance(line, list)]
    assert [[answer["id"] for answer in array] for array in arrays] == [[2, 1], [4, 3]]


def test_another_initialize_ends_it(wire):
    wire.result("initialize", {"protocolVersion": "2025-06-18"})
    (refusal,) = send(wire, ping(1))
    assert refusal["id"] is None and "2025-03-26" in refusal["error"]["message"]
