// SPDX-License-Identifier: MIT
// textkit: strings and lists, both ways. A list comes in as a JSON array and goes out as several
// content items.
#include "wasmote.h"

// The string member that every tool here needs; false after having answered that it is missing.
static bool required_text(text arguments, const char *name, text *value) {
    if (json_text(arguments, name, value)) {
        return true;
    }
    answer_error("\"");
    answer(name);
    answer("\" is missing or no string");
    return false;
}

static bool starts_character(char byte) {
    return (byte & 0xc0) != 0x80; // not one of UTF-8's continuation bytes
}

static bool begins_with(text it, size_t at, text piece) {
    size_t i = 0;
    while (i < piece.length && at + i < it.length && it.bytes[at + i] == piece.bytes[i]) {
        i++;
    }
    return i == piece.length;
}

static bool is_space(char byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void word_count(text arguments) {
    text it;
    if (!required_text(arguments, "text", &it)) {
        return;
    }
    int32_t words = 0, characters = 0;
    for (size_t i = 0; i < it.length; i++) {
        characters += starts_character(it.bytes[i]);
        words += !is_space(it.bytes[i]) && (i == 0 || is_space(it.bytes[i - 1]));
    }
    answer_int(words);
    answer(words == 1 ? " word, " : " words, ");
    answer_int(characters);
    answer(characters == 1 ? " character" : " characters");
}

static void split(text arguments) {
    text it, separator = TEXT(" ");
    if (!required_text(arguments, "text", &it)) {
        return;
    }
    json_text(arguments, "separator", &separator);
    if (separator.length == 0) {
        answer_error("\"separator\" is empty: give at least one character");
        return;
    }
    size_t start = 0;
    for (size_t i = 0; i < it.length; i++) {
        if (begins_with(it, i, separator)) {
            answer_text((text){it.bytes + start, i - start});
            answer_item();
            start = i + separator.length;
            i = start - 1;
        }
    }
    answer_text((text){it.bytes + start, it.length - start});
}

static void join(text arguments) {
    text items, raw, it, separator = TEXT(" ");
    if (!json_member(arguments, "items", &items) || items.bytes[0] != '[') {
        answer_error("\"items\" is missing or no list of strings");
        return;
    }
    json_text(arguments, "separator", &separator);
    answer("");
    for (bool first = true; json_next(&items, &raw); first = false) {
        if (!json_unquote(raw, &it)) {
            answer_error("\nstopped at an item that is no string: ");
            answer_text(raw);
            return;
        }
        if (!first) {
            answer_text(separator);
        }
        answer_text(it);
    }
}

static void reverse(text arguments) {
    text it;
    if (!required_text(arguments, "text", &it)) {
        return;
    }
    char *turned = allocate(it.length);
    size_t start = 0, left = it.length;
    while (start < it.length) {
        size_t end = start + 1;
        while (end < it.length && !starts_character(it.bytes[end])) {
            end++;
        }
        left -= end - start;
        memcpy(turned + left, it.bytes + start, end - start);
        start = end;
    }
    answer_text((text){turned, it.length});
}

#define STRING(name) "\"" name "\":{\"type\":\"string\"}"
#define NEEDS(name) "},\"required\":[\"" name "\"]}"

static const tool tools[] = {
    {
        .name = "word_count",
        .description = "Count the words and characters of a text.",
        .schema = "{\"type\":\"object\",\"properties\":{" STRING("text") NEEDS("text"),
        .call = word_count,
        .hints = READ_ONLY,
    },
    {
        .name = "split",
        .description = "Split a text at a separator (a space if none is given): one content item per part.",
        .schema = "{\"type\":\"object\",\"properties\":{" STRING("text") "," STRING("separator") NEEDS("text"),
        .call = split,
        .hints = READ_ONLY,
    },
    {
        .name = "join",
        .description = "Join a list of texts with a separator between them (a space if none is given).",
        .schema = "{\"type\":\"object\",\"properties\":{\"items\":{\"type\":\"array\",\"items\":{"
                  "\"type\":\"string\"}}," STRING("separator") NEEDS("items"),
        .call = join,
        .hints = READ_ONLY,
    },
    {
        .name = "reverse",
        .description = "Turn a text around, character by character.",
        .schema = "{\"type\":\"object\",\"properties\":{" STRING("text") NEEDS("text"),
        .call = reverse,
        .hints = READ_ONLY,
    },
};

SERVER("textkit", "1.0.0", tools)
