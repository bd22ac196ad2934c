# ruff: noqa: F821
"""What the keywords of a schema ask of a value where it lies: a member, how many, how long, which number is more.

The loops over strings and brackets stand here twice and in scan_viper.py twice: on a Cortex-M0 a call from viper costs some
500 instructions, which a byte in such a loop does for 15 (in a string) to 115.
"""

import sys

if sys.implementation.name != "micropython":
    raise ImportError("viper is MicroPython's")

import micropython
from micropython import const

from .scan_viper import _PLAIN

_UNSURE = const(1 << 20)  # more than any of these counts


@micropython.viper
def find_member(value: ptr8, at: int, schema: ptr8, name: int, size: int) -> int:
    """Where the member of the object value[at] is whose name is schema[name:][:size]; 0: nowhere, -1: unsure."""
    plain = ptr8(_PLAIN)
    found = 0
    depth = 0
    key = 0  # 1: the next string is a name
    while True:
        byte = value[at]
        at += 1
        if byte == 0x22:
            first = at
            while True:
                while plain[value[at]]:
                    at += 1
                byte = value[at]
                at += 1
                if byte == 0x22:
                    break
                if byte == 0x5C:
                    if key:
                        return -1
                    at += 1
            if key:
                key = 0
                if at - 1 - first == size:
                    same = 0
                    while same < size and value[first + same] == schema[name + same]:
                        same += 1
                    if same == size:
                        if found:
                            return -1
                        found = at
                        while value[found] <= 0x20:
                            found += 1
                        found += 1  # :
                        while value[found] <= 0x20:
                            found += 1
        elif byte == 0x7B or byte == 0x5B:
            depth += 1
            if depth == 1:
                key = 1
        elif byte == 0x7D or byte == 0x5D:
            depth -= 1
            if depth == 0:
                return found
        elif byte == 0x2C and depth == 1:
            key = 1


@micropython.viper
def count_of(buf: ptr8, at: int) -> int:
    """How many members or elements the object or array buf[at] has."""
    plain = ptr8(_PLAIN)
    depth = 0
    count = 0
    while True:
        byte = buf[at]
        at += 1
        if byte == 0x22:
            while True:
                while plain[buf[at]]:
                    at += 1
                byte = buf[at]
                at += 1
                if byte == 0x22:
                    break
                if byte == 0x5C:
                    at += 1
            if count == 0:
                count = 1
        elif byte == 0x7B or byte == 0x5B:
            if depth and count == 0:
                count = 1
            depth += 1
        elif byte == 0x7D or byte == 0x5D:
            depth -= 1
            if depth == 0:
                return count
        elif byte == 0x2C:
            if depth == 1:
                count += 1
        elif byte > 0x20 and count == 0:
            count = 1


@micropython.viper
def length_of(buf: ptr8, at: int) -> int:
    """Characters of the string buf[at]; _UNSURE with \\u in it, which may be half a character."""
    count = 0
    at += 1
    while True:
        byte = buf[at]
        at += 1
        if byte == 0x22:
            return count
        if byte == 0x5C:
            if buf[at] == 0x75:
                return _UNSURE
            at += 1
        if byte & 0xC0 != 0x80:
            count += 1


@micropython.viper
def number_at(buf: ptr8, at: int) -> int:
    """The integer from 0 to 999,999 at buf[at]; _UNSURE if it is another number."""
    number = 0
    first = at
    while buf[at] >= 0x30 and buf[at] <= 0x39:
        number = 10 * number + buf[at] - 0x30
        at += 1
        if at > first + 6:
            return _UNSURE
    if at == first or buf[at] == 0x2E or buf[at] | 0x20 == 0x65:
        return _UNSURE
    return number


@micropython.viper
def compare(one: ptr8, a: int, two: ptr8, b: int) -> int:
    """-1, 0 or 1 as the number one[a] is less than, equal to, more than two[b]; _UNSURE with exponents, or -0 …"""
    sign = 1
    if two[b] == 0x2D:
        if one[a] != 0x2D:
            if two[b + 1] == 0x30:
                return _UNSURE
            return 1
        sign = -1
        a += 1
        b += 1
    elif one[a] == 0x2D:
        if one[a + 1] == 0x30:
            return _UNSURE
        return -1
    if two[b] < 0x30 or two[b] > 0x39:
        return _UNSURE
    k = 0
    while one[a + k] >= 0x30 and one[a + k] <= 0x39:
        k += 1
    n = 0
    while two[b + n] >= 0x30 and two[b + n] <= 0x39:
        n += 1
    order = k - n  # JSON has no leading zeros
    i = 0
    while order == 0 and i < k:
        order = one[a + i] - two[b + i]
        i += 1
    p = a + k
    q = b + n
    if one[p] == 0x2E:
        p += 1
    if two[q] == 0x2E:
        q += 1
    while True:
        x = one[p]
        y = two[q]
        if x | 0x20 == 0x65 or y | 0x20 == 0x65:
            return _UNSURE
        ends = 0
        if x < 0x30 or x > 0x39:
            x = 0x30
            ends = 1
        else:
            p += 1
        if y < 0x30 or y > 0x39:
            y = 0x30
            ends += 1
        else:
            q += 1
        if ends == 2:
            break
        if order == 0:
            order = x - y
    if order > 0:
        return sign
    if order < 0:
        return 0 - sign
    return 0
