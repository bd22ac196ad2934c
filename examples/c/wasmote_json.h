// SPDX-License-Identifier: MIT
// Just enough JSON to read the arguments of a call, which the host has checked to be one JSON
// object. Part of wasmote.h.
//
// Values are slices of the text they came in: `{"a":[1,"x"]}` → member a → `[1,"x"]` → next → `1`,
// next → `"x"` → unquote → `x`.
#pragma once

static bool json_is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *json_space(const char *at, const char *end) {
    while (at < end && json_is_space(*at)) {
        at++;
    }
    return at;
}

// Where the JSON value that starts at `at` ends.
static const char *json_skip(const char *at, const char *end) {
    int depth = 0;
    do {
        char c = *at++;
        if (c == '"') {
            while (at < end && *at != '"') {
                at += *at == '\\' ? 2 : 1;
            }
            at++;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            depth--;
        }
        if (depth == 0 && (c == '"' || c == '}' || c == ']')) {
            break;
        }
    } while (at < end && (depth != 0 || !(json_is_space(*at) || *at == ',' || *at == '}' || *at == ']')));
    return at < end ? at : end;
}

// Takes the next value off `*rest` (the inside of a list or object, from its opening bracket on).
// False at its end.
static bool json_next(text *rest, text *value) {
    const char *end = rest->bytes + rest->length, *at = json_space(rest->bytes, end);
    if (at < end && *at != ']' && *at != '}') {
        at = json_space(at + 1, end); // behind the bracket, comma or colon
    }
    if (at >= end || *at == ']' || *at == '}') {
        return false;
    }
    value->bytes = at;
    at = json_skip(at, end);
    value->length = at - value->bytes;
    rest->bytes = at;
    rest->length = end - at;
    return true;
}

// The raw JSON of a member of an object. False if there is none. (Names with escapes in them are
// not found.)
static bool json_member(text object, const char *name, text *value) {
    text key;
    while (json_next(&object, &key) && json_next(&object, value)) {
        if (key.length >= 2 && same((text){key.bytes + 1, key.length - 2}, name)) {
            return true;
        }
    }
    return false;
}

static int32_t json_hex(const char *digits) {
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int c = digits[i] | 32;
        value = value * 16 + (c >= 'a' ? c - 'a' + 10 : c - '0');
    }
    return value;
}

static char *put_utf8(char *to, uint32_t c) {
    if (c < 0x80) {
        *to++ = c;
        return to;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    *to++ = (0xff80 >> more) | (c >> (6 * more));
    while (more--) {
        *to++ = 0x80 | ((c >> (6 * more)) & 0x3f);
    }
    return to;
}

// The string that a raw JSON value means, escapes resolved. False if the value is no string.
static __attribute__((noinline)) bool json_unquote(text value, text *meaning) {
    if (value.length < 2 || value.bytes[0] != '"') {
        return false;
    }
    const char *from = value.bytes + 1, *end = value.bytes + value.length - 1;
    char *start = cabi_realloc(0, 0, 1, value.length), *to = start;
    while (from < end) {
        char c = *from++;
        if (c != '\\' || from == end) {
            *to++ = c;
            continue;
        }
        c = *from++;
        if (c == 'u' && end - from >= 4) {
            uint32_t code = json_hex(from);
            from += 4;
            if ((code & 0xfc00) == 0xd800 && end - from >= 6 && from[0] == '\\' && from[1] == 'u') {
                uint32_t low = json_hex(from + 2);
                if ((low & 0xfc00) == 0xdc00) {
                    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                    from += 6;
                }
            }
            to = put_utf8(to, (code & 0xfffff800) == 0xd800 ? 0xfffd : code); // half a pair: a replacement character
            continue;
        }
        *to++ = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == 'b' ? '\b' : c == 'f' ? '\f' : c;
    }
    *meaning = (text){start, (size_t)(to - start)};
    return true;
}

// The string member `name`. False, and `*value` as it was, if there is none or it is no string.
static __attribute__((noinline)) bool json_text(text object, const char *name, text *value) {
    text raw;
    return json_member(object, name, &raw) && json_unquote(raw, value);
}

// The integer that a raw JSON number means, however it is written: 100, 100.0, 1e2. False if it is
// none of 32 bits.
static __attribute__((noinline)) bool json_integer(text raw, int32_t *value) {
    const char *at = raw.bytes, *end = at + raw.length;
    bool negative = raw.length > 0 && *at == '-';
    at += negative;
    if (at == end || *at < '0' || *at > '9') {
        return false;
    }
    const char *e = at, *point = 0;
    for (; e < end && (*e | 32) != 'e'; e++) {
        point = *e == '.' ? e : point;
    }
    int32_t whole = (point ? point : e) - at, power = 0; // so many digits are no fraction
    for (const char *digit = e + 1; digit < end && power < 99999; digit++) {
        power = *digit < '0' ? 0 : power * 10 + (*digit - '0'); // a sign comes first
    }
    whole += e + 1 < end && e[1] == '-' ? -power : power;
    uint32_t sum = 0;
    for (; at < e || (whole > 0 && sum > 0); at++) {
        uint32_t digit = at < e ? *at - '0' : 0;
        if (at == point || (whole-- <= 0 && digit == 0)) {
            continue;
        }
        if (whole < 0 || sum > INT32_MAX / 10) {
            return false;
        }
        sum = sum * 10 + digit;
    }
    if (sum > (uint32_t)INT32_MAX + negative) {
        return false;
    }
    *value = negative ? -sum : sum;
    return true;
}

// The integer member `name`. False, and `*value` as it was, if there is none or it is no integer of
// 32 bits.
static __attribute__((noinline)) bool json_int(text object, const char *name, int32_t *value) {
    text raw;
    return json_member(object, name, &raw) && json_integer(raw, value);
}
