"""All bodies of a module: validated, and translated into the component's granules.

In C where the engine can (firmware/wasm/translate.h): it walks through the code section, this hands it the file in
pieces. What C refuses, and what does not fit the scratch that the arena has for it, the Python translator translates
again and says what is wrong. It is not even imported before that: it would cost a board 20 KB of its heap.
"""

from array import array

from micropython import const

from .engine import engine
from .errors import Invalid
from .types import FUNC, GLOBAL, global_cells

# Numbers of the C engine, from scripts/make_tables.py
_LEFT_OVER = const(32)
_PIECE = const(512)
_TRANSLATE_READ = const(0)
_TRANSLATE_AGAIN = const(1)
_TRANSLATE_DONE = const(2)
_TRANSLATE_REFUSED = const(3)
_TRANSLATE_FULL = const(4)
_SPARSE_MEMORY = const(1)
_DENSE_MEMORY = const(2)
_AT_SCRATCH_INDEX = const(544)
_AT_SCRATCH_FOUND = const(548)
_SIZEOF_FUNCTION = const(12)
# end of numbers
_STEP = const(64)  # instructions that Python translates between two yields
_TYPES = const(15)  # types packed between two yields, less one: a power of two less one
_SCRATCH = const(6)  # granules that nearly every body is content with
_LARGE = const(12)  # for locate(), if there is so much room
_SMALL = const(4)


def translate_bodies(instance, module, ids, linked):
    """Translates all bodies of an instance that is linked; else only validates them. A generator.

    ids    what call_indirect compares, of each type: Instance.type_ids()
    Raises Malformed, Invalid, Unsupported, or OutOfMemory.
    """
    count = module.defined(FUNC)
    if not count:
        return
    packed = yield from pack(instance, module, ids, linked)
    if packed is None:
        yield from _in_python(instance, module, ids, linked, 0, count)
        return
    end = module.body(count - 1).end
    first = granules = _SCRATCH + (len(packed) >> 10)
    index = 0
    while index < count:
        scratch = Scratch(granules, packed)
        status = _TRANSLATE_REFUSED
        try:
            if scratch.at:
                reader = module.reader.fork(module.bodies[index], end)
                status = yield from scratch.translate(reader, index, -1, instance.store)
                index = engine.get(scratch.at + _AT_SCRATCH_INDEX)
        finally:
            scratch.close()
        if status == _TRANSLATE_DONE:
            return
        # The other half of what is free is for guests that run meanwhile.
        larger = min(2 * granules, engine.used(0) >> 1) if status == _TRANSLATE_FULL else 0
        if larger > granules:
            granules = larger
        else:
            yield from _in_python(instance, module, ids, linked, index, index + 1)
            index += 1
            granules = first


def locate(instance, module, index, position):
    """Offset in the file of the instruction whose operation is the last to begin at or before halfword `position`.

    Of the code of the index-th body. A generator.
    """
    ids = yield from instance.type_ids(module)
    packed = yield from pack(instance, module, ids, True)
    for granules in (_LARGE, _SMALL) if packed else ():
        scratch = Scratch(granules, packed)
        try:
            if scratch.at:
                reader = module.reader.fork(module.bodies[index])
                if (yield from scratch.translate(reader, index, position)) == _TRANSLATE_DONE:
                    return engine.get(scratch.at + _AT_SCRATCH_FOUND)
        finally:
            scratch.close()
    translator = python_translator(instance, module, ids)
    translator.find = position
    translator.begin(index)
    while not translator.step(_STEP):
        yield
    return translator.found


class Scratch:
    """Granules for translating. Its own owner, so that it counts for no component."""

    def __init__(self, granules, packed):
        self.owner = engine.claim(granules)
        self.at = engine.translate_open(self.owner, granules, packed) if self.owner else 0

    def translate(self, reader, index, find=-1, store=None):
        """Lets C translate from the index-th body on, whose size the reader stands at. Returns how it ended.

        store    whose granules the code goes to
        """
        engine.translate_begin(self.at, index, reader.at, reader.end, find)
        piece = engine.view(self.at + _LEFT_OVER, _PIECE)
        n = 0
        while True:
            if store:
                store.check()  # closed while others ran: its owner's number may be another store's
            status = engine.translate(self.at, n)
            if status > _TRANSLATE_AGAIN:
                return status
            n = 0
            if status == _TRANSLATE_READ:
                n = min(_PIECE, reader.end - reader.at)
                reader.readinto(piece[:n])
            yield

    def close(self):
        if self.owner:
            engine.release(self.owner)


# In Python


def import_translator():
    """The class Translator, imported."""
    # Lowest first, so that no import is made deep inside of another: a board's C stack has 8 KiB.
    # isort: off
    from .emit import Emitter  # noqa: F401
    from .operands import push  # noqa: F401
    from .control import open_body  # noqa: F401
    from .numeric import plain  # noqa: F401
    from .variables import drop  # noqa: F401
    from .memories import load  # noqa: F401
    from .tables import ref_null  # noqa: F401
    from .translate import Translator

    # isort: on
    return Translator


def python_translator(instance, module, ids):
    """A Translator of the instance's bodies."""
    translator = import_translator()
    return translator(module, ids, engine.handlers(), instance.is_dense(), instance.function_offset)


def _in_python(instance, module, ids, linked, first, end):
    store = instance.store
    translator = python_translator(instance, module, ids)
    for i in range(first, end):
        try:
            translator.begin(i)
            while not translator.step(_STEP):
                yield
        except Invalid as error:
            from .structure import check_body

            yield from check_body(module.body(i))  # that it is malformed further on comes first
            raise error
        if linked:
            store.check()
            code = store.alloc(2 * translator.n)
            translator.copy_code(engine.put, code)
            engine.set(instance.records + _SIZEOF_FUNCTION * i, code)
        yield


def pack(instance, module, ids, linked):
    """What C has to know of a module: module_t in translate.h and the lists that follow it; None: no C, or too much for it.

    A generator.
    """
    if not hasattr(engine, "translate"):
        return None
    strings = bytearray(b"\x7f\x7e\x7d\x7c\x70\x6f")
    starts = array("I")
    for i, (params, results) in enumerate(module.types):
        starts.append(len(strings))
        strings.extend(params)
        starts.append(len(strings))
        strings.extend(results)
        if i & _TYPES == _TYPES:
            yield
            instance.store.check()
    starts.append(len(strings))
    cells = global_cells(module)
    globals_ = bytes([kind | mutable << 7 for kind, mutable in module.globals])
    memory = kind = 0
    if module.memories:
        least, _, shift = module.memories[0]
        memory = min(least << shift, 0xFFFFFFFF)
        kind = _DENSE_MEMORY if instance.is_dense() else _SPARSE_MEMORY
    counts = (kind, len(module.functions), module.imported[FUNC], len(module.types), len(module.globals),
              module.imported[GLOBAL], len(module.tables), len(module.elements), module.data_count + 1)  # fmt: skip
    if max(max(counts), len(strings), cells.pop()) > 0xFFFF:
        return None
    packed = bytearray()
    packed += array("I", (instance.at if linked else 0, instance.store.owner if linked else 0, memory))
    packed += array("H", counts + (0,))
    packed += module.functions
    packed += array("H", starts)
    packed += ids
    packed += array("H", cells)
    packed += globals_
    packed += bytes([table[0] for table in module.tables])
    packed += module.segment_types
    packed += module.declared
    packed += strings
    return packed
