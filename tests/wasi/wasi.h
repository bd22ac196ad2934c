// What the guests of the WASI tests share: memory, text on stdout, the imports as the Canonical ABI flattens them.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMPORT(interface, name) __attribute__((import_module(interface), import_name(name))) extern
#define EXPORT(name) __attribute__((export_name(name)))

static uint8_t heap[24 * 1024] __attribute__((aligned(8)));
static size_t top;

EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
    top = (top + align - 1) & ~(align - 1);
    if (top + size > sizeof heap)
        __builtin_trap();
    uint8_t *made = heap + top;
    top += size;
    for (size_t i = 0; i < old_size; i++)
        made[i] = ((uint8_t *)old)[i];
    return made;
}

static size_t length(const char *text) {
    size_t size = 0;
    while (text[size])
        size++;
    return size;
}

// A list or string as it lies in memory.
typedef struct {
    const uint8_t *data;
    size_t size;
} list;

// result<…, stream-error> where the payload needs an alignment of 4 (list<u8>, none) and of 8 (u64).
typedef struct {
    uint8_t failed;
    union {
        list bytes;
        struct {
            uint8_t closed;
            int32_t error;
        };
    };
} stream_result;

typedef struct {
    uint8_t failed;
    union {
        uint64_t count;
        struct {
            uint8_t closed;
            int32_t error;
        };
    } __attribute__((aligned(8)));
} count_result;

#define STREAMS "wasi:io/streams@0.2.0"
IMPORT("wasi:cli/stdout@0.2.0", "get-stdout") int32_t get_stdout(void);
IMPORT(STREAMS, "[method]output-stream.blocking-write-and-flush")
void blocking_write(int32_t stream, const void *data, size_t size, stream_result *result);
IMPORT(STREAMS, "[resource-drop]output-stream") void drop_output(int32_t stream);

static int32_t out = -1;

static void put(const void *data, size_t size) {
    stream_result result;
    if (out < 0)
        out = get_stdout();
    blocking_write(out, data, size, &result);
    if (result.failed)
        __builtin_trap();
}

static void say(const char *text) {
    put(text, length(text));
}

static void number(int64_t value) {
    char digits[24];
    int at = sizeof digits;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do
        digits[--at] = '0' + rest % 10;
    while (rest /= 10);
    if (value < 0)
        digits[--at] = '-';
    put(digits + at, sizeof digits - at);
}

// One line: "<what> <value>".
static void tell(const char *what, int64_t value) {
    say(what);
    say(" ");
    number(value);
    say("\n");
}
