// SPDX-License-Identifier: MIT
// Small functions called through a table, as objects, handlers and closures are; and some that call each other.
#include "bench.h"

typedef uint32_t (*operation_t)(uint32_t, uint32_t);

static NOINLINE uint32_t add(uint32_t a, uint32_t b) {
    return a + b;
}

static NOINLINE uint32_t subtract(uint32_t a, uint32_t b) {
    return a - b;
}

static NOINLINE uint32_t multiply(uint32_t a, uint32_t b) {
    return a * (b | 1);
}

static NOINLINE uint32_t rotate(uint32_t a, uint32_t b) {
    return a << (b & 31) | a >> (-b & 31);
}

static NOINLINE uint32_t largest(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

static NOINLINE uint32_t both(uint32_t a, uint32_t b) {
    return rotate(add(a, b), subtract(b, a));
}

static NOINLINE uint32_t twice(uint32_t a, uint32_t b) {
    return multiply(multiply(a, b), b);
}

static NOINLINE uint32_t three(uint32_t a, uint32_t b) {
    return both(twice(a, b), largest(a, b));
}

static const operation_t operations[8] = {add, subtract, multiply, rotate, largest, both, twice, three};
static uint8_t program[256];

static NOINLINE uint32_t apply(uint32_t value, uint32_t with) {
    for (size_t i = 0; i < sizeof(program); i++) {
        value = operations[program[i]](value, with + i);
    }
    return value;
}

EXPORT int32_t run(int32_t n) {
    uint32_t random = 99, value = 1;
    for (size_t i = 0; i < sizeof(program); i++) {
        program[i] = next_random(&random) >> 13 & 7;
    }
    for (int32_t i = 0; i < n; i++) {
        value = apply(value, i);
    }
    return value;
}
