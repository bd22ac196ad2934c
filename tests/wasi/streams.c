// wasi:io/streams and wasi:io/error over stdin, stdout and stderr; wasi:cli, wasi:random. Each line says what came
// back.
#include "wasi.h"

IMPORT("wasi:cli/environment@0.2.0", "get-environment") void get_environment(list *result);
IMPORT("wasi:cli/environment@0.2.0", "get-arguments") void get_arguments(list *result);
IMPORT("wasi:cli/environment@0.2.0", "initial-cwd") void initial_cwd(int32_t *result);
IMPORT("wasi:cli/exit@0.2.0", "exit") void exit_(int32_t failed);
IMPORT("wasi:cli/exit@0.2.0", "exit-with-code") void exit_with_code(int32_t code);
IMPORT("wasi:cli/stdin@0.2.0", "get-stdin") int32_t get_stdin(void);
IMPORT("wasi:cli/stderr@0.2.0", "get-stderr") int32_t get_stderr(void);
IMPORT("wasi:cli/terminal-stdout@0.2.0", "get-terminal-stdout") void get_terminal_stdout(int32_t *result);
IMPORT("wasi:io/poll@0.2.0", "[method]pollable.ready") int32_t ready(int32_t pollable);
IMPORT("wasi:io/poll@0.2.0", "poll") void poll(const int32_t *pollables, size_t count, list *result);
IMPORT("wasi:io/poll@0.2.0", "[resource-drop]pollable") void drop_pollable(int32_t pollable);
IMPORT(STREAMS, "[method]input-stream.read") void read(int32_t stream, uint64_t count, stream_result *result);
IMPORT(STREAMS, "[method]input-stream.blocking-skip") void skip(int32_t stream, uint64_t count, count_result *result);
IMPORT(STREAMS, "[method]input-stream.subscribe") int32_t subscribe_input(int32_t stream);
IMPORT(STREAMS, "[resource-drop]input-stream") void drop_input(int32_t stream);
IMPORT(STREAMS, "[method]output-stream.check-write") void check_write(int32_t stream, count_result *result);
IMPORT(STREAMS, "[method]output-stream.write")
void write(int32_t stream, const void *data, size_t size, stream_result *result);
IMPORT(STREAMS, "[method]output-stream.write-zeroes")
void write_zeroes(int32_t stream, uint64_t, stream_result *result);
IMPORT(STREAMS, "[method]output-stream.blocking-flush") void flush(int32_t stream, stream_result *result);
IMPORT(STREAMS, "[method]output-stream.subscribe") int32_t subscribe_output(int32_t stream);
IMPORT(STREAMS, "[method]output-stream.splice")
void splice(int32_t stream, int32_t source, uint64_t count, count_result *result);
IMPORT("wasi:random/random@0.2.0", "get-random-bytes") void get_random_bytes(uint64_t count, list *result);
IMPORT("wasi:random/random@0.2.0", "get-random-u64") uint64_t get_random_u64(void);
IMPORT("wasi:random/insecure-seed@0.2.0", "insecure-seed") void insecure_seed(uint64_t *result);

static bool is(list text, const char *wanted) {
    if (text.size != length(wanted))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] != (uint8_t)wanted[i])
            return false;
    return true;
}

static void environment(void) {
    list result;
    get_arguments(&result);
    const list *arguments = (const list *)result.data;
    say("arguments");
    for (size_t i = 0; i < result.size; i++) {
        say(" ");
        put(arguments[i].data, arguments[i].size);
    }
    say("\n");
    get_environment(&result);
    const list *pairs = (const list *)result.data;
    for (size_t i = 0; i < 2 * result.size; i += 2) {
        put(pairs[i].data, pairs[i].size);
        say(" is ");
        put(pairs[i + 1].data, pairs[i + 1].size);
        say("\n");
    }
    int32_t none[3];
    initial_cwd(none);
    tell("directory", none[0] & 255);
    get_terminal_stdout(none);
    tell("terminal", none[0] & 255);
}

static void input(void) {
    int32_t in = get_stdin();
    stream_result result;
    count_result count;
    read(in, 0, &result);
    tell("read nothing: failed", result.failed);
    read(in, 10, &result);
    tell("read: failed", result.failed);
    tell("closed", result.closed);
    read(in, 0, &result);
    tell("closed stays closed", result.failed && result.closed);
    skip(in, 1, &count);
    tell("skip: closed", count.failed && count.closed);
    int32_t pollables[] = {subscribe_input(in), subscribe_output(out)};
    tell("ready", ready(pollables[0]));
    list which;
    poll(pollables, 2, &which);
    tell("polled", which.size);
    splice(out, in, 10, &count);
    tell("splice: closed", count.failed && count.closed);
    drop_pollable(pollables[1]);
    drop_pollable(pollables[0]);
    drop_input(in);
}

static void output(void) {
    int32_t err = get_stderr();
    stream_result result;
    count_result count;
    check_write(err, &count);
    tell("allowed", count.count);
    write(err, "half a ", 7, &result);
    write(err, "line\nand \xff\xc3\xbc", 12, &result);
    flush(err, &result);
    tell("flush: failed", result.failed);
    write_zeroes(err, 300, &result);
    tell("zeroes: failed", result.failed);
    drop_output(err);
}

static void random(void) {
    list bytes;
    uint64_t seed[2];
    get_random_bytes(16, &bytes);
    uint64_t first = get_random_u64();
    insecure_seed(seed);
    tell("random bytes", bytes.size);
    tell("random", first != get_random_u64() && seed[0] != seed[1]);
}

EXPORT("wasi:cli/run@0.2.0#run") int32_t run(void) {
    list result;
    count_result count;
    stream_result written;
    get_arguments(&result);
    const list *arguments = (const list *)result.data;
    list what = result.size > 1 ? arguments[1] : (list){0};
    if (is(what, "exit"))
        exit_(0);
    if (is(what, "fail"))
        exit_(1);
    if (is(what, "code"))
        exit_with_code(7);
    if (is(what, "unchecked")) {
        write(get_stderr(), "x", 1, &written);
    }
    if (is(what, "twice")) {
        int32_t err = get_stderr();
        check_write(err, &count);
        write_zeroes(err, 4000, &written);
        write_zeroes(err, 97, &written);
    }
    if (is(what, "hoard"))
        for (;;)
            get_stderr();
    if (is(what, "lots"))
        get_random_bytes(16385, &result);
    if (is(what, "many")) {
        int64_t others = 0;
        get_random_bytes(16384, &result);
        tell("random bytes", result.size);
        for (size_t at = 0; at < result.size; at += 256) {
            bool same = at > 0;
            for (size_t i = 0; i < 256 && same; i++)
                same = result.data[at + i] == result.data[at - 256 + i];
            others += !same;
        }
        tell("of them other than the 256 before", others);
    }
    if (is(what, "long")) {
        for (int i = 0; i < 700; i++)
            put("\xc3\xbc", 2);
        say("\n");
    }
    environment();
    input();
    output();
    random();
    say("the end");
    return is(what, "error");
}
