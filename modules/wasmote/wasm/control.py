"""Structured control of a body: control frames, blocks, branches, calls (core specification 3.3.8, appendix).

Every way into a label finds its operands in the same homes: blocks begin with all operands at home, branches carry
theirs to where the label wants them.
"""

from micropython import const

from .emit import label, put, put_back, put_chained, replace_last, resolve
from .errors import Invalid, Malformed, Unsupported
from .operands import (
    EQZ,
    LOCAL,
    PENDING,
    SLOT,
    check_types,
    drop_to,
    finish,
    flush,
    home,
    home_from,
    in_acc,
    move_to,
    pop,
    pop_types,
    push_types,
    slot_of,
    start,
)
from .types import valtype

_MAX_OWN = const(21845)  # of the records that a halfword counts words of

# A16 numbers, from scripts/make_tables.py
_UNREACHABLE = const(2)
_RETURN = const(5)
_BR = const(6)
_BR_IF = const(8)
_BR_IF_A_B = const(9)
_BR_UNLESS = const(12)
_BR_I32_EQ = const(16)
_BR_TABLE = const(96)
_CALL = const(98)
_CALL_IMPORT = const(99)
_CALL_INDIRECT = const(100)
_I32_ADD_SI_S = const(278)
_I32_ADD_BR_IF = const(646)
_I32_ADD_BR_NE = const(647)
_I32_ADD_BR_NE_SHORT = const(648)
# end of A16 numbers

# Numbers of the C engine, from scripts/make_tables.py
_MAX_CODE = const(65280)
# end of numbers
_I32 = const(0x7F)
_I64 = const(0x7E)
_F64 = const(0x7C)

# A control frame (appendix, validation algorithm) is a list.
_KIND = const(0)  # the instruction that opened it, or _BODY
_FLOOR = const(1)  # operands below it are none of this block's
_SLOT = const(2)  # byte offset of the first home above the floor: where a branch's operands go
_PARAMS = const(3)
_RESULTS = const(4)
_LABEL = const(5)  # loop: position of its start; else chain of the branches to its end
_DEAD = const(6)  # it began in dead code
_ELSE = const(7)  # if: chain of the branch to its else
_ENDLESS = const(8)  # Emitter.endless
_WAY = const(9)  # chain of a br_table's entries that have to carry operands here; 0 between instructions

_NE = const(1)  # relation
_BODY = const(0)
_BLOCK = const(2)
_LOOP = const(3)
_IF = const(4)

# Relations eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u: which of them says not.
INVERSE = b"\x01\x00\x08\x09\x06\x07\x04\x05\x02\x03"


# Blocks


def open_body(t, results):
    """Begins with a body, whose label takes `results`."""
    t.controls = []
    _open(t, _BODY, b"", results)


def _open(t, kind, params, results, otherwise=0):
    first = 0
    if kind == _LOOP:
        first = t.n
        label(t)
    t.control = [kind, t.sp, t.top, params, results, first, t.dead, otherwise, False, 0]
    t.controls.append(t.control)
    t.floor = t.sp
    t.endless = False
    push_types(t, params)


def _blocktype(t):
    byte = t.reader.peek()
    if byte == 0x40:
        t.reader.u8()
        return b"", b""
    if 0x40 < byte < 0x80:
        return b"", bytes([valtype(t.reader)])
    index = t.reader.s33()
    if index < 0:
        raise Malformed("malformed block type", t.pc)
    if index >= len(t.module.types):
        raise Invalid("unknown type %d" % index, t.pc)
    return t.module.types[index]


def nop(t, op, row):
    """Becomes nothing."""


def block(t, op, row):
    """block, loop"""
    params, results = _blocktype(t)
    _settle(t, params)
    _open(t, op, params, results)
    return t.owed


loop = block


def if_(t, op, row):
    """if: branches to its else, or else to its end."""
    params, results = _blocktype(t)
    c = pop(t, _I32)
    _settle(t, params)
    otherwise = 0
    if not t.dead:
        _branch_on(t, c, True, 0)
        otherwise = put_chained(t, 0)
    _open(t, _IF, params, results, otherwise)
    return t.owed


def _settle(t, params):
    """Brings all operands home, then pops a block's parameters: every way into a label finds the same."""
    if not t.dead:
        check_types(t, params)
        home_from(t, t.floor)
    pop_types(t, params)


def else_(t, op, row):
    control = t.control
    if control[_KIND] != _IF or control[_ELSE] < 0:
        raise Malformed("else without if", t.pc)
    _close(t, control)
    if not t.dead:
        start(t, _BR)
        control[_LABEL] = put_chained(t, control[_LABEL])
    resolve(t, control[_ELSE])
    control[_ELSE] = -1
    t.endless = control[_ENDLESS] = False
    t.dead = control[_DEAD]
    push_types(t, control[_PARAMS])
    return t.owed


def end(t, op, row):
    """end"""
    control = t.control
    _close(t, control)
    if control[_KIND] == _IF and control[_ELSE] >= 0:
        if control[_PARAMS] != control[_RESULTS]:
            raise Invalid("type mismatch: an if without else", t.pc)
        resolve(t, control[_ELSE])
    t.paid = 0  # what was paid in a loop is paid again and again
    if control[_KIND] != _LOOP:
        resolve(t, control[_LABEL])
    t.controls.pop()
    if not t.controls:
        if not t.dead or control[_LABEL]:
            start(t, _RETURN)
        return True
    t.dead = control[_DEAD]
    results = control[_RESULTS]
    t.control = control = t.controls[-1]
    t.floor = control[_FLOOR]
    t.endless = control[_ENDLESS]
    push_types(t, results)
    return t.chain or t.owed


def _close(t, control):
    """The block's results are the operands: bring them to where a branch to its end would."""
    results = control[_RESULTS]
    if not t.dead:
        if t.sp != t.floor + len(results):
            raise Invalid("type mismatch: %d operands at the end of a block" % (t.sp - t.floor), t.pc)
        if control[_KIND] == _BODY:
            check_types(t, results)
            _carry(t, control, results)
            pop_types(t, results)
            return
        home_from(t, t.floor)
    pop_types(t, results)
    if t.sp != t.floor:
        raise Invalid("type mismatch: operands left at the end of a block", t.pc)


def _die(t):
    """What follows, up to the end of the block, cannot be reached."""
    drop_to(t, t.floor)
    t.control[_ENDLESS] = t.endless = t.dead = True


# Branches


def unreachable(t, op, row):
    if not t.dead:
        start(t, _UNREACHABLE)
    _die(t)


def _target(t, depth):
    if depth >= len(t.controls):
        raise Invalid("unknown label %d" % depth, t.pc)
    control = t.controls[-1 - depth]
    return control, control[_PARAMS] if control[_KIND] == _LOOP else control[_RESULTS]


def _at_label(t, control, types):
    """True if the top operands have their homes where a branch to `control` has to bring them."""
    return not types or t.slots[t.sp - len(types)] == control[_SLOT] and control[_KIND] != _BODY


def _in_place(t, control, types):
    """True if the top operands are where a branch to `control` has to bring them."""
    for i in range(t.sp - len(types), t.sp):
        if t.kinds[i] != SLOT:
            return False
    return _at_label(t, control, types)


def _carry(t, control, types):
    """Brings the top operands to where a branch to `control` has to."""
    t.owed += len(types) >> 1
    to = 0 if control[_KIND] == _BODY else control[_SLOT]
    first = t.sp - len(types)
    if len(types) > 1:
        home_from(t, first)
    for i in range(first, t.sp):
        move_to(t, i, to)
        to += 8 if t.types[i] == _I64 or t.types[i] == _F64 else 4
    if to > t.frame:
        t.frame = to


def _jump(t, control, types):
    """Emits a branch to `control`, its operands in place."""
    if control[_KIND] == _BODY and types:
        start(t, _RETURN)
    elif control[_KIND] == _LOOP:
        start(t, _BR + 1)
        put_back(t, control[_LABEL])
    else:
        start(t, _BR)
        control[_LABEL] = put_chained(t, control[_LABEL])


def _branch_on(t, i, inverse, back):
    """Emits a conditional branch less its distance: on operand i, or with `inverse` on its being zero."""
    if t.kinds[i] == PENDING:
        relation = t.p_relation
        if relation >= 0:
            if inverse:
                relation = INVERSE[relation]
            elif back and relation == _NE and t.last_op == _I32_ADD_SI_S and _add_and_branch(t):
                return
            finish(t, _BR_I32_EQ + 8 * relation + 2 * t.p_mode + back)
            return
        if relation == EQZ:
            finish(t, (_BR_IF if inverse else _BR_UNLESS) + 2 * t.p_mode + back)
            return
    op = (_BR_UNLESS if inverse else _BR_IF) + back
    if in_acc(t, i):
        start(t, op)
    else:
        slot = slot_of(t, i)
        if op == _BR_IF_A_B and t.last_op == _I32_ADD_SI_S and slot == t.last_to:
            replace_last(t, _I32_ADD_BR_IF)
            return
        start(t, op + 2, 1, slot)


def _add_and_branch(t):
    """Makes the pending `ne` a part of the addition emitted last, if it compares its sum. True if it does."""
    if t.p_mode == 0 and t.p_2 == t.last_to:
        number, other = _I32_ADD_BR_NE, t.p_1
    elif t.p_1 == t.last_to and (t.p_mode == 0 or t.p_mode == 2):
        number, other = _I32_ADD_BR_NE if t.p_mode == 0 else _I32_ADD_BR_NE_SHORT, t.p_2
    else:
        return False
    t.pending = -1
    replace_last(t, number)
    put(t, other)
    return True


def br(t, op, row):
    """br"""
    return _br(t, t.reader.u32())


def return_(t, op, row):
    """return: a branch to the body's label."""
    return _br(t, len(t.controls) - 1)


def _br(t, depth):
    control, types = _target(t, depth)
    check_types(t, types)
    if not t.dead:
        _carry(t, control, types)
        _jump(t, control, types)
    _die(t)
    return t.owed


def br_if(t, op, row):
    control, types = _target(t, t.reader.u32())
    c = pop(t, _I32)
    check_types(t, types)
    if t.dead:
        pop_types(t, types)
        push_types(t, types)
        return t.owed
    if t.pending >= 0 and t.pending != c:
        flush(t)
    if _in_place(t, control, types):
        back = control[_KIND] == _LOOP
        _branch_on(t, c, False, 1 if back else 0)
        if back:
            put_back(t, control[_LABEL])
        else:
            control[_LABEL] = put_chained(t, control[_LABEL])
        return t.owed
    if len(types) > 1:
        home_from(t, t.sp - len(types))
    _branch_on(t, c, True, 0)
    around = put_chained(t, 0)
    _carry(t, control, types)
    _jump(t, control, types)
    resolve(t, around)
    return t.owed


def br_table(t, op, row):
    """br_table: its entries are to come."""
    c = pop(t, _I32)
    count = t.reader.count()
    t.entries_at = t.reader.at
    if not t.dead:
        home_from(t, t.floor)
        if in_acc(t, c):
            start(t, _BR_TABLE, 1, count)
        else:
            start(t, _BR_TABLE + 1, 2, slot_of(t, c), count)
    t.entries = count + 2  # the default's too, and the ways
    t.arity = -1
    t.wanted = None  # what the last label takes
    t.ways = []  # labels that some entries have to carry operands to first
    t.done_ways = 0
    return True


def table_part(t):
    """The next entry of a br_table, then the next way to a label of its."""
    if t.entries > 1:
        t.entries -= 1
        _entry(t)
    elif t.done_ways < len(t.ways):
        control = t.ways[t.done_ways]  # pop(0) would move all that follow
        t.done_ways += 1
        resolve(t, control[_WAY])
        control[_WAY] = 0
        types = control[_PARAMS] if control[_KIND] == _LOOP else control[_RESULTS]
        _carry(t, control, types)
        _jump(t, control, types)
    else:
        t.entries = 0
        _die(t)


def _entry(t):
    control, types = _target(t, t.reader.u32())
    if t.arity >= 0 and len(types) != t.arity:
        raise Invalid("type mismatch: labels of different arity", t.entries_at)
    if types != t.wanted:
        t.arity = len(types)
        t.wanted = types
        check_types(t, types)
    if t.dead:
        return
    if t.n > _MAX_CODE:
        raise Unsupported("function of more than 65,280 halfwords of code", t.pc)
    if not _at_label(t, control, types):  # all are at home
        if not control[_WAY]:
            t.ways.append(control)
        control[_WAY] = put_chained(t, control[_WAY])
    elif control[_KIND] == _LOOP:
        put_back(t, control[_LABEL])
    else:
        control[_LABEL] = put_chained(t, control[_LABEL])


# Calls


def call(t, op, row):
    module = t.module
    x = t.reader.u32()
    if x >= len(module.functions):
        raise Invalid("unknown function %d" % x, t.pc)
    params, results = module.types[module.functions[x]]
    first = _arguments(t, params)
    if not t.dead:
        own = x - module.imported[0]
        if own > _MAX_OWN or x > 0xFFFF:
            raise Unsupported("call of function %d" % x, t.pc)
        if own >= 0:
            start(t, _CALL, 2, 3 * own, first)
        else:
            start(t, _CALL_IMPORT, 2, x, first)
    push_types(t, results)
    return t.owed


def call_indirect(t, op, row):
    module = t.module
    typeidx = t.reader.u32()
    table = t.reader.u32()
    if table >= len(module.tables):
        raise Invalid("unknown table %d" % table, t.pc)
    if typeidx >= len(module.types):
        raise Invalid("unknown type %d" % typeidx, t.pc)
    if module.tables[table][0] != 0x70:
        raise Invalid("type mismatch: the table does not hold functions", t.pc)
    c = pop(t, _I32)
    if not t.dead and t.kinds[c] != LOCAL:
        home(t, c)
    params, results = module.types[typeidx]
    first = _arguments(t, params)
    if not t.dead:
        start(t, _CALL_INDIRECT, 4, table, t.type_ids[typeidx], first, slot_of(t, c))
    push_types(t, results)
    return t.owed


def _arguments(t, params):
    """Pops the arguments of a call, brings them home. Returns the byte offset of the first."""
    pop_types(t, params)
    if not t.dead:
        for i in range(t.sp, t.sp + len(params)):
            home(t, i)
    return t.top
