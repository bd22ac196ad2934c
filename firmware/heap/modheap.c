// SPDX-License-Identifier: MIT
// The module `_heap`: the free blocks of MicroPython's heap (py/gc.c).
#include "py/gc.h"
#include "py/mpstate.h"
#include "py/runtime.h"

// skip(bytes): look no longer among the holes before the first so large one, until the next collection.
//
// After a collection each allocation walks from the heap's beginning through all holes that are too small for it: 1,100
// instructions on a board where a component is loaded, a quarter of what a short call takes. What is passed over is not
// lost: when nothing is found behind it, MicroPython collects and begins at the beginning.
static mp_obj_t heap_skip(mp_obj_t bytes) {
#if !MICROPY_GC_SPLIT_HEAP
    enum { BLOCKS_OF_WORD = 16 }; // of the table that says what each block is: 0 is free
    size_t wanted = mp_obj_get_int(bytes) / (BLOCKS_OF_WORD * MICROPY_BYTES_PER_GC_BLOCK);
    mp_state_mem_area_t *heap = &MP_STATE_MEM(area);
    size_t free = 0;
    for (size_t i = (heap->gc_last_free_atb_index + 3) / 4; i < heap->gc_alloc_table_byte_len / 4; i++) {
        free = ((const uint32_t *)(const void *)heap->gc_alloc_table_start)[i] == 0 ? free + 1 : 0;
        if (free == wanted) {
            heap->gc_last_free_atb_index = 4 * (i + 1 - wanted);
            break;
        }
    }
#endif
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(heap_skip_obj, heap_skip);

// rewind(): look among all holes again, from the heap's beginning: for what may lie anywhere, so that the large ones
// stay.
static mp_obj_t heap_rewind(void) {
#if !MICROPY_GC_SPLIT_HEAP
    MP_STATE_MEM(area).gc_last_free_atb_index = 0;
#endif
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(heap_rewind_obj, heap_rewind);

// largest(): bytes of the largest piece that is free now.
static mp_obj_t heap_largest(void) {
    gc_info_t info;
    gc_info(&info);
    return MP_OBJ_NEW_SMALL_INT(info.max_free * MICROPY_BYTES_PER_GC_BLOCK);
}
static MP_DEFINE_CONST_FUN_OBJ_0(heap_largest_obj, heap_largest);

static const mp_rom_map_elem_t heap_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__heap)},
    {MP_ROM_QSTR(MP_QSTR_skip), MP_ROM_PTR(&heap_skip_obj)},
    {MP_ROM_QSTR(MP_QSTR_rewind), MP_ROM_PTR(&heap_rewind_obj)},
    {MP_ROM_QSTR(MP_QSTR_largest), MP_ROM_PTR(&heap_largest_obj)},
};
static MP_DEFINE_CONST_DICT(heap_globals, heap_globals_table);

const mp_obj_module_t heap_user_cmodule = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&heap_globals,
};
MP_REGISTER_MODULE(MP_QSTR__heap, heap_user_cmodule);
