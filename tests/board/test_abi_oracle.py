"""The Canonical ABI against wasmtime's: the same component, the same values, the same bytes in the guest's memory.

For a random type T a component is written that gives away what lowering did, and lifts whatever bytes it is handed:

    image(x: list<T>) -> list<u8>    the elements as they lie in memory, pointers included
    value(raw: list<u8>) -> list<T>  those bytes, lifted as elements
    flats(x: T) -> list<u8>          its flat core values, 8 bytes each      these two for types of up to 16 flat
    poke(raw: list<u8>)              import f(x: T) called with such values      values, none of them a float
"""

import math

import abi_types
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wasmote.component import Component, HostImport
from wasmote.wasm import Source, Store, Trap, drive
from wat import assemble, wasmtime, wc

wt = wc._types
HOST = "test:test/host"
FUZZ = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
MODULE = """
(core module $m
  (memory (export "memory") 1)
  (global $at (mut i32) (i32.const 1024))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $at (i32.and (i32.add (global.get $at) (i32.const 7)) (i32.const -8)))
    (global.get $at)
    (global.set $at (i32.add (global.get $at) (local.get 3))))
  (func $pair (param i32 i32) (result i32)
    (i32.store (i32.const 16) (local.get 0))
    (i32.store (i32.const 20) (local.get 1))
    (i32.const 16))
  (func (export "image") (param i32 i32) (result i32)
    (call $pair (local.get 0) (i32.mul (local.get 1) (i32.const SIZE))))
  (func (export "value") (param i32 i32) (result i32)
    (call $pair (local.get 0) (i32.div_u (local.get 1) (i32.const SIZE))))
  FLATS)
(core instance $i (instantiate $m))
(alias core export $i "memory" (core memory $memory))
(alias core export $i "realloc" (core func $realloc))
"""
LIFTED = """
(alias core export INSTANCE "NAME" (core func $NAME))
(func (export "NAME") (param "x" PARAM) RESULT
  (canon lift (core func $NAME) (memory $memory) (realloc (func $realloc))))
"""


def has_flats(t):
    flat = abi_types.flatten(t)
    return len(flat) <= 16 and not {"f32", "f64"} & set(flat)


def lifted(name, param, result, instance="$i"):
    result = f"(result {result})" if result else ""
    return LIFTED.replace("NAME", name).replace("PARAM", param).replace("RESULT", result).replace("INSTANCE", instance)


def component_text(t):
    wat = abi_types.Wat()
    name = wat.type(t)
    flat = abi_types.flatten(t)
    flats = ""
    if has_flats(t):
        stores = "".join(f"({f}.store (i32.const {256 + 8 * i}) (local.get {i}))" for i, f in enumerate(flat))
        flats = f'(func (export "flats") (param {" ".join(flat)}) (result i32) {stores} (call $pair (i32.const 256) (i32.const {8 * len(flat)})))'
    parts = [*wat.lines, MODULE.replace("SIZE", str(abi_types.size(t))).replace("FLATS", flats)]
    parts.append(lifted("image", f"(list {name})", "(list u8)") + lifted("value", "(list u8)", f"(list {name})"))
    if flats:
        inner = abi_types.Wat(inside=True)
        inside = inner.type(t)
        loads = "".join(f"({f}.load offset={8 * i} (local.get 0))" for i, f in enumerate(flat))
        parts.append(
            lifted("flats", name, "(list u8)")
            + f"""
            (import "{HOST}" (instance $host {" ".join(inner.lines)} (export "f" (func (param "x" {inside})))))
            (alias export $host "f" (func $hostf))
            (core func $f (canon lower (func $hostf) (memory $memory) (realloc (func $realloc))))
            (core instance $given (export "f" (func $f)) (export "memory" (memory $memory)))
            (core module $p
              (import "" "f" (func $f (param {" ".join(flat)})))
              (import "" "memory" (memory 1))
              (func (export "poke") (param i32 i32) {loads} (call $f)))
            (core instance $j (instantiate $p (with "" (instance $given))))"""
            + lifted("poke", "(list u8)", "", "$j")
        )
    return "(component " + "\n".join(parts) + ")"


# -- our values as wasmtime's Python values, and back


def to_oracle(t, v):
    kind = type(t).__name__
    if kind == "ListType" and not isinstance(v, bytes):
        return [to_oracle(t.element, x) for x in v]
    if kind == "RecordType":
        record = wt.Record()
        for (name, field), x in zip(t.fields, v, strict=True):
            setattr(record, name, to_oracle(field, x))
        return record
    if kind == "TupleType":
        return tuple(to_oracle(part, x) for part, x in zip(t.elements, v, strict=True))
    if kind == "EnumType":
        return f"c{v}"
    if kind == "FlagsType":
        return {f"c{i}" for i in range(32) if v >> i & 1}
    if kind == "OptionType":
        if v is None:
            return wt.Variant("none")
        return wt.Variant("some", to_oracle(t.payload, v[0] if type(t.payload).__name__ == "OptionType" else v))
    if kind in ("VariantType", "ResultType"):
        tag, payload = t._cases()[v[0]]
        return wt.Variant(tag, None if payload is None else to_oracle(payload, v[1]))
    return v


def from_oracle(t, v):
    kind = type(t).__name__
    if kind == "ListType" and not isinstance(v, bytes):
        return [from_oracle(t.element, x) for x in v]
    if kind == "RecordType":
        return tuple(from_oracle(field, getattr(v, name)) for name, field in t.fields)
    if kind == "TupleType":
        return tuple(from_oracle(part, x) for part, x in zip(t.elements, v, strict=True))
    if kind == "EnumType":
        return int(v[1:])
    if kind == "FlagsType":
        return sum(1 << int(name[1:]) for name in v)
    if kind == "OptionType":
        if v.tag == "none":
            return None
        some = from_oracle(t.payload, v.payload)
        return (some,) if type(t.payload).__name__ == "OptionType" else some
    if kind in ("VariantType", "ResultType"):
        tags = [tag for tag, _ in t._cases()]
        payload = t._cases()[tags.index(v.tag)][1]
        return (tags.index(v.tag), None if payload is None else from_oracle(payload, v.payload))
    return v


def plain(v):
    """For comparing: all NaN are one."""
    if isinstance(v, float) and math.isnan(v):
        return "nan"
    return type(v)(map(plain, v)) if isinstance(v, (list, tuple)) else v


class Oracle:
    """The component in wasmtime. call() gives a value, or None for a trap, after which it is a new instance."""

    engine = wasmtime.Engine()

    def __init__(self, binary):
        self.component = wc.Component(self.engine, binary)
        self.fresh()

    def fresh(self):
        self.poked = []
        self.store = wasmtime.Store(self.engine)
        linker = wc.Linker(self.engine)
        with linker.root() as root, root.add_instance(HOST) as host:
            host.add_func("f", lambda _, x: self.poked.append(x))
        self.instance = linker.instantiate(self.store, self.component)

    def call(self, name, value):
        function = self.instance.get_func(self.store, name)
        signature = function.type(self.store)
        param = signature.params[0][1]
        try:
            result = function(self.store, to_oracle(param, value))
        except (wasmtime.Trap, wasmtime.WasmtimeError):
            self.fresh()
            return None
        if name == "poke":
            param = self.instance.get_func(self.store, "flats").type(self.store).params[0][1]
            return from_oracle(param, self.poked.pop())
        return from_oracle(signature.result, result)


class Ours:
    """The same over wasmote.component."""

    def __init__(self, binary, t):
        self.binary = binary
        self.type = t
        self.store = None
        self.fresh()

    def fresh(self):
        if self.store:
            self.store.close()
        self.poked = []
        self.store = Store(limit=90)
        self.functions = {"f": HostImport(f"(x:{abi_types.text(self.type)})", self.poked.append)}
        self.component = drive(Component.load(self.store, Source(self.binary), self, lift_limit=1 << 30))

    def interface(self, name):
        return self if name == HOST else None

    def call(self, name, value):
        try:
            result = drive(self.component.exports[name](value))
        except Trap:
            self.fresh()
            return None
        return self.poked.pop() if name == "poke" else result


@pytest.fixture(autouse=True)
def _tagged(monkeypatch):
    monkeypatch.setattr(wt.VariantLikeType, "_tagged", lambda self: True)  # always Variant(tag, payload)


@FUZZ
@given(st.data())
def test_lowering_and_lifting_do_what_wasmtime_does(data):
    t = data.draw(abi_types.types())
    binary = assemble(component_text(t))
    oracle = Oracle(binary)
    ours = Ours(binary, t)
    try:
        for _ in range(3):
            value = data.draw(abi_types.values(t))
            elements = bytes([value] * 2) if t == "u8" else [value] * 2
            image = oracle.call("image", elements)
            assert ours.call("image", elements) == image
            compare(oracle, ours, "value", data.draw(damaged(image)))
            if has_flats(t):
                flats = oracle.call("flats", value)
                assert ours.call("flats", value) == flats
                compare(oracle, ours, "poke", data.draw(damaged(flats)))
    finally:
        ours.store.close()


def compare(oracle, ours, name, raw):
    expected = oracle.call(name, raw)
    assert plain(ours.call(name, raw)) == plain(expected)
    if expected is None:  # both are new now
        assert ours.component.dead is False


def damaged(raw):
    """The bytes, some of them others."""
    change = st.tuples(st.integers(0, len(raw) - 1), st.sampled_from([0, 1, 2, 3, 0x7F, 0x80, 0xD8, 0xFF]))
    return st.lists(change, max_size=2).map(lambda changes: _damage(raw, changes))


def _damage(raw, changes):
    raw = bytearray(raw)
    for at, byte in changes:
        raw[at] = byte
    return bytes(raw)
