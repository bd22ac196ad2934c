# ruff: noqa: F821
"""Code units between encodings, in viper: strings.py says what for. CPython has codecs of its own."""

import sys

if sys.implementation.name != "micropython":
    raise ImportError("viper is MicroPython's")

import micropython


@micropython.viper
def to_utf8(data: ptr8, size: int, wide: int, out: ptr8) -> int:
    """Writes UTF-16 if `wide`, else Latin-1, as UTF-8. Returns how many bytes; -1 at a surrogate without its other half."""
    i = 0
    n = 0
    while i < size:
        c = data[i]
        i += 1
        if wide:
            c |= data[i] << 8
            i += 1
            if c >> 10 == 0x37:
                return -1
            if c >> 10 == 0x36:
                if i >= size:
                    return -1
                low = data[i] | data[i + 1] << 8
                i += 2
                if low >> 10 != 0x37:
                    return -1
                c = 0x10000 + ((c & 0x3FF) << 10) + (low & 0x3FF)
        if c < 0x80:
            out[n] = c
            n += 1
            continue
        if c < 0x800:
            out[n] = 0xC0 | c >> 6
        else:
            if c < 0x10000:
                out[n] = 0xE0 | c >> 12
            else:
                out[n] = 0xF0 | c >> 18
                n += 1
                out[n] = 0x80 | c >> 12 & 0x3F
            n += 1
            out[n] = 0x80 | c >> 6 & 0x3F
        out[n + 1] = 0x80 | c & 0x3F
        n += 2
    return n


@micropython.viper
def from_utf8(data: ptr8, size: int, wide: int, out: ptr8) -> int:
    """Writes well-formed UTF-8 as UTF-16 if `wide`, else as Latin-1 up to the first character that has none.

    Returns how many bytes.
    """
    i = 0
    n = 0
    while i < size:
        c = data[i]
        i += 1
        if c >= 0x80:
            more = 1
            if c >= 0xF0:
                more = 3
                c &= 7
            elif c >= 0xE0:
                more = 2
                c &= 15
            else:
                c &= 31
            while more:
                c = c << 6 | data[i] & 0x3F
                i += 1
                more -= 1
        if not wide:
            if c > 0xFF:
                return n
            out[n] = c
            n += 1
            continue
        if c > 0xFFFF:
            high = 0xD800 | c - 0x10000 >> 10
            out[n] = high & 0xFF
            out[n + 1] = high >> 8
            n += 2
            c = 0xDC00 | c & 0x3FF
        out[n] = c & 0xFF
        out[n + 1] = c >> 8
        n += 2
    return n
