"""Floating point on bit patterns, against exact rational arithmetic and against this machine's own f64."""

import ctypes
import math
import struct
from fractions import Fraction

import _wasm
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wasmote.wasm.softfloat import F32, F64, bit_length, square_root

BOTH = pytest.mark.parametrize("format", [F32, F64], ids=["f32", "f64"])


def special(format):
    """Zero, the least and greatest subnormal and normal numbers, 1, around 2**31 and 2**63, infinity, NaNs; both signs."""
    numbers = [format.from_int(n) for n in (0, 1, 2, 3, 2**31 - 1, 2**31, 2**32, 2**53, 2**63, 2**64)]
    numbers += [1, 2, format.one - 1, format.one, format.one + 1, format.infinity - 1, format.infinity]
    numbers += [format.infinity + 1, format.nan, format.magnitude, format.from_int(1) - format.one]
    numbers += [n + d for n in numbers[1:10] for d in (-1, 1)]
    return numbers + [n | format.sign for n in numbers]


def patterns(format):
    """Bits: special ones, any, and numbers near each other, so that sums cancel and products stay finite."""
    middle = st.builds(
        lambda sign, e, fraction: sign * format.sign | e + (format.from_int(1) // format.one) << format.fraction | fraction,
        st.integers(0, 1),
        st.integers(-60, 70),
        st.one_of(st.sampled_from((0, 1, format.one // 2, format.one - 1)), st.integers(0, format.one - 1)),
    )  # fmt: skip
    subnormal = st.one_of(st.integers(0, 99), st.integers(0, format.one))
    return st.one_of(st.sampled_from(special(format)), st.integers(0, 2 * format.sign - 1), middle, subnormal)


f32s, f64s = patterns(F32), patterns(F64)
either = st.one_of(
    st.tuples(st.just(F32), f32s, f32s),
    st.tuples(st.just(F64), f64s, f64s),
)


def value(format, x):
    """The exact value of a pattern that is no NaN; an infinity counts as the power of two that it stands for."""
    exponent = x >> format.fraction & (format.infinity >> format.fraction)
    m = x & (format.one - 1) | (format.one if exponent else 0)
    exact = m * Fraction(2) ** (max(exponent, 1) + format.least - 1)
    return -exact if x & format.sign else exact


def finite(format, *numbers):
    return all(x & format.magnitude < format.infinity for x in numbers)


def assert_rounded(format, exact, x):
    """x is the number next to `exact`, the even one of two."""
    assert (x & format.magnitude) <= format.infinity
    distance = abs(value(format, x) - exact)
    for other in {x + 1, x - 1} if x & format.magnitude else {1, format.sign | 1}:
        if other & format.magnitude <= format.infinity:
            further = abs(value(format, other) - exact)
            assert distance < further or distance == further and x & 1 == 0, (hex(x), hex(other))
    if exact:
        assert bool(x & format.sign) == (exact < 0)


@settings(max_examples=600)
@given(either)
def test_arithmetic_is_exact_and_rounded_once(case):
    format, x, y = case
    if not finite(format, x, y):
        return
    a, b = value(format, x), value(format, y)
    assert_rounded(format, a + b, format.add(x, y))
    assert_rounded(format, a - b, format.sub(x, y))
    assert_rounded(format, a * b, format.mul(x, y))
    if b:
        assert_rounded(format, a / b, format.div(x, y))


@BOTH
def test_quotients_of_subnormals_just_above_the_middle_of_two_numbers(format):
    for x in range(1, 40):
        for y in range(format.one - 40, format.one):
            assert_rounded(format, value(format, x) / value(format, y), format.div(x, y))


@settings(max_examples=300)
@given(either)
def test_square_roots_are_rounded(case):
    format, x, _ = case
    if x >= format.infinity or x == 0:
        return
    root = format.sqrt(x)
    exact, guess = value(format, x), value(format, root)
    above, below = (guess + value(format, root + d) for d in (1, -1))  # twice the borders of what rounds to root
    assert below * below <= 4 * exact <= above * above


# Of a root with a bit more than fits: what is near its square has a root near the middle between two numbers.
near_squares = st.builds(
    lambda format, root, d, e: (format, max(1, format.from_int(root * root) + d + 2 * e * format.one)),
    st.sampled_from((F32, F64)),
    st.integers(1, 2**54),
    st.integers(-2, 2),
    st.integers(-500, 500),
)


@settings(max_examples=2000)
@given(st.one_of(near_squares, either.map(lambda case: case[:2])))
def test_the_square_root_of_boards_without_one_is_the_same(case):
    format, x = case
    x &= 2 * format.sign - 1
    root = _wasm._lib.float_sqrt
    root.restype = ctypes.c_uint64
    assert root(ctypes.c_uint64(x), format.fraction) == format.sqrt(x), hex(x)


def number(bits):
    return struct.unpack("<d", bits.to_bytes(8, "little"))[0]


def bits(number):
    return F64.nan if math.isnan(number) else int.from_bytes(struct.pack("<d", number), "little")


def divide(x, y):
    if y:
        return x / y
    return math.nan if x == 0 or math.isnan(x) else math.copysign(math.inf, x) * math.copysign(1, y)


def rounded(function):
    return lambda x: x if math.isinf(x) or math.isnan(x) else math.copysign(float(function(x)), x)


MACHINE = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": divide,
    "min": lambda x, y: math.nan if math.isnan(x + y) and (math.isnan(x) or math.isnan(y)) else min(y, x, key=order),
    "max": lambda x, y: math.nan if math.isnan(x + y) and (math.isnan(x) or math.isnan(y)) else max(y, x, key=order),
    "eq": lambda x, y: x == y,
    "ne": lambda x, y: x != y,
    "lt": lambda x, y: x < y,
    "gt": lambda x, y: x > y,
    "le": lambda x, y: x <= y,
    "ge": lambda x, y: x >= y,
    "sqrt": lambda x: math.nan if x < 0 else math.sqrt(x),
    "ceil": rounded(math.ceil),
    "floor": rounded(math.floor),
    "trunc": rounded(math.trunc),
    "nearest": rounded(round),
}


def order(x):
    return x, math.copysign(1, x)


@settings(max_examples=200)
@given(f64s, f64s)
@example(0, F64.sign)
@example(F64.sign, 0)
@example(F64.infinity, F64.infinity | F64.sign)
@example(F64.infinity, 0)
@example(F64.nan | F64.sign, 1)
def test_f64_as_this_machine_computes_it(x, y):
    for name, function in MACHINE.items():
        arguments = (x, y)[: function.__code__.co_argcount]
        want = function(*map(number, arguments))
        assert getattr(F64, name)(*arguments) == (bits(want) if isinstance(want, float) else int(want)), name


@BOTH
def test_special_operands_in_all_pairs(format):
    """Of two special numbers f32 and f64 make the same: NaN, zero, infinity, or a number."""
    for x in special(F32):
        for y in special(F32):
            if format is F64:
                wide = F32.convert(x, F64), F32.convert(y, F64)
                for name in ("add", "sub", "mul", "div"):
                    # A result of f64, rounded to f32, is f32's own: 53 >= 2 * 24 + 2.
                    assert F64.convert(getattr(F64, name)(*wide), F32) == getattr(F32, name)(x, y), (name, x, y)
                for name in ("min", "max"):
                    assert F64.convert(getattr(F64, name)(*wide), F32) == getattr(F32, name)(x, y)
                for name in ("eq", "ne", "lt", "gt", "le", "ge"):
                    assert getattr(F64, name)(*wide) == getattr(F32, name)(x, y)
            else:
                assert F32.copysign(x, y) == x & 0x7FFFFFFF | y & 0x80000000
    for x in special(format):
        assert format.neg(format.neg(x)) == x and format.neg(x) != x
        assert format.abs(x) == min(x, format.neg(x))


@BOTH
def test_a_computed_nan_is_the_canonical_one(format):
    for nan in (format.infinity + 1, format.nan | 1, format.sign | format.nan, format.magnitude):
        for name in ("add", "sub", "mul", "div", "min", "max"):
            for other in (0, format.one, format.infinity, nan):
                assert getattr(format, name)(nan, other) == getattr(format, name)(other, nan) == format.nan
        for name in ("sqrt", "ceil", "floor", "trunc", "nearest"):
            assert getattr(format, name)(nan) == format.nan
        assert format.convert(nan, F32) == F32.nan and format.convert(nan, F64) == F64.nan
        assert format.neg(nan) == nan ^ format.sign and format.copysign(nan, format.sign) == nan | format.sign


@settings(max_examples=300)
@given(either)
def test_integral_numbers(case):
    format, x, _ = case
    if not finite(format, x):
        return
    exact = value(format, x)
    for name, function in (("ceil", math.ceil), ("floor", math.floor), ("trunc", math.trunc), ("nearest", round)):
        whole = getattr(format, name)(x)
        assert value(format, whole) == function(exact) and whole & format.sign == x & format.sign, name


@settings(max_examples=300)
@given(st.one_of(st.integers(-(2**63), 2**64 - 1), st.integers(-(2**26), 2**26)))
def test_integers_convert_rounded(n):
    for format in (F32, F64):
        assert_rounded(format, Fraction(n), format.from_int(n))


@settings(max_examples=300)
@given(either)
def test_conversions_to_integers_and_to_the_other_format(case):
    format, x, _ = case
    for least, most in ((-(2**31), 2**31 - 1), (0, 2**32 - 1), (-(2**63), 2**63 - 1), (0, 2**64 - 1)):
        if x & format.magnitude <= format.infinity:
            whole = math.trunc(value(format, x))
            assert format.to_int(x, least, most) == max(least - 1, min(most + 1, whole))
    if finite(format, x):
        other = F32 if format is F64 else F64
        assert_rounded(other, value(format, x), format.convert(x, other))
        if format is F32:
            assert F64.convert(F32.convert(x, F64), F32) == x


@given(st.integers(1, 2**200))
def test_helpers_agree_with_pythons(n):
    assert bit_length(n) == n.bit_length() and bit_length(0) == 0
    assert square_root(n) == math.isqrt(n)
