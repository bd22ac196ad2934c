// SPDX-License-Identifier: MIT
// The module `_wasm`: the engine for MicroPython. The only file that knows both.
//
// Offsets count bytes from the arena's start. Twin: modules/wasmote/wasm/interp.py.
#include "py/binary.h"
#include "py/mphal.h"
#include "py/obj.h"
#include "py/objarray.h"
#include "py/runtime.h"

#include "a16.h"
#include "exec.h"
#include "translate.h"

static void *arena_at(mp_obj_t offset, size_t size) {
    mp_uint_t at = mp_obj_get_int_truncated(offset);
    if (at > sizeof(arena) || size > sizeof(arena) - at) {
        mp_raise_ValueError(MP_ERROR_TEXT("offset is not in the arena"));
    }
    return arena + at;
}

// Of words and records: Cortex-M0 faults where they are not aligned, and so does what sanitizers watch.
static void *record_at(mp_obj_t offset, size_t size) {
    uint8_t *at = arena_at(offset, size);
    if ((at - arena) % sizeof(uint32_t) != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("offset is not that of a word"));
    }
    return at;
}

// Python names an owner only by what claim() gave it, but a slip must not write over the header.
static uint32_t owner_of(mp_obj_t owner) {
    mp_int_t n = mp_obj_get_int(owner);
    if (n < 1 || n > MAX_OWNERS) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such owner"));
    }
    return n;
}

// reset(): forget all owners and what they own.
static mp_obj_t wasm_reset(void) {
    arena_reset();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(wasm_reset_obj, wasm_reset);

// handlers() -> bytes: little-endian halfwords, the first of each A16 operation by number.
static mp_obj_t wasm_handlers(void) {
    vstr_t vstr;
    vstr_init_len(&vstr, 2 * A16_COUNT);
    for (size_t i = 0; i < A16_COUNT; i++) {
        uint16_t handler = exec_handler(i);
        vstr.buf[2 * i] = handler;
        vstr.buf[2 * i + 1] = handler >> 8;
    }
    return mp_obj_new_bytes_from_vstr(&vstr);
}
static MP_DEFINE_CONST_FUN_OBJ_0(wasm_handlers_obj, wasm_handlers);

// view(offset, size) -> memoryview
static mp_obj_t wasm_view(mp_obj_t offset, mp_obj_t size) {
    size_t n = mp_obj_get_int(size);
    return mp_obj_new_memoryview('B' | MP_OBJ_ARRAY_TYPECODE_FLAG_RW, n, arena_at(offset, n));
}
static MP_DEFINE_CONST_FUN_OBJ_2(wasm_view_obj, wasm_view);

// get(offset) -> the word there; set(offset, word)
static mp_obj_t wasm_get(mp_obj_t offset) {
    return mp_obj_new_int_from_uint(*(uint32_t *)record_at(offset, 4));
}
static MP_DEFINE_CONST_FUN_OBJ_1(wasm_get_obj, wasm_get);

static mp_obj_t wasm_set(mp_obj_t offset, mp_obj_t word) {
    *(uint32_t *)record_at(offset, 4) = mp_obj_get_int_truncated(word);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(wasm_set_obj, wasm_set);

// put(offset, bytes)
static mp_obj_t wasm_put(mp_obj_t offset, mp_obj_t bytes) {
    mp_buffer_info_t from;
    mp_get_buffer_raise(bytes, &from, MP_BUFFER_READ);
    memmove(arena_at(offset, from.len), from.buf, from.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(wasm_put_obj, wasm_put);

// claim(granules) -> owner, or 0 when there are too many
static mp_obj_t wasm_claim(mp_obj_t limit) {
    return MP_OBJ_NEW_SMALL_INT(arena_claim(mp_obj_get_int(limit)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(wasm_claim_obj, wasm_claim);

static mp_obj_t wasm_release(mp_obj_t owner) {
    arena_release(owner_of(owner));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(wasm_release_obj, wasm_release);

// alloc(owner, size) -> offset of cleared bytes, or 0: out of memory
static mp_obj_t wasm_alloc(mp_obj_t owner, mp_obj_t size) {
    return mp_obj_new_int_from_uint(arena_alloc(owner_of(owner), mp_obj_get_int(size)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(wasm_alloc_obj, wasm_alloc);

// used(owner) -> granules; used(0) -> the free ones
static mp_obj_t wasm_used(mp_obj_t owner) {
    return MP_OBJ_NEW_SMALL_INT(arena_used(mp_obj_get_int(owner) == 0 ? 0 : owner_of(owner)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(wasm_used_obj, wasm_used);

// peak(owner) -> the most granules that it has had
static mp_obj_t wasm_peak(mp_obj_t owner) {
    return MP_OBJ_NEW_SMALL_INT(arena_peak(owner_of(owner)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(wasm_peak_obj, wasm_peak);

// memory_new(owner, least, most, shift, reserve) -> offset of a memory_t, or 0: out of memory
// least, most: in pages of 1 << shift bytes; reserve: granules that a memory in a row has to leave to its owner
static mp_obj_t wasm_memory_new(size_t n, const mp_obj_t *args) {
    return mp_obj_new_int_from_uint(memory_new(owner_of(args[0]), mp_obj_get_int_truncated(args[1]),
        mp_obj_get_int_truncated(args[2]), mp_obj_get_int(args[3]) & 31, mp_obj_get_int_truncated(args[4])));
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(wasm_memory_new_obj, 5, 5, wasm_memory_new);

// memory_grow(memory, delta), table_grow(table, value, delta) -> the size before, or 0xffffffff
static mp_obj_t wasm_memory_grow(mp_obj_t memory, mp_obj_t delta) {
    return mp_obj_new_int_from_uint(memory_grow(record_at(memory, sizeof(memory_t)), mp_obj_get_int_truncated(delta)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(wasm_memory_grow_obj, wasm_memory_grow);

static mp_obj_t wasm_table_grow(mp_obj_t table, mp_obj_t value, mp_obj_t delta) {
    return mp_obj_new_int_from_uint(table_grow(
        record_at(table, sizeof(table_t)), mp_obj_get_int_truncated(value), mp_obj_get_int_truncated(delta)));
}
static MP_DEFINE_CONST_FUN_OBJ_3(wasm_table_grow_obj, wasm_table_grow);

// memory_read(memory, address, buffer) fills it; memory_write(memory, address, bytes).
// Both return 0 or a trap code.
static mp_obj_t wasm_memory_read(mp_obj_t memory, mp_obj_t address, mp_obj_t buffer) {
    mp_buffer_info_t to;
    mp_get_buffer_raise(buffer, &to, MP_BUFFER_WRITE);
    return MP_OBJ_NEW_SMALL_INT(
        memory_read(record_at(memory, sizeof(memory_t)), mp_obj_get_int_truncated(address), to.buf, to.len));
}
static MP_DEFINE_CONST_FUN_OBJ_3(wasm_memory_read_obj, wasm_memory_read);

static mp_obj_t wasm_memory_write(mp_obj_t memory, mp_obj_t address, mp_obj_t bytes) {
    mp_buffer_info_t from;
    mp_get_buffer_raise(bytes, &from, MP_BUFFER_READ);
    return MP_OBJ_NEW_SMALL_INT(
        memory_write(record_at(memory, sizeof(memory_t)), mp_obj_get_int_truncated(address), from.buf, from.len));
}
static MP_DEFINE_CONST_FUN_OBJ_3(wasm_memory_write_obj, wasm_memory_write);

// run(state, fuel, us=…) -> DONE, TRAP, HOST_CALL or OUT_OF_FUEL: after so much fuel, or so many microseconds.
// Allocates nothing. A unit of fuel takes from 10 to 290 ns on Cortex-M0 at 125 MHz: the clock is read each
// BETWEEN_LOOKS of them, 0.1 ms of nearly all code, 1.2 ms of the dearest, which costs a hundredth.
#define BETWEEN_LOOKS (4096)

static mp_obj_t wasm_run(size_t n, const mp_obj_t *args) {
    state_t *state = record_at(args[0], sizeof(state_t));
    int32_t fuel = mp_obj_get_int(args[1]);
    int32_t most = n < 3 ? INT32_MAX : BETWEEN_LOOKS;
    uint32_t us = n < 3 ? 0 : mp_obj_get_int(args[2]);
    uint32_t began = mp_hal_ticks_us();
    int how;
    do { // fuel that is left, even 0, does in pieces what it does in one
        int32_t piece = fuel < most ? fuel : most;
        how = exec_run(state, piece);
        fuel += (int32_t)state->fuel - piece;
    } while (how == RUN_OUT_OF_FUEL && fuel >= 0 && fuel > (int32_t)state->fuel && mp_hal_ticks_us() - began < us);
    state->fuel = fuel;
    return MP_OBJ_NEW_SMALL_INT(how);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(wasm_run_obj, 2, 3, wasm_run);

// Translation: bodies.py drives it, translate.h explains it.
// translate_open(owner, granules, module) -> offset of the scratch, or 0
static mp_obj_t wasm_translate_open(mp_obj_t owner, mp_obj_t granules, mp_obj_t module) {
    mp_buffer_info_t packed;
    mp_get_buffer_raise(module, &packed, MP_BUFFER_READ);
    return mp_obj_new_int_from_uint(
        translate_open(owner_of(owner), mp_obj_get_int_truncated(granules), packed.buf, packed.len));
}
static MP_DEFINE_CONST_FUN_OBJ_3(wasm_translate_open_obj, wasm_translate_open);

// translate_begin(scratch, index, offset, end, find)
static mp_obj_t wasm_translate_begin(size_t n, const mp_obj_t *args) {
    record_at(args[0], WINDOW + sizeof(translator_t));
    translate_begin(mp_obj_get_int(args[0]), mp_obj_get_int(args[1]), mp_obj_get_int_truncated(args[2]),
        mp_obj_get_int_truncated(args[3]), mp_obj_get_int(args[4]));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(wasm_translate_begin_obj, 5, 5, wasm_translate_begin);

// translate(scratch, n) -> TRANSLATE_…
static mp_obj_t wasm_translate(mp_obj_t scratch, mp_obj_t n) {
    record_at(scratch, WINDOW + sizeof(translator_t));
    return MP_OBJ_NEW_SMALL_INT(translate(mp_obj_get_int(scratch), mp_obj_get_int_truncated(n)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(wasm_translate_obj, wasm_translate);

// enter(state, function, at, words) -> entry, or 0: call stack exhausted
// Begins a call by the host: its frame is at `at`, its arguments are `words`, a list or tuple of ints. leave() ends it.
static mp_obj_t wasm_enter(size_t n, const mp_obj_t *args) {
    size_t count;
    mp_obj_t *words;
    mp_obj_get_array(args[3], &count, &words);
    for (size_t i = 0; i < count; i++) {
        mp_obj_get_int_truncated(words[i]); // raises before there is an entry: nobody would leave it
    }
    uint32_t *slot = record_at(args[2], 4 * count);
    uint32_t at = mp_obj_get_int(args[2]);
    uint32_t entry =
        exec_enter(record_at(args[0], sizeof(state_t)), record_at(args[1], sizeof(function_t)), at, at + 4 * count);
    for (size_t i = 0; entry != 0 && i < count; i++) {
        slot[i] = mp_obj_get_int_truncated(words[i]);
    }
    return MP_OBJ_NEW_SMALL_INT(entry);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(wasm_enter_obj, 4, 4, wasm_enter);

// leave(state, entry): the state is as before enter()
static mp_obj_t wasm_leave(mp_obj_t state, mp_obj_t entry) {
    record_at(entry, sizeof(entry_t));
    exec_leave(record_at(state, sizeof(state_t)), mp_obj_get_int(entry));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(wasm_leave_obj, wasm_leave);

static const mp_rom_map_elem_t wasm_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__wasm)},
    {MP_ROM_QSTR(MP_QSTR_GRANULES), MP_ROM_INT(WASM_ARENA_KB)},
    {MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&wasm_reset_obj)},
    {MP_ROM_QSTR(MP_QSTR_handlers), MP_ROM_PTR(&wasm_handlers_obj)},
    {MP_ROM_QSTR(MP_QSTR_view), MP_ROM_PTR(&wasm_view_obj)},
    {MP_ROM_QSTR(MP_QSTR_get), MP_ROM_PTR(&wasm_get_obj)},
    {MP_ROM_QSTR(MP_QSTR_set), MP_ROM_PTR(&wasm_set_obj)},
    {MP_ROM_QSTR(MP_QSTR_put), MP_ROM_PTR(&wasm_put_obj)},
    {MP_ROM_QSTR(MP_QSTR_claim), MP_ROM_PTR(&wasm_claim_obj)},
    {MP_ROM_QSTR(MP_QSTR_release), MP_ROM_PTR(&wasm_release_obj)},
    {MP_ROM_QSTR(MP_QSTR_alloc), MP_ROM_PTR(&wasm_alloc_obj)},
    {MP_ROM_QSTR(MP_QSTR_used), MP_ROM_PTR(&wasm_used_obj)},
    {MP_ROM_QSTR(MP_QSTR_peak), MP_ROM_PTR(&wasm_peak_obj)},
    {MP_ROM_QSTR(MP_QSTR_memory_new), MP_ROM_PTR(&wasm_memory_new_obj)},
    {MP_ROM_QSTR(MP_QSTR_memory_grow), MP_ROM_PTR(&wasm_memory_grow_obj)},
    {MP_ROM_QSTR(MP_QSTR_table_grow), MP_ROM_PTR(&wasm_table_grow_obj)},
    {MP_ROM_QSTR(MP_QSTR_memory_read), MP_ROM_PTR(&wasm_memory_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_memory_write), MP_ROM_PTR(&wasm_memory_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_translate_open), MP_ROM_PTR(&wasm_translate_open_obj)},
    {MP_ROM_QSTR(MP_QSTR_translate_begin), MP_ROM_PTR(&wasm_translate_begin_obj)},
    {MP_ROM_QSTR(MP_QSTR_translate), MP_ROM_PTR(&wasm_translate_obj)},
    {MP_ROM_QSTR(MP_QSTR_run), MP_ROM_PTR(&wasm_run_obj)},
    {MP_ROM_QSTR(MP_QSTR_enter), MP_ROM_PTR(&wasm_enter_obj)},
    {MP_ROM_QSTR(MP_QSTR_leave), MP_ROM_PTR(&wasm_leave_obj)},
};
static MP_DEFINE_CONST_DICT(wasm_globals, wasm_globals_table);

const mp_obj_module_t wasm_user_cmodule = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&wasm_globals,
};
MP_REGISTER_MODULE(MP_QSTR__wasm, wasm_user_cmodule);
