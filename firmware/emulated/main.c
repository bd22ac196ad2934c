// SPDX-License-Identifier: MIT
// Boot of an emulated board, as a Pico boots: frozen _boot.py (mounts the flash), main.py, then the REPL; again from
// the top after a soft reset. A soft reset out of the raw REPL leaves main.py out, which mpremote counts on.
//
// RAM, one region from the linker script: static data with the arena and Python's frames, GC heap, C stack.

#include "py/compile.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/runtime/gchelper.h"
#include "shared/runtime/pyexec.h"
#include "clock.h"

MP_DECLARE_CONST_FUN_OBJ_0(machine_reset_obj); // extmod/modmachine.c
extern char _ebss[], _heap_end[], _estack[];   // the linker's: heap between the first two, stack below the last

// Frames of Python functions. On the heap, where MicroPython puts those of more than 11 words without this, each call
// would take and free a block: a load cost a fifth more, and calls that follow each other half as much again, in
// collections.
static mp_obj_t frames[FRAMES_SIZE / sizeof(mp_obj_t)];

int main(int argc, char **argv) {
    clock_init();
    mp_cstack_init_with_top(_estack, (size_t)(_estack - _heap_end));
    for (;;) {
        mp_pystack_init(frames, frames + MP_ARRAY_SIZE(frames));
        gc_init(_ebss, _heap_end);
        mp_init();
        pyexec_frozen_module("_boot.py", false);
        int ended = 0;
        if (pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL) {
            ended = pyexec_file_if_exists("main.py");
        }
        while (!(ended & PYEXEC_FORCED_EXIT)) {
            ended = pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl();
        }
        mp_printf(&mp_plat_print, "MPY: soft reboot\n");
        gc_sweep_all();
        mp_deinit();
    }
}

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
}

// A full heap gets here: the REPL takes its line from it, and catches nothing then. As a Pico's watchdog would.
NORETURN void nlr_jump_fail(void *val) {
    mp_printf(&mp_plat_print, "FATAL: uncaught NLR %p: reset\n", val);
    mp_call_function_0(MP_OBJ_FROM_PTR(&machine_reset_obj));
    for (;;) {
    }
}
