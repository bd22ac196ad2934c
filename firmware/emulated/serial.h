// SPDX-License-Identifier: MIT
// The one serial port, shared by the REPL and machine.UART(0). Received bytes wait in a ring; when it is full they wait
// in QEMU, so none is lost. The interrupt character (micropython.kbd_intr) never enters the ring.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void serial_poll(void);                              // move what has arrived into the ring
size_t serial_any(void);                             // bytes in the ring, after a poll
size_t serial_read(uint8_t *to, size_t size);        // up to size bytes, at once
void serial_write(const uint8_t *from, size_t size); // returns when QEMU has taken all
