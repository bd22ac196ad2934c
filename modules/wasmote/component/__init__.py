"""WebAssembly components: loaded from their file, called through the Canonical ABI.

    component = yield from Component.load(store, source, imports)
    call_tool = component.export("wasi:mcp/handlers@0.1.0-preview2")["call-tool"]
    result = yield from call_tool("read", b"{}")

`imports.interface(name)` gives what the host offers under an interface name, or None: an object with `functions`
{name: HostImport} and, when it has resources, `resources` {name: drop(rep)}. `imports.descriptor(digest)`, if there is
such a method, gives the descriptor of a function type without handles that lies in flash, or None. Everything imported
is looked up and its type compared before any guest code runs. Types, lifted values: canonical.py.

What is here stays callable. All that only loads need is in loading.py and what that imports, the state of a load and on a
board the modules too: they go when the load ends.
"""

import gc
import sys

from ..wasm import OutOfMemory
from ..wasm.errors import Unsupported, too_deep
from . import names
from .functions import HostImport

__all__ = ("Component", "HostImport")

# What only loads need, lowest first: no import is made deep inside of another, a board's C stack is small.
# Whole names: one that is put together would stay in RAM.
_FOR_LOADS = (
    "wasmote.component.labels",
    "wasmote.component.binary",
    "wasmote.component.table",
    "wasmote.component.space",
    "wasmote.component.instance",
    "wasmote.component.text",
    "wasmote.component.loading",
)
_AT_TIMES = (  # imported by those, if at all
    "wasmote.component.labels_viper",
    "wasmote.component.parts_viper",
    "wasmote.component.methods",
    "wasmote.component.later",
    "wasmote.component.coretype",
    "wasmote.component.long_types",
    "wasmote.component.imagine",
)
_FROZEN = isinstance(__path__, str) and __path__.startswith(".frozen")  # MicroPython, from flash: nothing is compiled
_loads = [0]  # under way


class Component:
    """A component and its instance. `exports`: {name: {function name: LiftedFunction}}, or the function itself.

    They stay on the heap, which is why a component may have 64 of them only. `dead` is true after a trap or an abandoned
    call. The store belongs to whoever made it.
    """

    def __init__(self, store, lift_limit):
        self.store = store
        self.lift_limit = lift_limit
        self.resources = []  # by index: the host's drop(rep) of each resource type, or its GuestResource
        self.exports = {}
        self.dead = False
        self.instances = []

    @classmethod
    def load(cls, store, source, imports, lift_limit=16 * 1024):
        """A generator: instantiates the component in `source`. Its return value is the Component.

        A call may lift `lift_limit` bytes of strings and lists from the guest; more is a Trap. After an error the
        store holds what was made until then, and must be closed.
        """
        component = cls(store, lift_limit)
        done = False
        _loads[0] += 1
        loading = None
        try:
            loading = _import_loading()(component, source, imports)
            yield from loading.run()
            done = True
        except MemoryError:
            loading = None
            raise OutOfMemory(
                "component does not fit the board's heap%s: unload another component, reset the board "
                "to join a heap in pieces, or make its largest function smaller" % _heap_free()
            )
        except RuntimeError as error:
            if not too_deep(error):
                raise
            raise Unsupported("definitions nested too deeply: compose in fewer levels", 0)
        finally:
            loading = None
            _loads[0] -= 1
            if not _loads[0]:
                _forget_loading()
            if not done:
                component.close()
        return component

    def export(self, name):
        """The functions of an exported interface {name: LiftedFunction}, or None. Compatible versions count."""
        wanted = names.compatible(name)
        for found in self.exports:
            functions = self.exports[found]
            if isinstance(functions, dict) and (found == name or names.compatible(found) == wanted):
                return functions
        return None

    def close(self):
        """The guest is gone: destroys the resources that it still owned. What one of them fails with is raised in the end."""
        self.dead = True
        failed = None
        for instance in self.instances:
            for resource, rep in instance.handles.owned():
                if hasattr(self.resources[resource], "dtor"):
                    continue  # a destructor of the guest's is gone with it
                try:
                    for _ in self.destroy(resource, rep) or ():
                        pass
                except Exception as error:
                    failed = error
        if failed:
            raise failed

    # -- for the parts below

    def destroy(self, resource, rep, caller=None):
        """Calls a resource's destructor: the host's drop(rep), or a guest's for the ComponentInstance `caller`.

        Returns None, or a generator that has to run: all of it.
        """
        found = self.resources[resource]
        if hasattr(found, "dtor"):
            return found.destroy(rep, caller)
        steps = found(rep)
        return steps if hasattr(steps, "send") else None

    def allocate(self, count):
        """`count` bytes of the arena, as a memoryview: for what outlives the load."""
        return self.store.view(self.store.alloc(count), count)


def _import_loading():
    """The class Loading."""
    if _FROZEN:
        for name in _FOR_LOADS:
            __import__(name)
    from .loading import Loading

    return Loading


def _forget_loading():
    """Gives a board the heap back that the modules of loading.py take, 6 KB: the next load imports them from flash again.

    They are emptied, too: a word on the C stack that only looks like a pointer to one of their functions would keep all.
    """
    if _FROZEN:
        package = sys.modules[__name__]
        for name in _FOR_LOADS + _AT_TIMES:
            module = sys.modules.pop(name, None)
            if module:
                delattr(package, name[len(__name__) + 1 :])
                module.__dict__.clear()


def _heap_free():
    """How much heap is left once what the failed load made is gone, in words."""
    if not hasattr(gc, "mem_free"):  # CPython
        return ""
    from _heap import largest  # firmware/heap/modheap.c

    gc.collect()
    return " (%d bytes free, a piece of %d the largest)" % (gc.mem_free(), largest())
