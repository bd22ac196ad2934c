"""Variable and parametric instructions of a body (core specification 3.3.4, 3.3.5)."""

from micropython import const

from .errors import Invalid
from .operands import (
    ANY,
    PENDING,
    SLOT,
    defer,
    flush,
    in_acc,
    move_to,
    pop,
    push,
    push_local,
    save_local,
    slot_of,
    start,
)
from .types import valtype

# A16 numbers, from scripts/make_tables.py
_SELECT = const(108)
_I64_SELECT = const(112)
_GLOBAL_GET = const(114)
_GLOBAL_SET = const(116)
_I64_GLOBAL_GET = const(118)
_I64_GLOBAL_SET = const(119)
_IMPORTED_GLOBAL_GET = const(120)
_IMPORTED_GLOBAL_SET = const(121)
_IMPORTED_I64_GLOBAL_GET = const(122)
_IMPORTED_I64_GLOBAL_SET = const(123)
# end of A16 numbers

_I64 = const(0x7E)
_F64 = const(0x7C)


def local_get(t, op, row):
    """local.get: the operand stays in the local."""
    get(t, t.reader.u32())


def get(t, x):
    if x >= t.local_count:
        raise Invalid("unknown local %d" % x, t.pc)
    if t.dead:
        push(t, t.local_types[x], SLOT)
    else:
        push_local(t, x)


def local_set(t, op, row):
    """local.set"""
    _set(t, t.reader.u32())


def local_tee(t, op, row):
    """local.tee: local.set, then the operand is in the local."""
    x = t.reader.u32()
    _set(t, x)
    if t.dead:
        push(t, t.local_types[x], SLOT)
    else:
        push_local(t, x)


def _set(t, x):
    if x >= t.local_count:
        raise Invalid("unknown local %d" % x, t.pc)
    i = pop(t, t.local_types[x])
    if not t.dead:
        if t.heads[x]:
            save_local(t, x)
        move_to(t, i, t.local_slots[x])


def _global(t):
    x = t.reader.u32()
    if x >= len(t.module.globals):
        raise Invalid("unknown global %d" % x, t.pc)
    return x


def global_get(t, op, row):
    """global.get"""
    x = _global(t)
    kind = t.module.globals[x][0]
    if t.dead:
        push(t, kind, SLOT)
        return
    wide = kind == _I64 or kind == _F64
    if x < t.module.imported[3]:
        number = _IMPORTED_I64_GLOBAL_GET if wide else _IMPORTED_GLOBAL_GET
        has_acc = False
    else:
        number = _I64_GLOBAL_GET if wide else _GLOBAL_GET
        has_acc = not wide
    defer(t, kind, number, has_acc, 1, t.cells[x])


def global_set(t, op, row):
    """global.set"""
    x = _global(t)
    kind, mutable = t.module.globals[x]
    if not mutable:
        raise Invalid("global is immutable", t.pc)
    i = pop(t, kind)
    if t.dead:
        return
    wide = kind == _I64 or kind == _F64
    if x < t.module.imported[3]:
        number = _IMPORTED_I64_GLOBAL_SET if wide else _IMPORTED_GLOBAL_SET
    elif wide:
        number = _I64_GLOBAL_SET
    elif in_acc(t, i):
        start(t, _GLOBAL_SET, 1, t.cells[x])
        return
    else:
        number = _GLOBAL_SET + 1
    start(t, number, 2, slot_of(t, i), t.cells[x])


def drop(t, op, row):
    """drop"""
    i = pop(t, ANY)
    if not t.dead and t.kinds[i] == PENDING:
        flush(t)  # it may trap


def select(t, op, row):
    """select without a type: of numbers."""
    c = pop(t, 0x7F)
    b = pop(t, ANY)
    a = pop(t, ANY)
    left = t.types[a] if a >= 0 else ANY
    right = t.types[b] if b >= 0 else ANY
    if left and right and left != right or left and left < _F64 or right and right < _F64:
        raise Invalid("type mismatch", t.pc)
    _select(t, left or right, a, b, c)


def select_t(t, op, row):
    """select with its type"""
    if t.reader.count() != 1:
        raise Invalid("invalid result arity", t.pc)
    kind = valtype(t.reader)
    c = pop(t, 0x7F)
    b = pop(t, kind)
    _select(t, kind, pop(t, kind), b, c)


def _select(t, kind, a, b, c):
    if t.dead:
        push(t, kind, SLOT)
        return
    left = slot_of(t, a)
    right = slot_of(t, b)
    wide = kind == _I64 or kind == _F64
    if in_acc(t, c):
        defer(t, kind, _I64_SELECT if wide else _SELECT, not wide, 2, left, right)
    else:
        number = _I64_SELECT + 1 if wide else _SELECT + 2
        defer(t, kind, number, not wide, 3, left, right, slot_of(t, c))
