// SPDX-License-Identifier: MIT
// A JSON tokenizer (RFC 8259) over messages as MCP clients send them: branches on bytes.
#include "bench.h"

static const char text[] =
    "{\"jsonrpc\":\"2.0\",\"id\":17,\"method\":\"tools/call\",\"params\":{\"name\":\"read_temperature\",\"arguments\":"
    "{\"sensor\":\"outside "
    "\\u00b0C\",\"samples\":[21.5,-3,0.125,6.02e23,1e-7],\"average\":true,\"unit\":null},\"_meta\":"
    "{\"progressToken\":42,\"path\":\"C:\\\\log\\\\today.txt\",\"nested\":[[],[{}],[1,[2,[3]]]]}}}\n"
    "{ \"jsonrpc\" : \"2.0\", \"id\" : \"a-7\", \"result\" : { \"content\" : [ { \"type\" : \"text\", \"text\" : "
    "\"It is \\\"warm\\\":\\n\\t21.5 degrees, \\/ and rising\" } ], \"isError\" : false } }\n";

enum { END, OPEN, CLOSE, STRING, NUMBER, WORD, POINT, BAD };

typedef struct {
    const char *at, *end;
    uint32_t hash; // of the token's characters
} scanner_t;

static int is_digit(char c) {
    return c >= '0' && c <= '9';
}

static int hex_value(char c) {
    return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int string(scanner_t *s) {
    while (s->at < s->end && *s->at != '"') {
        uint32_t c = (uint8_t)*s->at++;
        if (c < 0x20) {
            return BAD;
        }
        if (c == '\\') {
            c = (uint8_t)*s->at++;
            switch (c) {
                case 'n':
                    c = '\n';
                    break;
                case 't':
                    c = '\t';
                    break;
                case 'r':
                    c = '\r';
                    break;
                case 'b':
                    c = '\b';
                    break;
                case 'f':
                    c = '\f';
                    break;
                case '"':
                case '\\':
                case '/':
                    break;
                case 'u':
                    c = 0;
                    for (int i = 0; i < 4; i++) {
                        int digit = hex_value(*s->at++);
                        if (digit < 0) {
                            return BAD;
                        }
                        c = c << 4 | digit;
                    }
                    break;
                default:
                    return BAD;
            }
        }
        s->hash = mixed(s->hash, c);
    }
    return s->at++ < s->end ? STRING : BAD;
}

static void digits(scanner_t *s) {
    while (s->at < s->end && is_digit(*s->at)) {
        s->hash = mixed(s->hash, *s->at++ - '0');
    }
}

static int number(scanner_t *s) {
    s->at += *s->at == '-';
    digits(s);
    if (*s->at == '.') {
        s->at++;
        digits(s);
    }
    if (*s->at == 'e' || *s->at == 'E') {
        s->at++;
        s->at += *s->at == '-' || *s->at == '+';
        digits(s);
    }
    return NUMBER;
}

static int word(scanner_t *s) {
    while (*s->at >= 'a' && *s->at <= 'z') {
        s->hash = mixed(s->hash, *s->at++);
    }
    return WORD;
}

static NOINLINE int token(scanner_t *s) {
    s->hash = 0;
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r')) {
        s->at++;
    }
    if (s->at == s->end) {
        return END;
    }
    switch (*s->at) {
        case '{':
        case '[':
            s->at++;
            return OPEN;
        case '}':
        case ']':
            s->at++;
            return CLOSE;
        case ',':
        case ':':
            s->at++;
            return POINT;
        case '"':
            s->at++;
            return string(s);
        case 't':
        case 'f':
        case 'n':
            return word(s);
        default:
            return *s->at == '-' || is_digit(*s->at) ? number(s) : BAD;
    }
}

EXPORT int32_t run(int32_t n) {
    uint32_t hash = 0;
    for (int32_t i = 0; i < n; i++) {
        scanner_t s = {text, text + sizeof(text) - 1, 0};
        uint32_t depth = 0;
        for (int kind; (kind = token(&s)) != END && kind != BAD;) {
            depth += (kind == OPEN) - (kind == CLOSE);
            hash = mixed(hash, s.hash + 8 * depth + kind);
        }
        hash = mixed(hash, depth + (s.at == s.end));
    }
    return hash;
}
