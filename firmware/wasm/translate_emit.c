// SPDX-License-Identifier: MIT
// A16 code of one function body: the operand stack as the translator sees it, and the code it becomes.
// Twin of wasmote/wasm/emit.py, which explains it; names and order are the same.
#pragma GCC optimize("Os", "no-strict-aliasing")

#include "a16.h"
#include "translate.h"

// Nothing is emitted any more, as in dead code; translate() looks at the status after each instruction.
int tr_fail(translator_t *t, int status) {
    if (t->status == 0) {
        t->status = status;
    }
    t->dead = 1;
    return 0;
}

int tr_refuse(translator_t *t) {
    return tr_fail(t, TRANSLATE_REFUSED);
}

void tr_push(translator_t *t, uint32_t type, uint32_t kind, int32_t value) {
    operand_t *o = t->operands + t->sp;
    if ((uint8_t *)(o + 1) > (uint8_t *)t->control) {
        tr_fail(t, TRANSLATE_FULL);
        return;
    }
    *o = (operand_t){.low = value, .high = value >> 31, .slot = t->top, .type = type, .kind = kind};
    t->sp++;
    t->top += is_wide(type) ? 8 : 4;
    if (t->top > t->frame) {
        if (t->top > MAX_FRAME) {
            tr_refuse(t);
        }
        t->frame = t->top;
    }
    if (kind == LOCAL) {
        local_t *local = t->locals + o->low;
        o->below = local->head;
        if (local->head != 0) {
            t->operands[local->head - 1].above = t->sp;
        }
        local->head = t->sp;
    }
}

void tr_push_constant(translator_t *t, uint32_t type, int64_t value) {
    tr_push(t, type, CONST, value);
    if (t->status == 0) {
        t->operands[t->sp - 1].high = value >> 32;
    }
}

void tr_drop_to(translator_t *t, uint32_t height) {
    while (t->sp > height) {
        operand_t *o = t->operands + --t->sp;
        t->work--;
        if (o->kind == LOCAL) {
            t->locals[o->low].head = o->below;
        }
        t->top = o->slot;
    }
    if (t->settled > height) {
        t->settled = height;
    }
}

// Operations: tr_begin(), then tr_put() each halfword.

void tr_put(translator_t *t, uint32_t halfword) {
    uint16_t *to = t->code + t->n;
    if (to >= t->code_end) {
        tr_fail(t, TRANSLATE_FULL);
        return;
    }
    *to = halfword;
    t->n++;
}

void tr_begin(translator_t *t, uint32_t op, uint32_t pc) {
    if (t->n > MAX_CODE) {
        tr_refuse(t);
    }
    if ((int32_t)t->n <= t->find) {
        t->found = pc;
    }
    t->last = t->n;
    t->last_op = op;
    tr_put(t, exec_handler(op));
}

// Makes `op` of the operation emitted last; more operands follow it.
void tr_replace_last(translator_t *t, uint32_t op) {
    if (t->status == 0) { // else it may not be there: the code was full
        t->code[t->last] = exec_handler(op);
        t->last_op = op;
    }
}

void tr_start(translator_t *t, uint32_t op) {
    if (t->pending >= 0) {
        tr_flush(t);
    }
    tr_begin(t, op, t->pc);
}

// The pending operation

void tr_defer(translator_t *t, uint32_t type, uint32_t op, int has_acc) {
    if (t->pending >= 0) {
        tr_flush(t);
    }
    t->pending = t->sp;
    tr_push(t, type, PENDING, 0);
    t->p_op = op;
    t->p_acc = has_acc;
    t->p_mode = 0;
    t->p_relation = NO_RELATION;
    t->p_pc = t->pc;
    t->p_count = 0;
}

void tr_operand(translator_t *t, uint32_t halfword) {
    t->p_operand[t->p_count++] = halfword;
}

void tr_finish(translator_t *t, uint32_t op) {
    t->pending = -1;
    if (op == A16_i32_add_si_s && t->last_op == op) {
        tr_replace_last(t, A16_i32_add2);
    } else {
        tr_begin(t, op, t->p_pc);
    }
    for (uint32_t i = 0; i < t->p_count; i++) {
        tr_put(t, t->p_operand[i]);
    }
}

static void finish_slot(translator_t *t, uint32_t slot) {
    tr_finish(t, t->p_op + t->p_acc);
    tr_put(t, slot);
    t->last_to = slot;
}

void tr_flush(translator_t *t) {
    operand_t *o = t->operands + t->pending;
    finish_slot(t, o->slot);
    o->kind = SLOT;
}

int tr_is_pending(translator_t *t, int i) {
    return t->operands[i].kind == PENDING && t->p_acc;
}

int tr_in_acc(translator_t *t, int i) {
    if (t->operands[i].kind != PENDING) {
        return 0;
    }
    if (!t->p_acc) {
        tr_flush(t);
        return 0;
    }
    tr_finish(t, t->p_op);
    return 1;
}

// True if operand i is pending, and the sum of a slot or the accumulator and a short constant.
int tr_is_sum(translator_t *t, int i) {
    return t->operands[i].kind == PENDING && (t->p_op == A16_i32_add_si_a || t->p_op == A16_i32_add_ai_a);
}

// Operands

static int fits_halfword(const operand_t *o) {
    int32_t value = (int32_t)o->low;
    return value == (int16_t)value && (int32_t)o->high == value >> 31;
}

int tr_is_short(translator_t *t, int i) {
    return t->operands[i].kind == CONST && fits_halfword(t->operands + i);
}

_Static_assert(A16_i64_mov_i_s == A16_i64_mov_s_s + 1 && A16_i64_const_s == A16_i64_mov_s_s + 2, "see move()");
_Static_assert(A16_i32_mov_i_s == A16_i32_mov_s_s + 1 && A16_i32_const_s == A16_i32_mov_s_s + 2, "see move()");

static void move(translator_t *t, const operand_t *o, uint32_t slot) {
    int wide = is_wide(o->type);
    uint32_t op = wide ? A16_i64_mov_s_s : A16_i32_mov_s_s; // _mov_i_s and _const_s follow it
    uint32_t from = o->slot;
    if (o->kind == CONST) {
        from = o->low;
        op++;
        if (!fits_halfword(o)) {
            tr_begin(t, op + 1, t->pc);
            tr_put(t, from);
            from >>= 16;
            if (wide) {
                tr_put(t, from);
                tr_put(t, o->high);
                from = o->high >> 16;
            }
            op = 0;
        }
    } else {
        if (o->kind == LOCAL) {
            from = t->locals[o->low].slot;
        }
        if (from == slot) {
            return;
        }
        if (t->last_op == op && !wide) {
            tr_replace_last(t, A16_i32_mov2);
            op = 0;
        }
    }
    if (op != 0) {
        tr_begin(t, op, t->pc);
    }
    tr_put(t, from);
    tr_put(t, slot);
}

void tr_home(translator_t *t, int i) {
    operand_t *o = t->operands + i;
    if (o->kind == SLOT) {
        return;
    }
    if (o->kind == PENDING) {
        tr_flush(t);
        return;
    }
    if (t->pending >= 0 && i > t->pending) {
        tr_flush(t); // it may read what stands in this home
    }
    move(t, o, o->slot);
    if (o->kind == LOCAL && i < t->sp) {
        if (t->locals[o->low].head == i + 1) {
            t->locals[o->low].head = o->below;
        } else {
            t->operands[o->above - 1].below = o->below;
            if (o->below != 0) {
                t->operands[o->below - 1].above = o->above;
            }
        }
    }
    o->kind = SLOT;
}

void tr_home_from(translator_t *t, uint32_t height) {
    int all = height <= t->settled;
    for (uint32_t i = all ? t->settled : height; i < t->sp; i++) {
        t->work--;
        tr_home(t, i);
    }
    if (all) {
        t->settled = t->sp;
    }
}

uint32_t tr_slot_of(translator_t *t, int i) {
    operand_t *o = t->operands + i;
    if (o->kind == LOCAL) {
        return t->locals[o->low].slot;
    }
    tr_home(t, i);
    return o->slot;
}

void tr_move_to(translator_t *t, int i, uint32_t slot) {
    operand_t *o = t->operands + i;
    if (o->kind == PENDING) {
        finish_slot(t, slot);
        o->kind = SLOT;
        return;
    }
    if (t->pending >= 0) {
        tr_flush(t);
    }
    move(t, o, slot);
}

void tr_save_local(translator_t *t, uint32_t x) {
    while (t->locals[x].head != 0) {
        t->work--;
        tr_home(t, t->locals[x].head - 1);
    }
}

// Operations that take much longer than their code is are paid for before the first since the last label, together.
void tr_pay(translator_t *t, uint32_t units) {
    if (t->dead || units == 0 || t->status != 0) {
        return;
    }
    if (t->paid == 0 || t->code[t->paid] + units > MAX_PAID) {
        tr_start(t, A16_pay);
        t->paid = t->n;
        tr_put(t, 0);
    }
    if (t->status == 0) {
        t->code[t->paid] += units;
    }
}

// Code that comes next may be reached from elsewhere.
void tr_label(translator_t *t) {
    t->last_op = NOTHING;
    t->paid = 0;
}

// Labels: a chain of the halfwords that wait for one runs through the code; 0 ends it.

static uint32_t distance(translator_t *t, uint32_t from, uint32_t to) {
    int32_t halfwords = (int32_t)(to - from);
    if (halfwords != (int16_t)halfwords) {
        tr_refuse(t);
    }
    return halfwords;
}

void tr_put_label(translator_t *t, uint16_t *chain) {
    uint32_t at = t->n;
    tr_put(t, *chain);
    *chain = at;
}

void tr_put_back(translator_t *t, uint32_t target) {
    tr_put(t, distance(t, t->n, target));
}

void tr_resolve(translator_t *t, uint32_t chain) {
    if (chain != 0) {
        tr_label(t);
    }
    t->chain = chain;
    t->chain_to = t->n;
    tr_resolve_more(t);
}

// A chain may be as long as the code: when the work of this call is done, the rest waits for the next. One instruction
// resolves at most one chain of more than one branch, as its last.
void tr_resolve_more(translator_t *t) {
    while (t->chain != 0 && t->status == 0) {
        uint16_t *halfword = t->code + t->chain;
        t->chain = *halfword;
        *halfword = distance(t, halfword - t->code, t->chain_to);
        if (--t->work <= 0) {
            break;
        }
    }
}
