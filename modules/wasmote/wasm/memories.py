"""Memory instructions of a body (core specification 3.3.7).

Loads and stores of 32 bits or less have short forms: an offset of 16 bits, and an access that lies inside the least
memory when the address is 0. Where the address is the sum of something and a short constant, some have a form that
adds. All have a twin for dense memories, t.dense or t.dense_at further in the table of operations.
"""

from micropython import const

from .emit import LOCAL, PENDING, SLOT
from .errors import Invalid, Malformed
from .opcodes import SIGNATURES, TABLE

# A16 numbers, from scripts/make_tables.py
_I32_LOAD = const(123)
_I32_LOAD8_U = const(131)
_I64_LOAD = const(148)
_I32_STORE = const(155)
_I32_STORE8 = const(160)
_MEMORY_SIZE = const(174)
_MEMORY_GROW = const(175)
_I32_ADD_SI_A = const(276)
_I32_ADD_AI_A = const(278)
_MEMORY_COPY = const(539)
_MEMORY_FILL = const(540)
_MEMORY_INIT = const(541)
_DATA_DROP = const(542)
_I32_LOAD_AT = const(615)
_I32_LOAD8_U_AT = const(619)
_I64_LOAD_AT = const(623)
_I32_STORE_AT = const(624)
_I32_STORE8_AT = const(626)
_I64_STORE_AT = const(628)
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
        raise Malformed("malformed memop flags", t.pc)
    if 1 << align > TABLE[row + 6]:
        raise Invalid("alignment must not be larger than natural", t.pc)
    return reader.u32()


def load(t, op, row):
    """A load of 32 bits or less as an i32 or f32."""
    offset = _memarg(t, row)
    a = t.pop(_I32)
    result = SIGNATURES[TABLE[row + 5]][1][0]
    if t.dead:
        t.push(result, SLOT)
        return
    if offset > 0xFFFF or offset + TABLE[row + 6] > t.memory_bytes:
        slot = t.slot_of(a)
        t.defer(result, (TABLE[row + 3] | TABLE[row + 4] << 8) + t.dense, False)
        t.operand(slot)
        t.operand(offset)
        t.operand(offset >> 16)
        return
    base = (TABLE[row + 1] | TABLE[row + 2] << 8) + t.dense
    if t.is_sum(a):
        at = _I32_LOAD_AT if base == _I32_LOAD + t.dense else _I32_LOAD8_U_AT if base == _I32_LOAD8_U + t.dense else 0
        if at:
            _load_at(t, result, at if t.p_op == _I32_ADD_AI_A else at + 2, offset)
            return
    if t.in_acc(a):
        t.defer(result, base, True)
    else:
        slot = t.slot_of(a)
        t.defer(result, base + 2, True)
        t.operand(slot)
    t.operand(offset)


def _load_at(t, result, number, offset):
    # The pending sum becomes the load.
    t.p_op = number + t.dense_at
    t.p_pc = t.pc
    t.operand(offset)
    t.push(result, PENDING)


def load64(t, op, row):
    """A load as an i64 or f64."""
    offset = _memarg(t, row)
    a = t.pop(_I32)
    result = SIGNATURES[TABLE[row + 5]][1][0]
    if t.dead:
        t.push(result, SLOT)
        return
    base = TABLE[row + 1] | TABLE[row + 2] << 8
    if (
        base == _I64_LOAD
        and t.is_sum(a)
        and t.p_op == _I32_ADD_SI_A
        and offset <= 0xFFFF
        and offset + 8 <= t.memory_bytes
    ):
        t.p_acc = False
        _load_at(t, result, _I64_LOAD_AT, offset)
        return
    slot = t.slot_of(a)
    t.defer(result, base + t.dense, False)
    t.operand(slot)
    t.operand(offset)
    t.operand(offset >> 16)


def store(t, op, row):
    """A store of 32 bits or less."""
    offset = _memarg(t, row)
    kind = SIGNATURES[TABLE[row + 5]][0][1]
    v = t.pop(kind)
    a = t.pop(_I32)
    if t.dead:
        return
    if offset > 0xFFFF or offset + TABLE[row + 6] > t.memory_bytes:
        _store_wide(t, (TABLE[row + 3] | TABLE[row + 4] << 8) + t.dense, a, v, offset)
        return
    base = (TABLE[row + 1] | TABLE[row + 2] << 8) + t.dense
    if t.kinds[v] == LOCAL and t.is_sum(a):
        at = _I32_STORE_AT if base == _I32_STORE + t.dense else _I32_STORE8_AT if base == _I32_STORE8 + t.dense else 0
        if at:
            _store_at(t, at, v, offset)
            return
    mode = 0
    if kind != _I64:
        if t.is_pending(v):
            left = t.slot_of(a)
            t.in_acc(v)
            t.start(base + 2)
            t.put(left)
            t.put(offset)
            return
        if t.is_short(v):
            right = t.values[v]
            mode = 3
    if not mode:
        right = t.slot_of(v)
    if t.in_acc(a):
        t.start(base + mode + 1)
    else:
        left = t.slot_of(a)
        t.start(base + mode)
        t.put(left)
    t.put(right)
    t.put(offset)


def store64(t, op, row):
    """A store of 64 bits."""
    offset = _memarg(t, row)
    v = t.pop(SIGNATURES[TABLE[row + 5]][0][1])
    a = t.pop(_I32)
    if t.dead:
        return
    if (t.kinds[v] == LOCAL and t.is_sum(a) and t.p_op == _I32_ADD_SI_A
            and offset <= 0xFFFF and offset + 8 <= t.memory_bytes):  # fmt: skip
        _store_at(t, _I64_STORE_AT, v, offset)
    else:
        _store_wide(t, (TABLE[row + 1] | TABLE[row + 2] << 8) + t.dense, a, v, offset)


def _store_at(t, number, v, offset):
    # The pending sum becomes part of the store.
    from_acc = t.p_op == _I32_ADD_AI_A
    t.pending = -1
    t.emit((number + 1 if from_acc else number) + t.dense_at, t.pc)
    if not from_acc:
        t.put(t.p_1)
    t.put(t.slot_of(v))
    t.put(t.p_1 if from_acc else t.p_2)
    t.put(offset)


def _store_wide(t, number, a, v, offset):
    left = t.slot_of(a)
    right = t.slot_of(v)
    t.start(number)
    t.put(left)
    t.put(right)
    t.put(offset)
    t.put(offset >> 16)


def _memory_index(t):
    if t.reader.u8() != 0:
        raise Malformed("zero byte expected", t.reader.at - 1)
    if t.memory_bytes < 0:
        raise Invalid("unknown memory 0", t.pc)


def memory_size(t, op, row):
    """memory.size"""
    _memory_index(t)
    if t.dead:
        t.push(_I32, SLOT)
    else:
        t.defer(_I32, _MEMORY_SIZE, False)


def memory_grow(t, op, row):
    """memory.grow"""
    _memory_index(t)
    a = t.pop(_I32)
    if t.dead:
        t.push(_I32, SLOT)
        return
    slot = t.slot_of(a)
    t.defer(_I32, _MEMORY_GROW, False)
    t.operand(slot)


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
        t.start(_DATA_DROP)
        t.put(x)


def _check_data(t, x):
    if t.module.data_count < 0:
        raise Malformed("data count section required", t.pc)
    if x >= t.module.data_count:
        raise Invalid("unknown data segment %d" % x, t.pc)


def bulk(t, types, number, *indices):
    """Lowers an operation that counts in the homes of its three operands, so that it can be cut and resumed."""
    t.pop_types(types)
    if t.dead:
        return
    first = t.sp
    for i in range(first, first + 3):
        t.home(i)
    t.start(number)
    for x in indices:
        t.put(x)
    for i in range(first, first + 3):
        t.put(t.slots[i])
