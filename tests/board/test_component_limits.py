"""Small files that ask for much: each is refused, or loads in steps that let the board do other work."""

import sys

import pytest
from guests import Imports, load, stores_closed  # noqa: F401
from wasmote.component import Component, imagine  # noqa: F401  imported late by itself
from wasmote.wasm import Invalid, Source, Store, Unsupported
from wasmote.wasm.binary import decode
from wat import assemble

HEADER = b"\0asm\x0d\0\1\0"
CORE_F = (
    '(core module $m (func (export "f"))) (core instance $m (instantiate $m)) (alias core export $m "f" (core func $f))'
)
LIFTED = f"{CORE_F} (func $f (canon lift (core func $f)))"


def leb(n):
    return bytes([n]) if n < 0x80 else bytes([n & 0x7F | 0x80]) + leb(n >> 7)


def section(code, *items):
    body = leb(len(items)) + b"".join(items)
    return bytes([code]) + leb(len(body)) + body


def steps_of(binary):
    """How often a load lets the board do other work."""
    store = Store(limit=64)
    try:
        return sum(1 for _ in Component.load(store, Source(binary), Imports()))
    finally:
        store.close()


def test_nested_instance_types_that_fan_out_do_not_hang_the_load():
    names = [b"\x00\x01" + bytes([97 + i]) for i in range(10)]
    types = [b"\x42\x00"]
    for level in range(12):
        outer = b"\x02\x03\x02\x01" + leb(level)  # alias outer 1 level (type 0)
        types.append(b"\x42" + leb(11) + outer + b"".join(b"\x04" + name + b"\x05\x00" for name in names))
    instances = [b"\x01\x00"]
    for level in range(12):
        item = b"".join(name + b"\x05" + leb(level) for name in names)
        instances.append(b"\x01" + leb(10) + item)
    ascribed = b"\x00\x01z\x05\x0c\x01\x05\x0c"
    binary = HEADER + section(7, *types) + section(5, *instances) + section(11, ascribed)
    assert len(binary) < 2000
    with pytest.raises(Unsupported, match="instance types nested too deep or wide: split the interface at offset 0x"):
        load(binary)


def test_one_module_aliased_a_thousand_times_is_decoded_once(monkeypatch):
    decoded = []

    def count(reader):
        decoded.append(reader.at)
        return decode(reader)

    monkeypatch.setattr("wasmote.component.imagine.decode", count)
    core = b"\0asm\1\0\0\0"
    alias = b"\x00\x11\x02\x00\x00"  # core module, outer 0, index 0
    binary = HEADER + b"\x01" + leb(len(core)) + core + section(6, *[alias] * 900)
    assert steps_of(binary) > 900 + 900 // 4  # the check yields, too
    assert len(decoded) == 1


def test_a_thousand_and_one_definitions_of_one_sort_are_refused():
    load(HEADER + section(7, *[b"\x7d"] * 1000))
    with pytest.raises(
        Unsupported,
        match="more than 1000 definitions of one sort: compose fewer components, import less at offset 0x3f5",
    ):
        load(HEADER + section(7, *[b"\x7d"] * 1001))
    with pytest.raises(Unsupported, match="more than 1000 definitions of one sort"):
        load(HEADER + section(7, b"\x42" + leb(2000) + b"\x01\x7d" * 2000))
    exports = b"".join(b"\x00\x05n%04d" % i + b"\x03\x00" for i in range(1001))
    with pytest.raises(Unsupported, match="more than 1000 definitions of one sort"):
        load(HEADER + section(7, b"\x7d") + section(5, b"\x01" + leb(1001) + exports))


def test_a_hundred_thousand_empty_sections_are_refused_and_the_first_thousand_yield():
    with pytest.raises(Unsupported, match="more than 1000 sections: compose fewer components at offset 0x7d8"):
        load(HEADER + b"\x00\x00" * 100000)
    assert steps_of(HEADER + b"\x00\x01\x00" * 1000) >= 1000 + 1000 // 64


def test_three_hundred_exports_do_not_stay_on_the_heap():
    few = "".join(f'(export "f{i}" (func $f))' for i in range(64))
    assert len(load(f"(component {LIFTED} {few})").exports) == 64
    with pytest.raises(Unsupported, match="more than 64 exported functions and interfaces: export fewer at offset 0x"):
        load(f'(component {LIFTED} {few} (export "more" (func $f)))')
    with pytest.raises(Unsupported, match="more than 64 exported functions and interfaces"):
        load(f'(component {LIFTED} (instance $i {few}) (export "a:b/c" (instance $i)))')


def test_three_hundred_lifted_functions_do_not_stay_on_the_heap():
    lifts = "(func (canon lift (core func $f)))"
    load(f"(component {CORE_F} {lifts * 128})")
    with pytest.raises(
        Unsupported, match="more than 128 functions lifted or lowered: import and export fewer at offset 0x"
    ):
        load(f"(component {CORE_F} {lifts * 129})")


def test_a_long_export_name_does_not_stay_on_the_heap():
    load(HEADER + section(7, b"\x7d") + section(11, b"\x00" + leb(255) + b"n" * 255 + b"\x03\x00\x00"))
    with pytest.raises(Unsupported, match="import or export name of 256 characters"):
        load(HEADER + section(7, b"\x7d") + section(11, b"\x00" + leb(256) + b"n" * 256 + b"\x03\x00\x00"))


def test_an_exported_function_named_like_an_interface_is_no_interface():
    component = load(f'(component {LIFTED} (export "run" (func $f)))')
    assert "run" in component.exports
    assert component.export("run") is None


def test_instance_types_with_resources_that_fan_out_do_not_hang_the_load():
    """Each is read again for each instance of it: a thousand declarations, twice as often on each level."""
    low = b"\x42" + leb(800) + b"\x04\x00\x01r\x03\x01" + b"\x01\x7d" * 799
    types = [low]
    for level in range(12):
        outer = b"\x02\x03\x02\x01" + leb(level)
        types.append(b"\x42\x03" + outer + b"\x04\x00\x01a\x05\x00" + b"\x04\x00\x01b\x05\x00")
    binary = HEADER + section(7, *types)
    store = Store(limit=64)
    steps = 0
    try:
        with pytest.raises(
            Unsupported, match="instance types nested too deep or wide: split the interface at offset 0x"
        ):
            for _ in Component.load(store, Source(binary), Imports()):
                steps += 1
    finally:
        store.close()
    assert steps < 3000


def doubled(levels, prefix=""):
    """Definitions of instance types, each with two instances of the one before: the names {prefix}0 and on."""
    first = f"(type ${prefix}0 (instance))"
    return first + "".join(
        f"""(type ${prefix}{i} (instance (alias outer 1 ${prefix}{i - 1} (type $t))
          (export "a" (instance (type $t))) (export "b" (instance (type $t)))))"""
        for i in range(1, levels + 1)
    )


LOOKED_THROUGH = {
    "for resources by a component type": lambda levels: (
        f'(component {doubled(levels)} (type (component (alias outer 1 ${levels} (type $t)) (import "x" (instance (type $t))))))'
    ),
    "for resources by an alias": lambda levels: (
        f"""(component (type $r (resource (rep i32))) {doubled(levels)} (component (alias outer 1 ${levels} (type $t))))"""
    ),
    "to compare": lambda levels: (
        f"""(component {doubled(levels)} {doubled(levels, "other-")} (component $c
          (alias outer 1 ${levels} (type $wanted)) (import "t" (type (eq $wanted))))
          (instance (instantiate $c (with "t" (type $other-{levels})))))"""
    ),
}


@pytest.mark.parametrize("why", LOOKED_THROUGH)
def test_instance_types_that_double_do_not_hang_the_load_when_they_are_looked_through(why):
    assert steps_of(assemble(LOOKED_THROUGH[why](8))) > 2**8 // 4
    binary = assemble(LOOKED_THROUGH[why](40))
    assert len(binary) < 2500
    with pytest.raises(Unsupported, match="instance types nested too deep or wide: split the interface at offset 0x"):
        steps_of(binary)


NAMES = [bytes([3, 97 + i // 676, 97 + i // 26 % 26, 97 + i % 26]) for i in range(900)]


def index(i):
    return bytes([i]) if i < 64 else bytes([i & 0x7F | 0x80, i >> 7])


def typed(code, parts, end=b""):
    """A component of one type."""
    return HEADER + section(7, bytes([code]) + leb(len(parts)) + b"".join(parts) + end)


def bag(part=b"\x03\x00"):
    """A component with a type, and an instance of 900 exports that are it."""
    return (
        HEADER + section(7, b"\x7d") + section(5, b"\x01" + leb(900) + b"".join(b"\0" + name + part for name in NAMES))
    )


def lifts_of_long_types():
    core = assemble("""(component (core module $m (memory (export "m") 1) (func (export "f") (param i32))
      (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable)) (core instance $m (instantiate $m))
      (alias core export $m "f" (core func $f)) (alias core export $m "r" (core func $r)) (alias core export $m "m" (core memory $m)))""")
    tuples = [b"\x6f\x1e" + bytes([0x7D] * 28 + [0x75 + i // 10, 0x75 + i % 10]) for i in range(100)]
    of_all = b"\x6f\x64" + b"".join(index(i) for i in range(100))
    functions = [b"\x40\x01" + NAMES[i] + index(100) + b"\x01\x00" for i in range(8)]
    lifts = [b"\x00\x00\x00\x02\x03\x00\x04\x01" + index(101 + i) for i in range(8)]
    return core + section(7, *tuples, of_all, *functions) + section(8, *lifts)


LONG = {
    "record": lambda: typed(0x72, [name + b"\x7d" for name in NAMES[:128]]),
    "tuple": lambda: typed(0x6F, [b"\x7d"] * 128),
    "enum": lambda: typed(0x6D, NAMES[:512]),
    "variant": lambda: typed(
        0x71, [name + (b"\x01\x7d\x00" if i < 128 else b"\x00\x00") for i, name in enumerate(NAMES[:512])]
    ),
    "parameters": lambda: typed(0x40, [name + b"\x7d" for name in NAMES[:128]], b"\x01\x00"),
    "lifts of long types": lifts_of_long_types,
    "instance": bag,
    "exported instances": lambda: (
        bag() + section(11, *[b"\x00\x02" + bytes([97 + i // 26, 97 + i % 26]) + b"\x05\x00\x00" for i in range(62)])
    ),
    "instances that must fit a type": lambda: (
        bag()
        + section(
            7, b"\x42" + leb(901) + b"\x01\x7d" + b"".join(b"\x04\x00" + name + b"\x03\x00\x00" for name in NAMES)
        )
        + section(11, *[b"\x00\x01" + bytes([97 + i]) + b"\x05\x00\x01\x05\x01" for i in range(4)])
    ),
    "arguments": lambda: (
        HEADER
        + section(7, b"\x7d")
        + b"\x04\x08"
        + HEADER
        + section(5, b"\x00\x00" + leb(900) + b"".join(name + b"\x03\x00" for name in NAMES))
    ),
    "core instance": lambda: (
        assemble(f"(component {CORE_F})")
        + section(2, b"\x01" + leb(900) + b"".join(name + b"\x00\x00" for name in NAMES))
    ),
    "core arguments": lambda: (
        assemble(f"(component {CORE_F})")
        + section(2, b"\x00\x00" + leb(900) + b"".join(name + b"\x12\x00" for name in NAMES))
    ),
}


def longest_step(binary):
    """How many lines of the component package the longest step of a load runs."""

    def trace(frame, event, arg):
        nonlocal lines
        if "component" not in frame.f_code.co_filename:
            return None
        lines += event == "line"
        return trace

    lines = longest = 0
    store = Store(limit=64)
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        for _ in Component.load(store, Source(binary), Imports()):
            longest = max(longest, lines)
            lines = 0
    finally:
        sys.settrace(before)
        store.close()
    return max(longest, lines)


@pytest.mark.parametrize("what", LONG)
def test_a_step_of_a_load_is_short_however_long_what_it_reads(what):
    """Four functions as tools write them are 2,000 lines, of which a board's are half: labels are viper's there."""
    assert longest_step(LONG[what]()) < 4000


@pytest.mark.parametrize("code, most, part", [(0x72, 128, b"\x7d"), (0x71, 128, b"\x01\x7d\x00"), (0x6D, 512, b"")])
def test_a_type_of_more_parts_than_a_board_reads_at_once_is_refused(code, most, part):
    load(typed(code, [name + part for name in NAMES[:most]]))
    with pytest.raises(Unsupported, match=f"type of {most + 1} parts: split it at offset 0x"):
        load(typed(code, [name + part for name in NAMES[: most + 1]]))


def test_labels_of_a_long_type_must_differ_even_far_from_one_another():
    with pytest.raises(Invalid, match="enum tag name `aaa` conflicts with a previous one"):
        load(typed(0x6D, [*NAMES[:100], NAMES[0]]))
