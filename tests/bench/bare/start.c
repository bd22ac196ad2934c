// SPDX-License-Identifier: MIT
// From reset to main(), and the memory that malloc() asks for. Symbols are link.ld's.
#include <stddef.h>
#include <string.h>

#include "board.h"

extern char _sidata[], _sdata[], _edata[], _sbss[], _ebss[], _heap_end[], _estack[];

int main(void);

__attribute__((used, noreturn)) static void start(void) {
    memcpy(_sdata, _sidata, _edata - _sdata);
    memset(_sbss, 0, _ebss - _sbss);
    clock_init();
    main();
    semihosting(SYS_EXIT, 0x20026); // ADP_Stopped_ApplicationExit
    for (;;) {
    }
}

#if defined(__riscv)

__attribute__((naked, section(".vectors"))) void reset(void) {
    __asm("la sp, _estack\nj start");
}

#else

__attribute__((noreturn)) static void fault(void) {
    semihosting(SYS_WRITE0, (uintptr_t) "fault\n");
    semihosting(SYS_EXIT, 0x20023); // ADP_Stopped_RunTimeErrorUnknown
    for (;;) {
    }
}

__attribute__((used, section(".vectors"))) static void *const vectors[16] = {_estack, start, fault, fault};

#endif

static char *heap = _ebss;

void *sbrk(ptrdiff_t size);
void *sbrk(ptrdiff_t size) {
    if (size > _heap_end - heap) {
        return (void *)-1;
    }
    heap += size;
    return heap - size;
}

void *_sbrk(ptrdiff_t size);
void *_sbrk(ptrdiff_t size) {
    return sbrk(size);
}
