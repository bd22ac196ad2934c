"""The operand stack as the translator sees it, with the types that validation needs.

Every operand has a home, the slot it would have if all operands were stored. Most never get there: an operand is

    SLOT     in its home
    LOCAL    still in its local (`local.get` emits nothing)
    CONST    known
    PENDING  the result of an operation that is not emitted yet: who takes it says where it goes, which is the
             accumulator, a local, or its home. There is at most one.

Whatever is emitted comes after the pending operation, except moves of operands below it: they read nothing that it
writes, and write nothing that it reads.
"""

from array import array

from micropython import const

from .emit import emit, patch, put, replace_last
from .errors import Invalid, Unsupported

# A16 numbers, from scripts/make_tables.py
_PAY = const(4)
_I32_MOV_S_S = const(102)
_I32_MOV_I_S = const(103)
_I32_CONST = const(104)
_I64_MOV = const(105)
_I64_MOV_I_S = const(106)
_I64_CONST = const(107)
_I32_ADD_SI_A = const(277)
_I32_ADD_SI_S = const(278)
_I32_ADD_AI_A = const(279)
_I32_MOV2 = const(644)
_I32_ADD2 = const(645)
# end of A16 numbers

# Numbers of the C engine, from scripts/make_tables.py
_MAX_FRAME = const(65280)
_MAX_PAID = const(4096)
# end of numbers
SLOT = const(0)
LOCAL = const(1)
CONST = const(2)
PENDING = const(3)

NO_RELATION = const(-1)  # what a pending operation compares: a relation's number, or one of these
EQZ = const(-2)

ANY = const(0)  # type of an operand in dead code that nothing pushed
_I64 = const(0x7E)
_F64 = const(0x7C)

# Pushing and popping


def push(t, valtype, kind, value=0):
    """A new top; one in a local is for push_local()."""
    i = t.sp
    if i == t.room:
        _more_room(t)
    t.types[i] = valtype
    t.kinds[i] = kind
    t.values[i] = value
    t.slots[i] = top = t.top
    t.top = top = top + (8 if valtype == _I64 or valtype == _F64 else 4)
    if top > t.frame:
        _widen(t, top)
    t.sp = i + 1


def push_local(t, x):
    """A new top that is still in local x. As push(), in one call: no instruction is more frequent."""
    i = t.sp
    if i == t.room:
        _more_room(t)
    t.types[i] = valtype = t.local_types[x]
    t.kinds[i] = LOCAL
    t.values[i] = x
    t.slots[i] = top = t.top
    t.top = top = top + (8 if valtype == _I64 or valtype == _F64 else 4)
    if top > t.frame:
        _widen(t, top)
    t.sp = i + 1
    t.below[i] = head = t.heads[x]
    if head:
        t.above[head - 1] = i + 1
    t.heads[x] = i + 1


def _widen(t, top):
    if top > _MAX_FRAME:
        raise Unsupported("function with a frame of more than 65,280 bytes", t.pc)
    t.frame = top


def _more_room(t):
    t.room += 32
    t.types.extend(bytes(32))
    t.kinds.extend(bytes(32))
    t.values.extend([0] * 32)
    for each in (t.slots, t.below, t.above):
        each.extend(array("H", bytes(64)))


def pop(t, want):
    """Index of the operand that was the top, of type `want` or ANY; -1 in dead code if nothing pushed it."""
    i = t.sp - 1
    if i < t.floor:
        if t.endless:
            return -1
        raise Invalid("type mismatch: an operand is missing", t.pc)
    have = t.types[i]
    if have != want and want and have:
        raise Invalid("type mismatch", t.pc)
    if t.kinds[i] == LOCAL:
        t.heads[t.values[i]] = t.below[i]
    t.sp = i
    t.top = t.slots[i]
    if i < t.settled:
        t.settled = i
    return i


# One instruction may pass many values: those of a row, four and more, count as instructions of their own (translate.py).


def push_types(t, types):
    t.owed += len(types) >> 2
    for each in types:
        push(t, each, SLOT)


def pop_types(t, types):
    t.owed += len(types) >> 2
    for i in range(len(types) - 1, -1, -1):
        pop(t, types[i])


def check_types(t, types):
    """Checks the types of the top operands, and leaves them."""
    t.owed += len(types) >> 2
    sp = t.sp
    for i in range(len(types) - 1, -1, -1):
        sp -= 1
        if sp < t.floor:
            if t.endless:
                return
            raise Invalid("type mismatch: an operand is missing", t.pc)
        if t.types[sp] and t.types[sp] != types[i]:
            raise Invalid("type mismatch", t.pc)


def drop_to(t, height):
    """Forgets operands down to `height`."""
    while t.sp > height:
        pop(t, ANY)


# The pending operation


def defer(t, valtype, op, has_acc, count=0, a=0, b=0, c=0):
    """Makes `op`, with `count` operands, the pending operation, its result the new top."""
    if t.pending >= 0:
        flush(t)
    t.pending = t.sp
    push(t, valtype, PENDING)
    t.p_op = op  # writes the accumulator; the one that writes a slot follows it
    t.p_acc = has_acc  # or `op` writes a slot
    t.p_relation = NO_RELATION  # or set by who knows, with p_mode, the place of its operands' mode in a16.csv
    t.p_pc = t.pc
    t.p_count = count
    t.p_1 = a
    t.p_2 = b
    t.p_3 = c


def start(t, op, count=0, a=0, b=0, c=0, d=0):
    """Emits an operation that is no operand, with `count` of its operands."""
    if t.pending >= 0:
        flush(t)
    emit(t, op, t.pc, count, a, b, c, d)


def finish(t, op):
    """Emits the pending operation as `op`, less its destination."""
    t.pending = -1
    emit(t, op, t.p_pc, t.p_count, t.p_1, t.p_2, t.p_3)


def finish_slot(t, slot):
    """Emits the pending operation; its result goes to `slot`."""
    t.pending = -1
    op = t.p_op
    if t.p_acc:
        op += 1
        if op == _I32_ADD_SI_S and t.last_op == op:
            replace_last(t, _I32_ADD2)
            put(t, t.p_1)
            put(t, t.p_2)
            put(t, slot)
            return
    count = t.p_count
    if count == 2:
        emit(t, op, t.p_pc, 3, t.p_1, t.p_2, slot)
    elif count == 1:
        emit(t, op, t.p_pc, 2, t.p_1, slot)
    elif count == 3:
        emit(t, op, t.p_pc, 4, t.p_1, t.p_2, t.p_3, slot)
    else:
        emit(t, op, t.p_pc, 1, slot)
    t.last_to = slot


def flush(t):
    """Stores the pending operation's result in its home."""
    i = t.pending
    finish_slot(t, t.slots[i])
    t.kinds[i] = SLOT


def in_acc(t, i):
    """True if operand i is in the accumulator from here on; it was pending."""
    if t.kinds[i] != PENDING:
        return False
    if not t.p_acc:
        flush(t)
        return False
    finish(t, t.p_op)
    return True


def is_pending(t, i):
    """True if in_acc(i) would be."""
    return t.kinds[i] == PENDING and t.p_acc


def is_sum(t, i):
    """True if operand i is pending, and the sum of a slot or the accumulator and a short constant."""
    return t.kinds[i] == PENDING and (t.p_op == _I32_ADD_SI_A or t.p_op == _I32_ADD_AI_A)


def pay(t, units):
    """Operations that take much longer than their code is are paid for before the first since the last label, together."""
    if t.dead or not units:
        return
    if t.paid:
        total = patch(t, t.paid, 0) + units
        if total <= _MAX_PAID:
            patch(t, t.paid, total)
            return
        patch(t, t.paid, total - units)
    start(t, _PAY)
    t.paid = t.n
    put(t, units)


# Where operands are


def is_short(t, i):
    """True if operand i is a constant that fits a signed halfword."""
    return t.kinds[i] == CONST and -0x8000 <= t.values[i] < 0x8000


def home(t, i):
    """Brings operand i to its home."""
    kind = t.kinds[i]
    if kind == SLOT:
        return
    if kind == PENDING:
        flush(t)
        return
    if i > t.pending >= 0:
        flush(t)  # it may read what stands in this home
    _move(t, i, t.slots[i])
    if kind == LOCAL and i < t.sp:
        below = t.below[i]
        x = t.values[i]
        if t.heads[x] == i + 1:
            t.heads[x] = below
        else:
            t.below[t.above[i] - 1] = below
            if below:
                t.above[below - 1] = t.above[i]
    t.kinds[i] = SLOT


def home_from(t, height):
    """Brings home all operands from index `height` on."""
    settled = t.settled
    for i in range(settled if height <= settled else height, t.sp):
        home(t, i)
    if height <= settled:
        t.settled = t.sp


def slot_of(t, i):
    """Byte offset of a slot that holds operand i."""
    kind = t.kinds[i]
    if kind == LOCAL:
        return t.local_slots[t.values[i]]
    if kind != SLOT:
        home(t, i)
    return t.slots[i]


def move_to(t, i, slot):
    """Emits what brings operand i into `slot`."""
    if t.kinds[i] == PENDING:
        finish_slot(t, slot)
        t.kinds[i] = SLOT
        return
    if t.pending >= 0:
        flush(t)
    _move(t, i, slot)


def _move(t, i, slot):
    wide = t.types[i] == _I64 or t.types[i] == _F64
    kind = t.kinds[i]
    value = t.values[i]
    if kind == CONST:
        low = value & 0xFFFF
        if -0x8000 <= value < 0x8000:
            emit(t, _I64_MOV_I_S if wide else _I32_MOV_I_S, t.pc, 2, low, slot)
        elif wide:
            emit(t, _I64_CONST, t.pc, 4, low, value >> 16 & 0xFFFF, value >> 32 & 0xFFFF, value >> 48 & 0xFFFF)
            put(t, slot)
        else:
            emit(t, _I32_CONST, t.pc, 3, low, value >> 16 & 0xFFFF, slot)
        return
    here = t.local_slots[value] if kind == LOCAL else t.slots[i]
    if here != slot:
        if wide:
            emit(t, _I64_MOV, t.pc, 2, here, slot)
        elif t.last_op == _I32_MOV_S_S:
            replace_last(t, _I32_MOV2)
            put(t, here)
            put(t, slot)
        else:
            emit(t, _I32_MOV_S_S, t.pc, 2, here, slot)


def save_local(t, x):
    """Brings home the operands that are still in local x, which is about to change."""
    heads = t.heads
    while heads[x]:
        home(t, heads[x] - 1)
