"""Numeric instructions of a body (core specification 3.3.1): types, and the A16 operations they become.

`row`: where opcodes.TABLE describes the instruction.
"""

from micropython import const

from .control import INVERSE
from .opcodes import SIGNATURES, TABLE
from .operands import (
    CONST,
    EQZ,
    LOCAL,
    NO_RELATION,
    PENDING,
    SLOT,
    defer,
    in_acc,
    is_pending,
    pay,
    pop,
    push,
    push_local,
    slot_of,
)

# A16 numbers, from scripts/make_tables.py
_BINARY_SA = const(2)
_RELATION = const(3)
_I64_COMMUTATIVE = const(7)
_PLAIN_ACC = const(9)
_I32_SHL_SI_A = const(335)
_I32_SHL_AI_A = const(337)
_I32_SHL_ADD = const(612)
# end of A16 numbers

_I32 = const(0x7F)
_I64 = const(0x7E)
_F32 = const(0x7D)
_F64 = const(0x7C)

# Relations in the order eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u: the same with operands swapped.
_SWAPPED = b"\x00\x01\x04\x05\x02\x03\x08\x09\x06\x07"


def i32_const(t, op, row):
    push(t, _I32, CONST, t.reader.s32())


def i64_const(t, op, row):
    push(t, _I64, CONST, t.reader.s64())


# Constants of floats are their bits, as signed integers.


def f32_const(t, op, row):
    bits = t.reader.f32()
    push(t, _F32, CONST, bits - 0x100000000 if bits >> 31 else bits)


def f64_const(t, op, row):
    bits = t.reader.f64()
    push(t, _F64, CONST, bits - 0x10000000000000000 if bits >> 63 else bits)


def binary(t, op, row):
    """Two i32 to one: either may be in the accumulator, the second may be a short constant."""
    b = pop(t, _I32)
    a = pop(t, _I32)
    if t.dead:
        push(t, _I32, SLOT)
        return
    base = TABLE[row + 1] | TABLE[row + 2] << 8
    shape = TABLE[row]
    relation = op - 0x46 if shape == _RELATION else NO_RELATION
    kinds = t.kinds
    swap = False
    if kinds[b] == PENDING:
        swap = t.p_acc and shape != _BINARY_SA
    elif kinds[a] == CONST:
        swap = kinds[b] != CONST and shape != _BINARY_SA
    if swap:
        a, b = b, a
        if shape == _RELATION:
            base += 8 * (_SWAPPED[relation] - relation)
            relation = _SWAPPED[relation]
    kind = kinds[b]
    value = t.values[b]
    if kind == CONST and -0x8000 <= value < 0x8000:
        right = value & 0xFFFF
        mode = 2
    elif kind == PENDING and t.p_acc:  # only with a form that takes it there
        left = slot_of(t, a)
        in_acc(t, b)
        defer(t, _I32, base + 8, True, 1, left)
        return
    else:
        right = t.local_slots[value] if kind == LOCAL else slot_of(t, b)
        mode = 0
        if op == 0x6A and kinds[a] == PENDING and (t.p_op == _I32_SHL_SI_A or t.p_op == _I32_SHL_AI_A):
            t.p_op += _I32_SHL_ADD - _I32_SHL_SI_A  # (x << k) + y, x in a slot or the accumulator as before
            t.p_count += 1
            if t.p_count == 2:
                t.p_2 = right
            else:
                t.p_3 = right
            push(t, _I32, PENDING)
            t.pending = t.sp - 1
            return
    kind = kinds[a]
    if kind == LOCAL:
        defer(t, _I32, base + 2 * mode, True, 2, t.local_slots[t.values[a]], right)
    elif kind == PENDING and in_acc(t, a):
        mode += 1
        defer(t, _I32, base + 2 * mode, True, 1, right)
    else:
        defer(t, _I32, base + 2 * mode, True, 2, slot_of(t, a), right)
    t.p_mode = mode
    t.p_relation = relation


def f32_binary(t, op, row):
    """Two f32 to one: either may be in the accumulator."""
    pay(t, TABLE[row + 6])
    b = pop(t, _F32)
    a = pop(t, _F32)
    if t.dead:
        push(t, _F32, SLOT)
        return
    base = TABLE[row + 1] | TABLE[row + 2] << 8
    if is_pending(t, b):
        left = slot_of(t, a)
        in_acc(t, b)
        defer(t, _F32, base + 4, True, 1, left)
        return
    right = slot_of(t, b)
    if in_acc(t, a):
        defer(t, _F32, base + 2, True, 1, right)
    else:
        defer(t, _F32, base, True, 2, slot_of(t, a), right)


def unary(t, op, row):
    """One i32 or f32 to one."""
    kind = SIGNATURES[TABLE[row + 5]][1][0]
    unary_of(t, op == 0x45, pop(t, kind), kind, TABLE[row + 1] | TABLE[row + 2] << 8)


def unary_of(t, is_eqz, a, kind, base):
    """Lowers the operation `base` on operand a, just popped, with a result of type `kind`."""
    if t.dead:
        push(t, kind, SLOT)
        return
    if is_eqz and is_pending(t, a) and t.p_relation >= 0:  # i32.eqz of a relation
        relation = INVERSE[t.p_relation]
        t.p_op += 8 * (relation - t.p_relation)
        t.p_relation = relation
        push(t, _I32, PENDING)
        return
    if in_acc(t, a):
        defer(t, kind, base, True)
        t.p_mode = 0
    else:
        defer(t, kind, base + 2, True, 1, slot_of(t, a))
        t.p_mode = 1
    if is_eqz:
        t.p_relation = EQZ


def i64_binary(t, op, row):
    """Two i64 to one: one may be a short constant."""
    b = pop(t, _I64)
    a = pop(t, _I64)
    if t.dead:
        push(t, _I64, SLOT)
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
        defer(t, _I64, TABLE[row + 3] | TABLE[row + 4] << 8, False, 2, slot_of(t, other), value & 0xFFFF)
        return
    left = slot_of(t, a)
    right = slot_of(t, b)
    defer(t, _I64, TABLE[row + 1] | TABLE[row + 2] << 8, False, 2, left, right)


def plain(t, op, row):
    """One or two operands in slots."""
    pay(t, TABLE[row + 6])
    pops, pushes = SIGNATURES[TABLE[row + 5]]
    b = pop(t, pops[-1])
    a = pop(t, pops[0]) if len(pops) > 1 else b
    if t.dead:
        push(t, pushes[0], SLOT)
        return
    left = slot_of(t, a)
    right = slot_of(t, b)
    defer(t, pushes[0], TABLE[row + 1] | TABLE[row + 2] << 8, TABLE[row] == _PLAIN_ACC, len(pops), left, right)


def reinterpret(t, op, row):
    """The same bits as another type: no code."""
    pops, pushes = SIGNATURES[TABLE[row + 5]]
    i = pop(t, pops[0])
    if t.dead:
        push(t, pushes[0], SLOT)
    elif t.kinds[i] == LOCAL:
        push_local(t, t.values[i])
        t.types[i] = pushes[0]
    else:
        push(t, pushes[0], t.kinds[i], t.values[i])
