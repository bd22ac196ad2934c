"""The binary format of core modules (core specification, chapter 5): bytes -> Module.

Decoding validates everything but function bodies. Nothing is expanded: bodies, constant expressions, element and data
segments stay in the file, a Module knows where. RAM: 2 bytes per function, 4 per body, global and segment, a tuple per
type, import and export.
"""

from array import array

from micropython import const

from .constants import constant
from .errors import Invalid, Malformed, Unsupported
from .segments import read_data, read_element, read_item
from .types import FUNC, GLOBAL, MEMORY, TABLE, functype, global_type, memory_type, number, table_type

# No real module has so many. What looks at each is short then, and names' 16-bit hashes may all be equal.
_MAX_TYPES = const(1000)
_MAX_IMPORTS = const(1000)
_MAX_GLOBALS = const(1000)
_MAX_EXPORTS = const(512)
_MAX_TABLES = const(64)
_STEP = const(15)  # items of a section between two yields, less one: a power of two less one
_LONG = const(63)  # bytes of an item that the others do not wait for

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
    memories          [(min, max or None, s)] in pages of 1 << s bytes: s is 16, or 0 with a custom page size
    globals           [(valtype, mutable)]
    exports           {name: index << 2 | kind}
    offset            where the module begins in its file
    start             funcidx, or -1
    imported          [number of imported functions, tables, memories, globals]
    global_inits      array: offset of the constant expression of each global that is not imported
    declared          bytearray: bit x & 7 of byte x >> 3 says that function x is named outside of bodies, so that
                      ref.func may name it
    segment_types     bytearray: reftype of each element segment
    code_size         bytes of the code section
    data_count        number of data segments as declared before the code, or -1
    names             (at, end) of the name section's contents, or None
    bodies, elements, data    arrays of offsets: body(), element() and data_segment() read there
    """

    def __init__(self, reader, whole=True):
        """Decodes what `reader` holds; not yet if not `whole`: see decode()."""
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
        self.declared = bytearray()
        self.elements = array("I")
        self.segment_types = bytearray()
        self.bodies = array("I")
        self.code_size = 0
        self.data = array("I")
        self.data_count = -1
        self.names = None
        if whole:
            for _ in self._decode(reader):
                pass

    def _decode(self, reader):
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
                yield
                continue
            place, method = _SECTIONS[section_id - 1]
            if place <= last:
                raise Malformed("unexpected content after last section: section %d again or too late" % section_id, at)
            last = place
            steps = getattr(self, method)(section)
            if steps is not None:
                yield from steps
            if section.at != section.end:
                raise Malformed("section size mismatch", section.at)
        if len(self.bodies) != self.defined(FUNC):
            raise Malformed("function and code section have inconsistent lengths", reader.at)
        if self.data_count >= 0 and self.data_count != len(self.data):
            raise Malformed("data count and data section have inconsistent lengths", reader.at)
        self._grow_declared()

    def declare(self, x, at):
        """Notes that function `x` is named outside of bodies, at offset `at`."""
        if x >= len(self.functions):
            raise Invalid("unknown function %d" % x, at)
        if x >> 3 >= len(self.declared):
            self._grow_declared()
        self.declared[x >> 3] |= 1 << (x & 7)

    def _grow_declared(self):
        self.declared.extend(bytes((len(self.functions) + 7 >> 3) - len(self.declared)))

    def defined(self, kind):
        """How many functions, tables, memories or globals the module has of its own."""
        return self._total(kind) - self.imported[kind]

    def _total(self, kind):
        return len((self.functions, self.tables, self.memories, self.globals)[kind])

    def body(self, i):
        """A Reader over the body (locals, then code) of the i-th function that is not imported."""
        return self.reader.fork(self.bodies[i]).sized()

    def element(self, i, instance=None):
        """The i-th element segment: read_element()'s tuple, and the Reader that stands at its first item."""
        at = self.elements[i]
        reader = self.reader.fork(at)
        head = read_element(reader, self, instance)
        if head[3] != self.segment_types[i]:  # which table.init was validated with
            raise Malformed("the file has changed: another element segment", at)
        return head, reader

    def data_segment(self, i, instance=None):
        """The i-th data segment: read_data()'s tuple, and a Reader over its bytes."""
        reader = self.reader.fork(self.data[i])
        return read_data(reader, self, instance), reader.sized()

    def _preamble(self, reader):
        at = reader.at
        if reader.f32() != 0x6D736100:
            raise Malformed("magic header not detected", at)
        version = reader.f32()
        if version != 1:
            what = "unknown binary version 0x%x" % version
            raise Malformed(what + (" (a component: see wasmote.Host)" if version == 0x1000D else ""), at + 4)

    def _custom(self, section):
        if section.name() == "name":
            self.names = (section.at, section.end)

    def _types(self, section):
        known, order = [], []  # equal lists of value types are one object
        for i in range(_count(section, _MAX_TYPES, "types")):
            at = section.at
            form = section.u8()
            if form != 0x60:
                if form & 0x80:
                    raise Malformed("integer representation too long", at)
                if 0x4E <= form <= 0x50 or form == 0x5E or form == 0x5F:
                    raise Unsupported("GC types (type form 0x%x)" % form, at)
                raise Malformed("malformed functype", at)
            params, results = functype(section)
            self.types.append((known[number(params, known, order)], known[number(results, known, order)]))
            if i & _STEP == _STEP or section.at - at > _LONG:
                yield

    def _imports(self, section):
        imported = self.imported
        for i in range(_count(section, _MAX_IMPORTS, "imports")):
            at = section.at
            module = section.name()
            name = section.name()
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
                raise Unsupported("tag import (exceptions)", section.at - 1)
            else:
                raise Malformed("malformed import kind 0x%x" % kind, section.at - 1)
            imported[kind] += 1
            self.imports.append((module, name, kind, extern))
            if i & _STEP == _STEP or section.at - at > _LONG:
                yield

    def _functions(self, section):
        first = len(self.functions)
        count = section.count()
        self.functions.extend(array("H", bytes(2 * count)))
        for i in range(first, first + count):
            self.functions[i] = self._typeidx(section)
            if i & _STEP == _STEP:
                yield

    def _typeidx(self, section):
        at = section.at
        index = section.u32()
        if index >= len(self.types):
            raise Invalid("unknown type %d" % index, at)
        return index

    def _tables(self, section):
        for i in range(_count(section, _MAX_TABLES, "tables")):
            if section.peek() == 0x40:
                raise Unsupported("table with initializer (typed function references)", section.at)
            self._table(section)
            if i & _STEP == _STEP:
                yield

    def _table(self, section):
        table = table_type(section)
        self.tables.append(table)
        return table

    def _memories(self, section):
        for _ in range(section.count()):
            self._memory(section)

    def _memory(self, section):
        at = section.at
        memory = memory_type(section)
        if self.memories:
            raise Invalid("multiple memories: compile without multi-memory", at)
        self.memories.append(memory)
        return memory

    def _globals(self, section):
        for _ in range(_count(section, _MAX_GLOBALS, "globals")):
            valtype, _ = self._global(section)
            self.global_inits.append(section.at)
            constant(section, self, valtype)
            yield

    def _global(self, section):
        t = global_type(section)
        self.globals.append(t)
        return t

    def _exports(self, section):
        for i in range(_count(section, _MAX_EXPORTS, "exports")):
            at = section.at
            name = section.name()
            kind = section.u8()
            if kind > GLOBAL:
                if kind == 4:
                    raise Unsupported("tag export (exceptions)", section.at - 1)
                raise Malformed("malformed export kind 0x%x" % kind, section.at - 1)
            index = section.u32()
            if index >= self._total(kind):
                raise Invalid("unknown %s %d" % (_KINDS[kind], index), at)
            self.exports[name] = index << 2 | kind
            if len(self.exports) == i:
                raise Invalid("duplicate export name", at)
            if kind == FUNC:
                self.declare(index, at)
            if i & _STEP == _STEP or section.at - at > _LONG:
                yield

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
            self.elements.append(section.at)
            _, _, _, kind, count, expressions = read_element(section, self)
            self.segment_types.append(kind)
            for i in range(count):
                read_item(section, self, kind, expressions)
                if expressions or i & _STEP == _STEP:
                    yield
            yield

    def _data_count(self, section):
        self.data_count = section.u32()

    def _code(self, section):
        self.code_size = section.end - section.at
        count = section.count()
        self.bodies = array("I", bytes(4 * count))
        for i in range(count):
            self.bodies[i] = section.at
            n = section.u32()
            if n > section.end - section.at:
                raise Malformed("unexpected end of section or function", section.at)
            section.skip(n)
            if i & _STEP == _STEP:
                yield

    def _data(self, section):
        for _ in range(section.count()):
            self.data.append(section.at)
            read_data(section, self)
            n = section.u32()
            if n > section.end - section.at:
                raise Malformed("unexpected end of section or function", section.at)
            section.skip(n)
            yield


def _count(section, most, what):
    at = section.at
    n = section.count()
    if n > most:
        raise Unsupported("more than %d %s" % (most, what), at)
    return n


def decode(reader):
    """Decodes the module that `reader` holds. A generator: yields so that nothing else has to wait; returns the Module."""
    module = Module(reader, False)
    yield from module._decode(reader)
    return module
