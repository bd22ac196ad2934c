"""Instances (core specification 4.5.4): validate and translate all bodies, link, initialise, start."""

from micropython import const

from .binary import ACTIVE, FUNC, GLOBAL, MEMORY, TABLE, Module
from .engine import engine
from .errors import Invalid, Trap, Unlinkable, Unsupported
from .externs import Function, Global, Memory, Table
from .store import OutOfMemory
from .translate import Translator, global_cells
from .values import get_value, put_value

_RECORD = const(12)  # bytes of a function_t
_MEMORY = const(0)  # instance_t, in bytes
_RECORDS = const(4)
_IMPORTS = const(8)
_TABLES = const(12)
_GLOBALS = const(16)
_SIZE = const(20)
_STEP = const(64)  # instructions translated between two yields
_KINDS = ("function", "table", "memory", "global")
_MAX_PAGES = const(128)  # exec.h


class Instance:
    """A module's instance in a store. `exports`: name -> Function, Table, Memory or Global."""

    @classmethod
    def create(cls, store, module, resolve):
        """Makes an instance. A generator: yields so that nothing else has to wait; returns the instance.

        resolve(module_name, name) -> what is imported; None if there is none
        Raises Malformed, Invalid, Unsupported, Unlinkable (OutOfMemory too), or a Trap of initialising or starting.
        """
        self = cls()
        self.store = store
        self.at = store.alloc(_SIZE)
        self.range = (module.offset, module.reader.end)  # where the module lies in its file
        self.imported = module.imported[FUNC]
        self.count = module.defined(FUNC)
        self._records(module)
        yield from self._translate(module)
        self._validate_constants(module)
        self._import(module, resolve)
        self._define(module)
        self._initialise_globals(module)
        self._export(module)
        store.instances.append(self)
        yield from self._initialise(module)
        if module.start >= 0:
            yield from store.invoke(self._function(module, module.start), [])
        return self

    # Linking (4.5.3)

    def _import(self, module, resolve):
        externs = self.externs = ([], [], [], [])
        for name, field, kind, wanted in module.imports:
            extern = resolve(name, field)
            what = "%s %s.%s" % (_KINDS[kind], name, field)
            if extern is None:
                raise Unlinkable("unknown import: " + what)
            if not isinstance(extern, (Function, Table, Memory, Global)[kind]) or not _fits(
                module, kind, wanted, extern
            ):
                raise Unlinkable("incompatible import type: " + what)
            externs[kind].append(extern)
        at = self.store.alloc(4 * len(externs[FUNC]) or 4)
        engine.set(self.at + _IMPORTS, at)
        for i, function in enumerate(externs[FUNC]):
            engine.set(at + 4 * i, function.at)

    def _records(self, module):
        at = self.records = self.store.alloc(_RECORD * self.count or 4)
        engine.set(self.at + _RECORDS, at)
        for i in range(self.count):
            functype = module.types[module.functions[self.imported + i]]
            engine.set(at + 4, self.at)
            engine.set(at + 8, self.store.type_id(*functype))
            at += _RECORD

    def _translate(self, module):
        store = self.store
        translator = self._translator(module)
        for i in range(self.count):
            translator.begin(i)
            while not translator.step(_STEP):
                yield
            if not translator.refused:
                code = store.alloc(2 * translator.n)
                translator.copy_code(engine.put, code)
                engine.set(self.records + _RECORD * i, code)
            yield
        if translator.refused:
            raise Unsupported("floating point (instruction %s)" % translator.refused[0], translator.refused[1])

    def _translator(self, module):
        store = self.store
        return Translator(module, lambda i: store.type_id(*module.types[i]), engine.handlers())

    # Allocation (4.5.3.1)

    def _define(self, module):
        store = self.store
        tables, memories = self.externs[TABLE], self.externs[MEMORY]
        for reftype, least, most in module.tables[module.imported[TABLE] :]:
            if least > 65536:
                raise OutOfMemory("a table of %d elements does not fit the arena" % least)
            tables.append(Table.new(store, reftype, least, most))
        if tables:
            at = store.alloc(4 * len(tables))
            engine.set(self.at + _TABLES, at)
            for i, table in enumerate(tables):
                engine.set(at + 4 * i, table.at)
        for least, most in module.memories[module.imported[MEMORY] :]:
            if least > _MAX_PAGES:
                raise OutOfMemory("a memory of %d pages; this board's limit is %d" % (least, _MAX_PAGES))
            at = engine.memory_new(store.owner, least, _MAX_PAGES if most is None else most)
            if not at:
                raise OutOfMemory("a memory of %d pages does not fit the component's limit or the arena" % least)
            memories.append(Memory(at, least, most))
        if memories:
            engine.set(self.at + _MEMORY, memories[0].at)

    def _initialise_globals(self, module):
        cells = global_cells(module)
        at = self.store.alloc(4 * cells[-1] or 4)
        engine.set(self.at + _GLOBALS, at)
        globals_ = self.externs[GLOBAL]
        for i, imported in enumerate(globals_):
            engine.set(at + 4 * cells[i], imported.at)
        for i, init in enumerate(module.global_inits):
            valtype, mutable = module.globals[module.imported[GLOBAL] + i]
            cell = at + 4 * cells[len(globals_)]
            put_value(cell, valtype, self._evaluate(module, init, valtype))
            globals_.append(Global(cell, valtype, mutable))

    def _validate_constants(self, module):
        for i, init in enumerate(module.global_inits):
            constant(module, init, module.globals[module.imported[GLOBAL] + i][0])
        for i in range(len(module.elements)):
            (mode, _, init, _, _, expressions), _ = module.element(i)
            if mode == ACTIVE:
                constant(module, init, 0x7F)
            if mode != ACTIVE or expressions:
                raise Unsupported("element segment of a newer kind (reference types)", module.elements[i])
        for i in range(len(module.data)):
            (mode, _, init), _ = module.data_segment(i)
            if mode != ACTIVE:
                raise Unsupported("passive data segment (bulk memory)", module.data[i])
            constant(module, init, 0x7F)

    def _evaluate(self, module, at, wanted):
        x, value = constant(module, at, wanted)
        return value if x is None else get_value(self.store, self.externs[GLOBAL][x].at, wanted)

    # Initialisation (4.5.4)

    def _initialise(self, module):
        for i in range(len(module.elements)):
            (_, tableidx, init, _, count, _), reader = module.element(i)
            table = self.externs[TABLE][tableidx]
            first = self._evaluate(module, init, 0x7F) & 0xFFFFFFFF
            if first + count > table.size:
                raise Trap("out of bounds table access", "element segment %d" % i)
            for n in range(count):
                table.set(first + n, self._function(module, reader.u32()).at)
                if n & 63 == 63:
                    yield
        buffer = memoryview(bytearray(256))
        for i in range(len(module.data)):
            (_, _, init), reader = module.data_segment(i)
            address = self._evaluate(module, init, 0x7F) & 0xFFFFFFFF
            memory = self.externs[MEMORY][0]
            if address + reader.end - reader.at > memory.size:
                raise Trap("out of bounds memory access", "data segment %d" % i)
            while reader.at < reader.end:
                n = min(len(buffer), reader.end - reader.at)
                reader.readinto(buffer[:n])
                memory.write(address, buffer[:n])
                address += n
                yield

    def _function(self, module, x):
        if x < self.imported:
            return self.externs[FUNC][x]
        at = self.records + _RECORD * (x - self.imported)
        return Function(at, module.types[module.functions[x]])

    def _export(self, module):
        self.exports = {}
        for name, (kind, index) in module.exports.items():
            if kind == FUNC:
                self.exports[name] = self._function(module, index)
            else:
                self.exports[name] = self.externs[kind][index]

    # Traps

    def locate(self, ip):
        """Where the operation at arena offset `ip` comes from: "in function 7 at offset 0x1a2"."""
        at = self.records
        own = -1
        start = 0
        for i in range(self.count):
            code = engine.get(at)
            if start < code <= ip:
                own, start = i, code
            at += _RECORD
        if own < 0:
            return ""
        text = "in function %d" % (self.imported + own)
        if self.store.reopen is None:
            return text
        source = self.store.reopen()
        try:
            reader = source.reader().fork(*self.range)
            translator = self._translator(Module(reader))
            translator.find = (ip - start) >> 1
            translator.begin(own)
            while not translator.step(_STEP):
                pass
            return text + " at offset 0x%x" % translator.found
        finally:
            source.close()


def constant(module, at, wanted):
    """Validates the constant expression at offset `at`, of type `wanted` (3.3.10).

    Returns (None, its value), or (globalidx, None).
    """
    reader = module.reader.fork(at)
    op = reader.u8()
    x = value = None
    if op == 0x41:
        have, value = 0x7F, reader.s32()
    elif op == 0x42:
        have, value = 0x7E, reader.s64()
    elif op == 0x43:
        have, value = 0x7D, reader.f32()
    elif op == 0x44:
        have, value = 0x7C, reader.f64()
    elif op == 0x23:
        x = reader.u32()
        if x >= len(module.globals):
            raise Invalid("unknown global %d" % x, at)
        have, mutable = module.globals[x]
        if x >= module.imported[GLOBAL]:
            raise Invalid("unknown global %d: only imported ones may be used here" % x, at)
        if mutable:
            raise Invalid("constant expression required", at)
    elif op == 0x0B:
        raise Invalid("type mismatch: an empty constant expression", at)
    else:
        raise Unsupported("constant expression with instruction 0x%x (reference types)" % op, at)
    if have != wanted:
        raise Invalid("type mismatch", at)
    following = reader.u8()
    if following != 0x0B:
        raise Invalid("type mismatch: more than one value in a constant expression", at)
    return x, value


def _fits(module, kind, wanted, extern):
    """Whether an extern may be imported as what a module wants (import matching, 4.5.3)."""
    if kind == FUNC:
        return module.types[wanted] == extern.type
    if kind == GLOBAL:
        return wanted == extern.type
    if kind == TABLE:
        reftype, least, most = wanted
        if reftype != extern.reftype:
            return False
        size = extern.size
    else:
        least, most = wanted
        size = extern.size >> 16
    return size >= least and (most is None or extern.most is not None and extern.most <= most)
