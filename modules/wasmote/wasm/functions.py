"""What A16 operations compute, for interp.py: the numeric instructions (core specification 4.3.2, 4.3.3).

Integers are unsigned Python ints, floats their bit patterns. A function takes both operands and ignores what it does
not need. Partial ones raise Trapped.
"""

from micropython import const

from .softfloat import F32, F64, bit_length

_M32 = const(0xFFFFFFFF)
_M64 = const(0xFFFFFFFFFFFFFFFF)


# Numbers of the C engine, from scripts/make_tables.py
_TRAP_UNREACHABLE = const(1)
_TRAP_INTEGER_DIVIDE_BY_ZERO = const(2)
_TRAP_INTEGER_OVERFLOW = const(3)
_TRAP_INVALID_CONVERSION_TO_INTEGER = const(4)
# end of numbers


class Trapped(Exception):
    """The running code trapped: `code` as in traps.csv. Never leaves interp.run.

    Made for each trap: one that is raised again keeps its tracebacks, 24 bytes of a board's heap for each.
    """

    def __init__(self, code):
        self.code = code


def unreachable(x, y):
    raise Trapped(_TRAP_UNREACHABLE)


def _s32(x):
    return x - 0x100000000 if x & 0x80000000 else x


def _s64(x):
    return x - 0x10000000000000000 if x >> 63 else x


def _div_u(x, y):
    if y == 0:
        raise Trapped(_TRAP_INTEGER_DIVIDE_BY_ZERO)
    return x // y


def _rem_u(x, y):
    if y == 0:
        raise Trapped(_TRAP_INTEGER_DIVIDE_BY_ZERO)
    return x % y


def _div(x, y):
    # Signed, rounding to zero.
    if y == 0:
        raise Trapped(_TRAP_INTEGER_DIVIDE_BY_ZERO)
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


def _rem(x, y):
    # Signed, with the sign of x.
    if y == 0:
        raise Trapped(_TRAP_INTEGER_DIVIDE_BY_ZERO)
    rest = abs(x) % abs(y)
    return -rest if x < 0 else rest


def _div_s32(x, y):
    quotient = _div(_s32(x), _s32(y))
    if quotient == 0x80000000:
        raise Trapped(_TRAP_INTEGER_OVERFLOW)
    return quotient & _M32


def _div_s64(x, y):
    quotient = _div(_s64(x), _s64(y))
    if quotient >> 63 == 1:
        raise Trapped(_TRAP_INTEGER_OVERFLOW)
    return quotient & _M64


def ctz(x, bits):
    return bit_length(x & -x) - 1 if x else bits


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
    "br_if": lambda x, y: x,
    "br_unless": lambda x, y: not x,
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
    "i32_clz": lambda x, y: 32 - bit_length(x),
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
    "i64_clz": lambda x, y: 64 - bit_length(x),
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


_FLOAT_INSTRUCTIONS = (
    "add sub mul div min max copysign eq ne lt gt le ge abs neg ceil floor trunc nearest sqrt"  # 4.3.3
)


def _trunc(format, least, most):
    # 4.3.4, trunc: partial
    def trunc(x, y):
        if format.is_nan(x):
            raise Trapped(_TRAP_INVALID_CONVERSION_TO_INTEGER)
        n = format.to_int(x, least, most)
        if not least <= n <= most:
            raise Trapped(_TRAP_INTEGER_OVERFLOW)
        return n & most - least

    return trunc


def _trunc_sat(format, least, most):
    def trunc_sat(x, y):
        return 0 if format.is_nan(x) else max(least, min(most, format.to_int(x, least, most))) & most - least

    return trunc_sat


def _convert(format, least, most):
    def convert(x, y):
        return format.from_int(x if x <= most else x + 2 * least)

    return convert


for _name, _format in (("f32", F32), ("f64", F64)):
    for _instruction in _FLOAT_INSTRUCTIONS.split():
        FUNCTIONS["%s_%s" % (_name, _instruction)] = getattr(_format, _instruction)
    for _bits in (32, 64):
        for _sign, _least in (("s", -1 << _bits - 1), ("u", 0)):
            _range = _format, _least, _least + (1 << _bits) - 1
            FUNCTIONS["i%d_trunc_%s_%s" % (_bits, _name, _sign)] = _trunc(*_range)
            FUNCTIONS["i%d_trunc_sat_%s_%s" % (_bits, _name, _sign)] = _trunc_sat(*_range)
            FUNCTIONS["%s_convert_i%d_%s" % (_name, _bits, _sign)] = _convert(*_range)
FUNCTIONS["f32_demote_f64"] = lambda x, y: F64.convert(x, F32)
FUNCTIONS["f64_promote_f32"] = lambda x, y: F32.convert(x, F64)
