"""Counters of a component in wasmote/list and wasmote/info: exact, the same on both engines, over all its instances."""

import itertools
import sys

import pytest
from conftest import ROOT
from engines import ENGINES, using
from host_guests import call, chunks, push, together
from wasmote.host import Host, Storage, guest, usage
from wasmote.jsonrpc import validate
from wasmote.wasm import drive

sys.path.append(str(ROOT / "scripts/bench"))
from worker import linear_bytes

pytest_plugins = ["host_fixtures"]


def counters(host, *names):
    entry = host.list()[0]
    return tuple(entry[name] for name in names)


def test_a_component_counts_from_its_load_on(host, faults):
    push(host, "faults", faults)
    assert counters(host, "calls", "traps", "restarts", "runMs") == (0, 0, 0, 0)
    assert counters(host, "fuel")[0] > 0, "its start"
    call(host, "divide", b'{"a":6,"b":3}')
    for _ in range(3):
        call(host, "trap")
    assert counters(host, "calls", "traps", "restarts", "state") == (4, 3, 2, "stopped")
    call(host, "divide", b'{"a":6,"b":3}')
    assert counters(host, "calls", "traps", "restarts", "state") == (5, 3, 3, "ready")
    assert "unreachable" in host.list()[0]["lastError"] and "error" not in host.list()[0]
    drive(host.load("faults"))
    assert counters(host, "calls", "traps", "restarts") == (0, 0, 0)


def test_fuel_is_what_the_engine_charged_on_both_engines(tmp_path, faults):
    used = {}
    for engine in ENGINES:
        with using(engine):
            host = Host(Storage(str(tmp_path / engine)), validate=validate)
            push(host, "faults", faults)
            found = [counters(host, "fuel")[0]]
            for tool, arguments in (("divide", b'{"a":6,"b":3}'), ("divide", b'{"a":6,"b":3}'), ("trap", b"{}")):
                call(host, tool, arguments)
                found.append(counters(host, "fuel", "peakMemoryBytes"))
            used[engine] = found
            host.close()
    assert used["c"] == used["python"]
    start, one, two, trapped = (row if isinstance(row, int) else row[0] for row in used["c"])
    assert two - one == one - start > 300, "the same call costs the same"
    assert trapped > two, "what the dead instance used still counts"


def test_fuel_stays_a_pair_of_small_numbers(host, faults, ticks):
    push(host, "faults", faults)
    store = host.guests[0].store
    steps = host.call_tool("spin")
    while store.fuel_used() < 1 << 22:
        next(steps)
    assert store._spent < 1 << 20 and store._spent_m >= 3
    steps.close()


def test_peak_memory_is_the_most_granules_of_any_instance(host, faults):
    push(host, "faults", faults)
    memory, peak = counters(host, "memoryBytes", "peakMemoryBytes")
    assert memory == peak
    call(host, "hoard")
    limit = counters(host, "memoryLimitBytes")[0]
    assert counters(host, "peakMemoryBytes")[0] >= limit - 1024
    call(host, "divide", b'{"a":6,"b":3}')
    memory, peak = counters(host, "memoryBytes", "peakMemoryBytes")
    assert memory < 16 * 1024 and peak >= limit - 1024


def test_time_counts_while_it_runs_not_while_it_waits(host, faults, thermometer, monkeypatch):
    clock = itertools.count(step=1500)
    monkeypatch.setattr(usage, "ticks_us", lambda: next(clock))
    push(host, "faults", faults)
    push(host, "thermometer", thermometer)
    slices = 0
    steps = host.call_tool("count", b'{"to":3,"delay_ms":1}')
    for _ in steps:
        slices += 1
    assert counters(host, "runMs") == ((slices + 1) * 1500 // 1000,), "one tick of this clock a slice"
    together(host.call_tool("read"), host.call_tool("read"))
    assert host.list()[1]["runMs"] == 3


def test_a_call_that_is_cancelled_counts_its_time_and_fuel(host, faults):
    push(host, "faults", faults)
    before = counters(host, "fuel")[0]
    steps = host.call_tool("spin")
    next(steps)
    steps.close()
    assert counters(host, "fuel")[0] > before and counters(host, "calls", "traps") == (1, 0)


def test_no_room_to_start_again_is_no_crash(host, faults, thermometer, crowd):
    push(host, "faults", faults)
    call(host, "trap")
    crowd(2)
    for _ in range(2 * guest._QUARANTINE):
        assert "could not be started again" in call(host, "divide", b'{"a":1,"b":1}')[0][0]
    assert counters(host, "state", "traps", "restarts") == ("stopped", 1, 0)


def test_an_arena_that_others_fill_is_no_crash_but_the_components_own_limit_is(host, faults, crowd):
    push(host, "faults", faults)
    call(host, "hoard")
    assert host.guests[0].crashes == 1
    drive(host.load("faults"))
    crowd(10)
    for _ in range(2 * guest._QUARANTINE):
        (text,), failed = call(host, "hoard")
        assert failed and "failed: the arena has no more: unload a component: out of memory: in " in text
    assert counters(host, "state", "traps") == ("stopped", 2 * guest._QUARANTINE)
    assert call(host, "divide", b'{"a":6,"b":3}') == (["2"], False)


def test_a_stopped_component_is_replaced_by_its_new_version(host, faults, thermometer):
    push(host, "it", faults)
    call(host, "trap")
    for steps in chunks(host, "it", thermometer):
        drive(steps)
    assert counters(host, "state", "traps", "calls") == ("ready", 0, 0)


LAYOUT = ROOT / "build/examples/rust_layout.wasm"
READINGS = [("calibrate", b'{"offset":1500}'), ("read", b'{"unit":"K"}'), ("history", b"{}")]


@pytest.mark.skipif(not LAYOUT.exists(), reason="no build/examples: make examples")
def test_a_memory_of_17_pages_as_rustc_lays_it_out_takes_8_kib_at_most(tmp_path, engine):
    """1 MiB of stack first, then data and heap: what is touched takes granules; a map and leaves say where they are."""
    host = Host(Storage(str(tmp_path)), validate=validate)
    push(host, "layout", LAYOUT.read_bytes())
    for tool, arguments in READINGS * 3:
        call(host, tool, arguments)
    memories = {engine.get(instance[0]) for instance in host.guests[0].store.instances} - {0}
    assert [engine.get(memory) >> 16 for memory in memories] == [17]
    assert 2 * 1024 < sum(linear_bytes(engine, memory) for memory in memories) <= 8 * 1024
    host.close()
