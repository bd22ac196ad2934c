"""Granules of the arena that one owner has: a store, or whoever keeps something there."""

from .engine import engine
from .errors import OutOfMemory


class Granules:
    """Up to `limit` granules of 1 KiB of the arena. close() gives all back.

    Raises OutOfMemory when there are too many owners.
    """

    def __init__(self, limit):
        self.owner = engine.claim(max(limit, 1))
        if not self.owner:
            raise OutOfMemory("too many components are loaded: unload one")
        self.limit = limit

    def close(self):
        """Gives back all granules. Nothing in them is to be used afterwards."""
        if self.owner:
            engine.release(self.owner)
            self.owner = 0

    def check(self):
        """Raises ValueError if the store is closed: another one may own its granules by now."""
        if not self.owner:
            raise ValueError("the store is closed")

    # Methods: where a class has properties, MicroPython looks for one at each store into an attribute.

    def used(self):
        """Granules owned now."""
        return engine.used(self.owner) if self.owner else 0

    def peak(self):
        """The most granules that it had, until it is closed."""
        self.check()
        return engine.peak(self.owner)

    def alloc(self, size):
        """Offset of `size` cleared bytes in the arena, 8-aligned. Raises OutOfMemory."""
        self.check()
        at = engine.alloc(self.owner, size)
        if not at:
            free = engine.used(0)
            used = engine.used(self.owner)
            if self.limit - used < free:
                what = "%d bytes more do not fit the component's memory limit of %d KiB, %d of them used"
                raise OutOfMemory(what % (size, self.limit, used))
            raise OutOfMemory(
                "%d bytes more do not fit the arena, %d KiB of it free: unload a component" % (size, free)
            )
        return at

    def view(self, offset, size):
        """A memoryview of the arena. Valid until close()."""
        return engine.view(offset, size)
