// SPDX-License-Identifier: MIT
// The timers of three QEMU machines, and sleeping. Each machine gives five things: clock_init, counter (32 bits or
// more, upwards), arm_wake and disarm_wake, forget_pending. Interrupts stay masked for ever; a pending one only ends
// the sleep instruction, which Armv6-M, Armv7-M and RISC-V all promise, so no handler or vector is needed.

#include "py/mpstate.h"
#include "clock.h"
#include "serial.h"

#define REG32(address) (*(volatile uint32_t *)(address))

#if defined(QEMU_SOC_NRF51) || defined(QEMU_SOC_MPS2)

#define NVIC_ISER REG32(0xe000e100)
#define NVIC_ICPR REG32(0xe000e280)

static void enable_wake(uint32_t irqs) {
    __asm volatile("cpsid i");
    NVIC_ISER = irqs;
}

static void sleep_until_pending(void) {
    __asm volatile("wfi" ::: "memory");
}

#endif

#if defined(QEMU_SOC_NRF51)

// nRF51 reference manual 2.0, chapters 18 (TIMER) and 29 (UART).
#define TIMER_START REG32(0x40008000)
#define TIMER_CAPTURE1 REG32(0x40008044)
#define TIMER_COMPARE0 REG32(0x40008140)
#define TIMER_INTENSET REG32(0x40008304)
#define TIMER_INTENCLR REG32(0x40008308)
#define TIMER_BITMODE REG32(0x40008508)
#define TIMER_PRESCALER REG32(0x40008510)
#define TIMER_CC0 REG32(0x40008540)
#define TIMER_CC1 REG32(0x40008544)
#define UART_INTENSET REG32(0x40002304)

#define TICKS_PER_US (1)
typedef uint32_t counter_t;

void clock_init(void) {
    TIMER_BITMODE = 3;   // 32 bits
    TIMER_PRESCALER = 4; // 16 MHz / 2^4
    TIMER_START = 1;
    UART_INTENSET = 1 << 2; // RXDRDY
    enable_wake(1 << 8 | 1 << 2);
}

static counter_t counter(void) {
    TIMER_CAPTURE1 = 1;
    return TIMER_CC1;
}

static void arm_wake(uint32_t ticks) {
    TIMER_COMPARE0 = 0;
    TIMER_CC0 = counter() + ticks;
    TIMER_INTENSET = 1 << 16;
}

static void disarm_wake(void) {
    TIMER_INTENCLR = 1 << 16;
    TIMER_COMPARE0 = 0;
}

static void forget_pending(void) {
    NVIC_ICPR = 0xffffffff; // an input that is still high stays pending
}

#elif defined(QEMU_SOC_MPS2)

// Arm CMSDK (DDI 0479): timer 0 counts down for ever, timer 1 wakes; UART 0 has interrupt 0, timer 1 has 9.
#define TIMER0_CTRL REG32(0x40000000)
#define TIMER0_VALUE REG32(0x40000004)
#define TIMER0_RELOAD REG32(0x40000008)
#define TIMER1_CTRL REG32(0x40001000)
#define TIMER1_VALUE REG32(0x40001004)
#define TIMER1_RELOAD REG32(0x40001008)
#define TIMER1_INTCLEAR REG32(0x4000100c)
#define UART_CTRL REG32(0x40004008)
#define UART_INTCLEAR REG32(0x4000400c)

#define TICKS_PER_US (25)
typedef uint32_t counter_t;

void clock_init(void) {
    TIMER0_RELOAD = 0xffffffff;
    TIMER0_VALUE = 0xffffffff;
    TIMER0_CTRL = 1;
    UART_CTRL |= 1 << 3; // receive interrupt
    enable_wake(1 << 9 | 1 << 0);
}

static counter_t counter(void) {
    return ~TIMER0_VALUE;
}

static void arm_wake(uint32_t ticks) {
    TIMER1_RELOAD = ticks;
    TIMER1_VALUE = ticks;
    TIMER1_CTRL = 1 << 3 | 1;
}

static void disarm_wake(void) {
    TIMER1_CTRL = 0;
    TIMER1_INTCLEAR = 1;
}

static void forget_pending(void) {
    UART_INTCLEAR = 1 << 1; // latched at each byte received
    NVIC_ICPR = 0xffffffff;
}

#elif defined(QEMU_SOC_VIRT)

// RISC-V virt: CLINT (mtime at 10 MHz), PLIC source 10 = UART, context 0 = hart 0 in machine mode.
#define MTIMECMP_LOW REG32(0x02004000)
#define MTIMECMP_HIGH REG32(0x02004004)
#define MTIME_LOW REG32(0x0200bff8)
#define MTIME_HIGH REG32(0x0200bffc)
#define PLIC_PRIORITY_UART REG32(0x0c000028)
#define PLIC_ENABLE REG32(0x0c002000)
#define PLIC_THRESHOLD REG32(0x0c200000)
#define PLIC_CLAIM REG32(0x0c200004)
#define UART_IER (*(volatile uint8_t *)(0x10000001))
#define UART_FCR (*(volatile uint8_t *)(0x10000002))

#define TICKS_PER_US (10)
typedef uint64_t counter_t;

static counter_t counter(void) {
    uint32_t high, low;
    do {
        high = MTIME_HIGH;
        low = MTIME_LOW;
    } while (high != MTIME_HIGH);
    return (uint64_t)high << 32 | low;
}

static counter_t counter_at_reset; // mtime does not restart

static void set_compare(uint64_t value) {
    MTIMECMP_HIGH = 0xffffffff;
    MTIMECMP_LOW = (uint32_t)value;
    MTIMECMP_HIGH = (uint32_t)(value >> 32);
}

static void arm_wake(uint32_t ticks) {
    set_compare(counter() + ticks);
}

static void disarm_wake(void) {
    set_compare(UINT64_MAX);
}

static void forget_pending(void) {
    PLIC_CLAIM = PLIC_CLAIM; // claim, then complete
}

static void sleep_until_pending(void) {
    __asm volatile("wfi" ::: "memory");
}

void clock_init(void) {
    counter_at_reset = counter();
    __asm volatile("csrci mstatus, 8"); // MIE
    disarm_wake();
    PLIC_PRIORITY_UART = 1;
    PLIC_ENABLE = 1 << 10;
    PLIC_THRESHOLD = 0;
    UART_IER = 1;                                           // received data
    UART_FCR = 1;                                           // 16 bytes at a time instead of one
    __asm volatile("csrw mie, %0" ::"r"(1 << 11 | 1 << 7)); // MEIE, MTIE
}

#endif

#if defined(QEMU_SOC_VIRT)

uint64_t clock_us(void) {
    return (counter() - counter_at_reset) / TICKS_PER_US;
}

#else

uint64_t clock_us(void) {
    static uint32_t last, wraps;
    uint32_t now = counter();
    wraps += now < last;
    last = now;
    return ((uint64_t)wraps << 32 | now) / TICKS_PER_US;
}

#endif

#define LONGEST_WAIT_MS (60000)

void clock_wait(int32_t timeout_ms) {
    clock_us();
    if (timeout_ms == 0) {
        return;
    }
    if (timeout_ms < 0 || timeout_ms > LONGEST_WAIT_MS) {
        timeout_ms = LONGEST_WAIT_MS;
    }
    // In this order: what arrives before forget_pending is seen by serial_any, a Ctrl-C too, what arrives after
    // it ends the sleep.
    forget_pending();
    arm_wake((uint32_t)timeout_ms * 1000 * TICKS_PER_US);
    if (!serial_any() && MP_STATE_MAIN_THREAD(mp_pending_exception) == MP_OBJ_NULL) {
        sleep_until_pending();
    }
    disarm_wake();
}
