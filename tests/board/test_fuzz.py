"""Random modules from wasm-smith: what wasmtime does with them, the engine does too, in slices of any size.

And random damage: whatever becomes of a module, it is refused by one of our errors, or runs inside its limits.
"""

import os
import random
import subprocess

import pytest
import wasmtime
from conftest import ROOT
from wasmote import wasm
from wasmote.wasm import store as store_module
from wat import assemble

SMITH = [
    *(ROOT / "build/wasm-tools/wasm-tools", "smith", "--ensure-termination", "--export-everything", "true"),
    *("--allow-floats", "false", "--max-imports", "0", "--max-memory32-bytes", "4194304", "--min-funcs", "3"),
    *("--max-instructions", "300", "--max-table-elements", "2000", "--max-funcs", "12", "--max-globals", "20"),
    *("--max-tables", "1", "--max-data-segments", "3", "--max-memories", "1", "--max-element-segments", "4"),
]
OFF = ["bulk-memory", "reference-types", "simd", "relaxed-simd", "tail-call", "threads", "exceptions", "gc", "memory64",
       "saturating-float-to-int", "custom-page-sizes", "extended-const", "wide-arithmetic",
       "shared-everything-threads"]  # fmt: skip
for feature in OFF:
    SMITH += [f"--{feature}-enabled", "false"]
# Ours are other limits than wasmtime's, so what follows one of these is not to be compared.
MAX_PAGES = 128
LIMITS = {"call stack exhausted", "out of memory"}
SEEDS = int(os.environ.get("FUZZ_SEEDS", "60"))


def module_of(seed):
    entropy = random.Random(seed).randbytes(3000)
    smith = subprocess.run(SMITH, input=entropy, capture_output=True, check=True)
    return smith.stdout


def argument(valtype, n):
    return (0, 1, 0xFFFFFFFF, 0x80000000, 1234, 65535, 7)[n % 7] << (32 if valtype == 0x7E and n % 2 else 0)


def unsigned(value):
    return value & 0xFFFFFFFFFFFFFFFF


class Oracle:
    """The module in wasmtime."""

    def __init__(self, binary):
        self.store = wasmtime.Store()
        module = wasmtime.Module(self.store.engine, binary)
        self.exports = wasmtime.Instance(self.store, module, []).exports(self.store)

    def call(self, name, types, args):
        bits = [32 if t == 0x7F else 64 for t in types[0]]
        signed = [a - (1 << n) if a >> n - 1 else a for a, n in zip(args, bits, strict=True)]
        try:
            got = self.exports[name](self.store, *signed)
        except wasmtime.Trap as trap:
            return trap.message
        got = [] if got is None else got if isinstance(got, list) else [got]
        return [g & (0xFFFFFFFF if t == 0x7F else 0xFFFFFFFFFFFFFFFF) for g, t in zip(got, types[1], strict=True)]

    def pages(self):
        sizes = [e.size(self.store) for e in self.exports.values() if isinstance(e, wasmtime.Memory)]
        return max(sizes, default=0)

    def memory(self, name):
        memory = self.exports[name]
        return bytes(memory.read(self.store, 0, memory.data_len(self.store)))


def instantiate(binary):
    store = wasm.Store(90)
    try:
        module = wasm.Module(wasm.Source(binary).reader())
        return store, wasm.drive(wasm.Instance.create(store, module, lambda module, name: None))
    except Exception:
        store.close()
        raise


@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_modules_do_what_they_do_in_wasmtime(seed):
    binary = module_of(seed)
    fuel = random.Random(seed).choice([1, 3, 100, 100000])
    try:
        store, instance = instantiate(binary)
    except (wasm.Trap, wasm.OutOfMemory) as error:
        if not isinstance(error, wasm.OutOfMemory):
            with pytest.raises((wasmtime.Trap, wasmtime.WasmtimeError)):
                Oracle(binary)
        return
    try:
        oracle = Oracle(binary)
        for n, (name, extern) in enumerate(sorted(instance.exports.items()) * 2):
            if not isinstance(extern, wasm.Function):
                continue
            args = [argument(t, n + i) for i, t in enumerate(extern.type[0])]
            store.fuel = fuel
            try:
                got = wasm.drive(store.invoke(extern, args))
            except wasm.Trap as trap:
                if trap.what in LIMITS:
                    return
                got = trap.what
            wanted = oracle.call(name, extern.type, args)
            if oracle.pages() > MAX_PAGES:
                return
            if isinstance(got, str):
                assert isinstance(wanted, str) and same_trap(got, wanted), (name, args, got, wanted)
            else:
                assert got == wanted, (name, args)
        for name, extern in instance.exports.items():
            if isinstance(extern, wasm.Memory):
                assert extern.read(0, extern.size) == oracle.memory(name)
    finally:
        store.close()


def same_trap(ours, theirs):
    return ours in theirs or ours == "undefined element" and "undefined element" in theirs


def test_damaged_modules_are_refused_or_run_within_their_limits():
    granules = wasm.arena_info()
    rng = random.Random(1)
    binary = module_of(7)
    for _ in range(400):
        damaged = bytearray(binary)
        for _ in range(rng.choice([1, 1, 2, 8])):
            damaged[rng.randrange(8, len(damaged))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        if rng.random() < 0.2:
            del damaged[rng.randrange(8, len(damaged)) :]
        try:
            store, instance = instantiate(bytes(damaged))
        except wasm.WasmError:
            continue
        for extern in instance.exports.values():
            if isinstance(extern, wasm.Function):
                call = store.invoke(extern, [0] * len(extern.type[0]))
                try:
                    for _ in zip(range(20), call, strict=False):
                        pass
                except wasm.Trap:
                    pass
                call.close()
        store.close()
    assert wasm.arena_info() == granules


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
