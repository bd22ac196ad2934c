// SPDX-License-Identifier: MIT
// Quicksort with insertion sort below 12, then heapsort, each of 1,000 random words.
#include "bench.h"

static int32_t words[1000];

static void insertion_sort(int32_t *first, int32_t *end) {
    for (int32_t *p = first + 1; p < end; p++) {
        int32_t value = *p, *hole = p;
        for (; hole > first && hole[-1] > value; hole--) {
            *hole = hole[-1];
        }
        *hole = value;
    }
}

static NOINLINE void quicksort(int32_t *first, int32_t *end) {
    while (end - first > 12) {
        int32_t pivot = first[(end - first) / 2], *low = first, *high = end - 1;
        while (low <= high) {
            while (*low < pivot) {
                low++;
            }
            while (*high > pivot) {
                high--;
            }
            if (low <= high) {
                int32_t swapped = *low;
                *low++ = *high;
                *high-- = swapped;
            }
        }
        // The smaller part by recursion: the stack stays small.
        if (high - first < end - low) {
            quicksort(first, high + 1);
            first = low;
        } else {
            quicksort(low, end);
            end = high + 1;
        }
    }
    insertion_sort(first, end);
}

static void sift_down(int32_t *heap, size_t at, size_t count) {
    int32_t value = heap[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        child += child + 1 < count && heap[child + 1] > heap[child];
        if (heap[child] <= value) {
            break;
        }
        heap[at] = heap[child];
    }
    heap[at] = value;
}

static NOINLINE void heapsort(int32_t *heap, size_t count) {
    for (size_t i = count / 2; i-- > 0;) {
        sift_down(heap, i, count);
    }
    while (count-- > 1) {
        int32_t largest = heap[0];
        heap[0] = heap[count];
        heap[count] = largest;
        sift_down(heap, 0, count);
    }
}

static uint32_t shuffled(uint32_t *random) {
    uint32_t sum = 0;
    for (size_t i = 0; i < COUNT(words); i++) {
        sum += words[i] = next_random(random);
    }
    return sum;
}

// 0 unless the words are in order and still add up to `sum`.
static uint32_t checked(uint32_t sum) {
    for (size_t i = 0; i < COUNT(words); i++) {
        if (i > 0 && words[i - 1] > words[i]) {
            return 0;
        }
        sum -= words[i];
    }
    return sum == 0 ? words[0] ^ words[COUNT(words) / 2] : 0;
}

EXPORT int32_t run(int32_t n) {
    uint32_t random = 2463534242u, hash = 0;
    for (int32_t i = 0; i < n; i++) {
        uint32_t sum = shuffled(&random);
        quicksort(words, words + COUNT(words));
        hash = mixed(hash, checked(sum));
        sum = shuffled(&random);
        heapsort(words, COUNT(words));
        hash = mixed(hash, checked(sum));
    }
    return hash;
}
