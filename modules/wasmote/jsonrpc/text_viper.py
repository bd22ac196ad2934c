# ruff: noqa: F821
"""escape of text.py in viper; text.py says what it does, and tests run both on the same texts."""

import sys

if sys.implementation.name != "micropython":
    raise ImportError("viper is MicroPython's")

import micropython


@micropython.viper
def escape(source: ptr8, at: int, target: ptr8, state: ptr32) -> int:
    fill = state[0]
    room = state[1] - 6
    size = state[2]
    while at < size and fill <= room:
        byte = source[at]
        at += 1
        if byte >= 0x20 and byte != 0x22 and byte != 0x5C:
            target[fill] = byte
            fill += 1
            continue
        target[fill] = 0x5C
        if byte < 0x20:
            short = 0
            if byte == 0x0A:
                short = 0x6E
            elif byte == 0x0D:
                short = 0x72
            elif byte == 0x09:
                short = 0x74
            elif byte == 0x08:
                short = 0x62
            elif byte == 0x0C:
                short = 0x66
            if short:
                target[fill + 1] = short
                fill += 2
            else:
                target[fill + 1] = 0x75
                target[fill + 2] = 0x30
                target[fill + 3] = 0x30
                target[fill + 4] = 0x30 + (byte >> 4)
                digit = byte & 15
                if digit > 9:
                    digit += 0x27
                target[fill + 5] = 0x30 + digit
                fill += 6
        else:
            target[fill + 1] = byte
            fill += 2
    state[0] = fill
    return at
