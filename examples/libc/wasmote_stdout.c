// SPDX-License-Identifier: MIT
// wasi-libc's printf without an adapter: Debian's wasi-libc speaks WASI preview 1, and the few calls
// that standard output takes are answered here by wasi:cli and wasi:io of WASI 0.2, in 0.5 KiB of
// code where the adapter takes 15. Link it beside a component that prints and opens no files; the
// board makes a log message of each line.
#include <stdbool.h>
#include <stdint.h>
#include <wasi/api.h>

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define STREAMS "wasi:io/streams@0.2.0"

typedef struct {
    uint8_t is_err;
    int32_t stream_error[2]; // 0 and a handle: the last operation failed; 1: closed
} write_result;

_Static_assert(sizeof(write_result) == 12, "result<_, stream-error>");

IMPORT("wasi:cli/stdout@0.2.0", "get-stdout") int32_t get_stdout(void);
IMPORT("wasi:cli/stderr@0.2.0", "get-stderr") int32_t get_stderr(void);
IMPORT(STREAMS, "[method]output-stream.blocking-write-and-flush")
void blocking_write_and_flush(int32_t stream, const uint8_t *bytes, __wasi_size_t length, write_result *out);
IMPORT("wasi:io/error@0.2.0", "[resource-drop]error") void error_drop(int32_t error);

enum { STDOUT = 1, STDERR = 2, MOST = 4096 }; // bytes that WASI takes at once

static int32_t stream_of(int32_t fd) {
    static int32_t streams[3]; // a handle is never 0
    if (streams[fd] == 0) {
        streams[fd] = fd == STDOUT ? get_stdout() : get_stderr();
    }
    return streams[fd];
}

static bool is_open(int32_t fd) {
    return fd == STDOUT || fd == STDERR;
}

// The names under which wasi-libc imports these functions: what is defined here is not imported.
#define PREVIEW1(name) __imported_wasi_snapshot_preview1_##name

int32_t PREVIEW1(fd_write)(int32_t fd, int32_t pieces, int32_t count, int32_t written) {
    const __wasi_ciovec_t *piece = (const __wasi_ciovec_t *)pieces, *end = piece + count;
    __wasi_size_t sum = 0;
    if (!is_open(fd)) {
        return __WASI_ERRNO_BADF;
    }
    for (; piece < end; piece++) {
        for (__wasi_size_t at = 0, length; at < piece->buf_len; at += length) {
            length = piece->buf_len - at < MOST ? piece->buf_len - at : MOST;
            write_result done;
            blocking_write_and_flush(stream_of(fd), piece->buf + at, length, &done);
            if (done.is_err) {
                if (done.stream_error[0] == 0) {
                    error_drop(done.stream_error[1]);
                }
                return __WASI_ERRNO_IO;
            }
            sum += length;
        }
    }
    *(__wasi_size_t *)written = sum;
    return __WASI_ERRNO_SUCCESS;
}

// A character device that cannot seek is a terminal: libc writes each line when it is complete.
int32_t PREVIEW1(fd_fdstat_get)(int32_t fd, int32_t out) {
    if (!is_open(fd)) {
        return __WASI_ERRNO_BADF;
    }
    *(__wasi_fdstat_t *)out = (__wasi_fdstat_t){
        .fs_filetype = __WASI_FILETYPE_CHARACTER_DEVICE,
        .fs_rights_base = __WASI_RIGHTS_FD_WRITE,
    };
    return __WASI_ERRNO_SUCCESS;
}

int32_t PREVIEW1(fd_seek)(int32_t fd, int64_t offset, int32_t whence, int32_t out) {
    return is_open(fd) ? __WASI_ERRNO_SPIPE : __WASI_ERRNO_BADF;
}

int32_t PREVIEW1(fd_close)(int32_t fd) {
    return is_open(fd) ? __WASI_ERRNO_SUCCESS : __WASI_ERRNO_BADF;
}
