// SPDX-License-Identifier: MIT
// What instructions become, by chapters of the specification: numbers, variables, memories, references and tables.
// Twins of wasmote/wasm/numeric.py, variables.py, memories.py and tables.py, which explain it.
#pragma GCC optimize("Os", "no-strict-aliasing")

#include "a16.h"
#include "translate.h"

// The table of opcodes.csv, a word each: shape (6 bits), A16 number (10), number of the wide form, or of the one with a
// short constant, less the first such (5), the types of two operands and a result (3 each, below 0x80), log2 of the
// bytes accessed (2).
enum { NONE, i32, i64, f32, f64 };
#define OPCODE(row, shape, number, wide, a, b, result, width) \
    [row] = SHAPE_##shape | (number) << 6 | (wide) << 16 | (uint32_t)(a) << 21 | (uint32_t)(b) << 24 | \
            (uint32_t)(result) << 27 | (uint32_t)(width) << 30,
#define WIDE(number) ((number)-A16_i32_load_wide_s_s)
#define SHORT(number) ((number)-A16_i64_add_short_si_s)
enum {
#define SHAPE(name) SHAPE_##name,
#include "opcodes.h"
#undef SHAPE
};
static const uint32_t table[] = {
#include "opcodes.h"
};

#define LAST (0xd2) // instruction of one byte; those behind the prefix 0xfc follow it
#define DENSE_AT (A16_dense_i32_load_at_a_a - A16_i32_load_at_a_a)
#define DENSE (A16_dense_i32_load_a_a - A16_i32_load_a_a)

static uint32_t number_of(uint32_t row) {
    return row >> 6 & 0x3ff;
}

static uint32_t first_type(uint32_t row) {
    return 0x80 - (row >> 21 & 7);
}

static uint32_t second_type(uint32_t row) {
    return 0x80 - (row >> 24 & 7);
}

static uint32_t result_of(uint32_t row) {
    return 0x80 - (row >> 27 & 7);
}

static int refuse(translator_t *t) {
    return fail(t, TRANSLATE_REFUSED);
}

// True in dead code, where all that an instruction does is to push its result.
static int is_dead(translator_t *t, uint32_t result) {
    if (t->dead) {
        push(t, result, SLOT, 0);
    }
    return t->dead;
}

// An index that has to be below count; 0 if it is not.
static uint32_t read_index(translator_t *t, uint32_t count) {
    uint32_t x = read_u32(t);
    if (x >= count) {
        return refuse(t);
    }
    return x;
}

// Numbers

// Relations in the order eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u: the same with operands swapped.
static const uint8_t swapped[10] = {0, 1, 4, 5, 2, 3, 8, 9, 6, 7};

static void binary(translator_t *t, uint32_t op, uint32_t row) {
    int b = pop(t, I32);
    int a = pop(t, I32);
    if (is_dead(t, I32)) {
        return;
    }
    uint32_t base = number_of(row);
    uint32_t shape = row & 0x3f;
    int relation = shape == SHAPE_RELATION ? (int)op - 0x46 : NO_RELATION;
    int swap = 0;
    if (t->operands[b].kind == PENDING) {
        swap = t->p_acc;
    } else if (t->operands[a].kind == CONST) {
        swap = t->operands[b].kind != CONST;
    }
    if (swap && shape != SHAPE_BINARY_SA) {
        int c = a;
        a = b;
        b = c;
        if (relation >= 0) {
            base += 8 * (swapped[relation] - relation);
            relation = swapped[relation];
        }
    }
    uint32_t mode = 0, left = 0, right;
    if (is_short(t, b)) {
        right = t->operands[b].low;
        mode = 2;
    } else if (is_pending(t, b)) { // only with a form that takes it there
        left = slot_of(t, a);
        in_acc(t, b);
        defer(t, I32, base + 8, 1);
        operand(t, left);
        return;
    } else {
        right = slot_of(t, b);
        if (op == 0x6a && t->operands[a].kind == PENDING &&
            (t->p_op == A16_i32_shl_si_a || t->p_op == A16_i32_shl_ai_a)) {
            t->p_op += A16_i32_shl_add_ss_a - A16_i32_shl_si_a; // (x << k) + y, x in a slot or not as before
            operand(t, right);
            t->pending = t->sp;
            push(t, I32, PENDING, 0);
            return;
        }
    }
    if (in_acc(t, a)) {
        mode++;
    } else {
        left = slot_of(t, a);
    }
    defer(t, I32, base + 2 * mode, 1);
    t->p_mode = mode;
    t->p_relation = relation;
    if (!(mode & 1)) {
        operand(t, left);
    }
    operand(t, right);
}

static void f32_binary(translator_t *t, uint32_t base) {
    int b = pop(t, F32);
    int a = pop(t, F32);
    if (is_dead(t, F32)) {
        return;
    }
    if (is_pending(t, b)) {
        uint32_t left = slot_of(t, a);
        in_acc(t, b);
        defer(t, F32, base + 4, 1);
        operand(t, left);
        return;
    }
    uint32_t right = slot_of(t, b);
    if (in_acc(t, a)) {
        defer(t, F32, base + 2, 1);
    } else {
        uint32_t left = slot_of(t, a);
        defer(t, F32, base, 1);
        operand(t, left);
    }
    operand(t, right);
}

// Lowers the operation `base` on operand a, just popped, with a result of this type.
static void unary(translator_t *t, int is_eqz, int a, uint32_t type, uint32_t base) {
    if (is_dead(t, type)) {
        return;
    }
    if (is_eqz && is_pending(t, a) && t->p_relation >= 0) { // i32.eqz of a relation
        int relation = translate_inverse[t->p_relation];
        t->p_op += 8 * (relation - t->p_relation);
        t->p_relation = relation;
        push(t, I32, PENDING, 0);
        return;
    }
    if (in_acc(t, a)) {
        defer(t, type, base, 1);
    } else {
        uint32_t slot = slot_of(t, a);
        defer(t, type, base + 2, 1);
        t->p_mode = 1;
        operand(t, slot);
    }
    t->p_relation = is_eqz ? EQZ : NO_RELATION;
}

static int64_t constant_of(const translator_t *t, int i) {
    const operand_t *o = t->operands + i;
    return (int64_t)(o->low | (uint64_t)o->high << 32);
}

// Two i64 to one: one may be a short constant.
static void i64_binary(translator_t *t, uint32_t op, uint32_t row) {
    int b = pop(t, I64);
    int a = pop(t, I64);
    if (is_dead(t, I64)) {
        return;
    }
    int other = -1;
    int64_t value = 0;
    if (t->operands[b].kind == CONST) {
        value = constant_of(t, b);
        if ((op == 0x7d || op == 0x8a) && value >= -0x8000) { // sub, rotr: add, rotl of the negated constant
            value = -value;
        }
        other = a;
    } else if (t->operands[a].kind == CONST && (row & 0x3f) == SHAPE_I64_COMMUTATIVE) {
        value = constant_of(t, a);
        other = b;
    }
    if (other >= 0 && value == (int16_t)value) {
        uint32_t left = slot_of(t, other);
        defer(t, I64, (row >> 16 & 0x1f) + A16_i64_add_short_si_s, 0);
        operand(t, left);
        operand(t, value);
        return;
    }
    uint32_t left = slot_of(t, a);
    uint32_t right = slot_of(t, b);
    defer(t, I64, number_of(row), 0);
    operand(t, left);
    operand(t, right);
}

static void plain(translator_t *t, uint32_t row, int has_acc) {
    int two = second_type(row) != 0x80;
    int b = two ? pop(t, second_type(row)) : 0;
    int a = pop(t, first_type(row));
    if (is_dead(t, result_of(row))) {
        return;
    }
    uint32_t left = slot_of(t, a);
    uint32_t right = two ? slot_of(t, b) : 0;
    defer(t, result_of(row), number_of(row), has_acc);
    operand(t, left);
    if (two) {
        operand(t, right);
    }
}

static void reinterpret(translator_t *t, uint32_t row) {
    int i = pop(t, first_type(row));
    if (!is_dead(t, result_of(row))) {
        uint32_t high = t->operands[i].high;
        push(t, result_of(row), t->operands[i].kind, t->operands[i].low);
        t->operands[i].high = high;
    }
}

static int64_t read_bytes(translator_t *t, int n) {
    uint64_t value = 0;
    for (int i = 0; i < n; i++) {
        value |= (uint64_t)read_u8(t) << 8 * i;
    }
    return n == 4 ? (int32_t)value : (int64_t)value;
}

// Variables and parametric instructions

static void set_local(translator_t *t, int tee) {
    uint32_t x = read_u32(t);
    if (x >= t->locals_count) {
        refuse(t);
        return;
    }
    uint32_t type = t->locals[x].type;
    int i = pop(t, type);
    if (!t->dead) {
        save_local(t, x);
        move_to(t, i, t->locals[x].slot);
    }
    if (tee) {
        push(t, type, t->dead ? SLOT : LOCAL, x);
    }
}

static void get_local(translator_t *t) {
    uint32_t x = read_u32(t);
    if (x >= t->locals_count) {
        refuse(t);
        return;
    }
    push(t, t->locals[x].type, t->dead ? SLOT : LOCAL, x);
}

static void global_get(translator_t *t, uint32_t x) {
    if (t->status != 0) {
        return;
    }
    uint32_t type = t->globals[x] & 0x7f;
    if (is_dead(t, type)) {
        return;
    }
    uint32_t number = is_wide(type) ? A16_i64_global_get_s : A16_global_get_a;
    int has_acc = !is_wide(type);
    if (x < t->module->imported_globals) {
        number = is_wide(type) ? A16_imported_i64_global_get_s : A16_imported_global_get_s;
        has_acc = 0;
    }
    defer(t, type, number, has_acc);
    operand(t, t->cells[x]);
}

static void global_set(translator_t *t, uint32_t x) {
    if (t->status != 0 || !(t->globals[x] & 0x80)) {
        refuse(t);
        return;
    }
    uint32_t type = t->globals[x] & 0x7f;
    int i = pop(t, type);
    if (t->dead) {
        return;
    }
    uint32_t number = is_wide(type) ? A16_i64_global_set_s : A16_global_set_s;
    if (x < t->module->imported_globals) {
        number = is_wide(type) ? A16_imported_i64_global_set_s : A16_imported_global_set_s;
    } else if (!is_wide(type) && in_acc(t, i)) {
        start(t, A16_global_set_a);
        put(t, t->cells[x]);
        return;
    }
    uint32_t slot = slot_of(t, i);
    start(t, number);
    put(t, slot);
    put(t, t->cells[x]);
}

static void drop(translator_t *t) {
    int i = pop(t, ANY);
    if (!t->dead && t->operands[i].kind == PENDING) {
        flush(t); // it may trap
    }
}

// `type`: of select_t, or ANY: it is the operands', which have to be numbers
static void select(translator_t *t, uint32_t type) {
    int c = pop(t, I32);
    int b = pop(t, type);
    int a = pop(t, type);
    if (type == ANY) {
        uint32_t left = a >= 0 ? t->operands[a].type : ANY;
        uint32_t right = b >= 0 ? t->operands[b].type : ANY;
        type = left != ANY ? left : right;
        if ((right != ANY && right != type) || (type != ANY && type < F64)) {
            refuse(t);
        }
    }
    if (is_dead(t, type)) {
        return;
    }
    uint32_t left = slot_of(t, a);
    uint32_t right = slot_of(t, b);
    int wide = is_wide(type);
    int in_slot = !in_acc(t, c);
    uint32_t condition = in_slot ? slot_of(t, c) : 0;
    uint32_t number = wide ? A16_i64_select_ssa_s : A16_select_ssa_a;
    defer(t, type, number + (in_slot << !wide), !wide);
    operand(t, left);
    operand(t, right);
    if (in_slot) {
        operand(t, condition);
    }
}

// Memories

static void check_memory(translator_t *t) {
    if (t->module->memory_kind == 0) {
        refuse(t);
    }
}

// Offset of a memarg whose alignment fits the access.
static uint32_t read_memarg(translator_t *t, uint32_t row) {
    check_memory(t);
    if (read_u32(t) > row >> 30) {
        refuse(t);
    }
    return read_u32(t);
}

static uint32_t of_memory(const translator_t *t, uint32_t number) {
    return t->module->memory_kind == 2 ? number + DENSE : number;
}

// True if only the wide form of an operation can do this access.
static int is_far(const translator_t *t, uint32_t row, uint32_t offset) {
    return offset > 0xffff || offset + (1 << (row >> 30)) > t->module->memory;
}

static uint32_t wide_of(uint32_t row) {
    return (row >> 16 & 0x1f) + A16_i32_load_wide_s_s;
}

static void load_wide(translator_t *t, uint32_t result, uint32_t number, int a, uint32_t offset) {
    uint32_t slot = slot_of(t, a);
    defer(t, result, of_memory(t, number), 0);
    operand(t, slot);
    operand(t, offset);
    operand(t, offset >> 16);
}

// The number of the operation that adds, or 0: of loads and stores of words and bytes.
static uint32_t number_at(uint32_t number) {
    switch (number) {
        case A16_i32_load_a_a:
            return A16_i32_load_at_a_a;
        case A16_i32_load8_u_a_a:
            return A16_i32_load8_u_at_a_a;
        case A16_i32_store_ss:
            return A16_i32_store_at_ss;
        case A16_i32_store8_ss:
            return A16_i32_store8_at_ss;
    }
    return 0;
}

static uint32_t at_of_memory(const translator_t *t, uint32_t number) {
    return t->module->memory_kind == 2 ? number + DENSE_AT : number;
}

// The pending sum becomes the load.
static void load_at(translator_t *t, uint32_t result, uint32_t number, uint32_t offset) {
    t->p_op = at_of_memory(t, number);
    t->p_pc = t->pc;
    operand(t, offset);
    push(t, result, PENDING, 0);
}

// The pending sum becomes part of the store.
static void store_at(translator_t *t, uint32_t number, int v, uint32_t offset) {
    int from_acc = t->p_op == A16_i32_add_ai_a;
    t->pending = -1;
    begin(t, at_of_memory(t, number + from_acc), t->pc);
    if (!from_acc) {
        put(t, t->p_operand[0]);
    }
    put(t, slot_of(t, v));
    put(t, t->p_operand[1 - from_acc]);
    put(t, offset);
}

static void load(translator_t *t, uint32_t row) {
    uint32_t offset = read_memarg(t, row);
    int a = pop(t, I32);
    uint32_t result = result_of(row);
    if (is_dead(t, result)) {
        return;
    }
    uint32_t number = number_of(row);
    if (is_wide(result)) {
        if (number == A16_i64_load_s_s && is_sum(t, a) && t->p_op == A16_i32_add_si_a && !is_far(t, row, offset)) {
            t->p_acc = 0;
            load_at(t, result, A16_i64_load_at_s_s, offset);
        } else {
            load_wide(t, result, number, a, offset);
        }
    } else if (is_far(t, row, offset)) {
        load_wide(t, result, wide_of(row), a, offset);
    } else if (number_at(number) != 0 && is_sum(t, a)) {
        load_at(t, result, number_at(number) + (t->p_op == A16_i32_add_ai_a ? 0 : 2), offset);
    } else {
        uint32_t base = of_memory(t, number_of(row));
        if (in_acc(t, a)) {
            defer(t, result, base, 1);
        } else {
            uint32_t slot = slot_of(t, a);
            defer(t, result, base + 2, 1);
            operand(t, slot);
        }
        operand(t, offset);
    }
}

static void store_wide(translator_t *t, uint32_t number, int a, int v, uint32_t offset) {
    uint32_t left = slot_of(t, a);
    uint32_t right = slot_of(t, v);
    start(t, of_memory(t, number));
    put(t, left);
    put(t, right);
    put(t, offset);
    put(t, offset >> 16);
}

static void store(translator_t *t, uint32_t row) {
    uint32_t offset = read_memarg(t, row);
    uint32_t type = second_type(row);
    int v = pop(t, type);
    int a = pop(t, I32);
    if (t->dead) {
        return;
    }
    uint32_t number = number_of(row);
    int at = t->operands[v].kind == LOCAL && is_sum(t, a);
    if ((row & 0x3f) == SHAPE_STORE64) {
        if (at && t->p_op == A16_i32_add_si_a && !is_far(t, row, offset)) {
            store_at(t, A16_i64_store_at_ss, v, offset);
        } else {
            store_wide(t, number, a, v, offset);
        }
        return;
    }
    if (is_far(t, row, offset)) {
        store_wide(t, wide_of(row), a, v, offset);
        return;
    }
    if (at && number_at(number) != 0) {
        store_at(t, number_at(number), v, offset);
        return;
    }
    uint32_t base = of_memory(t, number_of(row));
    uint32_t mode = 0, right;
    if (type != I64 && is_pending(t, v)) {
        uint32_t left = slot_of(t, a);
        in_acc(t, v);
        start(t, base + 2);
        put(t, left);
        put(t, offset);
        return;
    }
    if (type != I64 && is_short(t, v)) {
        right = t->operands[v].low;
        mode = 3;
    } else {
        right = slot_of(t, v);
    }
    if (in_acc(t, a)) {
        start(t, base + mode + 1);
    } else {
        uint32_t left = slot_of(t, a);
        start(t, base + mode);
        put(t, left);
    }
    put(t, right);
    put(t, offset);
}

static void read_memory_index(translator_t *t) {
    check_memory(t);
    if (read_u8(t) != 0) {
        refuse(t);
    }
}

static uint32_t read_data_index(translator_t *t) {
    return read_index(t, t->module->data == 0 ? 0 : t->module->data - 1u);
}

// An operation with n indices that counts in the homes of its three operands; the middle one is of type `type`.
static void bulk(translator_t *t, uint32_t type, uint32_t number, int n, uint32_t x, uint32_t y) {
    pop(t, I32);
    pop(t, type);
    pop(t, I32);
    if (t->dead) {
        return;
    }
    int first = t->sp;
    for (int i = first; i < first + 3; i++) {
        home(t, i);
    }
    start(t, number);
    if (n > 0) {
        put(t, x);
    }
    if (n > 1) {
        put(t, y);
    }
    for (int i = first; i < first + 3; i++) {
        put(t, t->operands[i].slot);
    }
}

// References and tables

static void ref_is_null(translator_t *t) {
    int i = pop(t, ANY);
    if (i >= 0 && t->operands[i].type >= F64) {
        refuse(t);
    }
    unary(t, 1, i, I32, A16_i32_eqz_a_a);
}

static void ref_func(translator_t *t) {
    const module_t *m = t->module;
    uint32_t x = read_index(t, m->functions);
    if (t->status != 0 || !(t->declared[x >> 3] >> (x & 7) & 1)) {
        refuse(t);
        return;
    }
    const instance_t *instance = AT(instance_t, m->instance);
    uint32_t at = x < m->imported_functions ? AT(uint32_t, instance->imports)[x]
                                            : instance->records + (x - m->imported_functions) * sizeof(function_t);
    push(t, FUNCREF, CONST, at);
}

// An index of a table, and the type of its references. 0 if there is none such.
static uint32_t read_table(translator_t *t, uint32_t *type) {
    uint32_t x = read_index(t, t->module->tables);
    *type = t->status == 0 ? t->tables[x] : ANY;
    return x;
}

static uint32_t read_segment(translator_t *t) {
    return read_index(t, t->module->elements);
}

static void set_table(translator_t *t) {
    uint32_t type, x = read_table(t, &type);
    int v = pop(t, type);
    int i = pop(t, I32);
    if (t->dead) {
        return;
    }
    uint32_t index = slot_of(t, i);
    uint32_t value = slot_of(t, v);
    start(t, A16_table_set);
    put(t, x);
    put(t, index);
    put(t, value);
}

static void grow_table(translator_t *t) {
    uint32_t type, x = read_table(t, &type);
    int n = pop(t, I32);
    int v = pop(t, type);
    if (is_dead(t, I32)) {
        return;
    }
    uint32_t value = slot_of(t, v);
    uint32_t delta = slot_of(t, n);
    defer(t, I32, A16_table_grow, 0);
    operand(t, x);
    operand(t, value);
    operand(t, delta);
}

// An instruction without operands on the stack, or with one in a slot, and an index; or without either.
static void from_index(translator_t *t, uint32_t number, uint32_t result, int has_index, uint32_t x, int pops) {
    int i = pops ? pop(t, I32) : 0;
    if (is_dead(t, result)) {
        return;
    }
    uint32_t slot = pops ? slot_of(t, i) : 0;
    defer(t, result, number, 0);
    if (has_index) {
        operand(t, x);
    }
    if (pops) {
        operand(t, slot);
    }
}

static void drop_segment(translator_t *t, uint32_t number, uint32_t x) {
    if (!t->dead) {
        start(t, number);
        put(t, x);
    }
}

void lower(translator_t *t, uint32_t op) {
    if (op > LAST) {
        op = op == 0xfc ? read_u32(t) + LAST + 1 : 0x06; // an instruction that there is not
    }
    uint32_t row = op < sizeof(table) / sizeof(table[0]) ? table[op] : 0;
    uint32_t x, y, type, other;
    switch (row & 0x3f) {
        case SHAPE_LOCAL_GET:
            get_local(t);
            break;
        case SHAPE_I32_CONST:
            push(t, I32, CONST, read_signed(t, 28, 0x78));
            break;
        case SHAPE_I64_CONST:
            push_constant(t, I64, read_signed(t, 63, 0x7f));
            break;
        case SHAPE_F32_CONST:
            push(t, F32, CONST, read_bytes(t, 4));
            break;
        case SHAPE_F64_CONST:
            push_constant(t, F64, read_bytes(t, 8));
            break;
        case SHAPE_BINARY:
        case SHAPE_BINARY_SA:
        case SHAPE_RELATION:
            binary(t, op, row);
            break;
        case SHAPE_F32_BINARY:
            f32_binary(t, number_of(row));
            break;
        case SHAPE_UNARY:
            type = result_of(row);
            unary(t, op == 0x45, pop(t, type), type, number_of(row));
            break;
        case SHAPE_I64_BINARY:
        case SHAPE_I64_COMMUTATIVE:
            i64_binary(t, op, row);
            break;
        case SHAPE_PLAIN:
            plain(t, row, 0);
            break;
        case SHAPE_PLAIN_ACC:
            plain(t, row, 1);
            break;
        case SHAPE_REINTERPRET:
            reinterpret(t, row);
            break;
        case SHAPE_LOAD:
        case SHAPE_LOAD64:
            load(t, row);
            break;
        case SHAPE_STORE:
        case SHAPE_STORE64:
            store(t, row);
            break;
        case SHAPE_LOCAL_SET:
            set_local(t, 0);
            break;
        case SHAPE_LOCAL_TEE:
            set_local(t, 1);
            break;
        case SHAPE_GLOBAL_GET:
            global_get(t, read_index(t, t->module->globals));
            break;
        case SHAPE_GLOBAL_SET:
            global_set(t, read_index(t, t->module->globals));
            break;
        case SHAPE_DROP:
            drop(t);
            break;
        case SHAPE_SELECT:
            select(t, ANY);
            break;
        case SHAPE_SELECT_T:
            if (read_u32(t) != 1) {
                refuse(t);
            }
            select(t, read_valtype(t));
            break;
        case SHAPE_MEMORY_SIZE:
            read_memory_index(t);
            from_index(t, A16_memory_size_s, I32, 0, 0, 0);
            break;
        case SHAPE_MEMORY_GROW:
            read_memory_index(t);
            from_index(t, A16_memory_grow_s_s, I32, 0, 0, 1);
            break;
        case SHAPE_MEMORY_COPY:
            read_memory_index(t);
            read_memory_index(t);
            bulk(t, I32, A16_memory_copy, 0, 0, 0);
            break;
        case SHAPE_MEMORY_FILL:
            read_memory_index(t);
            bulk(t, I32, A16_memory_fill, 0, 0, 0);
            break;
        case SHAPE_MEMORY_INIT:
            x = read_data_index(t);
            read_memory_index(t);
            bulk(t, I32, A16_memory_init, 1, x, 0);
            break;
        case SHAPE_DATA_DROP:
            drop_segment(t, A16_data_drop, read_data_index(t));
            break;
        case SHAPE_REF_NULL:
            type = read_valtype(t);
            if (type >= F64) {
                refuse(t);
            }
            push(t, type, CONST, 0);
            break;
        case SHAPE_REF_IS_NULL:
            ref_is_null(t);
            break;
        case SHAPE_REF_FUNC:
            ref_func(t);
            break;
        case SHAPE_TABLE_GET:
            x = read_table(t, &type);
            from_index(t, A16_table_get, type, 1, x, 1);
            break;
        case SHAPE_TABLE_SET:
            set_table(t);
            break;
        case SHAPE_TABLE_SIZE:
            x = read_table(t, &type);
            from_index(t, A16_table_size, I32, 1, x, 0);
            break;
        case SHAPE_TABLE_GROW:
            grow_table(t);
            break;
        case SHAPE_TABLE_FILL:
            x = read_table(t, &type);
            bulk(t, type, A16_table_fill, 1, x, 0);
            break;
        case SHAPE_TABLE_COPY:
            x = read_table(t, &type);
            y = read_table(t, &other);
            if (type != other) {
                refuse(t);
            }
            bulk(t, I32, A16_table_copy, 2, x, y);
            break;
        case SHAPE_TABLE_INIT:
            y = read_segment(t);
            x = read_table(t, &type);
            if (t->status == 0 && t->elements[y] != type) {
                refuse(t);
            }
            bulk(t, I32, A16_table_init, 2, x, y);
            break;
        case SHAPE_ELEM_DROP:
            drop_segment(t, A16_elem_drop, read_segment(t));
            break;
        case SHAPE_NOP:
            break;
        case SHAPE_UNKNOWN:
            refuse(t);
            break;
        default:
            lower_control(t, op);
    }
}
