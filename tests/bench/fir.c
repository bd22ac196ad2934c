// SPDX-License-Identifier: MIT
// A finite impulse response filter of 32 taps in f32 over 256 samples.
#include "bench.h"

static float taps[32], samples[256 + 32], filtered[256];

static NOINLINE void filter(void) {
    for (size_t i = 0; i < COUNT(filtered); i++) {
        float sum = 0;
        for (size_t j = 0; j < COUNT(taps); j++) {
            sum += taps[j] * samples[i + j];
        }
        filtered[i] = sum;
    }
}

static uint32_t bits(float x) {
    union {
        float value;
        uint32_t bits;
    } word = {x};
    return word.bits;
}

EXPORT int32_t run(int32_t n) {
    uint32_t random = 7, hash = 0;
    for (size_t i = 0; i < COUNT(taps); i++) {
        taps[i] = (float)(i + 1) / 64.0f;
    }
    for (int32_t round = 0; round < n; round++) {
        for (size_t i = 0; i < COUNT(samples); i++) {
            samples[i] = (float)(int32_t)next_random(&random) / 2147483648.0f;
        }
        filter();
        for (size_t i = 0; i < COUNT(filtered); i += 16) {
            hash = mixed(hash, bits(filtered[i]));
        }
    }
    return hash;
}
