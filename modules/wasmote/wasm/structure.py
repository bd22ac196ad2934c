"""Whether a body is well formed, apart from its types (core specification 5.4).

Translation validates while it decodes, and so finds what is invalid before what is malformed further on. The
specification decodes first: this looks at the rest of a body that was found invalid, to say which of both it is.
"""

from micropython import const

from .errors import Malformed
from .types import heaptype, valtype

_STEP = const(64)  # instructions read between two yields
_INDICES = {8: 2, 9: 1, 10: 2, 11: 1, 12: 2, 13: 1, 14: 2, 15: 1, 16: 1, 17: 1}  # behind the prefix 0xfc


def check_body(reader):
    """Raises Malformed unless `reader` holds a body (locals, then code). A generator: yields now and then."""
    for n in range(reader.count()):
        reader.u32()
        reader.skip(1)  # a type: translation saw the locals
        if n % _STEP == 0:
            yield
    depth = 1
    n = 0
    while depth:
        n += 1
        if n % _STEP == 0:
            yield
        op = reader.u8()
        if op == 0x0B:  # end
            depth -= 1
        elif 0x02 <= op <= 0x04:  # block, loop, if
            depth += 1
            reader.s33()
        elif op == 0x0E:  # br_table
            for n in range(reader.count() + 1):
                reader.u32()
                if n % _STEP == 0:
                    yield
        elif op == 0x1C:  # select with its types
            for n in range(reader.count()):
                valtype(reader)
                if n % _STEP == 0:
                    yield
        else:
            _immediates(reader, op)
    if reader.at != reader.end:
        raise Malformed("unexpected content after the end of the function", reader.at)


def _immediates(reader, op):
    if 0x28 <= op <= 0x3E or op == 0x11:  # loads and stores, call_indirect
        reader.u32()
        reader.u32()
    elif op == 0x41:
        reader.s32()
    elif op == 0x42:
        reader.s64()
    elif op == 0x43:
        reader.skip(4)
    elif op == 0x44:
        reader.skip(8)
    elif op == 0xD0:
        heaptype(reader)
    elif op == 0xFC:
        for _ in range(_INDICES.get(reader.u32(), 0)):
            reader.u32()
    elif op in b"\x0c\x0d\x10\x20\x21\x22\x23\x24\x25\x26\x3f\x40\xd2":  # one index
        reader.u32()
