// SPDX-License-Identifier: MIT
// What MicroPython asks of the hardware: see clock.h for time, serial.h for the one port.

#include <stddef.h>

#include "shared/runtime/interrupt_char.h"
#include "clock.h"

static inline mp_uint_t mp_hal_ticks_us(void) {
    return (mp_uint_t)clock_us();
}

static inline mp_uint_t mp_hal_ticks_ms(void) {
    return (mp_uint_t)(clock_us() / 1000);
}

static inline mp_uint_t mp_hal_ticks_cpu(void) {
    return (mp_uint_t)clock_us();
}
