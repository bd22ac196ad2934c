// SPDX-License-Identifier: MIT
// Linear memories (core 4.2.8), dense and sparse. Contract: exec.h.
#include <string.h>

#include "exec.h"

static uint32_t pages_of(uint64_t bytes) {
    return (bytes + PAGE - 1) / PAGE;
}

static uint32_t granules_of(uint64_t bytes) {
    return (bytes + GRANULE - 1) / GRANULE;
}

uint32_t memory_new(uint32_t owner, uint32_t least, uint32_t most, uint32_t shift, uint32_t reserve) {
    uint32_t limit = (uint32_t)MAX_MAP * PAGE >> shift;
    most = most < limit ? most : limit;
    if (least > most) {
        return 0;
    }
    uint32_t at = arena_alloc(owner, sizeof(memory_t));
    if (at == 0) {
        return 0;
    }
    memory_t *memory = AT(memory_t, at);
    *memory = (memory_t){.bytes = least << shift, .max = most, .owner = owner, .shift = shift};
    memory->first = pages_of(memory->bytes);
    if (least == 0) {
        return at;
    }
    memory->base = arena_row(owner, granules_of(memory->bytes), reserve);
    if (memory->base == 0) {
        memory->map = memory->first;
        memory->pages = arena_alloc(owner, 2 * memory->map);
        if (memory->pages == 0) {
            return 0;
        }
    }
    return at;
}

// Whether the limit leaves what the growth could take, but for the rest of a page, as allocators ask for whole ones;
// and a granule for each page that it grew by and nobody wrote.
static int may_grow(const memory_t *memory, uint64_t bytes) {
    uint32_t allowed = arena_allowed(memory->owner), waiting = pages_of(bytes) - pages_of(memory->bytes);
    uint64_t whole = bytes - memory->bytes - (1u << memory->shift);
    if (arena_left(memory->owner) == 0 || whole >= (uint64_t)allowed * GRANULE) {
        return 0;
    }
    for (uint32_t page = memory->first; page < pages_of(memory->bytes) && waiting <= allowed; page++) {
        waiting += AT(uint16_t, memory->pages)[page] == 0;
    }
    return waiting <= allowed;
}

// Makes the map large enough for so many bytes: at once for as many again, within what the memory may become.
static int grow_sparse(memory_t *memory, uint64_t bytes) {
    uint32_t needed = pages_of(bytes);
    if (!may_grow(memory, bytes)) {
        return 0;
    }
    if (needed <= memory->map) {
        return 1;
    }
    uint32_t most = pages_of((uint64_t)memory->max << memory->shift);
    uint32_t map = 2 * memory->map > needed ? 2 * memory->map : needed;
    map = map < most ? map : most;
    uint32_t pages = arena_alloc(memory->owner, 2 * map);
    if (pages == 0) { // what is wanted may fit where twice as much does not
        map = needed;
        pages = arena_alloc(memory->owner, 2 * map);
    }
    if (pages == 0) {
        return 0;
    }
    memcpy(arena + pages, arena + memory->pages, 2 * memory->map);
    memory->pages = pages;
    memory->map = map;
    return 1;
}

static int grow_dense(memory_t *memory, uint64_t bytes) {
    uint32_t have = granules_of(memory->bytes), needed = granules_of(bytes);
    if (needed > have) {
        uint32_t base = arena_longer(memory->owner, memory->base, have, needed - have);
        if (base == 0) {
            return 0;
        }
        memory->base = base;
    }
    return 1;
}

uint32_t memory_grow(memory_t *memory, uint32_t delta) {
    uint32_t pages = memory->bytes >> memory->shift;
    if (delta == 0) {
        return pages;
    }
    if (delta > memory->max - pages) {
        return UINT32_MAX;
    }
    uint64_t bytes = (uint64_t)(pages + delta) << memory->shift;
    if (!(memory->base != 0 ? grow_dense : grow_sparse)(memory, bytes)) {
        return UINT32_MAX;
    }
    memory->bytes = bytes;
    return pages;
}

int memory_outside(const memory_t *memory, uint32_t address, size_t size) {
    return size > memory->bytes || address > memory->bytes - size;
}

static uint8_t *leaf_entry(const memory_t *memory, uint32_t address) {
    return LEAF_AT(AT(uint16_t, memory->pages)[address >> 16]) + (address / GRANULE) % LEAF;
}

uint8_t *memory_at(const memory_t *memory, uint32_t address) {
    if (memory->base != 0) {
        return arena + memory->base + address;
    }
    return arena + *leaf_entry(memory, address) * GRANULE + address % GRANULE;
}

uint8_t *memory_touch(memory_t *memory, uint32_t address) {
    if (memory->base != 0) {
        return arena + memory->base + address;
    }
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

static size_t in_granule(uint32_t address, size_t size) {
    size_t n = GRANULE - address % GRANULE;
    return n < size ? n : size;
}

int memory_read(const memory_t *memory, uint32_t address, uint8_t *to, size_t size) {
    if (memory_outside(memory, address, size)) {
        return TRAP_out_of_bounds_memory_access;
    }
    int closed = arena_close_others(OFFSET(memory), OFFSET(memory));
    while (size > 0) {
        size_t n = in_granule(address, size);
        memcpy(to, memory_at(memory, address), n);
        to += n, address += n, size -= n;
    }
    arena_open_others(closed);
    return 0;
}

int memory_write(memory_t *memory, uint32_t address, const uint8_t *from, size_t size) {
    if (memory_outside(memory, address, size)) {
        return TRAP_out_of_bounds_memory_access;
    }
    int closed = arena_close_others(OFFSET(memory), OFFSET(memory));
    while (size > 0) {
        size_t n = in_granule(address, size);
        uint8_t *to = memory_touch(memory, address);
        if (to == NULL) {
            arena_open_others(closed);
            return TRAP_out_of_memory;
        }
        memcpy(to, from, n);
        from += n, address += n, size -= n;
    }
    arena_open_others(closed);
    return 0;
}

// These two are on the way of guests: what lies in one granule, as nearly everything, is done here.
#pragma GCC optimize("O2", "no-strict-aliasing", "no-tree-loop-distribute-patterns")

static inline int outside_or_apart(const memory_t *memory, uint32_t address, uint32_t size) {
    return size > memory->bytes || address > memory->bytes - size || address % GRANULE > GRANULE - size;
}

static inline void copy_few(uint8_t *to, const uint8_t *from, uint32_t n) {
    if ((((uintptr_t)to | (uintptr_t)from | n) & 3) == 0) {
        for (; n > 0; to += 4, from += 4, n -= 4) {
            *(uint32_t *)(void *)to = *(const uint32_t *)(const void *)from;
        }
    }
    for (; n > 0; n--) {
        *to++ = *from++;
    }
}

int memory_load(const memory_t *memory, uint32_t address, uint32_t offset, uint32_t kind, uint32_t *to) {
    uint32_t size = kind & LOAD_SIZE;
    uint32_t value[2] = {0, 0};
    if (address + offset < offset) {
        return TRAP_out_of_bounds_memory_access;
    }
    address += offset;
    if (!outside_or_apart(memory, address, size)) {
        copy_few((uint8_t *)value, memory_at(memory, address), size);
    } else {
        int trap = memory_read(memory, address, (uint8_t *)value, size);
        if (trap != 0) {
            return trap;
        }
    }
    if (kind & LOAD_SIGNED) {
        uint32_t spare = 32 - 8 * size;
        value[0] = (uint32_t)((int32_t)(value[0] << spare) >> spare);
        value[1] = (uint32_t)((int32_t)value[0] >> 31);
    }
    to[0] = value[0];
    if (kind & LOAD_PAIR_OF_SLOTS) {
        to[1] = value[1];
    }
    return 0;
}

int memory_store(memory_t *memory, uint32_t address, uint32_t offset, uint32_t size, const uint32_t *from) {
    if (address + offset < offset) {
        return TRAP_out_of_bounds_memory_access;
    }
    address += offset;
    if (!outside_or_apart(memory, address, size)) {
        uint8_t *at = memory_touch(memory, address);
        if (at == NULL) {
            return TRAP_out_of_memory;
        }
        copy_few(at, (const uint8_t *)from, size);
        return 0;
    }
    return memory_write(memory, address, (const uint8_t *)from, size);
}
