# SPDX-License-Identifier: MIT
"""wasmtime as the oracle of fuzz.py: what became of a case, in the terms of fuzz_engine.py, with canonical NaNs."""

import contextlib
import struct
import zlib

import wasmtime
from fuzz_case import CANONICAL, ELEMENTS, PATTERN, Host, HostError, value

ENDLESS = 20_000_000  # fuel for a call, about an instruction each
# What wasmtime may do that we refuse by name is switched off there, so that both give the same verdict.
OFF = ["simd", "relaxed_simd", "tail_call", "threads", "exceptions", "gc", "memory64", "multi_memory",
       "function_references", "wide_arithmetic", "stack_switching"]  # fmt: skip
TYPES = {"i32", "i64", "f32", "f64", "funcref", "externref"}


def named(types):
    """The names of value types; wasmtime's Python calls an externref by its name of an early draft."""
    return ["externref" if str(t) == "anyref" else str(t) for t in types]


class Unlinkable(Exception):
    pass


class Oracle:
    """start() makes an instance, invoke() and state() say what its functions do, up to `fuel` in a call."""

    def __init__(self, fuel=ENDLESS):
        self.fuel = fuel
        config = wasmtime.Config()
        config.cranelift_nan_canonicalization = True
        config.cranelift_opt_level = "none"  # most of the time is compiling
        config.consume_fuel = True  # `mutate` makes loops that do not end
        config.wasm_custom_page_sizes = True
        for feature in OFF:
            with contextlib.suppress(AttributeError, wasmtime.WasmtimeError):  # not every release has every switch
                setattr(config, "wasm_" + feature, False)
        self.engine = wasmtime.Engine(config)

    def accepts(self, binary):
        try:
            wasmtime.Module.validate(self.engine, binary)
        except wasmtime.WasmtimeError:
            return False
        return True

    def start(self, case):
        """(verdict, text) of making an instance, as of fuzz_engine.py."""
        self.store = wasmtime.Store(self.engine)
        self.host = Host(case.salt)
        self.functions, self.externs = {}, []
        try:
            lender = dict(self._instance(case.lender, {}).items()) if case.lender else {}
            exports = dict(self._instance(case.binary, lender).items())
        except HostError:
            return "HostError", ""
        except wasmtime.Trap as trap:
            return ("endless" if trap.trap_code == wasmtime.TrapCode.OUT_OF_FUEL else "Trap"), str(trap)
        except Unlinkable as error:
            return "Unlinkable", str(error)
        except wasmtime.WasmtimeError as error:
            return ("Unlinkable" if "incompatible import type" in str(error) else "other"), str(error)
        self.functions = {name: extern for name, extern in exports.items() if isinstance(extern, wasmtime.Func)}
        self.externs = [one[name] for one in (exports, lender) for name in sorted(one)]
        for extern in self.externs:
            if isinstance(extern, wasmtime.Memory) and extern.data_len(self.store):
                extern.write(self.store, PATTERN[: extern.data_len(self.store)], 0)
        return "instance", ""

    def _instance(self, binary, lender):
        module = wasmtime.Module(self.engine, binary)
        self.store.set_fuel(self.fuel)
        imports = [self._import(one, lender) for one in module.imports]
        return wasmtime.Instance(self.store, module, imports).exports(self.store)

    def _import(self, wanted, lender):
        if wanted.module == "lender" and wanted.name in lender:
            return lender[wanted.name]
        kind = wanted.type
        if not isinstance(kind, wasmtime.FuncType):
            raise Unlinkable(f"{wanted.module}.{wanted.name}")
        params, results = named(kind.params), named(kind.results)
        label = f"{wanted.module}.{wanted.name}"

        def call(*args):
            given = [from_value(t, arg) for t, arg in zip(params, args, strict=True)]
            got = self.host.call(label, given, results)
            values = [to_value(t, bits) for t, bits in zip(results, got, strict=True)]
            return values if len(values) > 1 else values[0] if values else None

        return wasmtime.Func(self.store, kind, call)

    def calls(self, rng, most):
        """Two rounds of calls of every function, or of so many: [(name, arguments)]"""
        out = []
        names = sorted(self.functions)
        for name in 2 * (names if len(names) <= most else rng.sample(names, most)):
            types = named(self.functions[name].type(self.store).params)
            if TYPES.issuperset(types):  # `mutate` writes types of newer proposals, too
                out.append((name, [value(t, rng.getrandbits(32)) for t in types]))
        return out

    def invoke(self, name, args):
        function = self.functions[name]
        kind = function.type(self.store)
        params, results = named(kind.params), named(kind.results)
        self.store.set_fuel(self.fuel)
        try:
            got = function(self.store, *(to_value(t, a) for t, a in zip(params, args, strict=True)))
        except HostError:
            return "host", ""
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            frames = getattr(error, "frames", None)
            place = frames[0].module_offset if frames else None
            return ("endless" if "fuel" in str(error) else "trap"), (str(error), place)
        got = [] if not results else got if len(results) > 1 else [got]
        return "results", [from_value(t, v) for t, v in zip(results, got, strict=True)]

    def state(self, observed):
        """As Observer.state()."""
        store = self.store
        sizes, cells, contents = [], [], []
        for extern in self.externs:
            if isinstance(extern, wasmtime.Memory):
                sizes.append(extern.data_len(store))
                contents.append(zlib.crc32(extern.read(store, 0, min(sizes[-1], observed))))
            elif isinstance(extern, wasmtime.Table):
                sizes.append(extern.size(store))
                reftype = str(extern.type(store).element)
                cells += [from_value(reftype, extern.get(store, i)) for i in range(min(sizes[-1], ELEMENTS))]
            elif isinstance(extern, wasmtime.Global):
                cells.append(from_value(str(extern.type(store).content), extern.value(store)))
        return sizes, cells, contents, self.host.trace


def to_value(valtype, bits):
    if valtype in ("i32", "i64"):
        width = int(valtype[1:])
        return bits - (1 << width) if bits >> width - 1 else bits
    if valtype in ("f32", "f64"):
        return struct.unpack("<f" if valtype == "f32" else "<d", bits.to_bytes(int(valtype[1:]) // 8, "little"))[0]
    return bits


def from_value(valtype, value):
    value = value.value if isinstance(value, wasmtime.Val) else value
    if valtype in ("i32", "i64"):
        return value & ((1 << int(valtype[1:])) - 1)
    if valtype in ("f32", "f64"):
        bits = struct.pack("<f" if valtype == "f32" else "<d", value)
        return CANONICAL[valtype] if value != value else int.from_bytes(bits, "little")
    return value is not None if valtype == "funcref" else value


def same_values(ours, theirs):
    """Equal but for the payload of NaNs, which wasmtime's Python loses."""
    nan = {True: lambda v: v & 0x7F800000 == 0x7F800000 and v & 0x7FFFFF, False: lambda v: v >> 52 & 0x7FF == 0x7FF}
    for a, b in zip(ours, theirs, strict=True):
        if a != b and not (b in CANONICAL.values() and nan[b < 1 << 32](a)):
            return False
    return True


def same_trap(ours, theirs):
    """Whether two (text, place in the file) mean the same."""
    if not same_text(ours[0], theirs[0]) or (ours[1] is None) != (theirs[1] is None):
        return False
    # Cranelift moves a load into the instruction that uses its result, and takes that for its place.
    return ours[1] == theirs[1] or "memory" in ours[0] and ours[1] < theirs[1]


def same_text(ours, theirs):
    if "exhausted" in ours or "exhausted" in theirs:
        return "exhausted" in ours and "exhausted" in theirs
    return ours in theirs
