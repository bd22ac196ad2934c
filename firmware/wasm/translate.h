// SPDX-License-Identifier: MIT
// Validates function bodies and translates them to A16, the twin of wasmote/wasm/translate.py.
//
// Only ever says yes: what it refuses, or has no room for, the Python translator translates again, which then says
// why. So there are no texts here, and no offsets. For every body that both accept, the code is the same.
//
// The caller owns a run of granules, the scratch, and gives the code section's bytes in pieces:
//
//   window, translator_t, module_t and its lists, locals, operands (up), control frames (down), code (up)
//
// The scratch keeps offsets between two calls; the pointers in translator_t are set anew at the start of each.
#pragma once
#include <stdint.h>

#include "exec.h"

enum { TRANSLATE_READ, TRANSLATE_AGAIN, TRANSLATE_DONE, TRANSLATE_REFUSED, TRANSLATE_FULL };

#define LEFT_OVER (32)
#define PIECE (512)
#define WINDOW (LEFT_OVER + PIECE) // what an earlier piece left over lies before the piece
#define LONGEST (24) // no instruction, br_table's entries aside, is longer: 0xfc and three integers of 5 bytes
#define MAX_FRAME (0xff00)
#define MAX_CODE (0xff00) // halfwords
#define MAX_LOCALS (0x3fc0)
#define MAX_ARITY (128) // parameters, and results, of a function type: every instruction that passes them visits each
#define MAX_PAID (4096) // units of fuel that one `pay` charges

enum { I32 = 0x7f, I64 = 0x7e, F32 = 0x7d, F64 = 0x7c, FUNCREF = 0x70, EXTERNREF = 0x6f, ANY = 0 };

// Value types in a row: where they begin in the module's string of types | how many << 16.
typedef uint32_t types_t;

enum { NO_MEMORY, SPARSE_MEMORY, DENSE_MEMORY };

// What bodies.py packs of a module. Lists follow, in this order:
//
//   uint16_t functions[]       type of each
//   uint16_t type_at[2n + 1]   type i: its parameters begin at type_at[2i], its results at type_at[2i + 1]
//   uint16_t type_id[]         what call_indirect compares
//   uint16_t cells[]           of globals, in words
//   uint8_t  globals[]         value type, and 0x80 if mutable
//   uint8_t  tables[]          reference type
//   uint8_t  elements[]        reference type
//   uint8_t  declared[]        bit x: function x may be named by ref.func
//   uint8_t  strings[]         of types; begins with the six value types in the order of `single` in translate.c
typedef struct __attribute__((may_alias)) {
    uint32_t instance;    // instance_t
    uint32_t owner;       // whose granules the code goes to
    uint32_t memory;      // bytes that the memory has at least, UINT32_MAX for all
    uint16_t memory_kind; // NO_MEMORY, …
    uint16_t functions, imported_functions, types, globals, imported_globals, tables, elements;
    uint16_t data; // 1 + number of segments as counted before the code; 0: not counted
    uint16_t strings;
} module_t;

typedef struct {
    uint16_t slot; // byte offset in the frame
    uint16_t head; // index + 1 of the uppermost operand that is still in this local
    uint16_t type;
} local_t;

// See emit.py: where an operand is until something takes it.
enum { SLOT, LOCAL, CONST, PENDING };
typedef struct {
    uint32_t low; // LOCAL: its index; CONST: the value
    union {
        uint32_t high;
        struct {
            uint16_t below, above; // LOCAL: index + 1 of the next ones in it; above is valid unless it is the uppermost
        };
    };
    uint16_t slot; // byte offset of its home
    uint8_t type, kind;
} operand_t;

enum { BODY, BLOCK = 2, LOOP, IF };
enum { WAS_DEAD = 1, ENDLESS = 2, HAS_ELSE = 4 };
typedef struct {
    types_t params, results;
    uint16_t height;    // operands below it
    uint16_t slot;      // home of the first above: where a branch's operands go
    uint16_t label;     // loop: position of its start; else chain of the branches to its end
    uint16_t otherwise; // if: chain of the branch to its else
    uint16_t way;       // br_table: chain of the entries that have to carry operands here first
    uint16_t next_way;  // depth + 1 of the next one with such a chain
    uint8_t kind, flags;
} control_t;

enum { NO_RELATION = -1, EQZ = -2 };
enum { NOTHING = 0xffff }; // last_op where a label is: what comes next is no pair with what came before

// Bytes, halfwords and words in the order that lets Cortex-M0 reach the frequent ones with the shortest instructions.
typedef struct __attribute__((may_alias)) {
    uint32_t index; // function that is being translated, imported ones not counted
    uint32_t found; // see find: its offset in the file

    int8_t p_relation;
    uint8_t p_acc, p_mode, p_count, phase, dead, status;

    uint16_t sp, depth, locals_count, params;
    uint16_t settled; // operands below are at home
    int16_t pending;  // operand whose operation is not emitted yet, or -1
    uint16_t p_op, p_operand[4];
    uint16_t last, last_op;       // where the operation emitted last begins, and which it is: some pairs become one
    uint16_t last_to;             // where it puts its result, if it was the pending one
    uint16_t paid;                // where the last `pay` since a label counts its units, or 0
    uint16_t first_way, last_way; // depth + 1
    uint16_t position;            // of the next byte in the window
    uint16_t filled;              // up to here it is

    // While a call runs.
    const uint8_t *at, *stop;
    operand_t *operands;
    control_t *control;
    uint16_t *code, *code_end;
    local_t *locals;
    const module_t *module;

    uint16_t chain; // what tr_resolve left over, and where it leads
    uint32_t chain_to;
    uint32_t n;        // halfwords of code
    uint32_t top;      // byte offset of the next home
    uint32_t frame;    // bytes
    uint32_t pc, p_pc; // of the instruction, of the pending one
    int32_t work;      // left of this call
    uint32_t entries;  // to come: groups of locals, or entries of br_table
    types_t wanted;    // of br_table's labels: what the last one takes
    int32_t arity;     // of all of them; -1: not known yet
    int32_t find;      // locate: position in the code whose instruction is wanted, of this body only; or -1
    uint32_t base;     // offset in the file of the piece's first byte
    uint32_t next;     // of the first byte after it
    uint32_t body_end; // of the body, or of the section between two bodies
    uint32_t end;      // of the section
    uint32_t size;     // of the scratch
    uint32_t locals_at, operands_at, code_at; // from the scratch's start

    control_t *outermost;
    const uint16_t *functions, *type_at, *type_id, *cells;
    const uint8_t *globals, *tables, *elements, *declared, *strings;
} translator_t;

// For bodies.py. A scratch of an owner's, in which bodies of this module are translated: its offset, or 0.
uint32_t translate_open(uint32_t owner, uint32_t granules, const uint8_t *module, uint32_t length);
// Next: the bodies from the index-th on, whose size lies at this offset in the file; `end`: of the section. find: -1.
void translate_begin(uint32_t scratch, uint32_t index, uint32_t offset, uint32_t end, int32_t find);
// Goes on with n more bytes, which were put at scratch + LEFT_OVER; n is not 0 only after TRANSLATE_READ.
int translate(uint32_t scratch, uint32_t n);

// The prefix tr_: these names are all of the firmware's.

// translate_emit.c: operands and code
int tr_fail(translator_t *t, int status);
int tr_refuse(translator_t *t);
void tr_push(translator_t *t, uint32_t type, uint32_t kind, int32_t value);
void tr_push_constant(translator_t *t, uint32_t type, int64_t value);
void tr_drop_to(translator_t *t, uint32_t height);
void tr_start(translator_t *t, uint32_t op);
void tr_begin(translator_t *t, uint32_t op, uint32_t pc);
void tr_replace_last(translator_t *t, uint32_t op);
void tr_put(translator_t *t, uint32_t halfword);
void tr_defer(translator_t *t, uint32_t type, uint32_t op, int has_acc);
void tr_operand(translator_t *t, uint32_t halfword);
void tr_finish(translator_t *t, uint32_t op);
void tr_flush(translator_t *t);
int tr_in_acc(translator_t *t, int i);
int tr_is_pending(translator_t *t, int i);
int tr_is_sum(translator_t *t, int i);
int tr_is_short(translator_t *t, int i);
void tr_home(translator_t *t, int i);
void tr_home_from(translator_t *t, uint32_t height);
uint32_t tr_slot_of(translator_t *t, int i);
void tr_move_to(translator_t *t, int i, uint32_t slot);
void tr_save_local(translator_t *t, uint32_t x);
void tr_pay(translator_t *t, uint32_t units);
void tr_label(translator_t *t);
void tr_resolve(translator_t *t, uint32_t chain);
void tr_resolve_more(translator_t *t);
void tr_put_back(translator_t *t, uint32_t target);
void tr_put_label(translator_t *t, uint16_t *chain);

// translate_control.c: types of operands, blocks
int tr_pop(translator_t *t, uint32_t want);
void tr_pop_types(translator_t *t, types_t types);
void tr_push_types(translator_t *t, types_t types);
void tr_check_types(translator_t *t, types_t types);
void tr_die(translator_t *t);
void tr_open_body(translator_t *t);
void tr_lower_control(translator_t *t, uint32_t op);

// translate_branch.c: branches, calls
extern const uint8_t translate_inverse[10];
void tr_branch_on(translator_t *t, int i, int inverse, int back);
void tr_carry(translator_t *t, const control_t *to, types_t types);
void tr_branch(translator_t *t, uint32_t depth);
void tr_branch_if(translator_t *t);
void tr_begin_entries(translator_t *t);
void tr_table_entry(translator_t *t);
int tr_table_way(translator_t *t);
void tr_call(translator_t *t);
void tr_call_indirect(translator_t *t);

// translate_lower.c: all other instructions
enum {
#define SHAPE(name) SHAPE_##name,
#include "opcodes.h"
#undef SHAPE
};
void tr_lower(translator_t *t, uint32_t op);
int tr_is_dead(translator_t *t, uint32_t result);
uint32_t tr_read_index(translator_t *t, uint32_t count);

// translate_memory.c: of memories, references and tables
void tr_load(translator_t *t, uint32_t row);
void tr_store(translator_t *t, uint32_t row);
void tr_ref_func(translator_t *t);
void tr_in_slots(translator_t *t, uint32_t number, uint32_t types, int32_t x);
int tr_lower_indexed(translator_t *t, uint32_t shape);

// A row of the table in translate_lower.c
static inline uint32_t shape_of(uint32_t row) {
    return row & 0x3f;
}

static inline uint32_t number_of(uint32_t row) {
    return row >> 6 & 0x3ff;
}

#define NO_TYPE (0x78)

static inline uint32_t first_type(uint32_t row) {
    return NO_TYPE | (row >> 21 & 7);
}

// Of operations of numbers; those of memories have the width there.
static inline uint32_t fuel_of(uint32_t row) {
    return row >> 30 == 0 ? 0 : 16u << (row >> 30);
}

static inline uint32_t result_of(uint32_t row) {
    return NO_TYPE | (row >> 27 & 7);
}

// translate.c: bytes
uint32_t tr_read_u8(translator_t *t);
uint32_t tr_read_u32(translator_t *t);
int64_t tr_read_signed(translator_t *t, uint32_t last, uint32_t high);
uint32_t tr_read_valtype(translator_t *t);

static inline int is_wide(uint32_t type) {
    return type == I64 || type == F64;
}

static inline uint32_t count_of(types_t types) {
    return types >> 16;
}

static inline const uint8_t *string_of(const translator_t *t, types_t types) {
    return t->strings + (types & 0xffff);
}

static inline types_t params_of(const translator_t *t, uint32_t type) {
    const uint16_t *at = t->type_at + 2 * type;
    return at[0] | (uint32_t)(at[1] - at[0]) << 16;
}

static inline types_t results_of(const translator_t *t, uint32_t type) {
    const uint16_t *at = t->type_at + 2 * type;
    return at[1] | (uint32_t)(at[2] - at[1]) << 16;
}
