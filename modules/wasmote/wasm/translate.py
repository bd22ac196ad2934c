"""Validates a function body and translates it to A16, in one pass (core specification, chapter 3 and appendix).

A body that is not valid raises before any of its code can run: that is what lets the engine trust its code. Types are
checked in dead code too, but nothing is emitted for it.
"""

from micropython import const

from .control import BODY, INVERSE, Control
from .emit import CONST, EQZ, LOCAL, NO_RELATION, PENDING, SLOT
from .errors import Invalid, Malformed, Unsupported
from .opcodes import NAMES, PREFIXED_NAMES, SIGNATURES, TABLE
from .types import valtype

# A16 numbers, from scripts/make_tables.py
_CONTROL = const(1)
_BINARY_SA = const(3)
_ENTER = const(3)
_RELATION = const(4)
_PLAIN_ACC = const(7)
_LOAD64 = const(9)
_STORE64 = const(11)
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
_MEMORY_SIZE = const(174)
_MEMORY_GROW = const(175)
# end of A16 numbers

_I32 = const(0x7F)
_I64 = const(0x7E)
_F64 = const(0x7C)
_ANY = const(0)  # type of an operand in dead code that nothing pushed
_LAST = const(0xD2)
_MAX_LOCALS = const(0x3FC0)

# Relations in the order eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u: the same with operands swapped.
_SWAPPED = b"\x00\x01\x04\x05\x02\x03\x08\x09\x06\x07"


def name_of(op, reader):
    """Mnemonic of an instruction whose first byte `op` was just read; "" if there is none."""
    names = NAMES
    if op == 0xFC:
        op = reader.u32()
        names = PREFIXED_NAMES
    elif op > _LAST:
        return {0xFB: "GC instruction", 0xFD: "SIMD instruction", 0xFE: "atomic instruction (threads)"}.get(op, "")
    elif op < 0x20 and NAMES.split(" ")[op] == "?":
        return {0x06: "try", 0x08: "throw", 0x0A: "throw_ref", 0x12: "return_call",
                0x13: "return_call_indirect", 0x14: "call_ref", 0x1F: "try_table"}.get(op, "")  # fmt: skip
    words = names.split(" ")
    return words[op] if op < len(words) and words[op] != "?" else ""


class Translator(Control):
    """Translates the bodies of one module, one after the other.

    module      a Module
    type_id     function: index of a type in the module -> the id that call_indirect compares
    handlers    the engine's first halfwords
    """

    def __init__(self, module, type_id, handlers):
        super().__init__(handlers)
        self.module = module
        self.type_id = type_id
        self.cells = global_cells(module)
        self.refused = None  # (mnemonic, offset) of the first float instruction
        self.memory_bytes = module.memories[0][0] << module.memories[0][2] if module.memories else -1

    def begin(self, index):
        """Starts with the body of the index-th function that the module defines."""
        module = self.module
        self.reset()
        self.reader = reader = module.body(index)
        params, results = module.types[module.functions[module.imported[0] + index]]
        self.local_types = bytearray(params)
        declared = self._locals(reader)
        at = 0
        for t in self.local_types:
            self.local_slots.append(at)
            self.refs.append(0)
            at += 8 if t == _I64 or t == _F64 else 4
        if at > 0xFF00:
            raise Unsupported("function with a frame of more than 65,280 bytes", reader.at)
        first = self.local_slots[len(params)] if declared else at
        self.top = self.frame = at
        self.dead = False
        self._begin(_ENTER, reader.at)
        self.put(0)
        self.put(first)
        self.put((at - first) >> 2)
        self.put(0)
        self.controls = []
        self.control = None
        self._open(BODY, b"", results)

    def _locals(self, reader):
        types = self.local_types
        before = len(types)
        for _ in range(reader.count()):
            at = reader.at
            n = reader.u32()
            t = valtype(reader)
            if len(types) + n > _MAX_LOCALS:
                if len(types) + n > 0xFFFFFFFF:
                    raise Malformed("too many locals", at)
                raise Unsupported("function with %d locals" % (len(types) + n), at)
            types.extend(bytes([t]) * n)
        return len(types) - before

    def step(self, count):
        """Translates up to `count` instructions. Returns True at the end of the body."""
        reader = self.reader
        while count:
            count -= 1
            self.pc = reader.at
            op = reader.u8()
            row = 7 * op
            shape = TABLE[row] if op <= _LAST else 0
            if op == 0x20:  # local.get
                x = self._local()
                self.push(self.local_types[x], SLOT if self.dead else LOCAL, x)
            elif op == 0x41:
                self.push(_I32, CONST, reader.s32())
            elif op == 0x42:
                self.push(_I64, CONST, reader.s64())
            elif shape == _CONTROL:
                self._CONTROLS[op](self)
                if not self.controls:
                    if reader.at != reader.end:
                        raise Malformed("unexpected content after the end of the function", reader.at)
                    self.patch(1, self.frame)
                    self.patch(4, self.n >> 3)
                    return True
            else:
                self._SHAPES[shape](self, op, row)
        return False

    def _local(self):
        x = self.reader.u32()
        if x >= len(self.local_types):
            raise Invalid("unknown local %d" % x, self.pc)
        return x

    # Numeric instructions, by shape

    def _unknown(self, op, row):
        name = name_of(op, self.reader)
        if name:
            raise Unsupported(name, self.pc)
        raise Malformed("illegal opcode 0x%x" % op, self.pc)

    def _feature(self, op, row):
        raise Unsupported("instruction " + name_of(op, self.reader), self.pc)

    def _float(self, op, row):
        # Validated like the rest, so that a module is refused for it only if nothing else is wrong.
        if not self.refused:
            self.refused = (name_of(op, self.reader), self.pc)
        if TABLE[row + 6]:
            self._memarg(row)
        elif op == 0x43:
            self.reader.f32()
        elif op == 0x44:
            self.reader.f64()
        pops, pushes = SIGNATURES[TABLE[row + 5]]
        self._pop_types(pops)
        self._push_types(pushes)

    def _binary(self, op, row):
        b = self.pop(_I32)
        a = self.pop(_I32)
        if self.dead:
            self.push(_I32, SLOT)
            return
        base = TABLE[row + 1] | TABLE[row + 2] << 8
        shape = TABLE[row]
        relation = op - 0x46 if shape == _RELATION else NO_RELATION
        swap = False
        if self.kinds[b] == PENDING:
            swap = self.p_acc and shape != _BINARY_SA
        elif self.kinds[a] == CONST:
            swap = self.kinds[b] != CONST and shape != _BINARY_SA
        if swap:
            a, b = b, a
            if shape == _RELATION:
                base += 8 * (_SWAPPED[relation] - relation)
                relation = _SWAPPED[relation]
        if self.is_short(b):
            right = self.values[b]
            mode = 2
        elif self.is_pending(b):  # only with a form that takes it there
            left = self.slot_of(a)
            self.in_acc(b)
            self.defer(_I32, base + 8, True)
            self.operand(left)
            return
        else:
            right = self.slot_of(b)
            mode = 0
        if self.in_acc(a):
            mode += 1
        else:
            left = self.slot_of(a)
        self.defer(_I32, base + 2 * mode, True, mode, relation)
        if not mode & 1:
            self.operand(left)
        self.operand(right)

    def _unary(self, op, row):
        a = self.pop(_I32)
        if self.dead:
            self.push(_I32, SLOT)
            return
        if op == 0x45 and self.is_pending(a) and self.p_relation >= 0:  # i32.eqz of a relation
            relation = INVERSE[self.p_relation]
            self.p_op += 8 * (relation - self.p_relation)
            self.p_relation = relation
            self.push(_I32, PENDING)
            return
        base = TABLE[row + 1] | TABLE[row + 2] << 8
        relation = EQZ if op == 0x45 else NO_RELATION
        if self.in_acc(a):
            self.defer(_I32, base, True, 0, relation)
        else:
            slot = self.slot_of(a)
            self.defer(_I32, base + 2, True, 1, relation)
            self.operand(slot)

    def _plain(self, op, row):
        pops, pushes = SIGNATURES[TABLE[row + 5]]
        b = self.pop(pops[-1])
        a = self.pop(pops[0]) if len(pops) > 1 else b
        if self.dead:
            self.push(pushes[0], SLOT)
            return
        left = self.slot_of(a)
        right = self.slot_of(b)
        self.defer(pushes[0], TABLE[row + 1] | TABLE[row + 2] << 8, TABLE[row] == _PLAIN_ACC)
        self.operand(left)
        if len(pops) > 1:
            self.operand(right)

    # Memory

    def _memarg(self, row):
        """Offset of a memarg whose alignment fits the access."""
        reader = self.reader
        if self.memory_bytes < 0:
            raise Invalid("unknown memory 0", self.pc)
        align = reader.u32()
        if align >= 32:
            raise Malformed("malformed memop flags", self.pc)
        if 1 << align > TABLE[row + 6]:
            raise Invalid("alignment must not be larger than natural", self.pc)
        return reader.u32()

    def _load(self, op, row):
        offset = self._memarg(row)
        a = self.pop(_I32)
        wide = TABLE[row] == _LOAD64
        result = _I64 if wide else _I32
        if self.dead:
            self.push(result, SLOT)
            return
        base = TABLE[row + 1] | TABLE[row + 2] << 8
        if wide or offset > 0xFFFF or offset + TABLE[row + 6] > self.memory_bytes:
            slot = self.slot_of(a)
            self.defer(result, base if wide else TABLE[row + 3] | TABLE[row + 4] << 8, False)
            self.operand(slot)
            self.operand(offset)
            self.operand(offset >> 16)
        elif self.in_acc(a):
            self.defer(_I32, base, True)
            self.operand(offset)
        else:
            slot = self.slot_of(a)
            self.defer(_I32, base + 2, True)
            self.operand(slot)
            self.operand(offset)

    def _store(self, op, row):
        offset = self._memarg(row)
        v = self.pop(_I64 if op == 0x37 or op >= 0x3C else _I32)
        a = self.pop(_I32)
        if self.dead:
            return
        base = TABLE[row + 1] | TABLE[row + 2] << 8
        wide = TABLE[row] == _STORE64
        if wide or offset > 0xFFFF or offset + TABLE[row + 6] > self.memory_bytes:
            left = self.slot_of(a)
            right = self.slot_of(v)
            self.start(base if wide else TABLE[row + 3] | TABLE[row + 4] << 8)
            self.put(left)
            self.put(right)
            self.put(offset)
            self.put(offset >> 16)
            return
        if self.types[v] == _I32 and self.is_pending(v):
            left = self.slot_of(a)
            self.in_acc(v)
            self.start(base + 2)
            self.put(left)
            self.put(offset)
            return
        if self.types[v] == _I32 and self.is_short(v):
            right = self.values[v]
            mode = 3
        else:
            right = self.slot_of(v)
            mode = 0
        if self.in_acc(a):
            self.start(base + mode + 1)
        else:
            left = self.slot_of(a)
            self.start(base + mode)
            self.put(left)
        self.put(right)
        self.put(offset)

    def _memory_size(self):
        self._memory_index()
        if self.dead:
            self.push(_I32, SLOT)
        else:
            self.defer(_I32, _MEMORY_SIZE, False)

    def _memory_grow(self):
        self._memory_index()
        a = self.pop(_I32)
        if self.dead:
            self.push(_I32, SLOT)
            return
        slot = self.slot_of(a)
        self.defer(_I32, _MEMORY_GROW, False)
        self.operand(slot)

    def _memory_index(self):
        if self.reader.u8() != 0:
            raise Malformed("zero byte expected", self.reader.at - 1)
        if self.memory_bytes < 0:
            raise Invalid("unknown memory 0", self.pc)

    # Variables and parametric instructions

    def _local_set(self):
        x = self._local()
        self._set(x, self.pop(self.local_types[x]))

    def _local_tee(self):
        x = self._local()
        t = self.local_types[x]
        self._set(x, self.pop(t))
        self.push(t, SLOT if self.dead else LOCAL, x)

    def _set(self, x, i):
        if not self.dead:
            if self.refs[x]:
                self.save_local(x)
            self.move_to(i, self.local_slots[x])

    def _global(self):
        x = self.reader.u32()
        if x >= len(self.module.globals):
            raise Invalid("unknown global %d" % x, self.pc)
        return x

    def _global_get(self):
        x = self._global()
        t = self.module.globals[x][0]
        if self.dead:
            self.push(t, SLOT)
            return
        wide = t == _I64 or t == _F64
        if x < self.module.imported[3]:
            self.defer(t, _IMPORTED_I64_GLOBAL_GET if wide else _IMPORTED_GLOBAL_GET, False)
        else:
            self.defer(t, _I64_GLOBAL_GET if wide else _GLOBAL_GET, not wide)
        self.operand(self.cells[x])

    def _global_set(self):
        x = self._global()
        t, mutable = self.module.globals[x]
        if not mutable:
            raise Invalid("global is immutable", self.pc)
        i = self.pop(t)
        if self.dead:
            return
        wide = t == _I64 or t == _F64
        if x < self.module.imported[3]:
            op = _IMPORTED_I64_GLOBAL_SET if wide else _IMPORTED_GLOBAL_SET
        elif wide:
            op = _I64_GLOBAL_SET
        elif self.in_acc(i):
            self.start(_GLOBAL_SET)
            self.put(self.cells[x])
            return
        else:
            op = _GLOBAL_SET + 1
        slot = self.slot_of(i)
        self.start(op)
        self.put(slot)
        self.put(self.cells[x])

    def _drop(self):
        i = self.pop(_ANY)
        if not self.dead and self.kinds[i] == PENDING:
            self.flush()  # it may trap

    def _select(self):
        c = self.pop(_I32)
        b = self.pop(_ANY)
        a = self.pop(_ANY)
        left = self.types[a] if a >= 0 else _ANY
        right = self.types[b] if b >= 0 else _ANY
        if left and right and left != right or left and left < _F64 or right and right < _F64:
            raise Invalid("type mismatch", self.pc)
        t = left or right
        if self.dead:
            self.push(t, SLOT)
            return
        left = self.slot_of(a)
        right = self.slot_of(b)
        wide = t == _I64 or t == _F64
        if self.in_acc(c):
            self.defer(t, _I64_SELECT if wide else _SELECT, not wide)
            self.operand(left)
            self.operand(right)
            return
        condition = self.slot_of(c)
        self.defer(t, _I64_SELECT + 1 if wide else _SELECT + 2, not wide)
        self.operand(left)
        self.operand(right)
        self.operand(condition)

    def _nop(self):
        pass

    _CONTROLS = {
        0x00: Control._unreachable, 0x01: _nop, 0x02: Control._block, 0x03: Control._loop, 0x04: Control._if,
        0x05: Control._else, 0x0B: Control._end, 0x0C: Control._br, 0x0D: Control._br_if, 0x0E: Control._br_table,
        0x0F: Control._return, 0x10: Control._call, 0x11: Control._call_indirect, 0x1A: _drop, 0x1B: _select,
        0x21: _local_set, 0x22: _local_tee, 0x23: _global_get, 0x24: _global_set, 0x3F: _memory_size,
        0x40: _memory_grow,
    }  # fmt: skip
    # in the order of SHAPES in scripts/make_tables.py
    _SHAPES = (_unknown, _nop, _binary, _binary, _binary, _unary, _plain, _plain,
               _load, _load, _store, _store, _float, _feature)  # fmt: skip


def global_cells(module):
    """Word offset of each global's cell among an instance's globals. An imported one's cell holds an offset."""
    cells = []
    at = 0
    for i, (t, _) in enumerate(module.globals):
        cells.append(at)
        at += 2 if i >= module.imported[3] and (t == _I64 or t == _F64) else 1
    cells.append(at)
    return cells
