// SPDX-License-Identifier: MIT
// Linear memories (core 4.2.8), sparse. Contract: exec.h.
#include <string.h>

#include "exec.h"

uint32_t memory_new(uint32_t owner, uint32_t pages, uint32_t max) {
    max = max < MAX_PAGES ? max : MAX_PAGES;
    uint32_t at = arena_alloc(owner, sizeof(memory_t));
    if (at == 0 || pages > max) {
        return 0;
    }
    uint32_t map = arena_alloc(owner, 2 * max);
    if (map == 0) {
        return 0;
    }
    *AT(memory_t, at) = (memory_t){.bytes = pages * PAGE, .max = max, .pages = map, .owner = owner};
    return at;
}

uint32_t memory_grow(memory_t *memory, uint32_t delta) {
    uint32_t pages = memory->bytes / PAGE;
    if (delta > memory->max - pages) {
        return UINT32_MAX;
    }
    memory->bytes += delta * PAGE;
    return pages;
}

static uint8_t *leaf_entry(const memory_t *memory, uint32_t address) {
    return LEAF_AT(AT(uint16_t, memory->pages)[address >> 16]) + (address / GRANULE) % LEAF;
}

uint8_t *memory_touch(memory_t *memory, uint32_t address) {
    uint16_t *page = AT(uint16_t, memory->pages) + (address >> 16);
    if (*page == 0) {
        *page = arena_alloc(memory->owner, LEAF) / 8;
        if (*page == 0) {
            return NULL;
        }
    }
    uint8_t *entry = leaf_entry(memory, address);
    if (*entry == 0) {
        *entry = arena_granule(memory->owner);
        if (*entry == 0) {
            return NULL;
        }
    }
    return arena + *entry * GRANULE + address % GRANULE;
}

static int outside(const memory_t *memory, uint32_t address, size_t size) {
    return size > memory->bytes || address > memory->bytes - size;
}

int memory_read(const memory_t *memory, uint32_t address, uint8_t *to, size_t size) {
    if (outside(memory, address, size)) {
        return TRAP_out_of_bounds_memory_access;
    }
    while (size > 0) {
        size_t n = GRANULE - address % GRANULE;
        n = n < size ? n : size;
        memcpy(to, arena + *leaf_entry(memory, address) * GRANULE + address % GRANULE, n);
        to += n, address += n, size -= n;
    }
    return 0;
}

int memory_write(memory_t *memory, uint32_t address, const uint8_t *from, size_t size) {
    if (outside(memory, address, size)) {
        return TRAP_out_of_bounds_memory_access;
    }
    while (size > 0) {
        size_t n = GRANULE - address % GRANULE;
        n = n < size ? n : size;
        uint8_t *to = memory_touch(memory, address);
        if (to == NULL) {
            return TRAP_out_of_memory;
        }
        memcpy(to, from, n);
        from += n, address += n, size -= n;
    }
    return 0;
}
