// SPDX-License-Identifier: MIT
// Structured control of a body: control frames, blocks, branches, calls. Twin of wasmote/wasm/control.py.
#pragma GCC optimize("Os", "no-strict-aliasing")

#include <string.h>

#include "a16.h"
#include "translate.h"

// Relations eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u: which of them says not.
enum { NE = 1 };
const uint8_t translate_inverse[10] = {1, 0, 8, 9, 6, 7, 4, 5, 2, 3};

// Operands and types

static uint32_t count_of(types_t types) {
    return types >> 16;
}

static const uint8_t *string_of(translator_t *t, types_t types) {
    return t->strings + (types & 0xffff);
}

static types_t params_of(translator_t *t, uint32_t type) {
    const uint16_t *at = t->type_at + 2 * type;
    return at[0] | (uint32_t)(at[1] - at[0]) << 16;
}

static types_t results_of(translator_t *t, uint32_t type) {
    const uint16_t *at = t->type_at + 2 * type;
    return at[1] | (uint32_t)(at[2] - at[1]) << 16;
}

static int is_endless(translator_t *t) {
    return t->control->flags & ENDLESS;
}

int tr_pop(translator_t *t, uint32_t want) {
    int i = t->sp - 1;
    if (i < t->control->height) {
        if (!is_endless(t)) {
            tr_refuse(t);
        }
        return -1;
    }
    operand_t *o = t->operands + i;
    if (want != ANY && o->type != ANY && o->type != want) {
        tr_refuse(t);
    }
    if (o->kind == LOCAL) {
        t->locals[o->low].refs--;
    }
    t->sp = i;
    t->top = o->slot;
    return i;
}

static void pop_types(translator_t *t, types_t types) {
    const uint8_t *type = string_of(t, types);
    for (uint32_t i = count_of(types); i-- > 0;) {
        tr_pop(t, type[i]);
        t->work--;
    }
}

static void push_types(translator_t *t, types_t types) {
    const uint8_t *type = string_of(t, types);
    for (uint32_t i = 0; i < count_of(types); i++) {
        tr_push(t, type[i], SLOT, 0);
        t->work--;
    }
}

// Checks the types of the top operands, and leaves them.
static void check_types(translator_t *t, types_t types) {
    const uint8_t *type = string_of(t, types);
    int sp = t->sp;
    for (uint32_t i = count_of(types); i-- > 0;) {
        t->work--;
        if (--sp < t->control->height) {
            if (!is_endless(t)) {
                tr_refuse(t);
            }
            return;
        }
        if (t->operands[sp].type != ANY && t->operands[sp].type != type[i]) {
            tr_refuse(t);
        }
    }
}

static void die(translator_t *t) {
    tr_drop_to(t, t->control->height);
    t->control->flags |= ENDLESS;
    t->dead = 1;
}

// Blocks

static void open_block(translator_t *t, uint32_t kind, types_t params, types_t results, uint32_t otherwise) {
    control_t *control = t->control - 1;
    if ((uint8_t *)control < (uint8_t *)(t->operands + t->sp)) {
        tr_fail(t, TRANSLATE_FULL);
        return;
    }
    if (kind == LOOP) {
        t->last_op = NOTHING;
    }
    *control = (control_t){
        .params = params,
        .results = results,
        .height = t->sp,
        .slot = t->top,
        .label = kind == LOOP ? t->n : 0,
        .otherwise = otherwise,
        .kind = kind,
        .flags = (t->dead ? WAS_DEAD : 0) | (kind == IF ? HAS_ELSE : 0),
    };
    t->control = control;
    t->depth++;
    push_types(t, params);
}

void tr_open_body(translator_t *t) {
    uint32_t type = t->functions[t->module->imported_functions + t->index];
    open_block(t, BODY, 0, results_of(t, type), 0);
}

// Brings all operands home, then pops a block's parameters: every way into a label finds the same.
static void settle(translator_t *t, types_t params) {
    if (!t->dead) {
        check_types(t, params);
        tr_home_from(t, t->control->height);
    }
    pop_types(t, params);
}

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

static void branch_on(translator_t *t, int i, int inverse, int back) {
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

static void block(translator_t *t, uint32_t kind) {
    types_t params = 0, results = 0;
    if (t->at < t->stop && *t->at == 0x40) {
        t->at++;
    } else if (t->at<t->stop && * t->at> 0x40 && *t->at < 0x80) {
        // The first six of all strings are a value type each.
        const uint8_t *found = memchr(t->strings, tr_read_valtype(t), 6);
        if (found != NULL) {
            results = (found - t->strings) | 1 << 16;
        }
    } else {
        int64_t type = tr_read_signed(t, 28, 0x70);
        if (type < 0 || type >= t->module->types) {
            tr_refuse(t);
            return;
        }
        params = params_of(t, type);
        results = results_of(t, type);
    }
    int c = kind == IF ? tr_pop(t, I32) : 0;
    settle(t, params);
    uint16_t otherwise = 0;
    if (kind == IF && !t->dead) {
        branch_on(t, c, 1, 0);
        tr_put_label(t, &otherwise);
    }
    open_block(t, kind, params, results, otherwise);
}

// Brings the top operands to where a branch to `to` has to.
static void carry(translator_t *t, const control_t *to, types_t types) {
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

// The block's results are the operands: bring them to where a branch to its end would.
static void close_block(translator_t *t) {
    control_t *control = t->control;
    types_t results = control->results;
    if (!t->dead) {
        if (t->sp != control->height + count_of(results)) {
            tr_refuse(t);
        } else if (control->kind == BODY) {
            check_types(t, results);
            if (!t->dead) {
                carry(t, control, results);
            }
            pop_types(t, results);
            return;
        } else {
            tr_home_from(t, control->height);
        }
    }
    pop_types(t, results);
    if (t->sp != control->height) {
        tr_refuse(t);
    }
}

static void otherwise(translator_t *t) {
    control_t *control = t->control;
    if (!(control->flags & HAS_ELSE)) {
        tr_refuse(t);
        return;
    }
    close_block(t);
    if (!t->dead) {
        tr_start(t, A16_br_f);
        tr_put_label(t, &control->label);
    }
    tr_resolve(t, control->otherwise);
    control->flags &= ~(HAS_ELSE | ENDLESS);
    t->dead = control->flags & WAS_DEAD;
    push_types(t, control->params);
}

static void end(translator_t *t) {
    control_t *control = t->control;
    close_block(t);
    if (control->flags & HAS_ELSE) {
        uint32_t n = count_of(control->params);
        if (n != count_of(control->results) ||
            memcmp(string_of(t, control->params), string_of(t, control->results), n) != 0) {
            tr_refuse(t);
        }
        tr_resolve(t, control->otherwise);
    }
    if (control->kind != LOOP) {
        tr_resolve(t, control->label);
    }
    t->depth--;
    if (t->depth == 0) {
        if (!t->dead || control->label != 0) {
            tr_start(t, A16_return);
        }
        return;
    }
    t->control++;
    t->dead = control->flags & WAS_DEAD;
    push_types(t, control->results);
}

// Branches

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

// True if the top operands are where a branch to `to` has to bring them.
static int in_place(translator_t *t, const control_t *to, types_t types) {
    uint32_t first = t->sp - count_of(types);
    for (uint32_t i = first; i < t->sp; i++) {
        t->work--;
        if (t->operands[i].kind != SLOT) {
            return 0;
        }
    }
    return types < 1 << 16 || (t->operands[first].slot == to->slot && to->kind != BODY);
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

static void branch(translator_t *t, uint32_t depth) {
    control_t *to = target(t, depth);
    types_t types = label_types(to);
    check_types(t, types);
    if (!t->dead) {
        carry(t, to, types);
        jump(t, to, types);
    }
    die(t);
}

static void branch_if(translator_t *t) {
    control_t *to = target(t, tr_read_u32(t));
    types_t types = label_types(to);
    int c = tr_pop(t, I32);
    check_types(t, types);
    if (t->dead) {
        pop_types(t, types);
        push_types(t, types);
        return;
    }
    if (t->pending >= 0 && t->pending != c) {
        tr_flush(t);
    }
    if (in_place(t, to, types)) {
        int back = to->kind == LOOP;
        branch_on(t, c, 0, back);
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
    branch_on(t, c, 1, 0);
    tr_put_label(t, &around);
    carry(t, to, types);
    jump(t, to, types);
    tr_resolve(t, around);
}

// br_table: its head, then an entry at a time, then a way at a time.

static void begin_entries(translator_t *t) {
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
    t->first_way = t->last_way = 0;
}

void tr_table_entry(translator_t *t) {
    uint32_t depth = tr_read_u32(t);
    control_t *to = target(t, depth);
    types_t types = label_types(to);
    int32_t arity = count_of(types);
    if (t->arity >= 0 && arity != t->arity) {
        tr_refuse(t);
    }
    t->arity = arity;
    check_types(t, types);
    if (t->dead) {
        return;
    }
    if (t->n > MAX_CODE) {
        tr_refuse(t);
    } else if (!in_place(t, to, types)) {
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
        die(t);
        return 0;
    }
    control_t *to = t->control + t->first_way - 1;
    types_t types = label_types(to);
    tr_resolve(t, to->way);
    carry(t, to, types);
    jump(t, to, types);
    t->first_way = to->next_way;
    to->way = to->next_way = 0;
    return 1;
}

// Calls

// Pops the arguments of a call, brings them home. Returns the byte offset of the first.
static uint32_t arguments(translator_t *t, types_t params) {
    pop_types(t, params);
    if (!t->dead) {
        uint32_t end = t->sp + count_of(params);
        for (uint32_t i = t->sp; i < end; i++) {
            t->work--;
            tr_home(t, i);
        }
    }
    return t->top;
}

static void call(translator_t *t) {
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
    push_types(t, results_of(t, t->functions[x]));
}

static void call_indirect(translator_t *t) {
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
    push_types(t, results_of(t, type));
}

void tr_lower_control(translator_t *t, uint32_t op) {
    switch (op) {
        case 0x00: // unreachable
            if (!t->dead) {
                tr_start(t, A16_unreachable);
            }
            die(t);
            break;
        case 0x02: // block loop if
        case 0x03:
        case 0x04:
            block(t, op);
            break;
        case 0x05:
            otherwise(t);
            break;
        case 0x0b:
            end(t);
            break;
        case 0x0c:
            branch(t, tr_read_u32(t));
            break;
        case 0x0d:
            branch_if(t);
            break;
        case 0x0e:
            begin_entries(t);
            break;
        case 0x0f: // return
            branch(t, t->depth - 1);
            break;
        case 0x10:
            call(t);
            break;
        case 0x11:
            call_indirect(t);
            break;
    }
}
