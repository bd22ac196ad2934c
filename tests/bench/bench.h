// SPDX-License-Identifier: MIT
// What the benchmark programs share. Each has one export and no import, so that any engine and any machine runs it:
//
//     int32_t run(int32_t n)     the checksum of n rounds of the work; the same on every machine, from a fresh instance
//                                or not: each run makes its own data
//
// They need less than 32 KiB of memory, stack included, so that they fit an RP2040 beside the firmware.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__wasm__)
#define EXPORT __attribute__((export_name("run")))
#else
#define EXPORT __attribute__((visibility("default")))
#endif

#define NOINLINE __attribute__((noinline))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int32_t run(int32_t n);

// FNV-1a, by words: every bit of a result reaches the checksum.
static inline uint32_t mixed(uint32_t hash, uint32_t word) {
    return (hash ^ word) * 16777619u;
}

// Marsaglia's xorshift32; *state is not 0.
static inline uint32_t next_random(uint32_t *state) {
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}
