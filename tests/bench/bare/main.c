// SPDX-License-Identifier: MIT
// Every benchmark program as native code and in wasm3, on a bare machine. A line for each:
//
//     name   native: checksum ticks   wasm3: checksum ticks, ticks of loading and compiling, heap bytes
//
// programs.h, written by scripts/bench/peers.py, has PROGRAM(name, rounds) for each and its module in name_wasm[].
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "board.h"
#include "wasm3.h"

#define PROGRAM(name, rounds) \
    int32_t run_##name(int32_t n); \
    extern const uint8_t name##_wasm[], name##_wasm_end[];
#include "programs.h"
#undef PROGRAM

typedef struct {
    const char *name;
    int32_t rounds;
    int32_t (*run)(int32_t n);
    const uint8_t *wasm, *wasm_end;
} program_t;

static const program_t programs[] = {
#define PROGRAM(name, rounds) {#name, rounds, run_##name, name##_wasm, name##_wasm_end},
#include "programs.h"
#undef PROGRAM
};

static void must(M3Result error) {
    if (error != NULL) {
        semihosting(SYS_WRITE0, (uintptr_t)error);
        semihosting(SYS_WRITE0, (uintptr_t) "\n");
        semihosting(SYS_EXIT, 0x20023);
    }
}

int main(void) {
    static char line[160];
    snprintf(line, sizeof(line), "ticks_per_second %d\n", TICKS_PER_SECOND);
    semihosting(SYS_WRITE0, (uintptr_t)line);
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        const program_t *p = &programs[i];
        uint32_t began = ticks();
        int32_t native = p->run(p->rounds);
        uint32_t native_ticks = ticks() - began;

        began = ticks();
        struct mallinfo before = mallinfo();
        IM3Environment environment = m3_NewEnvironment();
        IM3Runtime runtime = m3_NewRuntime(environment, 4096, NULL);
        IM3Module module;
        IM3Function function;
        must(m3_ParseModule(environment, &module, p->wasm, p->wasm_end - p->wasm));
        must(m3_LoadModule(runtime, module));
        must(m3_FindFunction(&function, runtime, "run"));
        must(m3_CompileModule(module));
        uint32_t load_ticks = ticks() - began;

        began = ticks();
        must(m3_CallV(function, p->rounds));
        uint32_t wasm3_ticks = ticks() - began;
        int32_t result;
        must(m3_GetResultsV(function, &result));
        size_t heap = mallinfo().uordblks - before.uordblks;
        m3_FreeRuntime(runtime);
        m3_FreeEnvironment(environment);

        snprintf(line, sizeof(line), "%s %ld %lu %ld %lu %lu %lu\n", p->name, (long)native, (unsigned long)native_ticks,
            (long)result, (unsigned long)wasm3_ticks, (unsigned long)load_ticks, (unsigned long)heap);
        semihosting(SYS_WRITE0, (uintptr_t)line);
    }
    return 0;
}
