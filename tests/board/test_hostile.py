"""Hostile guests: each ends where the specification, or a limit of ours, says so, in words; others are served meanwhile."""

import re

import hostile
import mcp_guest
import pytest
from host_guests import call, push, refusal
from wat import assemble

pytest_plugins = ["host_fixtures"]

WITNESS = assemble(mcp_guest.component(tool="answer"))


@pytest.fixture
def served(new_host, ticks):
    """A host with another component in service: (host, is it still served?)."""
    host = new_host(call_timeout_ms=60, load_timeout_ms=60_000)
    push(host, "witness", WITNESS)

    def check():
        assert call(host, "answer") == (["ok"], False)

    check()
    return host, check


@pytest.mark.parametrize("name", hostile.GUESTS)
def test_a_hostile_guest_ends_where_it_must_and_others_are_served(served, name):
    host, check = served
    guest = hostile.GUESTS[name]
    binary = assemble(guest.text)
    if not guest.loads:
        host.load_timeout_ms = 200
        kind, text = refusal(lambda: push(host, "hostile", binary))
        assert kind == "refused" and re.search(guest.ends, text)
        return check()
    push(host, "hostile", binary)
    for _ in range(2):  # the second time it is a fresh instance
        check()
        steps = host.call_tool("attack", b"{}", None, None)
        turns = 0
        try:
            while True:
                next(steps)
                turns += 1
                if turns in (1, 3, 20):
                    check()
        except StopIteration as stop:
            (text,), is_error = stop.value
        assert re.search(guest.ends, text), text
        check()
        if guest.fine is not None:
            assert is_error is not guest.fine
    if is_error:
        assert "starts afresh at its next call" in text
        assert {entry["name"]: entry["traps"] for entry in host.list()} == {"witness": 0, "hostile": 2}


def test_there_is_a_guest_for_each_way_to_do_harm():
    assert len(hostile.GUESTS) >= 30
