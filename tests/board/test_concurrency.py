"""Several calls under way, in both eras: fair slices, cancellation within a slice, notifications that wait for nobody, limits.

tests/firmware/test_ping.py measures what a slice is on the boards.
"""

import json
from collections import Counter

import pytest
from fake_host import FakeHost, Tool
from host_guests import push
from server_wire import MODERN, Wire
from wasmote import main
from wasmote.mcp import Server
from wasmote.mcp.server import CALLS
from wires import wire_of

pytest_plugins = ["host_fixtures"]
ERAS = {"handshake": {}, "modern": {"_meta": MODERN}}


@pytest.fixture(params=ERAS)
def era(request):
    return ERAS[request.param]


def call(id, tool, era, **arguments):
    return {"id": id, "method": "tools/call", "params": {"name": tool, "arguments": arguments, **era}}


def cancelled(id):
    return {"method": "notifications/cancelled", "params": {"requestId": id}}


class Slices:
    """Tools that never end, and how many slices each call of them had: `had[id]`."""

    def __init__(self):
        self.had = Counter()
        self.ended = []
        self.wire = Wire("echo")
        self.wire.host.tools.append(Tool("spin", self._spin))

    def _spin(self, arguments, notify):
        id = json.loads(bytes(arguments))["me"]
        try:
            while True:
                self.had[id] += 1
                yield
        finally:
            self.ended.append(id)

    def start(self, id, era):
        assert self.wire.send(call(id, "spin", era, me=id)) == []

    def during(self, turns):
        """Slices of each call in so many turns."""
        before = Counter(self.had)
        assert self.wire.run(turns) == []
        return self.had - before


def test_slices_are_fair(era):
    slices = Slices()
    for id in range(CALLS):
        slices.start(id, era)
    assert set(slices.during(100 * CALLS).values()) == {100}


def test_slices_are_fair_across_eras_and_while_calls_come_and_go():
    slices = Slices()
    for id, era in ((0, "modern"), (1, "handshake"), (2, "modern")):
        slices.start(id, ERAS[era])
    assert slices.during(30) == {0: 10, 1: 10, 2: 10}
    slices.start(3, ERAS["handshake"])
    had = slices.during(41)
    assert set(had) == {0, 1, 2, 3} and max(had.values()) - min(had.values()) <= 1
    slices.wire.send(cancelled(1))
    had = slices.during(31)
    assert set(had) == {0, 2, 3} and max(had.values()) - min(had.values()) <= 1
    for id in range(20, 60):  # short calls in between
        slices.wire.send(call(id, "echo", {}))
        slices.wire.server.step()
    slices.wire.run(20)
    had = slices.during(30)
    assert had == {0: 10, 2: 10, 3: 10}


@pytest.mark.parametrize("turns", range(6))
def test_a_cancelled_call_has_not_one_slice_more(era, turns):
    slices = Slices()
    for id in ("a", "b", "c"):
        slices.start(id, era)
    slices.during(turns)
    had = slices.had["b"]
    assert slices.wire.send(cancelled("b")) == []
    assert slices.ended == ["b"] * (had > 0), "what it held, if it had begun, is given back at once"
    others = slices.during(10)
    assert slices.had["b"] == had and abs(others["a"] - others["c"]) <= 1


def test_a_notification_waits_for_no_call(era):
    """Through the main loop: the cancellation that comes behind a slice is served before the next one."""
    slices = []

    def spin(arguments, notify):
        notify("progress", len(slices), None)
        while True:
            slices.append(1)
            yield

    written = bytearray()
    server = Server(FakeHost(Tool("spin", spin)), written.extend)
    meta = {**era.get("_meta", {}), "progressToken": 7}
    sent = [
        (0, {"id": 1, "method": "tools/call", "params": {"name": "spin", "_meta": meta}}),
        (5, {"method": "notifications/initialized"}),
        (9, cancelled(1)),
        (9, None),
    ]
    pending = b""

    class Port:
        ended = False
        write = written.extend

        def read(self, room):
            nonlocal pending
            while sent and sent[0][0] <= len(slices):
                message = sent.pop(0)[1]
                pending += b"\r\x03" if message is None else json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"
            size = min(len(room), len(pending))
            room[:size] = pending[:size]
            pending = pending[size:]
            return size

        def idle(self, most):
            pass

    port = Port()
    assert main.loop(server, port, wire_of(port)) == main.REPL
    assert len(slices) == 9, "cancelled behind the slice in which it came"
    (progress,) = [json.loads(line) for line in written.splitlines()]
    assert progress["method"] == "notifications/progress", "it left while the call ran"


@pytest.fixture
def wire(impatient, thermometer, faults):
    """A server whose host gives a call 50 looks at the clock."""
    push(impatient, "thermometer", thermometer)
    push(impatient, "faults", faults)
    wire = Wire()
    wire.host = impatient
    wire.server = Server(impatient, wire.written.extend)
    wire.server.ready()
    return wire


def test_each_call_has_a_time_limit_of_its_own(wire, era):
    """Two endless calls of one component, which takes one at a time: the second one's time begins when it does."""
    for id, tool in enumerate(("spin", "spin", "read")):
        assert wire.send(call(id, tool, era)) == []
    answers = {line["id"]: line["result"] for line in wire.run(100_000) if "id" in line}
    assert list(answers) == [2, 0, 1], "whoever is quick waits for nobody"
    assert answers[2]["content"][0]["text"].endswith(" °C")
    for id in (0, 1):
        assert answers[id]["isError"] and "was stopped after 50 ms, its time limit" in answers[id]["content"][0]["text"]


def test_cancelling_a_call_that_waits_leaves_the_one_it_waits_for_alone(wire, era):
    for id in (0, 1):
        assert wire.send(call(id, "spin", era)) == []
    wire.run(5)
    assert wire.send(cancelled(1)) == []
    (answer,) = [line for line in wire.run(100_000) if "id" in line]
    assert answer["id"] == 0 and "its time limit" in answer["result"]["content"][0]["text"]
    assert (
        wire.result("tools/call", {"name": "divide", "arguments": {"a": 4, "b": 2}, **era})["content"][0]["text"] == "2"
    )


def test_cancelling_the_call_that_runs_lets_the_next_one_begin(wire, era):
    wire.send(call(0, "spin", era))
    wire.send(call(1, "divide", era, a=9, b=3))
    wire.run(5)
    assert wire.send(cancelled(0)) == []
    (answer,) = [line for line in wire.run(1000) if "id" in line]
    assert (answer["id"], answer["result"]["content"][0]["text"]) == (1, "3")
