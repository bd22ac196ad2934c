// SPDX-License-Identifier: MIT
// Recursive Fibonacci: nothing but calls.
#include "bench.h"

static NOINLINE int32_t fib(int32_t n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

EXPORT int32_t run(int32_t n) {
    uint32_t hash = 0;
    for (int32_t i = 0; i < n; i++) {
        hash = mixed(hash, fib(15 + (i & 1)));
    }
    return hash;
}
