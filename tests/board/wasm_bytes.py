"""Writes WebAssembly binaries by hand, for tests."""

HEADER = b"\0asm\1\0\0\0"


def u32(n):
    """n as unsigned LEB128."""
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def s64(n):
    """n as signed LEB128."""
    out = bytearray()
    while not -64 <= n <= 63:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n & 0x7F)
    return bytes(out)


def vec(items):
    """A vector of encoded items."""
    return u32(len(items)) + b"".join(items)


def name(text):
    data = text.encode()
    return u32(len(data)) + data


def section(number, contents):
    return bytes([number]) + u32(len(contents)) + contents


def module(*sections):
    return HEADER + b"".join(sections)
