# ruff: noqa: F821
"""scan_py of labels.py in viper, 50 instructions a byte on a Cortex-M0; tests run both on the same names."""

import sys

if sys.implementation.name != "micropython":
    raise ImportError("viper is MicroPython's")

import micropython


@micropython.viper
def scan(data: ptr8, at: int, end: int) -> int:
    case = 0
    first = 1
    while at < end:
        c = data[at]
        if c >= 0x61 and c <= 0x7A:
            if case == 2:
                return -1
            case = 1
        elif c >= 0x41 and c <= 0x5A:
            if case == 1:
                return -1
            case = 2
        elif c >= 0x30 and c <= 0x39:
            if case == 0:
                if first:
                    return -1
                case = 3
        elif c == 0x2D:
            if case == 0:
                return -1
            case = 0
        else:
            break
        first = 0
        at += 1
    return at if case else -1
