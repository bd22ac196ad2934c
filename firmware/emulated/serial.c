// SPDX-License-Identifier: MIT
#include "py/mphal.h"
#include "py/ringbuf.h"
#include "py/runtime.h"
#include "ports/qemu/uart.h"
#include "serial.h"

#ifndef SERIAL_RING_SIZE
#define SERIAL_RING_SIZE (512)
#endif

static uint8_t ring_bytes[SERIAL_RING_SIZE + 1];
static ringbuf_t ring = {ring_bytes, sizeof(ring_bytes), 0, 0};

void serial_poll(void) {
    while (ringbuf_free(&ring) > 0) {
        int c = uart_rx_chr();
        if (c == UART_RX_NO_CHAR) {
            return;
        }
        if (c == mp_interrupt_char) {
            mp_sched_keyboard_interrupt();
        } else {
            ringbuf_put(&ring, (uint8_t)c);
        }
    }
}

size_t serial_any(void) {
    serial_poll();
    return ringbuf_avail(&ring);
}

size_t serial_read(uint8_t *to, size_t size) {
    size_t available = serial_any();
    if (size > available) {
        size = available;
    }
    for (size_t i = 0; i < size; i++) {
        to[i] = (uint8_t)ringbuf_get(&ring);
    }
    return size;
}

#if defined(QEMU_SOC_NRF51)

// Upstream's uart.c does not wait, and the nRF51 UART drops a byte written before TXDRDY.
#define UART_TXDRDY (*(volatile uint32_t *)0x4000211c)

void serial_write(const uint8_t *from, size_t size) {
    for (size_t i = 0; i < size; i++) {
        UART_TXDRDY = 0;
        uart_tx_strn((const char *)from + i, 1);
        while (!UART_TXDRDY) {
        }
    }
}

#else

void serial_write(const uint8_t *from, size_t size) {
    uart_tx_strn((const char *)from, size);
}

#endif
