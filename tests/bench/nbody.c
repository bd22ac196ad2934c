// SPDX-License-Identifier: MIT
// Five bodies under gravity in f64, 10 steps a round: add, multiply, divide, square root.
#include "bench.h"

#define BODIES (5)

typedef struct {
    double x[3], v[3], mass;
} body_t;

// Sun, Jupiter, Saturn, Uranus, Neptune, roughly: astronomical units, days, solar masses times G.
static const body_t START[BODIES] = {
    {{0, 0, 0}, {-2e-6, 2e-6, 0}, 2.96e-4},
    {{4.84, -1.16, -0.10}, {6.06e-4, 2.81e-3, -2.5e-5}, 2.82e-7},
    {{8.34, 4.12, -0.40}, {-1.01e-3, 1.82e-3, 8.4e-6}, 8.46e-8},
    {{12.89, -15.11, -0.22}, {1.08e-3, 8.68e-4, -1.0e-5}, 1.29e-8},
    {{15.38, -25.92, 0.18}, {9.79e-4, 5.94e-4, -3.4e-5}, 1.52e-8},
};

static body_t bodies[BODIES];

static NOINLINE void advance(double days) {
    for (int i = 0; i < BODIES; i++) {
        for (int j = i + 1; j < BODIES; j++) {
            double d[3], squared = 0;
            for (int k = 0; k < 3; k++) {
                d[k] = bodies[i].x[k] - bodies[j].x[k];
                squared += d[k] * d[k];
            }
            double pull = days / (squared * __builtin_sqrt(squared));
            for (int k = 0; k < 3; k++) {
                bodies[i].v[k] -= d[k] * bodies[j].mass * pull;
                bodies[j].v[k] += d[k] * bodies[i].mass * pull;
            }
        }
    }
    for (int i = 0; i < BODIES; i++) {
        for (int k = 0; k < 3; k++) {
            bodies[i].x[k] += days * bodies[i].v[k];
        }
    }
}

EXPORT int32_t run(int32_t n) {
    uint32_t hash = 0;
    for (int i = 0; i < BODIES; i++) {
        bodies[i] = START[i];
    }
    for (int32_t round = 0; round < n; round++) {
        for (int step = 0; step < 10; step++) {
            advance(1.0);
        }
        for (int i = 0; i < BODIES; i++) {
            union {
                double value;
                uint64_t bits;
            } x = {bodies[i].x[0]};
            hash = mixed(mixed(hash, x.bits), x.bits >> 32);
        }
    }
    return hash;
}
