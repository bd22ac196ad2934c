"""The Canonical ABI against wasmtime's: the same component, the same values, the same bytes in the guest's memory.

For each random function type the components of abi_echo.py run in both: 2,000 function types, and calls from one
component instance to another for 300 more, half of them with handles. What they leave in memory, calls of realloc
included, what they are lifted to, and whether they trap, is the same. A share of all that is repeated under MicroPython,
where C lifts most of it.
"""

import math
from functools import cache

import abi_echo
import abi_types
import pytest
from abi_echo import ENCODINGS, FLATS, HEAP, HOST, START
from abi_replay import replay
from conftest import MICROPYTHON
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from wasmote.component import Component, HostImport
from wasmote.wasm import Source, Store, Trap, drive
from wat import assemble, wasmtime, wc

wt = wc._types
CHECKS = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [phase for phase in Phase if phase is not Phase.explain],
}
LIMIT = 90  # granules


# -- our values as wasmtime's Python values, and back


def to_oracle(t, v):
    kind = type(t).__name__
    if kind in ("OwnType", "BorrowType"):
        return wc.ResourceHost.own(v, 0)
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


def from_oracle(t, v, store):
    kind = type(t).__name__
    if kind in ("OwnType", "BorrowType"):
        return v.to_host(store).rep
    if kind == "ListType" and not isinstance(v, bytes):
        return [from_oracle(t.element, x, store) for x in v]
    if kind == "RecordType":
        return tuple(from_oracle(field, getattr(v, name), store) for name, field in t.fields)
    if kind == "TupleType":
        return tuple(from_oracle(part, x, store) for part, x in zip(t.elements, v, strict=True))
    if kind == "EnumType":
        return int(v[1:])
    if kind == "FlagsType":
        return sum(1 << int(name[1:]) for name in v)
    if kind == "OptionType":
        if v.tag == "none":
            return None
        some = from_oracle(t.payload, v.payload, store)
        return (some,) if type(t.payload).__name__ == "OptionType" else some
    if kind in ("VariantType", "ResultType"):
        tags = [tag for tag, _ in t._cases()]
        payload = t._cases()[tags.index(v.tag)][1]
        return (tags.index(v.tag), None if payload is None else from_oracle(payload, v.payload, store))
    return v


def plain(v):
    """For comparing: all NaN are one."""
    if isinstance(v, float) and math.isnan(v):
        return "nan"
    return type(v)(map(plain, v)) if isinstance(v, (list, tuple)) else v


class Oracle:
    """A component in wasmtime. call() gives a value, or None for a trap, after which it is a new instance."""

    engine = wasmtime.Engine()

    def __init__(self, binary, served=True):
        self.component = wc.Component(self.engine, binary)
        self.served = served  # by the host
        if served:
            f = self.component.type.imports(self.engine)[HOST].ty.exports(self.engine)["f"].ty
            self.params, self.result = [t for _, t in f.params], f.result
        self.fresh()

    def fresh(self):
        self.store = wasmtime.Store(self.engine)
        self.given = self.answer = None
        linker = wc.Linker(self.engine)
        with linker.root() as root, root.add_instance(HOST) as host:
            host.add_resource("r", wc.ResourceType.host(0), lambda *_: None)
            if self.served:
                host.add_func("f", self.f)
        self.instance = linker.instantiate(self.store, self.component)

    def f(self, store, *args):
        self.given = tuple(from_oracle(t, x, store) for t, x in zip(self.params, args, strict=True))
        return None if self.result is None else to_oracle(self.result, self.answer)

    def call(self, name, *args, answer=None):
        function = self.instance.get_func(self.store, name)
        signature = function.type(self.store)
        self.answer = answer
        args = [to_oracle(t, x) for (_, t), x in zip(signature.params, args, strict=True)]
        try:
            result = function(self.store, *args)
        except (wasmtime.Trap, wasmtime.WasmtimeError):
            self.fresh()
            return None
        return None if signature.result is None else from_oracle(signature.result, result, self.store)


class Ours:
    """The same over wasmote.component."""

    def __init__(self, binary, type=None):
        self.binary = binary
        self.functions = {"f": HostImport(type, self.f)} if type else {}
        self.resources = {"r": lambda rep: None}
        self.store = None
        self.fresh()

    def fresh(self):
        if self.store:
            self.store.close()
        self.given = None
        self.store = Store(limit=LIMIT)
        self.component = drive(Component.load(self.store, Source(self.binary), self, lift_limit=1 << 30))

    def f(self, *args):
        self.given = args
        return self.answer

    def interface(self, name):
        return self if name == HOST else None

    def call(self, name, *args, answer=None):
        self.answer = answer
        try:
            return drive(self.component.exports[name](*args))
        except Trap:
            self.fresh()
            return None


@pytest.fixture(autouse=True)
def tagged(monkeypatch):
    monkeypatch.setattr(wt.VariantLikeType, "_tagged", lambda self: True)  # always Variant(tag, payload)


# -- random function types, values and bytes

ENCODING = st.sampled_from(ENCODINGS)
CHANGES = st.lists(
    st.tuples(st.integers(0, 255), st.sampled_from([0, 1, 2, 3, 0x7F, 0x80, 0xD8, 0xDC, 0xFF])), max_size=2
)


@cache
def functions(handles):
    """(params, result): few params of any type, or more than go in core values."""
    many = st.lists(st.sampled_from([*abi_types.SIZES, "string"]), min_size=12, max_size=20)
    few = st.lists(abi_types.types(handles=handles), max_size=4)
    params = st.one_of(few, few, many).map(_lending_once)
    return st.tuples(params, st.one_of(st.none(), abi_types.types(handles=handles[:1])))


def _lending_once(params):
    """These params with one borrow at most: wasmtime 50 fails with its own "BUG: deferred host scope" at a second."""
    owned = [abi_echo.owned(p) for p in params]
    for i, p in enumerate(params):
        if owned[i] != p and "list" not in str(p) and str(p).count("borrow") == 1:
            return [*owned[:i], p, *owned[i + 1 :]]
    return owned


def damaged(image):
    """The image, some bytes of it others: of its core values, where the result lies, and what realloc gave."""
    return CHANGES.map(lambda changes: _damage(image, changes))


def _damage(image, changes):
    places = [*range(8), *range(FLATS - START, FLATS - START + 40), *range(HEAP - START, len(image))]
    image = bytearray(image)
    for place, byte in changes:
        image[places[place % len(places)]] = byte
    return bytes(image)


# -- the properties


@pytest.mark.timeout(1200)  # of a loaded machine; 50 seconds of an idle one
def test_every_lift_and_lower_does_what_wasmtime_does(tmp_path):
    every(2000, serve, tmp_path)


def every(count, case, folder):
    """So many examples of a case, which returns (type of f or None, binary, calls); 300 again, under MicroPython with its C."""
    cases = []

    @settings(max_examples=count, **CHECKS)
    @given(st.data())
    def check(data):
        cases.append(case(data))

    check()
    if MICROPYTHON.exists():
        replay(folder, cases[:: 1 + len(cases) // 300], ("c",))


def serve(data):
    """A case of one component and the host, which both agree about: type of f, binary, calls."""
    params, result = data.draw(functions(abi_types.HANDLES))
    binary = assemble(abi_echo.component(params, result, data.draw(ENCODING)))
    oracle, ours = Oracle(binary), Ours(binary, abi_types.function_text(params, result))
    try:
        arguments = [data.draw(abi_types.values(abi_echo.owned(p))) for p in params]
        image = oracle.call("lower", *arguments)
        assert ours.call("lower", *arguments) == image
        answer = data.draw(abi_types.values(result)) if result else None
        raw = data.draw(damaged(image))
        calls = [("lower", arguments, None), ("poke", [raw], answer)]
        image = oracle.call("poke", raw, answer=answer)
        assert ours.call("poke", raw, answer=answer) == image
        assert plain(ours.given) == plain(oracle.given)
        if result and image:
            raw = data.draw(damaged(image))
            calls.append(("lift", [raw], None))
            assert plain(ours.call("lift", raw)) == plain(oracle.call("lift", raw))
        assert not ours.component.dead
    finally:
        ours.store.close()
    return abi_types.function_text(params, result), binary, calls


@cache
def crossing_functions():
    """(params, result): of no handles, or of handles owned anywhere and perhaps a parameter that is a borrow."""

    def lend(drawn):
        (params, result), at = drawn
        return [*params[:at], "borrow", *params[at:]] if at >= 0 else params, result

    lent = st.tuples(functions(("own",)), st.integers(-2, 4)).map(lend)
    return st.one_of(functions(()), lent)


@pytest.mark.timeout(1200)  # of a loaded machine; 20 seconds of an idle one
def test_values_cross_from_instance_to_instance_as_in_wasmtime(tmp_path):
    every(300, cross_some, tmp_path)


def cross_some(data):
    """A case of two component instances, in which both agree."""
    params, result = data.draw(crossing_functions())
    encodings = data.draw(st.tuples(ENCODING, ENCODING))
    arguments = [data.draw(abi_types.values(abi_echo.owned(p))) for p in params]
    answer = data.draw(abi_types.values(result)) if result else None
    return cross(params, result, encodings, arguments, answer, lambda image: data.draw(damaged(image)))


@pytest.mark.parametrize(
    "joined", [("variant", "f32", "u64"), ("result", "f32", "f64"), ("variant", "s8", "f32", "s64")]
)
def test_what_a_float_is_joined_with_does_not_cross(joined):
    case = joined.index("f32") - 1
    upper = FLATS - START + 12  # of its core value, the second one

    def change(image):
        assert len(image) > upper + 4
        return image[:upper] + b"\xee\xdd\xcc\xbb" + image[upper + 4 :]

    cross([joined], None, ("utf8", "utf8"), [(case, 1.5)], None, change)


def cross(params, result, encodings, arguments, answer, change):
    """A case of these values that cross, their images changed; both agree about it: None, binary, calls."""
    images = []
    for encoding in encodings:  # what a caller's arguments and a callee's result look like
        oracle = Oracle(assemble(abi_echo.component(params, result, encoding)))
        images.append(oracle.call("lower", *arguments))
        images.append(oracle.call("poke", images[-1], answer=answer))
    binary = assemble(abi_echo.crossing(params, result, *encodings))
    oracle, ours = Oracle(binary, served=False), Ours(binary)
    calls = [
        ("give", [rep], None)
        for p, value in zip(params, arguments, strict=True)
        for rep in abi_types.reps(abi_echo.owned(p), value)
    ]
    try:
        for _, reps, _ in calls:
            oracle.call("give", *reps)
            ours.call("give", *reps)
        raw = change(images[3])
        calls.append(("set", [raw], None))
        oracle.call("set", raw)
        ours.call("set", raw)
        raw = change(images[0])
        calls += [("poke", [raw], None), ("image", [], None)]
        image = oracle.call("poke", raw)
        assert ours.call("poke", raw) == image
        if image is not None:
            assert ours.call("image") == oracle.call("image")
        assert not ours.component.dead
    finally:
        ours.store.close()
    return None, binary, calls
