# ruff: noqa: F821
"""The byte loops of framed.py in viper."""

import sys

if sys.implementation.name != "micropython":
    raise ImportError("viper is MicroPython's")

import micropython


@micropython.viper
def find_zero(buf: ptr8, at: int, end: int) -> int:
    while at < end:
        if not buf[at]:
            return at
        at += 1
    return -1


@micropython.viper
def move(source: ptr8, at: int, count: int, target: ptr8, to: int):
    end = at + count
    while at < end:
        target[to] = source[at]
        to += 1
        at += 1


@micropython.viper
def encode(frame: ptr8, size: int, unit: ptr8) -> int:
    salt = -1
    wrong = 1
    code = 1
    code_at = to = 2
    while wrong:
        salt += 1
        wrong = 0
        code = 1
        code_at = 2
        to = 3
        at = 0
        while at < size and not wrong:
            byte = frame[at] ^ salt
            at += 1
            if byte == 3:
                wrong = 1
            elif byte:
                unit[to] = byte
                code += 1
            else:
                if code == 3:
                    wrong = 1
                unit[code_at] = code
                code_at = to
                code = 1
            to += 1
        if code == 3:
            wrong = 1
    unit[0] = 0
    unit[1] = 1
    unit[code_at] = code
    unit[to] = 0
    return to + 1


@micropython.viper
def decode(buf: ptr8, at: int, end: int) -> int:
    start = at
    to = at
    while at < end:
        code = buf[at]
        stop = at + code
        if stop > end:
            return 0
        at += 1
        while at < stop:
            buf[to] = buf[at]
            to += 1
            at += 1
        if code < 255 and at < end:
            buf[to] = 0
            to += 1
    salt = buf[start + 1]
    if salt:
        at = start + 1
        while at < to:
            buf[at] ^= salt
            at += 1
    return to - start
