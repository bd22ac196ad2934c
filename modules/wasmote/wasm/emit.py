"""A16 code of one function body: the operand stack as the translator sees it, and the code it becomes.

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

from .errors import Invalid, Unsupported

# A16 numbers, from scripts/make_tables.py
_I32_MOV = const(100)
_I32_MOV_S_S = const(101)
_I32_CONST = const(103)
_I64_MOV = const(104)
_I64_CONST = const(106)
_I32_ADD_SI_A = const(276)
_I32_ADD_SI_S = const(277)
_I32_ADD_AI_A = const(278)
_I32_MOV2 = const(643)
_I32_ADD2 = const(644)
# end of A16 numbers

NOTHING = const(-1)  # last_op where a label is: what comes next is no pair with what came before

SLOT = const(0)
LOCAL = const(1)
CONST = const(2)
PENDING = const(3)

NO_RELATION = const(-1)  # what a pending operation compares: a relation's number, or one of these
EQZ = const(-2)

ANY = const(0)  # type of an operand in dead code that nothing pushed
_I64 = const(0x7E)
_F64 = const(0x7C)
_MAX_FRAME = const(0xFF00)
_PAGE = const(512)  # halfwords
_IN_PAGE = const(511)


class Emitter:
    """Writes the code of one body after the other into one buffer."""

    def __init__(self, handlers):
        self.handlers = array("H", handlers)
        self.pages = [array("H", bytes(2 * _PAGE))]  # of code: no block of a board's heap has to be larger
        self.types = bytearray(32)
        self.kinds = bytearray(32)
        self.values = [0] * 32  # local index or constant
        self.slots = array("H", bytes(64))  # byte offset of the home
        self.find = -1  # locate(): position in the code whose instruction is wanted
        self.reset()

    def reset(self):
        self.n = 0  # halfwords of code
        self.page = self.pages[0]  # where the next one goes
        self.sp = 0
        self.top = 0  # byte offset of the next home
        self.frame = 0
        self.pc = 0  # offset of the instruction in the file
        self.found = 0
        self.last = 0  # where the operation emitted last begins, and which it is: some pairs become one
        self.last_op = NOTHING
        self.last_to = 0  # where it puts its result, if it was the pending one
        self.pending = -1
        self.local_slots = array("H")
        self.refs = array("H")  # operands that are still in this local
        self.floor = 0  # operands below belong to outer blocks
        self.endless = False  # a branch was passed: operands of any type may be popped (appendix: unreachable)
        self.dead = False  # nothing is emitted

    # Operands and their types

    def push(self, valtype, kind, value=0):
        i = self.sp
        if i == len(self.values):
            self.types.extend(bytes(32))
            self.kinds.extend(bytes(32))
            self.values.extend([0] * 32)
            self.slots.extend(array("H", bytes(64)))
        self.types[i] = valtype
        self.kinds[i] = kind
        self.values[i] = value
        self.slots[i] = self.top
        self.top += 8 if valtype == _I64 or valtype == _F64 else 4
        if self.top > self.frame:
            if self.top > _MAX_FRAME:
                raise Unsupported("function with a frame of more than 65,280 bytes", self.pc)
            self.frame = self.top
        if kind == LOCAL:
            self.refs[value] += 1
        self.sp = i + 1

    def pop(self, want):
        """Index of the operand that was the top, of type `want` or ANY; -1 in dead code if nothing pushed it."""
        i = self.sp - 1
        if i < self.floor:
            if self.endless:
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

    def push_types(self, types):
        for t in types:
            self.push(t, SLOT)

    def pop_types(self, types):
        for i in range(len(types) - 1, -1, -1):
            self.pop(types[i])

    def check_types(self, types):
        """Checks the types of the top operands, and leaves them."""
        sp = self.sp
        for i in range(len(types) - 1, -1, -1):
            sp -= 1
            if sp < self.floor:
                if self.endless:
                    return
                raise Invalid("type mismatch: an operand is missing", self.pc)
            if self.types[sp] and self.types[sp] != types[i]:
                raise Invalid("type mismatch", self.pc)

    def drop_to(self, height):
        """Forgets operands down to `height`."""
        while self.sp > height:
            self.sp -= 1
            i = self.sp
            if self.kinds[i] == LOCAL:
                self.refs[self.values[i]] -= 1
            self.top = self.slots[i]

    # Operations: emit(), then put() each halfword.

    def start(self, op):
        if self.pending >= 0:
            self.flush()
        self.emit(op, self.pc)

    def emit(self, op, pc):
        n = self.n
        if n > 0xFF00:
            raise Unsupported("function of more than 65,280 halfwords of code", pc)
        if n <= self.find:
            self.found = pc
        self.last = n
        self.last_op = op
        self.put(self.handlers[op])

    def replace_last(self, op):
        """Makes `op` of the operation emitted last; more operands follow it."""
        self.patch(self.last, self.handlers[op])
        self.last_op = op

    def put(self, halfword):
        n = self.n
        self.page[n & _IN_PAGE] = halfword & 0xFFFF
        self.n = n = n + 1
        if not n & _IN_PAGE:
            if n >> 9 == len(self.pages):
                self.pages.append(array("H", bytes(2 * _PAGE)))
            self.page = self.pages[n >> 9]

    def patch(self, n, halfword):
        """Writes halfword n again. Returns what stood there."""
        page = self.pages[n >> 9]
        before = page[n & _IN_PAGE]
        page[n & _IN_PAGE] = halfword & 0xFFFF
        return before

    def copy_code(self, put, at):
        """Hands the code to put(offset, halfwords), from offset `at` on."""
        for n in range(0, self.n, _PAGE):
            put(at + 2 * n, memoryview(self.pages[n >> 9])[: min(_PAGE, self.n - n)])

    # The pending operation

    def defer(self, valtype, op, has_acc, mode=0, relation=NO_RELATION):
        """Makes `op` the pending operation, its result the new top. Operands are added by operand()."""
        if self.pending >= 0:
            self.flush()
        self.push(valtype, PENDING)
        self.pending = self.sp - 1
        self.p_op = op  # writes the accumulator; the one that writes a slot follows it
        self.p_acc = has_acc  # or `op` writes a slot
        self.p_mode = mode
        self.p_relation = relation
        self.p_pc = self.pc
        self.p_count = 0
        self.p_1 = self.p_2 = self.p_3 = self.p_4 = 0

    def operand(self, halfword):
        count = self.p_count = self.p_count + 1
        if count == 1:
            self.p_1 = halfword
        elif count == 2:
            self.p_2 = halfword
        elif count == 3:
            self.p_3 = halfword
        else:
            self.p_4 = halfword

    def finish(self, op):
        """Emits the pending operation as `op`, less its destination."""
        self.pending = -1
        if op == _I32_ADD_SI_S and self.last_op == op:
            self.replace_last(_I32_ADD2)
        else:
            self.emit(op, self.p_pc)
        count = self.p_count
        if count:
            self.put(self.p_1)
            if count > 1:
                self.put(self.p_2)
                if count > 2:
                    self.put(self.p_3)
                    if count > 3:
                        self.put(self.p_4)

    def finish_slot(self, slot):
        self.finish(self.p_op + 1 if self.p_acc else self.p_op)
        self.put(slot)
        self.last_to = slot

    def flush(self):
        """Stores the pending operation's result in its home."""
        i = self.pending
        self.finish_slot(self.slots[i])
        self.kinds[i] = SLOT

    def in_acc(self, i):
        """True if operand i is in the accumulator from here on; it was pending."""
        if self.kinds[i] != PENDING:
            return False
        if not self.p_acc:
            self.flush()
            return False
        self.finish(self.p_op)
        return True

    def is_pending(self, i):
        """True if in_acc(i) would be."""
        return self.kinds[i] == PENDING and self.p_acc

    def is_sum(self, i):
        """True if operand i is pending, and the sum of a slot or the accumulator and a short constant."""
        return self.kinds[i] == PENDING and (self.p_op == _I32_ADD_SI_A or self.p_op == _I32_ADD_AI_A)

    # Operands

    def is_short(self, i):
        """True if operand i is an i32 constant that fits a signed halfword."""
        return self.kinds[i] == CONST and -0x8000 <= self.values[i] < 0x8000

    def home(self, i):
        """Brings operand i to its home."""
        kind = self.kinds[i]
        if kind == SLOT:
            return
        if kind == PENDING:
            self.flush()
            return
        if i > self.pending >= 0:
            self.flush()  # it may read what stands in this home
        self._move(i, self.slots[i])
        if kind == LOCAL and i < self.sp:
            self.refs[self.values[i]] -= 1
        self.kinds[i] = SLOT

    def home_from(self, height):
        for i in range(height, self.sp):
            self.home(i)

    def slot_of(self, i):
        """Byte offset of a slot that holds operand i."""
        if self.kinds[i] == LOCAL:
            return self.local_slots[self.values[i]]
        self.home(i)
        return self.slots[i]

    def move_to(self, i, slot):
        """Emits what brings operand i into `slot`."""
        if self.kinds[i] == PENDING:
            self.finish_slot(slot)
            self.kinds[i] = SLOT
            return
        if self.pending >= 0:
            self.flush()
        self._move(i, slot)

    def _move(self, i, slot):
        wide = self.types[i] == _I64 or self.types[i] == _F64
        kind = self.kinds[i]
        value = self.values[i]
        pc = self.pc
        if kind == CONST:
            if -0x8000 <= value < 0x8000:
                self.emit(_I64_MOV + 1 if wide else _I32_MOV + 2, pc)
                self.put(value)
            else:
                self.emit(_I64_CONST if wide else _I32_CONST, pc)
                self.put(value)
                self.put(value >> 16)
                if wide:
                    self.put(value >> 32)
                    self.put(value >> 48)
            self.put(slot)
            return
        here = self.local_slots[value] if kind == LOCAL else self.slots[i]
        if here != slot:
            if not wide and self.last_op == _I32_MOV_S_S:
                self.replace_last(_I32_MOV2)
            else:
                self.emit(_I64_MOV if wide else _I32_MOV_S_S, pc)
            self.put(here)
            self.put(slot)

    def save_local(self, x):
        """Brings home the operands that are still in local x, which is about to change."""
        i = self.sp
        while self.refs[x]:
            i -= 1
            if self.kinds[i] == LOCAL and self.values[i] == x:
                self.home(i)

    # Labels: a chain of the halfwords that wait for one runs through the code; 0 ends it.

    def put_chained(self, chain):
        """Puts a branch's distance that is not known yet. Returns the new head of the chain."""
        at = self.n
        self.put(chain)
        return at

    def put_back(self, target):
        self.put(self.distance(self.n, target))

    def resolve(self, chain):
        """The label of this chain is here."""
        here = self.n
        if chain:
            self.last_op = NOTHING
        while chain:
            chain = self.patch(chain, self.distance(chain, here))

    def distance(self, start, target):
        if not -0x8000 <= target - start < 0x8000:
            raise Unsupported("branch over more than 32,767 halfwords of code", self.pc)
        return target - start
