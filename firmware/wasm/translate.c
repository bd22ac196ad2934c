// SPDX-License-Identifier: MIT
// Bodies of a code section, one after the other: bytes, locals, instructions. Contract: translate.h.
// Twin of wasmote/wasm/translate.py.
#pragma GCC optimize("Os", "no-strict-aliasing")

#include <string.h>

#include "a16.h"
#include "translate.h"

#define WINDOW_OF(t) ((uint8_t *)(t)-WINDOW)
#define PIECE_OF(t) (WINDOW_OF(t) + LEFT_OVER)

enum { NEXT_BODY, LOCALS, CODE, ENTRIES, WAYS, END };

#define WORK (1500) // instructions, entries, operands visited: about 4 ms of a Cortex-M0 at 125 MHz
_Static_assert(4 * MAX_ARITY < WORK, "no instruction is a long step");

// Bytes (core 5.2). At the end of the body, or of what is there of it, the answer is no.

uint32_t tr_read_u8(translator_t *t) {
    if (t->at == t->stop) {
        return tr_refuse(t);
    }
    return *t->at++;
}

// The top bits of a last byte (28 or 63 bits before it) are all equal to the sign: `high` says which.
int64_t tr_read_signed(translator_t *t, uint32_t last, uint32_t high) {
    uint64_t value = 0;
    for (uint32_t shift = 0;; shift += 7) {
        uint32_t byte = tr_read_u8(t);
        if (shift == last && (byte & high) != 0 && (byte & high) != high) {
            return tr_refuse(t);
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            uint64_t sign = (uint64_t)(byte & 0x40) << shift;
            return value | -sign;
        }
        if (shift == last) {
            return tr_refuse(t);
        }
    }
}

uint32_t tr_read_u32(translator_t *t) {
    uint32_t value = 0;
    for (uint32_t shift = 0;; shift += 7) {
        uint32_t byte = tr_read_u8(t);
        value |= (byte & 0x7f) << shift;
        if (shift == 28 && byte > 0x0f) {
            return tr_refuse(t);
        }
        if (byte < 0x80) {
            return value;
        }
    }
}

uint32_t tr_read_valtype(translator_t *t) {
    uint32_t type = tr_read_u8(t);
    if ((type <= I32 && type >= F64) || type == FUNCREF || type == EXTERNREF) {
        return type;
    }
    return tr_refuse(t);
}

static uint32_t offset_of(const translator_t *t, const uint8_t *at) {
    return t->base + (at - PIECE_OF(t));
}

// Where reading stops: at the end of the body, or of what is there.
static void set_stop(translator_t *t) {
    t->stop = WINDOW_OF(t) + t->filled;
    if (offset_of(t, t->stop) > t->body_end) {
        t->stop -= offset_of(t, t->stop) - t->body_end;
    }
}

// Locals

static void add_locals(translator_t *t, const uint8_t *types, uint32_t n, int step) {
    if (n > MAX_LOCALS || t->locals_count + n > MAX_LOCALS) {
        tr_refuse(t);
        return;
    }
    for (local_t *to = t->locals + t->locals_count; n > 0; n--, to++, types += step) {
        if ((uint8_t *)(to + 1) > (uint8_t *)t->outermost) {
            tr_fail(t, TRANSLATE_FULL);
            return;
        }
        *to = (local_t){.slot = t->top, .type = *types};
        t->top += is_wide(*types) ? 8 : 4;
        t->locals_count++;
        t->work--;
    }
}

static void next_body(translator_t *t) {
    uint32_t size = tr_read_u32(t);
    t->body_end = offset_of(t, t->at) + size;
    if (size > t->end || t->body_end > t->end) {
        tr_refuse(t);
        return;
    }
    set_stop(t);
    t->n = t->top = t->frame = 0;
    t->sp = t->depth = t->locals_count = t->settled = 0;
    t->dead = 0;
    t->pending = -1;
    t->last = t->last_to = 0;
    tr_label(t);
    t->control = t->outermost + 1;
    t->entries = tr_read_u32(t); // groups of locals
    uint32_t type = t->functions[t->module->imported_functions + t->index];
    const uint16_t *params = t->type_at + 2 * type;
    add_locals(t, t->strings + params[0], params[1] - params[0], 1);
    t->params = t->locals_count;
    t->phase = LOCALS;
}

static void locals_group(translator_t *t) {
    uint32_t n = tr_read_u32(t);
    uint8_t type = tr_read_valtype(t);
    add_locals(t, &type, n, 0);
    t->entries--;
}

static void begin_code(translator_t *t) {
    uint32_t at = t->top;
    uint32_t first = t->params < t->locals_count ? t->locals[t->params].slot : at;
    if (at > MAX_FRAME) {
        tr_refuse(t);
        return;
    }
    t->operands = (operand_t *)(((uintptr_t)(t->locals + t->locals_count) + 3) & ~(uintptr_t)3);
    t->operands_at = (uint8_t *)t->operands - WINDOW_OF(t);
    t->frame = at;
    t->pc = offset_of(t, t->at);
    tr_begin(t, A16_enter, t->pc);
    tr_put(t, 0);
    tr_put(t, first);
    tr_put(t, (at - first) >> 2);
    tr_put(t, 0);
    tr_open_body(t);
    t->phase = CODE;
}

// Gives the function its code, in its owner's granules.
static void end_body(translator_t *t) {
    if (t->at != t->stop || offset_of(t, t->at) != t->body_end) {
        tr_refuse(t);
    }
    if (t->status != 0) {
        return;
    }
    t->code[1] = t->frame;
    uint32_t cost = t->n + t->code[3] + CALL_COST;
    t->code[4] = cost < UINT16_MAX ? cost : UINT16_MAX;
    if (t->find >= 0) {
        t->status = TRANSLATE_DONE;
        return;
    }
    if (t->module->owner != 0) { // else it is only validated
        uint32_t at = arena_alloc(t->module->owner, 2 * t->n);
        if (at == 0) {
            tr_refuse(t); // the Python translator says that there is no room
            return;
        }
        memcpy(arena + at, t->code, 2 * t->n);
        AT(function_t, AT(instance_t, t->module->instance)->records)[t->index].code = at;
    }
    t->index++;
    t->body_end = t->end;
    t->phase = NEXT_BODY;
    set_stop(t);
}

// One instruction, or an entry or a way of br_table's, a group of locals, the head of a body.
static void step(translator_t *t) {
    t->work--;
    if (t->chain != 0) {
        tr_resolve_more(t);
        return;
    }
    switch (t->phase) {
        case NEXT_BODY:
            next_body(t);
            return;
        case LOCALS:
            if (t->entries > 0) {
                locals_group(t);
            } else {
                begin_code(t);
            }
            return;
        case ENTRIES:
            tr_table_entry(t);
            if (--t->entries == 0) {
                t->phase = WAYS;
            }
            return;
        case WAYS:
            if (!tr_table_way(t)) {
                t->phase = CODE;
            }
            return;
        case END:
            end_body(t);
            return;
    }
    t->pc = offset_of(t, t->at);
    tr_lower(t, tr_read_u8(t));
    if (t->entries > 0) {
        t->phase = ENTRIES;
    } else if (t->depth == 0) {
        t->phase = END;
    }
}

// For bodies.py

// Sets the pointers that are valid while a call runs.
static translator_t *translator_at(uint32_t at) {
    translator_t *t = AT(translator_t, at + WINDOW);
    const module_t *m = AT(module_t, at + WINDOW + sizeof(translator_t));
    t->module = m;
    t->functions = (const uint16_t *)(m + 1);
    t->type_at = t->functions + m->functions;
    t->type_id = t->type_at + 2 * m->types + 1;
    t->cells = t->type_id + m->types;
    t->globals = (const uint8_t *)(t->cells + m->globals);
    t->tables = t->globals + m->globals;
    t->elements = t->tables + m->tables;
    t->declared = t->elements + m->elements;
    t->strings = t->declared + (m->functions + 7) / 8;
    t->locals = AT(local_t, at + t->locals_at);
    t->operands = AT(operand_t, at + t->operands_at);
    t->code = AT(uint16_t, at + t->code_at);
    t->code_end = AT(uint16_t, at + t->size);
    t->outermost = (control_t *)t->code - 1;
    t->control = t->outermost + 1 - t->depth;
    t->at = WINDOW_OF(t) + t->position;
    return t;
}

uint32_t translate_open(uint32_t owner, uint32_t granules, const uint8_t *module, uint32_t length) {
    uint32_t locals = (WINDOW + sizeof(translator_t) + length + 7) & ~7u;
    uint32_t size = granules * GRANULE;
    if (granules > WASM_ARENA_KB || length > size || size - length < WINDOW + sizeof(translator_t) + GRANULE) {
        return 0;
    }
    uint32_t at = arena_scratch(owner, granules);
    if (at != 0) {
        translator_t *t = AT(translator_t, at + WINDOW);
        *t = (translator_t){.size = size, .locals_at = locals, .code_at = locals + ((size - locals) / 4 & ~7u)};
        memcpy(t + 1, module, length);
    }
    return at;
}

void translate_begin(uint32_t at, uint32_t index, uint32_t offset, uint32_t end, int32_t find) {
    translator_t *t = AT(translator_t, at + WINDOW);
    t->index = index;
    t->find = find;
    t->base = t->next = offset;
    t->end = t->body_end = end;
    t->position = t->filled = LEFT_OVER;
    t->phase = NEXT_BODY;
    t->status = 0;
    t->chain = 0;
    t->depth = t->entries = 0;
}

int translate(uint32_t at, uint32_t n) {
    translator_t *t = translator_at(at);
    if (n > 0 && n <= PIECE && t->filled == LEFT_OVER) {
        t->next += n;
        t->filled += n;
    }
    set_stop(t);
    t->work = WORK;
    while (t->status == 0) {
        if (t->phase == NEXT_BODY && t->index == (uint32_t)(t->module->functions - t->module->imported_functions)) {
            t->status = TRANSLATE_DONE;
        } else if (t->stop - t->at < LONGEST && offset_of(t, t->stop) < t->body_end) {
            // What is left over goes before the next piece.
            uint32_t left = t->stop - t->at;
            memmove(PIECE_OF(t) - left, t->at, left);
            t->position = LEFT_OVER - left;
            t->filled = LEFT_OVER;
            t->base = t->next;
            return TRANSLATE_READ;
        } else if (t->work <= 0) {
            break;
        } else {
            step(t);
        }
    }
    t->position = t->at - WINDOW_OF(t);
    return t->status == 0 ? TRANSLATE_AGAIN : t->status;
}
