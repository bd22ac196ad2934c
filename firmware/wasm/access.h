// SPDX-License-Identifier: MIT
// Loads and stores of both kinds of memory, at addresses that are in bounds. Part of exec.c.
//
// map is what ENTER_INSTANCE found: a sparse memory's page map, or a dense one's first byte.
#pragma once
#include <string.h>

#include "exec.h"

// Where the processor reads words that are not aligned, only the end of a granule is in the way of a sparse memory.
// Cortex-M0 cannot, and RISC-V processors may trap. Given to the compiler, as WASM_SMALL: what a board runs, on a PC.
#if !defined(UNALIGNED)
#if defined(__x86_64__) || defined(__aarch64__) || defined(__ARM_FEATURE_UNALIGNED)
#define UNALIGNED (1)
#else
#define UNALIGNED (0)
#endif
#endif
#if UNALIGNED
#define APART(ea, size) __builtin_expect((ea) % GRANULE > GRANULE - (size), 0)
#else
#define APART(ea, size) __builtin_expect(((ea) & ((size)-1)) != 0, 0)
#endif

#define PAIR_ALIGNMENT (UNALIGNED ? 8 : 4) // as APART takes it

typedef uint16_t __attribute__((may_alias, aligned(UNALIGNED ? 1 : 2))) any16_t;
typedef uint32_t __attribute__((may_alias, aligned(UNALIGNED ? 1 : 4))) any32_t;
typedef uint64_t __attribute__((may_alias, aligned(UNALIGNED ? 1 : 4))) any64_t;

static inline uint32_t granule_of(const uint8_t *map, uint32_t ea) {
    const uint8_t *leaf = LEAF_AT(((const uint16_t *)(const void *)map)[ea >> 16]);
    return leaf[(ea / GRANULE) % LEAF];
}

static inline uint8_t *sparse_byte(const uint8_t *map, uint32_t ea) {
    return arena + granule_of(map, ea) * GRANULE + ea % GRANULE;
}

static __attribute__((noinline)) uint32_t sparse_load_bytes(const uint8_t *map, uint32_t ea, int n) {
    uint32_t v = 0;
    while (n-- > 0) {
        v = v << 8 | *sparse_byte(map, ea + n);
    }
    return v;
}

static inline uint32_t sparse_load8(const uint8_t *map, uint32_t ea) {
    return *sparse_byte(map, ea);
}

static inline uint32_t sparse_load16(const uint8_t *map, uint32_t ea) {
    return APART(ea, 2) ? sparse_load_bytes(map, ea, 2) : *(any16_t *)(void *)sparse_byte(map, ea);
}

static inline uint32_t sparse_load32(const uint8_t *map, uint32_t ea) {
    return APART(ea, 4) ? sparse_load_bytes(map, ea, 4) : *(any32_t *)(void *)sparse_byte(map, ea);
}

static __attribute__((noinline)) int sparse_store_bytes(uint32_t memory, uint32_t ea, uint32_t v, int n) {
    for (; n-- > 0; ea++, v >>= 8) {
        uint8_t *byte = memory_touch(AT(memory_t, memory), ea);
        if (byte == NULL) {
            return 0;
        }
        *byte = v;
    }
    return 1;
}

// A store that is not aligned, or the first one to its granule, takes the way of bytes.
#define SPARSE_STORE(type, size, n) \
    static inline int sparse_store##size(uint32_t memory, const uint8_t *map, uint32_t ea, uint32_t v) { \
        uint32_t granule = granule_of(map, ea); \
        if (__builtin_expect(granule == 0, 0) || APART(ea, n)) { \
            return sparse_store_bytes(memory, ea, v, n); \
        } \
        *(type *)(void *)(arena + granule * GRANULE + ea % GRANULE) = v; \
        return 1; \
    }
SPARSE_STORE(uint8_t, 8, 1)
SPARSE_STORE(any16_t, 16, 2)
SPARSE_STORE(any32_t, 32, 4)

#if UNALIGNED
static inline uint64_t sparse_load_pair(const uint8_t *map, uint32_t ea) {
    return APART(ea, 8) ? sparse_load32(map, ea) | (uint64_t)sparse_load32(map, ea + 4) << 32
                        : *(any64_t *)(void *)sparse_byte(map, ea);
}
#else
static inline uint64_t sparse_load_pair(const uint8_t *map, uint32_t ea) {
    return sparse_load32(map, ea) | (uint64_t)sparse_load32(map, ea + 4) << 32;
}
#endif

static inline int sparse_store_pair(uint32_t memory, const uint8_t *map, uint32_t ea, const uint32_t *pair) {
    uint32_t granule = granule_of(map, ea);
    if (UNALIGNED && __builtin_expect(granule != 0, 1) && !APART(ea, 8)) {
        *(any64_t *)(void *)(arena + granule * GRANULE + ea % GRANULE) = *(const any64_t *)(const void *)pair;
        return 1;
    }
    return sparse_store32(memory, map, ea, pair[0]) && sparse_store32(memory, map, ea + 4, pair[1]);
}

static inline uint32_t dense_load8(const uint8_t *map, uint32_t ea) {
    return map[ea];
}

static inline void dense_store8(uint8_t *map, uint32_t ea, uint32_t v) {
    map[ea] = v;
}

#if UNALIGNED
#define DENSE(size, n) \
    static inline uint32_t dense_load##size(const uint8_t *map, uint32_t ea) { \
        return *(const any##size##_t *)(const void *)(map + ea); \
    } \
    static inline void dense_store##size(uint8_t *map, uint32_t ea, uint32_t v) { \
        *(any##size##_t *)(void *)(map + ea) = v; \
    }
#else
static __attribute__((noinline)) uint32_t dense_load_bytes(const uint8_t *at, int n) {
    uint32_t v = 0;
    while (n-- > 0) {
        v = v << 8 | at[n];
    }
    return v;
}

static __attribute__((noinline)) void dense_store_bytes(uint8_t *at, uint32_t v, int n) {
    for (; n-- > 0; v >>= 8) {
        *at++ = v;
    }
}

#define DENSE(size, n) \
    static inline uint32_t dense_load##size(const uint8_t *map, uint32_t ea) { \
        return APART(ea, n) ? dense_load_bytes(map + ea, n) : *(const any##size##_t *)(const void *)(map + ea); \
    } \
    static inline void dense_store##size(uint8_t *map, uint32_t ea, uint32_t v) { \
        if (APART(ea, n)) { \
            dense_store_bytes(map + ea, v, n); \
        } else { \
            *(any##size##_t *)(void *)(map + ea) = v; \
        } \
    }
#endif
DENSE(16, 2)
DENSE(32, 4)

static inline uint64_t dense_load_pair(const uint8_t *map, uint32_t ea) {
#if UNALIGNED
    return *(const any64_t *)(const void *)(map + ea);
#else
    return dense_load32(map, ea) | (uint64_t)dense_load32(map, ea + 4) << 32;
#endif
}

static inline void dense_store_pair(uint8_t *map, uint32_t ea, const uint32_t *pair) {
#if UNALIGNED
    *(any64_t *)(void *)(map + ea) = *(const any64_t *)(const void *)pair;
#else
    dense_store32(map, ea, pair[0]);
    dense_store32(map, ea + 4, pair[1]);
#endif
}
