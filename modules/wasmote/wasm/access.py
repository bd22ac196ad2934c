"""The running instance's memory, for interp.py: loads and stores (core specification 4.4.7).

They take the effective address: in a sparse memory or, as `dense_…`, in a dense one. Out of bounds they raise Trapped.
"""

from micropython import const

from .arena import halves, octets, words
from .functions import Trapped
from .memory import touch

# Numbers of the C engine, from scripts/make_tables.py
_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS = const(5)
_TRAP_OUT_OF_MEMORY = const(11)
_GRANULE = const(1024)
_WORD_MEMORY_BYTES = const(0)
_WORD_MEMORY_PAGES = const(2)
_WORD_MEMORY_BASE = const(4)
_WORD_MEMORY_SHIFT = const(5)
# end of numbers


# Of the running instance's memory: offset of its memory_t, size, index of its page map, arena offset if it is dense.
_memory = 0
_bytes = 0
_pages = 0
_base = 0


def enter_instance(instance):
    """Makes the memory of an instance_t (its word index) the current one. Returns the index of its globals."""
    global _memory
    _memory = words[instance]
    look_again()
    return words[instance + 4] >> 2


def look_again():
    """Notes size and place of the current memory, which may have changed."""
    global _bytes, _pages, _base
    at = _memory >> 2
    _bytes = words[at + _WORD_MEMORY_BYTES]
    _pages = words[at + _WORD_MEMORY_PAGES] >> 1
    _base = words[at + _WORD_MEMORY_BASE]


def memory_size(x, y):
    return _bytes >> words[(_memory >> 2) + _WORD_MEMORY_SHIFT]


# Loads and stores


def _load(address, size):
    # Little-endian; the bytes may lie in several granules.
    if address + size > _bytes:
        raise Trapped(_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS)
    inside = address & 1023
    at = octets[(halves[_pages + (address >> 16)] << 3) + (address >> 10 & 63)] << 10 | inside
    if inside + size <= _GRANULE:
        if size == 4 and not at & 3:
            return words[at >> 2]
        return int.from_bytes(octets[at : at + size], "little")
    n = _GRANULE - inside
    return _load(address, n) | _load(address + n, size - n) << 8 * n


def _store(address, value, size):
    if address + size > _bytes:
        raise Trapped(_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS)
    inside = address & 1023
    at = octets[(halves[_pages + (address >> 16)] << 3) + (address >> 10 & 63)] << 10
    if at and inside + size <= _GRANULE:
        _put(at | inside, value, size)
        return
    for i in range(address, address + size):
        at = touch(_memory, i)
        if not at:
            raise Trapped(_TRAP_OUT_OF_MEMORY)
        octets[at] = value & 0xFF
        value >>= 8


def _put(at, value, size):
    if size == 4 and not at & 3:
        words[at >> 2] = value
        return
    for _ in range(size):
        octets[at] = value & 0xFF
        value >>= 8
        at += 1


def _load_dense(address, size):
    if address + size > _bytes:
        raise Trapped(_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS)
    at = _base + address
    if size == 4 and not at & 3:
        return words[at >> 2]
    return int.from_bytes(octets[at : at + size], "little")


def _store_dense(address, value, size):
    if address + size > _bytes:
        raise Trapped(_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS)
    _put(_base + address, value, size)


# The frequent ones in one call.


def _load8(address):
    if address >= _bytes:
        raise Trapped(_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS)
    return octets[octets[(halves[_pages + (address >> 16)] << 3) + (address >> 10 & 63)] << 10 | address & 1023]


def _load32(address):
    if address & 3 or address + 4 > _bytes:
        return _load(address, 4)
    return words[octets[(halves[_pages + (address >> 16)] << 3) + (address >> 10 & 63)] << 8 | address >> 2 & 255]


def _store32(address, value):
    if not address & 3 and address + 4 <= _bytes:
        at = octets[(halves[_pages + (address >> 16)] << 3) + (address >> 10 & 63)]
        if at:
            words[at << 8 | address >> 2 & 255] = value
            return
    _store(address, value, 4)


def _load8_dense(address):
    if address >= _bytes:
        raise Trapped(_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS)
    return octets[_base + address]


def _load32_dense(address):
    if address & 3 or address + 4 > _bytes:
        return _load_dense(address, 4)
    return words[_base + address >> 2]


def _store32_dense(address, value):
    if address & 3 or address + 4 > _bytes:
        _store_dense(address, value, 4)
    else:
        words[_base + address >> 2] = value


def _accesses(prefix, load8, load32, store32, load, store):
    # Puts the instructions into ACCESSES, by family, over a load and a store of so many bytes.
    def unsigned(size):
        return load8 if size == 1 else load32 if size == 4 else lambda address: load(address, size)

    def signed(size, bits):
        sign = 1 << (8 * size - 1)
        mask = (1 << bits) - 1
        return lambda address: ((load(address, size) ^ sign) - sign) & mask

    def narrow(size):
        return store32 if size == 4 else lambda address, value: store(address, value, size)

    def store64(address, value):
        if address + 8 > _bytes:
            raise Trapped(_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS)
        store32(address, value & 0xFFFFFFFF)
        store32(address + 4, value >> 32)

    for name, size in (("i32_load", 4), ("i64_load", 8), ("i64_load32_u", 4)):
        ACCESSES[prefix + name] = unsigned(size)
    ACCESSES[prefix + "i64_load32_s"] = signed(4, 64)
    for bits in (32, 64):
        for size in (1, 2):
            name = "%si%d_load%d_" % (prefix, bits, 8 * size)
            ACCESSES[name + "s"] = signed(size, bits)
            ACCESSES[name + "u"] = unsigned(size)
    for name, size in (("i32_store", 4), ("i32_store8", 1), ("i32_store16", 2)):
        ACCESSES[prefix + name] = narrow(size)
    ACCESSES[prefix + "i64_store"] = store64


ACCESSES = {"memory_size": memory_size}
_accesses("", _load8, _load32, _store32, _load, _store)
_accesses("dense_", _load8_dense, _load32_dense, _store32_dense, _load_dense, _store_dense)
