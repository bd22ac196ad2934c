// SPDX-License-Identifier: MIT
// wasmote_client.h: calling the other components of the board, by wasi:mcp/client. Include it after
// wasmote.h, and build with the world wasi:mcp/mcp-proxy-preview2; see courier.c. A component reaches
// only the peers that its configuration names: wasmote configure PORT NAME --peer OTHER.
#pragma once

#define CLIENT "wasi:mcp/client@0.1.0-preview2"

IMPORT(CLIENT, "connect") void client_connect(const char *endpoint, size_t length, result *out);
IMPORT(CLIENT, "initialize")
void client_initialize(const char *id, size_t length, const char *name, size_t name_length, const char *version,
    size_t version_length, result *out);
IMPORT(CLIENT, "call-tool")
void client_call_tool(const char *id, size_t length, const char *tool, size_t tool_length, const char *arguments,
    size_t size, result *out);
IMPORT(CLIENT, "read-resource")
void client_read_resource(const char *id, size_t length, const char *uri, size_t uri_length, result *out);
IMPORT(CLIENT, "get-prompt")
void client_get_prompt(const char *id, size_t length, const char *name, size_t name_length, int has_arguments,
    const char *arguments, size_t size, result *out);
IMPORT(CLIENT, "disconnect") void client_disconnect(const char *id, size_t length, result *out);

typedef struct {
    text id;
    text name, version; // as the other component's server-info has them
} peer;

// The result of initialize, where there is one: result.ok is a tuple of two texts.
typedef struct {
    bool is_err;
    text name, version;
} initialized;

typedef struct {
    uint8_t role;
    content_block content;
} peer_message;

_Static_assert(sizeof(peer_message) == 96, "prompt-message");

// True if the host's answer is an error. Then that is our answer, too.
static bool peer_failed(const result *given) {
    if (given->is_err) {
        answer_error("");
        answer_text(given->err.message);
    }
    return given->is_err;
}

// Reaches a component of this board. False: not; the answer says why.
static bool peer_open(text component, peer *other) {
    result given;
    client_connect(component.bytes, component.length, &given);
    if (peer_failed(&given)) {
        return false;
    }
    other->id = (text){(const char *)given.ok.content, given.ok.count};
    text name = text_of(this_server.name), version = text_of(this_server.version);
    client_initialize(
        other->id.bytes, other->id.length, name.bytes, name.length, version.bytes, version.length, &given);
    if (peer_failed(&given)) {
        return false;
    }
    other->name = ((initialized *)&given)->name;
    other->version = ((initialized *)&given)->version;
    return true;
}

static void peer_close(const peer *other) {
    result ignored;
    client_disconnect(other->id.bytes, other->id.length, &ignored);
}

// Adds a content block to our answer: a text as it is, of anything else what it is.
static void peer_pass_on(const content_block *block) {
    static const char *const kinds[] = {"", "image", "resource", "link"};
    const text *fields = &block->content_type;
    if (block->kind == 0) {
        answer_text(block->text);
    } else {
        answer("[");
        answer(kinds[block->kind]);
        answer(" ");
        answer_text(fields[block->kind == 1 ? 2 : 1]); // media type, or URI
        answer("]");
    }
}

// Calls a tool of it; what it answers is added to our answer.
static void peer_call(const peer *other, text tool, text arguments) {
    result given;
    client_call_tool(
        other->id.bytes, other->id.length, tool.bytes, tool.length, arguments.bytes, arguments.length, &given);
    if (!peer_failed(&given)) {
        is_error = given.ok.is_error.is_some && given.ok.is_error.value;
        for (size_t i = 0; i < given.ok.count; i++) {
            peer_pass_on(&given.ok.content[i]);
        }
    }
}

// Reads a resource of it into our answer.
static void peer_read(const peer *other, text uri) {
    result given;
    client_read_resource(other->id.bytes, other->id.length, uri.bytes, uri.length, &given);
    if (!peer_failed(&given)) {
        for (size_t i = 0; i < given.ok.count; i++) {
            peer_pass_on(&given.ok.content[i]);
        }
    }
}

// Adds a prompt of it to our answer, one line a message.
static void peer_prompt(const peer *other, text name, text arguments) {
    static const char *const roles[] = {"system: ", "user: ", "assistant: "};
    result given;
    client_get_prompt(other->id.bytes, other->id.length, name.bytes, name.length, arguments.length != 0,
        arguments.bytes, arguments.length, &given);
    if (!peer_failed(&given)) {
        const peer_message *messages = (const peer_message *)given.ok.content;
        for (size_t i = 0; i < given.ok.count; i++) {
            answer(roles[messages[i].role]);
            peer_pass_on(&messages[i].content);
            answer("\n");
        }
    }
}
