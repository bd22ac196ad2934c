"""A load: what it knows until the component is instantiated, and what its imports become."""

from micropython import const

from ..wasm.errors import Unlinkable, Unsupported
from . import binary, names, text
from .binary import FUNC, INSTANCE, TYPE
from .functions import ImportedFunction
from .instance import Scope, functions_of
from .table import TypeTable

_DICTS = const(8)  # several small ones: a board's heap has few large pieces free


class Loading:
    """The load of a Component, `component`, whose definitions are evaluated in Scopes: their `root`."""

    def __init__(self, component, source, imports):
        self.component = component
        self.store = component.store
        self.resources = component.resources
        self.source = source
        source.names = tuple([{} for _ in range(_DICTS)])
        self.imports = imports
        self.table = TypeTable()
        self.decoded = set()  # where the core modules and nested components looked at so far start
        self.instantiated = 0  # components so far
        self.canons = 0  # functions lifted or lowered so far
        self.compared = 0  # items compared with types so far
        self.kept = {}  # descriptors in the arena, by their bytes

    def run(self):
        """A generator: instantiates the component."""
        yield from self._check_imports()
        scope = Scope(self, None, None)
        yield from scope.evaluate(self.source.reader())
        exports = self.component.exports
        for name in scope.exports:
            sort, item = scope.exports[name]
            if sort == INSTANCE:
                exports[name] = yield from functions_of(item)
            elif sort == FUNC:
                exports[name] = item

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
        """A generator: the item for an import of the root component."""
        if sort == TYPE and not self.table.is_resource(wanted):
            return wanted
        if sort != INSTANCE:
            raise _unknown(name)
        interface = names.find(self.imports.interface, name)
        exports = {}
        for key in wanted:
            kind, t = wanted[key]
            if kind == FUNC:
                d = self.descriptor(t) if self.table.is_short(t) else (yield from self.long_descriptor(t))
                exports[key] = (FUNC, self._host_function(interface, name, key, t, d))
            elif kind == TYPE:
                self._bind_resource(interface, name, key, t)
                exports[key] = (TYPE, t)
            else:
                raise _unknown("%s#%s" % (name, key))
            if not len(exports) & 15:
                yield
        return exports

    def _host_function(self, interface, name, key, t, descriptor):
        if interface is None:
            raise _unknown(name)
        offered = interface.functions.get(key)
        if offered is None:
            raise _unknown("%s#%s" % (name, key))
        digest = text.digest(offered.type) if isinstance(offered.type, str) else offered.type or self.table.digest(t)
        if digest != self.table.digest(t):
            raise Unlinkable("component imports %s#%s with a type other than this board's" % (name, key))
        return ImportedFunction(t, digest, descriptor, offered.call)

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

    def descriptor(self, t):
        """The descriptor of a func type: the one in flash, or written out on the heap."""
        return self._in_flash(self.table.digest(t)) or self.table.descriptor(t)

    def long_descriptor(self, t):
        """A generator: the same, part by part."""
        yield from self.table.make_digests(t)
        found = self._in_flash(self.table.digest(t))
        return found or (yield from self.table.long_descriptor(t))

    def keep(self, digest, descriptor):
        """The descriptor where it outlives the load: in flash, or once in the arena."""
        if not isinstance(descriptor, bytes) or descriptor is self._in_flash(digest):
            return descriptor
        view = self.kept.get(descriptor)
        if view is None:
            view = self.kept[descriptor] = self.component.allocate(len(descriptor))
            view[:] = descriptor
        return view

    def _in_flash(self, digest):
        find = getattr(self.imports, "descriptor", None)
        return find and find(digest)


def _unknown(name):
    if name.startswith("wasi:") and "@0.3" in name:
        return Unlinkable("component imports %s: build for WASI 0.2" % name)
    return Unlinkable("component imports %s, which this board does not provide" % name)
