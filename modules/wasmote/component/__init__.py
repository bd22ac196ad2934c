"""WebAssembly components: loaded from their file, called through the Canonical ABI.

    component = yield from Component.load(store, source, imports)
    call_tool = component.export("wasi:mcp/handlers@0.1.0-preview2")["call-tool"]
    result = yield from call_tool("read", b"{}")

`imports.interface(name)` gives what the host offers under an interface name, or None: an object with `functions`
{name: HostImport} and, when it has resources, `resources` {name: drop(rep)}. `imports.descriptor(digest)`, if there is
such a method, gives the descriptor of a function type without handles that lies in flash, or None. Everything imported is looked up and its
type compared before any guest code runs. Types, lifted values: canonical.py. Only what stays callable is kept.
"""

import gc

from ..wasm import OutOfMemory
from ..wasm.errors import Unlinkable, Unsupported
from . import binary, names, text
from .binary import FUNC, INSTANCE, TYPE
from .functions import HostImport, ImportedFunction
from .instance import Scope
from .table import TypeTable

__all__ = ("Component", "HostImport")


class Component:
    """A component and its instance. `exports`: {name: {function name: LiftedFunction}}, or the function itself.

    They stay on the heap, which is why a component may have 64 of them only. `dead` is true after a trap or an abandoned call. The store belongs to whoever made it.
    """

    def __init__(self, store, source, imports, lift_limit):
        self.store = store
        self.source = source
        self.imports = imports
        self.lift_limit = lift_limit
        self.table = TypeTable()
        self.resources = []  # by index: the host's drop(rep) of each resource type, or its GuestResource
        self.exports = {}
        self.dead = False
        self.instances = []
        self.decoded = set()  # where the core modules decoded so far start
        self.canons = 0  # functions lifted or lowered so far
        self.compared = 0  # items compared with types so far
        self.kept = {}  # descriptors in the arena, by their bytes

    @classmethod
    def load(cls, store, source, imports, lift_limit=8192):
        """A generator: instantiates the component in `source`. Its return value is the Component.

        A call may lift `lift_limit` bytes of strings and lists from the guest; more is a Trap. After an error the
        store holds what was made until then, and must be closed.
        """
        component = cls(store, source, imports, lift_limit)
        done = False
        try:
            yield from component._load()
            done = True
        except MemoryError:
            component.table = component.decoded = component.kept = None
            raise OutOfMemory(
                "component does not fit the board's heap%s: unload another component "
                "or make its largest function smaller" % _heap_free()
            )
        except RuntimeError as error:
            if "recursion" not in str(error):
                raise
            raise Unsupported("definitions nested too deeply", 0)
        finally:
            if not done:
                component.close()
        return component

    def _load(self):
        yield from self._check_imports()
        scope = Scope(self, None, None)
        yield from scope.evaluate(self.source.reader())
        for name in scope.exports:
            sort, item = scope.exports[name]
            if sort == INSTANCE:
                self.exports[name] = {f: item[f][1] for f in item if item[f][0] == FUNC}
            elif sort == FUNC:
                self.exports[name] = item
        self.source = self.imports = self.table = self.decoded = self.kept = None

    def export(self, name):
        """The functions of an exported interface {name: LiftedFunction}, or None. Compatible versions count."""
        wanted = names.compatible(name)
        for found in self.exports:
            functions = self.exports[found]
            if isinstance(functions, dict) and (found == name or names.compatible(found) == wanted):
                return functions
        return None

    def close(self):
        """The guest is gone: destroys the resources that it still owned."""
        self.dead = True
        for instance in self.instances:
            for resource, rep in instance.handles.owned():
                if not hasattr(self.resources[resource], "dtor"):  # a destructor of the guest's is gone with it
                    for _ in self.destroy(resource, rep) or ():
                        pass

    # -- for the parts below

    def _check_imports(self):
        """A generator: refuses by name, before any guest code runs, imports that nothing can serve.

        Imports stand before core instances in all that tools write, and are looked up in full before them. One that
        comes later is looked up by its name here, so an interface of nothing but types may not be among those.
        """
        late = False
        steps = 0
        body = self.source.reader()
        for _, code in binary.sections(body):
            steps += 1
            if not steps & 63:
                yield
            late = late or code == 2 or code == 5
            if code == 10:
                for _ in range(body.u32()):
                    steps += 1
                    if not steps & 63:
                        yield
                    at = body.at
                    name = binary.extern_name(body)
                    sort = binary.skip_extern_desc(body)
                    if sort == FUNC or sort == binary.CORE:
                        raise _unknown(name)
                    if late and sort == INSTANCE and names.find(self.imports.interface, name) is None:
                        raise _unknown(name)
                    if sort == binary.VALUE or sort == binary.COMPONENT:
                        raise Unsupported("%s import `%s`" % (binary.SORTS[sort], name), at)

    def host_import(self, name, sort, wanted):
        """The item for an import of the root component."""
        if sort == TYPE and not self.table.is_resource(wanted):
            return wanted
        if sort != INSTANCE:
            raise _unknown(name)
        interface = names.find(self.imports.interface, name)
        exports = {}
        for key in wanted:
            kind, t = wanted[key]
            if kind == FUNC:
                exports[key] = (FUNC, self._host_function(interface, name, key, t))
            elif kind == TYPE:
                self._bind_resource(interface, name, key, t)
                exports[key] = (TYPE, t)
            else:
                raise _unknown("%s#%s" % (name, key))
        return exports

    def _host_function(self, interface, name, key, t):
        if interface is None:
            raise _unknown(name)
        offered = interface.functions.get(key)
        if offered is None:
            raise _unknown("%s#%s" % (name, key))
        digest = text.digest(offered.type) if isinstance(offered.type, str) else offered.type
        if digest != self.table.digest(t):
            raise Unlinkable("component imports %s#%s with a type other than this board's" % (name, key))
        return ImportedFunction(t, digest, self.descriptor(t), offered.call)

    def _bind_resource(self, interface, name, key, t):
        """When an imported interface brings in a resource type, the host must have it."""
        if not self.table.is_resource(t):
            return
        index = self.table.resource_of(t)
        if self.resources[index] is not None:
            return  # brought in by an import before this one
        if interface is None:
            raise _unknown(name)
        drop = getattr(interface, "resources", {}).get(key)
        if drop is None:
            raise _unknown("%s#%s" % (name, key))
        self.resources[index] = drop

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

    def descriptor(self, t):
        """The descriptor of a func type: the one in flash, or written out on the heap."""
        return self._in_flash(self.table.digest(t)) or self.table.descriptor(t)

    def keep(self, digest, descriptor):
        """The descriptor where it outlives the load: in flash, or once in the arena."""
        if not isinstance(descriptor, bytes) or descriptor is self._in_flash(digest):
            return descriptor
        view = self.kept.get(descriptor)
        if view is None:
            view = self.kept[descriptor] = self.allocate(len(descriptor))
            view[:] = descriptor
        return view

    def _in_flash(self, digest):
        find = getattr(self.imports, "descriptor", None)
        return find and find(digest)


def _heap_free():
    """How much heap is left once what the failed load made is gone, in words."""
    if not hasattr(gc, "mem_free"):  # CPython
        return ""
    gc.collect()
    return " (%d bytes free)" % gc.mem_free()


def _unknown(name):
    return Unlinkable("component imports %s, which this board does not provide" % name)
