// SPDX-License-Identifier: MIT
// bootlog: a program as any other, `main` and printf, built with wasi-libc and nothing of ours. The board runs it when
// it starts; each line that it prints is a log message, and what it returns tells whether it went well. It checks what
// a program may want to be sure of before it goes on: the clock, and that memory holds what is written to it.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WORDS = 512 };

// A Galois LFSR of maximum length: every pattern but zero.
static uint32_t pattern(uint32_t word) {
    return word >> 1 ^ (word & 1 ? 0xa3000000 : 0);
}

static unsigned memory_faults(uint32_t *words) {
    uint32_t next = 1;
    unsigned faults = 0;
    for (int i = 0; i < WORDS; i++) {
        words[i] = next = pattern(next);
    }
    next = 1;
    for (int i = 0; i < WORDS; i++) {
        faults += words[i] != (next = pattern(next));
    }
    return faults;
}

int main(int argc, char **argv) {
    const char *name = getenv("NAME");
    printf("%s is up\n", name ? name : "the board");
    for (int i = 1; i < argc; i++) {
        printf("argument %d: %s\n", i, argv[i]);
    }

    time_t now = time(NULL);
    char text[40];
    strftime(text, sizeof text, "%Y-%m-%d %H:%M", gmtime(&now));
    printf("the clock says %s\n", text);

    uint32_t *words = malloc(WORDS * sizeof *words);
    if (!words) {
        fprintf(stderr, "no memory for %d words\n", WORDS);
        return 1;
    }
    unsigned faults = memory_faults(words);
    printf("%d bytes tested, %u faults\n", (int)(WORDS * sizeof *words), faults);
    free(words);
    return faults != 0;
}
