// SPDX-License-Identifier: MIT
// thermometer: state, arguments and an error result. The sensor is made up: it drifts between 20.0
// and 23.0 °C, the same way after each start. All temperatures are integers in thousandths of a
// degree, as the board may have no floating point unit.
#include "wasmote.h"

enum { KEPT = 16, MAX_OFFSET = 10000 };

static int32_t offset;
static int32_t readings[KEPT]; // a ring: the newest at (taken - 1) % KEPT
static uint32_t taken;

static int32_t sense(void) {
    int32_t phase = taken * 430 % 6000;
    return 20000 + (phase < 3000 ? phase : 6000 - phase) + offset;
}

// 21430 as "21.430"
static void answer_thousandths(int32_t value) {
    if (value < 0) {
        answer("-");
        value = -value;
    }
    answer_int(value / 1000);
    char fraction[] = {'.', '0' + value / 100 % 10, '0' + value / 10 % 10, '0' + value % 10};
    answer_text((text){fraction, sizeof fraction});
}

static void read(text arguments) {
    text unit = TEXT("C");
    json_text(arguments, "unit", &unit);
    char letter = unit.length == 1 ? unit.bytes[0] : 0;
    if (letter != 'C' && letter != 'F' && letter != 'K') {
        answer_error("unknown unit \"");
        answer_text(unit);
        answer("\": use \"C\", \"F\" or \"K\"");
        return;
    }
    int32_t celsius = sense();
    readings[taken++ % KEPT] = celsius;
    answer_thousandths(letter == 'F' ? celsius * 9 / 5 + 32000 : letter == 'K' ? celsius + 273150 : celsius);
    answer(letter == 'K' ? " K" : letter == 'F' ? " °F" : " °C");
}

static void calibrate(text arguments) {
    int32_t wanted;
    if (!json_int(arguments, "offset", &wanted)) {
        answer_error("\"offset\" is missing or no integer: give thousandths of a degree, such as -250");
        return;
    }
    if (wanted < -MAX_OFFSET || wanted > MAX_OFFSET) {
        answer_error("\"offset\" is out of range: -10000 to 10000 (thousandths of a degree)");
        return;
    }
    offset = wanted;
    answer("offset set to ");
    answer_thousandths(offset);
    answer(" °C");
    log_text(LOG_INFO, TEXT("thermometer calibrated"));
}

static void history(text arguments) {
    uint32_t count = taken < KEPT ? taken : KEPT;
    answer_int(count);
    answer(" of ");
    answer_int(taken);
    answer(" readings, newest first (°C)");
    for (uint32_t i = 1; i <= count; i++) {
        answer("\n");
        answer_thousandths(readings[(taken - i) % KEPT]);
    }
}

static const tool tools[] = {
    {
        .name = "read",
        .title = "Read the thermometer",
        .description = "The temperature now, in degrees Celsius unless another unit is asked for.",
        .schema = "{\"type\":\"object\",\"properties\":{\"unit\":{\"type\":\"string\",\"enum\":["
                  "\"C\",\"F\",\"K\"]}}}",
        .call = read,
    },
    {
        .name = "calibrate",
        .description = "Add an offset to every reading from now on.",
        .schema = "{\"type\":\"object\",\"properties\":{\"offset\":{\"type\":\"integer\",\"minimum\":-"
                  "10000,\"maximum\":10000,"
                  "\"description\":\"thousandths of a degree Celsius\"}},\"required\":[\"offset\"]}",
        .call = calibrate,
        .hints = IDEMPOTENT,
    },
    {
        .name = "history",
        .description = "The last 16 readings.",
        .schema = "{\"type\":\"object\"}",
        .call = history,
        .hints = READ_ONLY,
    },
};

SERVER("thermometer", "1.0.0", tools)
