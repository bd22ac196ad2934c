"""Memory instructions of a body (core specification 3.3.7).

Loads and stores of 32 bits or less have short forms: an offset of 16 bits, and an access that lies inside the least
memory when the address is 0. Where the address is the sum of something and a short constant, some have a form that
adds. All have a twin for dense memories, t.dense or t.dense_at further in the table of operations.
"""

from micropython import const

from .emit import emit, put
from .errors import Invalid, Malformed
from .opcodes import SIGNATURES, TABLE
from .operands import (
    LOCAL,
    PENDING,
    SLOT,
    defer,
    home,
    in_acc,
    is_pending,
    is_short,
    is_sum,
    pop,
    pop_types,
    push,
    slot_of,
    start,
)

# A16 numbers, from scripts/make_tables.py
_I32_LOAD = const(124)
_I32_LOAD8_U = const(132)
_I64_LOAD = const(149)
_I32_STORE = const(156)
_I32_STORE8 = const(161)
_MEMORY_SIZE = const(175)
_MEMORY_GROW = const(176)
_I32_ADD_SI_A = const(277)
_I32_ADD_AI_A = const(279)
_MEMORY_COPY = const(540)
_MEMORY_FILL = const(541)
_MEMORY_INIT = const(542)
_DATA_DROP = const(543)
_I32_LOAD_AT = const(616)
_I32_LOAD8_U_AT = const(620)
_I64_LOAD_AT = const(624)
_I32_STORE_AT = const(625)
_I32_STORE8_AT = const(627)
_I64_STORE_AT = const(629)
# end of A16 numbers

_I32 = const(0x7F)
_I64 = const(0x7E)


def _memarg(t, row):
    """Offset of a memarg whose alignment fits the access."""
    reader = t.reader
    if t.memory_bytes < 0:
        raise Invalid("unknown memory 0", t.pc)
    align = reader.u32()
    if align >= 32:
        # Malformed, as the specification's suite has it, also where a proposal has taken the bit.
        raise Malformed("malformed memop flags" + (": a memory's index (multi-memory)" if align & 0x40 else ""), t.pc)
    if 1 << align > TABLE[row + 6]:
        raise Invalid("alignment must not be larger than natural", t.pc)
    return reader.u32()


def load(t, op, row):
    """A load of 32 bits or less as an i32 or f32."""
    offset = _memarg(t, row)
    a = pop(t, _I32)
    result = SIGNATURES[TABLE[row + 5]][1][0]
    if t.dead:
        push(t, result, SLOT)
        return
    if offset > 0xFFFF or offset + TABLE[row + 6] > t.memory_bytes:
        slot = slot_of(t, a)
        number = (TABLE[row + 3] | TABLE[row + 4] << 8) + t.dense
        defer(t, result, number, False, 3, slot, offset & 0xFFFF, offset >> 16)
        return
    base = (TABLE[row + 1] | TABLE[row + 2] << 8) + t.dense
    if is_sum(t, a):
        at = _I32_LOAD_AT if base == _I32_LOAD + t.dense else _I32_LOAD8_U_AT if base == _I32_LOAD8_U + t.dense else 0
        if at:
            _load_at(t, result, at if t.p_op == _I32_ADD_AI_A else at + 2, offset)
            return
    if in_acc(t, a):
        defer(t, result, base, True, 1, offset)
    else:
        defer(t, result, base + 2, True, 2, slot_of(t, a), offset)


def _load_at(t, result, number, offset):
    # The pending sum becomes the load.
    t.p_op = number + t.dense_at
    t.p_pc = t.pc
    t.p_count += 1
    if t.p_count == 2:
        t.p_2 = offset
    else:
        t.p_3 = offset
    push(t, result, PENDING)


def load64(t, op, row):
    """A load as an i64 or f64."""
    offset = _memarg(t, row)
    a = pop(t, _I32)
    result = SIGNATURES[TABLE[row + 5]][1][0]
    if t.dead:
        push(t, result, SLOT)
        return
    base = TABLE[row + 1] | TABLE[row + 2] << 8
    if (
        base == _I64_LOAD
        and is_sum(t, a)
        and t.p_op == _I32_ADD_SI_A
        and offset <= 0xFFFF
        and offset + 8 <= t.memory_bytes
    ):
        t.p_acc = False
        _load_at(t, result, _I64_LOAD_AT, offset)
        return
    defer(t, result, base + t.dense, False, 3, slot_of(t, a), offset & 0xFFFF, offset >> 16)


def store(t, op, row):
    """A store of 32 bits or less."""
    offset = _memarg(t, row)
    kind = SIGNATURES[TABLE[row + 5]][0][1]
    v = pop(t, kind)
    a = pop(t, _I32)
    if t.dead:
        return
    if offset > 0xFFFF or offset + TABLE[row + 6] > t.memory_bytes:
        _store_wide(t, (TABLE[row + 3] | TABLE[row + 4] << 8) + t.dense, a, v, offset)
        return
    base = (TABLE[row + 1] | TABLE[row + 2] << 8) + t.dense
    if t.kinds[v] == LOCAL and is_sum(t, a):
        at = _I32_STORE_AT if base == _I32_STORE + t.dense else _I32_STORE8_AT if base == _I32_STORE8 + t.dense else 0
        if at:
            _store_at(t, at, v, offset)
            return
    mode = 0
    if kind != _I64:
        if is_pending(t, v):
            left = slot_of(t, a)
            in_acc(t, v)
            start(t, base + 2, 2, left, offset)
            return
        if is_short(t, v):
            right = t.values[v] & 0xFFFF
            mode = 3
    if not mode:
        right = slot_of(t, v)
    if in_acc(t, a):
        start(t, base + mode + 1, 2, right, offset)
    else:
        start(t, base + mode, 3, slot_of(t, a), right, offset)


def store64(t, op, row):
    """A store of 64 bits."""
    offset = _memarg(t, row)
    v = pop(t, SIGNATURES[TABLE[row + 5]][0][1])
    a = pop(t, _I32)
    if t.dead:
        return
    if (t.kinds[v] == LOCAL and is_sum(t, a) and t.p_op == _I32_ADD_SI_A
            and offset <= 0xFFFF and offset + 8 <= t.memory_bytes):  # fmt: skip
        _store_at(t, _I64_STORE_AT, v, offset)
    else:
        _store_wide(t, (TABLE[row + 1] | TABLE[row + 2] << 8) + t.dense, a, v, offset)


def _store_at(t, number, v, offset):
    # The pending sum becomes part of the store.
    t.pending = -1
    number += t.dense_at
    if t.p_op == _I32_ADD_AI_A:
        emit(t, number + 1, t.pc, 3, slot_of(t, v), t.p_1, offset)
    else:
        emit(t, number, t.pc, 4, t.p_1, slot_of(t, v), t.p_2, offset)


def _store_wide(t, number, a, v, offset):
    left = slot_of(t, a)
    right = slot_of(t, v)
    start(t, number, 4, left, right, offset & 0xFFFF, offset >> 16)


def _memory_index(t):
    if t.reader.u8() != 0:
        raise Malformed("zero byte expected: a memory's index (multi-memory)", t.reader.at - 1)
    if t.memory_bytes < 0:
        raise Invalid("unknown memory 0", t.pc)


def memory_size(t, op, row):
    """memory.size"""
    _memory_index(t)
    if t.dead:
        push(t, _I32, SLOT)
    else:
        defer(t, _I32, _MEMORY_SIZE, False)


def memory_grow(t, op, row):
    """memory.grow"""
    _memory_index(t)
    a = pop(t, _I32)
    if t.dead:
        push(t, _I32, SLOT)
        return
    defer(t, _I32, _MEMORY_GROW, False, 1, slot_of(t, a))


def memory_copy(t, op, row):
    """memory.copy"""
    _memory_index(t)
    _memory_index(t)
    bulk(t, b"\x7f\x7f\x7f", _MEMORY_COPY)


def memory_fill(t, op, row):
    """memory.fill"""
    _memory_index(t)
    bulk(t, b"\x7f\x7f\x7f", _MEMORY_FILL)


def memory_init(t, op, row):
    """memory.init"""
    x = t.reader.u32()
    _memory_index(t)
    _check_data(t, x)
    bulk(t, b"\x7f\x7f\x7f", _MEMORY_INIT, x)


def data_drop(t, op, row):
    """data.drop"""
    x = t.reader.u32()
    _check_data(t, x)
    if not t.dead:
        start(t, _DATA_DROP, 1, x)


def _check_data(t, x):
    if t.module.data_count < 0:
        raise Malformed("data count section required", t.pc)
    if x >= t.module.data_count:
        raise Invalid("unknown data segment %d" % x, t.pc)


def bulk(t, types, number, *indices):
    """Lowers an operation that counts in the homes of its three operands, so that it can be cut and resumed."""
    pop_types(t, types)
    if t.dead:
        return
    first = t.sp
    for i in range(first, first + 3):
        home(t, i)
    start(t, number)
    for x in indices:
        put(t, x)
    for i in range(first, first + 3):
        put(t, t.slots[i])
