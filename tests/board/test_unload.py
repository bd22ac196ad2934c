"""Loading and unloading leave nothing behind in the arena."""

import importlib
import sys

import pytest
from wasmote import wasm
from wat import assemble

PROGRAM = """
(module
  (import "host" "twice" (func $twice (param i32) (result i32)))
  (memory 1 3)
  (table 2 10 funcref)
  (global $g (mut i64) (i64.const 5))
  (elem (i32.const 1) $f)
  (data (i32.const 1000) "active")
  (data "passive")
  (func $f (param i32) (result i32) (i32.store (i32.const 70000) (local.get 0)) (i32.load (i32.const 70000)))
  (func $start (drop (memory.grow (i32.const 1))))
  (func (export "run") (param i32) (result i32)
    (call $twice (call_indirect (param i32) (result i32) (local.get 0) (i32.const 1))))
  (func (export "trap") (global.set $g (i64.const 7)) unreachable)
  (start $start))
"""


@pytest.fixture(params=["c", "python"])
def engine(request, monkeypatch):
    """Either engine, for all of the package."""
    chosen = sys.modules["_wasm"] if request.param == "c" else importlib.import_module("wasmote.wasm.interp")
    for name, module in list(sys.modules.items()):
        if name.startswith("wasmote.wasm.") and hasattr(module, "engine"):
            monkeypatch.setattr(module, "engine", chosen)
    chosen.reset()
    return chosen


def arena(engine):
    return bytes(engine.view(0, engine.GRANULES * 1024))


def load(data, limit):
    """Loads, runs, ends in a trap, unloads."""
    store = wasm.Store(limit=limit)
    try:
        twice = wasm.externs.HostFunction(store, b"\x7f", b"\x7f", lambda x: 2 * x)
        module = wasm.binary.Module(wasm.Source(data).reader())
        instance = wasm.drive(wasm.instance.Instance.create(store, module, lambda *_: twice))
        assert wasm.drive(store.invoke(instance.exports["run"], [21])) == [42]
        with pytest.raises(wasm.Trap):
            wasm.drive(store.invoke(instance.exports["trap"], []))
        return store.used()
    finally:
        store.close()


def test_1000_loads_leave_the_arena_byte_for_byte_as_it_was(engine):
    data = assemble(PROGRAM)
    kept = wasm.Store(limit=8, stack=1024)  # of another component, which stays
    memory = wasm.Memory.new(kept, 1)
    memory.write(5000, b"stays")
    before = arena(engine)
    fixed = assemble(PROGRAM.replace("memory.grow (i32.const 1)", "memory.size").replace("70000", "7000"))
    used = {load(data, 20) if i % 2 else load(fixed, 86) for i in range(1000)}
    assert arena(engine) == before
    assert len(used) == 2 and max(used) > 64  # each load of a program took the same; one of them has a dense memory
    assert memory.read(5000, 5) == b"stays"
    kept.close()


def test_a_load_that_fails_anywhere_leaves_the_arena_as_it_was(engine):
    data = assemble(PROGRAM)
    before = arena(engine)
    failures = 0
    for limit in range(1, 14):
        try:
            load(data, limit)
        except (wasm.OutOfMemory, wasm.Trap):
            failures += 1
        assert arena(engine) == before
    assert 3 < failures < 13


def test_a_stack_takes_no_granule_more_where_the_arena_has_a_gap():
    gap, after = wasm.Store(limit=2, stack=0), wasm.Store(limit=2, stack=0)
    gap.alloc(8)
    after.alloc(8)
    gap.close()  # less than a stack, before what is taken
    try:
        store = wasm.Store(limit=4, stack=4064)
        assert store.used() == store.limit == 4
        store.close()
    finally:
        after.close()
