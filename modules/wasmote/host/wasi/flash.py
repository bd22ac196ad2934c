"""How much of the flash guests may take: all of it but four blocks, which are the board's."""

import os

from micropython import const

_SPARE = const(4)


def has(folder, more):
    """Whether guests may take so many bytes more. Slow on littlefs, which counts its blocks anew."""
    if not hasattr(os, "statvfs"):
        return True
    flash = os.statvfs(folder)
    return flash[0] * (flash[3] - _SPARE) >= more
