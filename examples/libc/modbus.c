// SPDX-License-Identifier: MIT
// modbus: checks, explains and makes frames of Modbus RTU. Plain C with wasi-libc: strtoul reads the
// hex bytes, vsnprintf makes the answer, and what printf prints arrives as log messages.
#include "../c/wasmote.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

enum { LONGEST = 256, SHORTEST = 4 }; // bytes of a frame: address, function, 2 of CRC

static void answerf(const char *format, ...) {
    char line[160];
    va_list values;
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    answer(line);
}

// CRC-16/MODBUS: it goes over the line low byte first.
static unsigned crc16(const uint8_t *bytes, size_t count) {
    unsigned crc = 0xffff;
    while (count--) {
        crc ^= *bytes++;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
        }
    }
    return crc;
}

static unsigned word(const uint8_t *bytes) { // the data is big-endian
    return bytes[0] << 8 | bytes[1];
}

// Hex bytes with or without spaces into `frame`: how many, or -1 after having answered what is wrong.
static int parse_hex(text hex, uint8_t frame[static LONGEST]) {
    int count = 0;
    for (const char *at = hex.bytes, *end = at + hex.length; at < end; count++) {
        char pair[3] = {at[0], at + 1 < end ? at[1] : 0}, *stopped;
        unsigned long byte = strtoul(pair, &stopped, 16);
        if (!isxdigit((unsigned char)pair[0]) || stopped != pair + 2) {
            answer_error("no two hex digits: ");
            answer_text((text){at, end - at});
            return -1;
        }
        if (count == LONGEST) {
            answer_error("a frame has at most 256 bytes, there are more");
            return -1;
        }
        frame[count] = byte;
        for (at += 2; at < end && *at == ' '; at++) {
        }
    }
    return count;
}

static const char *function_name(unsigned code) {
    static const char *const names[] = {
        [1] = "read coils",
        [2] = "read discrete inputs",
        [3] = "read holding registers",
        [4] = "read input registers",
        [5] = "write single coil",
        [6] = "write single register",
        [15] = "write multiple coils",
        [16] = "write multiple registers",
    };
    return code < sizeof names / sizeof *names && names[code] ? names[code] : "a function of its own";
}

static const char *exception_name(unsigned code) {
    static const char *const names[] = {
        "unknown",
        "illegal function",
        "illegal data address",
        "illegal data value",
        "server device failure",
        "acknowledge",
        "server device busy",
    };
    return names[code < sizeof names / sizeof *names ? code : 0];
}

// What the bytes behind the function code mean. A response of reads begins with its length; a request has 4 bytes.
static void explain(unsigned function, const uint8_t *data, size_t size) {
    if (function & 0x80) {
        answerf("\nexception %u: %s", data[0], exception_name(data[0]));
    } else if (function <= 4 && size == 4) {
        answerf("\nrequest: %u from address %u", word(data + 2), word(data));
    } else if ((function == 3 || function == 4) && size == 1u + data[0]) {
        answerf("\nresponse: %u registers:", data[0] / 2);
        for (size_t i = 1; i + 1 < size; i += 2) {
            answerf(" %u", word(data + i));
        }
    } else if (function <= 2 && size == 1u + data[0]) {
        answerf("\nresponse: bits from the lowest:");
        for (size_t i = 1; i < size; i++) {
            for (int bit = 0; bit < 8; bit++) {
                answerf("%s%u", bit ? "" : " ", data[i] >> bit & 1);
            }
        }
    } else if (function == 5 && size == 4) {
        answerf("\naddress %u: %s", word(data), data[2] ? "on" : "off");
    } else if (function == 6 && size == 4) {
        answerf("\naddress %u: %u (0x%04x)", word(data), word(data + 2), word(data + 2));
    } else if ((function == 15 || function == 16) && size >= 4) {
        answerf("\n%u from address %u", word(data + 2), word(data));
    } else {
        answerf("\n%u bytes of data", (unsigned)size);
    }
}

static void modbus_decode(text arguments) {
    text hex;
    uint8_t frame[LONGEST];
    if (!json_text(arguments, "frame", &hex)) {
        answer_error("\"frame\" is missing: give the bytes in hex, such as \"01 03 00 6b 00 03 74 17\"");
        return;
    }
    int count = parse_hex(hex, frame);
    if (count < 0) {
        return;
    }
    printf("frame of %d bytes\n", count);
    if (count < SHORTEST) {
        is_error = true;
        answerf("%d bytes are no frame: there are at least 4, address, function and CRC", count);
        return;
    }
    unsigned crc = crc16(frame, count - 2), said = frame[count - 1] << 8 | frame[count - 2];
    if (crc != said) {
        fprintf(stderr, "CRC is %04x, should be %04x\n", said, crc);
        is_error = true;
        answerf("CRC is wrong: the frame ends with %02x %02x, its bytes give %02x %02x", said & 255, said >> 8,
            crc & 255, crc >> 8);
        return;
    }
    answerf("unit %u, function %u: %s", frame[0], frame[1] & 0x7f, function_name(frame[1] & 0x7f));
    if (count > SHORTEST) {
        explain(frame[1], frame + 2, count - SHORTEST);
    }
}

// The integer member `name`, or `*value` as it was; false after having answered that it is out of range.
static bool number(text arguments, const char *name, int32_t least, int32_t most, int32_t *value) {
    json_int(arguments, name, value);
    if (*value >= least && *value <= most) {
        return true;
    }
    is_error = true;
    answerf("\"%s\" is missing or not %d to %d", name, (int)least, (int)most);
    return false;
}

static void modbus_request(text arguments) {
    int32_t unit = 1, function = 3, address = -1, value = 1;
    if (!number(arguments, "unit", 0, 247, &unit) || !number(arguments, "function", 1, 6, &function) ||
        !number(arguments, "address", 0, 65535, &address) || !number(arguments, "value", 0, 65535, &value)) {
        return;
    }
    uint8_t frame[8] = {unit, function, address >> 8, address, value >> 8, value};
    unsigned crc = crc16(frame, 6);
    frame[6] = crc;
    frame[7] = crc >> 8;
    for (size_t i = 0; i < sizeof frame; i++) {
        answerf(i ? " %02x" : "%02x", frame[i]);
    }
}

#define NUMBER(name, least, most) "\"" name "\":{\"type\":\"integer\",\"minimum\":" #least ",\"maximum\":" #most "}"

static const tool tools[] = {
    {
        .name = "modbus_decode",
        .title = "Explain a Modbus RTU frame",
        .description = "Check the CRC of a Modbus RTU frame given in hex and say what it means.",
        .schema = "{\"type\":\"object\",\"properties\":{\"frame\":{\"type\":\"string\"}},\"required\":[\"frame\"]}",
        .call = modbus_decode,
        .hints = READ_ONLY,
    },
    {
        .name = "modbus_request",
        .title = "Make a Modbus RTU request",
        .description =
            "The frame, in hex, of a request: a read of \"value\" registers or coils, or a write of \"value\".",
        .schema = "{\"type\":\"object\",\"properties\":{" NUMBER("unit", 0, 247) "," NUMBER("function", 1,
            6) "," NUMBER("address", 0, 65535) "," NUMBER("value", 0, 65535) "},\"required\":[\"address\"]}",
        .call = modbus_request,
        .hints = READ_ONLY,
    },
};

SERVER("modbus", "1.0.0", tools)
