// Programs that do what their arguments say, one command after the other.
#include "wasi.h"

IMPORT("wasi:cli/environment@0.2.0", "get-arguments") void get_arguments(list *result);

static list rest; // of the command

static list word(void) {
    list found = {rest.data, 0};
    while (found.size < rest.size && found.data[found.size] != ' ')
        found.size++;
    size_t used = found.size + (found.size < rest.size);
    rest.data += used;
    rest.size -= used;
    return found;
}

static uint64_t count(void) {
    list digits = word();
    uint64_t value = 0;
    for (size_t i = 0; i < digits.size; i++)
        value = value * 10 + digits.data[i] - '0';
    return value;
}

static bool is(list text, const char *wanted) {
    size_t size = length(wanted);
    for (size_t i = 0; i < size; i++)
        if (size != text.size || text.data[i] != (uint8_t)wanted[i])
            return false;
    return size == text.size;
}

// Each argument of the program is one command.
static void commands(void (*command)(void)) {
    static list arguments[20];
    static uint8_t texts[2048];
    list found;
    get_arguments(&found);
    size_t size = found.size < 20 ? found.size : 20;
    size_t used = 0;
    for (size_t i = 1; i < size; i++) { // a command may forget what is on the heap
        list text = ((const list *)found.data)[i];
        arguments[i] = (list){texts + used, text.size};
        for (size_t j = 0; j < text.size && used < sizeof texts; j++)
            texts[used++] = text.data[j];
    }
    for (size_t i = 1; i < size; i++) {
        rest = arguments[i];
        command();
    }
}
