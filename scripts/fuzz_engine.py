#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One engine behind a pipe, for fuzz.py: unpickles Cases from stdin, answers each with what became of it.

A case is (binary, slice, steps, calls, observed): a module, the fuel of a slice, how many slices a call may take,
[(export, arguments)], and how many bytes of a memory are looked at. The answer is (verdict, text, outcomes): the verdict is "instance" or the name of the error class,
an outcome is (kind, results or text, state) with kind "results", "trap", "limit" (a limit of this engine: what follows
cannot be compared) or "endless", and state as Observer.state() gives it.
"""

import os
import pickle
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "modules"), str(ROOT / "tests" / "shims")]

import wasmote.wasm as wasm  # noqa: E402
from wasmote.wasm.values import get_value  # noqa: E402

GRANULES, STACK = 90, 8192
LIMITS = {"call stack exhausted", "out of memory"}
FUNCREF, EXTERNREF = 0x70, 0x6F


def plain(valtype, value):
    """A value as it can be compared across engines: of a function reference only whether it is null."""
    return value is not None if valtype == FUNCREF else value


class Observer:
    """What an instance's exports show."""

    def __init__(self, store, exports, observed):
        self.store = store
        self.observed = observed
        self.exports = sorted((name, exports[name]) for name in exports)

    def sizes(self):
        return [extern.size for _, extern in self.exports if isinstance(extern, wasm.Memory | wasm.Table)]

    def state(self):
        """(sizes of memories and tables, values of globals, CRCs of memories)"""
        cells, contents = [], []
        for _, extern in self.exports:
            if isinstance(extern, wasm.Global):
                cells.append(plain(extern.type[0], get_value(self.store, extern.at, extern.type[0])))
            elif isinstance(extern, wasm.Memory):
                contents.append(zlib.crc32(extern.read(0, min(extern.size, self.observed))))
        return self.sizes(), cells, contents


def invoke(store, function, args, slices):
    """(kind, results or trap's text)"""
    call = store.invoke(function, args)
    try:
        for _ in range(slices):
            next(call)
    except StopIteration as stop:
        return "results", [plain(t, v) for t, v in zip(function.type[1], stop.value, strict=True)]
    except wasm.Trap as trap:
        return ("limit" if trap.what in LIMITS else "trap"), trap.what
    call.close()
    return "endless", ""


def answer(binary, fuel, slices, calls, observed):
    store = wasm.Store(GRANULES, STACK)
    store.fuel = fuel
    outcomes = []
    try:
        create = wasm.Instance.create(store, wasm.Module(wasm.Source(binary).reader()), lambda module, name: None)
        instance = None
        for _ in range(max(slices, 100_000)):
            try:
                next(create)
            except StopIteration as stop:
                instance = stop.value
                break
        if instance is None:
            return "endless", "the start function does not end", []
        observer = Observer(store, instance.exports, observed)
        for name, args in calls:
            function = instance.exports.get(name)
            if not isinstance(function, wasm.Function):
                continue
            args = [None] * len(function.type[0]) if args is None else args
            args = [
                0 if arg is None and t not in (FUNCREF, EXTERNREF) else arg
                for arg, t in zip(args, function.type[0], strict=True)
            ]
            kind, got = invoke(store, function, args, slices)
            outcomes.append((kind, got, observer.state()))
            if kind in ("limit", "endless"):
                break
        return "instance", "", outcomes
    except wasm.WasmError as error:
        return type(error).__name__, str(error), outcomes
    finally:
        store.close()


def main():
    # What a module prints through a sanitizer goes to stderr; answers have a descriptor of their own.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    free = wasm.arena_info()
    while True:
        try:
            case = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            got = answer(*case)
            if wasm.arena_info() != free:
                got = "leak", f"{free} granules before, {wasm.arena_info()} after", []
        except Exception as error:  # of any kind: a finding
            got = "exception", f"{type(error).__name__}: {error}", []
        pickle.dump(got, out)
        out.flush()


if __name__ == "__main__":
    main()
