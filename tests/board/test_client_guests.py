"""wasi:mcp/client with real components: examples/c/courier.c calls the others."""

import json

import host_guests as guests
import pytest
from host_guests import call, push, together
from wasmote.wasm import arena_info, drive

pytest_plugins = ["host_fixtures"]


@pytest.fixture(scope="session")
def courier():
    return guests.example("courier")


@pytest.fixture(scope="session")
def notebook():
    return guests.example("notebook")


@pytest.fixture
def it(host, courier, notebook, faults):
    push(host, "notebook", notebook)
    push(host, "faults", faults)
    push(host, "courier", courier)
    allow(host, "*")
    return host


def allow(host, *peers):
    drive(host.configure("courier", json.dumps({"peers": peers}).encode()))


def ask(host, tool="write", component="notebook", **arguments):
    given = {"component": component, "tool": tool, "arguments": arguments}
    return host.call_tool("ask", json.dumps(given).encode())


def texts(steps):
    content, failed = drive(steps)
    return "\n".join(content), failed


def test_it_calls_reads_and_recites(it):
    assert call(it, "about", b'{"component":"notebook"}') == (["notebook 1.0.0"], False)
    assert texts(ask(it, name="x", text='a "b"')) == ("noted", False)
    assert texts(ask(it, "erase", name="y")) == ('there is no note "y": read note:/ to see what there is', True)
    assert call(it, "fetch", b'{"component":"wasmote:notebook","uri":"note:/x"}') == (['a "b"'], False)
    icon = call(it, "fetch", b'{"component":"notebook","uri":"note:/.icon"}')
    assert icon == (["[resource note:/.icon]"], False)
    recite = {"component": "notebook", "prompt": "proofread", "arguments": {"name": "x"}}
    text, failed = texts(it.call_tool("recite", json.dumps(recite).encode()))
    assert not failed and text.splitlines() == [
        "user: You are a careful editor. Keep the meaning, use a style that is plain.",
        'user: a "b"',
        "assistant: Corrected:",
    ]


@pytest.fixture
def row(host, courier, notebook):
    """relay, courier and notebook, which all may call each other."""
    for name, data in (("notebook", notebook), ("courier", courier), ("relay", guests.example("relay"))):
        push(host, name, data)
    for name in ("courier", "relay"):
        drive(host.configure(name, b'{"peers": ["*"]}'))
    return host


def through(*row, **arguments):
    """The arguments of relay for a row of (component, tool), the last of which gets `arguments`."""
    for component, tool in reversed(row):
        arguments = {"component": component, "tool": tool, "arguments": arguments}
    return json.dumps(arguments).encode()


def test_three_in_a_row(row):
    note = through(("courier", "ask"), ("notebook", "write"), name="x", text="y")
    assert call(row, "relay", note) == (["noted"], False)
    assert row.stacks.taken == 0 and [guest.waits_for for guest in row.guests] == [None] * 3


def test_a_circle_is_refused_where_it_would_close(row):
    circle = through(("courier", "ask"), ("relay", "relay"), ("notebook", "write"))
    (text,), failed = call(row, "relay", circle)
    assert failed and "relay waits for courier already" in text
    assert [guest.traps for guest in row.guests] == [0] * 3
    results = together(
        row.call_tool("relay", circle),
        row.call_tool("ask", through(("relay", "relay"), ("courier", "about"), component="relay")),
    )
    assert [failed for _, failed in results] == [True, True]
    note = through(("courier", "ask"), ("notebook", "write"), name="x", text="y")
    assert call(row, "relay", note) == (["noted"], False)


def test_two_whose_arguments_are_looked_at_both_closed_the_circle(row, monkeypatch):
    def doubt(*_):
        for _ in range(200):  # both are at it at once
            yield

    monkeypatch.setattr(row, "doubt", doubt)
    results = together(
        row.call_tool("relay", through(("courier", "ask"), ("notebook", "write"), name="x", text="y")),
        row.call_tool("ask", through(("relay", "relay"), ("notebook", "write"), name="x", text="y")),
    )
    assert (["noted"], False) in results and "in a circle" in str(results)
    assert [guest.traps for guest in row.guests] == [0] * 3


def test_errors_arrive_as_they_are(it):
    assert texts(ask(it, "nothing")) == ('notebook has no tool "nothing"', True)
    missing = call(it, "fetch", b'{"component":"notebook","uri":"note:/x"}')
    assert missing == (["notebook: there is no such note: read note:/ to see what there is"], True)
    prompt = call(it, "recite", b'{"component":"notebook","prompt":"proofread"}')
    assert prompt == (['the prompt proofread needs the argument "name", a string'], True)
    assert "there is no component" in call(it, "about", b'{"component":"other"}')[0][0]


def test_only_peers_are_reached(it):
    allow(it)
    text, failed = texts(ask(it, name="x", text=""))
    assert failed and 'courier may not reach "notebook"' in text
    allow(it, "notebook/write")
    assert texts(ask(it, name="x", text="")) == ("noted", False)
    assert texts(ask(it, "erase", name="x"))[1]
    assert call(it, "fetch", b'{"component":"notebook","uri":"note:/"}')[1]


def test_it_cannot_call_itself(it):
    text, failed = texts(it.call_tool("ask", through(("courier", "about"), component="courier")))
    assert failed and "components cannot call themselves" in text
    assert it.components["courier"].traps == 0


def test_a_trap_of_the_other_one_is_an_answer(it):
    text, failed = texts(ask(it, "trap", "faults"))
    assert failed and text.startswith('faults: "trap" failed: ')
    assert it.components["faults"].traps == 1 and it.components["courier"].traps == 0
    assert texts(ask(it, "divide", "faults", a=6, b=3)) == ("2", False)


def test_the_other_ones_time_limit_applies(new_host, ticks, courier, faults):
    host = new_host(call_timeout_ms=100_000)
    push(host, "courier", courier)
    push(host, "faults", faults)
    allow(host, "faults")
    drive(host.configure("faults", b'{"timeout_ms": 50}'))
    text, failed = texts(ask(host, "spin", "faults"))
    assert failed and "was stopped after 50 ms, its time limit" in text
    assert host.components["courier"].traps == 0


def test_the_callers_time_limit_ends_both(new_host, ticks, courier, faults):
    host = new_host(call_timeout_ms=100_000)
    push(host, "courier", courier)
    push(host, "faults", faults)
    drive(host.configure("courier", b'{"peers": ["*"], "timeout_ms": 50}'))
    text, failed = texts(ask(host, "spin", "faults"))
    assert failed and text.startswith('courier: "ask" was stopped after 50 ms')
    faults = host.components["faults"]
    assert not faults.busy and faults.waits_for is None and host.stacks.taken == 0
    assert call(host, "divide", b'{"a":6,"b":3}') == (["2"], False)


def test_a_caller_that_is_cancelled_releases_the_other_one(it):
    steps = ask(it, "spin", "faults")
    for _ in range(3):
        next(steps)
    assert it.components["faults"].busy
    steps.close()
    assert not it.components["faults"].busy and it.components["courier"].waits_for is None
    assert it.stacks.taken == 0
    assert texts(ask(it, "divide", "faults", a=6, b=3)) == ("2", False)


@pytest.mark.parametrize("name", ["courier", "faults"])
def test_either_may_be_unloaded_meanwhile(it, name):
    steps = ask(it, "spin", "faults")
    for _ in range(3):
        next(steps)
    ((content, failed), _) = together(steps, it.unload(name))
    assert failed and "was ended: the component was unloaded" in content[0]
    assert it.stacks.taken == 0 and it.components["courier"].waits_for is None


def test_others_go_on_meanwhile(it):
    spin = ask(it, "spin", "faults")
    results = [None]

    def others():
        results[0] = yield from it.call_tool("write", b'{"name":"n","text":"t"}')
        spin.close()

    with pytest.raises(StopIteration):
        other = others()
        while True:
            next(spin)
            next(other)
    assert results[0] == (["noted"], False)


def test_no_room_for_a_second_stack_is_an_answer(it, crowd):
    crowd(0)
    text, failed = texts(ask(it, name="x", text=""))
    assert failed and "no room for one more stack" in text
    assert it.stacks.taken == 0 and arena_info()[1] >= 0
