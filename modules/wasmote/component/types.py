"""Type descriptors: bytes that say what the Canonical ABI needs to lift and lower values of a type.

    descriptor = 0x73..0x7f                         string char f64 f32 u64 s64 u32 s32 u16 s16 u8 s8 bool
               | 0x69|0x68 resource(1)              own, borrow
               | 0x6d|0x6e cases(2)                 enum, flags
               | 0x70 len(2) descriptor             list
               | 0x72 head descriptor*              record, tuple
               | 0x71|0x6b|0x6a head cases(2) payload(1) case*      variant, option, result; payload: its offset
               | 0x40 len(2) results(1) descriptor descriptor?      func: the record of its params, its result
    head       = len(2) align(1) size(2) flat(1)    case = descriptor | 0x00, no payload

`len` counts the whole descriptor, so a reader steps over it; `flat` is the number of flat core values, 255 and more
are 255. Numbers are little-endian. There are no names: those count when types are compared, in table.py, which makes
the descriptors. Functions take `d`, the bytes, and `p`, where in them the descriptor starts.
"""

from micropython import const

STRING = const(0x73)
CHAR = const(0x74)
F64 = const(0x75)
F32 = const(0x76)
U64 = const(0x77)
S64 = const(0x78)
U32 = const(0x79)
S32 = const(0x7A)
U16 = const(0x7B)
S16 = const(0x7C)
U8 = const(0x7D)
S8 = const(0x7E)
BOOL = const(0x7F)
RECORD = const(0x72)  # also tuple: despecialized
VARIANT = const(0x71)
LIST = const(0x70)
TUPLE = const(0x6F)
FLAGS = const(0x6E)
ENUM = const(0x6D)
OPTION = const(0x6B)
RESULT = const(0x6A)
OWN = const(0x69)
BORROW = const(0x68)
FUNC = const(0x40)
RESOURCE = const(0x3F)

MAX_FLAT_PARAMS = const(16)
MAX_FLAT_RESULTS = const(1)

PARAMS = const(4)  # bytes of a func before the record of its params
FIELDS = const(7)  # bytes of a record before its first field
CASES = const(10)  # bytes of a variant before its first case

_I32 = const(0x7F)
_I64 = const(0x7E)
_F32 = const(0x7D)
_F64 = const(0x7C)

# by code - 0x73
_SIZES = b"\x08\x04\x08\x04\x08\x08\x04\x04\x02\x02\x01\x01\x01"
ALIGNS = b"\x04\x04\x08\x04\x08\x08\x04\x04\x02\x02\x01\x01\x01"
_FLATS = b"\x00\x7f\x7c\x7d\x7e\x7e\x7f\x7f\x7f\x7f\x7f\x7f\x7f"


def length(d, p):
    """Bytes of the descriptor (or absent case) at d[p]."""
    code = d[p]
    if code >= STRING or code == 0:
        return 1
    if code == OWN or code == BORROW:
        return 2
    if code == ENUM or code == FLAGS:
        return 3
    return d[p + 1] | d[p + 2] << 8


def align(d, p):
    """Alignment of a value of this type in linear memory."""
    code = d[p]
    if code >= STRING:
        return ALIGNS[code - STRING]
    if code == ENUM or code == FLAGS:
        return labels_size(code, d[p + 1] | d[p + 2] << 8)
    if code == LIST or code == OWN or code == BORROW:
        return 4
    return d[p + 3]


def size(d, p):
    """Bytes of a value of this type in linear memory (elem_size)."""
    code = d[p]
    if code >= STRING:
        return _SIZES[code - STRING]
    if code == ENUM or code == FLAGS:
        return labels_size(code, d[p + 1] | d[p + 2] << 8)
    if code == LIST:
        return 8
    if code == OWN or code == BORROW:
        return 4
    return d[p + 4] | d[p + 5] << 8


def flat_count(d, p):
    """Flat core values of this type; 255 stands for 255 and more."""
    code = d[p]
    if code == STRING or code == LIST:
        return 2
    if code == RECORD or code == VARIANT or code == OPTION or code == RESULT:
        return d[p + 6]
    return 1


def discriminant_size(cases):
    return 1 if cases <= 256 else 2


def labels_size(code, count):
    """Bytes of an enum or flags value."""
    if code == ENUM:
        return discriminant_size(count)
    return 1 if count <= 8 else 2 if count <= 16 else 4


def result_at(d):
    """Where the result's type is in the func descriptor d."""
    return PARAMS + length(d, PARAMS)


def has_pointers(d, p):
    """True when a value of this type holds a string or a list: lifting needs a memory, lowering also a realloc."""
    code = d[p]
    if code == STRING or code == LIST:
        return True
    if code == RECORD:
        at = p + FIELDS
    elif code == VARIANT or code == OPTION or code == RESULT:
        at = p + CASES
    else:
        return False
    end = p + length(d, p)
    while at < end:
        if d[at] and has_pointers(d, at):
            return True
        at += length(d, at)
    return False


def flatten(d, p, out):
    """Append the flat core types of this type to the bytearray `out`. Call it for types of few flat values only."""
    code = d[p]
    if code == STRING or code == LIST:
        out.append(_I32)
        out.append(_I32)
    elif code > STRING:
        out.append(_FLATS[code - STRING])
    elif code == RECORD:
        end = p + length(d, p)
        p += FIELDS
        while p < end:
            flatten(d, p, out)
            p += length(d, p)
    elif code == VARIANT or code == OPTION or code == RESULT:
        out.append(_I32)
        base = len(out)
        end = p + length(d, p)
        p += CASES
        while p < end:
            if d[p]:
                _join_case(d, p, out, base)
            p += length(d, p)
    else:  # flags, enum, own, borrow
        out.append(_I32)


def _join_case(d, p, out, base):
    """Join the flat types of one case of a variant into out[base:]."""
    case = bytearray()
    flatten(d, p, case)
    for i in range(len(case)):
        if base + i == len(out):
            out.append(case[i])
            continue
        a = out[base + i]
        b = case[i]
        if a != b:
            narrow = (a == _I32 or a == _F32) and (b == _I32 or b == _F32)
            out[base + i] = _I32 if narrow else _I64


def flat_signature(d, lower):
    """Core (params, results) of the func descriptor d, for canon lower or canon lift."""
    params = bytearray()
    results = bytearray()
    if flat_count(d, PARAMS) > MAX_FLAT_PARAMS:
        params.append(_I32)
    else:
        flatten(d, PARAMS, params)
    if d[3]:
        at = result_at(d)
        if flat_count(d, at) <= MAX_FLAT_RESULTS:
            flatten(d, at, results)
        elif lower:
            params.append(_I32)
        else:
            results.append(_I32)
    return bytes(params), bytes(results)
