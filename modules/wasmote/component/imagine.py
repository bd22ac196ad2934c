"""Checking what is not instantiated: nested components and modules that nobody uses yet, component and module types.

A component is evaluated as ever, but with imports made up from their types, and core modules looked at without being
instantiated; no guest code runs. Imported by its first use: tools seldom write what needs it.
"""

from micropython import const

from ..wasm import Store
from ..wasm.binary import decode
from ..wasm.errors import Invalid, Unsupported, too_deep
from ..wasm.instance import Instance
from . import coretype
from .binary import CORE_INSTANCE, CORE_MODULE, FUNC
from .functions import ImportedFunction
from .instance import Scope
from .space import Types, count_comparison, declarations, fit, imagine, imagine_import, lowest
from .table import TypeTable

_NONE = const(255)  # number of no resource


def validate(source):
    """A generator: raises Malformed, Invalid or Unsupported unless the component in `source` is valid. Nothing of it runs."""
    root = Imagined(source, TypeTable(), [], set())
    try:
        yield from ImaginedScope(root, None, None).evaluate(source.reader())
    except RuntimeError as error:
        if not too_deep(error):
            raise
        raise Unsupported("definitions nested too deeply: compose in fewer levels", 0)
    finally:
        root.store.close()


def check(root, sort, item):
    """A generator: raises unless a module or component that is not instantiated is valid."""
    root = _imagined(root)
    first = len(root.resources)
    try:
        if sort == CORE_MODULE:
            module = yield from decode(root.source.reader().fork(*item))
            coretype.of_module(module)
            yield from Instance.validate(root.store, module)
        else:
            start, end, parent, seen = item
            yield from ImaginedScope(root, parent, None, None, seen).evaluate(root.source.reader().fork(start, end))
    finally:
        del root.resources[first:]
        root.release()


def fit_code(root, sort, wanted, item, at):
    """A generator: raises Invalid unless a module or component may stand for one of the wanted type."""
    if item is wanted:
        return
    root = _imagined(root)
    first = len(root.resources)
    try:
        if sort == CORE_MODULE:
            coretype.fit_module(wanted, (yield from _module_type(root, item)), at)
        else:
            yield from _fit_component(root, wanted, item, at)
    finally:
        del root.resources[first:]
        root.release()


def _fit_component(root, wanted, item, at):
    # Instantiated with what the wanted type imports, it must export what the wanted type exports.
    imports = {}
    take = _made_up(root, imports)
    yield from declarations(wanted.declared(root), Types(wanted.outer, root), None, take)
    exports = yield from ImaginedScope(root, None, imports).instantiate(item, imports, at)

    def taken(name, sort, wanted, at):
        yield
        return imports[name][1]

    yield from declarations(wanted.declared(root), Types(wanted.outer, root), exports, taken)


class ComponentType:
    """The type of a component: read again from `at` in the file, within the scope `outer`, whenever it is looked at.

    lowest    of the resources that it refers to but does not import or export itself: the number (space.lowest)
    """

    def __init__(self, at, outer):
        self.at = at
        self.outer = outer

    def declared(self, root):
        return root.source.reader().fork(self.at)


def component_type(reader, outer):
    """A generator: the ComponentType whose declarations come next."""
    root = outer.root
    at = reader.at
    t = ComponentType(at, outer)
    first = len(root.resources)
    imports = {}
    exports = yield from declarations(reader, Types(outer, root), None, _made_up(root, imports))
    found = min((yield from lowest(root, imports, at)), (yield from lowest(root, exports, at)))
    t.lowest = found if found < first else _NONE
    del root.resources[first:]
    return t


def _made_up(root, imports):
    """Imports for declarations(), made up from their types, and kept in `imports` too."""

    def take(name, sort, wanted, at):
        item = yield from imagine(root, sort, wanted, name, at)
        imports[name] = (sort, item)
        return item

    return take


class Imagined:
    """A Loading, and its Component too, where nothing is instantiated: what canon definitions make goes with its store."""

    def __init__(self, source, table, resources, decoded):
        self.component = self
        self.source = source
        self.table = table
        self.resources = resources
        self.decoded = decoded
        self.store = Store(limit=32, stack=64)
        self.users = 1
        self.instances = []
        self.lift_limit = self.canons = self.compared = self.instantiated = 0
        self.dead = False

    allocate = bytearray

    def descriptor(self, t):
        return self.table.descriptor(t)

    def long_descriptor(self, t):
        yield from self.table.make_digests(t)
        return (yield from self.table.long_descriptor(t))

    def keep(self, digest, descriptor):
        return descriptor

    def release(self):
        """The last user gives the store back."""
        self.users -= 1
        if not self.users:
            self.store.close()


def _imagined(root):
    if isinstance(root, Imagined):
        root.users += 1
        return root
    return Imagined(root.source, root.table, root.resources, root.decoded)


class ImaginedScope(Scope):
    """A Scope that instantiates nothing."""

    def item(self, sort, index, at):
        item = super().item(sort, index, at)
        if sort == FUNC and isinstance(item, int):  # of an imagined instance
            item = ImportedFunction(item, self.table.digest(item), self.table.descriptor(item), None)
        return item

    def imported(self, name, sort, wanted, at):
        if self.arguments is None:
            return (yield from imagine_import(self.root, sort, wanted, name, at))
        return (yield from super().imported(name, sort, wanted, at))

    def instantiate_module(self, item, arguments, at):
        count_comparison(self.root, at)
        t = yield from _module_type(self.root, item)
        for module, name in t.imports:
            if module not in arguments:
                raise Invalid("missing module instantiation argument named `%s`" % module, at)
            given = arguments[module].get(name)
            if given is None:
                raise Invalid(
                    "module instantiation argument `%s` does not export an item named `%s`" % (module, name), at
                )
            coretype.expect(t.imports[module, name], given.kind, given.type, "import `%s:%s`" % (module, name), at)
        self.add(CORE_INSTANCE, {name: coretype.Extern(*t.exports[name]) for name in t.exports}, at)

    def instantiate(self, component, arguments, at):
        root = self.root
        if isinstance(component, ComponentType):

            def take(name, sort, wanted, at):
                if name not in arguments:
                    raise Invalid("missing import named `%s`" % name, at)
                return (yield from fit(root, sort, wanted, arguments[name], name, at))

            space = Types(component.outer, root)
            return (yield from declarations(component.declared(root), space, None, take))
        start, end, parent, seen = component
        root.decoded.add(start)
        scope = ImaginedScope(root, parent, arguments, None, seen)
        yield from scope.evaluate(root.source.reader().fork(start, end))
        return scope.exports


def _module_type(root, item):
    """A generator: the ModuleType of a module, which is one already or stands in the file."""
    if isinstance(item, coretype.ModuleType):
        return item
    module = yield from decode(root.source.reader().fork(*item))
    return coretype.of_module(module)
