"""Floating point on bit patterns (core specification 4.3.3): IEEE 754 on unsigned ints, for functions.py.

Every result is exact first, an integer times a power of two, and then rounded once, to nearest even, by Format.pack.
Profile "deterministic": a NaN that is computed is the positive canonical one. Boards have single-precision Python
floats or none, so none are used. Twin: firmware/wasm/exec.c, where the C compiler knows how.

Operations take both operands and ignore what they do not need, as all of functions.py.
"""

from micropython import const

# What compare() answers.
LESS = const(1)
EQUAL = const(2)
GREATER = const(4)
UNORDERED = const(8)


def bit_length(m):
    """How many bits an int of less than 256 bits has (int.bit_length, which MicroPython lacks)."""
    n = 0
    for step in (128, 64, 32, 16, 8, 4, 2, 1):
        if m >> step:
            m >>= step
            n += step
    return n + m


def square_root(n):
    """The largest int whose square is at most n > 0: Newton's method from above."""
    root = 1 << (bit_length(n) + 1 >> 1)
    while True:
        better = root + n // root >> 1
        if better >= root:
            return root
        root = better


def down(m, n):
    """m / 2**n, rounded down; likewise up and to nearest even."""
    return m >> n


def up(m, n):
    return -(-m >> n)


def nearest(m, n):
    whole = m >> n
    rest = m - (whole << n) << 1
    return whole + (rest > 1 << n or rest == 1 << n and whole & 1)


class Format:
    """A binary interchange format: a sign, `exponent` bits, `fraction` bits.

    A finite number's magnitude is m * 2**e, with m < 2**(fraction + 1) and e >= least.
    """

    def __init__(self, exponent, fraction):
        self.fraction = fraction
        self.one = 1 << fraction  # of m: the bit that normal numbers do not store
        self.sign = 1 << (exponent + fraction)
        self.magnitude = self.sign - 1
        self.infinity = self.sign - self.one
        self.nan = self.infinity | self.one >> 1
        self.least = 2 - (1 << (exponent - 1)) - fraction

    def unpack(self, x):
        """(m, e) of a finite number's magnitude."""
        x &= self.magnitude
        exponent = x >> self.fraction
        if exponent == 0:
            return x, self.least
        return x & (self.one - 1) | self.one, self.least + exponent - 1

    def pack(self, sign, m, e):
        """m * 2**e, rounded, with the bit `sign`. Whoever cut bits off m sets its lowest bit, far below the rounding."""
        if m == 0:
            return sign
        drop = max(bit_length(m) - self.fraction - 1, self.least - e)
        m = nearest(m, drop) if drop > 0 else m << -drop
        # The bit `one` of m counts the exponent up, and so does a carry: subnormals become normal, the largest infinite.
        x = (e + drop - self.least << self.fraction) + m
        return sign | min(x, self.infinity)

    def is_nan(self, x):
        return x & self.magnitude > self.infinity

    # Arithmetic

    def add(self, x, y):
        a, b = x & self.magnitude, y & self.magnitude
        if a < b:
            x, y, a, b = y, x, b, a
        if a >= self.infinity:
            return self.nan if a > self.infinity or a == b and x != y else x
        m, e = self.unpack(a)
        n, lower = self.unpack(b)
        # What is less than an eighth of the last place rounds like an eighth.
        shift = min(e - lower, self.fraction + 4)
        m <<= shift
        if (x ^ y) & self.sign == 0:
            return self.pack(x & self.sign, m + n, e - shift)
        return self.pack(x & self.sign if m != n else 0, m - n, e - shift)

    def sub(self, x, y):
        return self.add(x, y ^ self.sign)

    def mul(self, x, y):
        sign = (x ^ y) & self.sign
        a, b = x & self.magnitude, y & self.magnitude
        if a >= self.infinity or b >= self.infinity:
            return self.nan if max(a, b) > self.infinity or min(a, b) == 0 else sign | self.infinity
        m, e = self.unpack(a)
        n, f = self.unpack(b)
        return self.pack(sign, m * n, e + f)

    def div(self, x, y):
        sign = (x ^ y) & self.sign
        a, b = x & self.magnitude, y & self.magnitude
        if max(a, b) > self.infinity or a == b and a in (0, self.infinity):
            return self.nan
        if a == self.infinity or b == 0:
            return sign | self.infinity
        if b == self.infinity:
            return sign
        m, e = self.unpack(a)
        n, f = self.unpack(b)
        shift = 2 * self.fraction + 4  # enough for any quotient to have the places that decide the rounding
        m <<= shift
        quotient = m // n
        return self.pack(sign, quotient | (quotient * n != m), e - f - shift)

    def sqrt(self, x, _=0):
        if x & self.magnitude == 0 or x == self.infinity:
            return x
        if x > self.infinity:  # a NaN or negative
            return self.nan
        m, e = self.unpack(x)
        shift = 2 * self.fraction + 4
        shift += e - shift & 1  # half of the exponent is one, too
        m <<= shift
        root = square_root(m)
        return self.pack(0, root | (root * root != m), e - shift >> 1)

    # Signs

    def abs(self, x, _=0):
        return x & self.magnitude

    def neg(self, x, _=0):
        return x ^ self.sign

    def copysign(self, x, y):
        return x & self.magnitude | y & self.sign

    # Comparisons

    def compare(self, x, y):
        """LESS, EQUAL, GREATER or UNORDERED."""
        a, b = x & self.magnitude, y & self.magnitude
        if a > self.infinity or b > self.infinity:
            return UNORDERED
        a = a if a == x else -a
        b = b if b == y else -b
        return EQUAL if a == b else LESS if a < b else GREATER

    def min(self, x, y):
        how = self.compare(x, y)
        return x if how == LESS else y if how == GREATER else x | y if how == EQUAL else self.nan  # -0 | 0 is -0

    def max(self, x, y):
        how = self.compare(x, y)
        return y if how == LESS else x if how == GREATER else x & y if how == EQUAL else self.nan

    def eq(self, x, y):
        return int(self.compare(x, y) == EQUAL)

    def ne(self, x, y):
        return int(self.compare(x, y) != EQUAL)

    def lt(self, x, y):
        return int(self.compare(x, y) == LESS)

    def gt(self, x, y):
        return int(self.compare(x, y) == GREATER)

    def le(self, x, y):
        return int(self.compare(x, y) <= EQUAL)

    def ge(self, x, y):
        return int(self.compare(x, y) in (EQUAL, GREATER))

    # Rounding to integers

    def _whole(self, x, rounded):
        if self.is_nan(x):
            return self.nan
        m, e = self.unpack(x)
        if e >= 0:
            return x
        # With fraction + 2 places behind the point, a number is less than a half.
        return self.pack(x & self.sign, rounded(m, min(-e, self.fraction + 2)), 0)

    def ceil(self, x, _=0):
        return self._whole(x, down if x & self.sign else up)

    def floor(self, x, _=0):
        return self._whole(x, up if x & self.sign else down)

    def trunc(self, x, _=0):
        return self._whole(x, down)

    def nearest(self, x, _=0):
        return self._whole(x, nearest)

    # Conversions

    def to_int(self, x, least, most):
        """x, not a NaN, rounded towards zero; beyond `least` or `most` stops at the next int there."""
        m, e = self.unpack(x)
        # 2**80 times as much is beyond any integer type; infinity unpacks to more than all other numbers.
        n = m << min(e, 80) if e > 0 else m >> min(-e, self.fraction + 1)
        return max(-n, least - 1) if x & self.sign else min(n, most + 1)

    def from_int(self, n):
        """The signed n, rounded."""
        return self.pack(self.sign if n < 0 else 0, abs(n), 0)

    def convert(self, x, to):
        """x in the Format `to`, rounded."""
        if self.is_nan(x):
            return to.nan
        sign = to.sign if x & self.sign else 0
        if x & self.magnitude == self.infinity:
            return sign | to.infinity
        m, e = self.unpack(x)
        return to.pack(sign, m, e)


F32 = Format(8, 23)
F64 = Format(11, 52)
