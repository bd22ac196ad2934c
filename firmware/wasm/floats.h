// SPDX-License-Identifier: MIT
// Floating point (core 4.3.3) on bit patterns, in the deterministic profile: a NaN that arithmetic makes is the
// positive canonical one, whatever the processor would choose. + - * / and conversions are the compiler's; what else C
// has for floats is in libm, or says nothing of NaN and signed zero, and is made here of bits.
//
// Each function is inlined where the processor computes with doubles, and compiled once for size where it does not.
#pragma once
#include <float.h>
#include <stdint.h>
#include <string.h>

#include "exec.h"
#include "num.h"

#if WASM_SMALL
#define WASM_HARD_FLOAT (0)
#elif defined(__SSE2__) || defined(__aarch64__) || (defined(__ARM_FP) && __ARM_FP & 8) || \
    (defined(__riscv_flen) && __riscv_flen >= 64)
#define WASM_HARD_FLOAT (1)
#else
#define WASM_HARD_FLOAT (0)
#endif
#if WASM_HARD_FLOAT
#define FLOAT INLINE
#else
#define FLOAT static __attribute__((noinline, unused))
#endif

_Static_assert(FLT_EVAL_METHOD == 0, "f32 arithmetic rounds to f32 at once");

#define F32_NAN (0x7fc00000u)
#define F64_NAN (0x7ff8000000000000u)
#define F32_SIGN (0x80000000u)
#define F64_SIGN (0x8000000000000000u)

// What float_round and float_sqrt know of a format: the bits of its fraction.
enum { FLOAT_32 = 23, FLOAT_64 = 52 };
enum { FLOAT_CEIL, FLOAT_FLOOR, FLOAT_TRUNC, FLOAT_NEAREST };
// float_truncate: flags of what it converts.
enum { FROM_F64 = 1, TO_I64 = 2, TO_UNSIGNED = 4, SATURATE = 8 };

INLINE float f32_value(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof(f));
    return f;
}

INLINE double f64_value(uint64_t bits) {
    double f;
    memcpy(&f, &bits, sizeof(f));
    return f;
}

INLINE int f32_is_nan(uint32_t x) {
    return x << 1 > 0xff000000u;
}

INLINE int f64_is_nan(uint64_t x) {
    return x << 1 > 0xffe0000000000000u;
}

// Calls, so that an ordinary result waits for no comparison.
float float_nan32(void);
double float_nan64(void);

INLINE uint32_t f32_bits(float f) {
    uint32_t bits;
#if WASM_HARD_FLOAT
    f = __builtin_expect(f != f, 0) ? float_nan32() : f;
    memcpy(&bits, &f, sizeof(bits));
    return bits;
#else
    memcpy(&bits, &f, sizeof(bits));
    return f32_is_nan(bits) ? F32_NAN : bits;
#endif
}

INLINE uint64_t f64_bits(double f) {
    uint64_t bits;
#if WASM_HARD_FLOAT
    f = __builtin_expect(f != f, 0) ? float_nan64() : f;
    memcpy(&bits, &f, sizeof(bits));
    return bits;
#else
    memcpy(&bits, &f, sizeof(bits));
    return f64_is_nan(bits) ? F64_NAN : bits;
#endif
}

// Two slots, at once where the processor has 64 bits: one that is read so soon after halves were written waits for
// both.
typedef uint64_t __attribute__((may_alias, aligned(4))) pair_t;

INLINE uint64_t cell64(const uint32_t *cell) {
    return *(const pair_t *)(const void *)cell;
}

INLINE void set_cell64(uint32_t *cell, uint64_t v) {
    *(pair_t *)(void *)cell = v;
}

#define BINARY_FLOATS(name, op) \
    FLOAT uint32_t f32_##name(uint32_t x, uint32_t y) { \
        return f32_bits(f32_value(x) op f32_value(y)); \
    } \
    FLOAT uint64_t f64_##name(uint64_t x, uint64_t y) { \
        return f64_bits(f64_value(x) op f64_value(y)); \
    }
BINARY_FLOATS(add, +)
BINARY_FLOATS(sub, -)
BINARY_FLOATS(mul, *)
BINARY_FLOATS(div, /)

#define RELATIONS(name, op) \
    FLOAT uint32_t f32_##name(uint32_t x, uint32_t y) { \
        return f32_value(x) op f32_value(y); \
    } \
    FLOAT uint32_t f64_##name(uint64_t x, uint64_t y) { \
        return f64_value(x) op f64_value(y); \
    }
RELATIONS(eq, ==)
RELATIONS(ne, !=)
RELATIONS(lt, <)
RELATIONS(gt, >)
RELATIONS(le, <=)
RELATIONS(ge, >=)

// As a signed integer a float that is no NaN sorts by value, -0 before +0, once a negative one's other bits are
// flipped.
INLINE int32_t f32_order(uint32_t x) {
    return (int32_t)(x ^ ((uint32_t)((int32_t)x >> 31) >> 1));
}

INLINE int64_t f64_order(uint64_t x) {
    return (int64_t)(x ^ ((uint64_t)((int64_t)x >> 63) >> 1));
}

#define MIN_MAX(type, word, name, op) \
    FLOAT word type##_##name(word x, word y) { \
        if (type##_is_nan(x) || type##_is_nan(y)) { \
            return (word)(sizeof(word) == 4 ? F32_NAN : F64_NAN); \
        } \
        return type##_order(x) op type##_order(y) ? x : y; \
    }
MIN_MAX(f32, uint32_t, min, <)
MIN_MAX(f32, uint32_t, max, >)
MIN_MAX(f64, uint64_t, min, <)
MIN_MAX(f64, uint64_t, max, >)

FLOAT uint32_t f32_copysign(uint32_t x, uint32_t y) {
    return (x & ~F32_SIGN) | (y & F32_SIGN);
}

FLOAT uint64_t f64_copysign(uint64_t x, uint64_t y) {
    return (x & ~F64_SIGN) | (y & F64_SIGN);
}

// From cells to cells: operations of one operand, and conversions.
#define CELLS(name, expr) \
    FLOAT void name(const uint32_t *x, uint32_t *to) { \
        *to = (expr); \
    }
#define CELLS64(name, expr) \
    FLOAT void name(const uint32_t *x, uint32_t *to) { \
        set_cell64(to, expr); \
    }

#define ROUNDING(name, mode) \
    CELLS(f32_##name, (uint32_t)float_round(*x, FLOAT_32, mode)) \
    CELLS64(f64_##name, float_round(cell64(x), FLOAT_64, mode))
ROUNDING(ceil, FLOAT_CEIL)
ROUNDING(floor, FLOAT_FLOOR)
ROUNDING(trunc, FLOAT_TRUNC)
ROUNDING(nearest, FLOAT_NEAREST)

#if defined(__SSE2__)
#include <emmintrin.h>
CELLS(f32_sqrt, f32_bits(_mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(f32_value(*x))))))
CELLS64(f64_sqrt, f64_bits(_mm_cvtsd_f64(_mm_sqrt_pd(_mm_set_sd(f64_value(cell64(x)))))))
#else
CELLS(f32_sqrt, (uint32_t)float_sqrt(*x, FLOAT_32))
CELLS64(f64_sqrt, float_sqrt(cell64(x), FLOAT_64))
#endif

CELLS64(f64_abs, cell64(x) & ~F64_SIGN)
CELLS64(f64_neg, cell64(x) ^ F64_SIGN)

CELLS(f32_convert_i32_s, f32_bits((float)(int32_t)*x))
CELLS(f32_convert_i32_u, f32_bits((float)*x))
CELLS(f32_convert_i64_s, f32_bits((float)(int64_t)cell64(x)))
CELLS(f32_convert_i64_u, f32_bits((float)cell64(x)))
CELLS(f32_demote_f64, f32_bits((float)f64_value(cell64(x))))
CELLS64(f64_convert_i32_s, f64_bits((double)(int32_t)*x))
CELLS64(f64_convert_i32_u, f64_bits((double)*x))
CELLS64(f64_convert_i64_s, f64_bits((double)(int64_t)cell64(x)))
CELLS64(f64_convert_i64_u, f64_bits((double)cell64(x)))
CELLS64(f64_promote_f32, f64_bits((double)f32_value(*x)))
