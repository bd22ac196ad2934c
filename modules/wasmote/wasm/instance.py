"""Instances (core specification 4.5.4): link, allocate, validate and translate all bodies, initialise, start."""

from array import array

from micropython import const

from .bodies import python_translator, translate_bodies
from .constants import constant
from .engine import engine
from .errors import Unlinkable
from .exports import Exports
from .externs import Global, Memory, Table
from .segments import initialise
from .types import FUNC, GLOBAL, MEMORY, TABLE, global_cells
from .values import Function, function_at, get_bits, put_bits

# Numbers of the C engine, from scripts/make_tables.py
_SIZEOF_INSTANCE = const(28)
_AT_INSTANCE_MEMORY = const(0)
_AT_INSTANCE_RECORDS = const(4)
_AT_INSTANCE_IMPORTS = const(8)
_AT_INSTANCE_TABLES = const(12)
_AT_INSTANCE_GLOBALS = const(16)
_SIZEOF_FUNCTION = const(12)
_AT_MEMORY_BASE = const(16)
# end of numbers

_ITEMS = const(15)  # types, imports, records or globals between two yields, less one
_KINDS = ("function", "table", "memory", "global")


class Instance:
    """A module's instance in a store. `exports` is an Exports."""

    @classmethod
    def create(cls, store, module, resolve, starts=True, reopen=None):
        """Makes an instance. A generator: yields so that nothing else has to wait; returns the instance.

        starts     whether its start function is called, too
        reopen     as Store.reopen, of this one
        resolve(module_name, name) -> what is imported; None if there is none. Once per import, in order
        Raises ValueError if the store is closed before it is done; Invalid, Malformed or Unsupported for a body; then Unlinkable (OutOfMemory too), whatever the order in
        which they are found; then a Trap of initialising or starting. What a module that failed has allocated comes
        back when the store closes.
        """
        self = cls()
        self.store = store
        self.imported = module.imported[FUNC]
        self.count = module.defined(FUNC)
        self.at = self.imports = self.records = 0
        self.externs = ([], [], [], [])
        refused = None
        ids = yield from self.type_ids(module)
        try:
            for i, wanted in enumerate(module.imports):
                self._link(module, resolve, *wanted)
                if i & _ITEMS == _ITEMS:
                    yield
                    store.check()
            for _ in self._allocate(module, ids):
                yield
                store.check()  # closed while others ran: what it had may be another store's
        except Unlinkable as error:
            refused = error
        yield from translate_bodies(self, module, ids, refused is None)
        if refused:
            raise refused
        self.exports = Exports(self, module, global_cells(module))
        if self.count:
            place = module.offset, module.reader.end
            store.instances.append((self.at, self.count, self.imported, reopen or store.reopen) + place)
        for _ in initialise(self, module):
            yield
            store.check()
        self.externs = None  # not del: the dict would keep what it was
        if starts and module.start >= 0:
            yield from store.invoke(function_at(store, self.function_offset(module.start)), [])
        return self

    @classmethod
    def again(cls, store, at, imported):
        """As much of an instance that runs, by its place in the arena, as translating its bodies again takes."""
        self = cls()
        self.store = store
        self.at = at
        self.imported = imported
        self.imports = engine.get(at + _AT_INSTANCE_IMPORTS)
        self.records = engine.get(at + _AT_INSTANCE_RECORDS)
        return self

    @classmethod
    def validate(cls, store, module):
        """Raises Invalid, Malformed or Unsupported for a body of a module that is not instantiated. A generator."""
        self = cls()
        self.store = store
        self.imported = module.imported[FUNC]
        self.at = self.imports = self.records = 0
        ids = yield from self.type_ids(module)
        yield from translate_bodies(self, module, ids, False)

    # Linking (4.5.3)

    def _link(self, module, resolve, name, field, kind, wanted):
        extern = resolve(name, field)
        what = "%s %s.%s" % (_KINDS[kind], name, field)
        if extern is None:
            raise Unlinkable("unknown import: " + what)
        if not isinstance(extern, (Function, Table, Memory, Global)[kind]) or not _fits(module, kind, wanted, extern):
            raise Unlinkable("incompatible import type: " + what)
        self.externs[kind].append(extern)

    # Allocation (4.5.3.1): all that bodies refer to by its place in the arena

    def _allocate(self, module, ids):
        store = self.store
        store.take(FUNC, self.count)
        cells = global_cells(module)
        store.take(GLOBAL, cells[-1])
        self.at = store.alloc(_SIZEOF_INSTANCE)
        self.imports = self._array(_AT_INSTANCE_IMPORTS, self.externs[FUNC])
        yield from self._records(module, ids)
        tables, memories = self.externs[TABLE], self.externs[MEMORY]
        for reftype, least, most in module.tables[module.imported[TABLE] :]:
            tables.append(Table.new(store, reftype, least, most))
            yield
        self._array(_AT_INSTANCE_TABLES, tables)
        yield from self._globals(module, cells)
        for least, most, shift in module.memories[module.imported[MEMORY] :]:
            reserve = yield from _reserve(module, least, most, shift)
            memories.append(Memory.new(store, least, most, shift, reserve))
        if memories:
            engine.set(self.at + _AT_INSTANCE_MEMORY, memories[0].at)

    def _array(self, field, externs):
        # An array of what the externs' records are, for a field of the instance_t. Returns its offset.
        if not externs:
            return 0
        at = self.store.alloc(4 * len(externs))
        engine.set(self.at + field, at)
        for i, extern in enumerate(externs):
            engine.set(at + 4 * i, extern.at)
        return at

    def _records(self, module, ids):
        at = self.records = self.store.alloc(_SIZEOF_FUNCTION * self.count or 4)
        engine.set(self.at + _AT_INSTANCE_RECORDS, at)
        for i in range(self.count):
            engine.set(at + 4, self.at)
            engine.set(at + 8, ids[module.functions[self.imported + i]])
            at += _SIZEOF_FUNCTION
            if i & _ITEMS == _ITEMS:
                yield

    def type_ids(self, module):
        """What call_indirect compares, of each of the module's types: an array. A generator."""
        ids = array("H")
        for i, (params, results) in enumerate(module.types):
            ids.append(self.store.type_id(params, results))
            if i & _ITEMS == _ITEMS:
                yield
                self.store.check()
        return ids

    def _globals(self, module, cells):
        at = self.globals = self.store.alloc(4 * cells[-1] or 4)
        engine.set(self.at + _AT_INSTANCE_GLOBALS, at)
        imported = self.externs[GLOBAL]
        for i, extern in enumerate(imported):
            engine.set(at + 4 * cells[i], extern.at)
        for i, init in enumerate(module.global_inits):
            x = len(imported) + i
            valtype, _ = module.globals[x]
            put_bits(at + 4 * cells[x], valtype, constant(module.reader.fork(init), module, valtype, self))
            yield

    def global_bits(self, x):
        """What the imported global `x` holds. For constant expressions."""
        extern = self.externs[GLOBAL][x]
        return get_bits(extern.at, extern.type[0])

    def function_offset(self, x):
        """Where function `x` has its function_t; 0 while the instance has none, because an import is missing."""
        if x < self.imported:
            return engine.get(self.imports + 4 * x) if self.imports else 0
        return self.records + _SIZEOF_FUNCTION * (x - self.imported)

    # Bodies

    def translator(self, module):
        """A Translator of the module's bodies, in Python: always the same code for the same body."""
        return python_translator(self, module, [self.store.type_id(*functype) for functype in module.types])

    def is_dense(self):
        """Whether the memory's bytes lie in a row: other operations serve it."""
        # Without memory: in the zero granule.
        return engine.get(engine.get(self.at + _AT_INSTANCE_MEMORY) + _AT_MEMORY_BASE) != 0


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
        least, most, shift = wanted
        if shift != extern.shift:
            return False
        size = extern.size >> shift
    return size >= least and (most is None or extern.most is not None and extern.most <= most)


def _reserve(module, least, most, shift):
    """A generator: granules that a memory has to leave free to be dense, for the rest of the module, about, and its growth.

    A dense memory grows by whole pages, a sparse one by what is written: on a board, one that grows had better be sparse.
    """
    elements = sum([least for _, least, _ in module.tables])
    granules = 4 + (2 * module.code_size + 4 * elements + 24 * len(module.functions)) // 1024
    if most != least and (yield from _grows(module)):
        granules += 0xFFFF if most is None else (most - least << shift) // 1024
    return min(granules, 0xFFFF)


def _grows(module):
    # Whether the code section has the bytes of memory.grow anywhere.
    if not module.bodies:
        return False
    reader = module.reader.fork(module.bodies[0])
    end = min(reader.at + module.code_size, reader.end)
    piece = bytearray(257)
    while end - reader.at > 1:
        n = min(len(piece), end - reader.at)
        reader.readinto(memoryview(piece)[:n])
        if b"\x40\0" in piece[:n]:
            return True
        reader.seek(reader.at - 1)  # the pair may lie across two pieces
        yield
    return False
