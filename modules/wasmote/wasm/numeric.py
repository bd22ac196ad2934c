"""Numeric instructions of a body (core specification 3.3.1): types, and the A16 operations they become.

`row`: where opcodes.TABLE describes the instruction.
"""

from micropython import const

from .control import INVERSE
from .emit import CONST, EQZ, NO_RELATION, PENDING, SLOT
from .opcodes import SIGNATURES, TABLE

# A16 numbers, from scripts/make_tables.py
_BINARY_SA = const(2)
_RELATION = const(3)
_I64_COMMUTATIVE = const(7)
_PLAIN_ACC = const(9)
_I32_SHL_SI_A = const(334)
_I32_SHL_AI_A = const(336)
_I32_SHL_ADD = const(611)
# end of A16 numbers

_I32 = const(0x7F)
_I64 = const(0x7E)
_F32 = const(0x7D)
_F64 = const(0x7C)

# Relations in the order eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u: the same with operands swapped.
_SWAPPED = b"\x00\x01\x04\x05\x02\x03\x08\x09\x06\x07"


def i32_const(t, op, row):
    t.push(_I32, CONST, t.reader.s32())


def i64_const(t, op, row):
    t.push(_I64, CONST, t.reader.s64())


# Constants of floats are their bits, as signed integers.


def f32_const(t, op, row):
    bits = t.reader.f32()
    t.push(_F32, CONST, bits - 0x100000000 if bits >> 31 else bits)


def f64_const(t, op, row):
    bits = t.reader.f64()
    t.push(_F64, CONST, bits - 0x10000000000000000 if bits >> 63 else bits)


def binary(t, op, row):
    """Two i32 to one: either may be in the accumulator, the second may be a short constant."""
    b = t.pop(_I32)
    a = t.pop(_I32)
    if t.dead:
        t.push(_I32, SLOT)
        return
    base = TABLE[row + 1] | TABLE[row + 2] << 8
    shape = TABLE[row]
    relation = op - 0x46 if shape == _RELATION else NO_RELATION
    swap = False
    if t.kinds[b] == PENDING:
        swap = t.p_acc and shape != _BINARY_SA
    elif t.kinds[a] == CONST:
        swap = t.kinds[b] != CONST and shape != _BINARY_SA
    if swap:
        a, b = b, a
        if shape == _RELATION:
            base += 8 * (_SWAPPED[relation] - relation)
            relation = _SWAPPED[relation]
    if t.is_short(b):
        right = t.values[b]
        mode = 2
    elif t.is_pending(b):  # only with a form that takes it there
        left = t.slot_of(a)
        t.in_acc(b)
        t.defer(_I32, base + 8, True)
        t.operand(left)
        return
    else:
        right = t.slot_of(b)
        mode = 0
        if op == 0x6A and t.kinds[a] == PENDING and (t.p_op == _I32_SHL_SI_A or t.p_op == _I32_SHL_AI_A):
            t.p_op += _I32_SHL_ADD - _I32_SHL_SI_A  # (x << k) + y, x in a slot or the accumulator as before
            t.operand(right)
            t.push(_I32, PENDING)
            t.pending = t.sp - 1
            return
    if t.in_acc(a):
        mode += 1
    else:
        left = t.slot_of(a)
    t.defer(_I32, base + 2 * mode, True, mode, relation)
    if not mode & 1:
        t.operand(left)
    t.operand(right)


def f32_binary(t, op, row):
    """Two f32 to one: either may be in the accumulator."""
    b = t.pop(_F32)
    a = t.pop(_F32)
    if t.dead:
        t.push(_F32, SLOT)
        return
    base = TABLE[row + 1] | TABLE[row + 2] << 8
    if t.is_pending(b):
        left = t.slot_of(a)
        t.in_acc(b)
        t.defer(_F32, base + 4, True)
        t.operand(left)
        return
    right = t.slot_of(b)
    if t.in_acc(a):
        t.defer(_F32, base + 2, True)
    else:
        left = t.slot_of(a)
        t.defer(_F32, base, True)
        t.operand(left)
    t.operand(right)


def unary(t, op, row):
    """One i32 or f32 to one."""
    kind = SIGNATURES[TABLE[row + 5]][1][0]
    unary_of(t, op == 0x45, t.pop(kind), kind, TABLE[row + 1] | TABLE[row + 2] << 8)


def unary_of(t, is_eqz, a, kind, base):
    """Lowers the operation `base` on operand a, just popped, with a result of type `kind`."""
    if t.dead:
        t.push(kind, SLOT)
        return
    if is_eqz and t.is_pending(a) and t.p_relation >= 0:  # i32.eqz of a relation
        relation = INVERSE[t.p_relation]
        t.p_op += 8 * (relation - t.p_relation)
        t.p_relation = relation
        t.push(_I32, PENDING)
        return
    relation = EQZ if is_eqz else NO_RELATION
    if t.in_acc(a):
        t.defer(kind, base, True, 0, relation)
    else:
        slot = t.slot_of(a)
        t.defer(kind, base + 2, True, 1, relation)
        t.operand(slot)


def i64_binary(t, op, row):
    """Two i64 to one: one may be a short constant."""
    b = t.pop(_I64)
    a = t.pop(_I64)
    if t.dead:
        t.push(_I64, SLOT)
        return
    other = -1
    if t.kinds[b] == CONST:
        value = t.values[b]
        if op == 0x7D or op == 0x8A:  # sub, rotr: add, rotl of the negated constant
            value = -value
        other = a
    elif t.kinds[a] == CONST and TABLE[row] == _I64_COMMUTATIVE:
        value = t.values[a]
        other = b
    if other >= 0 and -0x8000 <= value < 0x8000:
        left = t.slot_of(other)
        t.defer(_I64, TABLE[row + 3] | TABLE[row + 4] << 8, False)
        t.operand(left)
        t.operand(value)
        return
    left = t.slot_of(a)
    right = t.slot_of(b)
    t.defer(_I64, TABLE[row + 1] | TABLE[row + 2] << 8, False)
    t.operand(left)
    t.operand(right)


def plain(t, op, row):
    """One or two operands in slots."""
    pops, pushes = SIGNATURES[TABLE[row + 5]]
    b = t.pop(pops[-1])
    a = t.pop(pops[0]) if len(pops) > 1 else b
    if t.dead:
        t.push(pushes[0], SLOT)
        return
    left = t.slot_of(a)
    right = t.slot_of(b)
    t.defer(pushes[0], TABLE[row + 1] | TABLE[row + 2] << 8, TABLE[row] == _PLAIN_ACC)
    t.operand(left)
    if len(pops) > 1:
        t.operand(right)


def reinterpret(t, op, row):
    """The same bits as another type: no code."""
    pops, pushes = SIGNATURES[TABLE[row + 5]]
    i = t.pop(pops[0])
    if t.dead:
        t.push(pushes[0], SLOT)
    else:
        t.push(pushes[0], t.kinds[i], t.values[i])
