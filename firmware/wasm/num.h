// SPDX-License-Identifier: MIT
// Integer operations that C has no operator for (core 4.3.2).
#pragma once
#include "exec.h"

// Also into functions that are compiled with other options.
#define INLINE static inline __attribute__((always_inline))
#if WASM_SMALL
#define LONGER static __attribute__((noinline, unused))
#else
#define LONGER INLINE
#endif

INLINE uint32_t clz32(uint32_t x) {
    return x != 0 ? __builtin_clz(x) : 32;
}

INLINE uint32_t ctz32(uint32_t x) {
    return x != 0 ? __builtin_ctz(x) : 32;
}

// Not the builtin: on Cortex-M0 it is a library call with a table of 256 bytes.
LONGER uint32_t popcnt32(uint32_t x) {
    x -= (x >> 1) & 0x55555555;
    x = (x & 0x33333333) + ((x >> 2) & 0x33333333);
    return (((x + (x >> 4)) & 0x0f0f0f0f) * 0x01010101) >> 24;
}

INLINE uint32_t rotl32(uint32_t x, uint32_t n) {
    return x << (n & 31) | x >> (-n & 31);
}

INLINE uint32_t clz64(uint64_t x) {
    return x >> 32 != 0 ? clz32(x >> 32) : 32 + clz32(x);
}

INLINE uint32_t ctz64(uint64_t x) {
    return (uint32_t)x != 0 ? ctz32(x) : 32 + ctz32(x >> 32);
}

INLINE uint64_t rotl64(uint64_t x, uint64_t n) {
    return x << (n & 63) | x >> (-n & 63);
}
