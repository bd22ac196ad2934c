// SPDX-License-Identifier: MIT
// 64-bit integers: SipHash-2-4, xorshift64*, and powers modulo a 32-bit prime (multiply, divide, remainder).
#include "bench.h"

static uint64_t rotl(uint64_t x, int n) {
    return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4]) {
    v[0] += v[1], v[2] += v[3];
    v[1] = rotl(v[1], 13) ^ v[0], v[3] = rotl(v[3], 16) ^ v[2];
    v[0] = rotl(v[0], 32);
    v[2] += v[1], v[0] += v[3];
    v[1] = rotl(v[1], 17) ^ v[2], v[3] = rotl(v[3], 21) ^ v[0];
    v[2] = rotl(v[2], 32);
}

// Aumasson and Bernstein 2012, for whole words.
static NOINLINE uint64_t siphash(uint64_t k0, uint64_t k1, const uint64_t *words, size_t count) {
    uint64_t v[4] = {
        k0 ^ 0x736f6d6570736575,
        k1 ^ 0x646f72616e646f6d,
        k0 ^ 0x6c7967656e657261,
        k1 ^ 0x7465646279746573,
    };
    for (size_t i = 0; i <= count; i++) {
        uint64_t m = i < count ? words[i] : (uint64_t)count << 59;
        v[3] ^= m;
        sip_round(v);
        sip_round(v);
        v[0] ^= m;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t next(uint64_t *state) {
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1d;
}

static NOINLINE uint64_t power(uint64_t base, uint32_t exponent, uint64_t modulus) {
    uint64_t result = 1;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1) {
            result = result * base % modulus;
        }
        base = base * base % modulus;
    }
    return result;
}

EXPORT int32_t run(int32_t n) {
    uint64_t state = 88172645463325252, words[32], hash = 0;
    for (int32_t i = 0; i < n; i++) {
        for (size_t j = 0; j < COUNT(words); j++) {
            words[j] = next(&state);
        }
        hash ^= siphash(hash, state, words, COUNT(words));
        hash += power(words[0] % 4294967291u, (uint32_t)words[1] >> 16, 4294967291u);
        hash += (int64_t)words[2] / ((int64_t)words[3] >> 40 | 1);
    }
    return hash ^ hash >> 32;
}
