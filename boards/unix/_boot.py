"""Mounts a host folder as the board's flash: WASMOTE_FLASH, else the current folder. Imported by the frozen main."""

import os

import vfs


class _Flash:
    """VfsPosix below a folder. Its own rename builds both paths in one buffer (MicroPython 1.25) and so finds nothing; and
    as a subclass of it this would not be importable from: that takes the instance for a VfsPosix."""

    def __init__(self, folder):
        self._files = vfs.VfsPosix(folder)

    def __getattr__(self, name):
        return getattr(self._files, name)

    def rename(self, old, new):
        _host.rename(_on_host(old), _on_host(new))


def _on_host(path):
    return _folder + path if path.startswith("/") else path  # VfsPosix changes folders on the host, too


_host = vfs.VfsPosix()
_folder = os.getenv("WASMOTE_FLASH") or "."
try:
    os.chdir(_folder)
except OSError:
    print("no such folder for the flash: WASMOTE_FLASH=" + _folder)
    raise SystemExit(1) from None
_folder = os.getcwd()
os.chdir("/")
vfs.umount("/")
vfs.mount(_Flash(_folder), "/")
