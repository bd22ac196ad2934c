"""Small files that ask for much: each is refused, or loads in steps that let the board do other work."""

import pytest
from guests import Imports, load, stores_closed  # noqa: F401
from wasmote.component import Component, imagine  # noqa: F401  imported late by itself
from wasmote.wasm import Source, Store, Unsupported
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
