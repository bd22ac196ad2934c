"""The arena and sparse memories where there is no C module. Twin of firmware/wasm/arena.c and memory.c.

Same records at the same offsets (firmware/wasm/exec.h says which), so that what one engine answers the other does too.
Three views of one region: `octets`, `halves` and `words`.
"""

from micropython import const

try:
    from gc import mem_free
except ImportError:  # CPython

    def mem_free():
        return 1 << 20


_KEPT_FREE = const(48 * 1024)
_GRANULE = const(1024)
_PAGE = const(65536)
_MAX_PAGES = const(128)
_MAX_OWNERS = const(24)
_SYSTEM = const(0xFF)

# The header, granule 1: two halfwords of stub code, owners of {u16 limit, used; u32 next, end}, a byte per granule.
_DONE_STUB = const(1024)
_OWNERS = const(1028)
_OWNER_SIZE = const(12)
_OWNER_OF = const(1316)

# A memory_t, in words.
BYTES = const(0)
_MAX = const(1)
PAGES = const(2)
_OWNER = const(3)
_LEAF = const(64)  # bytes: a granule's number each

OUT_OF_BOUNDS = const(5)  # traps.csv
OUT_OF_MEMORY = const(11)


def _take_region():
    # As large as a board's arena, or less: the heap has to keep enough for loading a component.
    free = mem_free() - _KEPT_FREE
    for granules in (96, 64, 48, 32, 16):
        if granules * _GRANULE <= free:
            try:
                return granules, bytearray(granules * _GRANULE)
            except MemoryError:  # not in one piece
                pass
    raise MemoryError("no room for an arena of 16 KiB")


GRANULES, octets = _take_region()
try:
    import uctypes

    _address = uctypes.addressof(octets)
    words = uctypes.struct(_address, (uctypes.ARRAY | 0, uctypes.UINT32 | GRANULES * _GRANULE // 4))
    halves = uctypes.struct(_address, (uctypes.ARRAY | 0, uctypes.UINT16 | GRANULES * _GRANULE // 2))
except ImportError:  # CPython
    words = memoryview(octets).cast("I")
    halves = memoryview(octets).cast("H")


def _clear(at, size):
    octets[at : at + size] = bytes(size)


def reset(done, leave):
    """Forgets all owners and what they own. `done`, `leave`: code of the two stubs."""
    _clear(0, 2 * _GRANULE)
    octets[_OWNER_OF] = octets[_OWNER_OF + 1] = _SYSTEM
    halves[_DONE_STUB >> 1] = done
    halves[(_DONE_STUB >> 1) + 1] = leave


def check(offset, size):
    """Raises ValueError unless the arena has `size` bytes at `offset`."""
    if not 0 <= offset <= len(octets) - size:
        raise ValueError("offset is not in the arena")


def _owner_at(owner):
    if not 1 <= owner <= _MAX_OWNERS:
        raise ValueError("no such owner")
    return _OWNERS + _OWNER_SIZE * (owner - 1)


def view(offset, size):
    """A memoryview of the arena."""
    check(offset, size)
    return memoryview(octets)[offset : offset + size]


def get(offset):
    """The word at `offset`."""
    check(offset, 4)
    return words[offset >> 2]


def set(offset, word):
    """Writes the word at `offset`."""
    check(offset, 4)
    words[offset >> 2] = word & 0xFFFFFFFF


def put(offset, data):
    """Copies `data`, any buffer, to `offset`."""
    data = bytes(data)  # items may be larger than bytes
    check(offset, len(data))
    octets[offset : offset + len(data)] = data


def claim(limit):
    """A new owner of at most `limit` granules, or 0 when there are too many owners."""
    for owner in range(1, _MAX_OWNERS + 1):
        at = _owner_at(owner)
        if halves[at >> 1] == 0:
            _clear(at, _OWNER_SIZE)
            halves[at >> 1] = min(limit, GRANULES)
            return owner
    return 0


def release(owner):
    """Frees all that the owner has, and its number."""
    _clear(_owner_at(owner), _OWNER_SIZE)
    for i in range(_OWNER_OF, _OWNER_OF + GRANULES):
        if octets[i] == owner:
            octets[i] = 0


def used(owner):
    """How many granules the owner has; used(0): how many are free."""
    if owner:
        return halves[(_owner_at(owner) >> 1) + 1]
    return sum(octets[i] == 0 for i in range(_OWNER_OF, _OWNER_OF + GRANULES))


def _all_free(first, count):
    if first + count > GRANULES:
        return False
    for i in range(_OWNER_OF + first, _OWNER_OF + first + count):
        if octets[i]:
            return False
    return True


def _take(owner, count, hint):
    # `count` granules in a row, cleared, at `hint` if they are free there. Returns the first, or 0.
    at = _owner_at(owner) >> 1
    if count > halves[at] - halves[at + 1]:
        return 0
    first = hint
    if not first or not _all_free(first, count):
        first = 1
        while not _all_free(first, count):
            first += 1
            if first == GRANULES:
                return 0
    for i in range(_OWNER_OF + first, _OWNER_OF + first + count):
        octets[i] = owner
    for i in range(first, first + count):
        _clear(i * _GRANULE, _GRANULE)
    halves[at + 1] += count
    return first


def alloc(owner, size):
    """The offset of `size` cleared bytes, a multiple of 8; 0: out of memory."""
    at = _owner_at(owner)
    if not 0 <= size <= GRANULES * _GRANULE:
        return 0
    size = (size + 7) & ~7
    next_word = (at >> 2) + 1
    end_word = next_word + 1
    end = words[end_word]
    rest = end - words[next_word]
    if size > rest:
        more = (size - rest + _GRANULE - 1) // _GRANULE
        here = end // _GRANULE
        if not here or not _all_free(here, more):
            more = (size + _GRANULE - 1) // _GRANULE
            here = 0
        first = _take(owner, more, here)
        if not first:
            return 0
        if not here:
            words[next_word] = first * _GRANULE
        words[end_word] = (first + more) * _GRANULE
    offset = words[next_word]
    words[next_word] = offset + size
    return offset


def memory_new(owner, pages, most):
    """The offset of a new memory_t of `pages`, at most `most` pages; 0: out of memory."""
    most = min(most, _MAX_PAGES)
    memory = alloc(owner, 16)
    if not memory or pages > most:
        return 0
    table = alloc(owner, 2 * most)
    if not table:
        return 0
    at = memory >> 2
    words[at + BYTES] = pages * _PAGE
    words[at + _MAX] = most
    words[at + PAGES] = table
    words[at + _OWNER] = owner
    return memory


def memory_grow(memory, delta):
    """Adds `delta` pages. Returns how many there were, or 0xffffffff."""
    at = memory >> 2
    size = words[at + BYTES]
    if delta > words[at + _MAX] - size // _PAGE:
        return 0xFFFFFFFF
    words[at + BYTES] = size + delta * _PAGE
    return size // _PAGE


def memory_touch(memory, address):
    """The offset of the byte at `address`, whose granule is allocated if need be; 0: out of memory."""
    at = memory >> 2
    page = (words[at + PAGES] >> 1) + (address >> 16)
    if halves[page] == 0:
        halves[page] = alloc(words[at + _OWNER], _LEAF) >> 3
        if halves[page] == 0:
            return 0
    entry = (halves[page] << 3) + (address >> 10 & 63)
    granule = octets[entry]
    if not granule:
        granule = octets[entry] = _take(words[at + _OWNER], 1, 0)
        if not granule:
            return 0
    return granule << 10 | address & 1023


def memory_read(memory, address, buffer):
    """Fills `buffer` from linear memory. Returns 0 or a trap code."""
    check(memory, 16)
    size = len(buffer)
    address &= 0xFFFFFFFF
    if address + size > words[(memory >> 2) + BYTES]:
        return OUT_OF_BOUNDS
    pages = words[(memory >> 2) + PAGES] >> 1
    region = memoryview(octets)
    buffer = memoryview(buffer)
    done = 0
    while done < size:
        inside = address & 1023
        n = min(_GRANULE - inside, size - done)
        at = octets[(halves[pages + (address >> 16)] << 3) + (address >> 10 & 63)] << 10 | inside
        buffer[done : done + n] = region[at : at + n]
        done += n
        address += n
    return 0


def memory_write(memory, address, data):
    """Copies `data` into linear memory. Returns 0 or a trap code."""
    check(memory, 16)
    size = len(data)
    address &= 0xFFFFFFFF
    if address + size > words[(memory >> 2) + BYTES]:
        return OUT_OF_BOUNDS
    data = memoryview(data)
    done = 0
    while done < size:
        n = min(_GRANULE - (address & 1023), size - done)
        at = memory_touch(memory, address)
        if not at:
            return OUT_OF_MEMORY
        octets[at : at + n] = data[done : done + n]
        done += n
        address += n
    return 0
