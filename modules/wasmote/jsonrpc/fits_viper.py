# ruff: noqa: F821
"""Whether a value surely fits a JSON Schema, in one pass over the schema where both lie: the quick half of schema.py.

1 means that schema.py finds nothing wrong. 0 means that somebody has to look: something does not fit, or it is written
in a way that is rare (names with escapes, exponents, very much of it). A test compares both halves.
"""

import sys

if sys.implementation.name != "micropython":
    raise ImportError("viper is MicroPython's")

import micropython
from micropython import const

from .measure_viper import compare, count_of, find_member, length_of, number_at
from .scan_viper import skip

# A keyword is known by the hash of its name, h = (31 * h + byte) & 0xffff, which a test computes. Not more bits: frozen code
# for Cortex-M0 is aligned to 2 bytes, and its constants of more than 16 bits would have to be aligned to 4.
_TYPE = const(36666)
_ENUM = const(38145)
_CONST = const(14179)
_MINIMUM = const(36878)
_MAXIMUM = const(46624)
_EXCLUSIVE_MINIMUM = const(23440)
_EXCLUSIVE_MAXIMUM = const(33186)
_MIN_LENGTH = const(18392)
_MAX_LENGTH = const(12650)
_MIN_ITEMS = const(29838)
_MAX_ITEMS = const(4284)
_ITEMS = const(59328)
_PREFIX_ITEMS = const(4174)
_PROPERTIES = const(36147)
_REQUIRED = const(11167)
_ADDITIONAL_PROPERTIES = const(40122)
_PATTERN_PROPERTIES = const(8419)
_REF = const(5615)

_UNSURE = const(1 << 20)  # of measure_viper.py
_CALL = const(128)  # what one value counts, in bytes


@micropython.viper
def _typed(schema, p: int, value: ptr8, v: int) -> int:
    """1 if the value is surely of the type, or of one of the array of types, at schema[p]."""
    sb = ptr8(schema)
    first = value[v]
    kind = 0x6E  # the first letter of its type; a number's is 0
    if first == 0x22:
        kind = 0x73
    elif first == 0x7B:
        kind = 0x6F
    elif first == 0x5B:
        kind = 0x61
    elif first == 0x74 or first == 0x66:
        kind = 0x62
    elif first != 0x6E:
        kind = 0
    several = int(sb[p] == 0x5B)
    p += several
    while True:
        while sb[p] <= 0x20 or sb[p] == 0x2C:
            p += 1
        if sb[p] != 0x22:
            return 0
        letter = sb[p + 1]
        if letter == 0x6E and sb[p + 3] == 0x6D:  # number, not null
            letter = 0
        if letter == kind:
            return 1
        if letter == 0x69 and kind == 0:  # integer
            v += 1
            while value[v] >= 0x30 and value[v] <= 0x39:
                v += 1
            return int(value[v] != 0x2E and value[v] | 0x20 != 0x65)
        if several == 0:
            return 0
        p = int(skip(schema, p))


@micropython.viper
def _constant(schema, p: int, value, v: int, several: int) -> int:
    """1 if the value is written as the one at schema[p], or as one of the array there."""
    sb = ptr8(schema)
    vb = ptr8(value)
    if vb[v] == 0x7B or vb[v] == 0x5B:
        return 0
    if several:
        if sb[p] != 0x5B:
            return 0
        p += 1
    size = int(skip(value, v)) - v
    while True:
        while sb[p] <= 0x20 or sb[p] == 0x2C:
            p += 1
        if several and sb[p] == 0x5D:
            return 0
        end = int(skip(schema, p))
        if end - p == size:
            i = 0
            while i < size and sb[p + i] == vb[v + i]:
                i += 1
            if i == size:
                return 1
        if several == 0:
            return 0
        p = end


@micropython.viper
def _sized(schema, p: int, value, v: int, word: int) -> int:
    """1 if the value keeps to the bound at schema[p], or the keyword is about something else."""
    vb = ptr8(value)
    first = vb[v]
    if word == _MINIMUM or word == _EXCLUSIVE_MINIMUM or word == _MAXIMUM or word == _EXCLUSIVE_MAXIMUM:
        if first != 0x2D and (first < 0x30 or first > 0x39):
            return 1
        order = int(compare(value, v, schema, p))
        if order == _UNSURE:
            return 0
        if order == 0:
            return int(word == _MINIMUM or word == _MAXIMUM)
        if word == _MINIMUM or word == _EXCLUSIVE_MINIMUM:
            return int(order > 0)
        return int(order < 0)
    count = 0
    if word == _MIN_LENGTH or word == _MAX_LENGTH:
        if first != 0x22:
            return 1
        count = int(length_of(value, v))
    elif word == _MIN_ITEMS or word == _MAX_ITEMS:
        if first != 0x5B:
            return 1
        count = int(count_of(value, v))
    else:
        return 1
    bound = int(number_at(schema, p))
    if count == _UNSURE or bound == _UNSURE:
        return 0
    if word == _MIN_LENGTH or word == _MIN_ITEMS:
        return int(count >= bound)
    return int(count <= bound)


@micropython.viper
def _properties(schema, s: int, value, v: int, job) -> int:
    """How many members of the object value[v] have a schema in the object schema[s], which they all fit; -1: unsure."""
    sb = ptr8(schema)
    state = ptr32(job)
    if sb[s] != 0x7B:
        return -1
    size = state[7]
    found = 0
    at = s + 1
    while True:
        while sb[at] <= 0x20 or sb[at] == 0x2C:
            at += 1
        if sb[at] == 0x7D:
            return found
        name = at + 1
        at = name
        while sb[at] != 0x22:
            if sb[at] == 0x5C:
                return -1
            at += 1
        state[0] -= size
        if state[0] < 0:
            return -1
        p = int(find_member(value, v, schema, name, at - name))
        at += 1
        while sb[at] <= 0x20 or sb[at] == 0x3A:
            at += 1
        if p == 0:
            at = int(skip(schema, at))
        else:
            found += 1
            if p < 0 or int(fits(schema, at, value, p, job)) == 0:
                return -1
            at = state[6]


@micropython.viper
def _required(schema, at: int, value, v: int, job) -> int:
    """1 if the object value[v] surely has all members that the array schema[at] names."""
    sb = ptr8(schema)
    state = ptr32(job)
    if sb[at] != 0x5B:
        return 0
    size = state[7]
    at += 1
    while True:
        while sb[at] <= 0x20 or sb[at] == 0x2C:
            at += 1
        if sb[at] == 0x5D:
            return 1
        if sb[at] != 0x22:
            return 0
        name = at + 1
        at = name
        while sb[at] != 0x22:
            if sb[at] == 0x5C:
                return 0
            at += 1
        state[0] -= size
        if state[0] < 0 or int(find_member(value, v, schema, name, at - name)) <= 0:
            return 0
        at += 1


@micropython.viper
def _items(schema, s: int, value, at: int, job) -> int:
    """1 if all elements of the array value[at] surely fit the schema."""
    vb = ptr8(value)
    at += 1
    while True:
        while vb[at] <= 0x20 or vb[at] == 0x2C:
            at += 1
        if vb[at] == 0x5D:
            return 1
        if int(fits(schema, s, value, at, job)) == 0:
            return 0
        at = int(skip(value, at))


@micropython.viper
def _keywords(schema, at: int, value, v: int, job) -> int:
    """What the schema at schema[at] says of the value alone: 1 if it surely fits, 2 if nothing else counts, else 0.

    job[2:] is where the values of four keywords are that are about what is inside: properties, required,
    additionalProperties, items; 0 for none.
    """
    sb = ptr8(schema)
    vb = ptr8(value)
    state = ptr32(job)
    first = vb[v]
    properties = 0
    required = 0
    additional = 0
    items = 0
    start = at
    at += 1
    while True:
        while sb[at] <= 0x20 or sb[at] == 0x2C:
            at += 1
        if sb[at] == 0x7D:
            break
        at += 1
        initial = sb[at]
        word = 0
        while sb[at] != 0x22:
            if sb[at] == 0x5C:
                return 0
            word = (word * 31 + sb[at]) & 0xFFFF
            at += 1
        at += 1
        while sb[at] <= 0x20 or sb[at] == 0x3A:
            at += 1
        begin = at
        if sb[at] == 0x7B or sb[at] == 0x5B:
            at = int(skip(schema, at))
        elif sb[at] == 0x22:
            at += 1
            while sb[at] != 0x22:
                if sb[at] == 0x5C:
                    at += 1
                at += 1
            at += 1
        else:
            while sb[at] > 0x20 and sb[at] != 0x2C and sb[at] != 0x7D:
                at += 1
        good = 1
        if word == _TYPE:
            good = int(_typed(schema, begin, value, v))
        elif word == _ENUM or word == _CONST:
            good = int(_constant(schema, begin, value, v, int(word == _ENUM)))
        elif word == _ITEMS:
            items = begin
        elif word == _PROPERTIES:
            properties = begin
        elif word == _REQUIRED:
            required = begin
        elif word == _ADDITIONAL_PROPERTIES:
            additional = begin
        elif word == _PATTERN_PROPERTIES or word == _PREFIX_ITEMS:
            if first == 0x7B or first == 0x5B:
                return 0
        elif word == _REF:
            state[6] = int(skip(schema, start))
            return 2
        elif initial == 0x6D or initial == 0x65:  # m, e
            good = int(_sized(schema, begin, value, v, word))
        if good == 0:
            return 0
    state[2] = properties
    state[3] = required
    state[4] = additional
    state[5] = items
    state[6] = at + 1
    return 1


@micropython.viper
def fits(schema, s: int, value, v: int, job) -> int:
    """1 if the value at value[v] surely fits the schema at schema[s], else 0.

    job is an array("i") of eight: how many bytes may be looked at in all, how many levels deep, room for _keywords (four),
    where the schema has ended (by now), and bytes of the whole value, which finding a member of it may cost.
    """
    sb = ptr8(schema)
    vb = ptr8(value)
    state = ptr32(job)
    first = vb[v]
    if sb[s] != 0x7B or state[1] == 0:
        if sb[s] == 0x66:  # false
            return 0
        state[6] = int(skip(schema, s))
        return 1
    state[0] -= _CALL
    if state[0] < 0:
        return 0
    good = int(_keywords(schema, s, value, v, job))
    if good != 1:
        return good >> 1
    properties = state[2]
    required = state[3]
    additional = state[4]
    items = state[5]
    end = state[6]
    state[1] -= 1
    if first == 0x7B:
        found = 0
        if properties:
            found = int(_properties(schema, properties, value, v, job))
            if found < 0:
                return 0
        if additional and sb[additional] != 0x74 and int(count_of(value, v)) != found:
            return 0
        if required and int(_required(schema, required, value, v, job)) == 0:
            return 0
    elif first == 0x5B and items and int(_items(schema, items, value, v, job)) == 0:
        return 0
    state[1] += 1
    state[6] = end
    return 1
