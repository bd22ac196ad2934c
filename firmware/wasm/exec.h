// SPDX-License-Identifier: MIT
// The engine's contract: what lies in the arena, and how a run ends.
//
// Everything that a guest causes to exist lives in one arena and is named by its byte offset
// there, so that nothing in it is a C pointer and any instance may run between two slices.
//
//   granule 0   never written: the zero granule. Offset 0 serves as the memory of an instance
//               without memory (0 bytes), as the leaf of an untouched page, as null.
//   granule 1   owners, stubs (arena.c)
//   the rest    granules given to owners; inside them, records bump-allocated
//
// A frame is a row of 4-byte slots: parameters, locals, operands. Frames grow up; return records
// (ip, fp) grow down from the other end of the same stack.
#pragma once
// GCC 12 for Cortex-M0 lets a caller keep a value in a register that the callee's epilogue pops into.
#pragma GCC optimize("no-ipa-ra")
#include <stddef.h>
#include <stdint.h>

#ifndef WASM_ARENA_KB
#define WASM_ARENA_KB (96)
#endif

// Cortex-M0 pays in flash for each instruction that others have spare: there seldom operations share what they can.
#if !defined(WASM_SMALL)
#if defined(__thumb__) && !defined(__thumb2__)
#define WASM_SMALL (1)
#else
#define WASM_SMALL (0)
#endif
#endif

#define GRANULE (1024)
#define PAGE (65536)
#define LEAF (64)       // granules in a page, one byte each
#define MAX_MAP (65535) // pages in a memory's address space; what it may touch is its owner's limit
#define MAX_OWNERS (40)

_Static_assert(WASM_ARENA_KB >= 4 && WASM_ARENA_KB <= 255, "a granule's number is one byte");

// Hidden: in a shared library too it is found without indirection.
extern uint8_t arena[WASM_ARENA_KB * GRANULE] __attribute__((visibility("hidden")));

#define OFFSET(pointer) ((uint32_t)((const uint8_t *)(pointer)-arena))
#define AT(type, offset) ((type *)(void *)(arena + (offset)))

enum { RUN_DONE, RUN_TRAP, RUN_HOST_CALL, RUN_OUT_OF_FUEL };

enum {
#define TRAP(code, name, text) TRAP_##name = code,
#include "traps.h"
#undef TRAP
};

typedef struct __attribute__((may_alias)) {
    uint32_t ip; // next halfword of code; at a trap, the operation that trapped
    uint32_t fp; // frame of the running function
    uint32_t rp; // newest return record
    uint32_t instance;
    uint32_t detail; // trap code, or number of the host function
    uint32_t args;   // RUN_HOST_CALL: the first argument's slot; results go there too
    uint32_t fuel;   // what the last slice left over, signed: less than 0 is owed
} state_t;

// Where a call by the host begins, on the stack: a return record to the stub `done`, and the state of the run around
// it.
typedef struct __attribute__((may_alias)) {
    uint32_t done, at;
    uint32_t ip, fp, instance;
    uint32_t unused; // records are 8-aligned
} entry_t;

typedef struct __attribute__((may_alias)) {
    uint32_t memory;   // memory_t, or 0
    uint32_t records;  // function_t of the functions that the module defines
    uint32_t imports;  // uint32_t: function_t of each imported function
    uint32_t tables;   // uint32_t: table_t of each table
    uint32_t globals;  // uint32_t cells; an imported global's cell holds the offset of its own
    uint32_t data;     // segment_t of each data segment
    uint32_t elements; // segment_t of each element segment
} instance_t;

typedef struct __attribute__((may_alias)) {
    uint32_t at;   // bytes, or a word for each reference
    uint32_t size; // of them; 0: dropped
} segment_t;

typedef struct __attribute__((may_alias)) {
    uint32_t code;     // first operation; 0: a host function
    uint32_t instance; // or the host function's number
    uint32_t type;     // equal exactly for equal types of one store
} function_t;

typedef struct __attribute__((may_alias)) {
    uint32_t size, max;
    uint32_t elements; // uint32_t[capacity]: function_t, or a host's number + 1; 0 is null
    uint32_t owner, capacity;
} table_t;

// Dense: its bytes lie in a row from `base` on. Sparse: uint16_t pages[map] says where each page's leaf lies, in units
// of 8 bytes from the arena's start; a leaf's bytes are the numbers of LEAF granules. Zeros lead to the zero granule:
// a page that nobody wrote costs 2 bytes.
typedef struct __attribute__((may_alias)) {
    uint32_t bytes; // current size
    uint32_t max;   // in its own pages
    uint32_t pages; // 0: dense, or nothing was ever in it
    uint32_t owner;
    uint32_t base;
    uint32_t shift; // a page of its own is 1 << shift bytes
    uint32_t map;
    uint32_t first; // of the map's pages that it grew by
} memory_t;

#define LEAF_AT(entry) (arena + 8 * (entry))

// arena.c
uint8_t *arena_start(void);
void arena_reset(void);
uint32_t arena_claim(uint32_t limit);                   // a new owner, or 0
void arena_release(uint32_t owner);                     // all that it owns
uint32_t arena_alloc(uint32_t owner, uint32_t size);    // cleared, 8-aligned; 0: out of memory
uint32_t arena_granule(uint32_t owner);                 // a cleared granule's number, or 0
uint32_t arena_scratch(uint32_t owner, uint32_t count); // offset of granules in a row at the arena's end, or 0
uint32_t arena_used(uint32_t owner);                    // granules; owner 0: the free ones
uint32_t arena_peak(uint32_t owner);                    // the most granules that it has had
uint32_t arena_allowed(uint32_t owner);                 // granules that its limit leaves
uint32_t arena_left(uint32_t owner);                    // granules that it could still get: so many are free, too
#if defined(__SANITIZE_ADDRESS__)
// Nobody may touch granules of others than the owners of these two offsets, until arena_open_others() gets the result.
int arena_close_others(uint32_t at, uint32_t too);
void arena_open_others(int closed);
#else
#define arena_close_others(at, too) (0)
#define arena_open_others(closed) ((void)(closed))
#endif
uint32_t arena_done_stub(void); // where the code of `done` lies
// Whole granules in a row, cleared: their first byte's offset, or 0.
uint32_t arena_row(uint32_t owner, uint32_t count, uint32_t reserve);              // leaves `reserve` for the rest
uint32_t arena_longer(uint32_t owner, uint32_t at, uint32_t count, uint32_t more); // in place, or moved

// memory.c
uint32_t memory_new(uint32_t owner, uint32_t least, uint32_t most, uint32_t shift, uint32_t reserve); // memory_t, or 0
uint32_t memory_grow(memory_t *memory, uint32_t delta);       // pages before, or UINT32_MAX
uint8_t *memory_at(const memory_t *memory, uint32_t address); // to read, up to the granule's end
uint8_t *memory_touch(memory_t *memory, uint32_t address);    // to write too, or NULL: out of memory
int memory_outside(const memory_t *memory, uint32_t address, size_t size);
enum { LOAD_SIZE = 15, LOAD_SIGNED = 16, LOAD_PAIR_OF_SLOTS = 32 }; // kind: bytes and flags
int memory_load(const memory_t *memory, uint32_t address, uint32_t offset, uint32_t kind, uint32_t *to); // 0 or a trap
int memory_store(memory_t *memory, uint32_t address, uint32_t offset, uint32_t size, const uint32_t *from);
int memory_read(const memory_t *memory, uint32_t address, uint8_t *to, size_t size);
int memory_write(memory_t *memory, uint32_t address, const uint8_t *from, size_t size); // 0 or a trap

// bulk.c, table.c: operations of an instance with operands in the code, slots in the frame fp. They return 0, a trap
// code, or CUT when the fuel was used up: then the slots count what is left to do.
#define CUT (-1)
typedef int bulk_t(const instance_t *instance, const uint16_t *operands, uint8_t *fp, int32_t *fuel);
bulk_t bulk_memory_copy, bulk_memory_fill, bulk_memory_init, bulk_memory_grow, bulk_data_drop;
bulk_t bulk_table_get, bulk_table_set, bulk_table_size, bulk_table_grow, bulk_table_fill, bulk_table_copy;
bulk_t bulk_table_init, bulk_elem_drop;
uint32_t table_grow(table_t *table, uint32_t value, uint32_t delta); // size before, or UINT32_MAX
#define PIECE_COST (128)  // halfwords of code that take about as long as copying a granule
#define CALL_COST (8)     // what calling and returning takes longer than their code is: a part of what `enter` charges
#define REFUSED_COST (16) // of a memory.grow or table.grow that has nothing to do
int bulk_piece(uint32_t *count, uint32_t most, int32_t *fuel); // pays for what is done at once; 0: cut

// floats.c
uint64_t float_round(uint64_t x, uint32_t format, uint32_t mode); // FLOAT_…, to an integer
uint64_t float_sqrt(uint64_t x, uint32_t format);
int float_truncate(uint32_t kind, const uint32_t *from, uint32_t *to); // 0 or a trap

// exec.c
uint16_t exec_handler(uint32_t operation);  // the first halfword of an A16 operation
int exec_run(state_t *state, int32_t fuel); // RUN_…
// A call by the host, of a guest's function: its frame is at `at`, arguments up to `end`; and what ends it, however far
// it came. The offset of its entry_t, or 0: call stack exhausted.
uint32_t exec_enter(state_t *state, const function_t *function, uint32_t at, uint32_t end);
void exec_leave(state_t *state, uint32_t entry);
