"""Types in the binary format (core specification 5.3): value types, reference types, limits."""

from micropython import const

from .errors import Invalid, Malformed, Unsupported

I32 = const(0x7F)  # value types (5.3)
I64 = const(0x7E)
F32 = const(0x7D)
F64 = const(0x7C)
FUNCREF = const(0x70)
EXTERNREF = const(0x6F)


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


def _refuse_type(byte, at):
    if byte == 0x7B:
        raise Unsupported("type v128 (SIMD)", at)
    if 0x69 <= byte <= 0x75 or 0x63 <= byte <= 0x64:
        raise Unsupported("reference type 0x%x (GC, typed references or exceptions)" % byte, at)


def valtypes(reader):
    """A vector of value types (a result type), as bytes."""
    at = reader.at
    n = reader.count()
    types = reader.bytes(n)
    for byte in types:
        if not (I32 >= byte >= F64 or byte == FUNCREF or byte == EXTERNREF):
            reader.seek(at)
            for _ in range(reader.u32()):
                valtype(reader)  # names the wrong one
    return types


def limits(reader, most, text):
    """Limits (5.3.7): (min, max or None), neither above `most`, else Invalid with `text`."""
    at = reader.at
    flags = reader.u8()
    if flags > 1:
        if flags & 0x80:
            raise Malformed("integer representation too long", at)
        if flags == 3:
            raise Unsupported("shared memory (threads)", at)
        if 4 <= flags <= 7:
            raise Unsupported("64-bit addresses (memory64)", at)
        if 8 <= flags <= 15:
            raise Unsupported("custom page size (custom-page-sizes)", at)
        raise Malformed("integer too large: limits flags 0x%x" % flags, at)
    low = reader.u32()
    high = reader.u32() if flags else None
    if low > most or flags and high > most:
        raise Invalid(text, at)
    if flags and low > high:
        raise Invalid("size minimum must not be greater than maximum", at)
    return low, high
