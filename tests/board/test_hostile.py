"""Hostile guests: each ends where the specification, or a limit of ours, says so, in words; others are served meanwhile.

Nor is anything written that is another's, or nobody's: all those bytes are compared before and after each step.
"""

import re

import hostile
import mcp_guest
import pytest
from host_guests import call, push, refusal
from machines import OWNER_OF
from wasmote.wasm.engine import engine
from wat import assemble

pytest_plugins = ["host_fixtures"]

WITNESS = assemble(mcp_guest.component(tool="answer"))


def others(host):
    """The granules of the component in service. Those that nobody owns are empty, and so is that at address 0."""
    owner = next(guest.store.owner for guest in host.guests if guest.name == "witness")
    region = bytes(engine.view(0, 1024 * engine.GRANULES))
    kept = []
    for n, found in enumerate(region[OWNER_OF : OWNER_OF + engine.GRANULES]):
        granule = region[1024 * n : 1024 * (n + 1)]
        if found == owner:
            kept.append(granule)
        assert granule == bytes(1024) or found and n, f"granule {n} has been written to"
    return kept


def untouched(host, step, *arguments):
    """What the step returns; it leaves what is not the hostile component's as it was."""
    before = others(host)
    assert before
    try:
        return step(*arguments)
    finally:
        assert others(host) == before


@pytest.fixture
def served(new_host, ticks):
    """A host with another component in service: (host, is it still served?)."""
    host = new_host(call_timeout_ms=300, load_timeout_ms=60_000)
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
        kind, text = untouched(host, refusal, lambda: push(host, "hostile", binary))
        assert kind == "refused" and re.search(guest.ends, text)
        return check()
    untouched(host, push, host, "hostile", binary)
    for _ in range(2):  # the second time it is a fresh instance
        check()
        steps = host.call_tool("attack", b"{}", None, None)
        turns = 0
        try:
            while True:
                untouched(host, next, steps)
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


def test_a_byte_written_into_another_component_or_into_nobodys_granule_is_seen(served):
    host, _ = served
    owner = next(guest.store.owner for guest in host.guests)
    owners = bytes(engine.view(OWNER_OF, engine.GRANULES))
    for n in (0, owners.index(owner), owners.index(0)):
        cell = engine.view(1024 * n + 1023, 1)
        before = cell[0]
        with pytest.raises(AssertionError):
            untouched(host, cell.__setitem__, 0, before ^ 1)
        cell[0] = before


def test_there_is_a_guest_for_each_way_to_do_harm():
    assert len(hostile.GUESTS) >= 30
