// SPDX-License-Identifier: MIT
// What instructions of memories, references and tables become.
// Twin of wasmote/wasm/memories.py and tables.py, which explain it.
#pragma GCC optimize("Os", "no-strict-aliasing", "no-thread-jumps")

#include "a16.h"
#include "translate.h"

#define DENSE_AT (A16_dense_i32_load_at_a_a - A16_i32_load_at_a_a)
#define DENSE (A16_dense_i32_load_a_a - A16_i32_load_a_a)

static void check_memory(translator_t *t) {
    if (t->module->memory_kind == 0) {
        tr_refuse(t);
    }
}

// Offset of a memarg whose alignment fits the access.
static uint32_t read_memarg(translator_t *t, uint32_t row) {
    check_memory(t);
    if (tr_read_u32(t) > row >> 30) {
        tr_refuse(t);
    }
    return tr_read_u32(t);
}

// The operation's twin for the memory that there is.
static __attribute__((noinline)) uint32_t of_memory(const translator_t *t, uint32_t number) {
    if (t->module->memory_kind != 2) {
        return number;
    }
    return number + (number < A16_i32_load_at_a_a ? DENSE : DENSE_AT);
}

// True if only the wide form of an operation can do this access.
static __attribute__((noinline)) int is_far(const translator_t *t, uint32_t row, uint32_t offset) {
    return offset > 0xffff || offset + (1 << (row >> 30)) > t->module->memory;
}

static uint32_t wide_of(uint32_t row) {
    return (row >> 16 & 0x1f) + A16_i32_load_wide_s_s;
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

// The pending sum becomes the load.
static void load_at(translator_t *t, uint32_t result, uint32_t number, uint32_t offset) {
    t->p_op = of_memory(t, number);
    t->p_pc = t->pc;
    tr_operand(t, offset);
    tr_push(t, result, PENDING, 0);
}

// The pending sum becomes part of the store.
static void store_at(translator_t *t, uint32_t number, int v, uint32_t offset) {
    int from_acc = t->p_op == A16_i32_add_ai_a;
    t->pending = -1;
    tr_begin(t, of_memory(t, number + from_acc), t->pc);
    if (!from_acc) {
        tr_put(t, t->p_operand[0]);
    }
    tr_put(t, tr_slot_of(t, v));
    tr_put(t, t->p_operand[1 - from_acc]);
    tr_put(t, offset);
}

void tr_load(translator_t *t, uint32_t row) {
    uint32_t offset = read_memarg(t, row);
    int a = tr_pop(t, I32);
    uint32_t result = result_of(row);
    if (tr_is_dead(t, result)) {
        return;
    }
    uint32_t number = number_of(row);
    int far = is_far(t, row, offset);
    if (!far && tr_is_sum(t, a)) {
        uint32_t at = number_at(number);
        if (at != 0) {
            load_at(t, result, at + (t->p_op == A16_i32_add_ai_a ? 0 : 2), offset);
            return;
        }
        if (number == A16_i64_load_s_s && t->p_op == A16_i32_add_si_a) {
            t->p_acc = 0;
            load_at(t, result, A16_i64_load_at_s_s, offset);
            return;
        }
    }
    if (is_wide(result)) {
        far = 1;
    } else if (far) {
        number = wide_of(row);
    }
    number = of_memory(t, number);
    uint32_t slot = 0;
    int from_acc = !far && tr_in_acc(t, a);
    if (!from_acc) {
        slot = tr_slot_of(t, a);
        number += far ? 0 : 2;
    }
    tr_defer(t, result, number, !far);
    if (!from_acc) {
        tr_operand(t, slot);
    }
    tr_operand(t, offset);
    if (far) {
        tr_operand(t, offset >> 16);
    }
}

void tr_store(translator_t *t, uint32_t row) {
    uint32_t offset = read_memarg(t, row);
    uint32_t type = NO_TYPE | (row >> 24 & 7);
    int v = tr_pop(t, type);
    int a = tr_pop(t, I32);
    if (t->dead) {
        return;
    }
    uint32_t number = number_of(row);
    int of_words = shape_of(row) == SHAPE_STORE64;
    int far = is_far(t, row, offset);
    if (t->operands[v].kind == LOCAL && tr_is_sum(t, a) && !far) {
        uint32_t at = number_at(number);
        if (of_words && t->p_op == A16_i32_add_si_a) {
            at = A16_i64_store_at_ss;
        }
        if (at != 0) {
            store_at(t, at, v, offset);
            return;
        }
    }
    if (of_words) {
        far = 1;
    } else if (far) {
        number = wide_of(row);
    }
    uint32_t base = of_memory(t, number);
    uint32_t mode = 0, left = 0, right = 0;
    int has_left = 1, has_right = 1;
    int may_pend = type != I64 && !far;
    if (far) {
        tr_slot_of(t, a);
    }
    if (may_pend && tr_is_pending(t, v)) {
        left = tr_slot_of(t, a);
        tr_in_acc(t, v);
        mode = 2;
        has_right = 0;
    } else {
        if (may_pend && tr_is_short(t, v)) {
            right = t->operands[v].low;
            mode = 3;
        } else {
            right = tr_slot_of(t, v);
        }
        if (tr_in_acc(t, a)) {
            mode++;
            has_left = 0;
        } else {
            left = tr_slot_of(t, a);
        }
    }
    tr_start(t, base + mode);
    if (has_left) {
        tr_put(t, left);
    }
    if (has_right) {
        tr_put(t, right);
    }
    tr_put(t, offset);
    if (far) {
        tr_put(t, offset >> 16);
    }
}

// References

void tr_ref_func(translator_t *t) {
    const module_t *m = t->module;
    uint32_t x = tr_read_index(t, m->functions);
    if (t->status != 0 || !(t->declared[x >> 3] >> (x & 7) & 1)) {
        tr_refuse(t);
        return;
    }
    const instance_t *instance = AT(instance_t, m->instance);
    uint32_t at = instance->records + (x - m->imported_functions) * sizeof(function_t);
    if (x < m->imported_functions) {
        at = instance->imports != 0 ? AT(uint32_t, instance->imports)[x] : 0; // 0: an import is missing
    }
    tr_push(t, FUNCREF, CONST, at);
}

// An operation after n indices. types: of up to three operands and the result, a byte each. It has the operands in
// slots; three in their homes, because it counts there.
void tr_in_slots(translator_t *t, uint32_t number, uint32_t types, int n, const uint32_t *indices) {
    uint32_t result = types >> 24;
    int of_three = (types >> 16 & 0xff) != NO_TYPE;
    int at[3];
    for (int i = 3; i-- > 0;) {
        uint32_t type = types >> 8 * i & 0xff;
        at[i] = type != NO_TYPE ? tr_pop(t, type) : -1;
    }
    if (t->dead) {
        if (result != NO_TYPE) {
            tr_push(t, result, SLOT, 0);
        }
        return;
    }
    for (int i = 0; i < 3; i++) {
        if (at[i] >= 0) {
            if (of_three) {
                tr_home(t, at[i]);
            }
            at[i] = tr_slot_of(t, at[i]);
        }
    }
    void (*add)(translator_t *, uint32_t) = tr_operand;
    if (result != NO_TYPE) {
        tr_defer(t, result, number, 0);
    } else {
        tr_start(t, number);
        add = tr_put;
    }
    while (n-- > 0) {
        add(t, *indices++);
    }
    for (int i = 0; i < 3; i++) {
        if (at[i] >= 0) {
            add(t, at[i]);
        }
    }
}

// Instructions with indices: which follow, in this order, and the types of operands and result.
enum { DATA = 1, ELEMENT = 2, TABLE = 4, TABLE_2 = 8, MEMORY = 16, MEMORY_2 = 32 };
enum { O, I, R }; // none, i32, the table's
#define TYPES(a, b, c, result) ((a) | (b) << 2 | (c) << 4 | (result) << 6)

static const struct {
    uint8_t shape, indices, types;
    uint16_t number;
} indexed[] = {
    {SHAPE_MEMORY_SIZE, MEMORY, TYPES(O, O, O, I), A16_memory_size_s},
    {SHAPE_MEMORY_GROW, MEMORY, TYPES(I, O, O, I), A16_memory_grow_s_s},
    {SHAPE_MEMORY_COPY, MEMORY | MEMORY_2, TYPES(I, I, I, O), A16_memory_copy},
    {SHAPE_MEMORY_FILL, MEMORY, TYPES(I, I, I, O), A16_memory_fill},
    {SHAPE_MEMORY_INIT, DATA | MEMORY, TYPES(I, I, I, O), A16_memory_init},
    {SHAPE_DATA_DROP, DATA, TYPES(O, O, O, O), A16_data_drop},
    {SHAPE_TABLE_GET, TABLE, TYPES(I, O, O, R), A16_table_get},
    {SHAPE_TABLE_SET, TABLE, TYPES(I, R, O, O), A16_table_set},
    {SHAPE_TABLE_SIZE, TABLE, TYPES(O, O, O, I), A16_table_size},
    {SHAPE_TABLE_GROW, TABLE, TYPES(R, I, O, I), A16_table_grow},
    {SHAPE_TABLE_FILL, TABLE, TYPES(I, R, I, O), A16_table_fill},
    {SHAPE_TABLE_COPY, TABLE | TABLE_2, TYPES(I, I, I, O), A16_table_copy},
    {SHAPE_TABLE_INIT, ELEMENT | TABLE, TYPES(I, I, I, O), A16_table_init},
    {SHAPE_ELEM_DROP, ELEMENT, TYPES(O, O, O, O), A16_elem_drop},
};

static void read_memory_index(translator_t *t) {
    check_memory(t);
    if (tr_read_u8(t) != 0) {
        tr_refuse(t);
    }
}

// An index of a table; `type`: of its references.
static uint32_t read_table(translator_t *t, uint32_t *type) {
    uint32_t x = tr_read_index(t, t->module->tables);
    *type = t->status == 0 ? t->tables[x] : FUNCREF;
    return x;
}

// Returns 0 if the instruction is none of these.
int tr_lower_indexed(translator_t *t, uint32_t shape) {
    uint32_t i = 0;
    while (indexed[i].shape != shape) {
        if (++i == sizeof(indexed) / sizeof(indexed[0])) {
            return 0;
        }
    }
    const module_t *m = t->module;
    uint32_t indices = indexed[i].indices;
    uint32_t type = FUNCREF, other;
    uint32_t x[2] = {0};
    int n = 0;
    if (indices & DATA) {
        x[n++] = tr_read_index(t, m->data == 0 ? 0 : m->data - 1u);
    }
    if (indices & ELEMENT) {
        x[n++] = tr_read_index(t, m->elements);
    }
    if (indices & TABLE) {
        x[n] = x[0];
        x[0] = read_table(t, &type);
        if (n++ > 0 && t->status == 0 && t->elements[x[1]] != type) {
            tr_refuse(t);
        }
    }
    if (indices & TABLE_2) {
        x[n++] = read_table(t, &other);
        if (type != other) {
            tr_refuse(t);
        }
    }
    if (indices & MEMORY) {
        read_memory_index(t);
    }
    if (indices & MEMORY_2) {
        read_memory_index(t);
    }
    const uint8_t of[] = {NO_TYPE, I32, type};
    uint32_t types = 0;
    for (int shift = 0; shift < 8; shift += 2) {
        types |= (uint32_t)of[indexed[i].types >> shift & 3] << 4 * shift;
    }
    tr_in_slots(t, indexed[i].number, types, n, x);
    return 1;
}
