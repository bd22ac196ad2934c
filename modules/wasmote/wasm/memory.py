"""Linear memories (core specification 4.2.8), dense and sparse, and how tables grow. Twin of firmware/wasm/memory.c.

A memory_t and its parts lie in the arena as exec.h says. Addresses and sizes count bytes.
"""

from micropython import const

from .arena import alloc, check, halves, left, longer, move, octets, row, take, words

_GRANULE = const(1024)
_PAGE = const(65536)
_MAX_MAP = const(65535)
_LEAF = const(64)  # bytes of one: a granule's number each
_NONE = const(0xFFFFFFFF)

# A memory_t, in words.
BYTES = const(0)
_MAX = const(1)
PAGES = const(2)
_OWNER = const(3)
BASE = const(4)
SHIFT = const(5)
_MAP = const(6)
_MEMORY_SIZE = const(28)  # bytes

# A table_t, in words.
_TABLE_SIZE = const(0)
_TABLE_MAX = const(1)
ELEMENTS = const(2)
_TABLE_OWNER = const(3)
_CAPACITY = const(4)

OUT_OF_BOUNDS = const(5)  # traps.csv
OUT_OF_MEMORY = const(11)


def memory_new(owner, least, most, shift, reserve):
    """The offset of a new memory_t of `least` to `most` pages of 1 << shift bytes; 0: out of memory.

    Dense if that leaves the owner `reserve` granules of its limit, else sparse.
    """
    most = min(most, _MAX_MAP * _PAGE >> shift)
    if least > most:
        return 0
    memory = alloc(owner, _MEMORY_SIZE)
    if not memory:
        return 0
    size = least << shift
    at = memory >> 2
    words[at + BYTES] = size
    words[at + _MAX] = most
    words[at + _OWNER] = owner
    words[at + SHIFT] = shift
    if size:
        base = words[at + BASE] = row(owner, _units(size, _GRANULE), reserve)
        if not base:
            words[at + _MAP] = _units(size, _PAGE)
            words[at + PAGES] = alloc(owner, 2 * words[at + _MAP])
            if not words[at + PAGES]:
                return 0
    return memory


def _units(size, unit):
    return (size + unit - 1) // unit


def memory_grow(memory, delta):
    """Adds `delta` pages. Returns how many there were, or 0xffffffff."""
    check(memory, _MEMORY_SIZE)
    at = memory >> 2
    size = words[at + BYTES]
    shift = words[at + SHIFT]
    pages = size >> shift
    if delta == 0:
        return pages
    if delta > words[at + _MAX] - pages:
        return _NONE
    size = pages + delta << shift
    if not (_grow_dense if words[at + BASE] else _grow_map)(at, size):
        return _NONE
    words[at + BYTES] = size
    return pages


def _grow_dense(at, size):
    have = _units(words[at + BYTES], _GRANULE)
    more = _units(size, _GRANULE) - have
    if more:
        base = longer(words[at + _OWNER], words[at + BASE], have, more)
        if not base:
            return False
        words[at + BASE] = base
    return True


def _grow_map(at, size):
    # At once for as many pages again, within what the memory may become.
    if not left(words[at + _OWNER]):
        return False
    have = words[at + _MAP]
    needed = _units(size, _PAGE)
    if needed > have:
        needed = min(max(2 * have, needed), _units(words[at + _MAX] << words[at + SHIFT], _PAGE))
        pages = alloc(words[at + _OWNER], 2 * needed)
        if not pages:
            return False
        move(pages, words[at + PAGES], 2 * have)
        words[at + PAGES] = pages
        words[at + _MAP] = needed
    return True


def locate(memory, address):
    """The arena offset of the byte at `address`, to be read: in the zero granule if nothing was written near it."""
    at = memory >> 2
    if words[at + BASE]:
        return words[at + BASE] + address
    leaf = halves[(words[at + PAGES] >> 1) + (address >> 16)] << 3
    return octets[leaf + (address >> 10 & 63)] << 10 | address & 1023


def touch(memory, address):
    """The arena offset of the byte at `address`, whose granule is allocated if need be; 0: out of memory."""
    at = memory >> 2
    if words[at + BASE]:
        return words[at + BASE] + address
    page = (words[at + PAGES] >> 1) + (address >> 16)
    if halves[page] == 0:
        halves[page] = alloc(words[at + _OWNER], _LEAF) >> 3
        if halves[page] == 0:
            return 0
    entry = (halves[page] << 3) + (address >> 10 & 63)
    granule = octets[entry]
    if not granule:
        granule = octets[entry] = take(words[at + _OWNER], 1, 0)
        if not granule:
            return 0
    return granule << 10 | address & 1023


def memory_read(memory, address, buffer):
    """Fills `buffer` from linear memory. Returns 0 or a trap code."""
    check(memory, _MEMORY_SIZE)
    size = len(buffer)
    address &= 0xFFFFFFFF
    if address + size > words[(memory >> 2) + BYTES]:
        return OUT_OF_BOUNDS
    region = memoryview(octets)
    buffer = memoryview(buffer)
    done = 0
    while done < size:
        n = min(_GRANULE - (address & 1023), size - done)
        at = locate(memory, address)
        buffer[done : done + n] = region[at : at + n]
        done += n
        address += n
    return 0


def memory_write(memory, address, data):
    """Copies `data` into linear memory. Returns 0 or a trap code."""
    check(memory, _MEMORY_SIZE)
    size = len(data)
    address &= 0xFFFFFFFF
    if address + size > words[(memory >> 2) + BYTES]:
        return OUT_OF_BOUNDS
    data = memoryview(data)
    done = 0
    while done < size:
        n = min(_GRANULE - (address & 1023), size - done)
        at = touch(memory, address)
        if not at:
            return OUT_OF_MEMORY
        octets[at : at + n] = data[done : done + n]
        done += n
        address += n
    return 0


def table_grow(table, value, delta):
    """Adds `delta` elements, all `value`, to a table_t. Returns how many there were, or 0xffffffff."""
    check(table, 4 * (_CAPACITY + 1))
    at = table >> 2
    size = words[at + _TABLE_SIZE]
    most = words[at + _TABLE_MAX]
    if delta > most - size:
        return _NONE
    if size + delta > words[at + _CAPACITY]:
        capacity = min(max(2 * words[at + _CAPACITY], size + delta), most)
        elements = alloc(words[at + _TABLE_OWNER], 4 * capacity)
        if not elements:
            return _NONE
        move(elements, words[at + ELEMENTS], 4 * size)
        words[at + ELEMENTS] = elements
        words[at + _CAPACITY] = capacity
    words[at + _TABLE_SIZE] = size + delta
    at = words[at + ELEMENTS] >> 2
    for i in range(at + size, at + size + delta):
        words[i] = value
    return size
