"""Validates a function body and translates it to A16, in one pass (core specification, chapter 3 and appendix).

A body that is not valid raises before any of its code can run: that is what lets the engine trust its code. Types are
checked in dead code too, but nothing is emitted for it.

    translate.py   one body: locals, then instruction after instruction
    control.py numeric.py variables.py memories.py tables.py   what each becomes, by chapters of the specification
    operands.py emit.py   the operand stack, the code
"""

from array import array

from micropython import const

from . import control, memories, numeric, tables, variables
from .control import open_body, table_part
from .emit import Emitter, emit, patch, resolve_more
from .errors import Malformed, Unsupported
from .opcodes import TABLE
from .operands import CONST, push
from .types import global_cells, valtype
from .variables import get

# A16 numbers, from scripts/make_tables.py
_ENTER = const(3)
_DENSE_AT = const(14)
_DENSE = const(428)
# end of A16 numbers

# Numbers of the C engine, from scripts/make_tables.py
_CALL_COST = const(8)
_MAX_FRAME = const(65280)
_MAX_LOCALS = const(16320)
# end of numbers
_I32 = const(0x7F)
_I64 = const(0x7E)
_F64 = const(0x7C)
_LAST = const(0xD2)  # instruction of one byte; those behind the prefix 0xfc follow it in TABLE
_LAST_PREFIXED = const(0x11)
_IN_WINDOW = const(511)  # reader.py
_TOGETHER = const(128)  # locals declared at once


class Translator(Emitter):
    """Translates the bodies of one module, one after the other.

    module        a Module
    type_ids      the id of each type, which call_indirect compares
    handlers      the engine's first halfwords
    dense         whether the memory is dense
    function_at   function: index of a function in the module -> arena offset of its function_t (ref.func)
    """

    def __init__(self, module, type_ids, handlers, dense=False, function_at=None):
        super().__init__(handlers)
        self.module = module
        self.type_ids = type_ids
        self.function_at = function_at
        self.cells = global_cells(module)
        self.dense = _DENSE if dense else 0
        self.dense_at = _DENSE_AT if dense else 0
        self.memory_bytes = module.memories[0][0] << module.memories[0][2] if module.memories else -1

    def begin(self, index):
        """Starts with the body of the index-th function that the module defines."""
        module = self.module
        self.reset()
        self.reader = reader = module.body(index)
        self.params, self.results = module.types[module.functions[module.imported[0] + index]]
        self.local_types = bytearray()
        self.controls = None  # until the locals are declared
        self.declared_at = reader.at
        self.groups = reader.count()
        self.more_locals = 0  # of the last group
        self.total = len(self.params)

    def step(self, count):
        """Translates up to `count` instructions, or parts of long ones. Returns True at the end of the body."""
        count = self._parts(count)
        while count > 0:
            if not self.controls:
                if self.reader.at != self.reader.end:
                    raise Malformed("unexpected content after the end of the function", self.reader.at)
                patch(self, 1, self.frame)
                patch(self, 4, min(self.n + self.cleared + _CALL_COST, 0xFFFF))
                return True
            count = self._parts(self._instructions(count))
        return False

    def _instructions(self, count):
        # Translates up to `count` instructions, or up to one that has more parts, owes, or ends the body. Returns what is
        # left.
        reader = self.reader
        window = reader.window
        table = TABLE
        lowerings = _LOWERINGS
        while count:
            count -= 1
            self.pc = at = reader.at
            if at + 1 < reader.stop:  # as reader.u8(); and the most frequent instructions with a short immediate
                op = window[at & _IN_WINDOW]
                byte = window[at + 1 & _IN_WINDOW]
                if byte < 0x80:
                    if op == 0x20:
                        reader.at = at + 2
                        get(self, byte)
                        continue
                    if op == 0x41:
                        reader.at = at + 2
                        push(self, _I32, CONST, byte if byte < 0x40 else byte - 0x80)
                        continue
                reader.at = at + 1
            else:
                op = reader.u8()
            if op > _LAST:
                self._prefixed(op)
            elif lowerings[table[7 * op]](self, op, 7 * op):
                return count + 1  # so that the body's end is seen
        return 0

    # Parts of what may be long: a body's locals, a chain of branches, a br_table. What is done already counts, too.

    def _parts(self, count):
        # Does up to `count` of those that are to be done before the next instruction. Returns what is left.
        while count > 0:
            if self.controls is None:
                count -= self._declare()
                continue
            count -= self.owed
            self.owed = 0
            if self.chain:
                resolve_more(self)
            elif self.entries:
                table_part(self)
            else:
                break
            count -= 1
        return count

    def _declare(self):
        # Parameters, then groups of locals, some at a time; then the code begins. Returns what it counts as.
        reader = self.reader
        done = len(self.local_types)
        if done < len(self.params):
            self._add_locals(self.params[done], 1)
        elif self.more_locals:
            n = min(self.more_locals, _TOGETHER)
            self._add_locals(self.more_kind, n)
            self.more_locals -= n
        elif self.groups:
            self.groups -= 1
            here = reader.at
            n = reader.u32()
            self.more_kind = valtype(reader)
            self.total += n
            if self.total > 0xFFFFFFFF:
                raise Malformed("too many locals", here)
            if self.total <= _MAX_LOCALS:
                self.more_locals = n
        else:
            self._begin_code(done)
            return 0
        return 1

    def _add_locals(self, kind, n):
        size = 8 if kind == _I64 or kind == _F64 else 4
        top = self.top
        self.top = top + size * n
        self.local_types.extend(bytes([kind]) * n)
        self.heads.extend(array("H", bytes(2 * n)))
        if self.top <= 0xFFFF:
            self.local_slots.extend(array("H", range(top, self.top, size)))

    def _begin_code(self, count):
        at = self.reader.at
        if self.total > _MAX_LOCALS:
            raise Unsupported("function with %d locals" % self.total, self.declared_at)
        if self.top > _MAX_FRAME:
            raise Unsupported("function with a frame of more than 65,280 bytes", at)
        first = self.local_slots[len(self.params)] if count > len(self.params) else self.top
        self.local_count = count
        self.frame = self.top
        self.cleared = (self.top - first) >> 2
        emit(self, _ENTER, at, 4, 0, first, self.cleared, 0)
        open_body(self, self.results)

    def _prefixed(self, op):
        if op != 0xFC:
            _unknown(self, op, 0)
        op = self.reader.u32()
        if 0x13 <= op <= 0x16:
            raise Unsupported("instruction of wide arithmetic: compile without", self.pc)
        if op > _LAST_PREFIXED:
            raise Malformed("illegal opcode 0xfc 0x%x" % op, self.pc)
        op += _LAST + 1
        _LOWERINGS[TABLE[7 * op]](self, op, 7 * op)


def _unknown(t, op, row):
    name = _REFUSED.get(op)
    if name:
        raise Unsupported("instruction %s: compile without" % name, t.pc)
    raise Malformed("illegal opcode 0x%x" % op, t.pc)


# First bytes of instructions that belong to features which this engine does not have.
_REFUSED = {
    0x06: "try (exceptions)",
    0x07: "catch (exceptions)",
    0x08: "throw (exceptions)",
    0x09: "rethrow (exceptions)",
    0x0A: "throw_ref (exceptions)",
    0x12: "return_call (tail calls)",
    0x13: "return_call_indirect (tail calls)",
    0x14: "call_ref (typed function references)",
    0x15: "return_call_ref (tail calls)",
    0x18: "delegate (exceptions)",
    0x19: "catch_all (exceptions)",
    0x1F: "try_table (exceptions)",
    0xD3: "ref.eq (GC)",
    0xD4: "ref.as_non_null (typed function references)",
    0xD5: "br_on_null (typed function references)",
    0xD6: "br_on_non_null (typed function references)",
    0xFB: "of GC",
    0xFD: "of SIMD",
    0xFE: "of threads (atomic)",
}

# By shape, from scripts/make_tables.py
_LOWERINGS = (
    _unknown,  # UNKNOWN
    numeric.binary,  # BINARY
    numeric.binary,  # BINARY_SA
    numeric.binary,  # RELATION
    numeric.f32_binary,  # F32_BINARY
    numeric.unary,  # UNARY
    numeric.i64_binary,  # I64_BINARY
    numeric.i64_binary,  # I64_COMMUTATIVE
    numeric.plain,  # PLAIN
    numeric.plain,  # PLAIN_ACC
    numeric.reinterpret,  # REINTERPRET
    memories.load,  # LOAD
    memories.load64,  # LOAD64
    memories.store,  # STORE
    memories.store64,  # STORE64
    control.unreachable,  # UNREACHABLE
    control.nop,  # NOP
    control.block,  # BLOCK
    control.loop,  # LOOP
    control.if_,  # IF
    control.else_,  # ELSE
    control.end,  # END
    control.br,  # BR
    control.br_if,  # BR_IF
    control.br_table,  # BR_TABLE
    control.return_,  # RETURN
    control.call,  # CALL
    control.call_indirect,  # CALL_INDIRECT
    variables.drop,  # DROP
    variables.select,  # SELECT
    variables.select_t,  # SELECT_T
    variables.local_get,  # LOCAL_GET
    variables.local_set,  # LOCAL_SET
    variables.local_tee,  # LOCAL_TEE
    variables.global_get,  # GLOBAL_GET
    variables.global_set,  # GLOBAL_SET
    tables.table_get,  # TABLE_GET
    tables.table_set,  # TABLE_SET
    memories.memory_size,  # MEMORY_SIZE
    memories.memory_grow,  # MEMORY_GROW
    numeric.i32_const,  # I32_CONST
    numeric.i64_const,  # I64_CONST
    numeric.f32_const,  # F32_CONST
    numeric.f64_const,  # F64_CONST
    tables.ref_null,  # REF_NULL
    tables.ref_is_null,  # REF_IS_NULL
    tables.ref_func,  # REF_FUNC
    memories.memory_init,  # MEMORY_INIT
    memories.data_drop,  # DATA_DROP
    memories.memory_copy,  # MEMORY_COPY
    memories.memory_fill,  # MEMORY_FILL
    tables.table_init,  # TABLE_INIT
    tables.elem_drop,  # ELEM_DROP
    tables.table_copy,  # TABLE_COPY
    tables.table_grow,  # TABLE_GROW
    tables.table_size,  # TABLE_SIZE
    tables.table_fill,  # TABLE_FILL
)
# end of shapes
