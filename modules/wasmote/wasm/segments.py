"""Element and data segments (core specification 2.4.6, 2.4.7): in the file, and copied when a module is instantiated."""

from micropython import const

from .constants import constant
from .engine import engine
from .errors import Invalid, Malformed, Trap
from .types import FUNCREF, I32, MEMORY, TABLE, reftype

ACTIVE = const(0)  # modes: copied at instantiation
PASSIVE = const(1)  # copied by table.init, memory.init
DECLARATIVE = const(2)  # only names functions for ref.func

# Numbers of the C engine, from scripts/make_tables.py
_AT_INSTANCE_DATA = const(20)
_AT_INSTANCE_ELEMENTS = const(24)
# end of numbers

_SEGMENTS = const(15)  # copied between two yields, less one: a power of two less one
_PIECE = const(256)  # bytes of a data segment copied between two yields


def read_element(reader, module, instance=None):
    """The head of an element segment (5.5.12), all 8 forms. Leaves the reader at the first item.

    Returns (mode, tableidx, offset in the table, reftype, number of items, whether the items are constant expressions;
    else they are function indices). The offset is of an active segment, and evaluated for an instance only.
    """
    at = reader.at
    flags = reader.u32()
    if flags > 7:
        raise Malformed("malformed elements segment kind", at)
    mode = (flags & 1) + (flags & 3 == 3)
    tableidx = first = 0
    kind = FUNCREF
    if mode == ACTIVE:
        if flags & 2:
            tableidx = reader.u32()
        first = constant(reader, module, I32, instance)
    if flags & 3:
        if flags & 4:
            kind = reftype(reader)
        elif reader.u8() != 0:
            raise Malformed("malformed element kind", reader.at - 1)
    if mode == ACTIVE:
        if tableidx >= len(module.tables):
            raise Invalid("unknown table %d" % tableidx, at)
        if module.tables[tableidx][0] != kind:
            raise Invalid("type mismatch: segment and table %d" % tableidx, at)
    return mode, tableidx, first, kind, reader.count(), flags & 4 != 0


def read_item(reader, module, kind, expressions, instance=None):
    """The next item of an element segment, as a table holds it (0 without an instance)."""
    if expressions:
        return constant(reader, module, kind, instance)
    at = reader.at
    x = reader.u32()
    module.declare(x, at)
    return instance.function_offset(x) if instance else 0


def read_data(reader, module, instance=None):
    """The head of a data segment (5.5.14): (mode, memidx, address). Leaves the reader at the size of its bytes.

    The address is of an active segment, and evaluated for an instance only.
    """
    at = reader.at
    flags = reader.u32()
    if flags > 2:
        raise Malformed("malformed data segment kind", at)
    if flags == PASSIVE:
        return PASSIVE, 0, 0
    memidx = reader.u32() if flags else 0
    address = constant(reader, module, I32, instance)
    if memidx >= len(module.memories):
        raise Invalid("unknown memory %d" % memidx, at)
    return ACTIVE, memidx, address


# Initialisation (4.5.4): all element segments, then all data segments, in order. One that does not fit traps and writes
# nothing; what those before it wrote stays, which an importing or exporting instance may see.


def initialise(instance, module):
    """Copies the active segments and keeps the passive ones in the arena. A generator: yields now and then."""
    at = _records(instance, _AT_INSTANCE_ELEMENTS, len(module.elements))
    for i in range(len(module.elements)):
        yield from _element(instance, module, i, at + 8 * i)
        if i & _SEGMENTS == _SEGMENTS:
            yield  # they may be empty
    at = _records(instance, _AT_INSTANCE_DATA, len(module.data))
    for i in range(len(module.data)):
        yield from _data(instance, module, i, at + 8 * i)
        if i & _SEGMENTS == _SEGMENTS:
            yield


def _records(instance, field, count):
    # The array of segment_t {at, size}. Size 0 is that of a segment that is active or declarative, or was dropped.
    if not count:
        return 0
    at = instance.store.alloc(8 * count)
    engine.set(instance.at + field, at)
    return at


def _element(instance, module, i, record):
    (mode, tableidx, first, kind, count, expressions), reader = module.element(i, instance)
    if mode == ACTIVE:
        table = instance.externs[TABLE][tableidx]
        if first + count > table.size:
            raise Trap("out of bounds table access", "element segment %d" % i)
    elif mode == PASSIVE:
        at = instance.store.alloc(4 * count)
        engine.set(record, at)
        engine.set(record + 4, count)
    for n in range(count):
        bits = read_item(reader, module, kind, expressions, instance)
        if mode == ACTIVE:
            table.put(first + n, bits)
        elif mode == PASSIVE:
            engine.set(at + 4 * n, bits)
        if expressions or n & 63 == 63:
            yield


def _data(instance, module, i, record):
    (mode, memidx, address), reader = module.data_segment(i, instance)
    size = reader.end - reader.at
    if mode == PASSIVE:
        at = instance.store.alloc(size)
        engine.set(record, at)
        engine.set(record + 4, size)
    else:
        memory = instance.externs[MEMORY][memidx]
        if address + size > memory.size:
            raise Trap("out of bounds memory access", "data segment %d" % i)
    buffer = memoryview(bytearray(min(size, _PIECE)))
    while reader.at < reader.end:
        piece = buffer[: min(_PIECE, reader.end - reader.at)]
        reader.readinto(piece)
        if mode == PASSIVE:
            engine.put(at, piece)
            at += len(piece)
        else:
            memory.write(address, piece)
            address += len(piece)
        yield
