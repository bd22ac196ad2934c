"""What a component may not be, and what it may import: refusals that name the thing, before any guest code runs."""

import pytest
from guests import ECHO, HOST, STRINGS, Imports, Interface, call, echo, host, importing, lift, load, stores_closed  # noqa: F401
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wasmote.component import Component, names
from wasmote.wasm import Invalid, Malformed, Source, Store, Trap, Unlinkable, Unsupported, WasmError, arena_info, drive
from wat import assemble

STARTS = "(core module $m (func $s unreachable) (start $s)) (core instance (instantiate $m))"


# -- names


@pytest.mark.parametrize(
    "name, shared",
    [
        ("wasi:clocks/wall-clock@0.2.9", "wasi:clocks/wall-clock@0.2"),
        ("wasi:clocks/wall-clock@0.2.0", "wasi:clocks/wall-clock@0.2"),
        ("wasi:clocks/wall-clock@0.3.0", "wasi:clocks/wall-clock@0.3"),
        ("a:b/c@1.4.2", "a:b/c@1"),
        ("a:b/c@0.0.3", "a:b/c@0.0.3"),
        ("wasi:mcp/runtime@0.1.0-preview2", "wasi:mcp/runtime@0.1.0-preview2"),
        ("wasi:clocks/wall-clock@0.2.0-rc-2023", "wasi:clocks/wall-clock@0.2.0-rc-2023"),
        ("a:b/c", "a:b/c"),
        ("plain", "plain"),
    ],
)
def test_versions_are_compatible_as_semver_says(name, shared):
    assert names.compatible(name) == shared


@pytest.mark.parametrize("asked", ["wasi:x/y@0.2.0", "wasi:x/y@0.2.9", "wasi:x/y@0.2.12", "wasi:x/y@0.2"])
def test_an_import_finds_a_compatible_version(asked):
    component = load(echo().replace(HOST, asked), {"wasi:x/y@0.2.0": Interface({"f": ("()", print)})})
    assert call(component, "echo", "linked") == "linked"


@pytest.mark.parametrize("asked", ["wasi:x/y@1.3.0", "wasi:x/y@0.2.0-rc1", "wasi:x/y", "wasi:x/z@0.2.0"])
def test_another_version_is_unknown(asked):
    with pytest.raises(Unlinkable, match=f"component imports {asked}, which this board does not provide"):
        load(echo().replace(HOST, asked), {"wasi:x/y@0.2.0": Interface({"f": ("()", print)})})


@pytest.mark.parametrize("asked", ["wasi:x/y@0.3.0", "wasi:cli/environment@0.3.0-rc-2026-01-06"])
def test_wasi_0_3_is_refused_by_name_also_where_nothing_is_async(asked):
    with pytest.raises(Unlinkable, match=f"component imports {asked}: build for WASI 0.2"):
        load(echo().replace(HOST, asked), {"wasi:x/y@0.2.0": Interface({"f": ("()", print)})})


# -- imports


def test_an_unknown_import_is_refused_before_guest_code_runs_even_when_it_comes_later():
    with pytest.raises(Unlinkable, match="component imports lost:thing/here, which"):
        load(f'(component {STARTS} (import "lost:thing/here" (instance (export "f" (func)))))')
    with pytest.raises(Unlinkable, match="component imports lost, which"):
        load(f'(component {STARTS} (import "lost" (func)))')
    with pytest.raises(Trap, match="unreachable"):
        load(f"(component {STARTS})")


def test_a_function_that_a_known_interface_lacks_is_named():
    with pytest.raises(Unlinkable, match=f"component imports {HOST}#f, which this board does not provide"):
        load(echo(), {HOST: Interface({"g": ("()", print)})})


@pytest.mark.parametrize("text", ["()->u8", "(x:u8)"])
def test_a_function_of_another_type_is_named(text):
    with pytest.raises(Unlinkable, match=f"component imports {HOST}#f with a type other than this board's"):
        load(echo(), {HOST: Interface({"f": (text, print)})})


def test_an_interface_of_nothing_but_types_needs_no_host():
    component = load('(component (import "a:b/types" (instance (type $e (enum "x")) (export "e" (type (eq $e))))))')
    assert component.exports == {}


def test_a_resource_that_the_host_lacks_is_named():
    source = '(component (import "a:b/c" (instance (export "r" (type (sub resource))))))'
    with pytest.raises(Unlinkable, match="component imports a:b/c, which"):
        load(source)
    with pytest.raises(Unlinkable, match="component imports a:b/c#r, which"):
        load(source, {"a:b/c": Interface()})


# -- refused by name


@pytest.mark.parametrize(
    "source, what",
    [
        ('(component (type (stream u8)))', "stream type"),
        ('(component (type (future u8)))', "future type"),
        ('(component (type (list error-context)))', "error-context type"),
        ('(component (type (list u8 4)))', "fixed-length list type"),
        ('(component (type (func async)))', "async function type"),
        ('(component (core func (canon task.return)))', "task.return .async, WASI 0.3.: build for WASI 0.2"),
        ('(component (core func (canon backpressure.inc)))', "backpressure.inc .async"),
        ('(component (core func (canon thread.index)))', "thread.index .threads."),
        ('(component (import "m" (core module)))', "component imports m, which"),
        ('(component (import "c" (component)))', "component import `c`"),
    ],
)  # fmt: skip
def test_what_this_board_does_not_take_is_named(source, what):
    with pytest.raises((Unsupported, Unlinkable), match=what.replace("+", r"\+")):
        load(source, host())


def leb(n):
    return bytes([n]) if n < 0x80 else bytes([n & 0x7F | 0x80]) + leb(n >> 7)


HEADER = b"\0asm\x0d\0\1\0"


def module_type(extern):
    """A component with a core module type that imports a thing of these bytes."""
    contents = b"\1\x50\1\0\1a\1b" + extern
    return HEADER + b"\3" + leb(len(contents)) + contents


@pytest.mark.parametrize(
    "binary, error, what",
    [
        (b"", Malformed, "unexpected end|length out of bounds"),
        (b"hello, world", Malformed, "magic header not detected: not a WebAssembly file at offset 0x0"),
        (b"\0asm\1\0\0\0", Malformed, "found a core module .*component new.* at offset 0x4"),
        (b"\0asm\x0d\0\2\0", Malformed, "unknown binary version at offset 0x4"),
        (HEADER + b"\x0d\0", Malformed, "malformed section id: 13 at offset 0x8"),
        (
            HEADER + b"\x09\x02\0\0",
            Unsupported,
            "component start function section: export wasi:cli/run instead at offset 0x8",
        ),
        (HEADER + b"\x0c\x01\0", Unsupported, "value section: leave values out at offset 0x8"),
        (HEADER + b"\x07\x05\x01\x40\x00", Malformed, "length out of bounds"),
        (HEADER + b"\x07\x03\x01\x7f\x00", Malformed, "section size mismatch at offset 0xc"),
        (HEADER + b"\x07\x03\x01\x70\x00", Invalid, "type index out of bounds at offset 0xc"),
        (HEADER + b"\x07\x02\x01\x62", Malformed, "invalid leading byte"),
        (module_type(b"\3\x7f\7"), Malformed, "malformed mutability at offset 0x14"),
        (module_type(b"\3\x40\0"), Malformed, "malformed value type 0x40 at offset 0x13"),
        (module_type(b"\2\x10\1"), Malformed, "limits flags 0x10 at offset 0x13"),
        (module_type(b"\1\x7f\0\1"), Malformed, "malformed reference type 0x7f at offset 0x13"),
        (module_type(b"\5\x7f\0"), Malformed, "invalid leading byte .0x5. for external kind at offset 0x12"),
    ],
)
def test_bytes_that_are_no_component_are_an_error_with_its_place(binary, error, what):
    with pytest.raises(error, match=what):
        load(binary)


def test_nesting_without_end_is_refused():
    deep = assemble("(component)")
    for _ in range(3000):
        deep = HEADER + b"\x04" + leb(len(deep)) + deep + b"\x05\x04\x01\x00\x00\x00"
    with pytest.raises(Unsupported, match="definitions nested too deeply|more than 100 component instances"):
        load(deep)
    many = "(component $a)" + "(instance (instantiate $a))" * 101
    with pytest.raises(Unsupported, match="more than 100 component instances"):
        load(f"(component {many})")
    types = b"\x42\x01\x01" * 5000 + b"\x42\x00"
    with pytest.raises(Unsupported, match="definitions nested too deeply"):
        load(HEADER + b"\x07" + leb(len(types) + 1) + b"\x01" + types)


def test_a_heap_too_small_for_the_definitions_is_no_crash(monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr("wasmote.component.binary.def_type", full)
    with pytest.raises(
        Unlinkable, match="does not fit the board's heap: unload another component, reset the board to join a heap in"
    ):
        load("(component (type u8))")


# -- checked against the core functions


def test_a_lift_must_fit_its_core_function():
    with pytest.raises(
        Invalid, match=r"core function of canon lift has type \(i32 i32\) -> \(i32\), \(i32 i32\) -> \(\) is needed"
    ):
        load(importing("f", "", f'(import "" "memory" (memory 1)) {ECHO}', lift("echo", '(param "x" string)')), host())


def test_a_lower_must_fit_the_import_that_gets_it():
    with pytest.raises(Unlinkable, match="incompatible import type"):
        load(importing("f", "", '(import "" "f" (func (param i32)))'), host())


@pytest.mark.parametrize("options, what", [("", "`memory` is required"), ("(memory $memory)", "`realloc` is required")])
def test_strings_need_memory_and_realloc(options, what):
    with pytest.raises(Invalid, match=what):
        load(importing("f", "", f'(import "" "memory" (memory 1)) {ECHO}', lift("echo", STRINGS, options)), host())


# -- no input makes anything but a WasmError


def outcome(binary, imports=()):
    """The class of error that loading ends with, or None. Anything but our errors is let through."""
    store = Store(limit=64)
    try:
        drive(Component.load(store, Source(binary), Imports(imports)))
    except WasmError as error:
        return type(error)
    finally:
        store.close()


def test_every_truncation_is_an_error():
    binary = assemble(echo())
    cut = [outcome(binary[:n], host()) for n in range(len(binary))]
    assert outcome(binary, host()) is None
    assert set(cut) <= {Malformed, Unlinkable, Invalid, None}
    assert cut.count(None) < 20  # where a section ends there is a component, too


BINARY = assemble(echo())
NESTED = assemble("""(component
  (type $r (record (field "a" u8) (field "b" (list string))))
  (type $byte u8)
  (component $c (alias outer 1 $byte (type $b)) (import "t" (type $t (eq $b)))
    (type $u (variant (case "x" $t) (case "y"))) (export "u" (type $u)))
  (instance $i (instantiate $c (with "t" (type $byte))))
  (alias export $i "u" (type $v))
  (type $f (func (param "x" (option $v)) (result (result $r (error (tuple u8 f64))))))
  (type (instance (alias outer 1 $v (type $w)) (export "w" (type (eq $w))) (export "r" (type (sub resource)))))
  (export "i" (instance $i)))""")


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from([BINARY, NESTED]),
    st.lists(st.tuples(st.integers(8, 2000), st.integers(0, 255)), min_size=1, max_size=3),
)
def test_damaged_components_are_errors_or_work(binary, damage):
    binary = bytearray(binary)
    for at, byte in damage:
        binary[at % len(binary)] = byte
    before = arena_info()
    store = Store(limit=64)
    try:
        drive(Component.load(store, Source(bytes(binary)), Hosts()))
    except WasmError:
        pass
    finally:
        store.close()
    assert arena_info() == before


class Hosts:
    def interface(self, name):
        return Interface({"f": ("()", print)})
