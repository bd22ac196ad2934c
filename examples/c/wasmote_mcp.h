// SPDX-License-Identifier: MIT
// wasmote:mcp@0.1.0 for tools in C: structured results, audio, icons, and questions to the client
// (examples/wit/wasmote-mcp.wit says what each means). Include it after wasmote.h; the component's
// world is then wasmote:mcp/server. What is not called is not imported.
#pragma once
#include "wasmote.h"

#define MCP(interface) "wasmote:mcp/" interface "@0.1.0"

// ---- Records, as the Canonical ABI has them ----

typedef struct {
    text source;
    option_text mime_type;
    text *sizes;
    size_t size_count;
    option_bool theme; // {true, false}: light, {true, true}: dark
} icon;

typedef struct {
    text uri;
    option_text name;
} root;

enum { ASKED_TEXT, ASKED_IMAGE, ASKED_AUDIO, ASKED_OTHER };

typedef struct {
    uint8_t kind;
    text text;      // or the file of an image or audio, or the JSON of another block
    text mime_type; // of a file
} asked_block;

typedef struct {
    uint8_t role; // 0: user, 1: assistant
    asked_block *content;
    size_t count;
} asked_message;

typedef struct {
    bool is_some;
    float value;
} option_float;

typedef struct {
    text key;
    asked_message *messages;
    size_t message_count;
    uint32_t max_tokens;
    option_text system_prompt;
    option_float temperature;
    text *stop_sequences;
    size_t stop_sequence_count;
    bool has_preferences;
    text *hints;
    size_t hint_count;
    option_float cost, speed, intelligence;
} sampling_request;

typedef struct {
    bool is_err;
    union {
        struct {
            uint8_t action;
            text content;
        } elicited;
        struct {
            root *list;
            size_t count;
        } roots;
        struct {
            uint8_t role;
            asked_block *content;
            size_t count;
            text model;
            option_text stop_reason;
        } sampled;
        error err;
    };
} asked;

typedef struct {
    text key, method, params; // of the protocol, params as JSON
} asked_question;

typedef struct {
    bool is_err;
    union {
        text json; // the protocol's result
        error err;
    };
} asked_answer;

typedef struct {
    bool is_err;
    union {
        struct {
            asked_answer *list;
            size_t count;
        } answers;
        error err;
    };
} asked_several;

_Static_assert(sizeof(icon) == 32, "icon");
_Static_assert(sizeof(asked_answer) == 28, "result<list<u8>, error>");
_Static_assert(sizeof(asked_several) == 28, "result<list<result<list<u8>, error>>, error>");
_Static_assert(sizeof(asked_block) == 20, "block");
_Static_assert(sizeof(sampling_request) == 84, "tuple<string, request>");
_Static_assert(sizeof(asked) == 36, "result<reply, error>");

// ---- Imports ----

IMPORT(MCP("results"), "set-structured-content")
void results_set_structured_content(const char *json, size_t length, result *out);
IMPORT(MCP("results"), "add-audio")
void results_add_audio(const char *data, size_t size, const char *mime_type, size_t length, int has_annotations,
    int has_priority, float priority, int has_audience, int audience, int audience_count, int has_custom, int custom,
    int custom_size, result *out);
IMPORT(MCP("icons"), "set")
void icons_set(int subject, const char *name, size_t length, const icon *list, size_t count, result *out);
IMPORT(MCP("elicitation"), "available") int elicitation_available(void);
IMPORT(MCP("elicitation"), "form")
void elicitation_form(const char *key, size_t key_length, const char *message, size_t length, const char *schema,
    size_t schema_length, asked *out);
IMPORT(MCP("sampling"), "available") int sampling_available(void);
IMPORT(MCP("sampling"), "create-message") void sampling_create_message(const sampling_request *request, asked *out);
IMPORT(MCP("roots"), "available") int roots_available(void);
IMPORT(MCP("roots"), "list-roots") void roots_list_roots(const char *key, size_t length, asked *out);
IMPORT(MCP("questions"), "ask") void questions_ask(const asked_question *list, size_t count, asked_several *out);

// ---- For tools ----

// The JSON that the answer means, beside its text, or as its text if nothing else is answered.
static inline bool answer_structured(text json) {
    result done;
    results_set_structured_content(json.bytes, json.length, &done);
    return !done.is_err;
}

// An audio file, after the text of the answer.
static inline bool answer_audio(text data, text mime_type) {
    result done;
    results_add_audio(data.bytes, data.length, mime_type.bytes, mime_type.length, 0, 0, 0, 0, 0, 0, 0, 0, 0, &done);
    return !done.is_err;
}

enum { ICON_SERVER, ICON_TOOL, ICON_RESOURCE, ICON_RESOURCE_TEMPLATE, ICON_PROMPT };

static inline bool set_icons(int subject, text name, const icon *list, size_t count) {
    result done;
    icons_set(subject, name.bytes, name.length, list, count, &done);
    return !done.is_err;
}

// The answer of a handler that cannot go on: the reason, an error. The client learns by it what it would have to offer.
static void answer_unasked(error why) {
    if (why.code == UNSUPPORTED_OPERATION) {
        refuse_because(why);
    } else {
        answer_error("");
        answer_text(why.message);
    }
}

// Whether asking worked; if not, see answer_unasked.
static inline bool answered_well(const asked *given) {
    if (given->is_err) {
        answer_unasked(given->err);
    }
    return !given->is_err;
}

enum { ACCEPTED, DECLINED, CANCELLED, NOT_ASKED };

// Shows the user a form. ACCEPTED: *content is the JSON object that was filled in. NOT_ASKED: see
// answered_well.
static inline int ask_form(text key, text message, text schema, text *content) {
    asked given;
    elicitation_form(key.bytes, key.length, message.bytes, message.length, schema.bytes, schema.length, &given);
    if (!answered_well(&given)) {
        return NOT_ASKED;
    }
    *content = given.elicited.content;
    return given.elicited.action;
}

// Asks the client's model. *reply is the first text that it said. False: see answered_well.
static inline bool ask_model(text key, text prompt, uint32_t max_tokens, text *reply) {
    asked_block *block = allocate(sizeof *block);
    asked_message *message = allocate(sizeof *message);
    sampling_request *request = allocate(sizeof *request);
    asked given;
    *block = (asked_block){.kind = ASKED_TEXT, .text = prompt};
    *message = (asked_message){0, block, 1};
    request->key = key;
    request->messages = message;
    request->message_count = 1;
    request->max_tokens = max_tokens;
    sampling_create_message(request, &given);
    if (!answered_well(&given)) {
        return false;
    }
    *reply = TEXT("");
    for (size_t i = 0; i < given.sampled.count; i++) {
        if (given.sampled.content[i].kind == ASKED_TEXT) {
            *reply = given.sampled.content[i].text;
            break;
        }
    }
    return true;
}

// The folders that the user gave to the conversation. False: see answered_well.
static inline bool ask_roots(text key, root **list, size_t *count) {
    asked given;
    roots_list_roots(key.bytes, key.length, &given);
    if (!answered_well(&given)) {
        return false;
    }
    *list = given.roots.list;
    *count = given.roots.count;
    return true;
}

// Asks all of these at once. *answers: one for each, in their order, the JSON of the protocol's result. False: see
// answered_well; one that has no answer counts for all.
static inline bool ask_several(const asked_question *questions, size_t count, asked_answer **answers) {
    asked_several given;
    questions_ask(questions, count, &given);
    if (given.is_err) {
        answer_unasked(given.err);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (given.answers.list[i].is_err) {
            answer_unasked(given.answers.list[i].err);
            return false;
        }
    }
    *answers = given.answers.list;
    return true;
}
