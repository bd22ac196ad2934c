"""What modules import and export (core specification 4.2): functions, tables, memories, globals of a store.

Each names a record in the arena by its offset `at` (layouts: firmware/wasm/exec.h) and is good until the store closes:
then another guest may write what stands there, and what would read or write through it raises ValueError instead.
Values are those of values.py.
"""

from micropython import const

from .engine import engine
from .errors import OutOfMemory, Trap
from .traps import TRAPS
from .types import GLOBAL, MEMORY, TABLE
from .values import Function, from_bits, get_value, put_value, to_bits

# Numbers of the C engine, from scripts/make_tables.py
_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS = const(5)
_PIECE = const(512)
_SIZEOF_FUNCTION = const(12)
_SIZEOF_TABLE = const(20)
_AT_TABLE_MAX = const(4)
_AT_TABLE_ELEMENTS = const(8)
_AT_TABLE_OWNER = const(12)
_AT_TABLE_CAPACITY = const(16)
# end of numbers

_NONE = const(0xFFFFFFFF)  # no maximum; or "could not grow"


def _delta(delta):
    # What the engine takes: 32 bits. More than that is as much as nothing has room for.
    if delta < 0:
        raise ValueError("grow(%d): it cannot shrink" % delta)
    return _NONE if delta >> 32 else delta


def _check_limits(least, most):
    if not 0 <= least <= (_NONE if most is None else most) <= _NONE:
        raise ValueError("%s, %s are no limits" % (least, most))


class HostFunction(Function):
    """A function of the host that guests may call.

    call(*args)    gets and returns values: nothing or None without results, the value of one result, a list or tuple
                   of several; or it is a generator that returns that, and yields while the host has to wait
    """

    def __init__(self, store, params, results, call=None):
        """Without `call`: of a class that has it as a method."""
        at = store.alloc(_SIZEOF_FUNCTION)
        engine.set(at + 4, len(store.host_functions))
        number = store.type_id(params, results)
        engine.set(at + 8, number)
        self.at = at
        self.type = store.types[number - 1]
        if call is not None:
            self.call = call
        store.host_functions.append(self)

    def is_of(self, store):
        # Its number tells, so that a component's many need not keep the store.
        functions = store.host_functions
        number = engine.get(self.at + 4)
        return number < len(functions) and functions[number] is self


class Table:
    """A table of references of one type (4.2.7): `reftype` FUNCREF or EXTERNREF.

    `least` and `most` (or None) are the limits that it was made with. Out of its bounds: Trap.
    """

    kind = TABLE

    def __init__(self, store, at, reftype, least, most):
        self.store = store
        self.at = at
        self.reftype = reftype
        self.least = least
        self.most = most

    @classmethod
    def new(cls, store, reftype, least, most=None, value=None):
        """A table of `least` elements, each `value`, of at most `most`. Raises OutOfMemory."""
        store.check()
        _check_limits(least, most)
        bits = to_bits(store, reftype, value)
        allowed = store.take(TABLE, least)
        at = store.alloc(_SIZEOF_TABLE)
        elements = store.alloc(4 * least) if least else 0
        engine.set(at, least)
        engine.set(at + _AT_TABLE_MAX, allowed if most is None else min(most, allowed))
        engine.set(at + _AT_TABLE_ELEMENTS, elements)
        engine.set(at + _AT_TABLE_OWNER, store.owner)
        engine.set(at + _AT_TABLE_CAPACITY, least)
        if bits:
            for i in range(least):
                engine.set(elements + 4 * i, bits)
        return cls(store, at, reftype, least, most)

    @property
    def size(self):
        """Elements now."""
        self.store.check()
        return engine.get(self.at)

    def get(self, i):
        """Element `i` (table.get)."""
        return from_bits(self.store, self.reftype, engine.get(self._element(i)))

    def set(self, i, value):
        """Sets element `i` (table.set)."""
        engine.set(self._element(i), to_bits(self.store, self.reftype, value))

    def put(self, i, bits):
        """Sets element `i`, which the caller knows to exist, to a reference as the arena holds it."""
        engine.set(engine.get(self.at + _AT_TABLE_ELEMENTS) + 4 * i, bits)

    def grow(self, delta, value=None):
        """Adds `delta` elements, each `value`. Returns the size before, or -1 if there is no room (table.grow)."""
        self.store.check()
        before = engine.table_grow(self.at, to_bits(self.store, self.reftype, value), _delta(delta))
        return -1 if before == _NONE else before

    def _element(self, i):
        if not 0 <= i < self.size:
            raise Trap("out of bounds table access", "element %d of %d" % (i, self.size))
        return engine.get(self.at + _AT_TABLE_ELEMENTS) + 4 * i


class Global:
    """A global variable (4.2.9). `type` is (valtype, mutable): mutable 0 or 1."""

    kind = GLOBAL

    def __init__(self, store, at, valtype, mutable):
        self.store = store
        self.at = at  # of its cell: 4 bytes, or 8
        self.type = (valtype, mutable)

    @classmethod
    def new(cls, store, valtype, mutable, value):
        """A global of this value. Raises OutOfMemory."""
        store.check()
        store.take(GLOBAL, 2)
        self = cls(store, store.alloc(8), valtype, int(mutable))
        put_value(store, self.at, valtype, value)
        return self

    @property
    def value(self):
        """Its value. Only a mutable one may be set: TypeError."""
        self.store.check()
        return get_value(self.store, self.at, self.type[0])

    @value.setter
    def value(self, value):
        if not self.type[1]:
            raise TypeError("global is immutable")
        self.store.check()
        put_value(self.store, self.at, self.type[0], value)


class Memory:
    """A linear memory (4.2.8). Out of its bounds: Trap.

    `least` and `most` (or None) are the limits that it was made with, in pages of 1 << `shift` bytes: shift is 16, or
    0 with a custom page size. Addresses and sizes are in bytes.
    """

    kind = MEMORY

    def __init__(self, store, at, least, most, shift=16):
        self.store = store
        self.at = at
        self.least = least
        self.most = most
        self.shift = shift

    @classmethod
    def new(cls, store, least, most=None, shift=16, reserve=0):
        """A memory of `least` zeroed pages, of at most `most`. Raises OutOfMemory.

        reserve    granules of the store that it leaves free: it is sparse if it would not
        """
        store.check()
        _check_limits(least, most)
        at = engine.memory_new(store.owner, least, _NONE if most is None else most, shift, reserve)
        if not at:
            what = "a memory of %d pages of %d bytes does not fit the component's limit of %d KiB, or the arena"
            raise OutOfMemory(what % (least, 1 << shift, store.limit))
        return cls(store, at, least, most, shift)

    @property
    def size(self):
        """Bytes now."""
        self.store.check()
        return engine.get(self.at)

    def grow(self, delta):
        """Adds `delta` pages. Returns the number of pages before, or -1 if there is no room (memory.grow)."""
        self.store.check()
        before = engine.memory_grow(self.at, _delta(delta))
        return -1 if before == _NONE else before

    def read_into(self, address, buffer):
        """Fills `buffer` with the bytes from `address` on."""
        if not self.store.owner:  # check(), but for the call: canonical.py reads value by value
            self.store.check()
        trap = _TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS if address >> 32 else engine.memory_read(self.at, address, buffer)
        if trap:
            raise Trap(TRAPS[trap])

    def read(self, address, size):
        """`size` bytes from `address` on, as a bytes object."""
        if not 0 <= address <= address + size <= self.size:
            raise Trap(TRAPS[_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS], "%d bytes at %d" % (size, address))
        if size <= _PIECE:
            data = bytearray(size)
            self.read_into(address, data)
            return bytes(data)
        # The heap of a board has few large pieces free: all at once would take two.
        return b"".join(
            [self.read(at, min(_PIECE, address + size - at)) for at in range(address, address + size, _PIECE)]
        )

    def write(self, address, data):
        """Copies `data`, any buffer of bytes, to `address`. Trap "out of memory": a first write that finds no granule."""
        if not self.store.owner:
            self.store.check()
        trap = _TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS if address >> 32 else engine.memory_write(self.at, address, data)
        if trap:
            raise Trap(TRAPS[trap])

    def _get(self, address, size):
        word = bytearray(size)
        self.read_into(address, word)
        return int.from_bytes(word, "little")

    def u8(self, address):
        return self._get(address, 1)

    def u16(self, address):
        return self._get(address, 2)

    def u32(self, address):
        return self._get(address, 4)

    def u64(self, address):
        return self._get(address, 8)

    def set_u8(self, address, value):
        self.write(address, (value & 0xFF).to_bytes(1, "little"))

    def set_u16(self, address, value):
        self.write(address, (value & 0xFFFF).to_bytes(2, "little"))

    def set_u32(self, address, value):
        self.write(address, (value & 0xFFFFFFFF).to_bytes(4, "little"))

    def set_u64(self, address, value):
        self.write(address, (value & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little"))
