"""Lifting and lowering over a bytearray: round trips, every trap, and that realloc may move and grow the memory."""

import struct

import abi_types
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wasmote.component import canonical, functions, lowering, text, types
from wasmote.component.handles import Handles
from wasmote.component.table import TypeTable
from wasmote.wasm import drive
from wasmote.wasm.errors import Trap


class Memory:
    """A linear memory."""

    def __init__(self, size):
        self.data = bytearray(size)

    @property
    def size(self):
        return len(self.data)

    def read(self, at, n):
        assert 0 <= at <= at + n <= self.size, "the caller checks"
        return bytes(self.data[at : at + n])

    def read_into(self, at, buffer):
        buffer[:] = self.read(at, len(buffer))

    def write(self, at, data):
        assert 0 <= at <= at + len(data) <= self.size, "the caller checks"
        self.data[at : at + len(data)] = data


for _n, _format in ((8, "<B"), (16, "<H"), (32, "<I"), (64, "<Q")):
    _size = _n // 8
    setattr(Memory, f"u{_n}", lambda m, at, f=_format, n=_size: struct.unpack(f, m.read(at, n))[0])
    setattr(Memory, f"set_u{_n}", lambda m, at, v, f=_format: m.write(at, struct.pack(f, v)))


class Instance:
    """A component instance and its store in one. realloc: a bump allocator that grows the memory as it must."""

    def __init__(self, size=64, lift_limit=1 << 30):
        self.memory = Memory(size)
        self.lift_limit = lift_limit
        self.handles = Handles(bytearray)
        self.store = self
        self.next = 16
        self.asked = []
        self.answer = None

    def start(self, function, args):
        self.started = function, list(args)

    def finish(self):
        return self.invoke(*self.started)

    def invoke(self, function, args):
        assert args[:2] == [0, 0]
        yield
        self.asked.append(tuple(args[2:]))
        if self.answer is not None:
            return [self.answer]
        self.next = -(-self.next // args[2]) * args[2]
        self.next += args[3]
        if self.next > self.memory.size:
            self.memory.data.extend(bytes(self.next - self.memory.size + 64))
        return [self.next - args[3]]


def context(instance):
    cx = canonical.Context(instance, instance.memory, "realloc")
    cx.left = instance.lift_limit
    return cx


def descriptor(source):
    table = TypeTable()
    return table.descriptor(text.parse(table, source))


def load(instance, source, at=0):
    return canonical.load(context(instance), descriptor(source), 0, at)


def lift_flat(instance, source, *flat):
    return canonical.lift_flat(context(instance), descriptor(source), 0, iter(flat))


def lower_flat(instance, source, value):
    flat = []
    drive(lowering.lower_flat(context(instance), descriptor(source), 0, value, flat) or iter(()))
    return flat


@given(st.data())
def test_a_value_stored_is_loaded_again(data):
    t = data.draw(abi_types.types())
    value = data.draw(abi_types.values(t))
    instance = Instance()
    d = descriptor(abi_types.text(t))
    cx = context(instance)

    def pass_on():
        at = yield from lowering.reallocate(cx, types.align(d, 0), types.size(d, 0))
        yield from lowering.store(cx, d, 0, [value], at)
        return at

    assert canonical.load(cx, d, 0, drive(pass_on())) == value


@given(st.data())
def test_a_value_lowered_to_core_values_is_lifted_again(data):
    t = data.draw(abi_types.types())
    value = data.draw(abi_types.values(t))
    instance = Instance()
    flat = lower_flat(instance, abi_types.text(t), value)
    bits = {"i32": 32, "f32": 32, "i64": 64, "f64": 64}
    assert len(flat) == len(abi_types.flatten(t))
    assert all(0 <= v < 1 << bits[f] for v, f in zip(flat, abi_types.flatten(t), strict=True))
    assert lift_flat(instance, abi_types.text(t), *flat) == value


def test_realloc_is_asked_for_each_string_and_list_in_order_the_empty_ones_too():
    instance = Instance()
    lower_flat(instance, "{a:string,b:list<u16>,c:list<string>,d:string}", ("ab", [1, 2], ["x", ""], ""))
    assert instance.asked == [(1, 2), (2, 4), (4, 16), (1, 1), (1, 0), (1, 0)]


def test_bytes_may_be_lowered_for_a_string_and_any_buffer_for_a_list_of_bytes():
    instance = Instance()
    assert lift_flat(instance, "string", *lower_flat(instance, "string", "é€".encode())) == "é€"
    for value in (b"abc", bytearray(b"abc"), memoryview(b"abc")):
        assert lift_flat(instance, "list<u8>", *lower_flat(instance, "list<u8>", value)) == b"abc"


@pytest.mark.parametrize(
    "answer, what", [(2, "realloc return: result not aligned"), (64, "realloc return: beyond end of memory"),
                     (2**32 - 4, "realloc return: beyond end of memory")]
)  # fmt: skip
def test_what_realloc_returns_is_checked(answer, what):
    instance = Instance()
    instance.answer = answer
    with pytest.raises(Trap, match=what):
        lower_flat(instance, "list<u32>", [1])


@pytest.mark.parametrize(
    "source, flat, value",
    [
        ("bool", [0x100], True),
        ("bool", [0], False),
        ("u8", [0xFFFFFF80], 0x80),
        ("s8", [0x17F], 127),
        ("s8", [0x80], -128),
        ("u16", [0x12345], 0x2345),
        ("s16", [0x18000], -32768),
        ("s32", [0xFFFFFFFF], -1),
        ("s64", [2**64 - 1], -1),
        ("u64", [2**64 - 1], 2**64 - 1),
        ("char", [0x1F600], "\U0001f600"),
        ("flags{a,b}", [0xFF], 3),
        ("f32", [0x3FC00000], 1.5),
        ("f64", [0x3FF8000000000000], 1.5),
        ("variant{a(u64),b(u8)}", [1, 0xFFFFFFFFFFFFFF05], (1, 5)),
        ("variant{a(f32),b(u32)}", [0, 0x3FC00000], (0, 1.5)),
        ("variant{a(f32),b(u64)}", [0, 0xFFFFFFFF3FC00000], (0, 1.5)),
        ("option<option<u8>>", [1, 0, 7], (None,)),
        ("option<option<u8>>", [1, 1, 7], (7,)),
        ("result<u8,_>", [1, 9], (1, None)),
    ],
)
def test_surplus_bits_are_dropped(source, flat, value):
    assert lift_flat(Instance(), source, *flat) == value


@pytest.mark.parametrize(
    "source, flat, what",
    [
        ("char", [0x110000], "invalid `char` bit pattern"),
        ("char", [0xD800], "invalid `char` bit pattern"),
        ("char", [0xDFFF], "invalid `char` bit pattern"),
        ("enum{a,b}", [2], "unexpected discriminant: 2"),
        ("option<u8>", [2, 0], "unexpected discriminant: 2"),
        ("result<u8,_>", [0xFFFFFFFF, 0], "unexpected discriminant: 4294967295"),
        ("variant{a,b(u8)}", [2, 0], "unexpected discriminant: 2"),
        ("string", [60, 5], "string pointer/length out of bounds of memory"),
        ("string", [0xFFFFFFFF, 2], "string pointer/length out of bounds of memory"),
        ("string", [0, 0x10000000], "string too long"),
        ("list<u32>", [2, 1], "unaligned pointer: list pointer/length at 0x2"),
        ("list<u32>", [2, 0], "unaligned pointer"),
        ("list<u32>", [60, 2], "list pointer/length out of bounds of memory"),
        ("list<u32>", [4, 0x40000000], "list too long"),
        ("list<u64>", [0, 0x20000000], "list too long"),
        ("list<u8>", [65, 0], "list pointer/length out of bounds of memory"),
    ],
)
def test_what_the_canonical_abi_forbids_traps(source, flat, what):
    with pytest.raises(Trap, match=what):
        lift_flat(Instance(), source, *flat)


def test_the_end_of_memory_is_still_inside():
    assert lift_flat(Instance(), "string", 60, 4) == "\0\0\0\0"
    assert lift_flat(Instance(), "string", 64, 0) == ""


@pytest.mark.parametrize(
    "data",
    [
        b"\x80",
        b"\xc0\x80",
        b"\xc3",
        b"\xe0\x80\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"a\xff",
        b"\xf0\x82\x82\xac",
    ],
)
def test_a_string_that_is_not_utf8_traps(data):
    instance = Instance()
    instance.memory.write(8, data)
    with pytest.raises(Trap, match="invalid utf-8 sequence"):
        lift_flat(instance, "string", 8, len(data))


def test_a_discriminant_in_memory_is_checked():
    instance = Instance()
    instance.memory.set_u8(0, 3)
    for source in ("enum{a,b,c}", "variant{a,b(u8),c}", "flags{a}"):
        if source.startswith("flags"):
            assert load(instance, source) == 1
        else:
            with pytest.raises(Trap, match="unexpected discriminant: 3"):
                load(instance, source)


def test_a_full_heap_is_a_trap_too():
    class Full(Memory):
        def read(self, at, n):
            raise MemoryError

    instance = Instance()
    instance.memory = Full(64)
    for source in ("string", "list<u8>"):
        with pytest.raises(Trap, match="value too large: no 9 bytes of the board's heap are free in one piece"):
            lift_flat(instance, source, 0, 9)


def test_lifting_more_than_the_limit_traps_before_it_allocates():
    instance = Instance(4096, lift_limit=1000)
    assert len(lift_flat(instance, "tuple<string,list<u8>>", 0, 500, 0, 500)[1]) == 500
    with pytest.raises(Trap, match="value too large: more than 1000 bytes of strings and lists in one call"):
        lift_flat(instance, "tuple<string,list<u8>>", 0, 500, 0, 501)
    with pytest.raises(Trap, match="value too large"):
        lift_flat(instance, "list<u32>", 0, 126)


@pytest.mark.parametrize("element", ["bool", "s8", "u16", "enum{a,b}", "option<bool>", "string"])
def test_a_list_takes_four_bytes_of_the_limit_for_each_element_however_small_that_is(element):
    instance = Instance(4096, lift_limit=4 * 250)
    with pytest.raises(Trap, match="value too large: more than 1000 bytes of strings and lists in one call"):
        lift_flat(instance, f"list<{element}>", 0, 251)


@pytest.mark.parametrize(
    "source, value",
    [
        ("enum{a,b}", 2),
        ("variant{a,b}", (2, None)),
        ("tuple<u8,u8>", (1,)),
        ("tuple<u8>", (1, 2)),
        ("u8", "x"),
        ("string", 5),
    ],
)
def test_a_value_of_another_type_is_an_error_of_the_host_and_no_trap(source, value):
    with pytest.raises((ValueError, TypeError, IndexError)):
        lower_flat(Instance(), source, value)


@pytest.mark.parametrize("module", [canonical, lowering, functions])
def test_numbers_written_twice_for_speed_are_those_of_types(module):
    names = [name for name in vars(module) if name[0] == "_" and hasattr(types, name[1:])]
    assert len(names) > 3
    assert [getattr(module, name) for name in names] == [getattr(types, name[1:]) for name in names]
