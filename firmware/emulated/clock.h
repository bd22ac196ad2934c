// SPDX-License-Identifier: MIT
// Time from the emulated machine's own timers, so it follows QEMU's clock: real time, or instructions under -icount.
#pragma once

#include <stdint.h>

void clock_init(void);

// Microseconds since reset. Must be called at least every 170 s, which waiting does.
uint64_t clock_us(void);

// Sleeps until the port has received something or the time is over (-1: one minute); may return early.
void clock_wait(int32_t timeout_ms);
