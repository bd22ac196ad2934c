"""What A16 operations compute, for interp.py: integers (core specification 4.3.2), loads and stores (4.4.7).

Integers are unsigned Python ints. A function takes both operands and ignores what it does not need; a load or store
takes the effective address. Partial ones raise Trapped.
"""

from micropython import const

from . import arena
from .arena import halves, octets, words

_M32 = const(0xFFFFFFFF)
_M64 = const(0xFFFFFFFFFFFFFFFF)


class Trapped(Exception):
    """The running code trapped: `code` as in traps.csv. Never leaves interp.run."""

    def __init__(self, code):
        self.code = code


# Made once: raising one of these allocates nothing.
_UNREACHABLE = Trapped(1)
_DIVIDE_BY_ZERO = Trapped(2)
_OVERFLOW = Trapped(3)
_OUT_OF_BOUNDS = Trapped(arena.OUT_OF_BOUNDS)
_UNDEFINED = Trapped(7)
_UNINITIALIZED = Trapped(8)
_MISMATCH = Trapped(9)
STACK_EXHAUSTED = Trapped(10)
_OUT_OF_MEMORY = Trapped(arena.OUT_OF_MEMORY)

_memory = 0  # of the running instance: offset of its memory_t, size, index of its page table
_bytes = 0
_pages = 0


def enter_instance(instance):
    """Makes the memory of an instance_t (its word index) the current one. Returns the index of its globals."""
    global _memory, _bytes, _pages
    _memory = words[instance]
    _bytes = words[(_memory >> 2) + arena.BYTES]
    _pages = words[(_memory >> 2) + arena.PAGES] >> 1
    return words[instance + 4] >> 2


def callee(table, index, kind):
    """The function_t (its word index) at `index` of a table_t, whose type must be `kind` (call_indirect)."""
    if index >= words[table]:
        raise _UNDEFINED
    offset = words[(words[table + 2] >> 2) + index]
    if offset == 0:
        raise _UNINITIALIZED
    if words[(offset >> 2) + 2] != kind:
        raise _MISMATCH
    return offset >> 2


def unreachable(x, y):
    raise _UNREACHABLE


def same(x, y):
    return x


def memory_size(x, y):
    return _bytes >> 16


def memory_grow(x, y):
    global _bytes
    x = arena.memory_grow(_memory, x)
    _bytes = words[(_memory >> 2) + arena.BYTES]
    return x


def _load(address, size):
    # Little-endian; the bytes may lie in several granules.
    if address + size > _bytes:
        raise _OUT_OF_BOUNDS
    inside = address & 1023
    at = octets[(halves[_pages + (address >> 16)] << 3) + (address >> 10 & 63)] << 10 | inside
    if inside + size <= 1024:
        if size == 4 and not at & 3:
            return words[at >> 2]
        return int.from_bytes(octets[at : at + size], "little")
    n = 1024 - inside
    return _load(address, n) | _load(address + n, size - n) << 8 * n


def _store(address, value, size):
    if address + size > _bytes:
        raise _OUT_OF_BOUNDS
    inside = address & 1023
    at = octets[(halves[_pages + (address >> 16)] << 3) + (address >> 10 & 63)] << 10
    if at and inside + size <= 1024:
        at |= inside
        if size == 4 and not at & 3:
            words[at >> 2] = value
            return
        for _ in range(size):
            octets[at] = value & 0xFF
            value >>= 8
            at += 1
        return
    for i in range(address, address + size):
        at = arena.memory_touch(_memory, i)
        if not at:
            raise _OUT_OF_MEMORY
        octets[at] = value & 0xFF
        value >>= 8


def load8(address):
    if address >= _bytes:
        raise _OUT_OF_BOUNDS
    return octets[octets[(halves[_pages + (address >> 16)] << 3) + (address >> 10 & 63)] << 10 | address & 1023]


def _signed_load(size, bits):
    # A load of `size` bytes, extended to `bits`.
    sign = 1 << (8 * size - 1)
    mask = (1 << bits) - 1
    return lambda address: ((_load(address, size) ^ sign) - sign) & mask


def _store64(address, value):
    if address + 8 > _bytes:
        raise _OUT_OF_BOUNDS
    _store(address, value & _M32, 4)
    _store(address + 4, value >> 32, 4)


def _s32(x):
    return x - 0x100000000 if x & 0x80000000 else x


def _s64(x):
    return x - 0x10000000000000000 if x >> 63 else x


def _div_u(x, y):
    if y == 0:
        raise _DIVIDE_BY_ZERO
    return x // y


def _rem_u(x, y):
    if y == 0:
        raise _DIVIDE_BY_ZERO
    return x % y


def _div(x, y):
    # Signed, rounding to zero.
    if y == 0:
        raise _DIVIDE_BY_ZERO
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


def _rem(x, y):
    # Signed, with the sign of x.
    if y == 0:
        raise _DIVIDE_BY_ZERO
    rest = abs(x) % abs(y)
    return -rest if x < 0 else rest


def _div_s32(x, y):
    quotient = _div(_s32(x), _s32(y))
    if quotient == 0x80000000:
        raise _OVERFLOW
    return quotient & _M32


def _div_s64(x, y):
    quotient = _div(_s64(x), _s64(y))
    if quotient >> 63 == 1:
        raise _OVERFLOW
    return quotient & _M64


def clz(x, bits):
    while x:
        x >>= 1
        bits -= 1
    return bits


def ctz(x, bits):
    if x == 0:
        return bits
    n = 0
    while not x & 1:
        x >>= 1
        n += 1
    return n


def popcnt(x, y):
    n = 0
    while x:
        x &= x - 1
        n += 1
    return n


def rotl32(x, y):
    y &= 31
    return (x << y | x >> (32 - y)) & _M32


def rotl64(x, y):
    y &= 63
    return (x << y | x >> (64 - y)) & _M64


def _extend(x, sign, mask):
    return ((x & (2 * sign - 1) ^ sign) - sign) & mask


FUNCTIONS = {
    "unreachable": unreachable,
    "br": lambda x, y: True,
    "br_if": same,
    "br_unless": lambda x, y: not x,
    "memory_size": memory_size,
    "memory_grow": memory_grow,
    "i32_load": lambda at: _load(at, 4),
    "i32_load8_s": _signed_load(1, 32),
    "i32_load8_u": load8,
    "i32_load16_s": _signed_load(2, 32),
    "i32_load16_u": lambda at: _load(at, 2),
    "i64_load": lambda at: _load(at, 8),
    "i64_load8_s": _signed_load(1, 64),
    "i64_load8_u": load8,
    "i64_load16_s": _signed_load(2, 64),
    "i64_load16_u": lambda at: _load(at, 2),
    "i64_load32_s": _signed_load(4, 64),
    "i64_load32_u": lambda at: _load(at, 4),
    "i32_store": lambda at, y: _store(at, y, 4),
    "i32_store8": lambda at, y: _store(at, y, 1),
    "i32_store16": lambda at, y: _store(at, y, 2),
    "i64_store": _store64,
    "i32_eqz": lambda x, y: int(x == 0),
    "i32_eq": lambda x, y: int(x == y),
    "i32_ne": lambda x, y: int(x != y),
    "i32_lt_s": lambda x, y: int(x ^ 0x80000000 < y ^ 0x80000000),
    "i32_lt_u": lambda x, y: int(x < y),
    "i32_gt_s": lambda x, y: int(x ^ 0x80000000 > y ^ 0x80000000),
    "i32_gt_u": lambda x, y: int(x > y),
    "i32_le_s": lambda x, y: int(x ^ 0x80000000 <= y ^ 0x80000000),
    "i32_le_u": lambda x, y: int(x <= y),
    "i32_ge_s": lambda x, y: int(x ^ 0x80000000 >= y ^ 0x80000000),
    "i32_ge_u": lambda x, y: int(x >= y),
    "i32_clz": lambda x, y: clz(x, 32),
    "i32_ctz": lambda x, y: ctz(x, 32),
    "i32_popcnt": popcnt,
    "i32_add": lambda x, y: x + y & _M32,
    "i32_sub": lambda x, y: x - y & _M32,
    "i32_mul": lambda x, y: x * y & _M32,
    "i32_div_s": _div_s32,
    "i32_div_u": _div_u,
    "i32_rem_s": lambda x, y: _rem(_s32(x), _s32(y)) & _M32,
    "i32_rem_u": _rem_u,
    "i32_and": lambda x, y: x & y,
    "i32_or": lambda x, y: x | y,
    "i32_xor": lambda x, y: x ^ y,
    "i32_shl": lambda x, y: x << (y & 31) & _M32,
    "i32_shr_s": lambda x, y: _s32(x) >> (y & 31) & _M32,
    "i32_shr_u": lambda x, y: x >> (y & 31),
    "i32_rotl": rotl32,
    "i32_rotr": lambda x, y: rotl32(x, -y),
    "i32_extend8_s": lambda x, y: _extend(x, 0x80, _M32),
    "i32_extend16_s": lambda x, y: _extend(x, 0x8000, _M32),
    "i64_extend_i32_s": lambda x, y: _extend(x, 0x80000000, _M64),
    "i64_eqz": lambda x, y: int(x == 0),
    "i64_eq": lambda x, y: int(x == y),
    "i64_ne": lambda x, y: int(x != y),
    "i64_lt_s": lambda x, y: int(_s64(x) < _s64(y)),
    "i64_lt_u": lambda x, y: int(x < y),
    "i64_gt_s": lambda x, y: int(_s64(x) > _s64(y)),
    "i64_gt_u": lambda x, y: int(x > y),
    "i64_le_s": lambda x, y: int(_s64(x) <= _s64(y)),
    "i64_le_u": lambda x, y: int(x <= y),
    "i64_ge_s": lambda x, y: int(_s64(x) >= _s64(y)),
    "i64_ge_u": lambda x, y: int(x >= y),
    "i64_clz": lambda x, y: clz(x, 64),
    "i64_ctz": lambda x, y: ctz(x, 64),
    "i64_popcnt": popcnt,
    "i64_add": lambda x, y: x + y & _M64,
    "i64_sub": lambda x, y: x - y & _M64,
    "i64_mul": lambda x, y: x * y & _M64,
    "i64_div_s": _div_s64,
    "i64_div_u": _div_u,
    "i64_rem_s": lambda x, y: _rem(_s64(x), _s64(y)) & _M64,
    "i64_rem_u": _rem_u,
    "i64_and": lambda x, y: x & y,
    "i64_or": lambda x, y: x | y,
    "i64_xor": lambda x, y: x ^ y,
    "i64_shl": lambda x, y: x << (y & 63) & _M64,
    "i64_shr_s": lambda x, y: _s64(x) >> (y & 63) & _M64,
    "i64_shr_u": lambda x, y: x >> (y & 63),
    "i64_rotl": rotl64,
    "i64_rotr": lambda x, y: rotl64(x, -y),
    "i64_extend8_s": lambda x, y: _extend(x, 0x80, _M64),
    "i64_extend16_s": lambda x, y: _extend(x, 0x8000, _M64),
    "i64_extend32_s": lambda x, y: _extend(x, 0x80000000, _M64),
}
