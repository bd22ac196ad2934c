"""Reference and table instructions of a body (core specification 3.3.3, 3.3.6). A reference is one word, null 0."""

from micropython import const

from .errors import Invalid
from .memories import bulk
from .numeric import unary_of
from .operands import ANY, CONST, SLOT, defer, pop, push, slot_of, start
from .types import FUNCREF, heaptype

# A16 numbers, from scripts/make_tables.py
_I32_EQZ = const(177)
_TABLE_GET = const(544)
_TABLE_SET = const(545)
_TABLE_SIZE = const(546)
_TABLE_GROW = const(547)
_TABLE_FILL = const(548)
_TABLE_COPY = const(549)
_TABLE_INIT = const(550)
_ELEM_DROP = const(551)
# end of A16 numbers

_I32 = const(0x7F)
_F64 = const(0x7C)


def ref_null(t, op, row):
    """ref.null"""
    push(t, heaptype(t.reader), CONST, 0)


def ref_is_null(t, op, row):
    """ref.is_null: i32.eqz of the word."""
    i = pop(t, ANY)
    if i >= 0 and t.types[i] >= _F64:
        raise Invalid("type mismatch: a reference is expected", t.pc)
    unary_of(t, True, i, _I32, _I32_EQZ)


def ref_func(t, op, row):
    """ref.func: the arena offset of the function's record, which is there before any body is translated."""
    module = t.module
    x = t.reader.u32()
    if x >= len(module.functions):
        raise Invalid("unknown function %d" % x, t.pc)
    if not module.declared[x >> 3] >> (x & 7) & 1:
        raise Invalid("undeclared function reference %d" % x, t.pc)
    push(t, FUNCREF, CONST, t.function_at(x))


def _table(t):
    """(index, reference type) of a table."""
    x = t.reader.u32()
    if x >= len(t.module.tables):
        raise Invalid("unknown table %d" % x, t.pc)
    return x, t.module.tables[x][0]


def _segment(t):
    x = t.reader.u32()
    if x >= len(t.module.elements):
        raise Invalid("unknown elem segment %d" % x, t.pc)
    return x


def table_get(t, op, row):
    """table.get"""
    x, kind = _table(t)
    i = pop(t, _I32)
    if t.dead:
        push(t, kind, SLOT)
        return
    defer(t, kind, _TABLE_GET, False, 2, x, slot_of(t, i))


def table_set(t, op, row):
    """table.set"""
    x, kind = _table(t)
    v = pop(t, kind)
    i = pop(t, _I32)
    if t.dead:
        return
    index = slot_of(t, i)
    value = slot_of(t, v)
    start(t, _TABLE_SET, 3, x, index, value)


def table_size(t, op, row):
    """table.size"""
    x, _ = _table(t)
    if t.dead:
        push(t, _I32, SLOT)
        return
    defer(t, _I32, _TABLE_SIZE, False, 1, x)


def table_grow(t, op, row):
    """table.grow"""
    x, kind = _table(t)
    n = pop(t, _I32)
    v = pop(t, kind)
    if t.dead:
        push(t, _I32, SLOT)
        return
    value = slot_of(t, v)
    delta = slot_of(t, n)
    defer(t, _I32, _TABLE_GROW, False, 3, x, value, delta)


def table_fill(t, op, row):
    """table.fill"""
    x, kind = _table(t)
    bulk(t, bytes((_I32, kind, _I32)), _TABLE_FILL, x)


def table_copy(t, op, row):
    """table.copy"""
    x, kind = _table(t)
    y, other = _table(t)
    if kind != other:
        raise Invalid("type mismatch: tables %d and %d" % (x, y), t.pc)
    bulk(t, b"\x7f\x7f\x7f", _TABLE_COPY, x, y)


def table_init(t, op, row):
    """table.init"""
    y = _segment(t)
    x, kind = _table(t)
    if t.module.segment_types[y] != kind:
        raise Invalid("type mismatch: element segment %d and table %d" % (y, x), t.pc)
    bulk(t, b"\x7f\x7f\x7f", _TABLE_INIT, x, y)


def elem_drop(t, op, row):
    """elem.drop"""
    x = _segment(t)
    if not t.dead:
        start(t, _ELEM_DROP, 1, x)
