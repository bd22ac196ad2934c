// SPDX-License-Identifier: MIT
// courier: calls the other components of its board, as a client of theirs. It reaches those that its configuration
// names:
//     wasmote configure qemu:m0 courier --peer notebook --peer thermometer/read
#include "wasmote.h"
#include "wasmote_client.h"

static bool open_named(text arguments, peer *other) {
    text component = TEXT("");
    json_text(arguments, "component", &component);
    return peer_open(component, other);
}

static void about(text arguments) {
    peer other;
    if (open_named(arguments, &other)) {
        answer_text(other.name);
        answer(" ");
        answer_text(other.version);
        peer_close(&other);
    }
}

static void ask(text arguments) {
    peer other;
    text name = TEXT(""), given;
    json_text(arguments, "tool", &name);
    if (!json_member(arguments, "arguments", &given)) {
        given = TEXT("{}");
    }
    if (open_named(arguments, &other)) {
        peer_call(&other, name, given);
        peer_close(&other);
    }
}

static void fetch(text arguments) {
    peer other;
    text uri = TEXT("");
    json_text(arguments, "uri", &uri);
    if (open_named(arguments, &other)) {
        peer_read(&other, uri);
        peer_close(&other);
    }
}

static void recite(text arguments) {
    peer other;
    text name = TEXT(""), given;
    json_text(arguments, "prompt", &name);
    if (!json_member(arguments, "arguments", &given)) {
        given = TEXT("");
    }
    if (open_named(arguments, &other)) {
        peer_prompt(&other, name, given);
        peer_close(&other);
    }
}

static const tool tools[] = {
    {
        .name = "about",
        .description = "Name and version of another component.",
        .schema =
            "{\"type\":\"object\",\"properties\":{\"component\":{\"type\":\"string\"}},\"required\":[\"component\"]}",
        .call = about,
        .hints = READ_ONLY,
    },
    {
        .name = "ask",
        .description = "Call a tool of another component.",
        .schema =
            "{\"type\":\"object\",\"properties\":{\"component\":{\"type\":\"string\"},\"tool\":{\"type\":\"string\"},"
            "\"arguments\":{\"type\":\"object\"}},\"required\":[\"component\",\"tool\"]}",
        .call = ask,
    },
    {
        .name = "fetch",
        .description = "Read a resource of another component.",
        .schema =
            "{\"type\":\"object\",\"properties\":{\"component\":{\"type\":\"string\"},\"uri\":{\"type\":\"string\"}},"
            "\"required\":[\"component\",\"uri\"]}",
        .call = fetch,
        .hints = READ_ONLY,
    },
    {
        .name = "recite",
        .description = "Ask for a prompt of another component.",
        .schema =
            "{\"type\":\"object\",\"properties\":{\"component\":{\"type\":\"string\"},\"prompt\":{\"type\":\"string\"},"
            "\"arguments\":{\"type\":\"object\"}},\"required\":[\"component\",\"prompt\"]}",
        .call = recite,
        .hints = READ_ONLY,
    },
};

SERVER("courier", "1.0.0", tools)
