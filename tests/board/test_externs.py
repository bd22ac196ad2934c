"""wasmote.wasm.externs: what the host may do with tables, globals and memories, whoever made them."""

import ctypes
from array import array

import _wasm
import pytest
from wasmote import wasm
from wasmote.wasm.traps import TRAPS
from wasmote.wasm.types import EXTERNREF, F32, F64, FUNCREF, I32, I64
from wat import assemble

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def store(engine):
    store = wasm.Store(limit=20)
    yield store
    store.close()


def trap(text):
    return pytest.raises(wasm.Trap, match=text)


def test_a_table_of_the_hosts_numbers(store):
    table = wasm.externs.Table.new(store, EXTERNREF, 3, 10, value=5)
    assert table.size == 3 and [table.get(i) for i in range(3)] == [5, 5, 5]
    table.set(0, 0)
    table.set(1, None)
    table.set(2, 2**32 - 2)
    assert [table.get(i) for i in range(3)] == [0, None, 2**32 - 2]
    for wrong in (-1, 2**32 - 1):
        with pytest.raises(TypeError):
            table.set(0, wrong)
    with pytest.raises(TypeError):
        wasm.externs.Table.new(store, FUNCREF, 1, value=5)
    with pytest.raises(TypeError):
        wasm.externs.Table.new(store, FUNCREF, 1, value=wasm.externs.HostFunction(wasm.Store(4, 0), b"", b"", print))


def test_a_table_of_functions(store):
    table = wasm.externs.Table.new(store, FUNCREF, 2)
    double = wasm.externs.HostFunction(store, b"\x7f", b"\x7f", lambda x: 2 * x)
    assert table.get(0) is None
    table.set(1, double)
    assert table.get(1) is double
    assert wasm.drive(store.invoke(table.get(1), [21])) == [42]


def test_nothing_of_a_closed_store_is_read_or_written():
    store = wasm.Store(limit=20)
    memory = wasm.Memory.new(store, 1)
    table = wasm.externs.Table.new(store, EXTERNREF, 2, 9)
    counter = wasm.externs.Global.new(store, I32, True, 1)
    store.close()
    other = wasm.Store(limit=20)  # takes the same granules
    try:
        wasm.Memory.new(other, 1)
        before = bytes(other.view(0, 20 << 10))
        for access in (
            lambda: memory.size,
            lambda: memory.grow(1),
            lambda: memory.read(0, 1),
            lambda: memory.u32(0),
            lambda: memory.write(0, b"x"),
            lambda: memory.set_u64(0, 1),
            lambda: table.size,
            lambda: table.get(0),
            lambda: table.set(0, 1),
            lambda: table.grow(1),
            lambda: counter.value,
            lambda: setattr(counter, "value", 2),
            lambda: wasm.Memory.new(store, 1),
            lambda: wasm.externs.Table.new(store, EXTERNREF, 2),
            lambda: wasm.externs.Global.new(store, I32, True, 1),
            lambda: wasm.externs.HostFunction(store, b"", b"", print),
        ):
            with pytest.raises(ValueError, match="the store is closed"):
                access()
        assert bytes(other.view(0, 20 << 10)) == before
    finally:
        other.close()


def test_an_element_that_is_not_there_traps(store):
    table = wasm.externs.Table.new(store, EXTERNREF, 2)
    for i in (2, -1, 2**32):
        with trap("out of bounds table access"):
            table.get(i)
        with trap("out of bounds table access"):
            table.set(i, None)


def test_a_table_grows_up_to_its_maximum_and_keeps_its_elements(store):
    table = wasm.externs.Table.new(store, EXTERNREF, 2, 9, value=1)
    assert table.grow(0) == 2
    assert table.grow(3, 7) == 2
    assert table.grow(4) == 5
    assert [table.get(i) for i in range(9)] == [1, 1, 7, 7, 7] + 4 * [None]
    assert table.grow(1) == -1 and table.grow(2**32 - 1) == -1
    assert table.size == 9


def test_a_table_grows_up_to_the_components_limit_of_elements():
    store = wasm.Store(limit=20, tables=100)
    try:
        first = wasm.externs.Table.new(store, EXTERNREF, 30)
        second = wasm.externs.Table.new(store, EXTERNREF, 30, 1000)
        assert second.grow(41) == -1
        assert second.grow(40) == 30
        assert first.grow(70) == 30
        with pytest.raises(wasm.OutOfMemory):
            wasm.externs.Table.new(store, EXTERNREF, 41)
    finally:
        store.close()


def test_a_table_grows_as_far_as_the_components_memory_reaches(store):
    table = wasm.externs.Table.new(store, EXTERNREF, 0)
    assert table.grow(2000, 3) == 0
    assert table.grow(100000) == -1
    assert table.size == 2000 and table.get(1999) == 3


def test_a_table_grows_where_twice_its_size_does_not_fit():
    """Once it was refused though 23 of 43 KiB were free: growing takes as much again where that fits, else what is wanted."""
    store = wasm.Store(limit=43)
    table = wasm.externs.Table.new(store, EXTERNREF, 4000, value=3)
    assert table.grow(1, 4) == 4000
    assert [table.get(i) for i in (0, 3999, 4000)] == [3, 3, 4]
    assert table.grow(1, 5) == -1 and table.size == 4001
    store.close()


def test_a_memory_grows_where_a_map_of_twice_as_many_pages_does_not_fit(store):
    memory = wasm.Memory.new(store, 3000)  # sparse: its map takes 6 of 20 KiB
    memory.write(65536 * 2999, b"last")
    assert memory.grow(1) == 3000
    assert memory.read(65536 * 2999, 4) == b"last" and memory.read(65536 * 3000, 4) == bytes(4)
    assert memory.grow(1) == -1 and memory.size == 65536 * 3001


def test_globals_hold_values_of_their_type(store):
    function = wasm.externs.HostFunction(store, b"", b"", lambda: None)
    for t, values in (
        (I32, (0, 2**32 - 1)),
        (I64, (0, 2**64 - 1)),
        (F32, (0x3F800000, 0x7FA00001)),
        (F64, (0x3FF0000000000000, 0xFFF4000000000001)),
        (FUNCREF, (function, None)),
        (EXTERNREF, (0, None)),
    ):
        variable = wasm.externs.Global.new(store, t, 1, values[0])
        assert variable.value == values[0] and variable.type == (t, 1)
        variable.value = values[1]
        assert variable.value == values[1]
    variable = wasm.externs.Global.new(store, I32, 1, -1)
    assert variable.value == 2**32 - 1


def test_a_constant_global_is_not_set(store):
    constant = wasm.externs.Global.new(store, I32, 0, 3)
    with pytest.raises(TypeError, match="global is immutable"):
        constant.value = 4
    assert constant.value == 3


def test_a_guest_sees_what_the_host_sets(store):
    variable = wasm.externs.Global.new(store, I64, 1, 5)
    memory = wasm.Memory.new(store, 1)
    text = """
        (module (import "" "g" (global (mut i64))) (import "" "m" (memory 1))
          (func (export "f") (result i64) (global.set 0 (i64.add (global.get 0) (i64.load (i32.const 100))))
                                          (global.get 0)))"""
    imports = {"g": variable, "m": memory}
    module = wasm.binary.Module(wasm.Source(assemble(text)).reader())
    instance = wasm.drive(wasm.instance.Instance.create(store, module, lambda _, name: imports[name]))
    memory.set_u64(100, 2**40)
    variable.value = 7
    assert wasm.drive(store.invoke(instance.exports["f"], [])) == [2**40 + 7]
    assert variable.value == 2**40 + 7


def test_buffers_of_4_gib_are_out_of_bounds(engine, store):
    """Where a size_t has 64 bits, the C engine looked at the lowest 32 of a size."""
    if engine is not _wasm:
        pytest.skip("of the C engine")
    memory = _wasm._pointer(wasm.Memory.new(store, 1).at)
    for size in (1 << 32, (1 << 32) + 8):
        for access in (_wasm._lib.memory_read, _wasm._lib.memory_write):
            assert TRAPS[access(memory, 0, bytes(8), ctypes.c_size_t(size))] == "out of bounds memory access"


def test_bytes_that_are_less_than_none_are_out_of_bounds(store):
    """They were 4 GiB to MicroPython."""
    memory = wasm.Memory.new(store, 1)
    for address, size in ((0, -1), (8, -8), (-1, 1), (65536, 1), (65537, 0)):
        with trap("out of bounds memory access: %d bytes at %d" % (size, address)):  # noqa: UP031
            memory.read(address, size)


def test_limits_that_no_memory_or_table_has_are_refused(store):
    """The engines took them for others: 0 pages for 2^32, and the twin one of -1."""
    used = store.used()
    for least, most in ((-1, None), (1 << 32, None), ((1 << 32) + 1, None), (1, -1), (2, 1), (1, 1 << 32)):
        with pytest.raises(ValueError, match="limits"):
            wasm.Memory.new(store, least, most)
        with pytest.raises(ValueError, match="limits"):
            wasm.externs.Table.new(store, FUNCREF, least, most)
    assert store.used() == used and store.left == store.allowed
    for least, most in ((0, 0), (0, 1 << 31), (1, (1 << 32) - 1)):
        assert wasm.Memory.new(store, least, most).size == least << 16
        assert wasm.externs.Table.new(store, FUNCREF, least, most).size == least


def test_a_memory_takes_buffers_of_items_of_any_size_as_bytes(store):
    memory = wasm.Memory.new(store, 1)
    memory.write(65536 - 4002, array("H", range(2001)))
    assert memory.read(65536 - 4002, 4002) == array("H", range(2001)).tobytes()
    words = array("I", [0, 0, 7])
    memory.read_into(65536 - 12, words)
    assert words.tobytes() == memory.read(65536 - 12, 12)
    memory.read_into(65536 - 4, memoryview(words)[2:])
    assert words[2] == 2000 << 16 | 1999
    signed = array("b", [-1, 5])
    memory.write(0, signed)
    memory.read_into(1, signed)
    assert list(signed) == [5, 0] and memory.u16(0) == 0x5FF
    memory.write(65536, array("I"))
    for out in (lambda: memory.write(65536 - 4, array("I", [1, 2])), lambda: memory.read_into(65536 - 4, words)):
        with trap("out of bounds memory access"):
            out()


def test_a_memory_is_read_and_written(store):
    memory = wasm.Memory.new(store, 2, 3)
    assert memory.size == 131072 and memory.read(0, 4) == bytes(4)
    memory.write(65534, b"over two pages")
    assert memory.read(65534, 14) == b"over two pages"
    memory.write(131072, b"")
    assert memory.read(131072, 0) == b""
    buffer = bytearray(4)
    memory.read_into(65539, buffer)
    assert buffer == b"two "
    memory.set_u8(9, 0x1FF)
    memory.set_u16(10, 0x12345)
    memory.set_u32(12, 0x189ABCDEF)
    assert memory.u64(8) == 0x89ABCDEF2345FF00
    assert (memory.u8(9), memory.u16(10), memory.u32(12)) == (0xFF, 0x2345, 0x89ABCDEF)


def test_bytes_that_are_not_there_trap(store):
    memory = wasm.Memory.new(store, 1)
    for address, size in ((65536, 1), (65535, 2), (-1, 1), (2**32, 1), (2**32 + 5, 0), (0, 65537)):
        with trap("out of bounds memory access"):
            memory.read(address, size)
        with trap("out of bounds memory access"):
            memory.read_into(address, bytearray(size))
        with trap("out of bounds memory access"):
            memory.write(address, bytes(size))
    with trap("out of bounds memory access"):
        memory.u32(65533)
    with trap("out of bounds memory access"):
        memory.set_u16(65535, 0)


def test_a_memory_grows_up_to_its_maximum(store):
    memory = wasm.Memory.new(store, 1, 3)
    memory.write(65535, b"!")
    assert memory.grow(0) == 1
    assert memory.grow(1) == 1 and memory.grow(1) == 2
    assert memory.size == 3 * 65536 and memory.read(65535, 2) == b"!\0"
    assert memory.grow(1) == -1 and memory.grow(2**32 - 1) == -1
    assert memory.size == 3 * 65536


def test_a_sparse_memory_grows_by_what_the_limit_leaves_rounded_up_to_a_page(store):
    """Once by gigabytes, and malloc did not say that there was no room: writing there was a trap."""
    memory = wasm.Memory.new(store, 1)
    assert memory.grow(2) == -1
    assert memory.grow(1) == 1 and memory.grow(1) == 2  # Zig's allocator asks for a page for each size
    bytewise = wasm.Memory.new(store, 20_000, shift=0)
    left = 1024 * (20 - store.used())
    assert bytewise.grow(left + 1) == -1 and bytewise.grow(left) == 20_000
    with trap("out of memory"):
        memory.write(0, bytes(65536))
    assert memory.grow(1) == -1 and bytewise.grow(1) == -1


def test_a_sparse_memory_grows_by_no_more_pages_than_could_all_be_written(store):
    """Page by page it once had 128 MiB, and its map 17 of the 20 KiB."""
    memory = wasm.Memory.new(store, 17)
    granted = 0
    while memory.grow(1) != -1:
        granted += 1
    assert granted == 20 - store.used()
    memory.write(16 << 16, b"first")  # of its own pages
    for page in range(17, 17 + granted - 2):  # granules for leaves, too
        memory.write(page << 16, b"x")
    assert memory.grow(1) == -1


def test_a_sparse_memory_of_a_large_limit_grows_by_some_pages_at_once():
    store = wasm.Store(limit=100, stack=0)
    memory = wasm.Memory.new(store, 4)
    assert memory.grow(3) == -1 and memory.grow(2) == 4
    memory.write(0, bytes(40 * 1024))
    assert memory.grow(2) == -1 and memory.grow(1) == 6
    store.close()


def test_a_memory_is_sparse_where_in_one_piece_it_would_take_what_the_rest_needs():
    """Not the limit alone counts, what is free does, too: else the load ended as out of memory."""
    before, store = wasm.Store(limit=96, stack=0), wasm.Store(limit=96, stack=0)
    before.alloc(1024 * (wasm.arena_info()[1] - 70))
    assert wasm.Memory.new(store, 1, reserve=20).grow(1) == 1  # it takes no 64 KiB, and can grow
    assert store.used() < 5
    store.close()
    before.close()


def test_a_memory_of_single_bytes(store):
    memory = wasm.Memory.new(store, 100, 5000, shift=0)
    assert memory.size == 100
    memory.write(99, b"x")
    with trap("out of bounds memory access"):
        memory.write(100, b"x")
    assert memory.grow(1) == 100
    memory.write(100, b"y")
    assert memory.grow(4899) == 101 and memory.grow(1) == -1
    assert memory.read(98, 4) == b"\0xy\0"


def test_a_sparse_memory_traps_when_a_write_finds_no_granule(store):
    memory = wasm.Memory.new(store, 4)
    with trap("out of memory"):
        for address in range(0, memory.size, 1024):
            memory.write(address, b"x")


def test_a_memory_is_dense_when_it_fits_besides_what_is_reserved(engine):
    pages = 8  # memory_t: 0 if it is dense
    for reserve, dense in ((10, True), (25, False)):
        store = wasm.Store(limit=86)
        try:
            memory = wasm.Memory.new(store, 1, reserve=reserve)
            assert (engine.get(memory.at + pages) == 0) == dense
            memory.write(65530, b"either")
            assert memory.read(65530, 6) == b"either"
        finally:
            store.close()


def test_a_memory_that_cannot_be_says_so(store):
    with pytest.raises(wasm.OutOfMemory) as refused:
        wasm.Memory.new(store, 60000)
    assert str(refused.value) == (
        "a memory of 60000 pages of 65536 bytes does not fit the component's limit of 20 KiB, or the arena"
    )
