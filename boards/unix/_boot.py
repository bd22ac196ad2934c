"""Mounts a host folder as the board's flash: WASMOTE_FLASH, else the current folder. Imported by the frozen main."""

import os

import vfs

_folder = os.getenv("WASMOTE_FLASH") or "."
try:
    os.chdir(_folder)
except OSError:
    print("no such folder for the flash: WASMOTE_FLASH=" + _folder)
    raise SystemExit(1) from None
_folder = os.getcwd()
os.chdir("/")
vfs.umount("/")
vfs.mount(vfs.VfsPosix(_folder), "/")
