"""Structured control of a body: control frames, blocks, branches, calls (core specification 3.3.8, appendix).

Every way into a label finds its operands in the same homes: blocks begin with all operands at home, branches carry
theirs to where the label wants them.
"""

from micropython import const

from .emit import EQZ, LOCAL, PENDING, SLOT, Emitter
from .errors import Invalid, Malformed, Unsupported
from .types import valtype

# A16 numbers, from scripts/make_tables.py
_UNREACHABLE = const(2)
_RETURN = const(4)
_BR = const(5)
_BR_IF = const(7)
_BR_UNLESS = const(11)
_BR_I32_EQ = const(15)
_BR_TABLE = const(95)
_CALL = const(97)
_CALL_IMPORT = const(98)
_CALL_INDIRECT = const(99)
# end of A16 numbers

_I32 = const(0x7F)
_I64 = const(0x7E)
_F64 = const(0x7C)

# A control frame (appendix, validation algorithm) is a list.
_KIND = const(0)  # the instruction that opened it; BODY
_HEIGHT = const(1)
_SLOT = const(2)  # byte offset of the first home above _HEIGHT: where a branch's operands go
_PARAMS = const(3)
_RESULTS = const(4)
_LABEL = const(5)  # loop: position of its start; else chain of the branches to its end
_DEAD = const(6)  # it began in dead code
_ELSE = const(7)  # if: chain of the branch to its else
_ENDLESS = const(8)  # a branch was passed: operands of any type may be popped (appendix: unreachable)

BODY = 0
_LOOP = const(3)
_IF = const(4)

# Relations eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u: which of them says not.
INVERSE = b"\x01\x00\x08\x09\x06\x07\x04\x05\x02\x03"


class Control(Emitter):
    """What Translator needs of control. It sets module, type_id and reader."""

    # Operands and types

    def pop(self, want):
        """Index of the operand that was the top, of type `want` or _ANY; -1 in dead code if nothing pushed it."""
        i = self.sp - 1
        if i < self.control[_HEIGHT]:
            if self.control[_ENDLESS]:
                return -1
            raise Invalid("type mismatch: an operand is missing", self.pc)
        have = self.types[i]
        if want and have and have != want:
            raise Invalid("type mismatch", self.pc)
        if self.kinds[i] == LOCAL:
            self.refs[self.values[i]] -= 1
        self.sp = i
        self.top = self.slots[i]
        return i

    def _pop_types(self, types):
        for i in range(len(types) - 1, -1, -1):
            self.pop(types[i])

    def _push_types(self, types):
        for t in types:
            self.push(t, SLOT)

    def _die(self):
        """What follows, up to the end of the block, cannot be reached."""
        self.drop_to(self.control[_HEIGHT])
        self.control[_ENDLESS] = self.dead = True

    # Blocks

    def _open(self, kind, params, results, otherwise=0):
        label = self.n if kind == _LOOP else 0
        self.control = [kind, self.sp, self.top, params, results, label, self.dead, otherwise, False]
        self.controls.append(self.control)
        self._push_types(params)

    def _blocktype(self):
        byte = self.reader.peek()
        if byte == 0x40:
            self.reader.u8()
            return b"", b""
        if 0x40 < byte < 0x80:
            return b"", bytes([valtype(self.reader)])
        index = self.reader.s33()
        if index < 0:
            raise Malformed("malformed block type", self.pc)
        if index >= len(self.module.types):
            raise Invalid("unknown type %d" % index, self.pc)
        return self.module.types[index]

    def _block(self, kind=2):
        params, results = self._blocktype()
        self._settle(params)
        self._open(kind, params, results)

    def _loop(self):
        self._block(_LOOP)

    def _if(self):
        params, results = self._blocktype()
        c = self.pop(_I32)
        self._settle(params)
        otherwise = 0
        if not self.dead:
            self._branch_on(c, True, 0)
            otherwise = self.put_chained(0)
        self._open(_IF, params, results, otherwise)

    def _settle(self, params):
        """Brings all operands home, then pops a block's parameters: every way into a label finds the same."""
        if not self.dead:
            self._check_types(params)
            self.home_from(self.control[_HEIGHT])
        self._pop_types(params)

    def _else(self):
        control = self.control
        if control[_KIND] != _IF or control[_ELSE] < 0:
            raise Malformed("else without if", self.pc)
        self._close(control)
        if not self.dead:
            self.start(_BR)
            control[_LABEL] = self.put_chained(control[_LABEL])
        self.resolve(control[_ELSE])
        control[_ELSE] = -1
        control[_ENDLESS] = False
        self.dead = control[_DEAD]
        self._push_types(control[_PARAMS])

    def _end(self):
        control = self.control
        self._close(control)
        if control[_KIND] == _IF and control[_ELSE] >= 0:
            if control[_PARAMS] != control[_RESULTS]:
                raise Invalid("type mismatch: an if without else", self.pc)
            self.resolve(control[_ELSE])
        if control[_KIND] != _LOOP:
            self.resolve(control[_LABEL])
        self.controls.pop()
        if not self.controls:
            if not self.dead or control[_LABEL]:
                self.start(_RETURN)
            return
        self.control = self.controls[-1]
        self.dead = control[_DEAD]
        self._push_types(control[_RESULTS])

    def _close(self, control):
        """The block's results are the operands: bring them to where a branch to its end would."""
        results = control[_RESULTS]
        if not self.dead:
            if self.sp != control[_HEIGHT] + len(results):
                raise Invalid(
                    "type mismatch: %d operands at the end of a block" % (self.sp - control[_HEIGHT]), self.pc
                )
            if control[_KIND] == BODY:
                self._check_types(results)
                self._carry(control, results)
                self._pop_types(results)
                return
            self.home_from(control[_HEIGHT])
        self._pop_types(results)
        if self.sp != control[_HEIGHT]:
            raise Invalid("type mismatch: operands left at the end of a block", self.pc)

    # Branches

    def _target(self, depth):
        if depth >= len(self.controls):
            raise Invalid("unknown label %d" % depth, self.pc)
        control = self.controls[-1 - depth]
        return control, control[_PARAMS] if control[_KIND] == _LOOP else control[_RESULTS]

    def _check_types(self, types):
        """Checks the types of the top operands, and leaves them."""
        sp = self.sp
        for i in range(len(types) - 1, -1, -1):
            sp -= 1
            if sp < self.control[_HEIGHT]:
                if self.control[_ENDLESS]:
                    return
                raise Invalid("type mismatch: an operand is missing", self.pc)
            if self.types[sp] and self.types[sp] != types[i]:
                raise Invalid("type mismatch", self.pc)

    def _in_place(self, control, types):
        """True if the top operands are where a branch to `control` has to bring them."""
        first = self.sp - len(types)
        for i in range(first, self.sp):
            if self.kinds[i] != SLOT:
                return False
        return not types or self.slots[first] == control[_SLOT] and control[_KIND] != BODY

    def _carry(self, control, types):
        """Brings the top operands to where a branch to `control` has to."""
        to = 0 if control[_KIND] == BODY else control[_SLOT]
        first = self.sp - len(types)
        if len(types) > 1:
            self.home_from(first)
        for i in range(first, self.sp):
            self.move_to(i, to)
            to += 8 if self.types[i] == _I64 or self.types[i] == _F64 else 4
        if to > self.frame:
            self.frame = to

    def _jump(self, control, types):
        """Emits a branch to `control`, its operands in place."""
        if control[_KIND] == BODY and types:
            self.start(_RETURN)
        elif control[_KIND] == _LOOP:
            self.start(_BR + 1)
            self.put_back(control[_LABEL])
        else:
            self.start(_BR)
            control[_LABEL] = self.put_chained(control[_LABEL])

    def _branch_on(self, i, inverse, back):
        """Emits a conditional branch less its distance: on operand i, or with `inverse` on its being zero."""
        if self.kinds[i] == PENDING:
            relation = self.p_relation
            if relation >= 0:
                if inverse:
                    relation = INVERSE[relation]
                self.finish(_BR_I32_EQ + 8 * relation + 2 * self.p_mode + back)
                return
            if relation == EQZ:
                self.finish((_BR_IF if inverse else _BR_UNLESS) + 2 * self.p_mode + back)
                return
        op = (_BR_UNLESS if inverse else _BR_IF) + back
        if self.in_acc(i):
            self.start(op)
        else:
            slot = self.slot_of(i)
            self.start(op + 2)
            self.put(slot)

    def _br(self, depth=-1):
        control, types = self._target(self.reader.u32() if depth < 0 else depth)
        self._check_types(types)
        if not self.dead:
            self._carry(control, types)
            self._jump(control, types)
        self._die()

    def _return(self):
        self._br(len(self.controls) - 1)

    def _br_if(self):
        control, types = self._target(self.reader.u32())
        c = self.pop(_I32)
        self._check_types(types)
        if self.dead:
            self._pop_types(types)
            self._push_types(types)
            return
        if self.pending >= 0 and self.pending != c:
            self.flush()
        if self._in_place(control, types):
            back = control[_KIND] == _LOOP
            self._branch_on(c, False, 1 if back else 0)
            if back:
                self.put_back(control[_LABEL])
            else:
                control[_LABEL] = self.put_chained(control[_LABEL])
            return
        if len(types) > 1:
            self.home_from(self.sp - len(types))
        self._branch_on(c, True, 0)
        around = self.put_chained(0)
        self._carry(control, types)
        self._jump(control, types)
        self.resolve(around)

    def _br_table(self):
        reader = self.reader
        c = self.pop(_I32)
        count = reader.count()
        start = reader.at
        types = None
        if not self.dead:
            self.home_from(self.control[_HEIGHT])
            if self.in_acc(c):
                self.start(_BR_TABLE)
            else:
                slot = self.slot_of(c)
                self.start(_BR_TABLE + 1)
                self.put(slot)
            self.put(count)
        ways = {}  # depth -> chain of the entries that have to carry operands first
        for _ in range(count + 1):
            depth = reader.u32()
            control, wanted = self._target(depth)
            if types is not None and len(wanted) != len(types):
                raise Invalid("type mismatch: labels of different arity", start)
            types = wanted
            self._check_types(types)
            if self.dead:
                continue
            if self.n > 0xFF00:
                raise Unsupported("function of more than 65,280 halfwords of code", self.pc)
            if not self._in_place(control, types):
                self.put(ways.get(depth, 0))
                ways[depth] = self.n - 1
            elif control[_KIND] == _LOOP:
                self.put(self._distance(self.n, control[_LABEL]))
            else:
                self.put(control[_LABEL])
                control[_LABEL] = self.n - 1
        for depth in ways:
            self.resolve(ways[depth])
            control, types = self._target(depth)
            self._carry(control, types)
            self._jump(control, types)
        self._die()

    def _unreachable(self):
        if not self.dead:
            self.start(_UNREACHABLE)
        self._die()

    # Calls

    def _call(self):
        module = self.module
        x = self.reader.u32()
        if x >= len(module.functions):
            raise Invalid("unknown function %d" % x, self.pc)
        params, results = module.types[module.functions[x]]
        first = self._arguments(params)
        if not self.dead:
            own = x - module.imported[0]
            self.start(_CALL if own >= 0 else _CALL_IMPORT)
            self.put(3 * own if own >= 0 else x)
            self.put(first)
        self._push_types(results)

    def _call_indirect(self):
        module = self.module
        typeidx = self.reader.u32()
        table = self.reader.u32()
        if table >= len(module.tables):
            raise Invalid("unknown table %d" % table, self.pc)
        if typeidx >= len(module.types):
            raise Invalid("unknown type %d" % typeidx, self.pc)
        if module.tables[table][0] != 0x70:
            raise Invalid("type mismatch: the table does not hold functions", self.pc)
        c = self.pop(_I32)
        if not self.dead and self.kinds[c] != LOCAL:
            self.home(c)
        params, results = module.types[typeidx]
        first = self._arguments(params)
        if not self.dead:
            index = self.slot_of(c)
            self.start(_CALL_INDIRECT)
            self.put(table)
            self.put(self.type_id(typeidx))
            self.put(first)
            self.put(index)
        self._push_types(results)

    def _arguments(self, params):
        """Pops the arguments of a call, brings them home. Returns the byte offset of the first."""
        self._pop_types(params)
        if not self.dead:
            for i in range(self.sp, self.sp + len(params)):
                self.home(i)
        return self.top
