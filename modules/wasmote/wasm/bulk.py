"""Operations on memories and tables with operands of their own, for interp.py (core specification 4.4.6, 4.4.7).

Twin of firmware/wasm/bulk.c and table.c. An operation is a function of where its operands are (index of a halfword),
the frame and the instance (indices of words). Bounds are checked before anything is written; then it works in pieces,
each paid from METER. It returns whether it was cut for want of fuel: its slots count what is left to do.
"""

from micropython import const

from .access import look_again
from .arena import halves, move, octets, view, words
from .functions import Trapped
from .memory import locate, memory_write, touch
from .memory import memory_grow as grow_memory
from .memory import table_grow as grow

_PIECE = const(256)  # references done at once
# Numbers of the C engine, from scripts/make_tables.py
_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS = const(5)
_TRAP_OUT_OF_BOUNDS_TABLE_ACCESS = const(6)
_TRAP_UNDEFINED_ELEMENT = const(7)
_TRAP_UNINITIALIZED_ELEMENT = const(8)
_TRAP_INDIRECT_CALL_TYPE_MISMATCH = const(9)
_TRAP_OUT_OF_MEMORY = const(11)
_GRANULE = const(1024)
_PIECE_COST = const(128)
_REFUSED_COST = const(16)
_WORD_INSTANCE_DATA = const(5)
_WORD_INSTANCE_ELEMENTS = const(6)
_WORD_TABLE_MAX = const(1)
_WORD_TABLE_ELEMENTS = const(2)
_WORD_MEMORY_BYTES = const(0)
_WORD_MEMORY_MAX = const(1)
_WORD_MEMORY_PAGES = const(2)
_WORD_MEMORY_BASE = const(4)
_WORD_MEMORY_SHIFT = const(5)
_WORD_MEMORY_MAP = const(6)
# end of numbers


METER = [0]  # the fuel, while an operation runs


def _piece(count, most):
    # Takes what is done at once off a count, and pays for it, the index of a word. Returns it; 0: the slice is over.
    if METER[0] <= 0:
        return 0
    METER[0] -= _PIECE_COST
    n = min(words[count], most)
    words[count] -= n
    return n


def _check(first, count, size, trap):
    if first + count > size:
        raise Trapped(trap)


# Memory


def _fill_part(at, value, n):
    # A granule's bytes; in chunks, so that little is allocated.
    chunk = bytes([value]) * min(n, 64)
    while n:
        size = min(n, 64)
        octets[at : at + size] = chunk if size == 64 else chunk[:size]
        at += size
        n -= size


def memory_fill(at, fp, instance):
    this = words[instance]
    to = fp + (halves[at] >> 2)
    value = words[fp + (halves[at + 1] >> 2)] & 0xFF
    count = fp + (halves[at + 2] >> 2)
    _check(words[to], words[count], words[(this >> 2) + _WORD_MEMORY_BYTES], _TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS)
    while words[count]:
        n = _piece(count, _GRANULE)
        if not n:
            return True
        while n:
            address = words[to]
            part = min(n, _GRANULE - (address & 1023))
            if value or locate(this, address) >= _GRANULE:  # zeros leave the zero granule
                target = touch(this, address)
                if not target:
                    raise Trapped(_TRAP_OUT_OF_MEMORY)
                _fill_part(target, value, part)
            words[to] = address + part
            n -= part


def _copy(this, to, source, n, backward):
    # Within one memory, from its end on if backward.
    while n:
        rest = 0
        if backward:
            part = min(n, (to + n - 1 & 1023) + 1, (source + n - 1 & 1023) + 1)
            rest = n - part
        else:
            part = min(n, _GRANULE - max(to & 1023, source & 1023))
        at = locate(this, source + rest)
        if at >= _GRANULE or locate(this, to + rest) >= _GRANULE:
            target = touch(this, to + rest)
            if not target:
                raise Trapped(_TRAP_OUT_OF_MEMORY)
            move(target, at, part)
        if not backward:
            to += part
            source += part
        n -= part


def memory_copy(at, fp, instance):
    this = words[instance]
    to = fp + (halves[at] >> 2)
    source = fp + (halves[at + 1] >> 2)
    count = fp + (halves[at + 2] >> 2)
    size = words[(this >> 2) + _WORD_MEMORY_BYTES]
    _check(max(words[to], words[source]), words[count], size, _TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS)
    backward = words[to] > words[source]
    while words[count]:
        n = _piece(count, _GRANULE)
        if not n:
            return True
        rest = words[count] if backward else 0
        _copy(this, words[to] + rest, words[source] + rest, n, backward)
        if not backward:
            words[to] += n
            words[source] += n


def memory_init(at, fp, instance):
    this = words[instance]
    segment = (words[instance + _WORD_INSTANCE_DATA] >> 2) + 2 * halves[at]
    to = fp + (halves[at + 1] >> 2)
    source = fp + (halves[at + 2] >> 2)
    count = fp + (halves[at + 3] >> 2)
    _check(words[to], words[count], words[(this >> 2) + _WORD_MEMORY_BYTES], _TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS)
    _check(words[source], words[count], words[segment + 1], _TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS)
    while words[count]:
        n = _piece(count, _GRANULE)
        if not n:
            return True
        if memory_write(this, words[to], view(words[segment] + words[source], n)):
            raise Trapped(_TRAP_OUT_OF_MEMORY)
        words[to] += n
        words[source] += n


def memory_grow(at, fp, instance):
    if METER[0] <= 0:
        return True
    this = words[instance] >> 2
    delta = words[fp + (halves[at] >> 2)]
    room = words[this + _WORD_MEMORY_MAX] - (words[this + _WORD_MEMORY_BYTES] >> words[this + _WORD_MEMORY_SHIFT])
    place = words[this + _WORD_MEMORY_BASE] | words[this + _WORD_MEMORY_PAGES]
    words[fp + (halves[at + 1] >> 2)] = grow_memory(this << 2, delta)
    look_again()
    if delta == 0 or delta > room:
        METER[0] -= _REFUSED_COST
        return
    moved = words[this + _WORD_MEMORY_BYTES] if words[this + _WORD_MEMORY_BASE] else 2 * words[this + _WORD_MEMORY_MAP]
    if place == (words[this + _WORD_MEMORY_BASE] | words[this + _WORD_MEMORY_PAGES]):
        moved = 0
    METER[0] -= _PIECE_COST * (1 + (moved >> 10))


def data_drop(at, fp, instance):
    words[(words[instance + _WORD_INSTANCE_DATA] >> 2) + 2 * halves[at] + 1] = 0


# Tables


def _table(at, instance):
    # The table_t (its word index) that the operand at `at` names.
    return words[(words[instance + 3] >> 2) + halves[at]] >> 2


def callee_of(at, fp, instance):
    """The function_t (its word index) that a call_indirect with operands at `at` calls."""
    table = _table(at, instance)
    index = words[fp + (halves[at + 3] >> 2)]
    if index >= words[table]:
        raise Trapped(_TRAP_UNDEFINED_ELEMENT)
    offset = words[(words[table + _WORD_TABLE_ELEMENTS] >> 2) + index]
    if offset == 0:
        raise Trapped(_TRAP_UNINITIALIZED_ELEMENT)
    if words[(offset >> 2) + 2] != halves[at + 1]:
        raise Trapped(_TRAP_INDIRECT_CALL_TYPE_MISMATCH)
    return offset >> 2


def table_get(at, fp, instance):
    table = _table(at, instance)
    index = words[fp + (halves[at + 1] >> 2)]
    _check(index, 1, words[table], _TRAP_OUT_OF_BOUNDS_TABLE_ACCESS)
    words[fp + (halves[at + 2] >> 2)] = words[(words[table + _WORD_TABLE_ELEMENTS] >> 2) + index]


def table_set(at, fp, instance):
    table = _table(at, instance)
    index = words[fp + (halves[at + 1] >> 2)]
    _check(index, 1, words[table], _TRAP_OUT_OF_BOUNDS_TABLE_ACCESS)
    words[(words[table + _WORD_TABLE_ELEMENTS] >> 2) + index] = words[fp + (halves[at + 2] >> 2)]


def table_size(at, fp, instance):
    words[fp + (halves[at + 1] >> 2)] = words[_table(at, instance)]


def table_grow(at, fp, instance):
    if METER[0] <= 0:
        return True
    value = words[fp + (halves[at + 1] >> 2)]
    delta = words[fp + (halves[at + 2] >> 2)]
    table = _table(at, instance)
    room = words[table + _WORD_TABLE_MAX] - words[table]
    place = words[table + _WORD_TABLE_ELEMENTS]
    words[fp + (halves[at + 3] >> 2)] = grow(table << 2, value, delta)
    if delta == 0 or delta > room or delta > len(octets) >> 2:
        METER[0] -= _REFUSED_COST
        return
    written = delta if place == words[table + _WORD_TABLE_ELEMENTS] else words[table]
    METER[0] -= _PIECE_COST * (1 + (written >> 8))


def table_fill(at, fp, instance):
    table = _table(at, instance)
    to = fp + (halves[at + 1] >> 2)
    value = words[fp + (halves[at + 2] >> 2)]
    count = fp + (halves[at + 3] >> 2)
    _check(words[to], words[count], words[table], _TRAP_OUT_OF_BOUNDS_TABLE_ACCESS)
    while words[count]:
        n = _piece(count, _PIECE)
        if not n:
            return True
        first = (words[table + _WORD_TABLE_ELEMENTS] >> 2) + words[to]
        for i in range(first, first + n):
            words[i] = value
        words[to] += n


def table_copy(at, fp, instance):
    table = _table(at, instance)
    other = _table(at + 1, instance)
    to = fp + (halves[at + 2] >> 2)
    source = fp + (halves[at + 3] >> 2)
    count = fp + (halves[at + 4] >> 2)
    _check(words[to], words[count], words[table], _TRAP_OUT_OF_BOUNDS_TABLE_ACCESS)
    _check(words[source], words[count], words[other], _TRAP_OUT_OF_BOUNDS_TABLE_ACCESS)
    backward = words[to] > words[source]
    while words[count]:
        n = _piece(count, _PIECE)
        if not n:
            return True
        rest = words[count] if backward else 0
        first = words[other + _WORD_TABLE_ELEMENTS] + 4 * (words[source] + rest)
        move(words[table + _WORD_TABLE_ELEMENTS] + 4 * (words[to] + rest), first, 4 * n)
        if not backward:
            words[to] += n
            words[source] += n


def table_init(at, fp, instance):
    table = _table(at, instance)
    segment = (words[instance + _WORD_INSTANCE_ELEMENTS] >> 2) + 2 * halves[at + 1]
    to = fp + (halves[at + 2] >> 2)
    source = fp + (halves[at + 3] >> 2)
    count = fp + (halves[at + 4] >> 2)
    _check(words[to], words[count], words[table], _TRAP_OUT_OF_BOUNDS_TABLE_ACCESS)
    _check(words[source], words[count], words[segment + 1], _TRAP_OUT_OF_BOUNDS_TABLE_ACCESS)
    while words[count]:
        n = _piece(count, _PIECE)
        if not n:
            return True
        first = words[segment] + 4 * words[source]
        move(words[table + _WORD_TABLE_ELEMENTS] + 4 * words[to], first, 4 * n)
        words[to] += n
        words[source] += n


def elem_drop(at, fp, instance):
    words[(words[instance + _WORD_INSTANCE_ELEMENTS] >> 2) + 2 * halves[at] + 1] = 0


# Family: (function, halfwords with the operation's own).
BULK = {
    "memory_fill": (memory_fill, 4),
    "memory_copy": (memory_copy, 4),
    "memory_init": (memory_init, 5),
    "memory_grow": (memory_grow, 3),
    "data_drop": (data_drop, 2),
    "table_get": (table_get, 4),
    "table_set": (table_set, 4),
    "table_size": (table_size, 3),
    "table_grow": (table_grow, 5),
    "table_fill": (table_fill, 5),
    "table_copy": (table_copy, 6),
    "table_init": (table_init, 6),
    "elem_drop": (elem_drop, 2),
}
