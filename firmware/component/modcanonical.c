// SPDX-License-Identifier: MIT
// The module `_canonical`: load() of modules/wasmote/component/canonical.py, its twin, for values as nearly all are:
// they are well-formed, and no handle is in them. It says nothing about others: the twin says what is wrong.
//
// A type is a descriptor (component/types.py), which the host made itself. Nothing that a guest wrote is trusted.
#include "py/binary.h"
#include "py/cstack.h"
#include "py/obj.h"
#include "py/runtime.h"

#include "exec.h"

enum {
    OWN = 0x69,
    RESULT = 0x6A,
    OPTION = 0x6B,
    ENUM = 0x6D,
    FLAGS = 0x6E,
    LIST = 0x70,
    VARIANT = 0x71,
    RECORD = 0x72,
    STRING = 0x73,
    CHAR = 0x74,
    F64 = 0x75,
    U8 = 0x7D,
    BOOL = 0x7F,
    FIELDS = 7, // bytes of a record before its first field
    CASES = 10, // and of a variant before its first case
};

typedef struct {
    const memory_t *memory;
    uint32_t left; // bytes of strings and lists that may still be lifted
} lift_t;

static uint32_t halfword(const uint8_t *at) {
    return at[0] | at[1] << 8;
}

// Bytes of a descriptor, or of an absent case.
static uint32_t length(const uint8_t *d) {
    if (d[0] >= STRING || d[0] == 0) {
        return 1;
    }
    return d[0] <= OWN ? 2 : d[0] == ENUM || d[0] == FLAGS ? 3 : halfword(d + 1);
}

// Of a value in linear memory.
static uint32_t size(const uint8_t *d) {
    static const uint8_t sizes[] = {8, 4, 8, 4, 8, 8, 4, 4, 2, 2, 1, 1, 1};
    if (d[0] >= STRING) {
        return sizes[d[0] - STRING];
    }
    switch (d[0]) {
        case ENUM:
            return halfword(d + 1) <= 256 ? 1 : 2;
        case FLAGS:
            return d[1] <= 8 ? 1 : d[1] <= 16 ? 2 : 4;
        case LIST:
            return 8;
        default:
            return d[0] <= OWN ? 4 : halfword(d + 4);
    }
}

static uint32_t align(const uint8_t *d) {
    if (d[0] == STRING || d[0] == LIST) {
        return 4;
    }
    return d[0] == RECORD || d[0] == VARIANT || d[0] == OPTION || d[0] == RESULT ? d[3] : size(d);
}

static bool charge(lift_t *it, uint32_t count) {
    bool enough = count <= it->left;
    it->left -= enough ? count : 0;
    return enough;
}

static bool is_continuation(uint8_t byte, uint8_t least, uint8_t most) {
    return byte >= least && byte <= most;
}

// RFC 3629, section 4. A zero follows the text.
static bool is_utf8(const uint8_t *at, const uint8_t *end) {
    while (at < end) {
        uint8_t first = *at++;
        if (first < 0x80) {
            continue;
        }
        if (first < 0xC2 || first > 0xF4) {
            return false;
        }
        uint8_t least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
        uint8_t most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
        for (int more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3; more > 0; more--) {
            if (!is_continuation(*at++, least, most)) { // nor is the zero after the text one
                return false;
            }
            least = 0x80, most = 0xBF;
        }
    }
    return true;
}

// A string, or the bytes of a list<u8>; MP_OBJ_NULL: the twin knows why not.
static mp_obj_t load_bytes(lift_t *it, uint32_t address, uint32_t count, bool is_text) {
    if (memory_outside(it->memory, address, count) || !charge(it, count)) {
        return MP_OBJ_NULL;
    }
    vstr_t text;
    vstr_init_len(&text, count);
    memory_read(it->memory, address, (uint8_t *)text.buf, count);
    if (!is_text) {
        return mp_obj_new_bytes_from_vstr(&text);
    }
    text.buf[count] = 0;
    if (!is_utf8((uint8_t *)text.buf, (uint8_t *)text.buf + count)) {
        return MP_OBJ_NULL;
    }
    return mp_obj_new_str_from_utf8_vstr(&text);
}

static mp_obj_t load(lift_t *it, const uint8_t *d, uint32_t address);

static mp_obj_t load_list(lift_t *it, const uint8_t *element, uint32_t address, uint32_t count) {
    uint32_t step = size(element);
    uint32_t cost = step + (element[0] >= STRING ? 4 : length(element));
    if (count > it->left || (address & (align(element) - 1)) != 0) { // a step is one byte at least
        return MP_OBJ_NULL;
    }
    if (element[0] == U8) {
        return load_bytes(it, address, count, false);
    }
    if ((uint64_t)count * cost > it->left || memory_outside(it->memory, address, count * step)) {
        return MP_OBJ_NULL;
    }
    it->left -= count * cost;
    mp_obj_t list = mp_obj_new_list(count, NULL);
    mp_obj_t *items;
    size_t n;
    mp_obj_list_get(list, &n, &items);
    for (size_t i = 0; i < n; i++, address += step) {
        items[i] = load(it, element, address);
        if (items[i] == MP_OBJ_NULL) {
            return MP_OBJ_NULL;
        }
    }
    return list;
}

static mp_obj_t load_record(lift_t *it, const uint8_t *d, uint32_t address) {
    const uint8_t *end = d + halfword(d + 1);
    size_t count = 0;
    for (const uint8_t *field = d + FIELDS; field < end; field += length(field)) {
        count++;
    }
    mp_obj_tuple_t *tuple = MP_OBJ_TO_PTR(mp_obj_new_tuple(count, NULL));
    d += FIELDS;
    for (size_t i = 0; i < count; i++, d += length(d)) {
        address = (address + align(d) - 1) & -align(d);
        tuple->items[i] = load(it, d, address);
        if (tuple->items[i] == MP_OBJ_NULL) {
            return MP_OBJ_NULL;
        }
        address += size(d);
    }
    return MP_OBJ_FROM_PTR(tuple);
}

static mp_obj_t load_variant(lift_t *it, const uint8_t *d, uint32_t address) {
    uint8_t kind = d[0];
    uint32_t cases = halfword(d + 7), offset = d[9], which = 0;
    memory_read(it->memory, address, (uint8_t *)&which, cases > 256 ? 2 : 1);
    if (which >= cases) {
        return MP_OBJ_NULL;
    }
    d += CASES;
    for (uint32_t i = 0; i < which; i++) {
        d += length(d);
    }
    mp_obj_t payload = d[0] ? load(it, d, address + offset) : mp_const_none;
    if (payload == MP_OBJ_NULL || (kind == OPTION && (which == 0 || d[0] != OPTION))) {
        return payload;
    }
    mp_obj_t pair[] = {MP_OBJ_NEW_SMALL_INT(which), payload};
    return kind == OPTION ? mp_obj_new_tuple(1, pair + 1) : mp_obj_new_tuple(2, pair);
}

static mp_obj_t load_char(uint32_t value) {
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
        return MP_OBJ_NULL;
    }
    vstr_t text;
    vstr_init(&text, 4);
    vstr_add_char(&text, value);
    return mp_obj_new_str_from_utf8_vstr(&text);
}

// A value of one piece, which is in bounds.
static mp_obj_t load_scalar(lift_t *it, const uint8_t *d, uint32_t address) {
    uint64_t bytes = 0;
    memory_read(it->memory, address, (uint8_t *)&bytes, size(d));
    uint32_t word = (uint32_t)bytes;
    switch (d[0]) {
        case BOOL:
            return mp_obj_new_bool(word != 0);
        case CHAR:
            return load_char(word);
        case ENUM:
            return word < halfword(d + 1) ? MP_OBJ_NEW_SMALL_INT(word) : MP_OBJ_NULL;
        case FLAGS:
            return mp_obj_new_int_from_uint(d[1] < 32 ? word & ((1u << d[1]) - 1) : word);
        default: {
            static const char codes[] = "dfQqIiHhBb"; // from F64 on
            return d[0] < F64 ? MP_OBJ_NULL : mp_binary_get_val_array(codes[d[0] - F64], &bytes, 0);
        }
    }
}

// The value of type *d at an address that is aligned and in bounds; MP_OBJ_NULL: the twin is to try.
static mp_obj_t load(lift_t *it, const uint8_t *d, uint32_t address) {
    mp_cstack_check();
    switch (d[0]) {
        case STRING:
        case LIST: {
            uint32_t word[2]; // address, count
            memory_read(it->memory, address, (uint8_t *)word, sizeof word);
            return d[0] == STRING ? load_bytes(it, word[0], word[1], true) : load_list(it, d + 3, word[0], word[1]);
        }
        case RECORD:
            return load_record(it, d, address);
        case VARIANT:
        case OPTION:
        case RESULT:
            return load_variant(it, d, address);
        default:
            return load_scalar(it, d, address);
    }
}

// load(memory, descriptor, at, address, left) -> value, or Ellipsis where the twin is to try
// memory: offset of a memory_t; at: where in the descriptor the type begins; left: Context.left
static mp_obj_t canonical_load(size_t n, const mp_obj_t *args) {
    mp_uint_t memory = mp_obj_get_int_truncated(args[0]), at = mp_obj_get_int(args[2]);
    uint32_t address = mp_obj_get_int_truncated(args[3]), left = mp_obj_get_int_truncated(args[4]);
    mp_buffer_info_t d;
    mp_get_buffer_raise(args[1], &d, MP_BUFFER_READ);
    if (memory > sizeof(arena) - sizeof(memory_t) || at >= d.len) {
        mp_raise_ValueError(NULL);
    }
    lift_t it = {AT(memory_t, memory), left};
    const uint8_t *type = (const uint8_t *)d.buf + at;
    mp_obj_t value = memory_outside(it.memory, address, size(type)) ? MP_OBJ_NULL : load(&it, type, address);
    return value == MP_OBJ_NULL ? MP_OBJ_FROM_PTR(&mp_const_ellipsis_obj) : value;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(canonical_load_obj, 5, 5, canonical_load);

static const mp_rom_map_elem_t canonical_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__canonical)},
    {MP_ROM_QSTR(MP_QSTR_load), MP_ROM_PTR(&canonical_load_obj)},
};
static MP_DEFINE_CONST_DICT(canonical_globals, canonical_globals_table);

const mp_obj_module_t canonical_user_cmodule = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&canonical_globals,
};
MP_REGISTER_MODULE(MP_QSTR__canonical, canonical_user_cmodule);
