# ruff: noqa: F821
"""check, members and skip of scan.py in viper; scan.py says what they do, and tests run both on the same texts."""

import sys

if sys.implementation.name != "micropython":
    raise ImportError("viper is MicroPython's")

import micropython
from micropython import const

_DEPTH = const(64)  # scan.DEPTH, and so on

_OK = const(0)
_TRUNCATED = const(1)
_UNEXPECTED = const(2)
_TRAILING = const(3)
_BAD_STRING = const(4)
_BAD_UTF8 = const(5)
_BAD_NUMBER = const(6)
_TOO_DEEP = const(7)

_VALUE = const(0)
_FIRST = const(1)
_KEY = const(2)
_FIRST_KEY = const(3)
_COLON = const(4)
_AFTER = const(5)

_ESCAPED = const(-1)

# 1 for the bytes that stand for themselves in a string; the loops over them are most of the work.
_PLAIN = (
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    b"\1\1\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
    b"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\0\1\1\1"
    b"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
)


@micropython.viper
def _string(buf: ptr8, at: int, end: int, out: ptr32) -> int:
    at += 1
    error = _TRUNCATED
    plain = ptr8(_PLAIN)
    while True:
        while at < end and plain[buf[at]]:
            at += 1
        if at >= end:
            break
        byte = buf[at]
        if byte == 0x22:
            at += 1
            error = _OK
            break
        if byte == 0x5C:
            if at + 1 >= end:
                break
            byte = buf[at + 1]
            if byte == 0x75:
                digits = at + 6
                at += 2
                while at < digits and at < end:
                    byte = buf[at] | 0x20  # letters to lower case; digits have that bit
                    if buf[at] < 0x30 or byte > 0x66 or (byte > 0x39 and byte < 0x61):
                        break
                    at += 1
                if at < end and at < digits:
                    error = _BAD_STRING
                if at < digits:
                    break
            elif (
                byte == 0x22
                or byte == 0x5C
                or byte == 0x2F
                or byte == 0x62
                or byte == 0x66
                or byte == 0x6E
                or byte == 0x72
                or byte == 0x74
            ):
                at += 2
            else:
                at += 1
                error = _BAD_STRING
                break
        elif byte < 0x80:
            error = _BAD_STRING
            break
        else:
            low = 0x80
            high = 0xBF
            count = 3
            if byte < 0xC2 or byte > 0xF4:
                error = _BAD_UTF8
                break
            if byte < 0xE0:
                count = 1
            elif byte < 0xF0:
                count = 2
            if byte == 0xE0:
                low = 0xA0
            elif byte == 0xED:
                high = 0x9F
            elif byte == 0xF0:
                low = 0x90
            elif byte == 0xF4:
                high = 0x8F
            at += 1
            while count and at < end and buf[at] >= low and buf[at] <= high:
                low = 0x80
                high = 0xBF
                at += 1
                count -= 1
            if count:
                if at < end:
                    error = _BAD_UTF8
                break
    if error == _TRUNCATED:
        at = end
    out[0] = at
    return error


@micropython.viper
def _number(buf: ptr8, at: int, end: int, out: ptr32) -> int:
    error = _OK
    if buf[at] == 0x2D:
        at += 1
    part = 0  # 0: the digits before the point, 1: behind it, 2: the exponent's
    while part < 3:
        first = at
        if part == 0 and at < end and buf[at] == 0x30:
            at += 1
        else:
            while at < end and buf[at] >= 0x30 and buf[at] <= 0x39:
                at += 1
        if at == first:
            error = _BAD_NUMBER
            if at >= end:
                error = _TRUNCATED
            break
        if part == 0 and at < end and buf[at] == 0x2E:
            part = 1
            at += 1
        elif part < 2 and at < end and buf[at] | 0x20 == 0x65:
            part = 2
            at += 1
            if at < end and (buf[at] == 0x2B or buf[at] == 0x2D):
                at += 1
        else:
            part = 3
            if at < end and buf[at] >= 0x30 and buf[at] <= 0x39:
                error = _BAD_NUMBER
    out[0] = at
    return error


@micropython.viper
def _word(buf: ptr8, at: int, end: int, out: ptr32) -> int:
    error = _OK
    word = ptr8(b"true")
    size = 4
    if buf[at] == 0x66:
        word = ptr8(b"false")
        size = 5
    elif buf[at] == 0x6E:
        word = ptr8(b"null")
    i = 0
    while i < size:
        if at >= end:
            error = _TRUNCATED
            break
        if buf[at] != word[i]:
            error = _UNEXPECTED
            break
        at += 1
        i += 1
    out[0] = at
    return error


@micropython.viper
def check(text, end: int, stack: ptr8, where) -> int:
    buf = ptr8(text)
    out = ptr32(where)
    plain = ptr8(_PLAIN)
    at = 0
    depth = 0
    state = _VALUE
    error = _OK
    while at < end:
        byte = buf[at]
        if byte <= 0x20 and (byte == 0x20 or byte == 0x0A or byte == 0x0D or byte == 0x09):
            at += 1
        elif state == _AFTER:
            if depth == 0:
                error = _TRAILING
                break
            inside = stack[depth - 1]
            if byte == 0x2C:
                if inside == 0x7B:
                    state = _KEY
                else:
                    state = _VALUE
            elif byte == inside + 2:
                depth -= 1
            else:
                error = _UNEXPECTED
                break
            at += 1
        elif state == _COLON:
            if byte != 0x3A:
                error = _UNEXPECTED
                break
            state = _VALUE
            at += 1
        elif byte == 0x22:
            first = at
            at += 1
            while at < end and plain[buf[at]]:
                at += 1
            if at < end and buf[at] == 0x22:
                at += 1
            else:
                error = int(_string(text, first, end, where))
                at = out[0]
                if error:
                    break
            if state == _KEY or state == _FIRST_KEY:
                state = _COLON
            else:
                state = _AFTER
        elif state == _KEY or state == _FIRST_KEY:
            if byte != 0x7D or state == _KEY:
                error = _UNEXPECTED
                break
            depth -= 1
            at += 1
            state = _AFTER
        elif byte == 0x7B or byte == 0x5B:
            if depth == _DEPTH:
                error = _TOO_DEEP
                break
            stack[depth] = byte
            depth += 1
            at += 1
            if byte == 0x7B:
                state = _FIRST_KEY
            else:
                state = _FIRST
        elif byte == 0x5D and state == _FIRST:
            depth -= 1
            at += 1
            state = _AFTER
        else:
            if byte == 0x2D or (byte >= 0x30 and byte <= 0x39):
                error = int(_number(text, at, end, where))
            else:
                error = int(_word(text, at, end, where))
            at = out[0]
            if error:
                break
            state = _AFTER
    if error == _OK and (state != _AFTER or depth != 0):
        error = _TRUNCATED
    out[0] = at
    return error


@micropython.viper
def members(buf: ptr8, start: int, names: ptr8, out: ptr32) -> int:
    plain = ptr8(_PLAIN)
    count = names[0]
    i = 0
    while i < 2 * count:
        out[i] = 0
        i += 1
    at = start
    depth = 0
    value = 0
    tail = 0
    match = -1
    while True:
        byte = buf[at]
        at += 1
        if byte == 0x22:
            first = at
            escaped = 0
            while True:
                while plain[buf[at]]:
                    at += 1
                byte = buf[at]
                at += 1
                if byte == 0x22:
                    break
                if byte == 0x5C:
                    escaped = 1
                    at += 1
            tail = at
            if depth == 1 and value == 0:
                if escaped:
                    return _ESCAPED
                size = at - 1 - first
                match = -1
                name = 1
                i = 0
                while i < count:
                    if names[name] == size:
                        same = 0
                        while same < size and buf[first + same] == names[name + 1 + same]:
                            same += 1
                        if same == size:
                            match = i
                    name += 1 + names[name]
                    i += 1
                while buf[at] <= 0x20:
                    at += 1
                at += 1
                while buf[at] <= 0x20:
                    at += 1
                value = at
        elif byte == 0x7B or byte == 0x5B:
            depth += 1
            tail = at
        elif (byte == 0x2C or byte == 0x7D) and depth == 1:
            if value and match >= 0:
                if out[2 * match + 1]:
                    return 1 + match
                out[2 * match] = value
                out[2 * match + 1] = tail
            if byte == 0x7D:
                return _OK
            value = 0
        elif byte == 0x7D or byte == 0x5D:
            depth -= 1
            tail = at
        elif byte > 0x20:
            tail = at


@micropython.viper
def skip(buf: ptr8, at: int) -> int:
    plain = ptr8(_PLAIN)
    depth = 0
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
        elif byte == 0x7B or byte == 0x5B:
            depth += 1
            continue
        elif byte == 0x7D or byte == 0x5D:
            depth -= 1
        elif depth:
            continue
        else:
            while buf[at] > 0x20 and buf[at] != 0x2C and buf[at] != 0x5D and buf[at] != 0x7D:
                at += 1
        if depth == 0:
            return at
