// SPDX-License-Identifier: MIT
// faults: everything a guest can do wrong, one tool each, to see that the board lives on. And
// `count`, which behaves but takes its time: for progress, for cancelling, for calls side by side.
#include "wasmote.h"

static volatile uint32_t seen; // volatile: what the loops do must not be optimised away

static void trap(text arguments) {
    __builtin_trap();
}

static void spin(text arguments) {
    for (;;) {
        seen++;
    }
}

__attribute__((noinline)) static uint32_t deeper(uint32_t level) {
    seen = level;
    return level == UINT32_MAX ? level : deeper(level + 1) + seen;
}

static void recurse(text arguments) {
    answer_int(deeper(0));
}

static void hoard(text arguments) {
    for (;;) {
        char *kilobyte = allocate(1024);
        for (int i = 0; i < 1024; i += 64) {
            kilobyte[i] = 1;
        }
    }
}

static void divide(text arguments) {
    int32_t a = 1, b = 0;
    json_int(arguments, "a", &a);
    json_int(arguments, "b", &b);
    answer_int(a / b);
}

static void count(text arguments) {
    int32_t to = 10, delay = 100;
    json_int(arguments, "to", &to);
    json_int(arguments, "delay_ms", &delay);
    for (int32_t i = 1; i <= to; i++) {
        if (delay > 0) {
            sleep_ms(delay);
        }
        progress(i, to);
    }
    answer("counted to ");
    answer_int(to);
}

#define NOTHING "{\"type\":\"object\"}"
#define INTEGERS(a, b) \
    "{\"type\":\"object\",\"properties\":{\"" a "\":{\"type\":\"integer\"},\"" b "\":{\"type\":\"integer\"}}}"

static const tool tools[] = {
    {.name = "trap", .description = "Execute `unreachable`.", .schema = NOTHING, .call = trap},
    {.name = "spin", .description = "Loop for ever.", .schema = NOTHING, .call = spin},
    {.name = "recurse", .description = "Call itself without end.", .schema = NOTHING, .call = recurse},
    {.name = "hoard", .description = "Ask for memory without end.", .schema = NOTHING, .call = hoard},
    {.name = "divide",
        .description = "Divide a by b; b is 0 if not given.",
        .schema = INTEGERS("a", "b"),
        .call = divide},
    {.name = "count",
        .description = "Count to `to`, reporting progress every `delay_ms` milliseconds.",
        .schema = INTEGERS("to", "delay_ms"),
        .call = count},
};

SERVER("faults", "1.0.0", tools)
