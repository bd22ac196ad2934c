// SPDX-License-Identifier: MIT
#include <string.h>

#include "semihosting.h"

// Operation numbers: section 6.
enum {
    SYS_OPEN = 0x01,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_SEEK = 0x0a,
    SYS_FLEN = 0x0c,
    SYS_TIME = 0x11,
    SYS_GET_CMDLINE = 0x15,
};

#if defined(__riscv)

// The three instructions must be uncompressed and in one page.
__attribute__((naked, noipa, aligned(16))) static int call(int operation, const void *block) {
    __asm volatile(".option push\n"
                   ".option norvc\n"
                   "slli zero, zero, 0x1f\n"
                   "ebreak\n"
                   "srai zero, zero, 7\n"
                   "ret\n"
                   ".option pop\n");
}

#else

static int call(int operation, const void *block) {
    register int r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = block;
    __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

#endif

int semihosting_open(const char *path, int mode) {
    const uintptr_t block[] = {(uintptr_t)path, (uintptr_t)mode, strlen(path)};
    return call(SYS_OPEN, block);
}

int semihosting_length(int file) {
    const uintptr_t block[] = {(uintptr_t)file};
    return call(SYS_FLEN, block);
}

static int transfer(int operation, int file, uint32_t at, const void *data, size_t size) {
    const uintptr_t seek[] = {(uintptr_t)file, at};
    if (call(SYS_SEEK, seek) != 0) {
        return -1;
    }
    const uintptr_t block[] = {(uintptr_t)file, (uintptr_t)data, size};
    return call(operation, block) == 0 ? 0 : -1; // the result is the number of bytes left out
}

int semihosting_read(int file, uint32_t at, void *to, size_t size) {
    return transfer(SYS_READ, file, at, to, size);
}

int semihosting_write(int file, uint32_t at, const void *from, size_t size) {
    return transfer(SYS_WRITE, file, at, from, size);
}

uint32_t semihosting_time(void) {
    return (uint32_t)call(SYS_TIME, NULL);
}

int semihosting_arguments(char *to, size_t size) {
    const uintptr_t block[] = {(uintptr_t)to, size};
    return call(SYS_GET_CMDLINE, block);
}
