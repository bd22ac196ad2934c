// SPDX-License-Identifier: MIT
// Rounding, square root and truncation of floats, of either format (core 4.3.3), on their bits. Contract: floats.h.
#include "floats.h"

#if WASM_HARD_FLOAT
float float_nan32(void) {
    return f32_value(F32_NAN);
}

double float_nan64(void) {
    return f64_value(F64_NAN);
}
#endif

static uint64_t not_a_number(uint32_t format) {
    return format == FLOAT_32 ? F32_NAN : F64_NAN;
}

static uint32_t exponent_mask(uint32_t format) {
    return format == FLOAT_32 ? 0xff : 0x7ff;
}

static uint64_t sign_of(uint64_t x, uint32_t format) {
    return x & (format == FLOAT_32 ? F32_SIGN : F64_SIGN);
}

uint64_t float_round(uint64_t x, uint32_t format, uint32_t mode) {
    const uint32_t mask = exponent_mask(format), bias = mask >> 1;
    uint64_t one = (uint64_t)1 << format;
    uint64_t sign = sign_of(x, format), magnitude = x ^ sign;
    uint32_t exponent = magnitude >> format;
    if (exponent >= bias + format) {
        return magnitude > (uint64_t)mask << format ? not_a_number(format) : x;
    }
    int outward = mode == FLOAT_CEIL ? sign == 0 : mode == FLOAT_FLOOR && sign != 0;
    if (exponent < bias) { // less than 1
        if (mode == FLOAT_NEAREST) {
            outward = magnitude > (uint64_t)(bias - 1) << format;
        }
        return sign | (outward && magnitude != 0 ? (uint64_t)bias << format : 0);
    }
    uint64_t unit = one >> (exponent - bias), fraction = magnitude & (unit - 1);
    magnitude -= fraction;
    if (mode == FLOAT_NEAREST) {
        outward = fraction > unit >> 1 || (fraction == unit >> 1 && (magnitude & unit) != 0);
    }
    return sign | (magnitude + (outward && fraction != 0 ? unit : 0)); // a carry goes to the exponent
}

// The next 11 bits of a square root, of which nothing more of the radicand is to come (Zimmermann, Karatsuba Square
// Root, 1999). `rest` is what is left of the radicand. Twice the root is divided into it by the root's upper 21 bits,
// all but `below`: that gives the digit, or one more.
INLINE uint64_t root_digit(uint64_t root, uint64_t *rest, uint32_t below) {
    uint64_t left = *rest << 11;
    uint32_t digit = (uint32_t)(left >> (below + 1)) / (uint32_t)(root >> below);
    left -= 2 * root * digit;
    if ((int64_t)left < 0) {
        digit--;
        left += 2 * root;
    }
    left = (left << 11) - digit * digit;
    root = (root << 11) + digit;
    if ((int64_t)left < 0) {
        root--;
        left += 2 * root + 1;
    }
    *rest = left;
    return root;
}

// Of a radicand in [2^62, 2^64) the root, rounded down, to 32 bits, and what is left of the radicand then.
static uint32_t root32(uint64_t radicand, uint64_t *rest) {
    uint32_t left = radicand >> 32, low = (uint32_t)radicand, root = 0;
    for (uint32_t bit = 1u << 30; bit != 0; bit >>= 2) { // 16 bits of it
        uint32_t tried = root + bit;
        root >>= 1;
        if (left >= tried) {
            left -= tried;
            root += bit;
        }
    }
    left = left << 15 | low >> 17; // half of it: all may have 33 bits
    uint32_t digit = left / root;  // 16 more
    left = (left - root * digit) << 1 | (low >> 16 & 1);
    *rest = ((uint64_t)left << 16 | (low & 0xffff)) - (uint64_t)digit * digit;
    root = (root << 16) + digit;
    if ((int64_t)*rest < 0) {
        root--;
        *rest += 2 * (uint64_t)root + 1;
    }
    return root;
}

uint64_t float_sqrt(uint64_t x, uint32_t format) {
    const uint32_t mask = exponent_mask(format), bias = mask >> 1;
    const uint64_t one = (uint64_t)1 << format;
    uint64_t sign = sign_of(x, format), rest = x & (one - 1);
    int32_t exponent = (x ^ sign) >> format;
    if (x == sign || x == (uint64_t)mask << format) { // zeros, infinity
        return x;
    }
    if (sign != 0 || (uint32_t)exponent == mask) {
        return not_a_number(format);
    }
    if (exponent == 0) {
        exponent = 1;
        while (rest < one) {
            rest <<= 1;
            exponent--;
        }
    }
    exponent -= bias;
    rest = (rest | one) << (62 - format + (exponent & 1));
    uint64_t root = root32(rest, &rest);
    if (format == FLOAT_64) {
        root = root_digit(root, &rest, 11);
        root = root_digit(root, &rest, 22);
    } else {
        rest |= root & 0x7f;
        root >>= 7;
    }
    root += rest != 0 ? root & 1 : 0; // has a bit more than the result, to nearest: a tie cannot be
    return (root >> 1) + ((uint64_t)(bias - 1 + (exponent >> 1)) << format);
}

int float_truncate(uint32_t kind, const uint32_t *from, uint32_t *to) {
    uint64_t x = kind & FROM_F64 ? cell64(from) : *from;
    const uint32_t format = kind & FROM_F64 ? FLOAT_64 : FLOAT_32, mask = exponent_mask(format);
    const uint64_t one = (uint64_t)1 << format;
    uint64_t sign = sign_of(x, format), value = (x & (one - 1)) | one;
    int32_t exponent = (int32_t)((x ^ sign) >> format) - (int32_t)(mask >> 1);
    int trap = 0;
    uint64_t most = kind & TO_I64 ? UINT64_MAX : UINT32_MAX; // the largest magnitude that there is room for
    if (!(kind & TO_UNSIGNED)) {
        most = (most >> 1) + (sign != 0);
    } else if (sign != 0) {
        most = 0;
    }
    if ((x ^ sign) > (uint64_t)mask << format) {
        trap = TRAP_invalid_conversion_to_integer;
        value = 0;
    } else {
        if (exponent < 0) {
            value = 0;
        } else if (exponent > 63) {
            value = UINT64_MAX;
            trap = TRAP_integer_overflow;
        } else if (exponent > (int32_t)format) {
            value <<= exponent - (int32_t)format;
        } else {
            value >>= (int32_t)format - exponent;
        }
        if (value > most) {
            value = most;
            trap = TRAP_integer_overflow;
        }
    }
    if (trap != 0 && !(kind & SATURATE)) {
        return trap;
    }
    value = sign != 0 ? -value : value;
    to[0] = (uint32_t)value;
    if (kind & TO_I64) {
        to[1] = value >> 32;
    }
    return 0;
}
