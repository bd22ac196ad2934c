"""Stacks of guests: one for all, more while several calls are under way, and what happens when there is no room."""

import pytest
from host_guests import call, push, together
from wasmote import wasm
from wasmote.wasm import OutOfMemory, Store, arena_info
from wat import assemble

pytest_plugins = ["host_fixtures"]

KIB = 4


def free():
    return arena_info()[1]


def test_components_that_nobody_calls_share_one_stack(host, thermometer, faults):
    push(host, "thermometer", thermometer)
    before = free()
    push(host, "faults", faults)
    assert host.stacks.used() == KIB and before - free() == host.components["faults"].memory


def test_calls_under_way_have_a_stack_each_and_give_it_back(host, thermometer, faults):
    push(host, "thermometer", thermometer)
    push(host, "faults", faults)
    whole = free()
    host.doubt = None  # which takes turns of its own, on CPython
    spin, calibrate = host.call_tool("spin"), host.call_tool("calibrate", b'{"offset":1}')
    next(spin)
    assert free() == whole, "the board's own"
    next(calibrate)
    assert free() == whole - KIB
    calibrate.close()
    assert free() >= whole, "one stack, and the cancelled call's instance"
    spin.close()
    assert host.stacks.taken == 0 and host.stacks.used() == KIB


def test_without_room_for_a_second_stack_a_call_waits_for_the_first_one(impatient, thermometer, faults, crowd):
    push(impatient, "thermometer", thermometer)
    push(impatient, "faults", faults)
    crowd(KIB - 1)
    order = []

    def counted(tool):
        result = yield from impatient.call_tool(tool)
        order.append(tool)
        return result

    spin, read = together(counted("spin"), counted("read"))
    assert "time limit" in spin[0][0] and read == (["20.000 °C"], False)
    assert order == ["spin", "read"]


def test_without_room_for_any_stack_the_refusal_says_so(host, crowd):
    crowd(KIB - 1)
    with pytest.raises(OutOfMemory, match="no room for a stack of 4 KiB in the arena: unload a component"):
        host.stacks.take()
    assert host.stacks.taken == 0


def test_a_call_that_was_dropped_leaves_a_clean_stack(host, faults):
    push(host, "faults", faults)
    for _ in range(20):
        steps = host.call_tool("recurse")
        next(steps)
        steps.close()
    assert call(host, "divide", b'{"a":6,"b":3}') == (["2"], False)
    assert "(7 times)" in call(host, "recurse")[0][0]


def test_the_last_one_leaves_the_arena_whole(host, thermometer):
    whole = free()
    push(host, "thermometer", thermometer)
    call(host, "read")
    for _ in host.remove("thermometer"):
        pass
    assert free() == whole


def test_a_store_without_a_stack_runs_nothing():
    store = Store(limit=4, stack=0)
    exports = wasm.instantiate(assemble('(module (func (export "f")))'), store=store).exports
    with pytest.raises(ValueError, match="the store has no stack"):
        exports.f()
    store.close()
