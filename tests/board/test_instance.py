"""wasmote.wasm.instance, segments: linking, initialising, limits; what modules of one store share."""

import pytest
from wasm_bytes import module, name, section, u32, vec
from wasmote import wasm
from wasmote.wasm.types import EXTERNREF, F64, FUNCREF, I32, I64
from wat import assemble

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def store(engine):
    store = wasm.Store(limit=40)
    yield store
    store.close()


def instantiate(store, text, **imports):
    """An instance of a module in text form; imports by name, whatever the module they are asked from."""
    source = wasm.Source(assemble(text))
    return wasm.drive(
        wasm.instance.Instance.create(
            store, wasm.binary.Module(source.reader()), lambda module, name: imports.get(name)
        )
    )


def decoded(binary):
    return wasm.binary.Module(wasm.Source(binary).reader())


def call(store, function, *args):
    return wasm.drive(store.invoke(function, list(args)))


def host(store, call, params=b"", results=b""):
    return wasm.externs.HostFunction(store, params, results, call)


# Segments


def test_all_eight_forms_of_element_segments(store):
    def seven():
        return 7

    exports = instantiate(
        store,
        """
        (module
          (import "" "seven" (func $seven (result i32)))
          (import "" "base" (global $base i32))
          (table $t (export "t") 12 funcref)
          (table $u (export "u") 4 funcref)
          (func $one (export "one") (result i32) (i32.const 1))
          (func $two (export "two") (result i32) (i32.const 2))
          (elem (i32.const 0) $one $seven)                                        ;; 0
          (elem func $one)                                                        ;; 1
          (elem (table $u) (i32.const 1) func $two)                               ;; 2
          (elem declare func $one)                                                ;; 3
          (elem (table $t) (i32.const 3) funcref (ref.func $two) (ref.null func)) ;; 4 or 6
          (elem funcref (ref.func $two))                                          ;; 5
          (elem (table $u) (i32.const 2) funcref (ref.func $one) (ref.null func)) ;; 6
          (elem declare funcref (ref.func $two))                                  ;; 7
          (elem (offset (global.get $base)) $two))""",
        seven=host(store, seven, results=b"\x7f"),
        base=wasm.externs.Global.new(store, I32, 0, 9),
    ).exports
    t, u, one, two = (exports[name] for name in ("t", "u", "one", "two"))
    seven = t.get(1)
    assert isinstance(seven, wasm.externs.HostFunction) and call(store, seven) == [7]
    none = None
    assert [t.get(i) for i in range(12)] == [one, seven, none, two, none, none, none, none, none, two, none, none]
    assert [u.get(i) for i in range(4)] == [none, two, one, none]
    assert call(store, u.get(2)) == [1]


def test_a_file_that_changes_cannot_make_a_number_a_function(store):
    """An element segment is read twice: what table.init was validated with is what it has to be when it is copied."""
    text = """(module (table 1 funcref) (elem externref (ref.null extern)) (elem funcref (ref.null func))
      (func (table.init 0 1 (i32.const 0) (i32.const 0) (i32.const 1))))"""
    binary = bytearray(assemble(text))
    decoded = wasm.binary.Module(wasm.Source(binary).reader())
    at = binary.index(b"\x05\x70\x01\xd0\x70")
    binary[at + 1] = binary[at + 4] = EXTERNREF
    decoded.reader = wasm.Source(binary).reader()  # past the window, which holds all of so small a file
    with pytest.raises(wasm.Malformed, match="the file has changed"):
        wasm.drive(wasm.instance.Instance.create(store, decoded, None))


def test_a_segment_that_does_not_fit_writes_nothing_and_what_came_before_stays(store):
    table = wasm.externs.Table.new(store, FUNCREF, 4)
    memory = wasm.Memory.new(store, 1, 1)
    text = """
        (module
          (import "" "t" (table 4 funcref))
          (import "" "m" (memory 1))
          (func $f (result i32) (i32.const 42))
          (elem (i32.const 1) $f)
          (elem (i32.const %d) $f $f)
          (data (i32.const 0) "first")
          (data (i32.const %d) "second"))"""
    with pytest.raises(wasm.Trap) as trap:
        instantiate(store, text % (3, 0), t=table, m=memory)
    assert str(trap.value) == "out of bounds table access: element segment 1"
    assert [bool(table.get(i)) for i in range(4)] == [False, True, False, False]
    assert call(store, table.get(1)) == [42]  # of an instance that never came to be
    assert memory.read(0, 5) == bytes(5)
    with pytest.raises(wasm.Trap) as trap:
        instantiate(store, text % (2, 65531), t=table, m=memory)
    assert str(trap.value) == "out of bounds memory access: data segment 1"
    assert [bool(table.get(i)) for i in range(4)] == [False, True, True, True]
    assert memory.read(0, 5) == b"first" and memory.read(65531, 5) == bytes(5)


def test_an_empty_segment_may_end_where_its_table_or_memory_does_but_not_begin_behind(store):
    text = '(module (table 2 funcref) (memory 1) (elem (i32.const %d)) (data (i32.const %d) ""))'
    instantiate(store, text % (2, 65536))
    for at in ((3, 0), (0, 65537), (-1, 0), (0, -1)):
        with pytest.raises(wasm.Trap, match="out of bounds"):
            instantiate(store, text % at)


def test_the_start_function_runs_when_all_segments_are_there(store):
    seen = []
    instantiate(
        store,
        """
        (module
          (import "" "log" (func $log (param i32)))
          (memory 1)
          (func $start (call $log (i32.load8_u (i32.const 3))))
          (start $start)
          (data (i32.const 3) "A"))""",
        log=host(store, seen.append, b"\x7f"),
    )
    assert seen == [65]


# Sharing


def test_two_instances_share_a_mutable_global_a_memory_and_a_table(store):
    owner = instantiate(
        store,
        """
        (module
          (global (export "g") (mut i32) (i32.const 1))
          (global (export "long") (mut i64) (i64.const -2))
          (memory (export "m") 1)
          (table (export "t") 2 funcref)
          (func (export "set") (param i32) (global.set 0 (local.get 0)) (i32.store (i32.const 8) (local.get 0)))
          (func (export "call") (result i32) (call_indirect (result i32) (i32.const 1))))""",
    ).exports
    user = instantiate(
        store,
        """
        (module
          (import "" "g" (global $g (mut i32)))
          (import "" "long" (global $long (mut i64)))
          (import "" "m" (memory 1))
          (import "" "t" (table 1 funcref))
          (global $own (mut i32) (i32.const 5))
          (elem (i32.const 1) $sum)
          (func $sum (result i32)
            (global.set $own (i32.add (global.get $own) (i32.const 1)))
            (i32.add (global.get $own) (i32.add (global.get $g) (i32.load (i32.const 8)))))
          (func (export "add") (global.set $g (i32.add (global.get $g) (i32.const 10)))
                               (global.set $long (i64.add (global.get $long) (i64.const 3)))))""",
        **owner,
    ).exports
    call(store, owner["set"], 100)
    call(store, user["add"])
    assert owner["g"].value == 110 and owner["long"].value == 1
    assert call(store, owner["call"]) == [6 + 110 + 100]  # in the other's globals and memory
    owner["g"].value = 0
    assert call(store, owner["call"]) == [7 + 0 + 100]


def test_a_call_through_a_table_compares_types_by_structure(store):
    owner = instantiate(
        store,
        """
        (module
          (type $other (func (result i64)))
          (type $same (func (param i32) (result i32)))
          (table (export "t") 2 funcref)
          (elem (i32.const 0) $f $g)
          (func $f (type $same) (i32.add (local.get 0) (i32.const 1)))
          (func $g (type $other) (i64.const 5)))""",
    ).exports
    user = instantiate(
        store,
        """
        (module
          (import "" "t" (table 2 funcref))
          (type $here (func (param i32) (result i32)))
          (func (export "call") (param i32) (result i32) (call_indirect (type $here) (i32.const 41) (local.get 0))))""",
        **owner,
    ).exports
    assert call(store, user["call"], 0) == [42]
    with pytest.raises(wasm.Trap, match="indirect call type mismatch"):
        call(store, user["call"], 1)


def test_a_host_function_in_a_table_is_called(store):
    table = wasm.externs.Table.new(store, FUNCREF, 3)
    table.set(2, host(store, lambda x: 2 * x, b"\x7f", b"\x7f"))
    user = instantiate(
        store,
        """
        (module
          (import "" "t" (table 3 funcref))
          (func (export "call") (param i32) (result i32)
            (i32.add (i32.const 1) (call_indirect (param i32) (result i32) (local.get 0) (i32.const 2)))))""",
        t=table,
    ).exports
    assert call(store, user["call"], 20) == [41]
    table.set(2, user["call"])
    with pytest.raises(wasm.Exhaustion):
        call(store, user["call"], 20)


def test_globals_of_every_type_are_imported_and_initialised(store):
    function = host(store, lambda: None)
    values = {"i": (I32, 7), "l": (I64, 2**63 + 1), "d": (F64, 0x3FF0000000000000), "f": (FUNCREF, function),
              "x": (EXTERNREF, 0), "n": (EXTERNREF, None)}  # fmt: skip
    imports = {name: wasm.externs.Global.new(store, t, 0, value) for name, (t, value) in values.items()}
    types = {I32: "i32", I64: "i64", F64: "f64", FUNCREF: "funcref", EXTERNREF: "externref"}
    text = "".join(f'(import "" "{name}" (global ${name} {types[t]}))' for name, (t, _) in values.items())
    text += "".join(f'(global (export "{name}") {types[t]} (global.get ${name}))' for name, (t, _) in values.items())
    exports = instantiate(
        store,
        f'(module {text} (func $own (export "own"))'
        '(global (export "r") (mut funcref) (ref.func $own)) (global (export "z") externref (ref.null extern))'
        '(global (export "s") i32 (i32.sub (global.get $i) (i32.mul (i32.const 3) (global.get $i)))))',
        **imports,
    ).exports
    for export, (t, value) in values.items():
        assert exports[export].value == value
        assert exports[export].type == (t, 0)
    assert exports["r"].value == exports["own"] and exports["r"].type == (FUNCREF, 1)
    assert exports["z"].value is None
    assert exports["s"].value == 2**32 - 14


def test_memories_match_by_page_size_and_limits(store):
    def memory(limits, imported):
        if imported:
            data = module(section(2, vec([name("") + name("m") + b"\2" + limits])))
        else:
            data = module(section(5, vec([limits])), section(7, vec([name("m") + b"\2\0"])))
        return wasm.binary.Module(wasm.Source(data).reader())

    bytes_, pages = b"\x09\1\4\0", b"\1\1\4"
    made = {
        limits: wasm.drive(wasm.instance.Instance.create(store, memory(limits, False), None)).exports["m"]
        for limits in (bytes_, pages)
    }
    assert made[bytes_].size == 1 and made[pages].size == 65536
    for limits in (bytes_, pages):
        for other in (bytes_, pages):
            given = made[limits]
            create = wasm.instance.Instance.create(store, memory(other, True), lambda *_, given=given: given)
            if limits == other:
                wasm.drive(create)
            else:
                with pytest.raises(wasm.Unlinkable, match="incompatible import type: memory .m"):
                    wasm.drive(create)


# Order of failures


def test_an_invalid_body_is_reported_though_an_import_is_unknown(store):
    body = b"\0asm\1\0\0\0\1\4\1\x60\0\0\2\6\1\0\1f\0\0\3\2\1\0\x0a\5\1\3\0\x1a\x0b"
    decoded = wasm.binary.Module(wasm.Source(body).reader())
    with pytest.raises(wasm.Invalid, match="type mismatch"):
        wasm.drive(wasm.instance.Instance.create(store, decoded, lambda *_: None))


def test_a_valid_module_with_an_unknown_import_is_unlinkable(store):
    asked = []

    def resolve(module, name):
        asked.append((module, name))

    text = '(module (import "env" "f" (func $f)) (import "env" "g" (func)) (func (export "h") (call $f)))'
    decoded = wasm.binary.Module(wasm.Source(assemble(text)).reader())
    with pytest.raises(wasm.Unlinkable) as refused:
        wasm.drive(wasm.instance.Instance.create(store, decoded, resolve))
    assert str(refused.value) == "unknown import: function env.f"
    assert asked == [("env", "f")]


# A store that is closed before its instance is done


def test_a_store_closed_at_any_step_of_an_instance_writes_nothing_any_more(engine):
    """Once its data, elements, records and globals went to whoever had its granules next."""
    data = "".join(f'(data (i32.const {1000 * n}) "{"x" * 600}")' for n in range(4))
    binary = assemble(f"""(module (memory (import "" "memory") 1) (import "" "counter" (global $counter i32))
        (table 200 funcref) (global i32 (i32.const -1)) (global i64 (i64.const -1)) {"(func)" * 40}
        (elem (i32.const 0) func {"0 " * 130}) (elem funcref {"(ref.func 1)" * 9}) {data} (data "{"y" * 700}")
        (start 3))""")
    for closed_after in range(1000):
        store = wasm.Store(limit=30, stack=512)
        imports = {"memory": wasm.Memory.new(store, 1), "counter": wasm.externs.Global.new(store, I32, 0, 5)}
        steps = wasm.instance.Instance.create(store, decoded(binary), lambda _, name, imports=imports: imports[name])
        owner = store.owner
        try:
            for _ in range(closed_after + 1):
                next(steps)
        except StopIteration:
            store.close()
            break
        store.close()
        other = wasm.Store(limit=60, stack=0)
        assert other.owner == owner
        theirs = other.view(other.alloc(50 << 10), 50 << 10)
        with pytest.raises(ValueError, match="the store is closed"):
            wasm.drive(steps)
        assert bytes(theirs) == bytes(50 << 10), closed_after
        other.close()
    assert closed_after > 20


# Types


def test_a_types_number_is_looked_up_once_and_in_steps(store, monkeypatch):
    """A thousand function types, for 100 functions, were looked up in one step, and again to translate."""
    types = vec([b"\x60" + vec([bytes([0x7C + (n >> 2 * i & 3)]) for i in range(5)]) + b"\0" for n in range(1000)])
    binary = module(section(1, types), section(3, vec([b"\0"] * 100)), section(10, vec([b"\2\0\x0b"] * 100)))
    asked = []
    type_id = store.type_id
    monkeypatch.setattr(store, "type_id", lambda *functype: asked.append(functype) or type_id(*functype))
    most = before = 0
    for _ in wasm.instance.Instance.create(store, decoded(binary), None):
        most = max(most, len(asked) - before)
        before = len(asked)
    assert most <= 16 and len(asked) == len(set(asked)) == 1000


def body(code):
    code = b"\0" + code + b"\x0b"
    return module(section(1, b"\1\x60\0\0"), section(3, b"\1\0"), section(10, vec([u32(len(code)) + code])))


@pytest.mark.parametrize("last, failure", [(I32, wasm.Invalid), (0, wasm.Malformed)])
def test_a_select_of_very_many_types_takes_no_heap(store, monkeypatch, last, failure):
    asked = []
    whole = wasm.Reader.bytes
    monkeypatch.setattr(wasm.Reader, "bytes", lambda reader, n: asked.append(n) or whole(reader, n))
    binary = body(b"\x1c" + u32(50_000) + bytes([I32]) * 49_999 + bytes([last]))
    with pytest.raises(failure):
        wasm.drive(wasm.instance.Instance.create(store, decoded(binary), None))
    assert max(asked, default=0) <= 512


# Limits


@pytest.mark.parametrize(
    "text, limits, said",
    [
        (
            "(table 11 funcref)",
            {"tables": 10},
            "11 table elements more are above the component's limit: it has 0 of 10",
        ),
        (
            "(table 4 funcref) (table 7 externref)",
            {"tables": 10},
            "7 table elements more are above the component's limit: it has 4 of 10",
        ),
        ("(table 0xffffffff funcref)", {}, "4294967295 table elements more are above the component's limit"),
        (
            "(global i32 (i32.const 0)) (global i64 (i64.const 0))",
            {"globals": 2},
            "3 words of globals more are above the component's limit: it has 0 of 2",
        ),
        ("(func) (func) (func)", {"functions": 2}, "3 functions more are above the component's limit: it has 0 of 2"),
    ],
)
def test_limits_are_checked_before_anything_is_allocated(text, limits, said):
    store = wasm.Store(limit=30, **limits)
    used = store.used()
    try:
        with pytest.raises(wasm.OutOfMemory) as refused:
            instantiate(store, f"(module {text})")
        assert str(refused.value).startswith(said)
        assert store.used() <= used + 1
    finally:
        store.close()


def test_limits_count_all_modules_of_a_component():
    store = wasm.Store(limit=30, functions=3, tables=5)
    try:
        instantiate(store, "(module (func) (func) (table 3 funcref))")
        instantiate(store, "(module (func) (table 2 funcref))")
        with pytest.raises(wasm.OutOfMemory, match="1 functions more .* it has 3 of 3"):
            instantiate(store, "(module (func))")
    finally:
        store.close()


# Memories in one piece


@pytest.mark.parametrize(
    "text, dense",
    [
        ("(memory 1)", True),
        ("(memory 2)", False),  # more than the component may have
        ("(memory 0 1)", False),
        ("(memory 1) (func (drop (memory.grow (i32.const 0))))", False),
        ("(memory 1 1) (func (drop (memory.grow (i32.const 0))))", True),
        ("(memory 1) (table 4000 funcref)", False),  # which takes the rest
    ],
)
def test_a_memory_that_fits_and_does_not_grow_is_dense(text, dense):
    store = wasm.Store(limit=85)
    try:
        instance = instantiate(
            store, f'(module (func (result i32) (i32.load (i32.const 8))) (export "m" (memory 0)) {text})'
        )
        memory = instance.exports["m"]
        assert (instance.store.view(memory.at + 8, 4) == bytes(4)) == (dense or memory.size == 0)  # memory_t: pages
        assert (instance.store.view(memory.at + 16, 4) != bytes(4)) == dense  # base
    finally:
        store.close()


def test_a_store_has_no_more_function_types_than_a_call_through_a_table_can_tell_apart(store):
    """Numbers beyond a halfword would be taken for smaller ones: an i32 could pass for a function reference."""
    for n in range(65535):
        assert store.type_id(n.to_bytes(2, "little"), b"") == n + 1
    assert store.type_id(b"\x07\x00", b"") == 8
    with pytest.raises(wasm.OutOfMemory, match="65,535 different function types"):
        store.type_id(b"\x7f\x7f\x7f", b"")
