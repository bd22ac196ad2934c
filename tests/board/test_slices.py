"""What a slice is: a piece of a call that may be its last, and so much code, whatever a guest does."""

from wasmote import wasm
from wasmote.wasm import store as store_module
from wat import assemble


def instantiate(binary):
    store = wasm.Store(90)
    module = wasm.Module(wasm.Source(binary).reader())
    return store, wasm.drive(wasm.Instance.create(store, module, lambda module, name: None))


def test_a_call_can_be_abandoned_between_two_slices_and_leaves_the_store_usable():
    loop = bytes.fromhex("0061736d010000000104016000000302010007050101660000 0a09010700034 00c000b0b".replace(" ", ""))
    store, instance = instantiate(loop)
    before = store.top, bytes(store.view(store.state, 16))
    call = store.invoke(instance.exports["f"], [])
    for _ in range(10):
        next(call)
    call.close()
    assert (store.top, bytes(store.view(store.state, 16))) == before
    store.close()


def test_a_slice_of_fuel_buys_as_much_code_however_long_the_loop_is():
    """A guest cannot win a large slice with a tight loop, then spend it on a loop of thousands of operations."""
    body = "(local.set 0 (i32.mul (local.get 0) (i32.const 3)))" * 400
    count = "(global.set $n (i32.add (global.get $n) (i32.const 1)))"
    text = f"""(module (global $n (export "n") (mut i32) (i32.const 0))
      (func (export "tight") (loop {count} (br 0)))
      (func (export "long") (local i32) (loop {count} {body} (br 0))))"""
    turns = {}
    for name in ("tight", "long"):
        store, instance = instantiate(assemble(text))
        store.fuel = 2000
        call = store.invoke(instance.exports[name], [])
        next(call)
        turns[name] = store_module.engine.get(instance.exports["n"].at)
        call.close()
        store.close()
    assert turns["tight"] >= 500
    assert 1 <= turns["long"] <= turns["tight"] / 50
