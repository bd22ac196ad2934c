"""Linear memories (core specification 4.2.8), dense and sparse, and how tables grow. Twin of firmware/wasm/memory.c.

A memory_t and its parts lie in the arena as exec.h says. Addresses and sizes count bytes.
"""

from micropython import const

from .arena import alloc, allowed, check_record, halves, left, longer, move, octets, row, take, words

_NONE = const(0xFFFFFFFF)

# Numbers of the C engine, from scripts/make_tables.py
_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS = const(5)
_TRAP_OUT_OF_MEMORY = const(11)
_GRANULE = const(1024)
_PAGE = const(65536)
_LEAF = const(64)
_MAX_MAP = const(65535)
_SIZEOF_TABLE = const(20)
_WORD_TABLE_SIZE = const(0)
_WORD_TABLE_MAX = const(1)
_WORD_TABLE_ELEMENTS = const(2)
_WORD_TABLE_OWNER = const(3)
_WORD_TABLE_CAPACITY = const(4)
_SIZEOF_MEMORY = const(32)
_WORD_MEMORY_BYTES = const(0)
_WORD_MEMORY_MAX = const(1)
_WORD_MEMORY_PAGES = const(2)
_WORD_MEMORY_OWNER = const(3)
_WORD_MEMORY_BASE = const(4)
_WORD_MEMORY_SHIFT = const(5)
_WORD_MEMORY_MAP = const(6)
_WORD_MEMORY_FIRST = const(7)
# end of numbers


def memory_new(owner, least, most, shift, reserve):
    """The offset of a new memory_t of `least` to `most` pages of 1 << shift bytes; 0: out of memory.

    Dense if that leaves the owner `reserve` granules of its limit, else sparse.
    """
    most = min(most, _MAX_MAP * _PAGE >> shift)
    if least > most:
        return 0
    memory = alloc(owner, _SIZEOF_MEMORY)
    if not memory:
        return 0
    size = least << shift
    at = memory >> 2
    words[at + _WORD_MEMORY_BYTES] = size
    words[at + _WORD_MEMORY_MAX] = most
    words[at + _WORD_MEMORY_OWNER] = owner
    words[at + _WORD_MEMORY_SHIFT] = shift
    words[at + _WORD_MEMORY_FIRST] = _units(size, _PAGE)
    if size:
        base = words[at + _WORD_MEMORY_BASE] = row(owner, _units(size, _GRANULE), reserve)
        if not base:
            words[at + _WORD_MEMORY_MAP] = words[at + _WORD_MEMORY_FIRST]
            words[at + _WORD_MEMORY_PAGES] = alloc(owner, 2 * words[at + _WORD_MEMORY_MAP])
            if not words[at + _WORD_MEMORY_PAGES]:
                return 0
    return memory


def _units(size, unit):
    return (size + unit - 1) // unit


def memory_grow(memory, delta):
    """Adds `delta` pages. Returns how many there were, or 0xffffffff."""
    check_record(memory, _SIZEOF_MEMORY)
    at = memory >> 2
    size = words[at + _WORD_MEMORY_BYTES]
    shift = words[at + _WORD_MEMORY_SHIFT]
    pages = size >> shift
    if delta == 0:
        return pages
    if delta > words[at + _WORD_MEMORY_MAX] - pages:
        return _NONE
    size = pages + delta << shift
    if not (_grow_dense if words[at + _WORD_MEMORY_BASE] else _grow_sparse)(at, size):
        return _NONE
    words[at + _WORD_MEMORY_BYTES] = size
    return pages


def _grow_dense(at, size):
    have = _units(words[at + _WORD_MEMORY_BYTES], _GRANULE)
    more = _units(size, _GRANULE) - have
    if more:
        base = longer(words[at + _WORD_MEMORY_OWNER], words[at + _WORD_MEMORY_BASE], have, more)
        if not base:
            return False
        words[at + _WORD_MEMORY_BASE] = base
    return True


def _may_grow(at, owner, size):
    # Whether the limit leaves what the growth could take, but for the rest of a page, as allocators ask for whole ones;
    # and a granule for each page that it grew by and nobody wrote.
    room = allowed(owner)
    before = words[at + _WORD_MEMORY_BYTES]
    if not left(owner) or size - before - (1 << words[at + _WORD_MEMORY_SHIFT]) >= room * _GRANULE:
        return False
    waiting = _units(size, _PAGE) - _units(before, _PAGE)
    map = words[at + _WORD_MEMORY_PAGES] >> 1
    page = words[at + _WORD_MEMORY_FIRST]
    while page < _units(before, _PAGE) and waiting <= room:
        waiting += halves[map + page] == 0
        page += 1
    return waiting <= room


def _grow_sparse(at, size):
    # The map grows at once for as many pages again, within what the memory may become.
    owner = words[at + _WORD_MEMORY_OWNER]
    if not _may_grow(at, owner, size):
        return False
    have = words[at + _WORD_MEMORY_MAP]
    needed = _units(size, _PAGE)
    if needed > have:
        most = _units(words[at + _WORD_MEMORY_MAX] << words[at + _WORD_MEMORY_SHIFT], _PAGE)
        pages, count = _alloc_either(owner, min(max(2 * have, needed), most), needed, 2)
        if not pages:
            return False
        move(pages, words[at + _WORD_MEMORY_PAGES], 2 * have)
        words[at + _WORD_MEMORY_PAGES] = pages
        words[at + _WORD_MEMORY_MAP] = count
    return True


def _alloc_either(owner, wanted, needed, size):
    # (offset, how many) of `wanted` cells of so many bytes; or of those that are needed, where no more fit.
    at = alloc(owner, size * wanted)
    if at:
        return at, wanted
    return alloc(owner, size * needed), needed


def locate(memory, address):
    """The arena offset of the byte at `address`, to be read: in the zero granule if nothing was written near it."""
    at = memory >> 2
    if words[at + _WORD_MEMORY_BASE]:
        return words[at + _WORD_MEMORY_BASE] + address
    leaf = halves[(words[at + _WORD_MEMORY_PAGES] >> 1) + (address >> 16)] << 3
    return octets[leaf + (address >> 10 & 63)] << 10 | address & 1023


def touch(memory, address):
    """The arena offset of the byte at `address`, whose granule is allocated if need be; 0: out of memory."""
    at = memory >> 2
    if words[at + _WORD_MEMORY_BASE]:
        return words[at + _WORD_MEMORY_BASE] + address
    page = (words[at + _WORD_MEMORY_PAGES] >> 1) + (address >> 16)
    if halves[page] == 0:
        halves[page] = alloc(words[at + _WORD_MEMORY_OWNER], _LEAF) >> 3
        if halves[page] == 0:
            return 0
    entry = (halves[page] << 3) + (address >> 10 & 63)
    granule = octets[entry]
    if not granule:
        granule = octets[entry] = take(words[at + _WORD_MEMORY_OWNER], 1, 0)
        if not granule:
            return 0
    return granule << 10 | address & 1023


def _bytes_of(buffer):
    # A memoryview of its bytes, whatever its items are.
    view = memoryview(buffer)
    if isinstance(buffer, (bytes, bytearray)):
        return view
    if hasattr(view, "cast"):  # CPython
        return view.cast("B")
    size = len(bytes(view[:1]))  # of an item
    if size < 2:
        return view
    from uctypes import addressof, bytearray_at

    return memoryview(bytearray_at(addressof(view), size * len(view)))


def memory_read(memory, address, buffer):
    """Fills `buffer` from linear memory. Returns 0 or a trap code."""
    check_record(memory, _SIZEOF_MEMORY)
    buffer = _bytes_of(buffer)
    size = len(buffer)
    address &= 0xFFFFFFFF
    if address + size > words[(memory >> 2) + _WORD_MEMORY_BYTES]:
        return _TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS
    region = memoryview(octets)
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
    check_record(memory, _SIZEOF_MEMORY)
    data = _bytes_of(data)
    size = len(data)
    address &= 0xFFFFFFFF
    if address + size > words[(memory >> 2) + _WORD_MEMORY_BYTES]:
        return _TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS
    done = 0
    while done < size:
        n = min(_GRANULE - (address & 1023), size - done)
        at = touch(memory, address)
        if not at:
            return _TRAP_OUT_OF_MEMORY
        octets[at : at + n] = data[done : done + n]
        done += n
        address += n
    return 0


def table_grow(table, value, delta):
    """Adds `delta` elements, all `value`, to a table_t. Returns how many there were, or 0xffffffff."""
    check_record(table, _SIZEOF_TABLE)
    at = table >> 2
    size = words[at + _WORD_TABLE_SIZE]
    most = words[at + _WORD_TABLE_MAX]
    if delta > most - size:
        return _NONE
    if size + delta > words[at + _WORD_TABLE_CAPACITY]:
        wanted = min(max(2 * words[at + _WORD_TABLE_CAPACITY], size + delta), most)
        elements, capacity = _alloc_either(words[at + _WORD_TABLE_OWNER], wanted, size + delta, 4)
        if not elements:
            return _NONE
        move(elements, words[at + _WORD_TABLE_ELEMENTS], 4 * size)
        words[at + _WORD_TABLE_ELEMENTS] = elements
        words[at + _WORD_TABLE_CAPACITY] = capacity
    words[at + _WORD_TABLE_SIZE] = size + delta
    at = words[at + _WORD_TABLE_ELEMENTS] >> 2
    for i in range(at + size, at + size + delta):
        words[i] = value
    return size
