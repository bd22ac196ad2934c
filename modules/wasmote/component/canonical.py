"""Lifting values by type descriptor, guest to host (Canonical ABI: loading, flat lifting); lowering.py is the way back.

    bool  int (all integers, enum: the case, flags: the bits, own and borrow: the host's rep)  float  str (string, char)
    bytes (list<u8>; a list of them, too, may be lowered)  list  tuple (record, tuple)
    (case, payload or None) (variant; result: case 0 ok, 1 error)
    option: None or the value; (value,) when the value's type is an option itself

Flat values are unsigned integers, floats as their bit patterns; so joining the cases of a variant is only masking. A
lift copies, and never gives out memory of the guest. Every violation raises Trap.
"""

import struct
from struct import unpack_from

from micropython import const

from ..wasm.engine import NAME
from ..wasm.errors import Trap
from ..wasm.reader import is_utf8
from .types import ALIGNS, align, length, size

try:
    from _canonical import load as _load_in_c  # firmware/component/modcanonical.c
except ImportError:  # CPython
    _load_in_c = None
if NAME != "c":  # the memories are in the arena of the engine's Python twin
    _load_in_c = None

# Of types.py: constants of another module would be looked up each time.
_BOOL = const(0x7F)
_BORROW = const(0x68)
_CASES = const(10)
_CHAR = const(0x74)
_ENUM = const(0x6D)
_F32 = const(0x76)
_F64 = const(0x75)
_FIELDS = const(7)
_FLAGS = const(0x6E)
_LIST = const(0x70)
_OPTION = const(0x6B)
_OWN = const(0x69)
_RECORD = const(0x72)
_RESULT = const(0x6A)
_S16 = const(0x7C)
_S32 = const(0x7A)
_S64 = const(0x78)
_STRING = const(0x73)
_U8 = const(0x7D)
_U16 = const(0x7B)
_U32 = const(0x79)
_U64 = const(0x77)
_VARIANT = const(0x71)

UTF8 = const(0)  # string encodings, as canon options have them
UTF16 = const(1)
LATIN1_UTF16 = const(2)
MAX_BYTES = const(0x0FFFFFFF)  # of a string or list (MAX_STRING_BYTE_LENGTH, MAX_LIST_BYTE_LENGTH)
PIECE = const(128)  # bytes of a list's elements that are copied at a time; more if one has more
_FORMATS = ("<d", "<f", "<Q", "<q", "<I", "<i", "<H", "<h", "<B", "<b")  # f64 to s8, by code - F64


class Context:
    """What lifting and lowering by one canon definition needs (the specification's LiftLowerContext).

    With `other`, values cross from one component instance to another: floats are bit patterns, which no Python float
    of the board could keep, and strings are lowered as the encoding that they come from demands.
    """

    def __init__(self, instance, memory=None, realloc=None, encoding=UTF8):
        self.instance = instance
        self.memory = memory
        self.realloc = realloc
        self.encoding = encoding
        self.other = None  # the Context at the other end of the call; None: the host's
        self.seen = 0  # bytes that the memory had when last looked at: it never shrinks
        self.left = 0  # bytes of strings and lists that may still be lifted in this call
        self.lenders = None  # handles lent to the call being lifted for

    def charge(self, count):
        """Account for `count` bytes about to be lifted."""
        self.left -= count
        if self.left < 0:
            raise Trap(
                "value too large", "more than %d bytes of strings and lists in one call" % self.instance.lift_limit
            )

    def lower_borrow(self, rep, resource):
        """What the guest gets for a borrow: the rep itself, if its own component instance defined the resource."""
        instance = self.instance
        if getattr(instance.root.resources[resource], "instance", None) is instance:
            return rep
        return instance.handles.lower_borrow(rep, resource)

    def check(self, address, count, alignment, what):
        """A pointer that came from the guest."""
        if address & alignment - 1:
            raise Trap("unaligned pointer", "%s at 0x%x" % (what, address))
        if address + count > self.seen and self.outside(address + count):
            raise Trap("%s out of bounds of memory" % what, "0x%x+%d > %d" % (address, count, self.seen))

    def check_new(self, address, count, alignment):
        """What the guest's realloc returned for so many bytes."""
        if address & alignment - 1:
            raise Trap("realloc return: result not aligned", "0x%x" % address)
        if address + count > self.seen and self.outside(address + count):
            raise Trap("realloc return: beyond end of memory", "0x%x+%d > %d" % (address, count, self.seen))

    def outside(self, end):
        """Whether memory ends before `end`."""
        self.seen = self.memory.size
        return end > self.seen


def _integer(code, value):
    """An integer of type `code` from a flat or loaded unsigned value: surplus bits are dropped."""
    if code == _U32:
        return value & 0xFFFFFFFF
    if code == _U8:
        return value & 0xFF
    if code == _U64:
        return value & 0xFFFFFFFFFFFFFFFF
    if code == _U16:
        return value & 0xFFFF
    bits = 64 if code == _S64 else 32 if code == _S32 else 16 if code == _S16 else 8
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def _float(code, bits):
    if code == _F32:
        return struct.unpack("<f", struct.pack("<I", bits & 0xFFFFFFFF))[0]
    return struct.unpack("<d", struct.pack("<Q", bits & 0xFFFFFFFFFFFFFFFF))[0]


def _char(value):
    value &= 0xFFFFFFFF
    if value > 0x10FFFF or 0xD800 <= value <= 0xDFFF:
        raise Trap("invalid `char` bit pattern", "0x%x" % value)
    return chr(value)


def load(cx, d, p, address):
    """The value of type d[p] at `address`, which is aligned and in bounds."""
    if _load_in_c is not None and cx.other is None and not cx.encoding:
        try:
            value = _load_in_c(cx.memory.at, d, p, address, cx.left)
            if value is not ...:
                return value
        except MemoryError:
            pass
    # What is none, has handles in it, or is too large: here is said what is wrong.
    data = bytearray(size(d, p))
    cx.memory.read_into(address, data)
    return _load(cx, d, p, data, 0)


def _load(cx, d, p, data, at):
    """The value of type d[p] at index `at` of `data`, a copy of the guest's bytes."""
    code = d[p]
    if code == _RECORD:
        values = []
        end = p + (d[p + 1] | d[p + 2] << 8)
        p += _FIELDS
        while p < end:
            code = d[p]
            if code == _STRING or code == _LIST:
                at = at + 3 & -4
                address, count = unpack_from("<II", data, at)
                at += 8
                if code == _STRING:
                    values.append(_lift_string(cx, address, count))
                    p += 1
                else:
                    values.append(_lift_list(cx, d, p, address, count))
                    p += d[p + 1] | d[p + 2] << 8
                continue
            # align(d, p), size(d, p) and length(d, p), without three calls where that is easy
            if code > _STRING:
                step = count = ALIGNS[code - _STRING]
                past = p + 1
            elif code == _OPTION or code == _RECORD or code == _VARIANT or code == _RESULT:
                step = d[p + 3]
                count = d[p + 4] | d[p + 5] << 8
                past = p + (d[p + 1] | d[p + 2] << 8)
            else:
                step = align(d, p)
                count = size(d, p)
                past = p + length(d, p)
            at = at + step - 1 & -step
            values.append(_load(cx, d, p, data, at) if code != _OPTION or data[at] else None)
            at += count
            p = past
        return tuple(values)
    if code == _STRING or code == _LIST:
        address, count = unpack_from("<II", data, at)
        return _lift_string(cx, address, count) if code == _STRING else _lift_list(cx, d, p, address, count)
    if code == _OPTION or code == _RESULT or code == _VARIANT:
        case = data[at]
        if (d[p + 7] | d[p + 8] << 8) > 256:
            case |= data[at + 1] << 8
        at += d[p + 9]
        p = case_at(d, p, case)
        return _of_case(code, d, p, case, _load(cx, d, p, data, at) if d[p] else None)
    if _F64 <= code < _BOOL and (code > _F32 or cx.other is None):
        return unpack_from(_FORMATS[code - _F64], data, at)[0]
    return _lift_scalar(cx, d, p, int.from_bytes(data[at : at + size(d, p)], "little"))


def lift_flat(cx, d, p, flat):
    """The value of type d[p] from `flat`, an iterator over core values."""
    code = d[p]
    if code == _STRING:
        address = next(flat) & 0xFFFFFFFF
        return _lift_string(cx, address, next(flat) & 0xFFFFFFFF)
    if code == _LIST:
        address = next(flat) & 0xFFFFFFFF
        return _lift_list(cx, d, p, address, next(flat) & 0xFFFFFFFF)
    if code == _RECORD:
        values = []
        end = p + length(d, p)
        p += _FIELDS
        while p < end:
            values.append(lift_flat(cx, d, p, flat))
            p += length(d, p)
        return tuple(values)
    if code == _OPTION or code == _RESULT or code == _VARIANT:
        case = next(flat) & 0xFFFFFFFF
        joined = [next(flat) for _ in range(d[p + 6] - 1)]
        at = case_at(d, p, case)
        return _of_case(code, d, at, case, lift_flat(cx, d, at, iter(joined)) if d[at] else None)
    return _lift_scalar(cx, d, p, next(flat))


def _lift_scalar(cx, d, p, value):
    """A value of one flat core value."""
    code = d[p]
    if code == _BOOL:
        return value & 0xFFFFFFFF != 0
    if code >= _U64:
        return _integer(code, value)
    if code == _ENUM:
        value &= 0xFFFFFFFF
        if value >= d[p + 1] | d[p + 2] << 8:
            raise Trap("unexpected discriminant", "%d" % value)
        return value
    if code == _FLAGS:
        return value & (1 << d[p + 1]) - 1
    if code == _CHAR:
        return _char(value)
    if code == _OWN:
        return cx.instance.handles.lift_own(value & 0xFFFFFFFF, d[p + 1])
    if code == _BORROW:
        handle = value & 0xFFFFFFFF
        rep = cx.instance.handles.lift_borrow(handle, d[p + 1])
        if cx.lenders is None:
            cx.lenders = []
        cx.lenders.append(handle)
        return rep
    if cx.other is None:
        return _float(code, value)
    return value & 0xFFFFFFFF if code == _F32 else value  # joined with 64 bits, it may have come with more


def case_at(d, p, case):
    """Where the payload type of a variant's case is in d."""
    if case >= d[p + 7] | d[p + 8] << 8:
        raise Trap("unexpected discriminant", "%d" % case)
    p += _CASES
    while case:
        p += length(d, p)
        case -= 1
    return p


def _of_case(code, d, at, case, payload):
    if code != _OPTION:
        return (case, payload)
    return (payload,) if case and d[at] == _OPTION else payload


def _lift_string(cx, address, count):
    if cx.encoding:
        from .strings import lift_string

        return lift_string(cx, address, count)
    if count > MAX_BYTES:
        raise Trap("string too long", "%d bytes" % count)
    if address + count > cx.seen:
        cx.check(address, count, 1, "string pointer/length")
    if count > cx.left:
        cx.charge(count)
    cx.left -= count
    try:
        data = bytearray(count)
        cx.memory.read_into(address, data)
        text = str(data, "utf-8")
    except UnicodeError:
        text = None
    except MemoryError:
        raise no_heap(count)
    # MicroPython decodes some malformed sequences; all of one byte per character is ASCII and needs no second look
    if text is None or len(text) != count and not is_utf8(data):
        raise Trap("invalid utf-8 sequence", "string at 0x%x+%d" % (address, count))
    return text


def no_heap(count):
    trap = Trap("value too large", "no %d bytes of the board's heap are free in one piece" % count)
    trap.short_of_memory = True  # others are to blame
    return trap


def _lift_list(cx, d, p, address, count):
    p += 3
    step = size(d, p)
    if count * step > MAX_BYTES:
        raise Trap("list too long", "%d elements" % count)
    end = address + count * step
    cx.check(address, end - address, align(d, p), "list pointer/length")
    # However small an element is in memory, its place in the list takes four bytes of the board's heap, and its parts an
    # object each.
    cx.charge(count if d[p] == _U8 else count * (step + (4 if d[p] >= _STRING else length(d, p))))
    if d[p] == _U8:
        try:
            return cx.memory.read(address, count)
        except MemoryError:
            raise no_heap(count)
    values = []
    data = None
    piece = step if step > PIECE else PIECE - PIECE % step
    while address < end:
        if end - address < piece:
            piece = end - address
            data = None
        if data is None:
            data = bytearray(piece)
        cx.memory.read_into(address, data)
        for at in range(0, piece, step):  # no comprehension: that is one more call on the board's stack
            values.append(_load(cx, d, p, data, at))
        address += piece
    return values
