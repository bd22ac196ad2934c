#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One engine behind a pipe, for fuzz.py: unpickles Cases from stdin, answers each with what became of it.

The answer is (verdict, text, outcomes): the verdict is "instance", "endless" or the name of the error class, an outcome
is (kind, results or (text, place), state) with kind "results", "trap", "host" (an error of the host), "limit" (a limit of this
engine: what follows cannot be compared) or "endless", and state as Observer.state() gives it.
"""

import os
import pickle
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "modules"), str(ROOT / "tests" / "shims")]

import wasmote.wasm as wasm  # noqa: E402
from fuzz_case import ELEMENTS, PATTERN, Host, HostError, canonical  # noqa: E402
from wasmote.wasm.types import FUNC  # noqa: E402
from wasmote.wasm.values import get_value  # noqa: E402

LIMIT = 0xFFFF  # granules of a store, for wasmtime's memory.grow has no other limit: the arena ends first
STACK = 8192
PIECE = 1 << 16
STEPS = 100_000  # that instantiating may take
LIMITS = {"call stack exhausted", "out of memory"}
NAMES = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64", 0x70: "funcref", 0x6F: "externref"}


def plain(valtype, value):
    """A value as it can be compared across engines: of a function reference only whether it is null."""
    return value is not None if NAMES[valtype] == "funcref" else value


def crc(memory, size):
    """CRC-32 of its first bytes: in pieces that are larger than those of Memory.read."""
    crc, piece = 0, bytearray(PIECE)
    for at in range(0, size, PIECE):
        part = memoryview(piece)[: size - at]
        memory.read_into(at, part)
        crc = zlib.crc32(part, crc)
    return crc


class Observer:
    """What instances' exports show."""

    def __init__(self, store, instances, host, observed):
        self.store = store
        self.host = host
        self.observed = observed
        self.externs = [exports[name] for exports in instances for name in sorted(exports)]
        for extern in self.externs:
            if isinstance(extern, wasm.Memory):
                extern.write(0, PATTERN[: extern.size])

    def state(self):
        """(sizes of memories and tables, globals and elements, CRCs of memories, the host's trace)"""
        sizes, cells, contents = [], [], []
        for extern in self.externs:
            if isinstance(extern, wasm.externs.Global):
                cells.append(plain(extern.type[0], get_value(self.store, extern.at, extern.type[0])))
            elif isinstance(extern, wasm.Memory):
                sizes.append(extern.size)
                contents.append(crc(extern, min(sizes[-1], self.observed)))
            elif isinstance(extern, wasm.externs.Table):
                sizes.append(extern.size)
                cells += [plain(extern.reftype, extern.get(i)) for i in range(min(sizes[-1], ELEMENTS))]
        return sizes, cells, contents, self.host.trace


class Lent(wasm.externs.HostFunction):
    """A function of the case's Host."""

    def __init__(self, store, host, label, functype):
        super().__init__(store, *functype)
        self.host = host
        self.label = label

    def call(self, *args):
        params, results = self.type
        args = [canonical(NAMES[t], plain(t, arg)) for t, arg in zip(params, args, strict=True)]
        values = self.host.call(self.label, args, [NAMES[t] for t in results])
        value = values if len(values) > 1 else values[0] if values else None
        return self.later(value) if self.host.waits() else value

    def later(self, value):
        yield
        return value


def resolver(store, module, host, lender):
    """What Instance.create asks for each import, in turn."""
    wanted = iter(module.imports)

    def resolve(group, name):
        _, _, kind, want = next(wanted)
        if group == "lender" and name in lender:
            return lender[name]
        return Lent(store, host, f"{group}.{name}", module.types[want]) if kind == FUNC else None

    return resolve


def steps(generator, count):
    """What a generator returns; TimeoutError when it takes more steps."""
    try:
        for _ in range(count):
            next(generator)
    except StopIteration as stop:
        return stop.value
    generator.close()
    raise TimeoutError


def create(store, binary, host, lender, count):
    store.reopen = lambda: wasm.Source(binary)
    module = wasm.binary.Module(store.reopen().reader())
    return steps(wasm.instance.Instance.create(store, module, resolver(store, module, host, lender)), count).exports


def invoke(store, function, args, slices):
    """(kind, results; or a trap's text, and where in the file the instruction is that trapped)"""
    try:
        results = steps(store.invoke(function, args), slices)
        return "results", [plain(t, v) for t, v in zip(function.type[1], results, strict=True)]
    except wasm.Trap as trap:
        return ("limit" if trap.what in LIMITS else "trap"), (trap.what, trap.frames[0][1] if trap.frames else None)
    except HostError:
        return "host", ""
    except TimeoutError:
        return "endless", ""


def answer(case):
    store = wasm.Store(LIMIT, STACK)
    store.fuel = case.fuel
    host = Host(case.salt)
    outcomes = []
    try:
        lender = create(store, case.lender, host, {}, STEPS) if case.lender else {}
        exports = create(store, case.binary, host, lender, max(case.slices, STEPS))
        observer = Observer(store, (exports, lender), host, case.observed)
        for name, args in case.calls:
            function = exports.get(name)
            if not isinstance(function, wasm.externs.Function):
                continue
            if args is None:
                args = [None if NAMES[t].endswith("ref") else 0 for t in function.type[0]]
            kind, got = invoke(store, function, args, case.slices)
            outcomes.append((kind, got, observer.state()))
            if kind in ("limit", "endless"):
                break
        return "instance", "", outcomes
    except TimeoutError:
        return "endless", "the start function does not end", []
    except HostError:
        return "HostError", "", []
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
            got = answer(case)
            if wasm.arena_info() != free:
                got = "leak", f"{free} granules before, {wasm.arena_info()} after", []
        except Exception as error:  # of any kind: a finding
            got = "exception", f"{type(error).__name__}: {error}", []
        pickle.dump(got, out)
        out.flush()


if __name__ == "__main__":
    main()
