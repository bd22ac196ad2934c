// SPDX-License-Identifier: MIT
// Included by extmod/modmachine.c.

#include "clock.h"
#include "semihosting.h"

// Which board this is among several emulators: a hash (FNV-1a) of QEMU's arguments, so of the flash file's name.
static mp_obj_t mp_machine_unique_id(void) {
    char arguments[512] = "";
    semihosting_arguments(arguments, sizeof(arguments));
    uint64_t id = 0xcbf29ce484222325;
    for (const char *c = arguments; *c; c++) {
        id = (id ^ (uint8_t)*c) * 0x100000001b3;
    }
    return mp_obj_new_bytes((const uint8_t *)&id, sizeof(id));
}

static NORETURN void mp_machine_reset(void) {
#if defined(__riscv)
    *(volatile uint32_t *)0x100000 = 0x7777; // sifive_test: reset
#else
    *(volatile uint32_t *)0xe000ed0c = 0x05fa0004; // AIRCR: VECTKEY, SYSRESETREQ
#endif
    for (;;) {
    }
}

static mp_int_t mp_machine_reset_cause(void) {
    return 0;
}

static void mp_machine_idle(void) {
    mp_event_wait_ms(1);
}

static mp_obj_t mp_machine_get_freq(void) {
    return MP_OBJ_NEW_SMALL_INT(0); // QEMU has no cycle time
}

static void mp_machine_set_freq(size_t n_args, const mp_obj_t *args) {
    mp_raise_NotImplementedError(NULL);
}

static void mp_machine_lightsleep(size_t n_args, const mp_obj_t *args) {
    mp_hal_delay_ms(n_args == 0 ? 1 : mp_obj_get_int(args[0]));
}

static NORETURN void mp_machine_deepsleep(size_t n_args, const mp_obj_t *args) {
    mp_machine_lightsleep(n_args, args);
    mp_machine_reset();
}
