// SPDX-License-Identifier: MIT
// Table operations (core 4.4.6). Contract: exec.h, operands: a16.csv. In pieces as bulk.c.
#include <string.h>

#include "exec.h"

#define SLOT(n) (*(uint32_t *)(void *)(fp + operands[n]))
#define PIECE (GRANULE / sizeof(uint32_t)) // references that are done and paid at once

static table_t *table_at(const instance_t *instance, uint32_t index) {
    return AT(table_t, AT(uint32_t, instance->tables)[index]);
}

static int outside(uint32_t first, uint32_t count, uint32_t size) {
    return count > size || first > size - count;
}

static uint32_t *element(const table_t *table, uint32_t index) {
    return AT(uint32_t, table->elements) + index;
}

int bulk_table_get(const instance_t *instance, const uint16_t *operands, uint8_t *fp, int32_t *fuel) {
    const table_t *table = table_at(instance, operands[0]);
    if (SLOT(1) >= table->size) {
        return TRAP_out_of_bounds_table_access;
    }
    SLOT(2) = *element(table, SLOT(1));
    return 0;
}

int bulk_table_set(const instance_t *instance, const uint16_t *operands, uint8_t *fp, int32_t *fuel) {
    const table_t *table = table_at(instance, operands[0]);
    if (SLOT(1) >= table->size) {
        return TRAP_out_of_bounds_table_access;
    }
    *element(table, SLOT(1)) = SLOT(2);
    return 0;
}

int bulk_table_size(const instance_t *instance, const uint16_t *operands, uint8_t *fp, int32_t *fuel) {
    SLOT(1) = table_at(instance, operands[0])->size;
    return 0;
}

static uint32_t room_for(const table_t *table, uint32_t capacity) {
    return capacity > sizeof(arena) / sizeof(uint32_t) ? 0 : arena_alloc(table->owner, capacity * sizeof(uint32_t));
}

uint32_t table_grow(table_t *table, uint32_t value, uint32_t delta) {
    uint32_t size = table->size;
    if (delta > table->max - size) {
        return UINT32_MAX;
    }
    uint32_t needed = size + delta;
    if (needed > table->capacity) {
        uint32_t capacity = 2 * table->capacity > needed ? 2 * table->capacity : needed;
        capacity = capacity < table->max ? capacity : table->max;
        uint32_t elements = room_for(table, capacity);
        if (elements == 0) { // what is wanted may fit where twice as much does not
            capacity = needed;
            elements = room_for(table, capacity);
        }
        if (elements == 0) {
            return UINT32_MAX;
        }
        memcpy(arena + elements, arena + table->elements, size * sizeof(uint32_t));
        table->elements = elements;
        table->capacity = capacity;
    }
    table->size = needed;
    for (uint32_t *at = element(table, size); delta > 0; delta--) {
        *at++ = value;
    }
    return size;
}

int bulk_table_grow(const instance_t *instance, const uint16_t *operands, uint8_t *fp, int32_t *fuel) {
    table_t *table = table_at(instance, operands[0]);
    if (*fuel <= 0) {
        return CUT;
    }
    uint32_t delta = SLOT(2), room = table->max - table->size, place = table->elements;
    SLOT(3) = table_grow(table, SLOT(1), delta);
    if (delta == 0 || delta > room || delta > sizeof(arena) / sizeof(uint32_t)) {
        *fuel -= REFUSED_COST;
    } else { // all that is there may have been moved
        uint32_t written = place != table->elements ? table->size : delta;
        *fuel -= (int32_t)(PIECE_COST * (1 + written / PIECE));
    }
    return 0;
}

int bulk_table_fill(const instance_t *instance, const uint16_t *operands, uint8_t *fp, int32_t *fuel) {
    const table_t *table = table_at(instance, operands[0]);
    uint32_t *to = &SLOT(1), *count = &SLOT(3);
    if (outside(*to, *count, table->size)) {
        return TRAP_out_of_bounds_table_access;
    }
    while (*count > 0) {
        uint32_t n = bulk_piece(count, PIECE, fuel);
        if (n == 0) {
            return CUT;
        }
        for (; n > 0; n--) {
            *element(table, (*to)++) = SLOT(2);
        }
    }
    return 0;
}

int bulk_table_copy(const instance_t *instance, const uint16_t *operands, uint8_t *fp, int32_t *fuel) {
    const table_t *table = table_at(instance, operands[0]), *source = table_at(instance, operands[1]);
    uint32_t *to = &SLOT(2), *from = &SLOT(3), *count = &SLOT(4);
    if (outside(*to, *count, table->size) || outside(*from, *count, source->size)) {
        return TRAP_out_of_bounds_table_access;
    }
    int backward = *to > *from;
    while (*count > 0) {
        uint32_t n = bulk_piece(count, PIECE, fuel);
        if (n == 0) {
            return CUT;
        }
        uint32_t rest = backward ? *count : 0;
        memmove(element(table, *to + rest), element(source, *from + rest), n * sizeof(uint32_t));
        if (!backward) {
            *to += n;
            *from += n;
        }
    }
    return 0;
}

int bulk_table_init(const instance_t *instance, const uint16_t *operands, uint8_t *fp, int32_t *fuel) {
    const table_t *table = table_at(instance, operands[0]);
    const segment_t *segment = AT(segment_t, instance->elements) + operands[1];
    uint32_t *to = &SLOT(2), *from = &SLOT(3), *count = &SLOT(4);
    if (outside(*to, *count, table->size) || outside(*from, *count, segment->size)) {
        return TRAP_out_of_bounds_table_access;
    }
    while (*count > 0) {
        uint32_t n = bulk_piece(count, PIECE, fuel);
        if (n == 0) {
            return CUT;
        }
        memcpy(element(table, *to), AT(uint32_t, segment->at) + *from, n * sizeof(uint32_t));
        *to += n;
        *from += n;
    }
    return 0;
}

int bulk_elem_drop(const instance_t *instance, const uint16_t *operands, uint8_t *fp, int32_t *fuel) {
    AT(segment_t, instance->elements)[operands[0]].size = 0;
    return 0;
}
