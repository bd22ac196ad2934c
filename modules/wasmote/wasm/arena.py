"""The arena where there is no C module. Twin of firmware/wasm/arena.c.

Same records at the same offsets (firmware/wasm/exec.h says which), so that what one engine answers the other does too.
Four views of one region: `octets`, `halves`, signed `shorts` and `words`.
"""

from micropython import const

try:
    from gc import mem_free
except ImportError:  # CPython

    def mem_free():
        return 1 << 20


_KEPT_FREE = const(48 * 1024)
# Numbers of the C engine, from scripts/make_tables.py
_GRANULE = const(1024)
_MAX_OWNERS = const(40)
# end of numbers
_SYSTEM = const(0xFF)

# The header, granule 1: two halfwords of stub code, owners of {u16 limit, used, peak, 0; u32 next, end}, a byte per
# granule.
_DONE_STUB = const(1024)
_OWNERS = const(1028)
_OWNER_SIZE = const(16)
_OWNER_OF = const(1668)


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
_region = memoryview(octets)
try:
    import uctypes

    _address = uctypes.addressof(octets)
    words = uctypes.struct(_address, (uctypes.ARRAY | 0, uctypes.UINT32 | GRANULES * _GRANULE // 4))
    halves = uctypes.struct(_address, (uctypes.ARRAY | 0, uctypes.UINT16 | GRANULES * _GRANULE // 2))
    shorts = uctypes.struct(_address, (uctypes.ARRAY | 0, uctypes.INT16 | GRANULES * _GRANULE // 2))
except ImportError:  # CPython
    words = memoryview(octets).cast("I")
    halves = memoryview(octets).cast("H")
    shorts = memoryview(octets).cast("h")


def move(to, at, size):
    """Copies `size` bytes from offset `at` to offset `to`; the two may overlap."""
    _region[to : to + size] = _region[at : at + size]


def _clear(at, size):
    move(at, 0, size)  # at most the zero granule


def _give(first, count):
    # Free granules are cleared: an unloaded component leaves nothing of itself.
    _clear(_OWNER_OF + first, count)
    for i in range(first, first + count):
        _clear(i * _GRANULE, _GRANULE)


def reset(done, leave):
    """Forgets all owners and what they own. `done`, `leave`: code of the two stubs."""
    octets[:_GRANULE] = bytes(_GRANULE)
    _give(1, GRANULES - 1)
    _clear(_GRANULE, _GRANULE)
    octets[_OWNER_OF] = octets[_OWNER_OF + 1] = _SYSTEM
    halves[_DONE_STUB >> 1] = done
    halves[(_DONE_STUB >> 1) + 1] = leave


def check(offset, size):
    """Raises ValueError unless the arena has `size` bytes at `offset`."""
    if not 0 <= offset <= len(octets) - size:
        raise ValueError("offset is not in the arena")


def check_record(offset, size):
    """As check(), of words and records."""
    check(offset, size)
    if offset & 3:
        raise ValueError("offset is not that of a word")


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
    check_record(offset, 4)
    return words[offset >> 2]


def set(offset, word):
    """Writes the word at `offset`."""
    check_record(offset, 4)
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
            halves[at >> 1] = min(limit, 0xFFFF)
            return owner
    return 0


def release(owner):
    """Frees all that the owner has, and its number."""
    _clear(_owner_at(owner), _OWNER_SIZE)
    for i in range(GRANULES):
        if octets[_OWNER_OF + i] == owner:
            _give(i, 1)


def used(owner):
    """How many granules the owner has; used(0): how many are free."""
    if owner:
        return halves[(_owner_at(owner) >> 1) + 1]
    return sum(octets[i] == 0 for i in range(_OWNER_OF, _OWNER_OF + GRANULES))


def peak(owner):
    """The most granules that the owner has had."""
    return halves[(_owner_at(owner) >> 1) + 2]


def allowed(owner):
    """How many granules more the owner's limit leaves."""
    at = _owner_at(owner) >> 1
    return halves[at] - halves[at + 1]


def _all_free(first, count):
    if first + count > GRANULES:
        return False
    for i in range(_OWNER_OF + first, _OWNER_OF + first + count):
        if octets[i]:
            return False
    return True


def take(owner, count, hint):
    """Gives the owner `count` granules in a row, at `hint` if they are free there. Returns the first, or 0."""
    at = _owner_at(owner) >> 1
    if count > allowed(owner):
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
    halves[at + 1] += count
    halves[at + 2] = max(halves[at + 2], halves[at + 1])
    return first


def left(owner):
    """How many granules the owner could still get: as many as are allowed(), and free."""
    return min(allowed(owner), used(0))


def row(owner, count, reserve):
    """The offset of `count` granules in a row, cleared, where that leaves the owner `reserve` more; or 0."""
    if count + reserve > left(owner):
        return 0
    return take(owner, count, 0) * _GRANULE


def longer(owner, at, count, more):
    """Makes the `count` granules at offset `at` more, in place or moved: where they are then, or 0."""
    using = (_owner_at(owner) >> 1) + 1
    first = at // _GRANULE
    if more > allowed(owner):
        return 0
    if _all_free(first + count, more):
        take(owner, more, first + count)
        return at
    # Moving needs both rows for a moment, which the limit does not forbid.
    halves[using] -= count
    there = take(owner, count + more, 0) * _GRANULE
    if not there:
        halves[using] += count
        return 0
    move(there, at, count * _GRANULE)
    _give(first, count)
    return there


def alloc(owner, size):
    """The offset of `size` cleared bytes, a multiple of 8; 0: out of memory."""
    at = _owner_at(owner)
    if not 0 <= size <= GRANULES * _GRANULE:
        return 0
    size = (size + 7) & ~7
    next_word = (at >> 2) + 2
    end_word = next_word + 1
    end = words[end_word]
    rest = end - words[next_word]
    if size > rest:
        more = (size - rest + _GRANULE - 1) // _GRANULE
        here = end // _GRANULE
        if not here or not _all_free(here, more):
            more = (size + _GRANULE - 1) // _GRANULE
            here = 0
        first = take(owner, more, here)
        if not first:
            return 0
        if not here:
            words[next_word] = first * _GRANULE
        words[end_word] = (first + more) * _GRANULE
    offset = words[next_word]
    words[next_word] = offset + size
    return offset
