// SPDX-License-Identifier: MIT
// Structured control of a body: types of operands, control frames, blocks. Twin of wasmote/wasm/control.py, with
// translate_branch.c.
#pragma GCC optimize("Os", "no-strict-aliasing")

#include <string.h>

#include "a16.h"
#include "translate.h"

// Operands and types

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
        t->locals[o->low].head = o->below;
    }
    t->sp = i;
    t->top = o->slot;
    if (t->settled > i) {
        t->settled = i;
    }
    return i;
}

void tr_pop_types(translator_t *t, types_t types) {
    const uint8_t *type = string_of(t, types);
    for (uint32_t i = count_of(types); i-- > 0;) {
        tr_pop(t, type[i]);
        t->work--;
    }
}

void tr_push_types(translator_t *t, types_t types) {
    const uint8_t *type = string_of(t, types);
    for (uint32_t i = 0; i < count_of(types); i++) {
        tr_push(t, type[i], SLOT, 0);
        t->work--;
    }
}

// Checks the types of the top operands, and leaves them.
void tr_check_types(translator_t *t, types_t types) {
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

void tr_die(translator_t *t) {
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
        tr_label(t);
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
    tr_push_types(t, params);
}

void tr_open_body(translator_t *t) {
    uint32_t type = t->functions[t->module->imported_functions + t->index];
    open_block(t, BODY, 0, results_of(t, type), 0);
}

// Brings all operands home, then pops a block's parameters: every way into a label finds the same.
static void settle(translator_t *t, types_t params) {
    if (!t->dead) {
        tr_check_types(t, params);
        tr_home_from(t, t->control->height);
    }
    tr_pop_types(t, params);
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
        tr_branch_on(t, c, 1, 0);
        tr_put_label(t, &otherwise);
    }
    open_block(t, kind, params, results, otherwise);
}

// The block's results are the operands: bring them to where a branch to its end would.
static void close_block(translator_t *t) {
    control_t *control = t->control;
    types_t results = control->results;
    if (!t->dead) {
        if (t->sp != control->height + count_of(results)) {
            tr_refuse(t);
        } else if (control->kind == BODY) {
            tr_check_types(t, results);
            if (!t->dead) {
                tr_carry(t, control, results);
            }
            tr_pop_types(t, results);
            return;
        } else {
            tr_home_from(t, control->height);
        }
    }
    tr_pop_types(t, results);
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
    tr_push_types(t, control->params);
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
    t->paid = 0; // what was paid in a loop is paid again and again
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
    tr_push_types(t, control->results);
}

void tr_lower_control(translator_t *t, uint32_t op) {
    switch (op) {
        case 0x00: // unreachable
            if (!t->dead) {
                tr_start(t, A16_unreachable);
            }
            tr_die(t);
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
            tr_branch(t, tr_read_u32(t));
            break;
        case 0x0d:
            tr_branch_if(t);
            break;
        case 0x0e:
            tr_begin_entries(t);
            break;
        case 0x0f: // return
            tr_branch(t, t->depth - 1);
            break;
        case 0x10:
            tr_call(t);
            break;
        case 0x11:
            tr_call_indirect(t);
            break;
    }
}
