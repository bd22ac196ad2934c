// A server whose tools use WASI while they are called, and end their program in the middle of a call.
#include "../../examples/c/wasmote.h"

#define STREAMS "wasi:io/streams@0.2.0"
#define TYPES "wasi:filesystem/types@0.2.0"

typedef struct {
    uint8_t failed;
    int32_t handle;
} opened;

IMPORT("wasi:cli/stdout@0.2.0", "get-stdout") int32_t get_stdout(void);
IMPORT("wasi:cli/exit@0.2.0", "exit") void exit_(int32_t failed);
IMPORT("wasi:filesystem/preopens@0.2.0", "get-directories") void get_directories(uint32_t *list);
IMPORT(TYPES, "[method]descriptor.open-at")
void open_at(int32_t, int32_t flags, const char *, size_t, int32_t how, int32_t what, opened *);
IMPORT(TYPES, "[method]descriptor.append-via-stream") void append(int32_t, opened *);
IMPORT(STREAMS, "[method]output-stream.blocking-write-and-flush")
void write(int32_t stream, const char *, size_t, int32_t *result);
IMPORT(STREAMS, "[resource-drop]output-stream") void drop_output(int32_t stream);

static int32_t file;

static void print(const char *words) {
    int32_t out = get_stdout(), result[3];
    write(out, words, text_of(words).length, result);
    drop_output(out);
}

// What it writes stays open, and nobody flushes it.
static void note(text arguments) {
    if (!file) {
        uint32_t list[2];
        opened found;
        get_directories(list);
        int32_t folder = *(int32_t *)list[0];
        open_at(folder, 0, "notes", 5, 1, 2, &found);
        append(found.handle, &found);
        file = found.handle;
    }
    int32_t result[3];
    write(file, "a note\n", 7, result);
    answer_int(result[0] & 255);
}

static void partial(text arguments) {
    print("one\ntwo");
    answer("said");
}

static void end(text arguments) {
    print("the last words");
    exit_(0);
}

static void fail(text arguments) {
    exit_(1);
}

#define NOTHING "{\"type\":\"object\"}"

static const tool tools[] = {
    {.name = "note", .description = "Append a line to a file.", .schema = NOTHING, .call = note},
    {.name = "partial", .description = "Print a line and a half.", .schema = NOTHING, .call = partial},
    {.name = "end", .description = "End the program, as a success.", .schema = NOTHING, .call = end},
    {.name = "fail", .description = "End the program, as a failure.", .schema = NOTHING, .call = fail},
};
SERVER("tool", "1.0.0", tools)
