"""Clients that come back, do not, come back late, or others before them (mcp/parked.py): random rows of what may happen.

Every request gets one answer. A state goes on with its call once, until its time is over: with the answers it has had,
whether its call waited or had to begin anew.
"""

import json

from ask_fixtures import Holder, asking, heard, modern
from hypothesis import given, settings
from hypothesis import strategies as st
from wasmote.host.questions import ANSWERED
from wasmote.mcp import ask, parked

KEYS = ("name", "page", "name", "folders")  # of the rounds of the tool
ROOTS = {"roots": []}
STEPS = st.one_of(
    st.just(("call",)),
    st.tuples(st.just("answer"), st.integers(0, 9), st.sampled_from(["right", "right", "right", "wrong", "none"])),
    st.just(("others",)),
    st.tuples(st.just("time"), st.sampled_from([1, parked.CROWDED_MS, ask.ANSWER_MS // 3])),
)


def said(number):
    """What the client says in a round: (result, what the handler hears)."""
    if KEYS[number] == "folders":
        return ROOTS, (ANSWERED, '{"roots": []}')
    content = {"n": number}
    return {"action": "accept", "content": content}, (ANSWERED, ["accept", json.dumps(content)])


class Day:
    """One row of steps. `states`: of each its round, when it was given, whether it was used."""

    def __init__(self, now):
        self.wire, _ = asking(*([key] for key in KEYS))
        self.wire.host.guests = [Holder("asker")]
        self.now = now
        self.states = []
        self.id = 0

    def ask(self, **more):
        self.id += 1
        return modern(self.wire, self.id, **more)  # one answer, and no other line

    def take(self, reply, number):
        """A reply to a call that is in this round."""
        result = reply["result"]
        if number == len(KEYS):
            assert heard(reply) == [said(i)[1] for i in range(len(KEYS))]
            return
        assert result["resultType"] == "input_required" and list(result["inputRequests"]) == [KEYS[number]]
        self.states.append([result["requestState"], number, self.now[0], False])

    def call(self):
        self.take(self.ask(), 0)

    def answer(self, which, how):
        if not self.states:
            return
        state = self.states[which % len(self.states)]
        text, number, given, used = state
        right = {KEYS[number]: said(number)[0], "stranger": 5}
        responses = {"right": {"inputResponses": right}, "wrong": {"inputResponses": {KEYS[number]: 5}}, "none": {}}[
            how
        ]
        reply = self.ask(requestState=text, **responses)
        if used or self.now[0] - given >= ask.ANSWER_MS:
            assert reply["error"]["code"] == -32602
            return
        state[3] = True
        self.take(reply, number + (how == "right"))

    def others(self):
        for one in self.wire.server.parked:
            for guest in one.held:
                guest.wanted = True

    def time(self, ms):
        self.now[0] += ms
        assert self.wire.run(50) == []  # nobody is told
        assert self.wire.server.calls == [] and len(self.wire.server.parked) <= parked.PARKED


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=14))
def test_whatever_clients_do_each_state_is_good_once(steps):
    now = [5000]
    clocks = ask.ticks_ms, parked.ticks_ms
    ask.ticks_ms = parked.ticks_ms = lambda: now[0]
    try:
        day = Day(now)
        for name, *arguments in steps:
            getattr(day, name)(*arguments)
        day.time(ask.ANSWER_MS)
        assert list(day.wire.server.parked) == []
    finally:
        ask.ticks_ms, parked.ticks_ms = clocks
