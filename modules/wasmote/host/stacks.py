"""Stacks for guests' frames: the board's one, which calls take in turn, and another for each more that is under way.

So a component that nobody calls has none.
"""

from micropython import const

from ..wasm import OutOfMemory, Store

_GRANULES = const(4)
_MOST = const(5)  # where the first granule's neighbour is taken, the frames lie in four others
_BYTES = const(4064)  # of frames: with their state_t these granules


class Stacks:
    """A call takes one with take(), sets it with Store.use(), and brings it back with give_back().

    hungry    somebody waits for one
    """

    hungry = False

    def __init__(self):
        self.spare = None  # a Store with nothing but a stack
        self.taken = 0

    def take(self):
        """A stack, or None while there is no room for one more: it is worth waiting for a call to end.

        Raises OutOfMemory when nobody has one.
        """
        stack = self.spare
        self.spare = None
        if stack is None:
            try:
                stack = Store(limit=_MOST, stack=_BYTES)
            except OutOfMemory:
                if self.taken:
                    self.hungry = True
                    return None
                raise OutOfMemory("no room for a stack of %d KiB in the arena: unload a component" % _GRANULES)
        self.taken += 1
        self.hungry = False
        return stack

    def used(self):
        """Granules of all stacks."""
        return _GRANULES * (self.taken + (self.spare is not None))

    def give_back(self, stack):
        self.taken -= 1
        if self.spare is None:
            self.spare = stack
        else:
            stack.close()

    def close(self):
        """Gives the spare one's memory back."""
        if self.spare:
            self.spare.close()
            self.spare = None
