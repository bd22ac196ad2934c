// SPDX-License-Identifier: MIT
// Included by extmod/modos.c: os.urandom from the host's generator.

#include "py/mperrno.h"
#include "semihosting.h"

static mp_obj_t mp_os_urandom(mp_obj_t count) {
    static int generator = -1;
    vstr_t vstr;
    vstr_init_len(&vstr, mp_obj_get_int(count));
    if (generator < 0) {
        generator = semihosting_open("/dev/urandom", SEMIHOSTING_READ);
    }
    if (semihosting_read(generator, 0, vstr.buf, vstr.len) != 0) {
        mp_raise_OSError(MP_EIO);
    }
    return mp_obj_new_bytes_from_vstr(&vstr);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mp_os_urandom_obj, mp_os_urandom);
