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

// Bit by bit, as fdlibm's: after each step root is the largest number of so many bits whose square is not above x.
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
    rest |= one;
    exponent -= bias;
    rest <<= 1 + (exponent & 1);
    uint64_t root = 0, twice = 0;
    for (uint64_t bit = one << 1; bit != 0; bit >>= 1) {
        if (twice + bit <= rest) {
            twice += bit << 1;
            rest -= twice - bit;
            root += bit;
        }
        rest <<= 1;
    }
    root += rest != 0 ? root & 1 : 0; // to nearest: a tie cannot be
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
