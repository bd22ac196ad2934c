"""wasmote.wasm for everyday use: Python values in and out, imports, errors that teach, modules and where they come from."""

import io

import pytest
from wasmote import wasm
from wasmote.wasm import OutOfMemory, Trap, Unlinkable
from wat import assemble

VALUES = """
(module
  (import "env" "mixed" (func $mixed (param i32 i64 f32 f64) (result f64)))
  (import "env" "pair" (func $pair (param i32) (result i32 i64)))
  (import "env" "base" (global $base i32))
  (func (export "i32") (param i32) (result i32) (local.get 0))
  (func (export "i64") (param i64) (result i64) (local.get 0))
  (func (export "f32") (param f32) (result f32) (local.get 0))
  (func (export "f64") (param f64) (result f64) (local.get 0))
  (func (export "extern") (param externref) (result externref) (local.get 0))
  (func (export "func") (param funcref) (result funcref) (local.get 0))
  (func (export "nothing"))
  (func (export "mixed") (param i32 i64 f32 f64) (result f64)
    (call $mixed (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (export "pair") (param i32) (result i32 i64) (call $pair (local.get 0)))
  (func (export "based") (result i32) (global.get $base))
  (global (export "count") (mut i64) (i64.const -1))
  (global (export "fixed") i32 (i32.const 7))
  (table (export "table") 3 5 funcref)
  (memory (export "memory") 1 2))
"""


def env(**changed):
    functions = {"mixed": lambda a, b, c, d: a + b + c + d, "pair": lambda n: (n + 1, n - 1), "base": 40}
    return {"env": functions | changed}


@pytest.fixture
def instance(engine):
    with wasm.instantiate(assemble(VALUES), env()) as instance:
        yield instance


def test_values_are_pythons(instance):
    exports = instance.exports
    for name, value, got in (
        ("i32", 5, 5),
        ("i32", -5, -5),
        ("i32", 0xFFFFFFFF, -1),
        ("i32", True, 1),
        ("i64", -(1 << 63), -(1 << 63)),
        ("i64", (1 << 64) - 2, -2),
        ("f32", 1.5, 1.5),
        ("f32", 1e300, float("inf")),
        ("f32", 0.1, 0.10000000149011612),
        ("f64", 0.1, 0.1),
        ("f64", 3, 3.0),
        ("extern", None, None),
        ("func", None, None),
    ):
        assert exports[name](value) == got
    thing = object()
    assert exports.extern(thing) is thing
    assert exports.extern(thing) is thing and len(instance.store.objects) == 1
    assert exports.func(exports.f64) == exports.f64
    assert exports.func(exports.i32)(9) == 9
    assert exports.nothing() is None
    assert exports.mixed(1, -2, 0.5, 0.25) == -0.25
    assert exports.pair(-1) == (0, -2)
    assert exports.based() == 40


def test_bits_are_exact(instance):
    signalling = 0x7FF0000000000001
    assert instance.exports.f64.bits(signalling) == [signalling]
    assert instance.exports.i32.bits(0xFFFFFFFF) == [0xFFFFFFFF]
    assert instance.exports.pair.bits(0) == [1, (1 << 64) - 1]


def test_bits_that_are_no_ints_leave_nothing_on_the_stack(instance):
    """Each such call took 24 bytes of it for ever."""
    for _ in range(300):
        with pytest.raises(TypeError):
            instance.exports.pair.bits("one")
    assert instance.exports.pair.bits(0) == [1, (1 << 64) - 1]


def test_a_function_of_another_store_is_no_value_of_this_one_raw_either(engine):
    """bits() took it, tables kept it: when the other store was closed, call_indirect ran what lay there."""
    text = """(module (import "env" "host" (func $host)) (table (export "table") 1 funcref)
      (global (export "global") (mut funcref) (ref.null func)) (elem declare func $guest $host)
      (func $guest (export "guest"))
      (func (export "own") (result funcref) (ref.func $guest))
      (func (export "hosts") (result funcref) (ref.func $host))
      (func (export "take") (param funcref)))"""
    with wasm.instantiate(assemble(text), {"env": {"host": print}}, limit=20) as instance:
        exports = instance.exports
        other = wasm.instantiate(assemble(text), {"env": {"host": print}}, limit=20)
        functions = [(exports[name].bits()[0], other.exports[name].bits()[0]) for name in ("own", "hosts")]
        for _ in ("open", "closed"):
            for mine, theirs in functions:
                for take in (
                    lambda raw: exports.take.bits(raw),
                    lambda raw: exports.take(raw),
                    lambda raw: exports.table.__setitem__(0, raw),
                    lambda raw: exports.table.raw.set(0, raw),
                    lambda raw: exports.table.raw.grow(0, raw),
                    lambda raw: setattr(exports["global"], "value", raw),
                    lambda raw: setattr(exports["global"].raw, "value", raw),
                ):
                    take(mine)
                    with pytest.raises(TypeError, match="unction of this store"):
                        take(theirs)
                with pytest.raises(Unlinkable, match="env.host is of another store"):
                    wasm.instantiate(assemble(text), {"env": {"host": theirs}}, store=instance.store)
            other.close()


def test_globals_tables_and_memories(instance):
    exports = instance.exports
    assert exports.count.value == -1 and exports.fixed.value == 7
    exports.count.value = -3
    assert exports.count.value == -3 and repr(exports.count) == "count: mut i64"
    with pytest.raises(TypeError, match="immutable"):
        exports.fixed.value = 1
    table = exports.table
    assert len(table) == 3 and table[0] is None
    table[1] = exports.i32
    assert table[1](3) == 3
    assert table.grow(1, exports.i64) == 3 and table[3] == exports.i64
    assert table.grow(2) == -1
    with pytest.raises(Trap, match="out of bounds table access: element 4 of 4"):
        table[4]
    assert exports.memory.grow(1) == 1 and exports.memory.grow(1) == -1


def test_exports_are_found_by_name(instance):
    exports = instance.exports
    assert "i32" in exports and "i16" not in exports and list(exports)[:2] == ["i32", "i64"] and len(exports) == 14
    assert repr(exports.mixed) == "mixed(i32, i64, f32, f64) -> f64" and repr(exports.nothing) == "nothing() -> ()"
    with pytest.raises(AttributeError, match="no export i16; there are: based, count, extern"):
        _ = exports.i16
    with pytest.raises(KeyError, match="no export i16"):
        exports["i16"]


def test_exports_of_a_closed_instance_are_refused(engine):
    """They were IndexError: a function's record is in the arena."""
    instance = wasm.instantiate(assemble(VALUES), env())
    exports = instance.exports
    instance.close()
    for access in (lambda: exports.i32, lambda: exports["pair"], lambda: exports.memory, lambda: exports["count"]):
        with pytest.raises(ValueError, match="the store is closed"):
            access()
    assert "i32" in exports and repr(exports).startswith("<exports: i32, i64")
    assert instance.store.used() == 0
    with pytest.raises(ValueError, match="the store is closed"):
        instance.store.peak()


def test_any_name_of_an_export_is_an_attribute(engine):
    """Of _start, which WASI's commands have, it was "no export _start; there are: _start"; the empty one was IndexError."""
    names = "_start", "__wasm_call_ctors", "", "a b"
    functions = "".join(f'(func (export "{name}") (result i32) (i32.const {i}))' for i, name in enumerate(names))
    with wasm.instantiate(assemble(f"(module {functions})")) as instance:
        assert [getattr(instance.exports, name)() for name in names] == [0, 1, 2, 3]
    with wasm.instantiate(assemble("(module)")) as instance:
        for name in names:
            with pytest.raises(AttributeError, match=f"no export {name}; there are: none"):
                getattr(instance.exports, name)


@pytest.mark.parametrize(
    "name, args, error, text",
    [
        ("i32", (), TypeError, r"i32\(i32\) -> i32 takes 1 arguments, 0 given"),
        ("i32", (1.0,), TypeError, "i32: argument 1 is 1.0, an i32 is needed"),
        ("i32", (1 << 32,), ValueError, r"argument 1 is 4294967296: an i32 goes from -2\^31 to 2\^32 - 1"),
        ("i32", (-(1 << 31) - 1,), ValueError, "an i32 goes"),
        ("i64", (1 << 64,), ValueError, r"an i64 goes from -2\^63 to 2\^64 - 1"),
        ("f32", ("1",), TypeError, "f32: argument 1 is '1', a number is needed"),
        ("func", (len,), TypeError, "a function of this store or None is needed"),
        ("pair", ("x",), TypeError, "pair: argument 1 is 'x'"),
    ],
)
def test_wrong_arguments_are_explained(instance, name, args, error, text):
    with pytest.raises(error, match=text):
        instance.exports[name](*args)


@pytest.mark.parametrize(
    "name, function, args, text",
    [
        ("pair", lambda n: n, (1,), "env.pair returned 1: 2 values are needed"),
        ("pair", lambda n: (n, "x"), (1,), "env.pair: result 2 is 'x', an i64 is needed"),
        ("mixed", lambda *_: None, (1, 2, 3, 4), "env.mixed: its result is None, a number is needed"),
    ],
)
def test_wrong_results_of_host_functions_are_explained(engine, name, function, args, text):
    with wasm.instantiate(assemble(VALUES), env(**{name: function})) as instance:
        with pytest.raises(TypeError, match=text):
            instance.exports[name](*args)
        assert instance.exports.i32(1) == 1


def test_what_a_host_function_raises_comes_out(engine):
    def fail(n):
        raise LookupError("sensor %d" % n)  # noqa: UP031

    with wasm.instantiate(assemble(VALUES), env(pair=fail)) as instance:
        with pytest.raises(LookupError, match="sensor 3"):
            instance.exports.pair(3)
        assert instance.exports.i32(1) == 1


def test_missing_and_wrong_imports_are_named(engine):
    free = wasm.arena_info()
    given = env()
    del given["env"]["pair"]
    with pytest.raises(
        Unlinkable, match=r"unknown import: function env.pair\(i32\) -> \(i32, i64\); there are: base, mixed"
    ):
        wasm.instantiate(assemble(VALUES), given)
    with pytest.raises(Unlinkable, match="unknown import: function env.mixed.*; there are: none"):
        wasm.instantiate(assemble(VALUES))
    with pytest.raises(Unlinkable, match="incompatible import type: function env.pair"):
        wasm.instantiate(assemble(VALUES), env(pair=5))
    with pytest.raises(OutOfMemory):
        wasm.instantiate(assemble(VALUES), env(), limit=3)
    with pytest.raises(Trap, match="out of memory"):
        wasm.instantiate(assemble('(module (memory 1) (data (i32.const 0) "%s"))' % ("x" * 9000)), limit=8)
    assert wasm.arena_info() == free


def test_instances_of_one_store_share_and_others_do_not(engine):
    user = assemble("""(module
      (import "m" "memory" (memory 1)) (import "m" "table" (table 1 funcref)) (import "m" "count" (global (mut i64)))
      (import "m" "i32" (func $f (param i32) (result i32)))
      (func (export "poke") (param i32) (i32.store (i32.const 64) (call $f (local.get 0)))
        (global.set 0 (i64.const 12))))""")
    with wasm.instantiate(assemble(VALUES), env()) as first:
        second = wasm.instantiate(user, {"m": first.exports}, store=first.store)
        second.exports.poke(77)
        assert first.exports.memory.u32(64) == 77 and first.exports.count.value == 12
        second.close()  # the store is first's
        assert first.exports.i32(1) == 1
        for name in ("memory", "table", "count"):
            given = {key: first.exports[key] for key in first.exports}
            with wasm.instantiate(assemble(VALUES), env(), limit=20) as other:
                given |= {key: other.exports[key] for key in ("memory", "table", "count") if key != name}
                with pytest.raises(Unlinkable, match=f"m.{name} is of another store"):
                    wasm.instantiate(user, {"m": given}, store=other.store)
        caller = assemble('(module (import "m" "i32" (func (param i32) (result i32))) (export "f" (func 0)))')
        with wasm.instantiate(caller, {"m": first.exports}, limit=10) as other:
            assert other.exports.f(5) == 5  # a function of another store is called as the host's


@pytest.fixture
def sources(tmp_path):
    """The same module as all that wasm.instantiate takes."""

    def sources(text):
        binary = assemble(text)
        path = tmp_path / "module.wasm"
        path.write_bytes(binary)
        given = str(path), binary, bytearray(binary), open(path, "rb"), io.BytesIO(binary)  # noqa: SIM115
        return *given, *[wasm.Module(one) for one in given]

    return sources


def test_files_are_closed_and_kept_by_name(engine, sources):
    for source in sources(VALUES):
        for _ in range(2):
            with wasm.instantiate(source, env()) as instance:
                assert instance.exports.i32(4) == 4
    assert wasm.arena_info()[0] - wasm.arena_info()[1] == 2


def test_a_trap_has_its_place_whatever_the_module_came_from(engine, sources):
    """Of open files and Modules it was "in function 0", without an offset."""
    text = '(module (func $first (export "f") (param i32) unreachable))'
    for source in sources(text):
        for _ in range(2):
            with wasm.instantiate(source) as instance:
                with pytest.raises(Trap) as caught:
                    instance.exports.f(1)
                assert str(caught.value) == "unreachable: in first at offset 0x1f"
                assert caught.value.frames == [("first", 0x1F)]


def test_traps_of_modules_that_load_at_the_same_time_have_their_own_places(engine):
    """The second one's file was taken for both."""
    texts = [f'(module (func ${name} (export "f") unreachable) (func $other))' for name in ("alpha", "beta_")]
    store = wasm.Store(20)
    steps = [wasm.instantiating(assemble(text), store=store) for text in texts]
    made = [None, None]
    while None in made:
        for i, one in enumerate(steps):
            try:
                next(one)
            except StopIteration as stop:
                made[i] = stop.value
    for instance, name in zip(made, ("alpha", "beta_"), strict=True):
        with pytest.raises(Trap, match=f"unreachable: in {name} at"):
            instance.exports.f()
    store.close()


def test_a_trap_of_a_module_whose_file_is_closed_has_no_place(engine, tmp_path):
    path = tmp_path / "trap.wasm"
    path.write_bytes(assemble('(module (func $first (export "f") unreachable))'))
    with open(path, "rb") as file:
        instance = wasm.instantiate(file)
        module = wasm.Module(str(path))
    with module:
        named = wasm.instantiate(module)
    with pytest.raises(Trap, match="unreachable: in function 0$"):
        instance.exports.f()
    with pytest.raises(Trap, match="unreachable: in first at offset"):
        named.exports.f()
    instance.close()
    named.close()


def test_a_module_says_what_it_imports_and_exports(engine):
    text = """(module
      (import "a" "f" (func (param i32 f64) (result i64)))
      (import "a" "t" (table 2 externref))
      (import "a" "m" (memory 1))
      (import "b" "g" (global f32))
      (func (export "g"))
      (export "again" (func 0))
      (table (export "t") 2 5 funcref)
      (export "m" (memory 0))
      (global (export "n") (mut i64) (i64.const 1)))"""
    module = wasm.Module(assemble(text))
    assert module.imports == [
        ("a", "f", "function", "(i32, f64) -> i64"),
        ("a", "t", "table", "2 externref"),
        ("a", "m", "memory", "1"),
        ("b", "g", "global", "f32"),
    ]
    assert module.exports == [
        ("g", "function", "() -> ()"),
        ("again", "function", "(i32, f64) -> i64"),
        ("t", "table", "2 5 funcref"),
        ("m", "memory", "1"),
        ("n", "global", "mut i64"),
    ]
    assert wasm.Module(assemble('(module (memory (export "m") 9 (pagesize 1)))')).exports == [
        ("m", "memory", "9 (pagesize 1)")
    ]
    with pytest.raises(wasm.Malformed):
        wasm.Module(b"\0asm")


def test_a_modules_file_is_closed_with_it_and_when_it_is_no_module(engine, tmp_path, monkeypatch):
    opened = []

    def opens(path, mode):
        opened.append(open(path, mode))  # noqa: SIM115
        return opened[-1]

    monkeypatch.setattr("wasmote.wasm.api.open", opens, raising=False)
    path = tmp_path / "no.wasm"
    path.write_bytes(b"no")
    with pytest.raises(wasm.Malformed):
        wasm.Module(str(path))
    path.write_bytes(assemble("(module)"))
    with wasm.Module(str(path)) as module:
        wasm.instantiate(module).close()
        assert [file.closed for file in opened] == [True, False]
    assert opened[1].closed


def test_what_instantiate_gives_is_of_the_classes_that_wasm_names(instance):
    exports = instance.exports
    assert isinstance(instance, wasm.Instance) and isinstance(exports, wasm.Exports)
    kinds = {"i32": wasm.Function, "count": wasm.Global, "table": wasm.Table, "memory": wasm.Memory}
    for name, kind in kinds.items():
        assert isinstance(exports[name], kind)
    assert isinstance(exports.i32.start(1), wasm.Task)
    with pytest.raises(AttributeError, match="wasm has no attribute Variable"):
        _ = wasm.Variable


def test_a_table_can_be_gone_through(instance):
    exports = instance.exports
    exports.table[1] = exports.i32
    assert list(exports.table) == [None, exports.i32, None] and exports.i32 in exports.table


def test_growing_by_less_than_nothing_is_refused_and_by_more_than_there_is_gives_minus_1(instance):
    """grow(-1) shrank memories and tables of the twin; the C engine took 2^32 for 0 and 2^32 + 1 for 1."""
    memory, table = instance.exports.memory, instance.exports.table
    for grown in (memory, table):
        for delta in (-1, -2, -(1 << 32)):
            with pytest.raises(ValueError, match=r"grow\(-[0-9]+\): it cannot shrink"):
                grown.grow(delta)
        for delta in (1 << 32, (1 << 32) + 1, 1 << 64, 0xFFFFFFFF):
            assert grown.grow(delta) == -1
    assert memory.size == 65536 and len(table) == 3
    assert memory.grow(0) == 1 and table.grow(0) == 3


def test_numbers_beyond_a_float_are_infinite(instance):
    """An int beyond a double was struct.error, or would have been an f32's infinity."""
    exports = instance.exports
    for name in ("f32", "f64"):
        assert exports[name](10**400) == float("inf") and exports[name](-(10**400)) == float("-inf")
        assert exports[name](1 << 60) == float(1 << 60)


def test_a_store_keeps_a_thousand_objects(engine):
    given = iter([[n] for n in range(1001)])
    text = """(module (import "env" "make" (func $make (result externref)))
        (func (export "make") (result externref) (call $make)))"""
    with wasm.instantiate(assemble(text), {"env": {"make": lambda: next(given)}}) as instance:
        made = [instance.exports.make() for _ in range(1000)]
        assert made == [[n] for n in range(1000)]
        with pytest.raises(Trap, match="out of memory: a component may be given 1000 objects"):
            instance.exports.make()
