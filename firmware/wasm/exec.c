// SPDX-License-Identifier: MIT
// Runs A16 code (a16.csv) over the arena. Contract: exec.h.
//
// The first halfword of an operation is its handler's distance from `base`, so that dispatch is
// load, add, jump. Operands follow, then the destination slot. A name's first suffix says where
// its operands are (a accumulator, s slot, i signed immediate), the second where its result goes
// (a, s), or which way a branch leads (f, b). The code was validated: slots, branches and indices
// are trusted; addresses, table indices, divisors and the stack's room are not.
#include "a16.h"
#include "exec.h"
#include "floats.h"
#include "num.h"

// Cortex-M0: what lives from operation to operation stays in registers. The compiler would not choose these, and leaves
// r8 to r10 unused, which few instructions take: exec_run keeps for its caller what is there.
#if defined(__thumb__) && !defined(__thumb2__)
#define PINNED (1)
#define IN_REGISTER(type, name, number) register type name __asm__(number)
#define STAY __asm__("" : "+r"(ip), "+r"(fp)); // else what follows a branch takes them from copies on the stack
IN_REGISTER(const char *, base, "r8");
IN_REGISTER(uint8_t *, map, "r9");
IN_REGISTER(uint32_t, bytes, "r10");
#else
#define PINNED (0)
#define IN_REGISTER(type, name, number) type name
#define STAY
#endif

#if WASM_SMALL
#define UNARY64(name, expr) \
    static void do_##name(const uint32_t *cell, uint32_t *to) { \
        uint64_t x = cell64(cell); \
        set_cell64(to, expr); \
    }
#define SHARED64(name, check, expr) \
    static uint64_t do_##name(uint64_t x, uint64_t y) { \
        return (uint64_t)(expr); \
    }
#define RELATION(name, expr) \
    static uint32_t do_##name(uint32_t x, uint32_t y) { \
        return (expr); \
    }
#define RELATION64(name, expr) \
    static uint32_t do_##name(uint64_t x, uint64_t y) { \
        return (expr); \
    }
#include "ops_shared.h"
#undef UNARY64
#undef SHARED64
#undef RELATION
#undef RELATION64
#endif

// What stands above is compiled as the firmware is; handlers are worth their size.
#pragma GCC optimize("O2", "no-strict-aliasing", "no-gcse", "no-crossjumping", "no-tree-loop-distribute-patterns")
#if PINNED
#pragma GCC optimize("no-tree-pre") // it makes such copies too
#endif

#include "access.h"
#include "exec_ops.h"

// Between operations these are all that counts; the rest is read again from the instance.
#define ENTER_INSTANCE(offset) \
    { \
        instance = AT(instance_t, offset); \
        memory = instance->memory; \
        bytes = AT(memory_t, memory)->bytes; \
        map = MAP_OF(AT(memory_t, memory)); \
        globals = AT(uint32_t, instance->globals); \
    }
#define MAP_OF(memory) (arena + ((memory)->pages | (memory)->base)) // one of them is 0
#define PUSH_RECORD(return_ip, return_fp) \
    { \
        rp -= 2; \
        rp[0] = (return_ip); \
        rp[1] = (return_fp); \
    }

// Room that `enter` keeps free for the records of one call to another instance.
#define RECORDS (4 * sizeof(uint32_t))

#if !HANDLER_IS_NUMBER
static int lowest; // distance of the first handler from `done`
#endif

#if WASM_EXEC_IN_RAM // no wait states of a flash chip between operations
#ifndef WASM_EXEC_SECTION
#define WASM_EXEC_SECTION \
    ".data.wasm_run" // copied with .data at boot; a chip that runs nothing from there names another
#endif
#define IN_RAM __attribute__((noinline, section(WASM_EXEC_SECTION)))
#else
#define IN_RAM
#endif

// Without a state: the first halfword of operation `fuel`.
static IN_RAM int run(state_t *state, int32_t fuel) {
#if HANDLER_IS_NUMBER
    static const void *const labels[A16_COUNT] = {
#define A16(number, name) [number] = &&L_##name,
#include "a16.h"
#undef A16
    };
    if (state == NULL) {
        return fuel;
    }
#else
    if (state == NULL) {
        static const distance_t distances[A16_COUNT] = {
#define A16(number, name) [number] = (const char *)&&L_##name - (const char *)&&L_done,
#include "a16.h"
#undef A16
        };
        for (size_t i = lowest == 0 ? 0 : A16_COUNT; i < A16_COUNT; i++) {
            lowest = distances[i] < lowest ? distances[i] : lowest;
        }
        return distances[fuel] - lowest;
    }
#if !PINNED
    const char *base;
#endif
    base = (const char *)&&L_done + lowest;
#endif
    IN_REGISTER(const uint16_t *, ip, "r4") = AT(uint16_t, state->ip);
    IN_REGISTER(uint8_t *, fp, "r7") = AT(uint8_t, state->fp);
    uint32_t *rp = AT(uint32_t, state->rp);
    IN_REGISTER(uint32_t, acc, "r5") = 0;
    uint32_t x, y;
    instance_t *instance;
    uint32_t memory;
#if !PINNED
    uint32_t bytes;
    uint8_t *map;
#endif
    uint32_t *globals;
    const function_t *callee;
    bulk_t *bulk;
#if !WASM_HARD_FLOAT
    uint32_t (*f32_function)(uint32_t, uint32_t);
    uint64_t (*f64_function)(uint64_t, uint64_t);
    uint32_t (*f64_relation)(uint64_t, uint64_t);
    void (*cell_function)(const uint32_t *, uint32_t *);
#endif
#if WASM_SMALL
    uint32_t apart[2]; // what a store that takes the slow way writes
    const uint32_t *stored;
#endif
    int trap; // or how the run ends

    ENTER_INSTANCE(state->instance)
    NEXT(0)
#if HANDLER_IS_NUMBER
dispatch:
    goto *labels[*ip];
#endif

    // clang-format off

    // Control (core 4.4.8)
    OP(unreachable) { TRAP_WITH(unreachable) }
    OP(enter) {
        if (fp + ip[1] + RECORDS > (uint8_t *)rp) { TRAP_WITH(call_stack_exhausted) }
        uint32_t *slot = (uint32_t *)(void *)(fp + ip[2]);
        for (uint32_t n = ip[3]; n > 0; n--) {
            *slot++ = 0;
        }
        (void)CHARGE(ip[4]);
        NEXT(5)
    }
    OP(pay) { PAY(ip[1]) NEXT(2) }
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
    ip += 1 + x;
    x = (int16_t)*ip;
    ip += (int32_t)x;
    if ((int32_t)x < 0 && CHARGE(-(int32_t)x)) { goto out_of_fuel; }
    DISPATCH

    // Calls. A record is pushed for the caller, one more for its instance where that changes.
    OP(call) {
        CHECK_FUEL
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
    CHECK_FUEL
    if (callee->code == 0) {
        (void)CHARGE(CALL_COST);
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
    OP(i64_mov_s_s) { set_cell64(&S(2), L(1)); NEXT(3) }
    OP(i64_mov_i_s) { set_cell64(&S(2), (int64_t)(int16_t)ip[1]); NEXT(3) }
    OP(i64_const_s) { set_cell64(&S(5), W(1) | (uint64_t)W(3) << 32); NEXT(6) }
    OP(select_ssa_a) { x = acc != 0 ? S(1) : S(2); acc = x; NEXT(3) }
    OP(select_ssa_s) { x = acc != 0 ? S(1) : S(2); S(3) = x; NEXT(4) }
    OP(select_sss_a) { x = S(3) != 0 ? S(1) : S(2); acc = x; NEXT(4) }
    OP(select_sss_s) { x = S(3) != 0 ? S(1) : S(2); S(4) = x; NEXT(5) }
    OP(i64_select_ssa_s) { set_cell64(&S(3), acc != 0 ? L(1) : L(2)); NEXT(4) }
    OP(i64_select_sss_s) { set_cell64(&S(4), S(3) != 0 ? L(1) : L(2)); NEXT(5) }
    OP(global_get_a) { acc = globals[ip[1]]; NEXT(2) }
    OP(global_get_s) { S(2) = globals[ip[1]]; NEXT(3) }
    OP(global_set_a) { globals[ip[1]] = acc; NEXT(2) }
    OP(global_set_s) { globals[ip[2]] = S(1); NEXT(3) }
    OP(i64_global_get_s) { set_cell64(&S(2), cell64(globals + ip[1])); NEXT(3) }
    OP(i64_global_set_s) { set_cell64(globals + ip[2], L(1)); NEXT(3) }
    OP(imported_global_get_s) { S(2) = *AT(uint32_t, globals[ip[1]]); NEXT(3) }
    OP(imported_global_set_s) { *AT(uint32_t, globals[ip[2]]) = S(1); NEXT(3) }
    OP(imported_i64_global_get_s) { set_cell64(&S(2), cell64(AT(uint32_t, globals[ip[1]]))); NEXT(3) }
    OP(imported_i64_global_set_s) { set_cell64(AT(uint32_t, globals[ip[2]]), L(1)); NEXT(3) }

    // Memory (core 4.4.7)
    #define MEMORY_IS_DENSE (0)
    #include "ops_memory.h"
    #undef MEMORY_IS_DENSE
    #define MEMORY_IS_DENSE (1)
    #include "ops_memory.h"
    OP(memory_size_s) { S(1) = bytes >> AT(memory_t, memory)->shift; NEXT(2) }

    // Bulk memory, tables (core 4.4.6, 4.4.7)
    BULK(memory_copy, 4)
    BULK(memory_fill, 4)
    BULK(memory_init, 5)
    OP(memory_grow_s_s) { y = 3; bulk = bulk_memory_grow; goto in_bulk; }
    BULK(data_drop, 2)
    BULK(table_get, 4)
    BULK(table_set, 4)
    BULK(table_size, 3)
    BULK(table_grow, 5)
    BULK(table_fill, 5)
    BULK(table_copy, 6)
    BULK(table_init, 6)
    BULK(elem_drop, 2)
in_bulk:
    state->fuel = fuel;
    trap = bulk(instance, ip + 1, fp, (int32_t *)&state->fuel);
    fuel = (int32_t)state->fuel;
    if (trap == 0) {
        bytes = AT(memory_t, memory)->bytes;
        map = MAP_OF(AT(memory_t, memory));
        NEXT(y)
    }
    if (trap != CUT) { goto trapped; }
    goto out_of_fuel;

    // Numbers (core 4.3)
    #include "ops_integer.h"
    #include "ops_shared.h"
    #include "ops_float.h"

    // clang-format on

out_of_bounds:
    trap = TRAP_out_of_bounds_memory_access;
    goto trapped;
#if !WASM_SMALL
out_of_memory:
    trap = TRAP_out_of_memory;
    goto trapped;
#endif
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
    state->fuel = fuel;
    return trap;
}

uint16_t exec_handler(uint32_t operation) {
    int distance = run(NULL, operation);
    if (distance > UINT16_MAX) {
        __builtin_trap(); // compiled so large that a halfword does not reach: -O0
    }
    return distance;
}

int exec_run(state_t *state, int32_t fuel) {
#if PINNED
    const char *base_before = base;
    uint8_t *map_before = map;
    uint32_t bytes_before = bytes;
#endif
    int closed = arena_close_others(OFFSET(state), state->instance);
    int how = run(state, fuel);
    arena_open_others(closed);
#if PINNED
    base = base_before;
    map = map_before;
    bytes = bytes_before;
#endif
    return how;
}

uint32_t exec_enter(state_t *state, const function_t *function, uint32_t at, uint32_t end) {
    uint32_t entry = state->rp - sizeof(entry_t);
    if (end + RECORDS > entry) {
        return 0;
    }
    *AT(entry_t, entry) = (entry_t){arena_done_stub(), at, state->ip, state->fp, state->instance, 0};
    state->ip = function->code;
    state->fp = at;
    state->rp = entry;
    state->instance = function->instance;
    return entry;
}

void exec_leave(state_t *state, uint32_t entry) {
    const entry_t *e = AT(entry_t, entry);
    state->ip = e->ip;
    state->fp = e->fp;
    state->rp = entry + sizeof(entry_t);
    state->instance = e->instance;
}
