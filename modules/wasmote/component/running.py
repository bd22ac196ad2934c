"""Component instances while they run: who may enter them."""

from ..wasm.errors import Trap
from .handles import Handles


class ComponentInstance:
    """What the guest of one component instance is doing: the Canonical ABI's view of it.

    `root` is the Component. `parent` is the instance of the component that instantiates this one, None for the root.
    """

    parent = None

    def __init__(self, root, parent=None):
        self.root = root
        if parent:
            self.parent = parent
        self.store = root.store
        self.lift_limit = root.lift_limit
        self.handles = Handles(root.allocate)
        self.entered = True  # until instantiated
        self.may_leave = True
        root.instances.append(self)

    def enter(self, caller):
        """A call begins: this instance is entered, and those around it that `caller`, None for the host, is not in.

        Returns what leave() wants. Raises Trap if one of them is entered already.
        """
        common = self
        while common is not None and not (caller is not None and caller.within(common)):
            if common.entered or self.root.dead:
                raise Trap("cannot enter component instance")
            common = common.parent
        instance = self
        while instance is not common:
            instance.entered = True
            instance = instance.parent
        return common

    def leave(self, common):
        """The call is over; `common` comes from enter()."""
        instance = self
        while instance is not common:
            instance.entered = False
            instance = instance.parent

    def within(self, other):
        """Whether this is `other`, or an instance inside of it."""
        instance = self
        while instance is not None:
            if instance is other:
                return True
            instance = instance.parent
        return False
