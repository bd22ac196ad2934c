"""wasi:random for one guest. The insecure numbers are secure, too: a board has one source."""

import os

from micropython import const

from ...wasm import Trap

_MOST = const(16 * 1024)  # bytes at a time, all of them in the board's heap for a moment
_PIECE = const(256)


class Random:
    def __init__(self, imports):
        pass

    def get_random_bytes(self, count):
        if count > _MOST:
            raise Trap("%d random bytes" % count, "%d at most at a time" % _MOST)
        return _pieces(count) if count > _PIECE else os.urandom(count)

    get_insecure_random_bytes = get_random_bytes

    def get_random_u64(self):
        return int.from_bytes(os.urandom(8), "little")

    get_insecure_random_u64 = get_random_u64

    def insecure_seed(self):
        return self.get_random_u64(), self.get_random_u64()


def _pieces(count):
    """A generator: a list of pieces, for which a heap need not be in one piece."""
    pieces = []
    for at in range(0, count, _PIECE):
        pieces.append(os.urandom(min(_PIECE, count - at)))
        yield
    return pieces
