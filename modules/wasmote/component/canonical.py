"""Lifting and lowering values by type descriptor (Canonical ABI: loading, storing, flat lifting, flat lowering).

    bool  int (all integers, enum: the case, flags: the bits, own and borrow: the host's rep)  float  str (string, char)
    bytes (list<u8>)  list  tuple (record, tuple)  (case, payload or None) (variant; result: case 0 ok, 1 error)
    option: None or the value; (value,) when the value's type is an option itself

Flat values are unsigned integers, floats as their bit patterns; so joining the cases of a variant is only masking. A
lift copies, and never gives out memory of the guest. Lowering strings and lists calls the guest's realloc: those
functions are generators, and look at the memory again after every call. Every violation raises Trap.
"""

import struct

from micropython import const

from ..wasm.errors import Trap
from ..wasm.reader import is_utf8
from . import types
from .types import (
    BOOL,
    BORROW,
    CASES,
    CHAR,
    ENUM,
    F32,
    FIELDS,
    FLAGS,
    LIST,
    OPTION,
    OWN,
    RECORD,
    RESULT,
    S16,
    S32,
    S64,
    STRING,
    U8,
    U16,
    U32,
    U64,
    VARIANT,
    align,
    length,
    size,
)

_MAX_BYTES = const(0x0FFFFFFF)  # of a string or list (MAX_STRING_BYTE_LENGTH, MAX_LIST_BYTE_LENGTH)


class Context:
    """What lifting and lowering by one canon definition needs (the specification's LiftLowerContext)."""

    def __init__(self, instance, memory=None, realloc=None):
        self.instance = instance
        self.memory = memory
        self.realloc = realloc
        self.left = 0  # bytes of strings and lists that may still be lifted in this call
        self.lenders = None  # handles lent to the call being lifted for

    def charge(self, count):
        """Account for `count` bytes about to be lifted."""
        self.left -= count
        if self.left < 0:
            raise Trap(
                "value too large", "more than %d bytes of strings and lists in one call" % self.instance.lift_limit
            )

    def check(self, address, count, alignment, what):
        """A pointer that came from the guest."""
        if address & alignment - 1:
            raise Trap("unaligned pointer", "%s at 0x%x" % (what, address))
        if address + count > self.memory.size:
            raise Trap("%s out of bounds of memory" % what, "0x%x+%d > %d" % (address, count, self.memory.size))


# -- loading and lifting: guest to host


def _integer(code, value):
    """An integer of type `code` from a flat or loaded unsigned value: surplus bits are dropped."""
    if code == U32:
        return value & 0xFFFFFFFF
    if code == U8:
        return value & 0xFF
    if code == U64:
        return value & 0xFFFFFFFFFFFFFFFF
    if code == U16:
        return value & 0xFFFF
    bits = 64 if code == S64 else 32 if code == S32 else 16 if code == S16 else 8
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def _float(code, bits):
    if code == F32:
        return struct.unpack("<f", struct.pack("<I", bits & 0xFFFFFFFF))[0]
    return struct.unpack("<d", struct.pack("<Q", bits & 0xFFFFFFFFFFFFFFFF))[0]


def _char(value):
    value &= 0xFFFFFFFF
    if value > 0x10FFFF or 0xD800 <= value <= 0xDFFF:
        raise Trap("invalid `char` bit pattern", "0x%x" % value)
    return chr(value)


def _load_bytes(memory, address, count):
    if count == 1:
        return memory.u8(address)
    if count == 4:
        return memory.u32(address)
    if count == 2:
        return memory.u16(address)
    return memory.u64(address)


def load(cx, d, p, address):
    """The value of type d[p] at `address`, which is aligned and in bounds."""
    code = d[p]
    memory = cx.memory
    if code == STRING:
        return _lift_string(cx, memory.u32(address), memory.u32(address + 4))
    if code == LIST:
        return _lift_list(cx, d, p, memory.u32(address), memory.u32(address + 4))
    if code == RECORD:
        values = []
        end = p + length(d, p)
        p += FIELDS
        while p < end:
            step = align(d, p)
            address = address + step - 1 & -step
            values.append(load(cx, d, p, address))
            address += size(d, p)
            p += length(d, p)
        return tuple(values)
    if code == OPTION or code == RESULT or code == VARIANT:
        case = _load_bytes(memory, address, types.discriminant_size(d[p + 7] | d[p + 8] << 8))
        at = _case(d, p, case)
        return _of_case(code, d, at, case, load(cx, d, at, address + d[p + 9]) if d[at] else None)
    return _lift_scalar(cx, d, p, _load_bytes(memory, address, size(d, p)))


def lift_flat(cx, d, p, flat):
    """The value of type d[p] from `flat`, an iterator over core values."""
    code = d[p]
    if code == STRING:
        address = next(flat) & 0xFFFFFFFF
        return _lift_string(cx, address, next(flat) & 0xFFFFFFFF)
    if code == LIST:
        address = next(flat) & 0xFFFFFFFF
        return _lift_list(cx, d, p, address, next(flat) & 0xFFFFFFFF)
    if code == RECORD:
        values = []
        end = p + length(d, p)
        p += FIELDS
        while p < end:
            values.append(lift_flat(cx, d, p, flat))
            p += length(d, p)
        return tuple(values)
    if code == OPTION or code == RESULT or code == VARIANT:
        case = next(flat) & 0xFFFFFFFF
        joined = [next(flat) for _ in range(d[p + 6] - 1)]
        at = _case(d, p, case)
        return _of_case(code, d, at, case, lift_flat(cx, d, at, iter(joined)) if d[at] else None)
    return _lift_scalar(cx, d, p, next(flat))


def _lift_scalar(cx, d, p, value):
    """A value of one flat core value."""
    code = d[p]
    if code == BOOL:
        return value & 0xFFFFFFFF != 0
    if code >= U64:
        return _integer(code, value)
    if code == ENUM:
        value &= 0xFFFFFFFF
        if value >= d[p + 1] | d[p + 2] << 8:
            raise Trap("unexpected discriminant", "%d" % value)
        return value
    if code == FLAGS:
        return value & (1 << d[p + 1]) - 1
    if code == CHAR:
        return _char(value)
    if code == OWN:
        return cx.instance.handles.lift_own(value & 0xFFFFFFFF, d[p + 1])
    if code == BORROW:
        handle = value & 0xFFFFFFFF
        rep = cx.instance.handles.lift_borrow(handle, d[p + 1])
        if cx.lenders is None:
            cx.lenders = []
        cx.lenders.append(handle)
        return rep
    return _float(code, value)


def _case(d, p, case):
    """Where the payload type of a variant's case is in d."""
    if case >= d[p + 7] | d[p + 8] << 8:
        raise Trap("unexpected discriminant", "%d" % case)
    p += CASES
    while case:
        p += length(d, p)
        case -= 1
    return p


def _of_case(code, d, at, case, payload):
    if code != OPTION:
        return (case, payload)
    return (payload,) if case and d[at] == OPTION else payload


def _lift_string(cx, address, count):
    if count > _MAX_BYTES:
        raise Trap("string too long", "%d bytes" % count)
    cx.check(address, count, 1, "string pointer/length")
    cx.charge(count)
    try:
        data = bytearray(count)
        cx.memory.read_into(address, data)
        text = str(data, "utf-8")
    except UnicodeError:
        text = None
    except MemoryError:
        raise _no_heap(count)
    # MicroPython decodes some malformed sequences; all of one byte per character is ASCII and needs no second look
    if text is None or len(text) != count and not is_utf8(data):
        raise Trap("invalid utf-8 sequence", "string at 0x%x+%d" % (address, count))
    return text


def _no_heap(count):
    return Trap("value too large", "no %d bytes of the board's heap are free in one piece" % count)


def _lift_list(cx, d, p, address, count):
    p += 3
    step = size(d, p)
    if count * step > _MAX_BYTES:
        raise Trap("list too long", "%d elements" % count)
    cx.check(address, count * step, align(d, p), "list pointer/length")
    cx.charge(count * step)
    if d[p] == U8:
        try:
            return cx.memory.read(address, count)
        except MemoryError:
            raise _no_heap(count)
    values = []
    for _ in range(count):  # no comprehension: that is one more call on the board's stack
        values.append(load(cx, d, p, address))
        address += step
    return values


# -- storing and lowering: host to guest


def _scalar(cx, d, p, value):
    """The core value of a value that has one."""
    code = d[p]
    if code == BOOL:
        return 1 if value else 0
    if code >= U64:
        wide = code == U64 or code == S64
        return value & (0xFFFFFFFFFFFFFFFF if wide else 0xFFFFFFFF)
    if code == ENUM:
        if not 0 <= value < d[p + 1] | d[p + 2] << 8:
            raise ValueError("enum case %d" % value)
        return value
    if code == FLAGS:
        return value & (1 << d[p + 1]) - 1
    if code == CHAR:
        return ord(value)
    if code == OWN:
        return cx.instance.handles.lower_own(value, d[p + 1])
    if code == BORROW:
        return cx.instance.handles.lower_borrow(value, d[p + 1])
    if code == F32:
        return struct.unpack("<I", struct.pack("<f", value))[0]
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def _store_bytes(memory, address, count, value):
    if count == 1:
        memory.set_u8(address, value & 0xFF)
    elif count == 4:
        memory.set_u32(address, value)
    elif count == 2:
        memory.set_u16(address, value & 0xFFFF)
    else:
        memory.set_u64(address, value)


def _split(code, d, p, value):
    """(case, where its payload type is in d, payload) of an option, result or variant value."""
    if code == OPTION:
        if value is None:
            return 0, p + CASES, None
        at = p + CASES + 1
        return 1, at, value[0] if d[at] == OPTION else value
    case, payload = value
    try:
        return case, _case(d, p, case), payload
    except Trap:
        raise ValueError("variant case %d" % case)


def store(cx, d, p, value, address):
    """A generator: writes a value of type d[p] to `address`, which is aligned and in bounds."""
    code = d[p]
    if code == STRING or code == LIST:
        pointer, count = yield from _lower_sequence(cx, d, p, value)
        cx.memory.set_u32(address, pointer)
        cx.memory.set_u32(address + 4, count)
    elif code == RECORD:
        end = p + length(d, p)
        p += FIELDS
        for field in value:
            step = align(d, p)
            address = address + step - 1 & -step
            yield from store(cx, d, p, field, address)
            address += size(d, p)
            p += length(d, p)
        if p != end:
            raise ValueError("record value of %d fields" % len(value))
    elif code == OPTION or code == RESULT or code == VARIANT:
        case, at, payload = _split(code, d, p, value)
        _store_bytes(cx.memory, address, types.discriminant_size(d[p + 7] | d[p + 8] << 8), case)
        if d[at]:
            yield from store(cx, d, at, payload, address + d[p + 9])
    else:
        _store_bytes(cx.memory, address, size(d, p), _scalar(cx, d, p, value))


def lower_flat(cx, d, p, value, flat):
    """A generator: appends the core values of a value of type d[p] to the list `flat`."""
    code = d[p]
    if code == STRING or code == LIST:
        pair = yield from _lower_sequence(cx, d, p, value)
        flat.extend(pair)
    elif code == RECORD:
        end = p + length(d, p)
        p += FIELDS
        for field in value:
            yield from lower_flat(cx, d, p, field, flat)
            p += length(d, p)
        if p != end:
            raise ValueError("record value of %d fields" % len(value))
    elif code == OPTION or code == RESULT or code == VARIANT:
        case, at, payload = _split(code, d, p, value)
        full = len(flat) + d[p + 6]
        flat.append(case)
        if d[at]:
            yield from lower_flat(cx, d, at, payload, flat)
        while len(flat) < full:
            flat.append(0)
    else:
        flat.append(_scalar(cx, d, p, value))


def _lower_sequence(cx, d, p, value):
    """A generator: copies a string or list into the guest. Its return value is (pointer, length)."""
    if d[p] == STRING:
        if isinstance(value, str):
            value = value.encode()
        p = -1
    else:
        p += 3
    if p < 0 or d[p] == U8:
        address = yield from reallocate(cx, 1, len(value))
        if len(value):
            cx.memory.write(address, value)
        return address, len(value)
    step = size(d, p)
    if len(value) * step > _MAX_BYTES:
        raise Trap("list too long", "%d elements" % len(value))
    address = yield from reallocate(cx, align(d, p), len(value) * step)
    for i in range(len(value)):
        yield from store(cx, d, p, value[i], address + i * step)
    return address, len(value)


def reallocate(cx, alignment, count):
    """A generator: `count` bytes from the guest's realloc, checked. Memory may have grown or moved afterwards."""
    (address,) = yield from cx.instance.store.invoke(cx.realloc, [0, 0, alignment, count])
    if address & alignment - 1:
        raise Trap("realloc return: result not aligned", "0x%x" % address)
    if address + count > cx.memory.size:
        raise Trap("realloc return: beyond end of memory", "0x%x+%d > %d" % (address, count, cx.memory.size))
    return address
