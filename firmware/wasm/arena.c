// SPDX-License-Identifier: MIT
// Granules and their owners. Contract: exec.h.
#include <string.h>

#include "a16.h"
#include "exec.h"

uint8_t arena[WASM_ARENA_KB * GRANULE] __attribute__((aligned(8)));

// The address sanitizer sees who reads or writes a granule that nobody owns, and while a guest runs, or the host is in
// its memory, one of another owner's.
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define CLOSE_GRANULES(first, count) ASAN_POISON_MEMORY_REGION(arena + (first)*GRANULE, (count)*GRANULE)
#define OPEN_GRANULES(first, count) ASAN_UNPOISON_MEMORY_REGION(arena + (first)*GRANULE, (count)*GRANULE)
#else
#define CLOSE_GRANULES(first, count)
#define OPEN_GRANULES(first, count)
#endif

typedef struct {
    uint16_t limit; // granules; 0: nobody has this number
    uint16_t used, peak;
    uint32_t next, end; // the rest of the run that records are cut from
} owner_t;

typedef struct {
    uint16_t done, leave;       // code of the two stubs
    owner_t owners[MAX_OWNERS]; // owner n is owners[n - 1]
    uint8_t owner_of[WASM_ARENA_KB];
} header_t;

_Static_assert(sizeof(header_t) <= GRANULE, "the header is one granule");
#define HEADER AT(header_t, GRANULE)
#define SYSTEM (0xff)

uint8_t *arena_start(void) {
    return arena;
}

void arena_reset(void) {
    OPEN_GRANULES(0, WASM_ARENA_KB);
    memset(arena, 0, sizeof(arena));
    CLOSE_GRANULES(2, WASM_ARENA_KB - 2);
    HEADER->owner_of[0] = HEADER->owner_of[1] = SYSTEM;
    HEADER->done = exec_handler(A16_done);
    HEADER->leave = exec_handler(A16_leave);
}

#if defined(__SANITIZE_ADDRESS__)
static int others_closed;

int arena_close_others(uint32_t at, uint32_t too) {
    if (others_closed) {
        return 0;
    }
    uint8_t owner = HEADER->owner_of[at / GRANULE], other = HEADER->owner_of[too / GRANULE];
    for (size_t i = 2; i < WASM_ARENA_KB; i++) {
        if (HEADER->owner_of[i] != owner && HEADER->owner_of[i] != other) {
            CLOSE_GRANULES(i, 1);
        }
    }
    return others_closed = 1;
}

void arena_open_others(int closed) {
    for (size_t i = 2; closed && i < WASM_ARENA_KB; i++) {
        if (HEADER->owner_of[i] != 0) {
            OPEN_GRANULES(i, 1);
        }
    }
    others_closed &= !closed;
}
#endif

uint32_t arena_done_stub(void) {
    return GRANULE + offsetof(header_t, done);
}

static owner_t *owner_at(uint32_t owner) {
    return &HEADER->owners[owner - 1];
}

uint32_t arena_claim(uint32_t limit) {
    for (uint32_t owner = 1; owner <= MAX_OWNERS; owner++) {
        if (owner_at(owner)->limit == 0) {
            *owner_at(owner) = (owner_t){.limit = limit < UINT16_MAX ? limit : UINT16_MAX};
            return owner;
        }
    }
    return 0;
}

// Free granules are cleared: an unloaded component leaves nothing of itself.
static void give(uint32_t first, uint32_t count) {
    memset(HEADER->owner_of + first, 0, count);
    memset(arena + first * GRANULE, 0, count * GRANULE);
    CLOSE_GRANULES(first, count);
}

void arena_release(uint32_t owner) {
    for (size_t i = 0; i < WASM_ARENA_KB; i++) {
        if (HEADER->owner_of[i] == owner) {
            give(i, 1);
        }
    }
    memset(owner_at(owner), 0, sizeof(owner_t));
}

uint32_t arena_used(uint32_t owner) {
    if (owner != 0) {
        return owner_at(owner)->used;
    }
    uint32_t n = 0;
    for (size_t i = 0; i < WASM_ARENA_KB; i++) {
        n += HEADER->owner_of[i] == 0;
    }
    return n;
}

uint32_t arena_peak(uint32_t owner) {
    return owner_at(owner)->peak;
}

uint32_t arena_allowed(uint32_t owner) {
    return owner_at(owner)->limit - owner_at(owner)->used;
}

static int all_free(uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; i++) {
        if (i >= WASM_ARENA_KB || HEADER->owner_of[i] != 0) {
            return 0;
        }
    }
    return 1;
}

// Gives the owner count granules in a row, at hint if they are free there. Returns the
// first, or 0.
static uint32_t take(uint32_t owner, uint32_t count, uint32_t hint) {
    owner_t *o = owner_at(owner);
    if (count > arena_allowed(owner)) {
        return 0;
    }
    uint32_t first = hint;
    if (hint == 0 || !all_free(hint, count)) {
        for (first = 1; first < WASM_ARENA_KB && !all_free(first, count); first++) {
        }
        if (first == WASM_ARENA_KB) {
            return 0;
        }
    }
    memset(HEADER->owner_of + first, owner, count);
    OPEN_GRANULES(first, count);
    o->used += count;
    o->peak = o->used > o->peak ? o->used : o->peak;
    return first;
}

uint32_t arena_left(uint32_t owner) {
    uint32_t allowed = arena_allowed(owner), free = arena_used(0);
    return allowed < free ? allowed : free;
}

uint32_t arena_row(uint32_t owner, uint32_t count, uint32_t reserve) {
    uint32_t left = arena_left(owner);
    if (count > left || reserve > left - count) {
        return 0;
    }
    return take(owner, count, 0) * GRANULE;
}

uint32_t arena_longer(uint32_t owner, uint32_t at, uint32_t count, uint32_t more) {
    owner_t *o = owner_at(owner);
    uint32_t first = at / GRANULE;
    if (more > arena_allowed(owner)) {
        return 0;
    }
    if (all_free(first + count, more)) {
        take(owner, more, first + count);
        return at;
    }
    // Moving needs both rows for a moment, which the limit does not forbid.
    o->used -= count;
    uint32_t there = take(owner, count + more, 0);
    if (there == 0) {
        o->used += count;
        return 0;
    }
    memcpy(arena + there * GRANULE, arena + at, count * GRANULE);
    give(first, count);
    return there * GRANULE;
}

uint32_t arena_granule(uint32_t owner) {
    return take(owner, 1, 0);
}

// As far from everybody's records as can be, so that their runs can go on while it is there.
uint32_t arena_scratch(uint32_t owner, uint32_t count) {
    for (uint32_t first = WASM_ARENA_KB - 1; first > 1; first--) {
        if (all_free(first, count)) {
            return take(owner, count, first) * GRANULE;
        }
    }
    return 0;
}

uint32_t arena_alloc(uint32_t owner, uint32_t size) {
    owner_t *o = owner_at(owner);
    if (size > sizeof(arena)) {
        return 0;
    }
    size = (size + 7) & ~7u;
    uint32_t rest = o->end - o->next;
    if (size > rest) {
        // The run goes on if what follows is free; else a new run, and the rest of this is lost.
        uint32_t more = (size - rest + GRANULE - 1) / GRANULE;
        uint32_t here = o->end / GRANULE;
        if (here == 0 || !all_free(here, more)) {
            more = (size + GRANULE - 1) / GRANULE;
            here = 0;
        }
        uint32_t first = take(owner, more, here);
        if (first == 0) {
            return 0;
        }
        if (here == 0) {
            o->next = first * GRANULE;
        }
        o->end = (first + more) * GRANULE;
    }
    uint32_t at = o->next;
    o->next += size;
    return at;
}
