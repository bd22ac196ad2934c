// SPDX-License-Identifier: MIT
// How an operation of A16 is written: the macros of exec.c and its chapters, ops_*.h.
//
// A handler reads its operands behind ip, which stays at the operation until NEXT: a trap tells where it was.
#pragma once

// Under the address sanitizer the handlers are too far apart for a halfword: there it is the operation's number, and
// one jump serves all, as the compiler takes ten minutes over hundreds of them.
#if defined(__SANITIZE_ADDRESS__)
#define HANDLER_IS_NUMBER (1)
#define DISPATCH goto dispatch;
#else
#define HANDLER_IS_NUMBER (0)
#if !defined(WASM_COUNT)
#define WASM_COUNT(handler) // a build that counts what is executed names a function here
#endif
#define DISPATCH \
    { \
        WASM_COUNT(*ip); \
        goto *(void *)(base + *ip); \
    }
#endif

// Where a handler lies, seen from `done`: in a halfword on a board.
#if UINTPTR_MAX > UINT32_MAX
typedef int32_t distance_t;
#else
typedef int16_t distance_t;
#endif

#define S(n) (*(uint32_t *)(void *)(fp + ip[n]))
#define L(n) cell64(&S(n))
#define I(n) ((uint32_t)(int16_t)ip[n])
#define W(n) (ip[n] | (uint32_t)ip[(n) + 1] << 16)
#define OP(name) L_##name:
#define NEXT(n) \
    { \
        ip += (n); \
        DISPATCH \
    }
#define TRAP_WITH(name) \
    { \
        trap = TRAP_##name; \
        goto trapped; \
    }

#define CHECK_ZERO(y) \
    if ((y) == 0) { \
        TRAP_WITH(integer_divide_by_zero) \
    }
#define CHECK_DIV_S(x, y, least) \
    CHECK_ZERO(y) \
    if ((y) + 1 == 0 && (x) - (least) == 0) { \
        TRAP_WITH(integer_overflow) \
    }

// One operation a line, here and in the chapters.
// clang-format off

// x and y are the operands of expr.
#define UNARY(name, expr) \
    OP(name##_a_a) { uint32_t x = acc; acc = (expr); NEXT(1) } \
    OP(name##_a_s) { uint32_t x = acc; S(1) = (expr); NEXT(2) } \
    OP(name##_s_a) { uint32_t x = S(1); acc = (expr); NEXT(2) } \
    OP(name##_s_s) { uint32_t x = S(1); S(2) = (expr); NEXT(3) }
#define BINARY(name, expr) \
    OP(name##_ss_a) { uint32_t x = S(1), y = S(2); acc = (expr); NEXT(3) } \
    OP(name##_ss_s) { uint32_t x = S(1), y = S(2); S(3) = (expr); NEXT(4) } \
    OP(name##_as_a) { uint32_t x = acc, y = S(1); acc = (expr); NEXT(2) } \
    OP(name##_as_s) { uint32_t x = acc, y = S(1); S(2) = (expr); NEXT(3) } \
    OP(name##_si_a) { uint32_t x = S(1), y = I(2); acc = (expr); NEXT(3) } \
    OP(name##_si_s) { uint32_t x = S(1), y = I(2); S(3) = (expr); NEXT(4) } \
    OP(name##_ai_a) { uint32_t x = acc, y = I(1); acc = (expr); NEXT(2) } \
    OP(name##_ai_s) { uint32_t x = acc, y = I(1); S(2) = (expr); NEXT(3) }
#define BINARY_SA(name, expr) \
    BINARY(name, expr) \
    OP(name##_sa_a) { uint32_t x = S(1), y = acc; acc = (expr); NEXT(2) } \
    OP(name##_sa_s) { uint32_t x = S(1), y = acc; S(2) = (expr); NEXT(3) }
#define PARTIAL(name, check, expr) \
    OP(name##_ss_a) { uint32_t x = S(1), y = S(2); check; acc = (expr); NEXT(3) } \
    OP(name##_ss_s) { uint32_t x = S(1), y = S(2); check; S(3) = (expr); NEXT(4) }
#if WASM_SMALL
#define RELATION(name, expr) \
    OP(name##_ss_a) { f32_function = do_##name; goto f32_ss_a; } \
    OP(name##_ss_s) { f32_function = do_##name; goto f32_ss_s; } \
    OP(name##_as_a) { f32_function = do_##name; goto f32_as_a; } \
    OP(name##_as_s) { f32_function = do_##name; goto f32_as_s; } \
    OP(name##_si_a) { f32_function = do_##name; goto si_a; } \
    OP(name##_si_s) { f32_function = do_##name; goto si_s; } \
    OP(name##_ai_a) { f32_function = do_##name; goto ai_a; } \
    OP(name##_ai_s) { f32_function = do_##name; goto ai_s; }
#define UNARY64(name, expr) OP(name##_s_s) { cell_function = do_##name; goto cells; }
#define SHARED64(name, check, expr) \
    OP(name##_ss_s) { uint64_t x = L(1), y = L(2); (void)x, (void)y; check; f64_function = do_##name; goto f64_ss_s; }
#define RELATION64(name, expr) \
    OP(name##_ss_a) { f64_relation = do_##name; goto f64_ss_a; } \
    OP(name##_ss_s) { f64_relation = do_##name; goto f64_relation_ss_s; }
#else
#define UNARY64(name, expr) \
    OP(name##_s_s) { uint64_t x = L(1); set_cell64(&S(2), expr); NEXT(3) }
#define RELATION BINARY
#define SHARED64 BINARY64
#define RELATION64(name, expr) \
    OP(name##_ss_a) { uint64_t x = L(1), y = L(2); acc = (expr); NEXT(3) } \
    OP(name##_ss_s) { uint64_t x = L(1), y = L(2); S(3) = (expr); NEXT(4) }
#endif
#define BINARY64(name, check, expr) \
    OP(name##_ss_s) { uint64_t x = L(1), y = L(2); check; set_cell64(&S(3), expr); NEXT(4) }
#if WASM_SMALL
#define SHARED_SHORT64(name, expr) OP(name##_short_si_s) { f64_function = do_##name; goto short_si_s; }
#else
#define SHARED_SHORT64 SHORT64
#endif
#define SHORT64(name, expr) \
    OP(name##_short_si_s) { uint64_t x = L(1), y = (uint64_t)(int64_t)(int16_t)ip[2]; set_cell64(&S(3), expr); NEXT(4) }

// Fuel pays for code by its length in halfwords: a branch back for what may have run since its target, `enter` for what a
// call may run without one. So a slice's time hardly depends on how a guest is written. A branch back ends the slice at
// its target, where the accumulator does not count.
#if defined(WASM_UNCHARGED) // to measure what charging costs
#define CHARGE(units) 0
#define CHECK_FUEL
#define PAY(units)
#else
#define CHARGE(units) ((fuel -= (units)) < 0)
#define CHECK_FUEL if (fuel <= 0) { goto out_of_fuel; }
#define PAY(units) { CHECK_FUEL fuel -= (units); }
#endif
#define GO_FORWARD(n) { ip += (n); ip += (int16_t)*ip; DISPATCH }
#define GO_BACK(n) \
    { \
        ip += (n); \
        int32_t distance = (int16_t)*ip; \
        ip += distance; \
        STAY \
        if (CHARGE(-distance)) { goto out_of_fuel; } \
        DISPATCH \
    }
#if WASM_SMALL
#define FORWARD(n) { goto forward_##n; }
#define BACK(n) { goto back_##n; }
#else
#define FORWARD(n) GO_FORWARD(n)
#define BACK(n) GO_BACK(n)
#endif
#define BRANCH_ON(name, n, let, cond) \
    OP(name##_f) { let; if (cond) FORWARD(n) NEXT(n + 1) } \
    OP(name##_b) { let; if (cond) BACK(n) NEXT(n + 1) }
#define BRANCH(name, cond) \
    BRANCH_ON(name##_ss, 3, (x = S(1), y = S(2)), cond) \
    BRANCH_ON(name##_as, 2, (x = acc, y = S(1)), cond) \
    BRANCH_ON(name##_si, 3, (x = S(1), y = I(2)), cond) \
    BRANCH_ON(name##_ai, 2, (x = acc, y = I(1)), cond)

// ea = x + offset, in bounds. The translator saw offset + size <= the least memory.
#define EA(size, n) \
    if (x > bytes - size - ip[n]) { goto out_of_bounds; } \
    x += ip[n]; \
    STAY
#define EA_WIDE(size, n) \
    if ((uint64_t)x + W(n) + size > bytes) { goto out_of_bounds; } \
    x += W(n); \
    STAY

// Memory operations are written once, ops_memory.h, for both kinds: MEMORY_OP makes the name.
#define LOAD(name, size, expr) \
    MEMORY_OP(name##_a_a) { x = acc; EA(size, 1) NEAR(name, size, TO_ACC, 2) acc = (expr); NEXT(2) } \
    MEMORY_OP(name##_a_s) { x = acc; EA(size, 1) NEAR(name, size, 0, 3) S(2) = (expr); NEXT(3) } \
    MEMORY_OP(name##_s_a) { x = S(1); EA(size, 2) NEAR(name, size, TO_ACC, 3) acc = (expr); NEXT(3) } \
    MEMORY_OP(name##_s_s) { x = S(1); EA(size, 2) NEAR(name, size, 0, 4) S(3) = (expr); NEXT(4) } \
    WIDE_LOAD(name, size, expr)
#define STORE(name, size, bits) \
    MEMORY_OP(name##_ss) { x = S(1); EA(size, 3) STORE##bits(x, S(2), 4) NEXT(4) } \
    MEMORY_OP(name##_as) { x = acc; EA(size, 2) STORE##bits(x, S(1), 3) NEXT(3) } \
    MEMORY_OP(name##_sa) { x = S(1); EA(size, 2) STORE##bits(x, acc, 3) NEXT(3) } \
    MEMORY_OP(name##_si) { x = S(1); EA(size, 3) STORE##bits(x, I(2), 4) NEXT(4) } \
    MEMORY_OP(name##_ai) { x = acc; EA(size, 2) STORE##bits(x, I(1), 3) NEXT(3) } \
    WIDE_STORE(name, size, bits)
#if WASM_SMALL
#define WIDE_LOAD(name, size, expr) \
    MEMORY_OP(name##_wide_s_s) { y = WIDE_##name; goto wide_load; }
#define WIDE_STORE(name, size, bits) \
    MEMORY_OP(name##_wide_ss) { y = size; goto wide_store; }
#define LOAD64(name, size, expr) \
    MEMORY_OP(name##_s_s) { y = WIDE_##name; goto wide_load; }
#else
#define WIDE_LOAD(name, size, expr) \
    MEMORY_OP(name##_wide_s_s) { x = S(1); EA_WIDE(size, 2) S(4) = (expr); NEXT(5) }
#define WIDE_STORE(name, size, bits) \
    MEMORY_OP(name##_wide_ss) { x = S(1); EA_WIDE(size, 3) STORE##bits(x, S(2), 5) NEXT(5) }
#define LOAD64(name, size, expr) \
    MEMORY_OP(name##_s_s) { x = S(1); EA_WIDE(size, 2) set_cell64(&S(4), expr); NEXT(5) }
#endif
// What memory_load loads.
#define TO_ACC (64) // else to the slot that the operation ends with
#define WIDE_i32_load (4)
#define WIDE_i32_load_at (4)
#define WIDE_i32_load8_u_at (1)
#define WIDE_i64_load (8 | LOAD_PAIR_OF_SLOTS)
#define WIDE_i32_load8_s (1 | LOAD_SIGNED)
#define WIDE_i32_load8_u (1)
#define WIDE_i32_load16_s (2 | LOAD_SIGNED)
#define WIDE_i32_load16_u (2)
#define WIDE_i64_load8_s (1 | LOAD_SIGNED | LOAD_PAIR_OF_SLOTS)
#define WIDE_i64_load8_u (1 | LOAD_PAIR_OF_SLOTS)
#define WIDE_i64_load16_s (2 | LOAD_SIGNED | LOAD_PAIR_OF_SLOTS)
#define WIDE_i64_load16_u (2 | LOAD_PAIR_OF_SLOTS)
#define WIDE_i64_load32_s (4 | LOAD_SIGNED | LOAD_PAIR_OF_SLOTS)
#define WIDE_i64_load32_u (4 | LOAD_PAIR_OF_SLOTS)
#define LOAD_AT(name, size, expr) \
    MEMORY_OP(name##_a_a) { x = acc + I(1); EA(size, 2) NEAR(name, size, TO_ACC, 3) acc = (expr); NEXT(3) } \
    MEMORY_OP(name##_a_s) { x = acc + I(1); EA(size, 2) NEAR(name, size, 0, 4) S(3) = (expr); NEXT(4) } \
    MEMORY_OP(name##_s_a) { x = S(1) + I(2); EA(size, 3) NEAR(name, size, TO_ACC, 4) acc = (expr); NEXT(4) } \
    MEMORY_OP(name##_s_s) { x = S(1) + I(2); EA(size, 3) NEAR(name, size, 0, 5) S(4) = (expr); NEXT(5) }
#define STORE_AT(name, size, bits) \
    MEMORY_OP(name##_ss) { x = S(1) + I(3); EA(size, 4) STORE##bits(x, S(2), 5) NEXT(5) } \
    MEMORY_OP(name##_as) { x = acc + I(2); EA(size, 3) STORE##bits(x, S(1), 4) NEXT(4) }

// Floats are functions of bits (floats.h), inlined where they are instructions. Elsewhere they take a hundred, and the
// operations of one shape share the rest: a handler names its function.
#if WASM_SMALL
#define SHARED_INTEGERS \
    si_a: { acc = f32_function(S(1), I(2)); NEXT(3) } \
    si_s: { S(3) = f32_function(S(1), I(2)); NEXT(4) } \
    ai_a: { acc = f32_function(acc, I(1)); NEXT(2) } \
    ai_s: { S(2) = f32_function(acc, I(1)); NEXT(3) } \
    short_si_s: { set_cell64(&S(3), f64_function(L(1), (uint64_t)(int64_t)(int16_t)ip[2])); NEXT(4) } \
    wide_load: { trap = memory_load(AT(memory_t, memory), S(1), W(2), y, &S(4)); if (trap != 0) { goto trapped; } NEXT(5) } \
    wide_store: { trap = memory_store(AT(memory_t, memory), S(1), W(3), y, &S(2)); if (trap != 0) { goto trapped; } NEXT(5) } \
    load_apart: { \
        memory_load(AT(memory_t, memory), x, 0, y & (TO_ACC - 1), apart); \
        if (y & TO_ACC) { \
            acc = apart[0]; \
        } else { \
            uint32_t *to = &S((y >> 8) - 1); \
            to[0] = apart[0]; \
            if (y & LOAD_PAIR_OF_SLOTS) { to[1] = apart[1]; } \
        } \
        NEXT(y >> 8) \
    } \
    store_apart: { \
        trap = memory_store(AT(memory_t, memory), x, 0, y & 15, stored); \
        if (trap != 0) { goto trapped; } \
        NEXT(y >> 8) \
    } \
    forward_1: GO_FORWARD(1) \
    forward_2: GO_FORWARD(2) \
    forward_3: GO_FORWARD(3) \
    back_1: GO_BACK(1) \
    back_2: GO_BACK(2) \
    back_3: GO_BACK(3) \
    back_4: GO_BACK(4) \
    back_5: GO_BACK(5)
#else
#define SHARED_INTEGERS
#endif
#if WASM_HARD_FLOAT
#define F32(name, mode, let, to, n) OP(name##_##mode) { let; to = name(x, y); NEXT(n) }
#define F64(name) OP(name##_ss_s) { set_cell64(&S(3), name(L(1), L(2))); NEXT(4) }
#define F64_RELATION(name) \
    OP(name##_ss_a) { acc = name(L(1), L(2)); NEXT(3) } \
    OP(name##_ss_s) { S(3) = name(L(1), L(2)); NEXT(4) }
#define CELL_OP(name) OP(name##_s_s) { name(&S(1), &S(2)); NEXT(3) }
#define SHARED_FLOATS
#else
#define F32(name, mode, let, to, n) OP(name##_##mode) { f32_function = name; goto f32_##mode; }
#define F32_SHARED(name, mode, let, to, n) f32_##mode: { let; to = f32_function(x, y); NEXT(n) }
#define F64(name) OP(name##_ss_s) { f64_function = name; goto f64_ss_s; }
#define F64_RELATION(name) \
    OP(name##_ss_a) { f64_relation = name; goto f64_ss_a; } \
    OP(name##_ss_s) { f64_relation = name; goto f64_relation_ss_s; }
#define CELL_OP(name) OP(name##_s_s) { cell_function = name; goto cells; }
#define SHARED_FLOATS \
    F32_ARITHMETIC_MODES(F32_SHARED, ) \
    f64_ss_s: { set_cell64(&S(3), f64_function(L(1), L(2))); NEXT(4) } \
    f64_ss_a: { acc = f64_relation(L(1), L(2)); NEXT(3) } \
    f64_relation_ss_s: { S(3) = f64_relation(L(1), L(2)); NEXT(4) } \
    cells: { cell_function(&S(1), &S(2)); NEXT(3) } \
    SHARED_INTEGERS
#endif
#define F32_SS_S(F, name) F(name, ss_s, (x = S(1), y = S(2)), S(3), 4)
#define F32_RELATION_MODES(F, name) F(name, ss_a, (x = S(1), y = S(2)), acc, 3) F32_SS_S(F, name)
#define F32_ARITHMETIC_MODES(F, name) \
    F32_RELATION_MODES(F, name) \
    F(name, as_a, (x = acc, y = S(1)), acc, 2) \
    F(name, as_s, (x = acc, y = S(1)), S(2), 3) \
    F(name, sa_a, (x = S(1), y = acc), acc, 2) \
    F(name, sa_s, (x = S(1), y = acc), S(2), 3)

#define TRUNCATE(name, kind) OP(name##_s_s) { y = (kind); goto truncate; }

// Operations that a function of bulk.c or table.c does, of n halfwords.
#define BULK(name, n) OP(name) { y = (n); bulk = bulk_##name; goto in_bulk; }

// clang-format on
