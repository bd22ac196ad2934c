// SPDX-License-Identifier: MIT
// Files, time and arguments of the host, by semihosting ("Semihosting for AArch32 and AArch64", 2.0; the RISC-V form is
// the same with another trap sequence). QEMU must run with -semihosting-config enable=on,target=native.
// Functions return -1 on failure.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { SEMIHOSTING_READ = 1, SEMIHOSTING_UPDATE = 3 }; // fopen's "rb", "r+b"

int semihosting_open(const char *path, int mode);
int semihosting_length(int file);
int semihosting_read(int file, uint32_t at, void *to, size_t size);          // 0: all of it was read
int semihosting_write(int file, uint32_t at, const void *from, size_t size); // 0: all of it is in the host's file
uint32_t semihosting_time(void);                                             // seconds since 1970
int semihosting_arguments(char *to, size_t size);                            // the arg=… joined by spaces, with NUL
