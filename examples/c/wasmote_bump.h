// SPDX-License-Identifier: MIT
// Memory without a libc: a bump allocator from the end of the static data, emptied after each call.
// Part of wasmote.h.
#pragma once

extern char __heap_base;
static uintptr_t heap_top;
enum { PAGE = 65536 };

#define NO_LOOP_IDIOM __attribute__((no_builtin("memcpy", "memset")))

NO_LOOP_IDIOM void *memcpy(void *to, const void *from, size_t size) {
    for (size_t i = 0; i < size; i++) {
        ((char *)to)[i] = ((const char *)from)[i];
    }
    return to;
}

NO_LOOP_IDIOM void *memset(void *to, int byte, size_t size) {
    for (size_t i = 0; i < size; i++) {
        ((char *)to)[i] = (char)byte;
    }
    return to;
}

static inline void heap_reset(void) {
    heap_top = (uintptr_t)&__heap_base;
}

// Canonical ABI, `realloc`: also how the host passes strings in. Grows in place what was allocated
// last. Traps when memory is out.
EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
    if (heap_top == 0) {
        heap_reset();
    }
    bool last = old_size != 0 && (uintptr_t)old + old_size == heap_top;
    uintptr_t at = last ? (uintptr_t)old : (heap_top + align - 1) & -align;
    size_t room = __builtin_wasm_memory_size(0) * PAGE - at;
    if (size > room && (int)__builtin_wasm_memory_grow(0, (size - room - 1) / PAGE + 1) < 0) {
        __builtin_trap();
    }
    heap_top = at + size;
    return last ? old : memcpy((void *)at, old, old_size < size ? old_size : size);
}

// The linker makes constructors only where a libc has some.
static inline void run_constructors(void) {}
