// SPDX-License-Identifier: MIT
// Feature choices of the emulated boards: those of upstream's rp2 port, where a QEMU machine has the hardware for them.
// A board may set any of them first, on the compiler's command line.

#include <stdint.h>
#include <alloca.h>

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// Code emitters; a Cortex-M0 takes ARMv6-M code only.
#if defined(__riscv)
#define MICROPY_EMIT_RV32 (1)
#define MICROPY_EMIT_INLINE_RV32 (1)
#else
#define MICROPY_EMIT_THUMB (1)
#define MICROPY_EMIT_INLINE_THUMB (1)
#define MICROPY_EMIT_INLINE_THUMB_FLOAT (0)
#if defined(__ARM_ARCH_6M__)
#define MICROPY_EMIT_THUMB_ARMV7M (0)
#endif
#define MICROPY_MAKE_POINTER_CALLABLE(p) ((void *)((mp_uint_t)(p) | 1))
#endif

#ifndef MICROPY_LONGINT_IMPL
#define MICROPY_LONGINT_IMPL (MICROPY_LONGINT_IMPL_MPZ)
#endif
#ifndef MICROPY_FLOAT_IMPL
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_FLOAT)
#endif
#ifndef MICROPY_ERROR_REPORTING
#define MICROPY_ERROR_REPORTING (MICROPY_ERROR_REPORTING_NORMAL)
#endif

#define MICROPY_OPT_COMPUTED_GOTO (1)
#define MICROPY_OPT_MAP_LOOKUP_CACHE_SIZE (256) // bytes; 128 more save 1.4 % of a load's instructions
#define MICROPY_STACK_CHECK_MARGIN (256)
#define MICROPY_PERSISTENT_CODE_LOAD (1)
#define MICROPY_MEM_STATS (0)
#define MICROPY_MALLOC_USES_ALLOCATED_SIZE (0)
#define MICROPY_ENABLE_GC (1)
// Entries for what a collection has marked but not looked into. When they run out, it looks into all that is marked
// once more: of 64 words, upstream's, a board that serves had too few, and marking took twice as long.
#define MICROPY_GC_STACK_ENTRY_TYPE uint16_t
#define MICROPY_ALLOC_GC_STACK_SIZE (128)
#define MICROPY_ENABLE_PYSTACK (1) // main.c
#define FRAMES_SIZE (3072)         // bytes; the deepest of what the board does takes 2.3 KB
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF (1)
#define MICROPY_EMERGENCY_EXCEPTION_BUF_SIZE (128)
#define MICROPY_KBD_EXCEPTION (1)
#define MICROPY_HELPER_REPL (1)
#define MICROPY_WARNINGS (1)

// Files: littlefs on the emulated flash.
#define MICROPY_READER_VFS (1)
#define MICROPY_VFS (1)

#define MICROPY_PY_SYS_PLATFORM "qemu"
#define MICROPY_PY_SYS_STDIO_BUFFER (1)
#define MICROPY_PY_ASYNCIO (0)
#define MICROPY_PY_FRAMEBUF (0)
#define MICROPY_PY_OS_URANDOM (1)
#define MICROPY_PY_OS_INCLUDEFILE "firmware/emulated/modos.c"
#define MICROPY_PY_TIME (1)
#define MICROPY_PY_TIME_TIME_TIME_NS (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (1)
#define MICROPY_PY_TIME_INCLUDEFILE "firmware/emulated/modtime.c"
#define MICROPY_EPOCH_IS_1970 (1)
#define MICROPY_PY_MACHINE (1)
#define MICROPY_PY_MACHINE_INCLUDEFILE "firmware/emulated/modmachine.c"
#define MICROPY_PY_MACHINE_RESET (1)
#define MICROPY_PY_MACHINE_BARE_METAL_FUNCS (1)
#define MICROPY_PY_MACHINE_UART (1)
#define MICROPY_PY_MACHINE_UART_INCLUDEFILE "firmware/emulated/machine_uart.c"

// No interrupt handlers: the port is looked at every few hundred bytecode jumps, and while waiting.
#define MICROPY_VM_HOOK_COUNT (256)
#define MICROPY_VM_HOOK_INIT static unsigned vm_hook_count = MICROPY_VM_HOOK_COUNT;
#define MICROPY_VM_HOOK_POLL \
    if (--vm_hook_count == 0) { \
        extern void serial_poll(void); \
        vm_hook_count = MICROPY_VM_HOOK_COUNT; \
        serial_poll(); \
    }
#define MICROPY_VM_HOOK_LOOP MICROPY_VM_HOOK_POLL
#define MICROPY_VM_HOOK_RETURN MICROPY_VM_HOOK_POLL
#define MICROPY_INTERNAL_EVENT_HOOK \
    do { \
        extern void serial_poll(void); \
        serial_poll(); \
    } while (0)
#define MICROPY_INTERNAL_WFE(timeout_ms) \
    do { \
        extern void clock_wait(int32_t); \
        clock_wait(timeout_ms); \
    } while (0)

#define MP_SSIZE_MAX (0x7fffffff)
#define UINT_FMT "%lu"
#define INT_FMT "%ld"
typedef int32_t mp_int_t;
typedef uint32_t mp_uint_t;
typedef long mp_off_t;

#define MP_NEED_LOG2 (1)
#define MP_STATE_PORT MP_STATE_VM
