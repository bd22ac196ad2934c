// SPDX-License-Identifier: MIT
// Three of QEMU's machines without firmware: a clock that counts instructions, and Arm's semihosting for output.
// With -icount shift=3 an instruction takes 8 ns of emulated time, whatever it does.
#pragma once
#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(address))

#if defined(QEMU_M0) // nRF51 reference manual, chapter 18 (TIMER)
#define TICKS_PER_SECOND (16000000)

static inline void clock_init(void) {
    REG32(0x40008508) = 3; // BITMODE: 32
    REG32(0x40008510) = 0; // PRESCALER
    REG32(0x40008000) = 1; // START
}

static inline uint32_t ticks(void) {
    REG32(0x40008040) = 1; // CAPTURE[0]
    return REG32(0x40008540);
}

#elif defined(QEMU_M3) // Arm CMSDK (DDI 0479): timer 0 counts down
#define TICKS_PER_SECOND (25000000)

static inline void clock_init(void) {
    REG32(0x40000008) = 0xffffffff; // RELOAD
    REG32(0x40000004) = 0xffffffff; // VALUE
    REG32(0x40000000) = 1;          // CTRL
}

static inline uint32_t ticks(void) {
    return ~REG32(0x40000004);
}

#elif defined(QEMU_RV32) // CLINT: mtime
#define TICKS_PER_SECOND (10000000)

static inline void clock_init(void) {}

static inline uint32_t ticks(void) {
    return REG32(0x0200bff8);
}
#endif

enum { SYS_WRITE0 = 0x04, SYS_EXIT = 0x18 };

static inline uintptr_t semihosting(uintptr_t operation, uintptr_t argument) {
#if defined(__riscv)
    register uintptr_t a0 __asm("a0") = operation;
    register uintptr_t a1 __asm("a1") = argument;
    __asm volatile(".balign 16\n.option push\n.option norvc\nslli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
                   : "+r"(a0)
                   : "r"(a1)
                   : "memory");
    return a0;
#else
    register uintptr_t r0 __asm("r0") = operation;
    register uintptr_t r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
#endif
}
