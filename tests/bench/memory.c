// SPDX-License-Identifier: MIT
// Loads and stores: a sieve over 8 KiB, overlapping moves of 4 KiB by bytes and words, sums with strides over 16 KiB.
#include "bench.h"

static uint8_t flags[8192];
static uint32_t block[4096];

static NOINLINE uint32_t sieve(void) {
    uint32_t primes = 0;
    for (size_t i = 0; i < sizeof(flags); i++) {
        flags[i] = 1;
    }
    for (size_t i = 2; i < sizeof(flags); i++) {
        if (flags[i]) {
            primes++;
            for (size_t multiple = i + i; multiple < sizeof(flags); multiple += i) {
                flags[multiple] = 0;
            }
        }
    }
    return primes;
}

// memmove, backward when the parts overlap that way; by words where both are aligned.
static NOINLINE void move(uint8_t *to, const uint8_t *from, size_t size) {
    if (to < from && (((uintptr_t)to | (uintptr_t)from | size) & 3) == 0) {
        for (size_t i = 0; i < size / 4; i++) {
            ((uint32_t *)(void *)to)[i] = ((const uint32_t *)(const void *)from)[i];
        }
    } else if (to < from) {
        for (size_t i = 0; i < size; i++) {
            to[i] = from[i];
        }
    } else {
        while (size-- > 0) {
            to[size] = from[size];
        }
    }
}

static NOINLINE uint32_t strided(uint32_t stride) {
    uint32_t sum = 0;
    for (size_t first = 0; first < stride; first++) {
        for (size_t i = first; i < COUNT(block); i += stride) {
            sum = (sum << 1 | sum >> 31) + block[i];
        }
    }
    return sum;
}

EXPORT int32_t run(int32_t n) {
    uint32_t random = 12345, hash = 0;
    uint8_t *bytes = (uint8_t *)block;
    for (size_t i = 0; i < COUNT(block); i++) {
        block[i] = next_random(&random);
    }
    for (int32_t i = 0; i < n; i++) {
        hash = mixed(hash, sieve());
        move(bytes + 64, bytes, 4096);
        move(bytes + 8192, bytes + 8192 + 256, 4096);
        move(bytes + 4096 + 1, bytes + 4096 + 7, 1024);
        hash = mixed(hash, strided(1));
        hash = mixed(hash, strided(33));
        hash = mixed(hash, strided(1024));
    }
    return hash;
}
