// SPDX-License-Identifier: MIT
// emulated.Flash(): a NOR flash chip whose content is a host file, with the block protocol of rp2.Flash
// (vfs.AbstractBlockDev).
//
//     erase block 4096 bytes, erased is 0xff; programming can only clear bits, in whole or part of a block
//
// The file is named by QEMU's last semihosting argument, arg=flash=PATH; its size is the chip's. Each program or erase
// is one write of the host, finished when it returns: QEMU may be killed between any two.

#include <string.h>

#include "py/mperrno.h"
#include "py/objtype.h"
#include "py/runtime.h"
#include "extmod/vfs.h"
#include "semihosting.h"

#define ERASE_SIZE (4096)
#define PAGE_SIZE (256)

typedef struct {
    mp_obj_base_t base;
    int file;
    uint32_t size;
} flash_obj_t;

static const mp_obj_type_t flash_type;
static flash_obj_t flash = {{&flash_type}, -1, 0};

static NORETURN void no_flash(const char *why) {
    mp_obj_t args[] = {MP_OBJ_NEW_SMALL_INT(MP_ENODEV), mp_obj_new_str(why, strlen(why))};
    nlr_raise(mp_obj_new_exception_args(&mp_type_OSError, 2, args));
}

static void open_chip(void) {
    char arguments[512];
    if (semihosting_arguments(arguments, sizeof(arguments)) != 0) {
        no_flash("QEMU's semihosting arguments are over 511 characters");
    }
    const char *path = strstr(arguments, "flash=");
    if (path == NULL) {
        no_flash("start QEMU with -semihosting-config ...,arg=flash=FILE");
    }
    int file = semihosting_open(path + strlen("flash="), SEMIHOSTING_UPDATE);
    if (file < 0) {
        no_flash("the file that arg=flash= names does not open");
    }
    int size = semihosting_length(file);
    if (size <= 0 || size % ERASE_SIZE != 0) {
        no_flash("the file's size is not a multiple of 4096");
    }
    flash.file = file;
    flash.size = (uint32_t)size;
}

static mp_obj_t flash_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    if (flash.file < 0) {
        open_chip();
    }
    return MP_OBJ_FROM_PTR(&flash);
}

static void check(int result) {
    if (result != 0) {
        mp_raise_OSError(MP_EIO);
    }
}

static uint32_t byte_address(mp_obj_t block, size_t n_args, const mp_obj_t *offset, size_t size) {
    uint32_t at = (uint32_t)mp_obj_get_int(block) * ERASE_SIZE;
    if (n_args == 4) {
        at += (uint32_t)mp_obj_get_int(*offset);
    }
    if (at > flash.size || size > flash.size - at) {
        mp_raise_OSError(MP_EINVAL);
    }
    return at;
}

// readblocks(block, buf, offset=0)
static mp_obj_t flash_readblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[2], &buffer, MP_BUFFER_WRITE);
    uint32_t at = byte_address(args[1], n_args, args + 3, buffer.len);
    check(semihosting_read(flash.file, at, buffer.buf, buffer.len));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_readblocks_obj, 3, 4, flash_readblocks);

static void erase(uint32_t at) {
    uint8_t page[PAGE_SIZE];
    memset(page, 0xff, sizeof(page));
    for (uint32_t end = at + ERASE_SIZE; at < end; at += PAGE_SIZE) {
        check(semihosting_write(flash.file, at, page, PAGE_SIZE));
    }
}

static void program(uint32_t at, const uint8_t *from, size_t size) {
    uint8_t page[PAGE_SIZE];
    while (size > 0) {
        size_t part = size < PAGE_SIZE ? size : PAGE_SIZE;
        check(semihosting_read(flash.file, at, page, part));
        for (size_t i = 0; i < part; i++) {
            page[i] &= from[i];
        }
        check(semihosting_write(flash.file, at, page, part));
        at += part;
        from += part;
        size -= part;
    }
}

// writeblocks(block, buf): erase, then program; writeblocks(block, buf, offset): only program
static mp_obj_t flash_writeblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(args[2], &buffer, MP_BUFFER_READ);
    uint32_t at = byte_address(args[1], n_args, args + 3, buffer.len);
    if (n_args == 3) {
        for (size_t done = 0; done < buffer.len; done += ERASE_SIZE) {
            erase(at + done);
        }
    }
    program(at, buffer.buf, buffer.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_writeblocks_obj, 3, 4, flash_writeblocks);

static mp_obj_t flash_ioctl(mp_obj_t self, mp_obj_t request, mp_obj_t arg) {
    switch (mp_obj_get_int(request)) {
        case MP_BLOCKDEV_IOCTL_INIT:
        case MP_BLOCKDEV_IOCTL_DEINIT:
        case MP_BLOCKDEV_IOCTL_SYNC:
            return MP_OBJ_NEW_SMALL_INT(0);
        case MP_BLOCKDEV_IOCTL_BLOCK_COUNT:
            return MP_OBJ_NEW_SMALL_INT(flash.size / ERASE_SIZE);
        case MP_BLOCKDEV_IOCTL_BLOCK_SIZE:
            return MP_OBJ_NEW_SMALL_INT(ERASE_SIZE);
        case MP_BLOCKDEV_IOCTL_BLOCK_ERASE:
            erase(byte_address(arg, 3, NULL, ERASE_SIZE));
            return MP_OBJ_NEW_SMALL_INT(0);
        default:
            return mp_const_none;
    }
}
static MP_DEFINE_CONST_FUN_OBJ_3(flash_ioctl_obj, flash_ioctl);

static const mp_rom_map_elem_t flash_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&flash_readblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&flash_writeblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&flash_ioctl_obj)},
};
static MP_DEFINE_CONST_DICT(flash_locals, flash_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(
    flash_type, MP_QSTR_Flash, MP_TYPE_FLAG_NONE, make_new, flash_make_new, locals_dict, &flash_locals);

static const mp_rom_map_elem_t emulated_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_emulated)},
    {MP_ROM_QSTR(MP_QSTR_Flash), MP_ROM_PTR(&flash_type)},
};
static MP_DEFINE_CONST_DICT(emulated_globals, emulated_globals_table);

const mp_obj_module_t emulated_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&emulated_globals,
};
MP_REGISTER_MODULE(MP_QSTR_emulated, emulated_module);
