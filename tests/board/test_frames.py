"""Calls that the host begins: the same bytes on both engines, and after them the state of the run around as it was."""

import pytest
from machines import ENGINES, Machine

STATE = 28


@pytest.fixture(autouse=True)
def empty_arenas():
    yield
    for engine in ENGINES:
        engine.reset()


def started():
    """A machine per engine in the middle of a run."""
    machines = [Machine(engine) for engine in ENGINES]
    for machine in machines:
        machine.start((1, 2, 3))
        machine.words(machine.state, machine.code + 6, machine.stack + 8, machine.stack + 480, machine.other)
    return machines


def state(machine):
    return bytes(machine.engine.view(machine.state, STATE))


def test_a_call_begins_and_ends_alike():
    machines = started()
    before = [state(machine) for machine in machines]
    entries = [m.engine.enter(m.state, m.records, m.stack + 40, [7, 2**32 - 1, -1, True]) for m in machines]
    assert entries[0] == entries[1] == machines[0].stack + 480 - 24
    assert machines[0].owned() == machines[1].owned()
    m = machines[0]
    assert m.engine.get(entries[0]) == 1024, "the stub `done`"
    assert [m.engine.get(m.stack + 40 + 4 * i) for i in range(4)] == [7, 2**32 - 1, 2**32 - 1, 1]
    get = m.engine.get
    assert [get(m.state + 4 * i) for i in range(4)] == [get(m.records), m.stack + 40, entries[0], m.instance]
    for machine in machines:
        machine.words(machine.state, 1, 2, 3, 4)  # wherever the call ended
        machine.engine.leave(machine.state, entries[0])
    assert [state(machine) for machine in machines] == before


@pytest.mark.parametrize("count, fits", [(100, True), (101, False), (1000, False)])
def test_a_stack_without_room_is_left_alone(count, fits):
    for machine in started():
        before = machine.owned()
        at = machine.stack + 480 - 24 - 16 - 400
        assert bool(machine.engine.enter(machine.state, machine.records, at, [5] * count)) == fits
        assert fits or machine.owned() == before


def test_offsets_outside_of_the_arena_are_errors():
    for machine in started():
        with pytest.raises(ValueError):
            machine.engine.leave(machine.state, 96 * 1024)
