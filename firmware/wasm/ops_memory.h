// SPDX-License-Identifier: MIT
// Loads and stores (core 4.4.7): part of run() in exec.c, which includes it once for each kind of memory.
// clang-format off
LOAD(i32_load, 4, LOAD32(x))
LOAD(i32_load8_s, 1, (uint32_t)(int8_t)LOAD8(x))
LOAD(i32_load8_u, 1, LOAD8(x))
LOAD(i32_load16_s, 2, (uint32_t)(int16_t)LOAD16(x))
LOAD(i32_load16_u, 2, LOAD16(x))
MEMORY_OP(i64_load_s_s) { x = S(1); EA_WIDE(8, 2) set_cell64(&S(4), LOAD_PAIR(x)); NEXT(5) }
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
    STORE_PAIR(x, &S(2))
    NEXT(5)
}

// An addition and the access at its sum.
LOAD_AT(i32_load_at, 4, LOAD32(x))
LOAD_AT(i32_load8_u_at, 1, LOAD8(x))
MEMORY_OP(i64_load_at_s_s) { x = S(1) + I(2); EA(8, 3) set_cell64(&S(4), LOAD_PAIR(x)); NEXT(5) }
STORE_AT(i32_store_at, 4, 32)
STORE_AT(i32_store8_at, 1, 8)
MEMORY_OP(i64_store_at_ss) { x = S(1) + I(3); EA(8, 4) STORE_PAIR(x, &S(2)) NEXT(5) }
