// SPDX-License-Identifier: MIT
// malloc for a board: first fit, 0.8 KiB of code where wasi-libc's dlmalloc takes 11.6. Link it and
// the linker leaves dlmalloc out. Memory is touched from the bottom up, and no more of it than was
// in use at once.
//
//     first ──► [size, used | payload][size, used | payload] … ◄── top         limit
//
// Blocks lie side by side from `first` to `top`; what is above has not been used yet. Free
// neighbours are joined when they are met on the way to a block.
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 65536, LEAST = 16 };

typedef struct {
    uint32_t size; // with this header, a multiple of 8
    bool used;
} header;

_Static_assert(sizeof(header) == 8, "payloads are aligned to 8");

extern char __heap_base;
static header *first, *top;
static uintptr_t limit; // where memory ends; a header always fits between top and here

static header *after(header *block) {
    return (header *)((char *)block + block->size);
}

// Makes `block` all that is free from there on; lowers the top if nothing is used behind it.
static void join(header *block) {
    while (after(block) != top && !after(block)->used) {
        block->size += after(block)->size;
    }
    if (after(block) == top) {
        top = block;
    }
}

// Makes room for `size` bytes at the top. Memory that somebody else grew in between becomes a block in use.
static bool extend(uint32_t size) {
    if (!first) {
        first = top = (header *)(((uintptr_t)&__heap_base + 7) & ~7u);
        limit = __builtin_wasm_memory_size(0) * PAGE;
    }
    if (limit - (uintptr_t)top >= size + sizeof(header)) {
        return true;
    }
    uintptr_t pages = (size + sizeof(header) + PAGE - 1) / PAGE, grown = __builtin_wasm_memory_grow(0, pages);
    if (grown == UINTPTR_MAX) {
        return false;
    }
    if (grown * PAGE != limit) {
        *top = (header){grown * PAGE - (uintptr_t)top, true};
        top = after(top);
    }
    limit = (grown + pages) * PAGE;
    return true;
}

void *malloc(size_t size) {
    if (size > INT32_MAX) {
        errno = ENOMEM;
        return 0;
    }
    uint32_t need = (size + sizeof(header) + 7) & ~7u;
    for (header *block = first; block != top; block = after(block)) {
        if (block->used) {
            continue;
        }
        join(block);
        if (block == top) {
            break;
        }
        if (block->size >= need) {
            if (block->size - need >= LEAST) {
                header *rest = (header *)((char *)block + need);
                *rest = (header){block->size - need, false};
                block->size = need;
            }
            block->used = true;
            return block + 1;
        }
    }
    if (!extend(need)) {
        errno = ENOMEM;
        return 0;
    }
    header *block = top;
    *block = (header){need, true};
    top = after(block);
    return block + 1;
}

void free(void *payload) {
    if (payload) {
        header *block = (header *)payload - 1;
        block->used = false;
        join(block);
    }
}

void *calloc(size_t count, size_t size) {
    if (size && count > INT32_MAX / size) {
        errno = ENOMEM;
        return 0;
    }
    void *payload = malloc(count * size);
    return payload ? memset(payload, 0, count * size) : 0;
}

void *realloc(void *payload, size_t size) {
    header *block = (header *)payload - 1;
    uint32_t need = (size + sizeof(header) + 7) & ~7u;
    if (!payload) {
        return malloc(size);
    }
    // The newest grows and shrinks in place, unless extend() found somebody else's memory behind it.
    if (size <= INT32_MAX && after(block) == top && extend(need) && after(block) == top) {
        block->size = need;
        top = after(block);
        return payload;
    }
    if (size <= block->size - sizeof(header)) {
        return payload;
    }
    void *fresh = malloc(size);
    if (fresh) {
        memcpy(fresh, payload, block->size - sizeof(header));
        free(payload);
    }
    return fresh;
}

// Other names under which libc and libc++ ask; an alignment of more than 8 is not to be had.
void *__libc_malloc(size_t size) __attribute__((alias("malloc")));
void *__libc_calloc(size_t count, size_t size) __attribute__((alias("calloc")));
void __libc_free(void *payload) __attribute__((alias("free")));

int posix_memalign(void **out, size_t alignment, size_t size) {
    return alignment <= 8 && (*out = malloc(size)) ? 0 : ENOMEM;
}

void *aligned_alloc(size_t alignment, size_t size) {
    return alignment <= 8 ? malloc(size) : 0;
}
