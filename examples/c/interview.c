// SPDX-License-Identifier: MIT
// interview: tools that ask the client while they run, and results that are more than text.
// wasmote:mcp (examples/wit/wasmote-mcp.wit) in use.
#include "wasmote_mcp.h"

static void greet(text arguments) {
    text filled, name = TEXT("stranger");
    int action = ask_form(TEXT("user_name"), TEXT("What is your name?"),
        TEXT("{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}},\"required\":[\"name\"]}"), &filled);
    if (action == NOT_ASKED) {
        return;
    }
    if (action == CANCELLED) {
        answer("Another time, then.");
        return;
    }
    if (action == ACCEPTED && !json_text(filled, "name", &name)) {
        answer_error("the form came back without a name");
        return;
    }
    answer("Hello, ");
    answer_text(name);
    answer("!");
}

static void compose(text arguments) {
    text prompt = TEXT("Write one short line about a microcontroller."), reply;
    json_text(arguments, "prompt", &prompt);
    if (ask_model(TEXT("line"), prompt, 100, &reply)) {
        answer("LLM response: ");
        answer_text(reply);
    }
}

static void folders(text arguments) {
    root *list;
    size_t count;
    if (!ask_roots(TEXT("client_roots"), &list, &count)) {
        return;
    }
    answer_int(count);
    answer(count == 1 ? " folder" : " folders");
    for (size_t i = 0; i < count; i++) {
        answer_item();
        answer_text(list[i].uri);
        if (list[i].name.is_some) {
            answer(" ");
            answer_text(list[i].name.value);
        }
    }
}

// Two questions, one after the other.
static void order(text arguments) {
    text drink, sure;
    int action = ask_form(TEXT("drink"), TEXT("What shall it be?"),
        TEXT("{\"type\":\"object\",\"properties\":{\"drink\":{\"type\":\"string\",\"enum\":[\"tea\",\"coffee\"]}}}"),
        &drink);
    if (action == ACCEPTED) {
        action = ask_form(TEXT("sure"), TEXT("Are you sure?"),
            TEXT("{\"type\":\"object\",\"properties\":{\"sure\":{\"type\":\"boolean\"}}}"), &sure);
    }
    if (action == NOT_ASKED) {
        return;
    }
    if (action != ACCEPTED) {
        answer("Nothing was ordered.");
        return;
    }
    answer_text(drink);
    answer(" ");
    answer_text(sure);
}

static void measure(text arguments) {
    answer_structured(TEXT("{\"celsius\":21.5,\"ok\":true}"));
}

// A WAV file: a tenth of a second of 440 Hz, 8 bits at 8 kHz.
static void beep(text arguments) {
    static const char head[44] = {'R', 'I', 'F', 'F', 0x44, 3, 0, 0, 'W', 'A', 'V', 'E', 'f', 'm', 't', ' ', 16, 0, 0,
        0, 1, 0, 1, 0, 64, 31, 0, 0, 64, 31, 0, 0, 1, 0, 8, 0, 'd', 'a', 't', 'a', 0x20, 3, 0, 0};
    enum { SAMPLES = 800 };
    char *wav = allocate(sizeof head + SAMPLES);
    memcpy(wav, head, sizeof head);
    for (int i = 0; i < SAMPLES; i++) {
        wav[sizeof head + i] = i * 880 / 8000 % 2 ? (char)0xC0 : 0x40;
    }
    answer("a beep");
    answer_audio((text){wav, sizeof head + SAMPLES}, TEXT("audio/wav"));
}

// Gives the tool `beep` an icon, which the client may show from now on.
static void decorate(text arguments) {
    static const icon bell = {
        .source = {"https://example.com/bell.png", 28},
        .mime_type = {true, {"image/png", 9}},
    };
    if (set_icons(ICON_TOOL, TEXT("beep"), &bell, 1)) {
        answer("decorated");
    } else {
        answer_error("no icon");
    }
}

#define NOTHING "{\"type\":\"object\"}"

static const tool tools[] = {
    {.name = "greet", .description = "Ask the user for a name, and greet.", .schema = NOTHING, .call = greet},
    {.name = "compose",
        .description = "Let the client's model write a line.",
        .schema = "{\"type\":\"object\",\"properties\":{\"prompt\":{\"type\":\"string\"}}}",
        .call = compose},
    {.name = "folders", .description = "List the user's folders.", .schema = NOTHING, .call = folders},
    {.name = "order", .description = "Ask two questions.", .schema = NOTHING, .call = order},
    {.name = "measure", .description = "A structured result.", .schema = NOTHING, .call = measure},
    {.name = "beep", .description = "A sound.", .schema = NOTHING, .call = beep},
    {.name = "decorate", .description = "Give `beep` an icon.", .schema = NOTHING, .call = decorate},
};
SERVER("interview", "1.0.0", tools)
