// SPDX-License-Identifier: MIT
// A mix after the pattern of EEMBC's CoreMark: a linked list that is searched, reversed and merge-sorted, 9 x 9
// matrices of 16-bit numbers, a state machine that reads numbers from text, and a CRC-16 over all results. The kinds of
// work, the sizes (three parts of 666 bytes) and how often each is done in a round follow CoreMark; the code is ours,
// so a round is about an iteration of CoreMark, and its result is not a CoreMark score.
#include "bench.h"

static uint32_t crc16(uint32_t data, uint32_t crc) {
    for (int i = 0; i < 16; i++, data >>= 1) {
        crc = (data ^ crc) & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
    }
    return crc;
}

static NOINLINE uint32_t crc16_of_word(uint32_t data, uint32_t crc) {
    return crc16(data >> 16, crc16(data & 0xffff, crc));
}

// Matrices

#define N (9)

static int16_t left[N][N], right[N][N];
static int32_t product[N][N];

static void make_matrices(void) {
    uint32_t random = 1;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            random = (random * (i * N + j + 1)) % 65536;
            right[i][j] = (int16_t)(random + i * N + j + 1);
            left[i][j] = (right[i][j] + i * N + j + 1) & 0xff;
        }
    }
}

static NOINLINE void add_constant(int16_t value) {
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            left[i][j] += value;
        }
    }
}

static NOINLINE void multiply_constant(int32_t value) {
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            product[i][j] = left[i][j] * value;
        }
    }
}

static NOINLINE void multiply_vector(void) {
    for (int i = 0; i < N; i++) {
        product[0][i] = 0;
        for (int j = 0; j < N; j++) {
            product[0][i] += left[i][j] * right[0][j];
        }
    }
}

static NOINLINE void multiply_matrix(void) {
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            product[i][j] = 0;
            for (int k = 0; k < N; k++) {
                product[i][j] += left[i][k] * right[k][j];
            }
        }
    }
}

static NOINLINE void multiply_bit_fields(void) {
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            product[i][j] = 0;
            for (int k = 0; k < N; k++) {
                int32_t x = left[i][k] * right[k][j];
                product[i][j] += (x >> 2 & 15) * (x >> 5 & 127);
            }
        }
    }
}

// How often the running sum passes `limit`, and how often the numbers rise.
static NOINLINE int32_t matrix_sum(int32_t limit) {
    int32_t sum = 0, before = 0, result = 0;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            int32_t value = product[i][j];
            sum += value;
            if (sum > limit) {
                result += 10;
                sum = 0;
            } else {
                result += value > before;
            }
            before = value;
        }
    }
    return result;
}

static uint32_t matrix_work(int32_t value, uint32_t crc) {
    int32_t limit = (int32_t)(0xfffff000u | value);
    add_constant(value);
    multiply_constant(value);
    crc = crc16((uint16_t)matrix_sum(limit), crc);
    multiply_vector();
    crc = crc16((uint16_t)matrix_sum(limit), crc);
    multiply_matrix();
    crc = crc16((uint16_t)matrix_sum(limit), crc);
    multiply_bit_fields();
    crc = crc16((uint16_t)matrix_sum(limit), crc);
    add_constant(-value);
    return crc;
}

// State machine

enum { START, SIGN, INTEGER, FRACTION, EXPONENT, EXPONENT_SIGN, EXPONENT_DIGITS, INVALID, STATES };

static char text[666];

static void make_text(void) {
    static const char words[16][9] = {
        "5012",
        "1234",
        "-874",
        "+122",
        "35.54400",
        ".1234500",
        "-110.700",
        "+0.64400",
        "5.500e+3",
        "-.123e-2",
        "-87e+832",
        "+0.6e-12",
        "T0.3e-1F",
        "-T.T++Tq",
        "1T3.4e4z",
        "34.0e-T^",
    };
    size_t at = 0;
    for (uint32_t i = 0; at + 10 < sizeof(text); i++) {
        const char *word = words[(i & 7) < 3 ? i & 3 : 4 * ((i & 7) - 3 < 2 ? 1 : (i & 7) == 7 ? 3 : 2) + (i >> 3 & 3)];
        for (int j = 0; j < 8 && word[j] != 0; j++) {
            text[at++] = word[j];
        }
        text[at++] = ',';
    }
}

static int is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Reads one number up to a comma or the end; counts the states that it passes through.
static NOINLINE int next_number(const char **from, uint32_t *passed) {
    const char *s = *from;
    int state = START;
    for (; *s != 0 && state != INVALID; s++) {
        char c = *s;
        if (c == ',') {
            s++;
            break;
        }
        switch (state) {
            case START:
                state = is_digit(c) ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? FRACTION : INVALID;
                passed[START]++;
                break;
            case SIGN:
                state = is_digit(c) ? INTEGER : c == '.' ? FRACTION : INVALID;
                passed[SIGN]++;
                break;
            case INTEGER:
                if (c == '.') {
                    state = FRACTION;
                    passed[INTEGER]++;
                } else if (!is_digit(c)) {
                    state = INVALID;
                    passed[INTEGER]++;
                }
                break;
            case FRACTION:
                if (c == 'E' || c == 'e') {
                    state = EXPONENT;
                    passed[FRACTION]++;
                } else if (!is_digit(c)) {
                    state = INVALID;
                    passed[FRACTION]++;
                }
                break;
            case EXPONENT:
                state = c == '+' || c == '-' ? EXPONENT_SIGN : INVALID;
                passed[EXPONENT]++;
                break;
            case EXPONENT_SIGN:
                state = is_digit(c) ? EXPONENT_DIGITS : INVALID;
                passed[EXPONENT_SIGN]++;
                break;
            case EXPONENT_DIGITS:
                if (!is_digit(c)) {
                    state = INVALID;
                    passed[INVALID]++;
                }
                break;
        }
    }
    *from = s;
    return state;
}

static NOINLINE void count_states(uint32_t *ended, uint32_t *passed) {
    for (const char *s = text; *s != 0;) {
        ended[next_number(&s, passed)]++;
    }
}

static NOINLINE void damage(int stride, char with) {
    for (char *s = text; s < text + sizeof(text) && *s != 0; s += stride) {
        if (*s != ',') {
            *s ^= with;
        }
    }
}

static uint32_t state_work(int stride, uint32_t crc) {
    uint32_t ended[STATES], passed[STATES];
    for (int i = 0; i < STATES; i++) {
        ended[i] = passed[i] = 0;
    }
    count_states(ended, passed);
    damage(stride, 0x01);
    count_states(ended, passed);
    damage(stride, 0x01);
    for (int i = 0; i < STATES; i++) {
        crc = crc16_of_word(passed[i], crc16_of_word(ended[i], crc));
    }
    return crc;
}

// List

typedef struct item item_t;
struct item {
    item_t *next;
    int16_t *info; // key, value
};

#define ITEMS (31)

static item_t items[ITEMS + 2];
static int16_t infos[ITEMS + 2][2];

static item_t *make_list(void) {
    item_t *list = &items[0];
    for (int i = 0; i < ITEMS + 2; i++) {
        uint32_t pattern = (i * 5 ^ 3) & 15;
        uint32_t value = pattern << 3 | (i & 7);
        items[i].next = i + 1 < ITEMS + 2 ? &items[i + 1] : NULL;
        items[i].info = infos[i];
        infos[i][0] = i < ITEMS / 5 ? i : 0x3fff & ((i & 7) << 8 | i * 37);
        infos[i][1] = value << 8 | value;
    }
    infos[0][0] = -1;
    return list;
}

static NOINLINE item_t *find(item_t *list, int32_t key, int32_t value) {
    if (key >= 0) {
        while (list != NULL && list->info[0] != key) {
            list = list->next;
        }
    } else {
        while (list != NULL && (list->info[1] & 0xff) != value) {
            list = list->next;
        }
    }
    return list;
}

static NOINLINE item_t *reversed(item_t *list) {
    item_t *done = NULL;
    while (list != NULL) {
        item_t *next = list->next;
        list->next = done;
        done = list;
        list = next;
    }
    return done;
}

typedef struct {
    uint32_t crc;
    uint32_t state_crc, matrix_crc;
} results_t;

// Work named by a value, done once and then remembered in it.
static NOINLINE int32_t worked(int16_t *value, results_t *results) {
    int32_t data = *value, result;
    if (data & 0x80) {
        return data & 0x7f;
    }
    int32_t parameter = data >> 3 & 15;
    parameter |= parameter << 4;
    switch (data & 7) {
        case 0:
            result = state_work(parameter < 0x22 ? 0x22 : parameter, results->crc);
            results->state_crc = results->state_crc ? results->state_crc : (uint32_t)result;
            break;
        case 1:
            result = matrix_work(parameter, results->crc);
            results->matrix_crc = results->matrix_crc ? results->matrix_crc : (uint32_t)result;
            break;
        default:
            result = data;
            break;
    }
    results->crc = crc16(result & 0xffff, results->crc);
    *value = (data & 0xff00) | 0x80 | (result & 0x7f);
    return result & 0x7f;
}

typedef int32_t (*compare_t)(const item_t *a, const item_t *b, results_t *results);

static int32_t by_work(const item_t *a, const item_t *b, results_t *results) {
    int32_t first = worked(&a->info[1], results); // in this order
    return first - worked(&b->info[1], results);
}

// Forgets the work that is remembered, too.
static int32_t by_key(const item_t *a, const item_t *b, results_t *results) {
    (void)results;
    a->info[1] = (a->info[1] & 0xff00) | (a->info[1] >> 8 & 0xff);
    b->info[1] = (b->info[1] & 0xff00) | (b->info[1] >> 8 & 0xff);
    return a->info[0] - b->info[0];
}

// Bottom-up merge sort, stable.
static NOINLINE item_t *sorted(item_t *list, compare_t compare, results_t *results) {
    for (int size = 1;; size *= 2) {
        item_t *rest = list, *last = NULL;
        int merges = 0;
        list = NULL;
        while (rest != NULL) {
            merges++;
            item_t *a = rest, *b = rest;
            int as = 0, bs = size;
            while (as < size && b != NULL) {
                as++;
                b = b->next;
            }
            while (as > 0 || (bs > 0 && b != NULL)) {
                item_t *smaller;
                if (as == 0 || (bs > 0 && b != NULL && compare(a, b, results) > 0)) {
                    smaller = b;
                    b = b->next;
                    bs--;
                } else {
                    smaller = a;
                    a = a->next;
                    as--;
                }
                if (last == NULL) {
                    list = smaller;
                } else {
                    last->next = smaller;
                }
                last = smaller;
            }
            rest = b;
        }
        last->next = NULL;
        if (merges <= 1) {
            return list;
        }
    }
}

static uint32_t crc_of_list(const item_t *list, uint32_t crc) {
    for (; list != NULL; list = list->next) {
        crc = crc16((uint16_t)list->info[1], crc);
    }
    return crc;
}

static NOINLINE uint32_t list_work(item_t **from, int32_t key, results_t *results) {
    item_t *list = *from;
    int32_t found = 0, missed = 0, result = 0;
    for (int32_t i = 0; i < 0x66; i++) {
        item_t *item = find(list, key, i & 0xff);
        list = reversed(list);
        if (item == NULL) {
            missed++;
            result += list->next->info[1] >> 8 & 1;
        } else {
            found++;
            if (item->info[1] & 1) {
                result += item->info[1] >> 9 & 1;
            }
            if (item->next != NULL) { // what follows it goes to the front
                item_t *moved = item->next;
                item->next = moved->next;
                moved->next = list->next;
                list->next = moved;
            }
        }
        key += key >= 0;
    }
    result += 4 * found - missed;
    if (key > 0) {
        list = sorted(list, by_work, results);
    }
    item_t *removed = list->next; // out and in again
    list->next = removed->next;
    uint32_t crc = crc_of_list(list, result & 0xffff);
    removed->next = list->next;
    list->next = removed;
    list = sorted(list, by_key, NULL);
    *from = list;
    return crc_of_list(list->next, crc);
}

EXPORT int32_t run(int32_t n) {
    results_t results = {0, 0, 0};
    item_t *list = make_list();
    make_matrices();
    make_text();
    for (int32_t i = 0; i < n; i++) {
        for (int32_t key = 1; key >= -1; key -= 2) {
            uint32_t crc = list_work(&list, key, &results); // first: it adds to results.crc
            results.crc = crc16(crc, results.crc);
        }
    }
    return results.crc ^ results.state_crc << 16 ^ results.matrix_crc << 8;
}
