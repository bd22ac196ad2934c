// SPDX-License-Identifier: MIT
// Branches and calls: what carries operands to a label or a function. Twin of wasmote/wasm/control.py, with
// translate_control.c.
#pragma GCC optimize("Os", "no-strict-aliasing")

#include "a16.h"
#include "translate.h"

// Relations eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u: which of them says not.
enum { NE = 1 };
const uint8_t translate_inverse[10] = {1, 0, 8, 9, 6, 7, 4, 5, 2, 3};

// Makes the pending `ne` a part of the addition emitted last, if it compares its sum.
static int add_and_branch(translator_t *t) {
    uint32_t number = A16_i32_add_br_ne_si_b, other = t->p_operand[1];
    if (t->p_mode == 0 && other == t->last_to) {
        other = t->p_operand[0];
    } else if (t->p_operand[0] != t->last_to || (t->p_mode & 1) != 0) {
        return 0;
    } else if (t->p_mode == 2) {
        number = A16_i32_add_br_ne_short_si_b;
    }
    t->pending = -1;
    tr_replace_last(t, number);
    tr_put(t, other);
    return 1;
}

void tr_branch_on(translator_t *t, int i, int inverse, int back) {
    uint32_t unless = inverse ? A16_br_unless_a_f - A16_br_if_a_f : 0;
    if (t->operands[i].kind == PENDING) {
        int relation = t->p_relation;
        if (relation >= 0) {
            if (inverse) {
                relation = translate_inverse[relation];
            } else if (back && relation == NE && t->last_op == A16_i32_add_si_s && add_and_branch(t)) {
                return;
            }
            tr_finish(t, A16_br_i32_eq_ss_f + 8 * relation + 2 * t->p_mode + back);
            return;
        }
        if (relation == EQZ) {
            tr_finish(t, A16_br_unless_a_f - unless + 2 * t->p_mode + back);
            return;
        }
    }
    uint32_t op = A16_br_if_a_f + unless + back;
    if (tr_in_acc(t, i)) {
        tr_start(t, op);
    } else {
        uint32_t slot = tr_slot_of(t, i);
        if (op == A16_br_if_a_b && t->last_op == A16_i32_add_si_s && slot == t->last_to) {
            tr_replace_last(t, A16_i32_add_br_if_si_b);
            return;
        }
        tr_start(t, op + 2);
        tr_put(t, slot);
    }
}

// Brings the top operands to where a branch to `to` has to.
void tr_carry(translator_t *t, const control_t *to, types_t types) {
    uint32_t n = count_of(types);
    uint32_t slot = to->kind == BODY ? 0 : to->slot;
    uint32_t first = t->sp - n;
    if (n > 1) {
        tr_home_from(t, first);
    }
    for (uint32_t i = first; i < t->sp; i++) {
        t->work--;
        tr_move_to(t, i, slot);
        slot += is_wide(t->operands[i].type) ? 8 : 4;
    }
    if (slot > t->frame) {
        t->frame = slot;
    }
}

// The control frame that a label names; the innermost if there is none such.
static control_t *target(translator_t *t, uint32_t depth) {
    if (depth >= t->depth) {
        tr_refuse(t);
        depth = 0;
    }
    return t->control + depth;
}

static types_t label_types(const control_t *to) {
    return to->kind == LOOP ? to->params : to->results;
}

// True if the top operands have their homes where a branch to `to` has to bring them.
static int is_at_label(const translator_t *t, const control_t *to, types_t types) {
    uint32_t n = count_of(types);
    return n == 0 || (t->operands[t->sp - n].slot == to->slot && to->kind != BODY);
}

// True if the top operands are where a branch to `to` has to bring them.
static int in_place(translator_t *t, const control_t *to, types_t types) {
    uint32_t first = t->sp - count_of(types);
    for (uint32_t i = first; i < t->sp; i++) {
        t->work--;
        if (t->operands[i].kind != SLOT) {
            return 0;
        }
    }
    return is_at_label(t, to, types);
}

// Emits a branch to `to`, its operands in place.
static void jump(translator_t *t, control_t *to, types_t types) {
    if (to->kind == BODY && count_of(types) > 0) {
        tr_start(t, A16_return);
    } else if (to->kind == LOOP) {
        tr_start(t, A16_br_b);
        tr_put_back(t, to->label);
    } else {
        tr_start(t, A16_br_f);
        tr_put_label(t, &to->label);
    }
}

void tr_branch(translator_t *t, uint32_t depth) {
    control_t *to = target(t, depth);
    types_t types = label_types(to);
    tr_check_types(t, types);
    if (!t->dead) {
        tr_carry(t, to, types);
        jump(t, to, types);
    }
    tr_die(t);
}

void tr_branch_if(translator_t *t) {
    control_t *to = target(t, tr_read_u32(t));
    types_t types = label_types(to);
    int c = tr_pop(t, I32);
    tr_check_types(t, types);
    if (t->dead) {
        tr_pop_types(t, types);
        tr_push_types(t, types);
        return;
    }
    if (t->pending >= 0 && t->pending != c) {
        tr_flush(t);
    }
    if (in_place(t, to, types)) {
        int back = to->kind == LOOP;
        tr_branch_on(t, c, 0, back);
        if (back) {
            tr_put_back(t, to->label);
        } else {
            tr_put_label(t, &to->label);
        }
        return;
    }
    uint32_t n = count_of(types);
    if (n > 1) {
        tr_home_from(t, t->sp - n);
    }
    uint16_t around = 0;
    tr_branch_on(t, c, 1, 0);
    tr_put_label(t, &around);
    tr_carry(t, to, types);
    jump(t, to, types);
    tr_resolve(t, around);
}

// br_table: its head, then an entry at a time, then a way at a time.

void tr_begin_entries(translator_t *t) {
    int c = tr_pop(t, I32);
    uint32_t count = tr_read_u32(t);
    if (count >= t->end) {
        tr_refuse(t); // more than there are bytes: so that count + 1 is not 0
    }
    if (!t->dead) {
        tr_home_from(t, t->control->height);
        if (tr_in_acc(t, c)) {
            tr_start(t, A16_br_table_a);
        } else {
            uint32_t slot = tr_slot_of(t, c);
            tr_start(t, A16_br_table_s);
            tr_put(t, slot);
        }
        tr_put(t, count);
    }
    t->entries = count + 1;
    t->arity = -1;
    t->wanted = UINT32_MAX;
    t->first_way = t->last_way = 0;
}

void tr_table_entry(translator_t *t) {
    uint32_t depth = tr_read_u32(t);
    control_t *to = target(t, depth);
    types_t types = label_types(to);
    if (types != t->wanted) {
        int32_t arity = count_of(types);
        if (t->arity >= 0 && arity != t->arity) {
            tr_refuse(t);
        }
        t->arity = arity;
        t->wanted = types;
        tr_check_types(t, types);
    }
    if (t->dead) {
        return;
    }
    if (t->n > MAX_CODE) {
        tr_refuse(t);
    } else if (!is_at_label(t, to, types)) { // all are at home
        if (to->way == 0) {
            uint16_t *link = t->first_way == 0 ? &t->first_way : &t->control[t->last_way - 1].next_way;
            *link = t->last_way = depth + 1;
        }
        tr_put_label(t, &to->way);
    } else if (to->kind == LOOP) {
        tr_put_back(t, to->label);
    } else {
        tr_put_label(t, &to->label);
    }
}

// Emits the first of the ways that are left. Returns 0 if there was none: the instruction is done.
int tr_table_way(translator_t *t) {
    if (t->first_way == 0) {
        tr_die(t);
        return 0;
    }
    control_t *to = t->control + t->first_way - 1;
    types_t types = label_types(to);
    tr_resolve(t, to->way);
    tr_carry(t, to, types);
    jump(t, to, types);
    t->first_way = to->next_way;
    to->way = to->next_way = 0;
    return 1;
}

// Calls

// Pops the arguments of a call, brings them home. Returns the byte offset of the first.
static uint32_t arguments(translator_t *t, types_t params) {
    tr_pop_types(t, params);
    if (!t->dead) {
        uint32_t end = t->sp + count_of(params);
        for (uint32_t i = t->sp; i < end; i++) {
            t->work--;
            tr_home(t, i);
        }
    }
    return t->top;
}

void tr_call(translator_t *t) {
    const module_t *m = t->module;
    uint32_t x = tr_read_u32(t);
    if (x >= m->functions) {
        tr_refuse(t);
        return;
    }
    uint32_t first = arguments(t, params_of(t, t->functions[x]));
    if (!t->dead) {
        int imported = x < m->imported_functions;
        tr_start(t, imported ? A16_call_import : A16_call);
        tr_put(t, imported ? x : 3 * (x - m->imported_functions));
        tr_put(t, first);
    }
    tr_push_types(t, results_of(t, t->functions[x]));
}

void tr_call_indirect(translator_t *t) {
    const module_t *m = t->module;
    uint32_t type = tr_read_u32(t);
    uint32_t table = tr_read_u32(t);
    if (table >= m->tables || type >= m->types || t->tables[table] != FUNCREF) {
        tr_refuse(t);
        return;
    }
    int c = tr_pop(t, I32);
    if (!t->dead && t->operands[c].kind != LOCAL) {
        tr_home(t, c);
    }
    uint32_t first = arguments(t, params_of(t, type));
    if (!t->dead) {
        uint32_t index = tr_slot_of(t, c);
        tr_start(t, A16_call_indirect);
        tr_put(t, table);
        tr_put(t, t->type_id[type]);
        tr_put(t, first);
        tr_put(t, index);
    }
    tr_push_types(t, results_of(t, type));
}
