// SPDX-License-Identifier: MIT
// Runs A16 code (a16.csv) over the arena. Contract: exec.h.
//
// The first halfword of an operation is its handler's distance from `base`, so that dispatch is
// load, add, jump. Operands follow, then the destination slot. A name's first suffix says where
// its operands are (a accumulator, s slot, i signed immediate), the second where its result goes
// (a, s), or which way a branch leads (f, b). The code was validated: slots, branches and indices
// are trusted; addresses, table indices, divisors and the stack's room are not.
#pragma GCC optimize("O2", "no-strict-aliasing", "no-gcse", "no-crossjumping")

#include <string.h>

#include "a16.h"
#include "exec.h"
#include "num.h"

static uintptr_t lowest; // address of a handler: distances from it are not negative

static inline uint32_t *granule_word(const uint16_t *pages, uint32_t ea) {
    const uint8_t *leaf = LEAF_AT(pages[ea >> 16]);
    return AT(uint32_t, leaf[(ea / GRANULE) % LEAF] * GRANULE + ea % GRANULE);
}

// Cortex-M0 cannot read a word that is not aligned; and such a word may lie in two granules.
static __attribute__((noinline)) uint32_t load_bytes(const uint16_t *pages, uint32_t ea, int n) {
    uint32_t v = 0;
    while (n-- > 0) {
        v = v << 8 | *(uint8_t *)granule_word(pages, ea + n);
    }
    return v;
}

static inline uint32_t load8(const uint16_t *pages, uint32_t ea) {
    return *(uint8_t *)granule_word(pages, ea);
}

static inline uint32_t load16(const uint16_t *pages, uint32_t ea) {
    return ea & 1 ? load_bytes(pages, ea, 2) : *(uint16_t *)granule_word(pages, ea);
}

static inline uint32_t load32(const uint16_t *pages, uint32_t ea) {
    return ea & 3 ? load_bytes(pages, ea, 4) : *granule_word(pages, ea);
}

static __attribute__((noinline)) int store_bytes(uint32_t memory, uint32_t ea, uint32_t v, int n) {
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
#define STORE(type, size, mask) \
    static inline int store##size(uint32_t memory, const uint16_t *pages, uint32_t ea, uint32_t v) { \
        const uint8_t *leaf = LEAF_AT(pages[ea >> 16]); \
        uint32_t granule = leaf[(ea / GRANULE) % LEAF]; \
        if (granule == 0 || (ea & mask) != 0) { \
            return store_bytes(memory, ea, v, sizeof(type)); \
        } \
        *AT(type, granule *GRANULE + ea % GRANULE) = v; \
        return 1; \
    }
STORE(uint8_t, 8, 0)
STORE(uint16_t, 16, 1)
STORE(uint32_t, 32, 3)

static inline uint64_t get64(const uint32_t *slot) {
    return slot[0] | (uint64_t)slot[1] << 32;
}

static inline void set64(uint32_t *slot, uint64_t v) {
    slot[0] = v;
    slot[1] = v >> 32;
}

#define S(n) (*(uint32_t *)(fp + ip[n]))
#define L(n) get64(&S(n))
#define I(n) ((uint32_t)(int16_t)ip[n])
#define W(n) (ip[n] | (uint32_t)ip[(n) + 1] << 16)
#define OP(name) L_##name:
#define NEXT(n) \
    { \
        ip += (n); \
        goto *(void *)(base + *ip); \
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

// One operation a line, here and in the table below.
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
#define UNARY64(name, expr) \
    OP(name##_s_s) { uint64_t x = L(1); set64(&S(2), expr); NEXT(3) }
#define BINARY64(name, check, expr) \
    OP(name##_ss_s) { uint64_t x = L(1), y = L(2); check; set64(&S(3), expr); NEXT(4) }
#define RELATION64(name, expr) \
    OP(name##_ss_a) { uint64_t x = L(1), y = L(2); acc = (expr); NEXT(3) } \
    OP(name##_ss_s) { uint64_t x = L(1), y = L(2); S(3) = (expr); NEXT(4) }

// Fuel pays for code by its length, 8 halfwords a unit: a branch back for what may have run since its target, `enter`
// for what a call may run without one. So a slice's time hardly depends on how a guest is written. A branch back ends
// the slice at its target, where the accumulator does not count.
#define CODE_COST(distance) ((distance) < 0 ? 1 + (-(distance) >> 3) : 1)
#define FORWARD(n) { ip += (n); ip += (int16_t)*ip; goto *(void *)(base + *ip); }
#define BACK(n) \
    { \
        ip += (n); \
        fuel -= CODE_COST((int16_t)*ip); \
        ip += (int16_t)*ip; \
        if (fuel < 0) { goto out_of_fuel; } \
        goto *(void *)(base + *ip); \
    }
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
    x += ip[n];
#define EA_WIDE(size, n) \
    if ((uint64_t)x + W(n) + size > bytes) { goto out_of_bounds; } \
    x += W(n);
#define LOAD(name, size, expr) \
    OP(name##_a_a) { x = acc; EA(size, 1) acc = (expr); NEXT(2) } \
    OP(name##_a_s) { x = acc; EA(size, 1) S(2) = (expr); NEXT(3) } \
    OP(name##_s_a) { x = S(1); EA(size, 2) acc = (expr); NEXT(3) } \
    OP(name##_s_s) { x = S(1); EA(size, 2) S(3) = (expr); NEXT(4) } \
    OP(name##_wide_s_s) { x = S(1); EA_WIDE(size, 2) S(4) = (expr); NEXT(5) }
#define LOAD64(name, size, expr) \
    OP(name##_s_s) { x = S(1); EA_WIDE(size, 2) set64(&S(4), expr); NEXT(5) }
#define STORE_OPS(name, size, bits) \
    OP(name##_ss) { x = S(1); EA(size, 3) if (!store##bits(memory, pages, x, S(2))) { goto out_of_memory; } NEXT(4) } \
    OP(name##_as) { x = acc; EA(size, 2) if (!store##bits(memory, pages, x, S(1))) { goto out_of_memory; } NEXT(3) } \
    OP(name##_sa) { x = S(1); EA(size, 2) if (!store##bits(memory, pages, x, acc)) { goto out_of_memory; } NEXT(3) } \
    OP(name##_si) { x = S(1); EA(size, 3) if (!store##bits(memory, pages, x, I(2))) { goto out_of_memory; } NEXT(4) } \
    OP(name##_ai) { x = acc; EA(size, 2) if (!store##bits(memory, pages, x, I(1))) { goto out_of_memory; } NEXT(3) } \
    OP(name##_wide_ss) { x = S(1); EA_WIDE(size, 3) if (!store##bits(memory, pages, x, S(2))) { goto out_of_memory; } NEXT(5) }

// clang-format on

// Between operations these are all that counts; the rest is read again from the instance.
#define ENTER_INSTANCE(offset) \
    { \
        instance = AT(instance_t, offset); \
        memory = instance->memory; \
        bytes = AT(memory_t, memory)->bytes; \
        pages = AT(uint16_t, AT(memory_t, memory)->pages); \
        globals = AT(uint32_t, instance->globals); \
    }
#define PUSH_RECORD(return_ip, return_fp) \
    { \
        rp -= 2; \
        rp[0] = (return_ip); \
        rp[1] = (return_fp); \
    }
#define OFFSET(pointer) ((uint32_t)((const uint8_t *)(pointer)-arena))

// Room that `enter` keeps free for the records of one call to another instance.
#define RECORDS (4 * sizeof(uint32_t))

// Without a state: the distance of the handler of operation `fuel` from the lowest.
static int run(state_t *state, int32_t fuel) {
    if (state == NULL) {
        static const void *const labels[A16_COUNT] = {
#define A16(number, name) [number] = &&L_##name,
#include "a16.h"
#undef A16
        };
        if (lowest == 0) {
            lowest = UINTPTR_MAX;
            for (size_t i = 0; i < A16_COUNT; i++) {
                lowest = (uintptr_t)labels[i] < lowest ? (uintptr_t)labels[i] : lowest;
            }
        }
        return (uintptr_t)labels[fuel] - lowest;
    }
    const char *const base = (const char *)lowest;
    const uint16_t *ip = AT(uint16_t, state->ip);
    uint8_t *fp = AT(uint8_t, state->fp);
    uint32_t *rp = AT(uint32_t, state->rp);
    uint32_t acc = 0, x, y;
    instance_t *instance;
    uint32_t memory, bytes;
    const uint16_t *pages;
    uint32_t *globals;
    const function_t *callee;
    int trap; // or how the run ends

    ENTER_INSTANCE(state->instance)
    NEXT(0)

    // clang-format off

    // Control (core 4.4.8)
    OP(unreachable) { TRAP_WITH(unreachable) }
    OP(enter) {
        if (fp + ip[1] + RECORDS > (uint8_t *)rp) { TRAP_WITH(call_stack_exhausted) }
        uint32_t *slot = (uint32_t *)(void *)(fp + ip[2]);
        for (uint32_t n = ip[3]; n > 0; n--) {
            *slot++ = 0;
        }
        fuel -= ip[4];
        NEXT(5)
    }
    OP(return) {
        ip = AT(uint16_t, rp[0]);
        fp = AT(uint8_t, rp[1]);
        rp += 2;
        NEXT(0)
    }
    OP(leave) {
        state->instance = OFFSET(fp);
        ENTER_INSTANCE(state->instance)
        ip = AT(uint16_t, rp[0]);
        fp = AT(uint8_t, rp[1]);
        rp += 2;
        NEXT(0)
    }
    OP(done) {
        trap = RUN_DONE;
        goto leave_run;
    }
    OP(br_f) FORWARD(1)
    OP(br_b) BACK(1)
    BRANCH_ON(br_if_a, 1, (void)0, acc != 0)
    BRANCH_ON(br_if_s, 2, (void)0, S(1) != 0)
    BRANCH_ON(br_unless_a, 1, (void)0, acc == 0)
    BRANCH_ON(br_unless_s, 2, (void)0, S(1) == 0)
    BRANCH(br_i32_eq, x == y)
    BRANCH(br_i32_ne, x != y)
    BRANCH(br_i32_lt_s, (int32_t)x < (int32_t)y)
    BRANCH(br_i32_lt_u, x < y)
    BRANCH(br_i32_gt_s, (int32_t)x > (int32_t)y)
    BRANCH(br_i32_gt_u, x > y)
    BRANCH(br_i32_le_s, (int32_t)x <= (int32_t)y)
    BRANCH(br_i32_le_u, x <= y)
    BRANCH(br_i32_ge_s, (int32_t)x >= (int32_t)y)
    BRANCH(br_i32_ge_u, x >= y)
    OP(br_table_a) { x = acc; ip += 1; goto table; }
    OP(br_table_s) { x = S(1); ip += 2; goto table; }
table:
    x = x < *ip ? x : *ip;
    BACK(1 + x)

    // Calls. A record is pushed for the caller, one more for its instance where that changes.
    OP(call) {
        if (--fuel < 0) { goto out_of_fuel; }
        PUSH_RECORD(OFFSET(ip + 3), OFFSET(fp))
        fp += ip[2];
        ip = AT(uint16_t, *AT(uint32_t, instance->records + 4 * ip[1]));
        NEXT(0)
    }
    OP(call_import) {
        callee = AT(function_t, AT(uint32_t, instance->imports)[ip[1]]);
        x = ip[2];
        y = 3;
        goto call;
    }
    OP(call_indirect) {
        const table_t *t = AT(table_t, AT(uint32_t, instance->tables)[ip[1]]);
        x = S(4);
        if (x >= t->size) { TRAP_WITH(undefined_element) }
        uint32_t offset = AT(uint32_t, t->elements)[x];
        if (offset == 0) { TRAP_WITH(uninitialized_element) }
        callee = AT(function_t, offset);
        if (callee->type != ip[2]) { TRAP_WITH(indirect_call_type_mismatch) }
        x = ip[3];
        y = 5;
        goto call;
    }
call:
    if (--fuel < 0) { goto out_of_fuel; }
    if (callee->code == 0) {
        state->detail = callee->instance;
        state->args = OFFSET(fp + x);
        ip += y;
        trap = RUN_HOST_CALL;
        goto leave_run;
    }
    PUSH_RECORD(OFFSET(ip + y), OFFSET(fp))
    fp += x;
    ip = AT(uint16_t, callee->code);
    if (callee->instance != state->instance) {
        PUSH_RECORD(arena_done_stub() + sizeof(uint16_t), state->instance)
        state->instance = callee->instance;
        ENTER_INSTANCE(callee->instance)
    }
    NEXT(0)

    // Variables, parametric instructions (core 4.4.4, 4.4.5)
    OP(i32_mov_a_s) { S(1) = acc; NEXT(2) }
    OP(i32_mov_s_s) { S(2) = S(1); NEXT(3) }
    OP(i32_mov_i_s) { S(2) = I(1); NEXT(3) }
    OP(i32_const_s) { S(3) = W(1); NEXT(4) }
    OP(i64_mov_s_s) { set64(&S(2), L(1)); NEXT(3) }
    OP(i64_mov_i_s) { set64(&S(2), (int64_t)(int16_t)ip[1]); NEXT(3) }
    OP(i64_const_s) { set64(&S(5), W(1) | (uint64_t)W(3) << 32); NEXT(6) }
    OP(select_ssa_a) { x = acc != 0 ? S(1) : S(2); acc = x; NEXT(3) }
    OP(select_ssa_s) { x = acc != 0 ? S(1) : S(2); S(3) = x; NEXT(4) }
    OP(select_sss_a) { x = S(3) != 0 ? S(1) : S(2); acc = x; NEXT(4) }
    OP(select_sss_s) { x = S(3) != 0 ? S(1) : S(2); S(4) = x; NEXT(5) }
    OP(i64_select_ssa_s) { set64(&S(3), acc != 0 ? L(1) : L(2)); NEXT(4) }
    OP(i64_select_sss_s) { set64(&S(4), S(3) != 0 ? L(1) : L(2)); NEXT(5) }
    OP(global_get_a) { acc = globals[ip[1]]; NEXT(2) }
    OP(global_get_s) { S(2) = globals[ip[1]]; NEXT(3) }
    OP(global_set_a) { globals[ip[1]] = acc; NEXT(2) }
    OP(global_set_s) { globals[ip[2]] = S(1); NEXT(3) }
    OP(i64_global_get_s) { set64(&S(2), get64(globals + ip[1])); NEXT(3) }
    OP(i64_global_set_s) { set64(globals + ip[2], L(1)); NEXT(3) }
    OP(imported_global_get_s) { S(2) = *AT(uint32_t, globals[ip[1]]); NEXT(3) }
    OP(imported_global_set_s) { *AT(uint32_t, globals[ip[2]]) = S(1); NEXT(3) }
    OP(imported_i64_global_get_s) { set64(&S(2), get64(AT(uint32_t, globals[ip[1]]))); NEXT(3) }
    OP(imported_i64_global_set_s) { set64(AT(uint32_t, globals[ip[2]]), L(1)); NEXT(3) }

    // Memory (core 4.4.7)
    LOAD(i32_load, 4, load32(pages, x))
    LOAD(i32_load8_s, 1, (int8_t)load8(pages, x))
    LOAD(i32_load8_u, 1, load8(pages, x))
    LOAD(i32_load16_s, 2, (int16_t)load16(pages, x))
    LOAD(i32_load16_u, 2, load16(pages, x))
    LOAD64(i64_load, 8, load32(pages, x) | (uint64_t)load32(pages, x + 4) << 32)
    LOAD64(i64_load8_s, 1, (int8_t)load8(pages, x))
    LOAD64(i64_load8_u, 1, load8(pages, x))
    LOAD64(i64_load16_s, 2, (int16_t)load16(pages, x))
    LOAD64(i64_load16_u, 2, load16(pages, x))
    LOAD64(i64_load32_s, 4, (int32_t)load32(pages, x))
    LOAD64(i64_load32_u, 4, load32(pages, x))
    STORE_OPS(i32_store, 4, 32)
    STORE_OPS(i32_store8, 1, 8)
    STORE_OPS(i32_store16, 2, 16)
    OP(i64_store_ss) {
        x = S(1);
        EA_WIDE(8, 3)
        const uint32_t *slot = &S(2);
        if (!store32(memory, pages, x, slot[0]) || !store32(memory, pages, x + 4, slot[1])) {
            goto out_of_memory;
        }
        NEXT(5)
    }
    OP(memory_size_s) { S(1) = bytes / PAGE; NEXT(2) }
    OP(memory_grow_s_s) {
        S(2) = memory_grow(AT(memory_t, memory), S(1));
        bytes = AT(memory_t, memory)->bytes;
        NEXT(3)
    }

    // Integers (core 4.3.2)
    UNARY(i32_eqz, x == 0)
    BINARY(i32_eq, x == y)
    BINARY(i32_ne, x != y)
    BINARY(i32_lt_s, (int32_t)x < (int32_t)y)
    BINARY(i32_lt_u, x < y)
    BINARY(i32_gt_s, (int32_t)x > (int32_t)y)
    BINARY(i32_gt_u, x > y)
    BINARY(i32_le_s, (int32_t)x <= (int32_t)y)
    BINARY(i32_le_u, x <= y)
    BINARY(i32_ge_s, (int32_t)x >= (int32_t)y)
    BINARY(i32_ge_u, x >= y)
    UNARY(i32_clz, clz32(x))
    UNARY(i32_ctz, ctz32(x))
    UNARY(i32_popcnt, popcnt32(x))
    BINARY(i32_add, x + y)
    BINARY_SA(i32_sub, x - y)
    BINARY(i32_mul, x * y)
    PARTIAL(i32_div_s, CHECK_DIV_S(x, y, INT32_MIN), (int32_t)x / (int32_t)y)
    PARTIAL(i32_div_u, CHECK_ZERO(y), x / y)
    PARTIAL(i32_rem_s, CHECK_ZERO(y), y == UINT32_MAX ? 0 : (int32_t)x % (int32_t)y)
    PARTIAL(i32_rem_u, CHECK_ZERO(y), x % y)
    BINARY(i32_and, x & y)
    BINARY(i32_or, x | y)
    BINARY(i32_xor, x ^ y)
    BINARY_SA(i32_shl, x << (y & 31))
    BINARY_SA(i32_shr_s, (int32_t)x >> (y & 31))
    BINARY_SA(i32_shr_u, x >> (y & 31))
    BINARY_SA(i32_rotl, rotl32(x, y))
    BINARY_SA(i32_rotr, rotl32(x, -y))
    UNARY(i32_extend8_s, (int8_t)x)
    UNARY(i32_extend16_s, (int16_t)x)
    OP(i32_wrap_i64_s_a) { acc = S(1); NEXT(2) }
    OP(i32_wrap_i64_s_s) { S(2) = S(1); NEXT(3) }
    OP(i64_extend_i32_s_s_s) { set64(&S(2), (int64_t)(int32_t)S(1)); NEXT(3) }
    OP(i64_extend_i32_u_s_s) { set64(&S(2), S(1)); NEXT(3) }
    OP(i64_eqz_s_a) { acc = L(1) == 0; NEXT(2) }
    OP(i64_eqz_s_s) { S(2) = L(1) == 0; NEXT(3) }
    RELATION64(i64_eq, x == y)
    RELATION64(i64_ne, x != y)
    RELATION64(i64_lt_s, (int64_t)x < (int64_t)y)
    RELATION64(i64_lt_u, x < y)
    RELATION64(i64_gt_s, (int64_t)x > (int64_t)y)
    RELATION64(i64_gt_u, x > y)
    RELATION64(i64_le_s, (int64_t)x <= (int64_t)y)
    RELATION64(i64_le_u, x <= y)
    RELATION64(i64_ge_s, (int64_t)x >= (int64_t)y)
    RELATION64(i64_ge_u, x >= y)
    UNARY64(i64_clz, clz64(x))
    UNARY64(i64_ctz, ctz64(x))
    UNARY64(i64_popcnt, popcnt32(x) + popcnt32(x >> 32))
    BINARY64(i64_add, , x + y)
    BINARY64(i64_sub, , x - y)
    BINARY64(i64_mul, , x * y)
    BINARY64(i64_div_s, CHECK_DIV_S(x, y, INT64_MIN), (int64_t)x / (int64_t)y)
    BINARY64(i64_div_u, CHECK_ZERO(y), x / y)
    BINARY64(i64_rem_s, CHECK_ZERO(y), y == UINT64_MAX ? 0 : (int64_t)x % (int64_t)y)
    BINARY64(i64_rem_u, CHECK_ZERO(y), x % y)
    BINARY64(i64_and, , x & y)
    BINARY64(i64_or, , x | y)
    BINARY64(i64_xor, , x ^ y)
    BINARY64(i64_shl, , x << (y & 63))
    BINARY64(i64_shr_s, , (int64_t)x >> (y & 63))
    BINARY64(i64_shr_u, , x >> (y & 63))
    BINARY64(i64_rotl, , rotl64(x, y))
    BINARY64(i64_rotr, , rotl64(x, -y))
    UNARY64(i64_extend8_s, (int64_t)(int8_t)x)
    UNARY64(i64_extend16_s, (int64_t)(int16_t)x)
    UNARY64(i64_extend32_s, (int64_t)(int32_t)x)

    // clang-format on

out_of_bounds:
    trap = TRAP_out_of_bounds_memory_access;
    goto trapped;
out_of_memory:
    trap = TRAP_out_of_memory;
    goto trapped;
out_of_fuel:
    trap = RUN_OUT_OF_FUEL;
    goto leave_run;
trapped:
    state->detail = trap;
    trap = RUN_TRAP;
leave_run:
    state->ip = OFFSET(ip);
    state->fp = OFFSET(fp);
    state->rp = OFFSET(rp);
    state->fuel = fuel > 0 ? fuel : 0;
    return trap;
}

uint16_t exec_handler(uint32_t operation) {
    int distance = run(NULL, operation);
    if (distance > UINT16_MAX) {
        __builtin_trap(); // compiled so large that a halfword does not reach: a sanitizer, or -O0
    }
    return distance;
}

int exec_run(state_t *state, int32_t fuel) {
    return run(state, fuel);
}
