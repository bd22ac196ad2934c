"""Types in the binary format (core specification 5.3): value types, reference types, limits."""

from micropython import const

from .errors import Invalid, Malformed, Unsupported

I32 = const(0x7F)  # value types (5.3)
I64 = const(0x7E)
F32 = const(0x7D)
F64 = const(0x7C)
FUNCREF = const(0x70)
EXTERNREF = const(0x6F)

FUNC = const(0)  # kinds of imports and exports (5.5.5)
TABLE = const(1)
MEMORY = const(2)
GLOBAL = const(3)

_MAX_PAGES = const(65536)

# Numbers of the C engine, from scripts/make_tables.py
_MAX_ARITY = const(128)
# end of numbers


def valtype(reader):
    """A value type (5.3.4), as its byte."""
    byte = reader.u8()
    if I32 >= byte >= F64 or byte == FUNCREF or byte == EXTERNREF:
        return byte
    _refuse_type(byte, reader.at - 1)
    raise Malformed("malformed value type 0x%x" % byte, reader.at - 1)


def reftype(reader):
    """A reference type (5.3.3), as its byte."""
    byte = reader.u8()
    if byte == FUNCREF or byte == EXTERNREF:
        return byte
    _refuse_type(byte, reader.at - 1)
    raise Malformed("malformed reference type 0x%x" % byte, reader.at - 1)


def heaptype(reader):
    """What a ref.null is of (5.4.2), as a reference type's byte."""
    if not 0x40 <= reader.peek() < 0x80:
        raise Unsupported("ref.null of a type's index (typed function references)", reader.at)
    return reftype(reader)


def _refuse_type(byte, at):
    if byte == 0x7B:
        raise Unsupported("type v128 (SIMD)", at)
    if 0x69 <= byte <= 0x75 or 0x63 <= byte <= 0x64:
        raise Unsupported("reference type 0x%x (GC, typed references or exceptions)" % byte, at)


def functype(reader):
    """A function type (5.3.6) behind its first byte: (parameters, results), each as bytes."""
    return _valtypes(reader), _valtypes(reader)


def _valtypes(reader):
    # A vector of value types (a result type), as bytes.
    at = reader.at
    n = reader.count()
    if n > _MAX_ARITY:
        raise Unsupported("function type with %d parameters or results: there may be %d" % (n, _MAX_ARITY), at)
    types = reader.bytes(n)
    for byte in types:
        if not (I32 >= byte >= F64 or byte == FUNCREF or byte == EXTERNREF):
            reader.seek(at)
            for _ in range(reader.u32()):
                valtype(reader)  # names the wrong one
    return types


def number(key, items, order):
    """The index of `key` in the list `items`, where it is put if it is new. order: a list of its indices, by item.

    No dict: hashes have 16 bits on a board, and a file may have thousands of types that all share one.
    """
    low = 0
    high = len(order)
    while low < high:
        middle = low + high >> 1
        if items[order[middle]] < key:
            low = middle + 1
        else:
            high = middle
    if low == len(order) or items[order[low]] != key:
        order.insert(low, len(items))
        items.append(key)
    return order[low]


def table_type(reader):
    """A table type (5.3.9): (reftype, min, max or None)."""
    t = reftype(reader)
    at = reader.at
    low, high = _limits(reader, _flags(reader, 1))
    _ordered(low, high, at)
    return t, low, high


def memory_type(reader):
    """A memory type (5.3.8): (min, max or None, s), the limits in pages of 1 << s bytes: s is 16, or 0 (custom-page-sizes)."""
    at = reader.at
    flags = _flags(reader, 9)
    low, high = _limits(reader, flags)
    if flags & 8:
        shift = reader.u32()
        if shift and shift != 16:
            raise Invalid("invalid custom page size", at)
    else:
        shift = 16
    if shift and (low > _MAX_PAGES or high is not None and high > _MAX_PAGES):
        raise Invalid("memory size must be at most 65536 pages (4GiB)", at)
    _ordered(low, high, at)
    return low, high, shift


def global_type(reader):
    """A global type (5.3.10): (valtype, mutable)."""
    t = valtype(reader)
    mutable = reader.u8()
    if mutable > 1:
        raise Malformed("malformed mutability", reader.at - 1)
    return t, mutable


def _flags(reader, known):
    at = reader.at
    flags = reader.u8()
    if flags & ~known:
        if flags & 0x80:
            raise Malformed("integer representation too long", at)
        if flags == 3:
            raise Unsupported("shared memory (threads)", at)
        if 4 <= flags <= 7:
            raise Unsupported("64-bit addresses (memory64)", at)
        if 8 <= flags <= 15 and known & 8:
            raise Unsupported("shared memory or 64-bit addresses with a custom page size", at)
        raise Malformed("integer too large: limits flags 0x%x" % flags, at)
    return flags


def _limits(reader, flags):
    low = reader.u32()
    return low, reader.u32() if flags & 1 else None


def _ordered(low, high, at):
    if high is not None and low > high:
        raise Invalid("size minimum must not be greater than maximum", at)


def global_cells(module):
    """Word offset of each global's cell among an instance's globals, and of what follows them.

    An imported global's cell holds an offset.
    """
    cells = []
    at = 0
    for i, (kind, _) in enumerate(module.globals):
        cells.append(at)
        at += 2 if i >= module.imported[GLOBAL] and (kind == I64 or kind == F64) else 1
    cells.append(at)
    return cells
