// SPDX-License-Identifier: MIT
// wasmote_parts.h: more than tools. Resources and templates for them, prompts, completion, subscriptions, answering
// questions. Include it instead of wasmote.h, which it brings; see notebook.c. What is read or asked for is written
// with answer…(), as in tools; refuse() answers with an error instead.
#pragma once
#define WASMOTE_PARTS
#define ITEM_PARTS \
    const char *mime_type; /* of an image or an embedded resource, else 0 */ \
    text uri;              /* of an embedded resource, else without bytes */ \
    uint8_t role;          /* of a prompt's message, else 0 */
#include "wasmote.h"

// ---- What a component may have besides tools ----

typedef struct {
    const char *uri; // of a template: a URI template (RFC 6570), such as "note:/{name}"
    const char *name;
    const char *title, *description, *mime_type; // may be left out
} resource;

typedef struct {
    const char *name;
    const char *description; // may be left out
    bool required;
} prompt_argument;

typedef struct {
    const char *name;
    const char *title, *description; // may be left out
    const prompt_argument *arguments;
    size_t argument_count;
    void (*get)(text arguments); // say(USER), then answer…(), and so on
} prompt;

typedef struct {
    text name, type;
    bool has_description; // else `description` is no value at all; so with `required`
    text description;
    bool has_required, required;
} question;

// Everything may be left out.
typedef struct {
    const resource *resources, *templates;
    size_t resource_count, template_count;
    void (*read)(text uri); // of a resource or a template
    const prompt *prompts;
    size_t prompt_count;
    void (*watch)(text uri, bool on); // somebody wants to hear of changes, or nobody does any more
    void (*complete)(
        bool of_prompt, text ask); // suggest(); `ask`: host/completion.py of wasmote says what stands there
    void (*elicit)(text message, const question *questions, size_t count); // answer…() a JSON object
    const char *instructions;                                              // to the model, about all of this
} parts;

extern const parts these_parts;

#define SERVER_WITHOUT_TOOLS(name, version) const server this_server = {name, version, 0, 0};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

// Whether `whole` begins with `start`.
static inline bool begins(text whole, text start) {
    for (size_t i = 0; i < start.length; i++) {
        if (i == whole.length || whole.bytes[i] != start.bytes[i]) {
            return false;
        }
    }
    return true;
}

// ---- Answers ----

// What stands between the quotes of a JSON string.
static void answer_json(text piece) {
    for (size_t i = 0; i < piece.length; i++) {
        char c = piece.bytes[i];
        if (c == '"' || c == '\\') {
            answer("\\");
        }
        if ((unsigned char)c < 0x20) {
            char escape[] = {'\\', 'u', '0', '0', '0' + (c >> 4), "0123456789abcdef"[c & 15]};
            answer_text((text){escape, sizeof escape});
        } else {
            answer_text((text){&c, 1});
        }
    }
}

// An item of another kind, said by who said the one before. One that is still empty becomes it.
static item *other_item(const char *mime_type) {
    uint8_t role = last_item ? last_item->role : 0;
    if (!last_item || last_item->text.length || last_item->mime_type) {
        answer_item();
    }
    last_item->mime_type = mime_type;
    last_item->role = role;
    return last_item;
}

// Ends the content item written so far; what follows is base64 of an image of this media type.
static inline void answer_image(const char *mime_type) {
    other_item(mime_type);
}

// Ends the content item written so far; what follows is the text of an embedded resource.
static inline void answer_resource(text uri, const char *mime_type) {
    other_item(mime_type)->uri = uri;
}

enum { SYSTEM = 0, USER = 1, ASSISTANT = 2 };

// In a prompt: ends the message so far; what follows is said by SYSTEM, USER or ASSISTANT.
static inline void say(uint8_t role) {
    answer_item();
    last_item->role = role + 1;
}

// In completion: one suggestion, a value for the argument; of a template also a whole URI.
static inline void suggest(text value) {
    answer_item();
    last_item->text = value;
}

// ---- Registering ----

typedef struct {
    text uri, name;
    option_text title, description, mime_type;
    uint64_t size[2]; // an option
} resource_definition;

typedef struct {
    text uri, name;
    option_text title, description, mime_type;
} template_definition;

typedef struct {
    text name;
    option_text description;
    option_bool required;
} argument_definition;

typedef struct {
    text content_type, uri;
    option_text mime_type, text, blob;
} embedded_resource; // without the annotations

typedef struct {
    text name;
    option_text title, description;
    bool has_arguments;
    argument_definition *arguments;
    size_t argument_count;
} prompt_definition;

_Static_assert(sizeof(resource_definition) == 72, "resource-definition");
_Static_assert(sizeof(template_definition) == 52, "resource-template");
_Static_assert(sizeof(argument_definition) == 24, "prompt-argument");
_Static_assert(sizeof(prompt_definition) == 44, "prompt-definition");
_Static_assert(sizeof(question) == 32, "elicitation-field");

IMPORT(RUNTIME, "register-resources")
void runtime_register_resources(const resource_definition *list, size_t count, result *out);
IMPORT(RUNTIME, "register-resource-templates")
void runtime_register_templates(const template_definition *list, size_t count, result *out);
IMPORT(RUNTIME, "register-prompts")
void runtime_register_prompts(const prompt_definition *list, size_t count, result *out);
IMPORT(RUNTIME, "send-notification")
void runtime_send_notification(int kind, const void *a, size_t b, uint64_t c, int d, uint64_t e, int f, result *out);

static option_text optional(const char *zero_terminated) {
    return zero_terminated ? (option_text){true, text_of(zero_terminated)} : (option_text){0};
}

static void describe_parts(server_info *info) {
    info->has_prompts = these_parts.prompt_count != 0;
    info->has_resources = these_parts.read != 0;
    info->resources_subscribe = (option_bool){true, these_parts.watch != 0};
    info->has_completions = these_parts.complete != 0;
    info->has_elicitation = these_parts.elicit != 0;
    info->instructions = optional(these_parts.instructions);
}

// Adds a resource, at the start or later: then clients hear that there is one more. False: the host has refused it.
static bool add_resource(const resource *one) {
    result done;
    resource_definition *made = allocate(sizeof *made);
    made->uri = text_of(one->uri);
    made->name = text_of(one->name);
    made->title = optional(one->title);
    made->description = optional(one->description);
    made->mime_type = optional(one->mime_type);
    runtime_register_resources(made, 1, &done);
    return !done.is_err;
}

static void add_template(const resource *one) {
    result done;
    template_definition *made = allocate(sizeof *made);
    made->uri = text_of(one->uri);
    made->name = text_of(one->name);
    made->title = optional(one->title);
    made->description = optional(one->description);
    made->mime_type = optional(one->mime_type);
    runtime_register_templates(made, 1, &done);
    must(&done);
}

static void add_prompt(const prompt *one) {
    result done;
    prompt_definition *made = allocate(sizeof *made);
    made->name = text_of(one->name);
    made->title = optional(one->title);
    made->description = optional(one->description);
    made->has_arguments = one->argument_count != 0;
    made->argument_count = one->argument_count;
    made->arguments = allocate(one->argument_count * sizeof *made->arguments);
    for (size_t i = 0; i < one->argument_count; i++) {
        made->arguments[i].name = text_of(one->arguments[i].name);
        made->arguments[i].description = optional(one->arguments[i].description);
        made->arguments[i].required = (option_bool){true, one->arguments[i].required};
    }
    runtime_register_prompts(made, 1, &done);
    must(&done);
}

static void register_parts(void) {
    for (size_t i = 0; i < these_parts.resource_count; i++) {
        if (!add_resource(&these_parts.resources[i])) {
            __builtin_trap(); // the host knows why it refused, and says so
        }
    }
    for (size_t i = 0; i < these_parts.template_count; i++) {
        add_template(&these_parts.templates[i]);
    }
    for (size_t i = 0; i < these_parts.prompt_count; i++) {
        add_prompt(&these_parts.prompts[i]);
    }
}

// ---- Telling clients ----

enum { RESOURCES_CHANGED = 0, TOOLS_CHANGED = 2, PROMPTS_CHANGED = 3 };

// Says that a list has changed. The host does that by itself when something is registered.
static inline void list_changed(int which) {
    result ignored;
    runtime_send_notification(which, 0, 0, 0, 0, 0, 0, &ignored);
}

// Says that a resource has changed, to those who watch it.
static inline void resource_updated(text uri) {
    result ignored;
    runtime_send_notification(1, &uri, 1, 0, 0, 0, 0, &ignored);
}

// ---- Handlers ----

// The result of a handler whose answer is `count` elements; or the error that it refused with.
static result *answer_list(void *list, size_t count) {
    if (refused) {
        return &answered;
    }
    answered.is_err = false;
    answered.ok.content = list;
    answered.ok.count = count;
    return &answered;
}

static void block_of(content_block *block, const item *one) {
    if (one->uri.length) {
        embedded_resource *fields = (embedded_resource *)&block->content_type;
        block->kind = 2;
        fields->content_type = TEXT("resource");
        fields->uri = one->uri;
        fields->mime_type = optional(one->mime_type);
        fields->text = (option_text){true, one->text};
    } else if (one->mime_type) {
        text *fields = &block->content_type; // content-type, data, mime-type
        block->kind = 1;
        fields[0] = TEXT("image");
        fields[1] = one->text;
        fields[2] = text_of(one->mime_type);
    } else {
        block->content_type = TEXT("text");
        block->text = one->text;
    }
}

EXPORT(HANDLERS "#read-resource") result *read_resource(const char *uri, size_t length) {
    if (!these_parts.read) {
        return refuse(UNSUPPORTED_OPERATION, "this component has no resources");
    }
    answer_begin();
    these_parts.read((text){uri, length});
    return answer_content(); // contents are a list, as in a tool's result, without what follows there
}

typedef struct {
    uint8_t role;
    content_block content;
} prompt_message;

_Static_assert(sizeof(prompt_message) == 96, "prompt-message");

EXPORT(HANDLERS "#get-prompt")
result *get_prompt(const char *name, size_t length, int has_arguments, const char *arguments, size_t size) {
    for (size_t i = 0; i < these_parts.prompt_count; i++) {
        if (same((text){name, length}, these_parts.prompts[i].name)) {
            answer_begin();
            these_parts.prompts[i].get(has_arguments ? (text){arguments, size} : TEXT("{}"));
            prompt_message *messages = allocate(item_count * sizeof *messages);
            size_t count = 0;
            for (item *each = first_item; each; each = each->next, count++) {
                messages[count].role = each->role ? each->role - 1 : USER;
                block_of(&messages[count].content, each);
            }
            return answer_list(messages, count);
        }
    }
    return refuse(7, "this component has no such prompt"); // prompt-not-found
}

static result *watch(const char *uri, size_t length, bool on) {
    if (!these_parts.watch) {
        return refuse(UNSUPPORTED_OPERATION, "this component has no subscriptions");
    }
    answer_begin();
    these_parts.watch((text){uri, length}, on);
    return answer_list(0, 0);
}

EXPORT(HANDLERS "#handle-subscribe") result *handle_subscribe(const char *uri, size_t length) {
    return watch(uri, length, true);
}

EXPORT(HANDLERS "#handle-unsubscribe") result *handle_unsubscribe(const char *uri, size_t length) {
    return watch(uri, length, false);
}

typedef struct {
    text value;
    option_text label;
} completion;

_Static_assert(sizeof(completion) == 20, "completion");

EXPORT(HANDLERS "#handle-complete") result *handle_complete(int type, const char *value, size_t length) {
    if (!these_parts.complete) {
        return refuse(UNSUPPORTED_OPERATION, "this component completes nothing");
    }
    answer_begin();
    these_parts.complete(type == 3, (text){value, length}); // argument-name
    completion *list = allocate(item_count * sizeof *list);
    size_t count = 0;
    for (item *each = first_item; each; each = each->next, count++) {
        list[count].value = each->text;
    }
    return answer_list(list, count);
}

EXPORT(HANDLERS "#handle-elicit")
result *handle_elicit(const char *message, size_t length, const question *questions, size_t count) {
    if (!these_parts.elicit) {
        return refuse(UNSUPPORTED_OPERATION, "this component answers no questions");
    }
    answer_begin();
    these_parts.elicit((text){message, length}, questions, count);
    text whole = last_item ? last_item->text : TEXT("{}");
    return answer_list((void *)whole.bytes, whole.length);
}

DONE("read-resource", read_resource_post)
DONE("get-prompt", get_prompt_post)
DONE("handle-subscribe", handle_subscribe_post)
DONE("handle-unsubscribe", handle_unsubscribe_post)
DONE("handle-complete", handle_complete_post)
DONE("handle-elicit", handle_elicit_post)
