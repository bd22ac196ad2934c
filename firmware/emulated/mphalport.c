// SPDX-License-Identifier: MIT
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "semihosting.h"
#include "serial.h"

int mp_hal_stdin_rx_chr(void) {
    uint8_t c;
    while (serial_read(&c, 1) == 0) {
        mp_event_wait_indefinite();
    }
    return c;
}

mp_uint_t mp_hal_stdout_tx_strn(const char *str, size_t len) {
    serial_write((const uint8_t *)str, len);
    return len;
}

uintptr_t mp_hal_stdio_poll(uintptr_t poll_flags) {
    uintptr_t ready = poll_flags & MP_STREAM_POLL_WR;
    if ((poll_flags & MP_STREAM_POLL_RD) && serial_any()) {
        ready |= MP_STREAM_POLL_RD;
    }
    return ready;
}

void mp_hal_delay_us(mp_uint_t us) {
    uint64_t end = clock_us() + us;
    while (clock_us() < end) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    uint64_t end = clock_us() + (uint64_t)ms * 1000;
    mp_handle_pending(true);
    for (;;) {
        uint64_t now = clock_us();
        if (now >= end) {
            return;
        }
        uint64_t left = (end - now + 999) / 1000;
        mp_event_wait_ms(left > 1000 ? 1000 : (mp_uint_t)left);
    }
}

// The machines have no clock of their own that survives: the host tells the second we booted.
uint64_t mp_hal_time_ns(void) {
    static uint32_t booted;
    if (booted == 0) {
        booted = semihosting_time() - (uint32_t)(clock_us() / 1000000);
    }
    return (uint64_t)booted * 1000000000 + clock_us() * 1000;
}
