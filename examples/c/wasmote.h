// SPDX-License-Identifier: MIT
// wasmote.h: MCP tools in C, as a component of the world wasi:mcp/mcp-backend-preview2. Needs clang
// and no libc; with wasi-libc (examples/libc) all of that is there too.
//
//     #include "wasmote.h"
//
//     static void greet(text arguments) {
//         text who = TEXT("world");
//         json_text(arguments, "name", &who);
//         answer("Hello, ");
//         answer_text(who);
//     }
//
//     static const tool tools[] = {{
//         .name = "greet",
//         .description = "Say hello.",
//         .schema = "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}}}",
//         .call = greet,
//     }};
//     SERVER("greeter", "1.0.0", tools)
//
// Include it in exactly one source file per component; `make -C examples` shows how to build. What
// a tool writes with answer…() is its result; nothing is sent before it returns. What allocate()
// gives lives until the host has read the answer, then all of it is gone: keep state in static
// variables.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// ---- What a component is made of ----

typedef struct {
    const char *bytes; // UTF-8, no zero at the end
    size_t length;
} text;

#define TEXT(literal) ((text){literal, sizeof(literal) - 1})

enum { READ_ONLY = 1, DESTRUCTIVE = 2, IDEMPOTENT = 4 }; // hints to the client

typedef struct {
    const char *name;
    const char *title; // may be left out
    const char *description;
    const char *schema; // JSON Schema of the arguments, an object
    void (*call)(text arguments);
    int hints;
} tool;

typedef struct {
    const char *name, *version;
    const tool *tools;
    size_t count;
} server;

extern const server this_server;
#define SERVER(name, version, tools) const server this_server = {name, version, tools, sizeof(tools) / sizeof(*tools)};

// ---- Memory: what a call allocates is gone when the host has read the answer ----

#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

#ifdef __wasi__
#include "wasmote_malloc.h" // with wasi-libc: blocks of malloc
#else
#include "wasmote_bump.h"
#endif

// Zeroed memory, until the call is over.
static void *allocate(size_t size) {
    return memset(cabi_realloc(0, 0, 8, size), 0, size);
}

static text text_of(const char *zero_terminated) {
    size_t length = 0;
    while (zero_terminated[length]) {
        length++;
    }
    return (text){zero_terminated, length};
}

static bool same(text a, const char *b) {
    size_t i = 0;
    while (i < a.length && b[i] && a.bytes[i] == b[i]) {
        i++;
    }
    return i == a.length && b[i] == 0;
}

// ---- The answer of a call: content items of text ----

#ifndef ITEM_PARTS
#define ITEM_PARTS
#endif

typedef struct item {
    struct item *next;
    text text;
    ITEM_PARTS // wasmote_parts.h: what else an item may be
} item;

static item *first_item, *last_item;
static size_t item_count;
static bool is_error;

// Ends the content item written so far; what follows goes into a new one.
static void answer_item(void) {
    item *fresh = allocate(sizeof *fresh);
    *(last_item ? &last_item->next : &first_item) = fresh;
    last_item = fresh;
    item_count++;
}

static void answer_text(text piece) {
    if (!last_item) {
        answer_item();
    }
    text *whole = &last_item->text;
    char *bytes = cabi_realloc((void *)whole->bytes, whole->length, 1, whole->length + piece.length);
    memcpy(bytes + whole->length, piece.bytes, piece.length);
    *whole = (text){bytes, whole->length + piece.length};
}

static void answer(const char *piece) {
    answer_text(text_of(piece));
}

static void answer_int(int32_t value) {
    char digits[11];
    size_t at = sizeof digits;
    uint32_t rest = value < 0 ? -(uint32_t)value : (uint32_t)value;
    do {
        digits[--at] = '0' + rest % 10;
    } while (rest /= 10);
    if (value < 0) {
        digits[--at] = '-';
    }
    answer_text((text){digits + at, sizeof digits - at});
}

// Makes the whole answer an error: the model sees it as a call that failed. Say what is wrong and
// what would be right.
static void answer_error(const char *piece) {
    is_error = true;
    answer(piece);
}

#include "wasmote_json.h" // json_text, json_int, json_member, json_next: reading the arguments
#include "wasmote_abi.h"  // log_text, progress, now_ns, sleep_ms; and the glue
