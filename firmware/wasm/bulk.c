// SPDX-License-Identifier: MIT
// Bulk memory operations (core 4.4.7). Contract: exec.h, operands: a16.csv.
//
// Bounds are checked before anything is written. A granule's worth is done and paid at once, so that a slice stays
// short; the operation is then entered again with slots that count what is left. Zeros that go to a granule that
// nobody wrote leave it unwritten: clearing memory costs none.
#include <string.h>

#include "exec.h"

#define SLOT(n) (*(uint32_t *)(void *)(fp + operands[n]))

int bulk_piece(uint32_t *count, uint32_t most, int32_t *fuel) {
    if (*fuel <= 0) {
        return 0;
    }
    *fuel -= PIECE_COST;
    uint32_t n = *count < most ? *count : most;
    *count -= n;
    return n;
}

static int untouched(const uint8_t *at) {
    return at < arena + GRANULE;
}

static uint32_t least(uint32_t x, uint32_t y) {
    return x < y ? x : y;
}

int bulk_memory_fill(const instance_t *instance, const uint16_t *operands, uint8_t *fp, int32_t *fuel) {
    memory_t *memory = AT(memory_t, instance->memory);
    uint32_t *to = &SLOT(0), *count = &SLOT(2);
    uint8_t value = SLOT(1);
    if (memory_outside(memory, *to, *count)) {
        return TRAP_out_of_bounds_memory_access;
    }
    while (*count > 0) {
        uint32_t n = bulk_piece(count, GRANULE, fuel);
        if (n == 0) {
            return CUT;
        }
        while (n > 0) {
            uint32_t part = least(n, GRANULE - *to % GRANULE);
            if (value != 0 || !untouched(memory_at(memory, *to))) {
                uint8_t *at = memory_touch(memory, *to);
                if (at == NULL) {
                    return TRAP_out_of_memory;
                }
                memset(at, value, part);
            }
            *to += part;
            n -= part;
        }
    }
    return 0;
}

// Copies within one memory, from its end on if backward. Returns 0: out of memory.
static int copy(memory_t *memory, uint32_t to, uint32_t from, uint32_t n, int backward) {
    while (n > 0) {
        uint32_t part, rest = 0;
        if (backward) {
            part = least(n, least((to + n - 1) % GRANULE, (from + n - 1) % GRANULE) + 1);
            rest = n - part;
        } else {
            part = least(n, GRANULE - (to % GRANULE > from % GRANULE ? to : from) % GRANULE);
        }
        const uint8_t *source = memory_at(memory, from + rest);
        if (!untouched(source) || !untouched(memory_at(memory, to + rest))) {
            uint8_t *at = memory_touch(memory, to + rest);
            if (at == NULL) {
                return 0;
            }
            memmove(at, source, part);
        }
        if (!backward) {
            to += part;
            from += part;
        }
        n -= part;
    }
    return 1;
}

int bulk_memory_copy(const instance_t *instance, const uint16_t *operands, uint8_t *fp, int32_t *fuel) {
    memory_t *memory = AT(memory_t, instance->memory);
    uint32_t *to = &SLOT(0), *from = &SLOT(1), *count = &SLOT(2);
    if (memory_outside(memory, *to, *count) || memory_outside(memory, *from, *count)) {
        return TRAP_out_of_bounds_memory_access;
    }
    int backward = *to > *from;
    while (*count > 0) {
        uint32_t n = bulk_piece(count, GRANULE, fuel);
        if (n == 0) {
            return CUT;
        }
        uint32_t rest = backward ? *count : 0;
        if (!copy(memory, *to + rest, *from + rest, n, backward)) {
            return TRAP_out_of_memory;
        }
        if (!backward) {
            *to += n;
            *from += n;
        }
    }
    return 0;
}

int bulk_memory_init(const instance_t *instance, const uint16_t *operands, uint8_t *fp, int32_t *fuel) {
    memory_t *memory = AT(memory_t, instance->memory);
    const segment_t *segment = AT(segment_t, instance->data) + operands[0];
    uint32_t *to = &SLOT(1), *from = &SLOT(2), *count = &SLOT(3);
    if (memory_outside(memory, *to, *count) || *count > segment->size || *from > segment->size - *count) {
        return TRAP_out_of_bounds_memory_access;
    }
    while (*count > 0) {
        uint32_t n = bulk_piece(count, GRANULE, fuel);
        if (n == 0) {
            return CUT;
        }
        int trap = memory_write(memory, *to, arena + segment->at + *from, n);
        if (trap != 0) {
            return trap;
        }
        *to += n;
        *from += n;
    }
    return 0;
}

int bulk_memory_grow(const instance_t *instance, const uint16_t *operands, uint8_t *fp, int32_t *fuel) {
    memory_t *memory = AT(memory_t, instance->memory);
    if (*fuel <= 0) {
        return CUT;
    }
    uint32_t delta = SLOT(0), room = memory->max - (memory->bytes >> memory->shift);
    uint32_t place = memory->base | memory->pages; // one of them is 0
    SLOT(1) = memory_grow(memory, delta);
    if (delta == 0 || delta > room) {
        *fuel -= REFUSED_COST;
    } else { // free granules were counted; all that is there, or its map, may have been moved
        uint32_t moved = memory->base != 0 ? memory->bytes : 2 * memory->map;
        moved = place != (memory->base | memory->pages) ? moved / GRANULE : 0;
        *fuel -= (int32_t)(PIECE_COST * (1 + moved));
    }
    return 0;
}

int bulk_data_drop(const instance_t *instance, const uint16_t *operands, uint8_t *fp, int32_t *fuel) {
    AT(segment_t, instance->data)[operands[0]].size = 0;
    return 0;
}
