// wasi:filesystem by command: each argument of the program is one operation, each prints a line, "ok …" or "error
// CODE". Numbered descriptors: 0 is the preopen; `open` fills the others.
#include "commands.h"

#define TYPES "wasi:filesystem/types@0.2.0"
#define DESCRIPTOR(name) IMPORT(TYPES, "[method]descriptor." name) void

typedef struct {
    uint8_t failed, error;
} result;

typedef struct {
    uint8_t failed;
    union {
        int32_t handle;
        uint8_t error;
    };
} handle_result;

typedef struct {
    uint8_t failed;
    union {
        struct {
            list data;
            uint8_t end;
        };
        uint8_t error;
    };
} read_result;

typedef struct {
    uint8_t failed;
    union {
        uint64_t count;
        uint8_t error;
    } __attribute__((aligned(8)));
} size_result;

typedef struct {
    uint8_t there;
    uint64_t seconds;
    uint32_t nanoseconds;
} when;

typedef struct {
    uint8_t failed;
    union {
        struct {
            uint8_t type;
            uint64_t links, size;
            when access, modification, change;
        };
        uint8_t error;
    } __attribute__((aligned(8)));
} stat_result;

typedef struct {
    uint8_t failed;
    union {
        struct {
            uint8_t there;
            struct {
                uint8_t type;
                list name;
            };
        };
        uint8_t error;
    } __attribute__((aligned(4)));
} entry_result;

typedef struct {
    uint8_t failed;
    union {
        uint64_t hash[2];
        uint8_t error;
    } __attribute__((aligned(8)));
} hash_result;

typedef struct {
    int32_t descriptor;
    list path;
} preopen;

IMPORT("wasi:filesystem/preopens@0.2.0", "get-directories") void get_directories(list *result);
IMPORT(TYPES, "[resource-drop]descriptor") void drop_descriptor(int32_t descriptor);
IMPORT(TYPES, "[resource-drop]directory-entry-stream") void drop_entries(int32_t entries);
IMPORT(TYPES, "filesystem-error-code") void error_code(int32_t error, uint8_t *code);
IMPORT(STREAMS, "[method]input-stream.blocking-read") void read_stream(int32_t, uint64_t count, stream_result *);
IMPORT(STREAMS, "[method]output-stream.check-write") void check_write(int32_t, count_result *);
IMPORT(STREAMS, "[method]output-stream.write") void write_stream(int32_t, const void *, size_t, stream_result *);
IMPORT(STREAMS, "[method]output-stream.blocking-splice") void splice(int32_t, int32_t source, uint64_t, count_result *);
IMPORT(STREAMS, "[resource-drop]input-stream") void drop_input(int32_t stream);
IMPORT("wasi:io/error@0.2.0", "[resource-drop]error") void drop_error(int32_t error);
IMPORT(TYPES, "[method]directory-entry-stream.read-directory-entry") void read_entry(int32_t, entry_result *);
DESCRIPTOR("open-at") open_at(int32_t, int32_t flags, const void *, size_t, int32_t how, int32_t what, handle_result *);
DESCRIPTOR("create-directory-at") create_directory_at(int32_t, const void *, size_t, result *);
DESCRIPTOR("remove-directory-at") remove_directory_at(int32_t, const void *, size_t, result *);
DESCRIPTOR("unlink-file-at") unlink_file_at(int32_t, const void *, size_t, result *);
DESCRIPTOR("rename-at") rename_at(int32_t, const void *, size_t, int32_t, const void *, size_t, result *);
DESCRIPTOR("symlink-at") symlink_at(int32_t, const void *, size_t, const void *, size_t, result *);
DESCRIPTOR("stat-at") stat_at(int32_t, int32_t flags, const void *, size_t, stat_result *);
DESCRIPTOR("stat") stat(int32_t, stat_result *);
DESCRIPTOR("metadata-hash") metadata_hash(int32_t, hash_result *);
DESCRIPTOR("read") read(int32_t, uint64_t count, uint64_t at, read_result *);
DESCRIPTOR("write") write(int32_t, const void *, size_t, uint64_t at, size_result *);
DESCRIPTOR("set-size") set_size(int32_t, uint64_t size, result *);
DESCRIPTOR("sync") sync(int32_t, result *);
DESCRIPTOR("read-directory") read_directory(int32_t, handle_result *);
DESCRIPTOR("read-via-stream") read_via_stream(int32_t, uint64_t at, handle_result *);
DESCRIPTOR("write-via-stream") write_via_stream(int32_t, uint64_t at, handle_result *);
DESCRIPTOR("append-via-stream") append_via_stream(int32_t, handle_result *);
IMPORT(TYPES, "[method]descriptor.is-same-object") int32_t is_same_object(int32_t, int32_t);

static int32_t descriptors[32];
static int32_t descriptor(void) {
    return descriptors[count() & 31];
}

static void ended(int failed, int error) {
    if (failed)
        tell("error", error);
    else
        say("ok\n");
}

static void told_stat(stat_result *found) {
    if (found->failed) {
        tell("error", found->error);
        return;
    }
    say(found->type == 3 ? "ok directory " : found->type == 6 ? "ok file " : "ok unknown ");
    number(found->size);
    say(found->modification.there && !found->access.there ? " dated\n" : "\n");
}

static void stream_error(stream_result *failure) {
    if (failure->closed) {
        say("closed\n");
        return;
    }
    uint8_t code[2];
    error_code(failure->error, code);
    drop_error(failure->error);
    tell(code[0] ? "stream error" : "unknown error", code[1]);
}

static void list_directory(int32_t directory) {
    handle_result entries;
    read_directory(directory, &entries);
    if (entries.failed) {
        tell("error", entries.error);
        return;
    }
    say("ok");
    for (;;) {
        entry_result entry;
        read_entry(entries.handle, &entry);
        if (entry.failed || !entry.there)
            break;
        say(" ");
        put(entry.name.data, entry.name.size);
        if (entry.type == 3)
            say("/");
    }
    say("\n");
    drop_entries(entries.handle);
}

// Through streams: how many bytes, or why not.
static void read_all(int32_t file, uint64_t at) {
    handle_result in;
    stream_result piece;
    uint64_t size = 0, sum = 0;
    read_via_stream(file, at, &in);
    if (in.failed) {
        tell("error", in.error);
        return;
    }
    for (;;) {
        read_stream(in.handle, 300, &piece);
        if (piece.failed)
            break;
        size += piece.bytes.size;
        for (size_t i = 0; i < piece.bytes.size; i++)
            sum = sum * 31 + piece.bytes.data[i];
        top = 0; // of the heap: nothing is kept
    }
    drop_input(in.handle);
    say("ok ");
    number(size);
    tell("", sum & 0xFFFF);
}

static void write_out(handle_result out, uint64_t size) {
    static uint8_t data[1000];
    stream_result written = {0};
    count_result allowed;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = 'a' + i % 26;
    if (out.failed) {
        tell("error", out.error);
        return;
    }
    while (size && !written.failed) {
        size_t piece = size < sizeof data ? size : sizeof data;
        check_write(out.handle, &allowed);
        if (allowed.failed)
            break;
        write_stream(out.handle, data, piece, &written);
        size -= piece;
    }
    if (written.failed) {
        stream_error(&written);
        check_write(out.handle, &allowed);
        tell("closed", allowed.failed && allowed.closed);
    } else
        say("ok\n");
    drop_output(out.handle);
}

static void command(void) {
    list what = word();
    result done;
    if (is(what, "preopen")) {
        list found;
        get_directories(&found);
        descriptors[count() & 31] = ((const preopen *)found.data)->descriptor;
        say("ok\n");
    } else if (is(what, "open")) {
        int32_t base = descriptor();
        int slot = count() & 31;
        list path = word();
        int how = count(), flags = count();
        handle_result opened;
        open_at(base, 1, path.data, path.size, how, flags, &opened);
        if (!opened.failed)
            descriptors[slot] = opened.handle;
        ended(opened.failed, opened.error);
    } else if (is(what, "close")) {
        drop_descriptor(descriptor());
        say("ok\n");
    } else if (is(what, "mkdir") || is(what, "rmdir") || is(what, "unlink")) {
        int32_t base = descriptor();
        (what.data[0] == 'm'      ? create_directory_at
            : what.data[0] == 'r' ? remove_directory_at
                                  : unlink_file_at)(base, rest.data, rest.size, &done);
        ended(done.failed, done.error);
    } else if (is(what, "rename")) {
        int32_t base = descriptor();
        list old = word();
        int32_t other = descriptor();
        rename_at(base, old.data, old.size, other, rest.data, rest.size, &done);
        ended(done.failed, done.error);
    } else if (is(what, "symlink")) {
        int32_t base = descriptor();
        list old = word();
        symlink_at(base, old.data, old.size, rest.data, rest.size, &done);
        ended(done.failed, done.error);
    } else if (is(what, "stat")) {
        stat_result found;
        int32_t base = descriptor();
        stat_at(base, 0, rest.data, rest.size, &found);
        told_stat(&found);
    } else if (is(what, "fstat")) {
        stat_result found;
        stat(descriptor(), &found);
        told_stat(&found);
    } else if (is(what, "list")) {
        list_directory(descriptor());
    } else if (is(what, "read")) {
        int32_t file = descriptor();
        uint64_t size = count(), at = count();
        read_result got;
        read(file, size, at, &got);
        if (got.failed) {
            tell("error", got.error);
            return;
        }
        say(got.end ? "ok end " : "ok more ");
        put(got.data.data, got.data.size);
        say("\n");
    } else if (is(what, "write")) {
        int32_t file = descriptor();
        uint64_t at = count();
        size_result wrote;
        write(file, rest.data, rest.size, at, &wrote);
        if (wrote.failed)
            tell("error", wrote.error);
        else
            tell("ok", wrote.count);
    } else if (is(what, "size")) {
        int32_t file = descriptor();
        set_size(file, count(), &done);
        ended(done.failed, done.error);
    } else if (is(what, "sync")) {
        sync(descriptor(), &done);
        ended(done.failed, done.error);
    } else if (is(what, "stream")) {
        int32_t file = descriptor();
        read_all(file, count());
    } else if (is(what, "pour") || is(what, "append")) {
        int32_t file = descriptor();
        handle_result out;
        if (what.data[0] == 'p')
            write_via_stream(file, count(), &out);
        else
            append_via_stream(file, &out);
        write_out(out, count());
    } else if (is(what, "splice")) {
        handle_result in, out;
        count_result moved;
        read_via_stream(descriptor(), 0, &in);
        append_via_stream(descriptor(), &out);
        splice(out.handle, in.handle, count(), &moved);
        drop_input(in.handle);
        drop_output(out.handle);
        tell(moved.failed ? "failed" : "ok", moved.failed ? moved.closed : moved.count);
    } else if (is(what, "same")) {
        int32_t file = descriptor(), other = descriptor();
        hash_result first, second;
        metadata_hash(file, &first);
        metadata_hash(other, &second);
        say(is_same_object(file, other) ? "same" : "different");
        say(first.hash[0] == second.hash[0] && first.hash[1] == second.hash[1] ? " same\n" : " different\n");
    } else if (is(what, "hoard")) {
        handle_result opened;
        int held = 0;
        do
            open_at(descriptors[0], 1, rest.data, rest.size, 0, 1, &opened);
        while (!opened.failed && ++held);
        say("held ");
        number(held);
        tell(" error", opened.error);
    } else if (is(what, "trap"))
        __builtin_trap();
    else
        say("?\n");
}

EXPORT("wasi:cli/run@0.2.0#run") int32_t run(void) {
    list found;
    get_directories(&found);
    const preopen *directories = (const preopen *)found.data;
    if (found.size) {
        descriptors[0] = directories[0].descriptor;
        say("preopen ");
        put(directories[0].path.data, directories[0].path.size);
        say("\n");
    } else {
        say("no preopen\n");
        return 0;
    }
    commands(command);
    return 0;
}
