"""Variable and parametric instructions of a body (core specification 3.3.4, 3.3.5)."""

from micropython import const

from .emit import ANY, LOCAL, PENDING, SLOT
from .errors import Invalid
from .types import valtypes

# A16 numbers, from scripts/make_tables.py
_SELECT = const(107)
_I64_SELECT = const(111)
_GLOBAL_GET = const(113)
_GLOBAL_SET = const(115)
_I64_GLOBAL_GET = const(117)
_I64_GLOBAL_SET = const(118)
_IMPORTED_GLOBAL_GET = const(119)
_IMPORTED_GLOBAL_SET = const(120)
_IMPORTED_I64_GLOBAL_GET = const(121)
_IMPORTED_I64_GLOBAL_SET = const(122)
# end of A16 numbers

_I64 = const(0x7E)
_F64 = const(0x7C)


def _local(t):
    x = t.reader.u32()
    if x >= len(t.local_types):
        raise Invalid("unknown local %d" % x, t.pc)
    return x


def local_get(t, op, row):
    """local.get: the operand stays in the local."""
    x = _local(t)
    t.push(t.local_types[x], SLOT if t.dead else LOCAL, x)


def local_set(t, op, row):
    """local.set"""
    x = _local(t)
    _set(t, x, t.pop(t.local_types[x]))


def local_tee(t, op, row):
    """local.tee: local.set, then the operand is in the local."""
    x = _local(t)
    kind = t.local_types[x]
    _set(t, x, t.pop(kind))
    t.push(kind, SLOT if t.dead else LOCAL, x)


def _set(t, x, i):
    if not t.dead:
        if t.refs[x]:
            t.save_local(x)
        t.move_to(i, t.local_slots[x])


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
        t.push(kind, SLOT)
        return
    wide = kind == _I64 or kind == _F64
    if x < t.module.imported[3]:
        t.defer(kind, _IMPORTED_I64_GLOBAL_GET if wide else _IMPORTED_GLOBAL_GET, False)
    else:
        t.defer(kind, _I64_GLOBAL_GET if wide else _GLOBAL_GET, not wide)
    t.operand(t.cells[x])


def global_set(t, op, row):
    """global.set"""
    x = _global(t)
    kind, mutable = t.module.globals[x]
    if not mutable:
        raise Invalid("global is immutable", t.pc)
    i = t.pop(kind)
    if t.dead:
        return
    wide = kind == _I64 or kind == _F64
    if x < t.module.imported[3]:
        number = _IMPORTED_I64_GLOBAL_SET if wide else _IMPORTED_GLOBAL_SET
    elif wide:
        number = _I64_GLOBAL_SET
    elif t.in_acc(i):
        t.start(_GLOBAL_SET)
        t.put(t.cells[x])
        return
    else:
        number = _GLOBAL_SET + 1
    slot = t.slot_of(i)
    t.start(number)
    t.put(slot)
    t.put(t.cells[x])


def drop(t, op, row):
    """drop"""
    i = t.pop(ANY)
    if not t.dead and t.kinds[i] == PENDING:
        t.flush()  # it may trap


def select(t, op, row):
    """select without a type: of numbers."""
    c = t.pop(0x7F)
    b = t.pop(ANY)
    a = t.pop(ANY)
    left = t.types[a] if a >= 0 else ANY
    right = t.types[b] if b >= 0 else ANY
    if left and right and left != right or left and left < _F64 or right and right < _F64:
        raise Invalid("type mismatch", t.pc)
    _select(t, left or right, a, b, c)


def select_t(t, op, row):
    """select with its type"""
    types = valtypes(t.reader)
    if len(types) != 1:
        raise Invalid("invalid result arity", t.pc)
    kind = types[0]
    c = t.pop(0x7F)
    b = t.pop(kind)
    _select(t, kind, t.pop(kind), b, c)


def _select(t, kind, a, b, c):
    if t.dead:
        t.push(kind, SLOT)
        return
    left = t.slot_of(a)
    right = t.slot_of(b)
    wide = kind == _I64 or kind == _F64
    if t.in_acc(c):
        t.defer(kind, _I64_SELECT if wide else _SELECT, not wide)
        t.operand(left)
        t.operand(right)
        return
    condition = t.slot_of(c)
    t.defer(kind, _I64_SELECT + 1 if wide else _SELECT + 2, not wide)
    t.operand(left)
    t.operand(right)
    t.operand(condition)


def global_cells(module):
    """Word offset of each global's cell among an instance's globals. An imported one's cell holds an offset."""
    cells = []
    at = 0
    for i, (kind, _) in enumerate(module.globals):
        cells.append(at)
        at += 2 if i >= module.imported[3] and (kind == _I64 or kind == _F64) else 1
    cells.append(at)
    return cells
