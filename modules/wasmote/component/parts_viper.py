# ruff: noqa: F821
"""What stands between the head of a type and its end, in viper: _labelled, _variant and labels of binary.py do the same.

Only what is common is read here: whatever else stands there, the functions of binary.py read again from its beginning.
"""

import sys

if sys.implementation.name != "micropython":
    raise ImportError("viper is MicroPython's")

import micropython


@micropython.viper
def parts(data: ptr8, at: int, end: int, kind: int, names: ptr8, out: ptr16) -> int:
    """Reads a vector of data[at:end]; `kind`: 0 labels with types, 1 cases, 2 labels alone.

    names    128 bytes for the labels, each after its length      out    the length of all labels, how many they are,
    and for each 0 for no type, the code of a primitive type, or 0x100 + a type index; 32 of them
    Returns the index after the vector; -1 if it goes on after `end`, is larger than that, or is no such vector: labels
    are in kebab case and differ, indices have at most two bytes.
    """
    if at >= end:
        return -1
    count = data[at]
    at += 1
    if count > 32:
        return -1
    fill = 0
    i = 0
    while i < count:
        if at >= end:
            return -1
        n = data[at]
        if n == 0 or at + n + 4 > end or fill + n >= 128:
            return -1
        names[fill] = n
        at += 1
        case = 0  # as in labels_viper.scan, whose call would cost as much as the label: some 500 instructions
        k = 0
        while k < n:
            c = data[at + k]
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
                    if k == 0:
                        return -1
                    case = 3
            elif c == 0x2D and case:
                case = 0
            else:
                return -1
            k += 1
            names[fill + k] = c
        if case == 0:
            return -1
        at += n
        # unlike any before it, whatever their case: letters differ from small ones in one bit, digits and - have it
        other = 0
        while other < fill:
            m = names[other]
            if m == n:
                k = 1
                while k <= n and (names[other + k] | 0x20) == (names[fill + k] | 0x20):
                    k += 1
                if k > n:
                    return -1
            other += m + 1
        fill += n + 1
        code = 0
        if kind == 1:
            c = data[at]
            at += 1
            if c > 1:
                return -1
        else:
            c = 1 - (kind >> 1)
        if c:
            code = data[at]
            at += 1
            if code >= 0x80:
                if at >= end or data[at] >= 0x40:
                    return -1
                code = 0x100 + ((code & 0x7F) | (data[at] << 7))
                at += 1
            elif code < 0x40:
                code += 0x100
            elif code < 0x73:
                return -1
        if kind == 1:
            if at >= end or data[at]:
                return -1
            at += 1
        out[2 + i] = code
        i += 1
    out[0] = fill
    out[1] = count
    return at
