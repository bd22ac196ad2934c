"""Lowering values by type descriptor, host to guest (Canonical ABI: storing, flat lowering). Values: canonical.py.

Strings and lists are lowered into memory from the guest's realloc: those functions are generators, and look at the
memory again after every call. What realloc gives is checked; a value that is not of its type is the host's own error.
"""

import struct

from micropython import const

from ..wasm.errors import Trap
from .canonical import MAX_BYTES, PIECE, case_at
from .types import align, length, size

# Of types.py: constants of another module would be looked up each time.
_BOOL = const(0x7F)
_BORROW = const(0x68)
_CASES = const(10)
_CHAR = const(0x74)
_ENUM = const(0x6D)
_F32 = const(0x76)
_FIELDS = const(7)
_FLAGS = const(0x6E)
_LIST = const(0x70)
_OPTION = const(0x6B)
_OWN = const(0x69)
_RECORD = const(0x72)
_RESULT = const(0x6A)
_S64 = const(0x78)
_STRING = const(0x73)
_U8 = const(0x7D)
_U64 = const(0x77)
_VARIANT = const(0x71)


def scalar(cx, d, p, value):
    """The core value of a value that has one."""
    code = d[p]
    if code == _BOOL:
        return 1 if value else 0
    if code >= _U64:
        wide = code == _U64 or code == _S64
        return value & (0xFFFFFFFFFFFFFFFF if wide else 0xFFFFFFFF)
    if code == _ENUM:
        if not 0 <= value < d[p + 1] | d[p + 2] << 8:
            raise ValueError("enum case %d" % value)
        return value
    if code == _FLAGS:
        return value & (1 << d[p + 1]) - 1
    if code == _CHAR:
        return ord(value)
    if code == _OWN:
        return cx.instance.handles.lower_own(value, d[p + 1])
    if code == _BORROW:
        return cx.lower_borrow(value, d[p + 1])
    if cx.other is not None:
        return value
    if code == _F32:
        return struct.unpack("<I", struct.pack("<f", value))[0]
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def _split(code, d, p, value):
    """(case, where its payload type is in d, payload) of an option, result or variant value."""
    if code == _OPTION:
        if value is None:
            return 0, p + _CASES, None
        at = p + _CASES + 1
        return 1, at, value[0] if d[at] == _OPTION else value
    case, payload = value
    try:
        return case, case_at(d, p, case), payload
    except Trap:
        raise ValueError("variant case %d" % case)


def store(cx, d, p, values, address):
    """A generator: writes values of type d[p] to `address` and on, which is aligned and in bounds."""
    step = size(d, p)
    piece = step if step > PIECE else PIECE - PIECE % step
    end = address + len(values) * step
    i = 0
    while address < end:
        data = bytearray(piece if piece < end - address else end - address)
        cx.memory.read_into(address, data)  # bytes between fields stay as they are
        later = []
        for at in range(0, len(data), step):
            _store(cx, d, p, values[i], data, at, later)
            i += 1
        for at, q, value in later:
            if d[q] < _LIST:
                struct.pack_into("<I", data, at, scalar(cx, d, q, value))
                continue
            pair = [0, 0]
            steps = _lower_sequence(cx, d, q, value, pair, 0)
            if steps is not None:
                yield from steps
            struct.pack_into("<II", data, at, pair[0], pair[1])
        cx.memory.write(address, data)
        address += len(data)


def _store(cx, d, p, value, data, at, later):
    """Puts a value of type d[p] into `data` at index `at`, but (index, where its type is, value) of each string and
    list into `later`: those need memory of the guest's. So do handles after one: they are numbered in order."""
    code = d[p]
    if code == _STRING or code == _LIST or later and (code == _OWN or code == _BORROW):
        later.append((at, p, value))
    elif code == _RECORD:
        end = p + length(d, p)
        p += _FIELDS
        for field in value:
            step = align(d, p)
            at = at + step - 1 & -step
            _store(cx, d, p, field, data, at, later)
            at += size(d, p)
            p += length(d, p)
        if p != end:
            raise ValueError("record value of %d fields" % len(value))
    elif code == _OPTION or code == _RESULT or code == _VARIANT:
        case, of_case, payload = _split(code, d, p, value)
        data[at] = case & 0xFF
        if (d[p + 7] | d[p + 8] << 8) > 256:
            data[at + 1] = case >> 8
        if d[of_case]:
            _store(cx, d, of_case, payload, data, at + d[p + 9], later)
    else:
        count = size(d, p)
        value = scalar(cx, d, p, value)
        if count < 4:
            value &= (1 << 8 * count) - 1
        data[at : at + count] = value.to_bytes(count, "little")


def lower_flat(cx, d, p, value, flat):
    """Appends the core values of a value of type d[p] to the list `flat`. None, or a generator that has to run for that."""
    later = []
    _lower(cx, d, p, value, flat, later)
    i = 0
    for at, p, value in later:
        i += 1
        if d[p] < _LIST:
            flat[at] = scalar(cx, d, p, value)
            continue
        steps = _lower_sequence(cx, d, p, value, flat, at)
        if steps is not None:
            return _lower_rest(cx, d, flat, later, i, steps)
    return None


def _lower_rest(cx, d, flat, later, i, steps):
    """A generator: runs `steps`, then lower_flat() from the i-th of `later` on."""
    # The same loop again: one function for both would cost a tools/call 6,000 instructions on a Cortex-M0, one in a hundred.
    yield from steps
    while i < len(later):
        at, p, value = later[i]
        i += 1
        if d[p] < _LIST:
            flat[at] = scalar(cx, d, p, value)
            continue
        steps = _lower_sequence(cx, d, p, value, flat, at)
        if steps is not None:
            yield from steps


def _lower(cx, d, p, value, flat, later):
    """Appends the core values of a value of type d[p] to `flat`; strings and lists are left for later (see _store)."""
    code = d[p]
    if code == _STRING or code == _LIST:
        later.append((len(flat), p, value))
        flat.append(0)
        flat.append(0)
    elif later and (code == _OWN or code == _BORROW):
        later.append((len(flat), p, value))
        flat.append(0)
    elif code == _RECORD:
        end = p + length(d, p)
        p += _FIELDS
        for field in value:
            if d[p] == _STRING:
                later.append((len(flat), p, field))
                flat.append(0)
                flat.append(0)
                p += 1
                continue
            _lower(cx, d, p, field, flat, later)
            p += length(d, p)
        if p != end:
            raise ValueError("record value of %d fields" % len(value))
    elif code == _OPTION or code == _RESULT or code == _VARIANT:
        case, at, payload = _split(code, d, p, value)
        full = len(flat) + d[p + 6]
        flat.append(case)
        if d[at]:
            _lower(cx, d, at, payload, flat, later)
        while len(flat) < full:
            flat.append(0)
    else:
        flat.append(scalar(cx, d, p, value))


def _lower_sequence(cx, d, p, value, pair, at):
    """Copies a string or list into the guest: (pointer, length) to pair[at:]. None, or a generator that has to run for that."""
    if d[p] == _STRING:
        if cx.encoding or cx.other is not None and cx.other.encoding:
            return _lower_string(cx, value, pair, at)
        if isinstance(value, str):
            value = value.encode()
    elif d[p + 3] != _U8:
        return _lower_list(cx, d, p + 3, value, pair, at)
    pair[at + 1] = sum([len(piece) for piece in value]) if isinstance(value, list) else len(value)
    address = cx.instance.store.start(cx.realloc, (0, 0, 1, pair[at + 1]))
    if address is None:
        return _copy_later(cx, value, pair, at)
    _copy(cx, address[0], value, pair, at)
    return None


def _copy(cx, address, data, pair, at):
    count = pair[at + 1]
    pair[at] = address
    cx.check_new(address, count, 1)
    if isinstance(data, list):
        for piece in data:
            cx.memory.write(address, piece)
            address += len(piece)
    elif count:
        cx.memory.write(address, data)


def _copy_later(cx, data, pair, at):
    """A generator: _copy(), once realloc has returned."""
    (address,) = yield from cx.instance.store.finish()
    _copy(cx, address, data, pair, at)


def _lower_string(cx, value, pair, at):
    from .strings import lower_string

    pair[at], pair[at + 1] = yield from lower_string(cx, value)


def _lower_list(cx, d, p, value, pair, at):
    """A generator: copies a list of elements of type d[p]."""
    count = len(value)
    step = size(d, p)
    if count * step > MAX_BYTES:
        raise Trap("list too long", "%d elements" % count)
    address = yield from reallocate(cx, align(d, p), count * step)
    yield from store(cx, d, p, value, address)
    pair[at] = address
    pair[at + 1] = count


def reallocate(cx, alignment, count):
    """A generator: `count` bytes from the guest's realloc, checked. Memory may have grown or moved afterwards."""
    (address,) = yield from cx.instance.store.invoke(cx.realloc, [0, 0, alignment, count])
    cx.check_new(address, count, alignment)
    return address
