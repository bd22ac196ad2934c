// SPDX-License-Identifier: MIT
// What instructions become, by chapters of the specification: numbers, variables, memories, references and tables.
// Twins of wasmote/wasm/numeric.py, variables.py, memories.py and tables.py, which explain it.
#pragma GCC optimize("Os", "no-strict-aliasing")

#include "a16.h"
#include "translate.h"

// The table of opcodes.csv, a word each: shape (6 bits), A16 number (10), number of the wide form, or of the one with a
// short constant, less the first such (5), the types of two operands and a result (3 each, less NO_TYPE), log2 of the
// bytes accessed (2).
enum { NONE, f64 = F64 & 7, f32 = F32 & 7, i64 = I64 & 7, i32 = I32 & 7 };
#define OPCODE(row, shape, number, wide, a, b, result, width) \
    [row] = SHAPE_##shape | (number) << 6 | (wide) << 16 | (uint32_t)(a) << 21 | (uint32_t)(b) << 24 | \
            (uint32_t)(result) << 27 | (uint32_t)(width) << 30,
#define WIDE(number) ((number)-A16_i32_load_wide_s_s)
#define SHORT(number) ((number)-A16_i64_add_short_si_s)
static const uint32_t table[] = {
#include "opcodes.h"
};

#define LAST (0xd2) // instruction of one byte; those behind the prefix 0xfc follow it
#define LAST_FC (0x11)
_Static_assert(sizeof(table) / sizeof(table[0]) == LAST + 1 + LAST_FC + 1, "opcodes.h");

int tr_is_dead(translator_t *t, uint32_t result) {
    if (t->dead) {
        tr_push(t, result, SLOT, 0);
    }
    return t->dead;
}

uint32_t tr_read_index(translator_t *t, uint32_t count) {
    uint32_t x = tr_read_u32(t);
    return x < count ? x : (uint32_t)tr_refuse(t);
}

// Numbers

// Relations in the order eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u: the same with operands swapped.
static const uint8_t swapped[10] = {0, 1, 4, 5, 2, 3, 8, 9, 6, 7};

// Two i32 or f32 to one: either may be in the accumulator, the second i32 may be a short constant.
static void binary(translator_t *t, uint32_t op, uint32_t row) {
    uint32_t shape = shape_of(row);
    uint32_t type = first_type(row);
    int b = tr_pop(t, type);
    int a = tr_pop(t, type);
    if (tr_is_dead(t, type)) {
        return;
    }
    uint32_t base = number_of(row);
    int relation = shape == SHAPE_RELATION ? (int)op - 0x46 : NO_RELATION;
    int swap = 0;
    if (t->operands[b].kind == PENDING) {
        swap = t->p_acc;
    } else if (t->operands[a].kind == CONST) {
        swap = t->operands[b].kind != CONST;
    }
    if (swap && shape != SHAPE_BINARY_SA && type == I32) {
        int c = a;
        a = b;
        b = c;
        if (relation >= 0) {
            base += 8 * (swapped[relation] - relation);
            relation = swapped[relation];
        }
    }
    uint32_t mode = 0, left = 0, right;
    if (type == I32 && tr_is_short(t, b)) {
        right = t->operands[b].low;
        mode = 2;
    } else if (tr_is_pending(t, b)) { // only with a form that takes it there
        left = tr_slot_of(t, a);
        tr_in_acc(t, b);
        tr_defer(t, type, base + (type == I32 ? 8 : 4), 1);
        tr_operand(t, left);
        return;
    } else {
        right = tr_slot_of(t, b);
        if (op == 0x6a && t->operands[a].kind == PENDING &&
            (t->p_op == A16_i32_shl_si_a || t->p_op == A16_i32_shl_ai_a)) {
            t->p_op += A16_i32_shl_add_ss_a - A16_i32_shl_si_a; // (x << k) + y, x in a slot or not as before
            tr_operand(t, right);
            t->pending = t->sp;
            tr_push(t, I32, PENDING, 0);
            return;
        }
    }
    if (tr_in_acc(t, a)) {
        mode++;
    } else {
        left = tr_slot_of(t, a);
    }
    tr_defer(t, type, base + 2 * mode, 1);
    t->p_mode = mode;
    t->p_relation = relation;
    if (!(mode & 1)) {
        tr_operand(t, left);
    }
    tr_operand(t, right);
}

// Lowers the operation `base` on operand a, just popped, with a result of this type.
static void unary(translator_t *t, int is_eqz, int a, uint32_t type, uint32_t base) {
    if (tr_is_dead(t, type)) {
        return;
    }
    if (is_eqz && tr_is_pending(t, a) && t->p_relation >= 0) { // i32.eqz of a relation
        int relation = translate_inverse[t->p_relation];
        t->p_op += 8 * (relation - t->p_relation);
        t->p_relation = relation;
        tr_push(t, I32, PENDING, 0);
        return;
    }
    if (tr_in_acc(t, a)) {
        tr_defer(t, type, base, 1);
    } else {
        uint32_t slot = tr_slot_of(t, a);
        tr_defer(t, type, base + 2, 1);
        t->p_mode = 1;
        tr_operand(t, slot);
    }
    t->p_relation = is_eqz ? EQZ : NO_RELATION;
}

static int64_t constant_of(const translator_t *t, int i) {
    const operand_t *o = t->operands + i;
    return (int64_t)(o->low | (uint64_t)o->high << 32);
}

// Two i64 to one: one may be a short constant.
static void i64_binary(translator_t *t, uint32_t op, uint32_t row) {
    int b = tr_pop(t, I64);
    int a = tr_pop(t, I64);
    if (tr_is_dead(t, I64)) {
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
    } else if (t->operands[a].kind == CONST && shape_of(row) == SHAPE_I64_COMMUTATIVE) {
        value = constant_of(t, a);
        other = b;
    }
    uint32_t left, right, number;
    if (other >= 0 && value == (int16_t)value) {
        left = tr_slot_of(t, other);
        right = value;
        number = (row >> 16 & 0x1f) + A16_i64_add_short_si_s;
    } else {
        left = tr_slot_of(t, a);
        right = tr_slot_of(t, b);
        number = number_of(row);
    }
    tr_defer(t, I64, number, 0);
    tr_operand(t, left);
    tr_operand(t, right);
}

static void reinterpret(translator_t *t, uint32_t row) {
    int i = tr_pop(t, first_type(row));
    if (!tr_is_dead(t, result_of(row))) {
        operand_t o = t->operands[i];
        tr_push(t, result_of(row), o.kind, o.low);
        if (o.kind == CONST) {
            t->operands[i].high = o.high;
        }
    }
}

static int64_t read_bytes(translator_t *t, int n) {
    uint64_t value = 0;
    for (int i = 0; i < n; i++) {
        value |= (uint64_t)tr_read_u8(t) << 8 * i;
    }
    return n == 4 ? (int32_t)value : (int64_t)value;
}

// Variables and parametric instructions

static void set_local(translator_t *t, int tee) {
    uint32_t x = tr_read_u32(t);
    if (x >= t->locals_count) {
        tr_refuse(t);
        return;
    }
    uint32_t type = t->locals[x].type;
    int i = tr_pop(t, type);
    if (!t->dead) {
        tr_save_local(t, x);
        tr_move_to(t, i, t->locals[x].slot);
    }
    if (tee) {
        tr_push(t, type, t->dead ? SLOT : LOCAL, x);
    }
}

static void get_local(translator_t *t) {
    uint32_t x = tr_read_u32(t);
    if (x >= t->locals_count) {
        tr_refuse(t);
        return;
    }
    tr_push(t, t->locals[x].type, t->dead ? SLOT : LOCAL, x);
}

static void global_get(translator_t *t, uint32_t x) {
    if (t->status != 0) {
        return;
    }
    uint32_t type = t->globals[x] & 0x7f;
    if (tr_is_dead(t, type)) {
        return;
    }
    uint32_t number = is_wide(type) ? A16_i64_global_get_s : A16_global_get_a;
    int has_acc = !is_wide(type);
    if (x < t->module->imported_globals) {
        number = is_wide(type) ? A16_imported_i64_global_get_s : A16_imported_global_get_s;
        has_acc = 0;
    }
    tr_defer(t, type, number, has_acc);
    tr_operand(t, t->cells[x]);
}

static void global_set(translator_t *t, uint32_t x) {
    if (t->status != 0 || !(t->globals[x] & 0x80)) {
        tr_refuse(t);
        return;
    }
    uint32_t type = t->globals[x] & 0x7f;
    int i = tr_pop(t, type);
    if (t->dead) {
        return;
    }
    uint32_t number = is_wide(type) ? A16_i64_global_set_s : A16_global_set_s;
    if (x < t->module->imported_globals) {
        number = is_wide(type) ? A16_imported_i64_global_set_s : A16_imported_global_set_s;
    } else if (!is_wide(type) && tr_in_acc(t, i)) {
        tr_start(t, A16_global_set_a);
        tr_put(t, t->cells[x]);
        return;
    }
    uint32_t slot = tr_slot_of(t, i);
    tr_start(t, number);
    tr_put(t, slot);
    tr_put(t, t->cells[x]);
}

static void drop(translator_t *t) {
    int i = tr_pop(t, ANY);
    if (!t->dead && t->operands[i].kind == PENDING) {
        tr_flush(t); // it may trap
    }
}

// `type`: of select_t, or ANY: it is the operands', which have to be numbers
static void select(translator_t *t, uint32_t type) {
    int c = tr_pop(t, I32);
    int b = tr_pop(t, type);
    int a = tr_pop(t, type);
    if (type == ANY) {
        uint32_t left = a >= 0 ? t->operands[a].type : ANY;
        uint32_t right = b >= 0 ? t->operands[b].type : ANY;
        type = left != ANY ? left : right;
        if ((right != ANY && right != type) || (type != ANY && type < F64)) {
            tr_refuse(t);
        }
    }
    if (tr_is_dead(t, type)) {
        return;
    }
    uint32_t left = tr_slot_of(t, a);
    uint32_t right = tr_slot_of(t, b);
    int wide = is_wide(type);
    int in_slot = !tr_in_acc(t, c);
    uint32_t condition = in_slot ? tr_slot_of(t, c) : 0;
    uint32_t number = wide ? A16_i64_select_ssa_s : A16_select_ssa_a;
    tr_defer(t, type, number + (in_slot << !wide), !wide);
    tr_operand(t, left);
    tr_operand(t, right);
    if (in_slot) {
        tr_operand(t, condition);
    }
}

void tr_lower(translator_t *t, uint32_t op) {
    if (op > LAST) {
        uint32_t second = op == 0xfc ? tr_read_u32(t) : UINT32_MAX;
        op = second <= LAST_FC ? second + LAST + 1 : 0x06; // 0x06: an instruction that there is not
    }
    uint32_t row = op < sizeof(table) / sizeof(table[0]) ? table[op] : 0;
    uint32_t type;
    int a;
    switch (shape_of(row)) {
        case SHAPE_LOCAL_GET:
            get_local(t);
            break;
        case SHAPE_I32_CONST:
            tr_push(t, I32, CONST, tr_read_signed(t, 28, 0x78));
            break;
        case SHAPE_I64_CONST:
            tr_push_constant(t, I64, tr_read_signed(t, 63, 0x7f));
            break;
        case SHAPE_F32_CONST:
            tr_push(t, F32, CONST, read_bytes(t, 4));
            break;
        case SHAPE_F64_CONST:
            tr_push_constant(t, F64, read_bytes(t, 8));
            break;
        case SHAPE_BINARY:
        case SHAPE_BINARY_SA:
        case SHAPE_RELATION:
            binary(t, op, row);
            break;
        case SHAPE_F32_BINARY:
            tr_pay(t, fuel_of(row));
            binary(t, op, row);
            break;
        case SHAPE_UNARY:
            type = result_of(row);
            unary(t, op == 0x45, tr_pop(t, type), type, number_of(row));
            break;
        case SHAPE_I64_BINARY:
        case SHAPE_I64_COMMUTATIVE:
            i64_binary(t, op, row);
            break;
        case SHAPE_PLAIN:
        case SHAPE_PLAIN_ACC:
            tr_pay(t, fuel_of(row));
            type = (row >> 21 & 7) | (row >> 16 & 0x700) | (row >> 11 & 0x70000);
            tr_in_slots(t, number_of(row), type | NO_TYPE * 0x10101, -1);
            t->p_acc = shape_of(row) == SHAPE_PLAIN_ACC;
            break;
        case SHAPE_REINTERPRET:
            reinterpret(t, row);
            break;
        case SHAPE_LOAD:
        case SHAPE_LOAD64:
            tr_load(t, row);
            break;
        case SHAPE_STORE:
        case SHAPE_STORE64:
            tr_store(t, row);
            break;
        case SHAPE_LOCAL_SET:
            set_local(t, 0);
            break;
        case SHAPE_LOCAL_TEE:
            set_local(t, 1);
            break;
        case SHAPE_GLOBAL_GET:
            global_get(t, tr_read_index(t, t->module->globals));
            break;
        case SHAPE_GLOBAL_SET:
            global_set(t, tr_read_index(t, t->module->globals));
            break;
        case SHAPE_DROP:
            drop(t);
            break;
        case SHAPE_SELECT:
            select(t, ANY);
            break;
        case SHAPE_SELECT_T:
            if (tr_read_u32(t) != 1) {
                tr_refuse(t);
            }
            select(t, tr_read_valtype(t));
            break;
        case SHAPE_REF_NULL:
            type = tr_read_valtype(t);
            if (type >= F64) {
                tr_refuse(t);
            }
            tr_push(t, type, CONST, 0);
            break;
        case SHAPE_REF_IS_NULL:
            a = tr_pop(t, ANY);
            if (a >= 0 && t->operands[a].type >= F64) {
                tr_refuse(t);
            }
            unary(t, 1, a, I32, A16_i32_eqz_a_a);
            break;
        case SHAPE_REF_FUNC:
            tr_ref_func(t);
            break;
        case SHAPE_NOP:
            break;
        case SHAPE_UNKNOWN:
            tr_refuse(t);
            break;
        default:
            if (!tr_lower_indexed(t, shape_of(row))) {
                tr_lower_control(t, op);
            }
    }
}
