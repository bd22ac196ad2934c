// SPDX-License-Identifier: MIT
// Memory with wasi-libc: what a call allocates are blocks of malloc in a chain, freed after the
// call. What the component itself gets by malloc stays. Part of wasmote.h.
#pragma once
#include <stdlib.h>
#include <string.h>

typedef union block {
    union block *older;
    uint64_t aligned; // the Canonical ABI asks for 8 at most
} block;

static block *newest;

// Canonical ABI, `realloc`: also how the host passes strings in. Traps when memory is out.
EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
    bool last = old_size != 0 && (block *)old - 1 == newest;
    block *older = last ? newest->older : newest;
    block *fresh = last ? realloc(newest, sizeof *fresh + size) : malloc(sizeof *fresh + size);
    if (!fresh) {
        __builtin_trap();
    }
    if (!last) {
        memcpy(fresh + 1, old, old_size < size ? old_size : size);
    }
    fresh->older = older;
    newest = fresh;
    return fresh + 1;
}

static inline void heap_reset(void) {
    while (newest) {
        block *older = newest->older;
        free(newest);
        newest = older;
    }
}

extern void __wasm_call_ctors(void);

// wasi-libc's own, and those that are marked __attribute__((constructor)).
static inline void run_constructors(void) {
    __wasm_call_ctors();
}
