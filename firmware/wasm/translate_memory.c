// SPDX-License-Identifier: MIT
// What instructions of memories, references and tables become.
// Twin of wasmote/wasm/memories.py and tables.py, which explain it.
#pragma GCC optimize("Os", "no-strict-aliasing")

#include "a16.h"
#include "translate.h"

#define DENSE_AT (A16_dense_i32_load_at_a_a - A16_i32_load_at_a_a)
#define DENSE (A16_dense_i32_load_a_a - A16_i32_load_a_a)

static void check_memory(translator_t *t) {
    if (t->module->memory_kind == NO_MEMORY) {
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

static uint32_t of_memory(const translator_t *t, uint32_t number) {
    return t->module->memory_kind == DENSE_MEMORY ? number + DENSE : number;
}

// True if only the wide form of an operation can do this access.
static int is_far(const translator_t *t, uint32_t row, uint32_t offset) {
    return offset > 0xffff || offset + (1 << (row >> 30)) > t->module->memory;
}

static uint32_t wide_of(uint32_t row) {
    return (row >> 16 & 0x1f) + A16_i32_load_wide_s_s;
}

static void load_wide(translator_t *t, uint32_t result, uint32_t number, int a, uint32_t offset) {
    uint32_t slot = tr_slot_of(t, a);
    tr_defer(t, result, of_memory(t, number), 0);
    tr_operand(t, slot);
    tr_operand(t, offset);
    tr_operand(t, offset >> 16);
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
    return t->module->memory_kind == DENSE_MEMORY ? number + DENSE_AT : number;
}

// The pending sum becomes the load.
static void load_at(translator_t *t, uint32_t result, uint32_t number, uint32_t offset) {
    t->p_op = at_of_memory(t, number);
    t->p_pc = t->pc;
    tr_operand(t, offset);
    tr_push(t, result, PENDING, 0);
}

// The pending sum becomes part of the store.
static void store_at(translator_t *t, uint32_t number, int v, uint32_t offset) {
    int from_acc = t->p_op == A16_i32_add_ai_a;
    t->pending = -1;
    tr_begin(t, at_of_memory(t, number + from_acc), t->pc);
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
    if (is_wide(result)) {
        if (number == A16_i64_load_s_s && tr_is_sum(t, a) && t->p_op == A16_i32_add_si_a && !is_far(t, row, offset)) {
            t->p_acc = 0;
            load_at(t, result, A16_i64_load_at_s_s, offset);
        } else {
            load_wide(t, result, number, a, offset);
        }
    } else if (is_far(t, row, offset)) {
        load_wide(t, result, wide_of(row), a, offset);
    } else if (number_at(number) != 0 && tr_is_sum(t, a)) {
        load_at(t, result, number_at(number) + (t->p_op == A16_i32_add_ai_a ? 0 : 2), offset);
    } else {
        uint32_t base = of_memory(t, number_of(row));
        if (tr_in_acc(t, a)) {
            tr_defer(t, result, base, 1);
        } else {
            uint32_t slot = tr_slot_of(t, a);
            tr_defer(t, result, base + 2, 1);
            tr_operand(t, slot);
        }
        tr_operand(t, offset);
    }
}

static void store_wide(translator_t *t, uint32_t number, int a, int v, uint32_t offset) {
    uint32_t left = tr_slot_of(t, a);
    uint32_t right = tr_slot_of(t, v);
    tr_start(t, of_memory(t, number));
    tr_put(t, left);
    tr_put(t, right);
    tr_put(t, offset);
    tr_put(t, offset >> 16);
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
    if (of_words || far) {
        store_wide(t, of_words ? number : wide_of(row), a, v, offset);
        return;
    }
    uint32_t base = of_memory(t, number);
    uint32_t mode = 0, left = 0, right = 0;
    int has_left = 1, has_right = 1;
    if (type != I64 && tr_is_pending(t, v)) {
        left = tr_slot_of(t, a);
        tr_in_acc(t, v);
        mode = 2;
        has_right = 0;
    } else {
        if (type != I64 && tr_is_short(t, v)) {
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

// Operations in slots, after an index if x is not negative. types: of two operands and the result, a byte each.
void tr_in_slots(translator_t *t, uint32_t number, uint32_t types, int32_t x) {
    uint32_t a = types & 0xff, b = types >> 8 & 0xff, result = types >> 16;
    int right = b != NO_TYPE ? tr_pop(t, b) : 0;
    int left = a != NO_TYPE ? tr_pop(t, a) : 0;
    if (t->dead) {
        if (result != NO_TYPE) {
            tr_push(t, result, SLOT, 0);
        }
        return;
    }
    if (a != NO_TYPE) {
        left = tr_slot_of(t, left);
    }
    if (b != NO_TYPE) {
        right = tr_slot_of(t, right);
    }
    void (*add)(translator_t *, uint32_t) = tr_operand;
    if (result != NO_TYPE) {
        tr_defer(t, result, number, 0);
    } else {
        tr_start(t, number);
        add = tr_put;
    }
    if (x >= 0) {
        add(t, x);
    }
    if (a != NO_TYPE) {
        add(t, left);
    }
    if (b != NO_TYPE) {
        add(t, right);
    }
}

// An operation after indices that counts in the homes of its three operands; the middle one is of type `type`.
static void bulk(translator_t *t, uint32_t type, uint32_t number, int32_t x, int32_t y) {
    tr_pop(t, I32);
    tr_pop(t, type);
    tr_pop(t, I32);
    if (t->dead) {
        return;
    }
    int first = t->sp;
    for (int i = first; i < first + 3; i++) {
        tr_home(t, i);
    }
    tr_start(t, number);
    if (x >= 0) {
        tr_put(t, x);
    }
    if (y >= 0) {
        tr_put(t, y);
    }
    for (int i = first; i < first + 3; i++) {
        tr_put(t, t->operands[i].slot);
    }
}

// Instructions with indices: which follow, in this order, and the types of two operands and a result.
enum { DATA = 1, ELEMENT = 2, TABLE = 4, TABLE_2 = 8, MEMORY = 16, MEMORY_2 = 32 };
enum { O, I, R }; // none, i32, the table's
#define TYPES(a, b, result) ((a) | (b) << 2 | (result) << 4)
#define BULK(type) (0x80 | (type))

static const struct {
    uint8_t shape, indices, types;
    uint16_t number;
} indexed[] = {
    {SHAPE_MEMORY_SIZE, MEMORY, TYPES(O, O, I), A16_memory_size_s},
    {SHAPE_MEMORY_GROW, MEMORY, TYPES(I, O, I), A16_memory_grow_s_s},
    {SHAPE_MEMORY_COPY, MEMORY | MEMORY_2, BULK(I), A16_memory_copy},
    {SHAPE_MEMORY_FILL, MEMORY, BULK(I), A16_memory_fill},
    {SHAPE_MEMORY_INIT, DATA | MEMORY, BULK(I), A16_memory_init},
    {SHAPE_DATA_DROP, DATA, TYPES(O, O, O), A16_data_drop},
    {SHAPE_TABLE_GET, TABLE, TYPES(I, O, R), A16_table_get},
    {SHAPE_TABLE_SET, TABLE, TYPES(I, R, O), A16_table_set},
    {SHAPE_TABLE_SIZE, TABLE, TYPES(O, O, I), A16_table_size},
    {SHAPE_TABLE_GROW, TABLE, TYPES(R, I, I), A16_table_grow},
    {SHAPE_TABLE_FILL, TABLE, BULK(R), A16_table_fill},
    {SHAPE_TABLE_COPY, TABLE | TABLE_2, BULK(I), A16_table_copy},
    {SHAPE_TABLE_INIT, ELEMENT | TABLE, BULK(I), A16_table_init},
    {SHAPE_ELEM_DROP, ELEMENT, TYPES(O, O, O), A16_elem_drop},
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
    int32_t x = -1, y = -1;
    if (indices & DATA) {
        x = tr_read_index(t, m->data == 0 ? 0 : m->data - 1u);
    }
    if (indices & ELEMENT) {
        x = tr_read_index(t, m->elements);
    }
    if (indices & TABLE) {
        y = x;
        x = read_table(t, &type);
        if (t->status == 0 && y >= 0 && t->elements[y] != type) {
            tr_refuse(t);
        }
    }
    if (indices & TABLE_2) {
        y = read_table(t, &other);
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
    uint32_t types = indexed[i].types;
    if (types & 0x80) {
        bulk(t, of[types & 3], indexed[i].number, x, y);
    } else {
        tr_in_slots(t, indexed[i].number, of[types & 3] | of[types >> 2 & 3] << 8 | of[types >> 4] << 16, x);
    }
    return 1;
}
