// SPDX-License-Identifier: MIT
// notebook: everything that a component may have besides tools. Notes are resources, all of them by a template, pinned
// ones in the list, too; clients can watch them, ask for prompts about them and complete their names; and a component
// that asks a question gets its answer from the notes. Kept in memory: all is gone when the board is reset.
#include "wasmote_parts.h"

enum { NOTES = 8, NAME = 24, TEXT_SIZE = 240, PREFIX = sizeof "note:/" - 1, URI = PREFIX + NAME };

typedef struct {
    char uri[URI + 1]; // "note:/" and the name, zero-terminated
    text name;         // within uri; none: a free place
    char bytes[TEXT_SIZE];
    size_t length;
    bool watched, pinned;
} note_entry;

static note_entry notes[NOTES];
static bool index_watched;

static bool equal(text a, text b) {
    return a.length == b.length && begins(a, b);
}

static note_entry *find(text name) {
    for (size_t i = 0; i < NOTES; i++) {
        if (equal(notes[i].name, name)) {
            return &notes[i];
        }
    }
    return 0;
}

// The note that "note:/name" names.
static note_entry *find_uri(text uri) {
    return uri.length > PREFIX ? find((text){uri.bytes + PREFIX, uri.length - PREFIX}) : 0;
}

// ---- Tools ----

static note_entry *named(text arguments) {
    text name = TEXT("");
    json_text(arguments, "name", &name);
    note_entry *one = name.length ? find(name) : 0;
    if (!one) {
        answer_error("there is no note \"");
        answer_text(name);
        answer("\": read note:/ to see what there is");
    }
    return one;
}

static void write(text arguments) {
    text name = TEXT(""), body = TEXT("");
    json_text(arguments, "name", &name);
    json_text(arguments, "text", &body);
    bool good = name.length > 0 && name.length <= NAME && body.length <= TEXT_SIZE;
    for (size_t i = 0; i < name.length; i++) {
        char c = name.bytes[i];
        good = good && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-');
    }
    if (!good) {
        answer_error("a note has a name of 1 to 24 of a-z 0-9 - and a text of at most 240 bytes");
        return;
    }
    note_entry *one = find(name);
    bool fresh = !one;
    if (fresh && !(one = find(TEXT("")))) {
        answer_error("all 8 notes are in use: remove one");
        return;
    }
    memcpy(one->uri, "note:/", PREFIX);
    memcpy(one->uri + PREFIX, name.bytes, name.length);
    one->uri[PREFIX + name.length] = 0;
    one->name = (text){one->uri + PREFIX, name.length};
    memcpy(one->bytes, body.bytes, body.length);
    one->length = body.length;
    if (one->watched) {
        resource_updated(text_of(one->uri));
    }
    if (fresh && index_watched) {
        resource_updated(TEXT("note:/"));
    }
    answer(fresh ? "noted" : "changed");
}

static void erase(text arguments) {
    note_entry *one = named(arguments);
    if (one && one->pinned) {
        answer_error("this note is pinned: it stays until the notebook starts again");
    } else if (one) {
        one->name.length = 0;
        if (index_watched) {
            resource_updated(TEXT("note:/"));
        }
        answer("removed");
    }
}

// Makes a note a resource in the list: clients are told that the list has changed.
static void pin(text arguments) {
    note_entry *one = named(arguments);
    if (!one) {
        return;
    }
    resource definition = {.uri = one->uri, .name = one->uri + PREFIX, .mime_type = "text/plain"};
    if (one->pinned || !add_resource(&definition)) {
        answer_error("this note is in the list already");
        return;
    }
    one->pinned = true;
    answer("pinned");
}

// ---- Resources ----

static void read(text uri) {
    if (same(uri, "note:/")) {
        answer("");
        for (size_t i = 0; i < NOTES; i++) {
            if (notes[i].name.length) {
                answer_text(notes[i].name);
                answer("\n");
            }
        }
        return;
    }
    if (same(uri, "note:/.icon")) {
        answer_image("image/png");
        answer("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==");
        return;
    }
    note_entry *one = find_uri(uri);
    if (one) {
        answer_text((text){one->bytes, one->length});
    } else {
        refuse_with(RESOURCE_NOT_FOUND, "there is no such note: read note:/ to see what there is");
    }
}

static void watch_note(text uri, bool on) {
    note_entry *one = find_uri(uri);
    if (same(uri, "note:/")) {
        index_watched = on;
    } else if (one) {
        one->watched = on;
    } else if (on) {
        refuse_with(RESOURCE_NOT_FOUND, "there is no such note to watch: write it first");
    }
}

// ---- Prompts ----

static void proofread(text arguments) {
    text name = TEXT(""), style = TEXT("plain");
    json_text(arguments, "name", &name);
    json_text(arguments, "style", &style);
    note_entry *one = find(name);
    if (!one || !name.length) {
        refuse_with(INVALID_PARAMS, "\"name\" names no note");
        return;
    }
    say(SYSTEM);
    answer("You are a careful editor. Keep the meaning, use a style that is ");
    answer_text(style);
    answer(".");
    say(USER);
    answer_text((text){one->bytes, one->length});
    say(ASSISTANT);
    answer("Corrected:");
}

static const char *const styles[] = {"plain", "playful", "formal"};

// note:/sh, or proofread?name=sh, or proofread?name=shopping&style=pl
static void complete(bool of_prompt, text ask) {
    size_t at = ask.length;
    while (at && ask.bytes[at - 1] != (of_prompt ? '=' : '/')) {
        at--;
    }
    text start = {ask.bytes + at, ask.length - at};
    bool style = of_prompt && at > 6 && begins((text){ask.bytes + at - 6, 6}, TEXT("style="));
    for (size_t i = 0; style && i < COUNT(styles); i++) {
        if (begins(text_of(styles[i]), start)) {
            suggest(text_of(styles[i]));
        }
    }
    for (size_t i = 0; !style && i < NOTES; i++) {
        if (notes[i].name.length && begins(notes[i].name, start)) {
            suggest(of_prompt ? notes[i].name : text_of(notes[i].uri));
        }
    }
}

// ---- Questions ----

// Each is answered by the note of its name.
static void elicit(text message, const question *questions, size_t count) {
    log_text(LOG_INFO, message);
    answer("{");
    for (size_t i = 0; i < count; i++) {
        note_entry *one = find(questions[i].name);
        if (!one && questions[i].has_required && questions[i].required) {
            refuse_with(INVALID_PARAMS, "there is no note of this name to answer with");
            return;
        }
        if (one) {
            answer(last_item->text.length > 1 ? ",\"" : "\"");
            answer_text(one->name);
            answer("\":\"");
            answer_json((text){one->bytes, one->length});
            answer("\"");
        }
    }
    answer("}");
}

static const tool tools[] = {
    {
        .name = "write",
        .description = "Write a note, or write it anew.",
        .schema =
            "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"pattern\":\"^[a-z0-9-]{1,24}$\"},"
            "\"text\":{\"type\":\"string\",\"maxLength\":240}},\"required\":[\"name\",\"text\"]}",
        .call = write,
        .hints = IDEMPOTENT,
    },
    {
        .name = "erase",
        .description = "Remove a note.",
        .schema = "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}},\"required\":[\"name\"]}",
        .call = erase,
        .hints = DESTRUCTIVE,
    },
    {
        .name = "pin",
        .description = "Show a note in the list of resources.",
        .schema = "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}},\"required\":[\"name\"]}",
        .call = pin,
    },
};

SERVER("notebook", "1.0.0", tools)

static const resource resources[] = {
    {.uri = "note:/",
        .name = "index",
        .title = "All notes",
        .description = "One name per line.",
        .mime_type = "text/plain"},
    {.uri = "note:/.icon", .name = "icon", .mime_type = "image/png"},
};

static const resource templates[] = {
    {.uri = "note:/{name}", .name = "note", .description = "A note.", .mime_type = "text/plain"},
};

static const prompt_argument proofread_arguments[] = {
    {.name = "name", .description = "of the note", .required = true},
    {.name = "style", .description = "plain, playful or formal"},
};

static const prompt prompts[] = {{
    .name = "proofread",
    .title = "Proofread a note",
    .description = "Corrects what is written in a note.",
    .arguments = proofread_arguments,
    .argument_count = COUNT(proofread_arguments),
    .get = proofread,
}};

const parts these_parts = {
    .resources = resources,
    .resource_count = COUNT(resources),
    .templates = templates,
    .template_count = COUNT(templates),
    .read = read,
    .prompts = prompts,
    .prompt_count = COUNT(prompts),
    .watch = watch_note,
    .complete = complete,
    .elicit = elicit,
    .instructions = "Notes are resources: read note:/ for their names.",
};
