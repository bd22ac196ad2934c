// SPDX-License-Identifier: MIT
// The Canonical ABI of wasi:mcp@0.1.0-preview2, written by hand: records as C structs, imports and
// exports flattened. Part of wasmote.h. Layouts and signatures are those that examples/wit means;
// the _Static_asserts are the sizes the ABI prescribes.
#pragma once

#define RUNTIME "wasi:mcp/runtime@0.1.0-preview2"
#define HANDLERS "wasi:mcp/handlers@0.1.0-preview2"
#define MONOTONIC "wasi:clocks/monotonic-clock@0.2.0"
#define POLL "wasi:io/poll@0.2.0"

// ---- Records ----

typedef struct {
    bool is_some;
    text value;
} option_text; // also option<list<u8>>

typedef struct {
    bool is_some, value;
} option_bool;

typedef struct {
    text name, version;
    char experimental_and_logging[28];
    bool has_completions;
    char completions;
    bool has_prompts;
    option_bool prompts_list_changed;
    bool has_resources;
    option_bool resources_subscribe, resources_list_changed;
    bool has_tools;
    option_bool tools_list_changed;
    char sampling[2];
    bool has_elicitation;
    char elicitation;
    option_text instructions;
} server_info;

typedef struct {
    text name;
    option_text title;
    text description, input_schema;
    option_text output_schema;
    bool has_annotations;
    option_text annotations_title;
    option_bool read_only, destructive, idempotent, open_world;
} tool_definition;

typedef struct {
    bool is_some;
    int32_t annotations[8];
} option_annotations;

typedef struct {
    uint8_t kind; // 0: text
    text content_type, text;
    option_annotations annotations;
    int32_t larger_kinds[9];
} content_block;

typedef struct {
    uint8_t code;
    text message;
    option_text data;
} error;

typedef struct {
    bool is_err;
    union {
        struct {
            content_block *content;
            size_t count;
            option_bool is_error;
        } ok;
        error err;
    };
} result;

_Static_assert(sizeof(server_info) == 76, "server-info");
_Static_assert(sizeof(tool_definition) == 72, "tool-definition");
_Static_assert(sizeof(content_block) == 92, "content-block");
_Static_assert(sizeof(result) == 28, "result<_, error>");

enum { TOOL_NOT_FOUND = 6, UNSUPPORTED_OPERATION = 8 }; // error-code

// ---- Imports ----

IMPORT(RUNTIME, "register-server")
void runtime_register_server(const server_info *info, result *out);
IMPORT(RUNTIME, "register-tools")
void runtime_register_tools(const tool_definition *list, size_t count, result *out);
IMPORT(RUNTIME, "serve") void runtime_serve(result *out);
IMPORT(RUNTIME, "log")
void runtime_log(int level, const char *message, size_t length, int has_data, int data, int size, result *out);
IMPORT(RUNTIME, "report-progress")
void runtime_report_progress(
    const char *token, size_t length, uint64_t done, int has_total, uint64_t total, result *out);
IMPORT(MONOTONIC, "now") uint64_t monotonic_now(void);
IMPORT(MONOTONIC, "subscribe-duration") int monotonic_subscribe_duration(uint64_t nanoseconds);
IMPORT(POLL, "[method]pollable.block") void pollable_block(int pollable);
IMPORT(POLL, "[resource-drop]pollable") void pollable_drop(int pollable);

enum { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_CRITICAL };

// Sends a log message to the client.
static inline void log_text(int level, text message) {
    result ignored;
    runtime_log(level, message.bytes, message.length, 0, 0, 0, &ignored);
}

// Says how far the call is. The empty token means the call that is running, which is the only one a
// guest can know of.
static inline void progress(uint64_t done, uint64_t total) {
    result ignored;
    runtime_report_progress("", 0, done, total != 0, total, &ignored);
}

// Nanoseconds since some moment; never goes back.
static inline uint64_t now_ns(void) {
    return monotonic_now();
}

// Waits. The board and the other components go on meanwhile.
static inline void sleep_ms(uint32_t ms) {
    int pollable = monotonic_subscribe_duration(ms * 1000000ull);
    pollable_block(pollable);
    pollable_drop(pollable);
}

// ---- Registration, at instantiation ----

#ifdef WASMOTE_PARTS // in wasmote_parts.h
static void describe_parts(server_info *info);
static void register_parts(void);
#else
static inline void describe_parts(server_info *info) {}
static inline void register_parts(void) {}
#endif

static inline void must(const result *registered) {
    if (registered->is_err) {
        __builtin_trap(); // the host knows why it refused, and says so
    }
}

static inline option_bool hint(int hints, int which) {
    return (option_bool){(hints & which) != 0, true};
}

EXPORT("_initialize") void _initialize(void) {
    result done;
    run_constructors();
    server_info *info = allocate(sizeof *info);
    info->name = text_of(this_server.name);
    info->version = text_of(this_server.version);
    info->has_tools = true;
    describe_parts(info);
    runtime_register_server(info, &done);
    must(&done);
    tool_definition *list = allocate(this_server.count * sizeof *list);
    for (size_t i = 0; i < this_server.count; i++) {
        const tool *one = &this_server.tools[i];
        list[i].name = text_of(one->name);
        list[i].title = (option_text){one->title != 0, text_of(one->title ? one->title : "")};
        list[i].description = text_of(one->description);
        list[i].input_schema = text_of(one->schema);
        list[i].has_annotations = one->hints != 0;
        list[i].read_only = hint(one->hints, READ_ONLY);
        list[i].destructive = hint(one->hints, DESTRUCTIVE);
        list[i].idempotent = hint(one->hints, IDEMPOTENT);
    }
    runtime_register_tools(list, this_server.count, &done);
    must(&done);
    register_parts();
    runtime_serve(&done);
    must(&done);
    heap_reset();
}

// ---- Handlers: what the host calls ----

static result answered;
static bool refused; // `answered` is an error that the component gave itself

static result *refuse(int code, const char *message) {
    answered.is_err = true;
    answered.err.code = code;
    answered.err.message = text_of(message);
    answered.err.data.is_some = false;
    return &answered;
}

static void answer_begin(void) {
    first_item = last_item = 0;
    item_count = 0;
    is_error = refused = false;
}

// Makes the answer an error of the component's own, whatever was written before. Codes: error-code of wasi:mcp/types.
enum { INVALID_PARAMS = 3, INTERNAL_ERROR = 4, RESOURCE_NOT_FOUND = 5 };

static inline void refuse_because(error why) {
    refused = true;
    answered.is_err = true;
    answered.err = why;
}

static inline void refuse_with(int code, const char *message) {
    refused = true;
    refuse(code, message);
}

#ifdef WASMOTE_PARTS // in wasmote_parts.h
static void block_of(content_block *block, const item *one);
#else
static void block_of(content_block *block, const item *one) {
    block->content_type = TEXT("text");
    block->text = one->text;
}
#endif

// What was answered, as content-blocks.
static result *answer_content(void) {
    if (refused) {
        return &answered;
    }
    content_block *block = allocate(item_count * sizeof *block);
    answered.is_err = false;
    answered.ok.content = block;
    answered.ok.count = item_count;
    answered.ok.is_error = (option_bool){true, is_error};
    for (item *each = first_item; each; each = each->next, block++) {
        block_of(block, each);
    }
    return &answered;
}

EXPORT(HANDLERS "#call-tool")
result *call_tool(const char *name, size_t name_length, const char *arguments, size_t arguments_length) {
    const tool *one = this_server.tools, *end = one + this_server.count;
    while (one < end && !same((text){name, name_length}, one->name)) {
        one++;
    }
    if (one == end) {
        return refuse(TOOL_NOT_FOUND, "this component has no such tool");
    }
    answer_begin();
    one->call((text){arguments, arguments_length});
    return answer_content();
}

#define DONE(name, function) \
    EXPORT("cabi_post_" HANDLERS "#" name) void function(result *read) { \
        heap_reset(); \
    }

DONE("call-tool", call_tool_post)

#ifndef WASMOTE_PARTS
// The world's other handlers, which a component with nothing but tools has to export too.
#define UNSUPPORTED(name, function, ...) \
    EXPORT(HANDLERS "#" name) result *function(__VA_ARGS__) { \
        heap_reset(); \
        return refuse(UNSUPPORTED_OPERATION, "this component has tools only"); \
    }

UNSUPPORTED("read-resource", read_resource, const char *uri, size_t length)
UNSUPPORTED("get-prompt", get_prompt, const char *name, size_t length, int has, const char *arguments, size_t size)
UNSUPPORTED("handle-subscribe", handle_subscribe, const char *uri, size_t length)
UNSUPPORTED("handle-unsubscribe", handle_unsubscribe, const char *uri, size_t length)
UNSUPPORTED("handle-complete", handle_complete, int type, const char *value, size_t length)
UNSUPPORTED("handle-elicit", handle_elicit, const char *message, size_t length, void *fields, size_t count)
#endif
