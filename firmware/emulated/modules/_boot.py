"""Mounts the flash as /; a chip without a file system is formatted first. main.c runs this before main.py."""

import emulated
import vfs

try:
    _flash = emulated.Flash()
    try:
        _files = vfs.VfsLfs2(_flash, progsize=256)
    except OSError:
        print("flash: no file system found, formatting")
        vfs.VfsLfs2.mkfs(_flash, progsize=256)
        _files = vfs.VfsLfs2(_flash, progsize=256)
    vfs.mount(_files, "/")
    del _flash, _files
except OSError as error:
    print("no flash:", error.args[-1])

del emulated, vfs
