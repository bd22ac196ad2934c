"""The handle table of a component instance: which resources its guest holds.

    handle   index of an entry, an i32 to the guest; 0 is never one
    entry    8 bytes in the arena: rep(4) lends(2) resource(1) state(1), so that handles cost no GC heap
    state    free, own, or borrow of the call so many deep

A handle lends itself for the time of a call (borrow parameter of an import), and can be neither dropped nor given away
meanwhile. A borrow handle lives for the call that gave it (borrow parameter of an export): that call must not end
before the guest dropped it. Free entries are chained through `rep`, the last one freed is used first.
"""

import struct

from micropython import const

from ..wasm.errors import Trap

_FREE = const(0)
_OWN = const(1)
_BORROW = const(2)  # of the outermost call; one more for each call within
_MAX_CALLS = const(250)  # within one another, in one instance
_ENTRY = const(8)
_PER_BLOCK = const(16)  # entries allocated at a time
_MAX_BLOCKS = const(64)
_FORMAT = "<IHBB"


class Handles:
    """Handles of one component instance. alloc(count) gives memory: a bytearray or a view of the arena."""

    blocks = ()
    free = 0  # first free entry, 0 for none
    next = 1  # first entry never used

    def __init__(self, alloc):
        self.alloc = alloc
        self.borrowed = []  # borrow handles alive, of each call into the instance that is under way

    def begin(self):
        """A call into the instance begins."""
        if len(self.borrowed) == _MAX_CALLS:
            raise Trap("call stack exhausted", "%d calls into one component instance" % _MAX_CALLS)
        self.borrowed.append(0)

    def end(self):
        """The call that began last is over."""
        if self.borrowed[-1]:
            raise Trap("borrow handles still remain at the end of the call", "%d of them" % self.borrowed[-1])
        self.borrowed.pop()

    def add(self, rep, resource, state=_OWN):
        """A new handle; one that owns its resource if nothing else is said."""
        index = self.free
        if index:
            self.free = self._entry(index)[0]
        else:
            index = self.next
            if index >> 4 == len(self.blocks):
                if len(self.blocks) == _MAX_BLOCKS:
                    raise Trap("handle table full", "%d handles" % (_PER_BLOCK * _MAX_BLOCKS - 1))
                self.blocks += (self.alloc(_PER_BLOCK * _ENTRY),)
            self.next = index + 1
        self._put(index, rep, 0, resource, state)
        return index

    def _entry(self, index):
        """(rep, lends, resource, state) of an index in range."""
        return struct.unpack_from(_FORMAT, self.blocks[index >> 4], (index & 15) * _ENTRY)

    def _put(self, index, rep, lends, resource, state):
        struct.pack_into(_FORMAT, self.blocks[index >> 4], (index & 15) * _ENTRY, rep, lends, resource, state)

    def _get(self, index, resource):
        """The entry of a handle that the guest gave, which must be of this resource."""
        if 0 < index < self.next:
            entry = self._entry(index)
            if entry[3] != _FREE:
                if entry[2] != resource:
                    raise Trap("handle index %d used with the wrong type" % index)
                return entry
        raise Trap("unknown handle index %d" % index)

    def _remove(self, index):
        self._put(index, self.free, 0, 0, _FREE)
        self.free = index

    def lower_own(self, rep, resource):
        """The guest gets a resource."""
        return self.add(rep, resource)

    def lower_borrow(self, rep, resource):
        """The guest gets a resource for the time of the call that began last."""
        scope = len(self.borrowed) - 1
        handle = self.add(rep, resource, _BORROW + scope)
        self.borrowed[scope] += 1
        return handle

    def lift_own(self, index, resource):
        """The guest gives a resource away: its rep."""
        rep, lends, _, state = self._get(index, resource)
        if state != _OWN:
            raise Trap("cannot lift own resource from a borrow", "handle %d" % index)
        if lends:
            raise Trap("cannot remove owned resource while borrowed", "handle %d" % index)
        self._remove(index)
        return rep

    def lift_borrow(self, index, resource):
        """The guest lends a resource: its rep. unlend() when the call is over."""
        rep, lends, number, state = self._get(index, resource)
        if lends == 0xFFFF:
            raise Trap("handle lent too often", "handle %d" % index)
        self._put(index, rep, lends + 1, number, state)
        return rep

    def unlend(self, index):
        """The call that a handle was lent to is over."""
        rep, lends, resource, state = self._entry(index)
        self._put(index, rep, lends - 1, resource, state)

    def rep(self, index, resource):
        """canon resource.rep."""
        return self._get(index, resource)[0]

    def drop(self, index, resource):
        """canon resource.drop: the rep to destroy, or None when only a borrow ended."""
        rep, lends, _, state = self._get(index, resource)
        if lends:
            raise Trap("cannot remove owned resource while borrowed", "handle %d" % index)
        self._remove(index)
        if state == _OWN:
            return rep
        self.borrowed[state - _BORROW] -= 1
        return None

    def owned(self):
        """A generator: (resource, rep) of each own handle, the last one first, which is forgotten: the guest is gone."""
        self.free = 0
        while self.next > 1:
            self.next -= 1
            rep, _, resource, state = self._entry(self.next)
            if state == _OWN:
                yield resource, rep
