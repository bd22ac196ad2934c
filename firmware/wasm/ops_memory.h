// SPDX-License-Identifier: MIT
// Loads and stores (core 4.4.7): part of run() in exec.c, which includes it once for each kind of memory.
// clang-format off
#if MEMORY_IS_DENSE
#define MEMORY_OP(name) OP(dense_##name)
#define BYTE_AT(ea) (map + (ea))
#define OTHERWISE_STORED(ea) 0
#define PAIR_APART(ea) APART(ea, PAIR_ALIGNMENT)
#else
#define MEMORY_OP(name) OP(name)
#define BYTE_AT(ea) sparse_byte(map, ea)
#define OTHERWISE_STORED(ea) (granule_of(map, ea) == 0) // the first store to its granule
#define PAIR_APART(ea) 1
#endif
#if WASM_SMALL
// What is not aligned, or has no granule yet, goes one way together: the operation is done there.
#define NEAR(name, size, flags, n) \
    if ((size) == 8 ? PAIR_APART(x) : (size) > 1 && APART(x, size)) { y = WIDE_##name | (flags) | (n) << 8; goto load_apart; } \
    STAY
#define LOAD8(ea) (*BYTE_AT(ea))
#define LOAD16(ea) (*(any16_t *)(void *)BYTE_AT(ea))
#define LOAD32(ea) (*(any32_t *)(void *)BYTE_AT(ea))
#define LOAD_PAIR(ea) (LOAD32(ea) | (uint64_t)LOAD32((ea) + 4) << 32)
#define STORE_WORD(type, ea, v, size, n) \
    if (OTHERWISE_STORED(ea) || ((size) > 1 && APART(ea, size))) { \
        apart[0] = (v); \
        stored = apart; \
        y = (size) | (n) << 8; \
        goto store_apart; \
    } \
    STAY \
    *(type *)(void *)BYTE_AT(ea) = (v);
#define STORE8(ea, v, n) STORE_WORD(uint8_t, ea, v, 1, n)
#define STORE16(ea, v, n) STORE_WORD(any16_t, ea, v, 2, n)
#define STORE32(ea, v, n) STORE_WORD(any32_t, ea, v, 4, n)
#define STORE_PAIR(ea, pair, n) \
    stored = (pair); \
    if (PAIR_APART(ea)) { \
        y = 8 | (n) << 8; \
        goto store_apart; \
    } \
    STAY \
    *(any32_t *)(void *)BYTE_AT(ea) = stored[0]; \
    *(any32_t *)(void *)BYTE_AT((ea) + 4) = stored[1];
#else
#define NEAR(name, size, flags, n)
#if MEMORY_IS_DENSE
#define LOAD8(ea) dense_load8(map, ea)
#define LOAD16(ea) dense_load16(map, ea)
#define LOAD32(ea) dense_load32(map, ea)
#define LOAD_PAIR(ea) dense_load_pair(map, ea)
#define STORE8(ea, v, n) dense_store8(map, ea, v);
#define STORE16(ea, v, n) dense_store16(map, ea, v);
#define STORE32(ea, v, n) dense_store32(map, ea, v);
#define STORE_PAIR(ea, pair, n) dense_store_pair(map, ea, pair);
#else
#define LOAD8(ea) sparse_load8(map, ea)
#define LOAD16(ea) sparse_load16(map, ea)
#define LOAD32(ea) sparse_load32(map, ea)
#define LOAD_PAIR(ea) sparse_load_pair(map, ea)
#define STORE8(ea, v, n) if (!sparse_store8(memory, map, ea, v)) { goto out_of_memory; }
#define STORE16(ea, v, n) if (!sparse_store16(memory, map, ea, v)) { goto out_of_memory; }
#define STORE32(ea, v, n) if (!sparse_store32(memory, map, ea, v)) { goto out_of_memory; }
#define STORE_PAIR(ea, pair, n) if (!sparse_store_pair(memory, map, ea, pair)) { goto out_of_memory; }
#endif
#endif

LOAD(i32_load, 4, LOAD32(x))
LOAD(i32_load8_s, 1, (uint32_t)(int8_t)LOAD8(x))
LOAD(i32_load8_u, 1, LOAD8(x))
LOAD(i32_load16_s, 2, (uint32_t)(int16_t)LOAD16(x))
LOAD(i32_load16_u, 2, LOAD16(x))
MEMORY_OP(i64_load_s_s) { x = S(1); EA_WIDE(8, 2) NEAR(i64_load, 8, 0, 5) set_cell64(&S(4), LOAD_PAIR(x)); NEXT(5) }
LOAD64(i64_load8_s, 1, (uint64_t)(int8_t)LOAD8(x))
LOAD64(i64_load8_u, 1, LOAD8(x))
LOAD64(i64_load16_s, 2, (uint64_t)(int16_t)LOAD16(x))
LOAD64(i64_load16_u, 2, LOAD16(x))
LOAD64(i64_load32_s, 4, (uint64_t)(int32_t)LOAD32(x))
LOAD64(i64_load32_u, 4, LOAD32(x))
STORE(i32_store, 4, 32)
STORE(i32_store8, 1, 8)
STORE(i32_store16, 2, 16)
MEMORY_OP(i64_store_ss) {
    x = S(1);
    EA_WIDE(8, 3)
    STORE_PAIR(x, &S(2), 5)
    NEXT(5)
}

// An addition and the access at its sum.
LOAD_AT(i32_load_at, 4, LOAD32(x))
LOAD_AT(i32_load8_u_at, 1, LOAD8(x))
MEMORY_OP(i64_load_at_s_s) { x = S(1) + I(2); EA(8, 3) NEAR(i64_load, 8, 0, 5) set_cell64(&S(4), LOAD_PAIR(x)); NEXT(5) }
STORE_AT(i32_store_at, 4, 32)
STORE_AT(i32_store8_at, 1, 8)
MEMORY_OP(i64_store_at_ss) { x = S(1) + I(3); EA(8, 4) STORE_PAIR(x, &S(2), 5) NEXT(5) }

#undef MEMORY_OP
#undef BYTE_AT
#undef OTHERWISE_STORED
#undef PAIR_APART
#undef NEAR
#undef LOAD8
#undef LOAD16
#undef LOAD32
#undef LOAD_PAIR
#undef STORE_WORD
#undef STORE8
#undef STORE16
#undef STORE32
#undef STORE_PAIR
