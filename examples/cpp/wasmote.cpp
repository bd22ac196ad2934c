// SPDX-License-Identifier: MIT
// The Canonical ABI of wasi:mcp@0.1.0-preview2 for wasmote.hpp: records as structs, imports and
// exports flattened. Nothing of it is seen by a tool. The static_asserts are the sizes that the ABI
// prescribes.
#include "wasmote.hpp"

#include <cstdlib>
#include <vector>

#define RUNTIME "wasi:mcp/runtime@0.1.0-preview2"
#define HANDLERS "wasi:mcp/handlers@0.1.0-preview2"
#define EXPORT(name) extern "C" __attribute__((export_name(name)))
#define IMPORT(module, name) extern "C" __attribute__((import_module(module), import_name(name)))

namespace {

struct text {
    const char *bytes;
    std::size_t length;

    text() = default;
    text(std::string_view from) : bytes(from.data()), length(from.size()) {}
};

struct option_text { // also option<list<u8>>
    bool is_some;
    text value;
};

struct server_info {
    text name, version;
    char capabilities_before_tools[38];
    bool has_tools, has_list_changed, list_changed;
    char capabilities_after_tools[7];
    option_text instructions;
};

struct tool_definition {
    text name;
    option_text title;
    text description, input_schema;
    option_text output_schema;
    bool has_annotations;
    option_text annotations_title;
    char hints[8];
};

struct content_block {
    std::uint8_t kind; // 0: text
    text content_type, value;
    char annotations_and_larger_kinds[72];
};

struct error {
    std::uint8_t code;
    text message;
    option_text data;
};

struct tool_result {
    const content_block *content;
    std::size_t count;
    bool has_is_error, is_error;
};

struct result {
    bool is_err;
    union {
        tool_result ok;
        error err;
    };
};

static_assert(sizeof(server_info) == 76 && sizeof(tool_definition) == 72);
static_assert(sizeof(content_block) == 92 && sizeof(result) == 28);

enum : std::uint8_t { TOOL_NOT_FOUND = 6, UNSUPPORTED_OPERATION = 8 }; // error-code

struct datetime {
    std::uint64_t seconds;
    std::uint32_t nanoseconds;
};

IMPORT(RUNTIME, "register-server") void register_server(const server_info *info, result *out);
IMPORT(RUNTIME, "register-tools") void register_tools(const tool_definition *list, std::size_t count, result *out);
IMPORT(RUNTIME, "serve") void serve(result *out);
IMPORT("wasi:clocks/wall-clock@0.2.0", "now") void wall_clock_now(datetime *out);

extern "C" void __wasm_call_ctors();

void must(const result &registered) {
    if (registered.is_err) {
        __builtin_trap(); // the host knows why it refused, and says so
    }
}

} // namespace

std::int64_t wasmote::unix_time() {
    datetime now;
    wall_clock_now(&now);
    return std::int64_t(now.seconds);
}

// ---- Exports ----

EXPORT("cabi_realloc") void *cabi_realloc(void *old, std::size_t old_size, std::size_t align, std::size_t size) {
    void *fresh = std::realloc(old_size ? old : nullptr, size ? size : align);
    if (!fresh) {
        __builtin_trap();
    }
    return fresh;
}

// Constructors of globals, then registration.
EXPORT("_initialize") void initialize() {
    __wasm_call_ctors();
    result done;
    server_info info{};
    info.name = wasmote::this_server.name;
    info.version = wasmote::this_server.version;
    info.has_tools = true;
    register_server(&info, &done);
    must(done);
    std::vector<tool_definition> list;
    for (const wasmote::tool &one : wasmote::this_server.tools) {
        tool_definition &made = list.emplace_back();
        made.name = one.name;
        made.title = {!one.title.empty(), one.title};
        made.description = one.description;
        made.input_schema = one.schema;
    }
    register_tools(list.data(), list.size(), &done);
    must(done);
    serve(&done);
    must(done);
}

namespace {

// The answer of the call under way: it lives until the host has read it.
std::string said;
content_block block;
result answered;

result *refuse(std::uint8_t code, std::string_view message) {
    answered.is_err = true;
    answered.err = {code, message, {}};
    return &answered;
}

} // namespace

EXPORT(HANDLERS "#call-tool")
result *call_tool(char *name, std::size_t name_length, char *json, std::size_t json_length) {
    const wasmote::tool *wanted = nullptr;
    for (const wasmote::tool &one : wasmote::this_server.tools) {
        if (one.name == std::string_view(name, name_length)) {
            wanted = &one;
        }
    }
    if (wanted) {
        wasmote::answer answer = wanted->call(wasmote::arguments(std::string_view(json, json_length)));
        said = std::move(answer.text);
        block = {};
        block.content_type = std::string_view("text");
        block.value = std::string_view(said);
        answered.is_err = false;
        answered.ok = {&block, 1, true, answer.is_error};
    } else {
        refuse(TOOL_NOT_FOUND, "this component has no such tool");
    }
    std::free(name); // what comes in by cabi_realloc is the callee's
    std::free(json);
    return &answered;
}

EXPORT("cabi_post_" HANDLERS "#call-tool") void call_tool_post(result *) {
    said = std::string();
}

// The world's other handlers, which a component with nothing but tools has to export too.

namespace {
result *unsupported(char *text) {
    std::free(text);
    return refuse(UNSUPPORTED_OPERATION, "this component has tools only");
}
} // namespace

EXPORT(HANDLERS "#read-resource") result *read_resource(char *uri, std::size_t) {
    return unsupported(uri);
}

EXPORT(HANDLERS "#get-prompt") result *get_prompt(char *name, std::size_t, int, char *arguments, std::size_t) {
    std::free(arguments);
    return unsupported(name);
}

EXPORT(HANDLERS "#handle-subscribe") result *handle_subscribe(char *uri, std::size_t) {
    return unsupported(uri);
}

EXPORT(HANDLERS "#handle-unsubscribe") result *handle_unsubscribe(char *uri, std::size_t) {
    return unsupported(uri);
}

EXPORT(HANDLERS "#handle-complete") result *handle_complete(int, char *value, std::size_t) {
    return unsupported(value);
}

EXPORT(HANDLERS "#handle-elicit") result *handle_elicit(char *message, std::size_t, void *, std::size_t) {
    return unsupported(message);
}
