"""Resources that a guest defines: made, looked at and destroyed by its own code. Imported with the first of them.

ResourceNew, ResourceRep    canon resource.new, resource.rep
GuestResource               one resource type of one component instance, and how its resources end
"""

from ..wasm.errors import Trap, too_deep
from .functions import ResourceFunction


class GuestResource:
    """A resource type that `instance` defined. `dtor` is its destructor, a core function or None."""

    def __init__(self, instance, dtor):
        self.instance = instance
        self.dtor = dtor

    def destroy(self, rep, caller=None):
        """A generator: calls the destructor for `caller`, a ComponentInstance, or the host. Raises Trap."""
        instance = self.instance
        common = instance.enter(caller)
        done = False
        try:
            if self.dtor is not None:
                instance.handles.begin()
                yield from instance.store.invoke(self.dtor, [rep])
                instance.handles.end()
            done = True
        except RuntimeError as error:
            if not too_deep(error):
                raise
            raise Trap("call stack exhausted", "the board's own, by destructors")
        finally:
            if done:
                instance.leave(common)
            else:
                instance.root.dead = True


class ResourceNew(ResourceFunction):
    """canon resource.new: the rep becomes a handle of the instance that defined the type."""

    def call(self, rep):
        if not self.instance.may_leave:
            raise Trap("cannot leave component instance")
        return self.instance.handles.add(rep & 0xFFFFFFFF, self.index)


class ResourceRep(ResourceFunction):
    """canon resource.rep: the rep of a handle."""

    def call(self, handle):
        return self.instance.handles.rep(handle & 0xFFFFFFFF, self.index)
