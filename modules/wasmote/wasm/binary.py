"""The binary format of core modules (core specification, chapter 5): bytes -> Module.

Decoding checks the structure of everything but function bodies, and every index outside of code. Nothing is expanded:
bodies, constant expressions, element and data segments stay in the file, a Module knows where. RAM: 2 bytes per
function, 4 per body, global and segment, a tuple per type, import and export.
"""

from array import array

from micropython import const

from .errors import Invalid, Malformed, Unsupported
from .types import FUNCREF, limits, reftype, valtype, valtypes

FUNC = const(0)  # kinds of imports and exports (5.5.5)
TABLE = const(1)
MEMORY = const(2)
GLOBAL = const(3)

ACTIVE = const(0)  # modes of segments (2.5.7): copied at instantiation
PASSIVE = const(1)  # copied by table.init, memory.init
DECLARATIVE = const(2)  # only names functions for ref.func

_MAX_PAGES = const(65536)

# Sections in the order they must have: place of each id, then what reads it (5.5.2).
_SECTIONS = (
    (1, "_types"),
    (2, "_imports"),
    (3, "_functions"),
    (4, "_tables"),
    (5, "_memories"),
    (6, "_globals"),
    (7, "_exports"),
    (8, "_start"),
    (9, "_elements"),
    (11, "_code"),
    (12, "_data"),
    (10, "_data_count"),
)
_KINDS = ("function", "table", "memory", "global")


class Module:
    """A decoded module. Index spaces include the imports, which come first in them.

    types             [(params, results)], bytes of value types
    imports           [(module, name, kind, type)]; type: as in the lists below, a typeidx for a function
    functions         array of typeidx
    tables            [(reftype, min, max or None)]
    memories          [(min, max or None)] in pages
    globals           [(valtype, mutable)]
    exports           {name: (kind, index)}
    offset            where the module begins in its file
    start             funcidx, or -1
    imported          [number of imported functions, tables, memories, globals]
    global_inits      array: offset of the constant expression of each global that is not imported
    data_count        number of data segments as declared before the code, or -1
    names             (at, end) of the name section's contents, or None
    bodies, elements, data: read through body(), element(), data_segment()
    """

    def __init__(self, reader):
        self.reader = reader
        self.offset = reader.at
        self.types = []
        self.imports = []
        self.functions = array("H")
        self.tables = []
        self.memories = []
        self.globals = []
        self.exports = {}
        self.start = -1
        self.imported = [0, 0, 0, 0]
        self.global_inits = array("I")
        self.elements = array("I")
        self.bodies = array("I")
        self.data = array("I")
        self.data_count = -1
        self.names = None
        self._preamble(reader)
        last = 0
        while reader.at < reader.end:
            at = reader.at
            section_id = reader.u8()
            if section_id > 12:
                if section_id == 13:
                    raise Unsupported("tag section (exceptions)", at)
                raise Malformed("malformed section id %d" % section_id, at)
            section = reader.sized()
            if section_id == 0:
                self._custom(section)
                continue
            place, method = _SECTIONS[section_id - 1]
            if place <= last:
                raise Malformed("unexpected content after last section: section %d again or too late" % section_id, at)
            last = place
            getattr(self, method)(section)
            if section.at != section.end:
                raise Malformed("section size mismatch", section.at)
        if len(self.bodies) != self.defined(FUNC):
            raise Malformed("function and code section have inconsistent lengths", reader.at)
        if self.data_count >= 0 and self.data_count != len(self.data):
            raise Malformed("data count and data section have inconsistent lengths", reader.at)

    def defined(self, kind):
        """How many functions, tables, memories or globals the module has of its own."""
        return self._total(kind) - self.imported[kind]

    def _total(self, kind):
        return len((self.functions, self.tables, self.memories, self.globals)[kind])

    def body(self, i):
        """A Reader over the body (locals, then code) of the i-th function that is not imported."""
        return self.reader.fork(self.bodies[i]).sized()

    def element(self, i):
        """The i-th element segment, as read_element() gives it, and the Reader that stands at its first item."""
        reader = self.reader.fork(self.elements[i])
        return read_element(reader), reader

    def data_segment(self, i):
        """The i-th data segment: (mode, memidx, offset of the offset expression), and a Reader over its bytes."""
        reader = self.reader.fork(self.data[i])
        return read_data(reader), reader.sized()

    def _preamble(self, reader):
        at = reader.at
        if reader.f32() != 0x6D736100:
            raise Malformed("magic header not detected", at)
        version = reader.f32()
        if version != 1:
            raise Malformed("unknown binary version 0x%x" % version, at + 4)

    def _custom(self, section):
        if section.name() == "name":
            self.names = (section.at, section.end)

    def _types(self, section):
        known = {}  # equal lists of value types are one object
        for _ in range(section.count()):
            at = section.at
            form = section.u8()
            if form != 0x60:
                if form & 0x80:
                    raise Malformed("integer representation too long", at)
                if 0x4E <= form <= 0x50 or form == 0x5E or form == 0x5F:
                    raise Unsupported("GC types (type form 0x%x)" % form, at)
                raise Malformed("malformed functype", at)
            params = valtypes(section)
            params = known.setdefault(params, params)
            results = valtypes(section)
            self.types.append((params, known.setdefault(results, results)))

    def _imports(self, section):
        imported = self.imported
        for _ in range(section.count()):
            module = section.name()
            name = section.name()
            at = section.at
            kind = section.u8()
            if kind == FUNC:
                extern = self._typeidx(section)
                self.functions.append(extern)
            elif kind == TABLE:
                extern = self._table(section)
            elif kind == MEMORY:
                extern = self._memory(section)
            elif kind == GLOBAL:
                extern = self._global(section)
            elif kind == 4 and section.at < section.end and section.peek() == 0 and self.types:
                raise Unsupported("tag import (exceptions)", at)
            else:
                raise Malformed("malformed import kind 0x%x" % kind, at)
            imported[kind] += 1
            self.imports.append((module, name, kind, extern))

    def _functions(self, section):
        first = len(self.functions)
        count = section.count()
        self.functions.extend(array("H", bytes(2 * count)))
        for i in range(first, first + count):
            self.functions[i] = self._typeidx(section)

    def _typeidx(self, section):
        at = section.at
        index = section.u32()
        if index >= len(self.types):
            raise Invalid("unknown type %d" % index, at)
        return index

    def _tables(self, section):
        for _ in range(section.count()):
            if section.peek() == 0x40:
                raise Unsupported("table with initializer (typed function references)", section.at)
            self._table(section)

    def _table(self, section):
        table = (reftype(section),) + limits(section, 0xFFFFFFFF, "")
        self.tables.append(table)
        return table

    def _memories(self, section):
        for _ in range(section.count()):
            self._memory(section)

    def _memory(self, section):
        at = section.at
        memory = limits(section, _MAX_PAGES, "memory size must be at most 65536 pages (4GiB)")
        if self.memories:
            raise Invalid("multiple memories", at)
        self.memories.append(memory)
        return memory

    def _globals(self, section):
        for _ in range(section.count()):
            self._global(section)
            self.global_inits.append(section.at)
            skip_expression(section)

    def _global(self, section):
        kind = valtype(section)
        mutable = section.u8()
        if mutable > 1:
            raise Malformed("malformed mutability", section.at - 1)
        self.globals.append((kind, mutable))
        return (kind, mutable)

    def _exports(self, section):
        for _ in range(section.count()):
            at = section.at
            name = section.name()
            kind = section.u8()
            if kind > GLOBAL:
                raise Malformed("malformed export kind 0x%x" % kind, section.at - 1)
            index = section.u32()
            if index >= self._total(kind):
                raise Invalid("unknown %s %d" % (_KINDS[kind], index), at)
            if name in self.exports:
                raise Invalid("duplicate export name", at)
            self.exports[name] = (kind, index)

    def _start(self, section):
        at = section.at
        index = section.u32()
        if index >= len(self.functions):
            raise Invalid("unknown function %d" % index, at)
        params, results = self.types[self.functions[index]]
        if params or results:
            raise Invalid("start function must have type [] -> []", at)
        self.start = index

    def _elements(self, section):
        for _ in range(section.count()):
            at = section.at
            self.elements.append(at)
            mode, tableidx, _, kind, count, expressions = read_element(section)
            if mode == ACTIVE:
                if tableidx >= len(self.tables):
                    raise Invalid("unknown table %d" % tableidx, at)
                if self.tables[tableidx][0] != kind:
                    raise Invalid("type mismatch: segment and table %d" % tableidx, at)
            for _ in range(count):
                if expressions:
                    skip_expression(section)
                    continue
                at = section.at
                index = section.u32()
                if index >= len(self.functions):
                    raise Invalid("unknown function %d" % index, at)

    def _data_count(self, section):
        self.data_count = section.u32()

    def _code(self, section):
        count = section.count()
        self.bodies = array("I", bytes(4 * count))
        for i in range(count):
            self.bodies[i] = section.at
            n = section.u32()
            if n > section.end - section.at:
                raise Malformed("unexpected end of section or function", section.at)
            section.skip(n)

    def _data(self, section):
        for _ in range(section.count()):
            at = section.at
            self.data.append(at)
            mode, memidx, _ = read_data(section)
            if mode == ACTIVE and memidx >= len(self.memories):
                raise Invalid("unknown memory %d" % memidx, at)
            n = section.u32()
            if n > section.end - section.at:
                raise Malformed("unexpected end of section or function", section.at)
            section.skip(n)


def read_element(reader):
    """The head of an element segment (5.5.12). Leaves the reader at the first item.

    Returns (mode, tableidx, offset of the offset expression or 0, reftype, number of items,
    whether the items are constant expressions; else they are function indices).
    """
    at = reader.at
    flags = reader.u32()
    if flags > 7:
        raise Malformed("malformed elements segment kind", at)
    mode = (flags & 1) + (flags & 3 == 3)
    tableidx = expression = 0
    kind = FUNCREF
    if mode == ACTIVE:
        if flags & 2:
            tableidx = reader.u32()
        expression = reader.at
        skip_expression(reader)
    if flags & 3:
        if flags & 4:
            kind = reftype(reader)
        elif reader.u8() != 0:
            raise Malformed("malformed element kind", reader.at - 1)
    return mode, tableidx, expression, kind, reader.count(), flags & 4 != 0


def read_data(reader):
    """The head of a data segment (5.5.14): (mode, memidx, offset of the offset expression or 0)."""
    at = reader.at
    flags = reader.u32()
    if flags > 2:
        raise Malformed("malformed data segment kind", at)
    if flags == 1:
        return PASSIVE, 0, 0
    memidx = reader.u32() if flags else 0
    expression = reader.at
    skip_expression(reader)
    return ACTIVE, memidx, expression


def skip_expression(reader):
    """Moves past a constant expression (5.4.9). Whether it is one of the right type is for validation to say."""
    while True:
        at = reader.at
        op = reader.u8()
        if op == 0x0B:  # end
            return
        if op == 0x41:  # i32.const
            reader.s32()
        elif op == 0x42:  # i64.const
            reader.s64()
        elif op == 0x23 or op == 0xD2:  # global.get, ref.func
            reader.u32()
        elif op == 0x43:  # f32.const
            reader.skip(4)
        elif op == 0x44:  # f64.const
            reader.skip(8)
        elif op == 0xD0:  # ref.null
            reftype(reader)
        elif not (0x6A <= op <= 0x6C or 0x7C <= op <= 0x7E):  # extended const: add, sub, mul
            if is_opcode(op):
                raise Invalid("constant expression required", at)
            raise Malformed("illegal opcode 0x%x" % op, at)


def is_opcode(op):
    """Whether a byte begins an instruction of this engine's features (opcodes.csv) or a prefix of others'."""
    return (
        op <= 0x11
        and not 0x06 <= op <= 0x0A
        or 0x1A <= op <= 0x1C
        or 0x20 <= op <= 0x26
        or 0x28 <= op <= 0xC4
        or 0xD0 <= op <= 0xD2
        or 0xFB <= op <= 0xFE
    )
