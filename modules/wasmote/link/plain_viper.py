# ruff: noqa: F821
"""find_stop of plain.py in viper: 26 instructions a byte on a Cortex-M0, as many as bytes.find, which would run three times."""

import sys

if sys.implementation.name != "micropython":
    raise ImportError("viper is MicroPython's")

import micropython


@micropython.viper
def find_stop(buf: ptr8, at: int, end: int) -> int:
    while at < end:
        byte = buf[at]
        if byte <= 10 and (byte == 10 or byte == 3 or not byte):
            return at
        at += 1
    return -1
