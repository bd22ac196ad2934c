"""Strings that are not UTF-8 on both sides (Canonical ABI: load_string, store_string). Imported with the first of them.

A length counts code units; in latin1+utf16 its highest bit says that they are UTF-16. Lowering asks the guest's realloc
in the specification's steps, which depend on the encoding that the string comes from (the host's strings are UTF-8):
first for what would do if all were ASCII or Latin-1, then for the worst case, then for what it came to. A string that
crosses from a component instance with latin1+utf16 is a pair (text, whether it was UTF-16).
"""

from array import array

from micropython import const

from ..wasm.errors import Trap
from .canonical import LATIN1_UTF16, MAX_BYTES, UTF8, UTF16, no_heap

_TAG = const(0x80000000)

try:
    from .strings_viper import from_utf8, to_utf8

    def _decode(data, wide):
        """The text in UTF-16 if `wide`, else Latin-1. Raises ValueError at a surrogate without its other half."""
        out = bytearray(len(data) + (len(data) + 1 >> 1 if wide else len(data)))
        size = to_utf8(data, len(data), wide, out)
        if size < 0:
            raise ValueError
        return str(memoryview(out)[:size], "utf-8")

    def _encode(text, wide):
        data = text.encode()
        out = bytearray(2 * len(data) if wide else len(data))
        return memoryview(out)[: from_utf8(data, len(data), wide, out)]

    def _utf16(text):
        return _encode(text, True)

    def _latin1_prefix(text):
        """As much of the text as there is in Latin-1."""
        return _encode(text, False)

except ImportError:  # CPython

    def _decode(data, wide):
        return data.decode("utf-16-le" if wide else "latin-1")

    def _utf16(text):
        return text.encode("utf-16-le")

    def _latin1_prefix(text):
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError as error:
            return text[: error.start].encode("latin-1")


def lift_string(cx, address, count):
    """The string of `count` code units, tagged, at `address`."""
    wide = cx.encoding == UTF16
    if not wide and count & _TAG:
        wide = True
        count ^= _TAG
    size = count << 1 if wide else count
    if size > MAX_BYTES:
        raise Trap("string too long", "%d bytes" % size)
    cx.check(address, size, 2, "string pointer/length")
    cx.charge(size)
    try:
        data = bytearray(size)
        cx.memory.read_into(address, data)
        text = _decode(data, wide)
    except MemoryError:
        raise no_heap(size)
    except ValueError:
        raise Trap("invalid utf-16 sequence", "string at 0x%x+%d" % (address, size))
    if cx.other is not None and cx.encoding == LATIN1_UTF16:
        return text, wide
    return text


def lower_string(cx, value):
    """A generator: copies a string into the guest. Its return value is (pointer, tagged code units)."""
    source = cx.other.encoding if cx.other is not None else UTF8
    wide = source == UTF16
    if isinstance(value, tuple):
        value, wide = value
    text = value if isinstance(value, str) else str(value, "utf-8")
    if cx.encoding == UTF8:
        return (yield from _to_utf8(cx, text, wide))
    if cx.encoding == UTF16:
        return (yield from _to_utf16(cx, text, source == UTF8))
    if source == LATIN1_UTF16:
        return (yield from (_from_tagged if wide else _copy_latin1)(cx, text))
    return (yield from _to_latin1_or_utf16(cx, text, len(_utf16(text)) >> 1 if wide else len(text.encode())))


def _reallocate(cx, old, old_size, alignment, size):
    """A generator: memory of the guest's for `size` bytes, checked."""
    (address,) = yield from cx.instance.store.invoke(cx.realloc, [old, old_size, alignment, size])
    cx.check_new(address, size, alignment)
    return address


def _write(cx, address, data):
    if data:
        cx.memory.write(address, data)


def _to_utf8(cx, text, wide):
    """From UTF-16 if `wide`, else Latin-1."""
    units = len(_utf16(text)) >> 1 if wide else len(text)
    data = text.encode()
    address = yield from _reallocate(cx, 0, 0, 1, units)
    ascii = _ascii_prefix(data)
    _write(cx, address, memoryview(data)[:ascii])
    if ascii < len(data):
        worst = units * (3 if wide else 2)
        address = yield from _reallocate(cx, address, units, 1, worst)
        cx.memory.write(address + ascii, memoryview(data)[ascii:])
        if worst > len(data):
            address = yield from _reallocate(cx, address, worst, 1, len(data))
    return address, len(data)


def _ascii_prefix(data):
    """How many bytes of ASCII it begins with."""
    for at in range(0, len(data), 32):
        if max(data[at : at + 32]) >= 0x80:
            while data[at] < 0x80:
                at += 1
            return at
    return len(data)


def _to_utf16(cx, text, unknown):
    """From UTF-8 if `unknown`: how many code units it will be."""
    data = _utf16(text)
    worst = 2 * len(text.encode()) if unknown else len(data)
    address = yield from _reallocate(cx, 0, 0, 2, worst)
    _write(cx, address, data)
    if len(data) < worst:
        address = yield from _reallocate(cx, address, worst, 2, len(data))
    return address, len(data) >> 1


def _copy_latin1(cx, text):
    address = yield from _reallocate(cx, 0, 0, 2, len(text))
    _write(cx, address, _latin1_prefix(text))
    return address, len(text)


def _to_latin1_or_utf16(cx, text, units):
    """From UTF-8 or UTF-16 of so many code units."""
    address = yield from _reallocate(cx, 0, 0, 2, units)
    narrow = _latin1_prefix(text)
    _write(cx, address, narrow)
    done = len(narrow)
    if done < len(text):
        worst = 2 * units
        address = yield from _reallocate(cx, address, units, 2, worst)
        _inflate(cx, address, done)
        data = _utf16(text)
        cx.memory.write(address + 2 * done, memoryview(data)[2 * done :])
        if worst > len(data):
            address = yield from _reallocate(cx, address, worst, 2, len(data))
        return address, len(data) >> 1 | _TAG
    if done < units:
        address = yield from _reallocate(cx, address, units, 2, done)
    return address, done


def _inflate(cx, address, count):
    """Makes UTF-16 of the Latin-1 that realloc should have kept."""
    if count:
        cx.memory.write(address, bytes(array("H", list(cx.memory.read(address, count)))))


def _from_tagged(cx, text):
    """From latin1+utf16 that is UTF-16: it may be Latin-1 all the same."""
    data = _utf16(text)
    address = yield from _reallocate(cx, 0, 0, 2, len(data))
    _write(cx, address, data)
    units = len(data) >> 1
    if len(_latin1_prefix(text)) < len(text):
        return address, units | _TAG
    if units:
        data = cx.memory.read(address, len(data))
        _write(cx, address, bytes([data[at] for at in range(0, len(data), 2)]))
    address = yield from _reallocate(cx, address, 2 * units, 1, units)
    return address, units
