"""What modules import and export (core specification 4.2): functions, tables, memories, globals of a store.

Each names a record in the arena by its offset `at` (layouts: firmware/wasm/exec.h).
"""

from micropython import const

from .binary import GLOBAL, MEMORY, TABLE
from .engine import engine
from .errors import Trap
from .traps import TRAPS
from .values import Function

_RECORD = const(12)  # bytes of a function_t


class HostFunction(Function):
    """A function of the host that guests may call, with at most one result.

    call(*args)    gets unsigned ints (floats as bit patterns); returns an int or None, or a generator that does
    """

    def __init__(self, store, params, results, call):
        at = store.alloc(_RECORD)
        engine.set(at + 4, len(store.host_functions))
        engine.set(at + 8, store.type_id(params, results))
        super().__init__(at, (params, results))
        self.call = call
        store.host_functions.append(self)


class Table:
    """A table of references, one word each: the offset of a function's record, or 0."""

    kind = TABLE

    def __init__(self, at, least, most, reftype):
        self.at = at
        self.least = least
        self.most = most  # or None
        self.reftype = reftype

    @classmethod
    def new(cls, store, reftype, least, most):
        at = store.alloc(12)
        elements = store.alloc(4 * least) if least else 0
        engine.set(at, least)
        engine.set(at + 4, least if most is None else most)
        engine.set(at + 8, elements)
        return cls(at, least, most, reftype)

    @property
    def size(self):
        return engine.get(self.at)

    def set(self, i, offset):
        """Sets element i, which the caller knows to exist."""
        engine.set(engine.get(self.at + 8) + 4 * i, offset)


class Global:
    """A global variable: one cell of 4 bytes, or two."""

    kind = GLOBAL

    def __init__(self, at, valtype, mutable):
        self.at = at
        self.type = (valtype, mutable)


class Memory:
    """A linear memory, in bytes. Out of its bounds: Trap. `least` and `most` count pages of 64 KiB."""

    kind = MEMORY

    def __init__(self, at, least, most):
        self.at = at
        self.least = least
        self.most = most  # or None
        self._word = bytearray(8)
        self._part = memoryview(self._word)

    @property
    def size(self):
        return engine.get(self.at)

    def read_into(self, address, buffer):
        """Fills `buffer` with the bytes from `address` on."""
        trap = engine.memory_read(self.at, address, buffer)
        if trap:
            raise Trap(TRAPS[trap])

    def read(self, address, size):
        """`size` bytes as a bytes object."""
        if address + size > self.size:
            raise Trap("out of bounds memory access", "%d bytes at %d" % (size, address))
        data = bytearray(size)
        self.read_into(address, data)
        return bytes(data)

    def write(self, address, data):
        trap = engine.memory_write(self.at, address, data)
        if trap:
            raise Trap(TRAPS[trap])

    def _get(self, address, size):
        self.read_into(address, self._part[:size])
        return int.from_bytes(self._part[:size], "little")

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
