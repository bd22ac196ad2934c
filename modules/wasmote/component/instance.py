"""Component instances: definitions evaluated in file order, whatever wrote them.

Each definition appends to an index space of its component (space.py); nothing is recognised by its name or its place.
Modules and nested components are ranges of the file until they are instantiated. What is instantiated is checked on the
way; what is not, is checked without in the end (imagine.py).
"""

from micropython import const

from ..wasm.binary import decode
from ..wasm.errors import Invalid, Malformed, Unlinkable, Unsupported
from ..wasm.instance import Instance
from . import binary, types
from .binary import (
    COMPONENT,
    CORE_FUNC,
    CORE_INSTANCE,
    CORE_MEMORY,
    CORE_MODULE,
    CORE_TYPE,
    FUNC,
    INSTANCE,
    TYPE,
    leading,
)
from .canonical import Context
from .functions import LiftedFunction, LoweredFunction, ResourceDrop
from .running import ComponentInstance
from .space import Types, admit, fit, imagine_import, long_type, new_resource, room
from .types import PARAMS

_PAUSE = const(3)  # definitions between two yields, less one
_PAUSE_OF_NAMES = const(15)  # the same, of names with no more than an index
_MAX_INSTANCES = const(100)  # nested ones: a few bytes can ask for any number
_MAX_CANONS = const(128)  # functions lifted or lowered: each stays on the heap
_MAX_EXPORTS = const(64)  # what the root component may export, functions of interfaces counted: the same
_LONG = const(512)  # bytes of a descriptor that takes a step of its own
_A_STEP = (None,)  # what yields once
_I32 = b"\x7f"


class Scope(Types):
    """The index spaces of one component while its definitions are evaluated.

    `root` is the Loading; `arguments` maps import names to (sort, item) (the root component's come from the host);
    `container` is the ComponentInstance that this one is made in. `seen`: how many items of each sort the component
    around it had where this one stands in it.
    """

    component = True

    def __init__(self, root, parent, arguments, container=None, seen=None):
        super().__init__(parent, root)
        self.arguments = arguments
        self.seen = seen
        self._container = container
        self._instance = None
        self.imports = {}  # by name: types and resources only
        self.exports = {}
        self.import_names = set()
        self.export_names = set()
        self.kept = 0  # functions and interfaces among them
        self.contexts = {}  # by memory, realloc and encoding, as canon definitions have mostly the same

    @property
    def instance(self):
        """The ComponentInstance, made when something of it is to stay: what only passes types on has none."""
        if self._instance is None:
            self._instance = ComponentInstance(self.root.component, self._container)
        return self._instance

    # -- sections

    def evaluate(self, reader):
        """A generator: all definitions of the component in reader's range."""
        for at, code in binary.sections(reader):
            yield from self._section(at, code, reader)
            yield
        for sort in (CORE_MODULE, COMPONENT):
            for item in self.spaces.get(sort, ()):
                if isinstance(item, tuple) and item[0] not in self.root.decoded:
                    # Not instantiated: valid all the same?
                    from .imagine import check

                    self.root.decoded.add(item[0])
                    yield from check(self.root, sort, item)
                yield
        for exports in self.spaces.get(CORE_INSTANCE, ()):
            exports.clear()  # names that nobody asks for any more
        if self._instance:
            self._instance.entered = False

    def _section(self, at, code, body):
        if code == 0:
            body.name()
            return
        if code == 1:
            self.add(CORE_MODULE, (body.at, body.end), at)
            return
        if code == 4:
            seen = {sort: len(self.spaces.get(sort, ())) for sort in (TYPE, COMPONENT, CORE_MODULE, CORE_TYPE)}
            self.add(COMPONENT, (body.at, body.end, self, seen), at)
            binary.preamble(body)
            return
        if code >= len(_SECTIONS):
            raise Malformed("malformed section id: %d" % code, at)
        if code == 9 or code == 12:
            raise Unsupported(
                "component start function section: export wasi:cli/run instead"
                if code == 9
                else "value section: leave values out",
                at,
            )
        define = getattr(self, _SECTIONS[code])
        for i in range(body.u32()):
            more = define(body)
            if more is not None:
                yield from more
            if i & _PAUSE == _PAUSE:
                yield
        if body.at != body.end:
            raise Malformed("section size mismatch", body.at)

    # -- core instances

    def core_instance(self, reader):
        start = reader.at
        if leading(reader, b"\x00\x01", "core instance"):
            return self._core_exports(reader, start)
        return self._instantiate_module(reader)

    def _core_exports(self, reader, start):
        exports = {}
        for i in range(reader.count()):
            name = self._unique(exports, reader)
            at = reader.at
            sort = 0x10 + leading(reader, b"\x00\x01\x02\x03", "core sort")
            exports[name] = self.item(sort, reader.u32(), at)
            if i & _PAUSE_OF_NAMES == _PAUSE_OF_NAMES:
                yield
        self.add(CORE_INSTANCE, exports, start)

    def _instantiate_module(self, reader):
        at = reader.at
        item = self.item(CORE_MODULE, reader.u32(), at)
        arguments = {}
        for i in range(reader.count()):
            name = self._unique(arguments, reader)
            leading(reader, b"\x12", "instantiation arg kind")
            at = reader.at
            arguments[name] = self.item(CORE_INSTANCE, reader.u32(), at)
            if i & _PAUSE_OF_NAMES == _PAUSE_OF_NAMES:
                yield
        return (yield from self.instantiate_module(item, arguments, at))

    def instantiate_module(self, item, arguments, at):
        """A generator: appends the instance of a module."""

        def resolve(module, name):
            if module not in arguments:
                raise Unlinkable("missing module instantiation argument named `%s`" % module)
            if name not in arguments[module]:
                raise Unlinkable("module instantiation argument `%s` does not export `%s`" % (module, name))
            return arguments[module][name]

        self.root.decoded.add(item[0])
        module = yield from decode(self.root.source.reader().fork(*item))
        instance = yield from Instance.create(self.root.store, module, resolve)
        self.add(CORE_INSTANCE, instance.exports, at)

    def _unique(self, names, reader):
        at = reader.at
        name = reader.name()
        if name in names:
            raise Invalid("argument name `%s` conflicts with previous argument" % name, at)
        room(names, at)
        return name

    # -- types

    def define_type(self, reader):
        at = reader.at
        t = binary.def_type(reader, self)
        if t is None:
            return self._long_type(reader, at)
        self.add(TYPE, t, at)
        return None

    def _long_type(self, reader, at):
        first = len(self.root.resources)
        t = yield from long_type(reader, self)
        if self.arguments is not None and getattr(t, "fresh", False):
            del self.root.resources[first:]  # of an instance type: nobody will take them
            t.fresh = False
        self.add(TYPE, t, at)

    def define_core_type(self, reader):
        from .coretype import define_core_type

        define_core_type(reader, self)

    def define_resource(self, reader, at):
        """A resource type of this component's own: whose index stands for it is a GuestResource in root.resources."""
        from .resources import GuestResource

        if leading(reader, b"\x7f\x7e", "resource representation") != 0x7F:
            raise Unsupported("resource represented by an i64: use an i32", at)
        dtor = None
        if leading(reader, b"\x00\x01", "resource destructor"):
            dtor = self.item(CORE_FUNC, reader.u32(), at)
            _expect(dtor, _I32, b"", "destructor", at)
        name = "#%d" % len(self.root.resources)  # like no other, as no name has a #
        return new_resource(self.root, name, GuestResource(self.instance, dtor), at)

    # -- canon

    def canon(self, reader):
        """None, or a generator that has to run."""
        at = reader.at
        if self.root.canons == _MAX_CANONS:
            raise Unsupported("more than %d functions lifted or lowered: import and export fewer" % _MAX_CANONS, at)
        self.root.canons += 1
        code = reader.u8()
        if code == 0:
            leading(reader, b"\x00", "canonical function lift")
            return self._lift(reader, at)
        if code == 1:
            leading(reader, b"\x00", "canonical function lower")
            return self._lower(reader, at)
        if code == 3:
            index = self.table.resource_of(self.resource_type(reader.u32(), at))
            self.add(CORE_FUNC, ResourceDrop(self.instance, index, b""), at)
        elif code == 2 or code == 4:
            self._resource_built_in(code, reader.u32(), at)
        else:
            from .later import refuse_built_in

            refuse_built_in(reader, code, at)
        return None

    def _resource_built_in(self, code, t, at):
        """resource.new or resource.rep."""
        from .resources import GuestResource, ResourceNew, ResourceRep

        index = self.table.resource_of(self.resource_type(t, at))
        found = self.root.resources[index]
        if not isinstance(found, GuestResource) or found.instance is not self.instance:
            raise Invalid("type %d is not a local resource" % t, at)
        made = (ResourceNew if code == 2 else ResourceRep)(self.instance, index, _I32)
        self.add(CORE_FUNC, made, at)

    def _lift(self, reader, at):
        function = self.item(CORE_FUNC, reader.u32(), at)
        cx, post_return = self._options(reader, at)
        t = self.func_type(reader.u32(), at)
        if self.table.is_short(t):
            self._lifted(function, cx, post_return, t, self.root.descriptor(t), at)
            return None
        return self._lift_long(function, cx, post_return, t, at)

    def _lift_long(self, function, cx, post_return, t, at):
        d = yield from self.root.long_descriptor(t)
        yield
        self._lifted(function, cx, post_return, t, d, at)
        yield

    def _lifted(self, function, cx, post_return, t, d, at):
        params, results = types.flat_signature(d, False)
        _expect(function, params, results, "core function of canon lift", at)
        if post_return is not None:
            _expect(post_return, results, b"", "post-return function", at)
        spilled = types.flat_count(d, PARAMS) > types.MAX_FLAT_PARAMS
        self._need(cx, at, d[3] and _in_memory(d, types.result_at(d)), spilled or types.has_pointers(d, PARAMS))
        digest = self.table.digest(t)
        core, after = getattr(function, "at", 0), getattr(post_return, "at", 0)  # imagined ones are nowhere
        lifted = LiftedFunction(cx, digest, self.root.keep(digest, d), core, after)
        lifted.t = t
        self.add(FUNC, lifted, at)

    def _lower(self, reader, at):
        callee = self.item(FUNC, reader.u32(), at)
        cx, post_return = self._options(reader, at)
        if post_return is not None:
            raise Invalid("canonical option `post-return` is only allowed on lift", at)
        d = callee.descriptor
        returned = types.result_at(d)
        spilled = types.flat_count(d, PARAMS) > types.MAX_FLAT_PARAMS or d[3] and _in_memory(d, returned)
        self._need(cx, at, spilled or types.has_pointers(d, PARAMS), d[3] and types.has_pointers(d, returned))
        params, results = types.flat_signature(d, True)
        lowered = LoweredFunction(cx, params, results, self.root.keep(callee.digest, d), callee)
        self.add(CORE_FUNC, lowered, at)
        return _A_STEP if len(d) >= _LONG else None

    def _options(self, reader, at):
        """(Context, post-return function or None) of a canon definition's options."""
        memory, realloc, post_return, encoding = binary.canon_options(reader)
        cx = self.contexts.get((memory, realloc, encoding))
        if cx is None:
            cx = self.contexts[memory, realloc, encoding] = Context(self.instance, encoding=encoding)
            if memory is not None:
                cx.memory = self.item(CORE_MEMORY, memory, at)
            if realloc is not None:
                cx.realloc = self.item(CORE_FUNC, realloc, at)
                _expect(cx.realloc, b"\x7f\x7f\x7f\x7f", _I32, "realloc function", at)
                if memory is None:
                    raise Invalid("canonical option `memory` is required", at)
        if post_return is not None:
            post_return = self.item(CORE_FUNC, post_return, at)
        return cx, post_return

    def _need(self, cx, at, memory, realloc):
        if (memory or realloc) and cx.memory is None:
            raise Invalid("canonical option `memory` is required", at)
        if realloc and cx.realloc is None:
            raise Invalid("canonical option `realloc` is required", at)

    # -- imports, exports, instances

    def import_(self, reader):
        at = reader.at
        name = binary.extern_name(reader)
        sort, wanted = binary.extern_desc(reader, self)
        item = yield from self.imported(name, sort, wanted, at)
        admit("import", self.import_names, self.imports, name, sort, item, self, at)
        if sort != TYPE:
            del self.imports[name]
        self.add(sort, item, at)

    def imported(self, name, sort, wanted, at):
        """A generator: what is imported under a name."""
        if self.arguments is None:
            item = yield from imagine_import(self.root, sort, wanted, name, at)
            return (yield from self.root.host_import(name, sort, item))
        if name not in self.arguments:
            raise Invalid("missing import named `%s`" % name, at)
        return (yield from fit(self.root, sort, wanted, self.arguments[name], name, at))

    def export(self, reader):
        at = reader.at
        name = binary.extern_name(reader)
        sort, item = self._exported(reader)
        if leading(reader, b"\x00\x01", "optional component export type"):
            wanted = binary.extern_desc(reader, self)
            item = yield from fit(self.root, *wanted, (sort, item), name, at)
        admit("export", self.export_names, self.exports, name, sort, item, self, at)
        if self.parent is None:
            yield from self._keep(sort, item, at)
        self.add(sort, item, at)

    def _keep(self, sort, item, at):
        """A generator: counts what stays on the heap of an export of the root component."""
        if sort == INSTANCE:
            self.kept += 1 + len((yield from functions_of(item)))
        elif sort == FUNC:
            self.kept += 1
        if self.kept > _MAX_EXPORTS:
            raise Unsupported("more than %d exported functions and interfaces: export fewer" % _MAX_EXPORTS, at)

    def _exported(self, reader):
        """sort, idx: (sort, item)."""
        at = reader.at
        sort = binary.sort(reader, "component external kind")
        if sort not in (FUNC, TYPE, COMPONENT, INSTANCE, CORE_MODULE):
            raise Malformed("invalid leading byte (0x%x) for component external kind" % (sort & 0x0F), at)
        return sort, self.item(sort, reader.u32(), at)

    def define_instance(self, reader):
        at = reader.at
        if leading(reader, b"\x00\x01", "instance"):
            return self._exports(reader, at)
        return self._instantiate(reader)

    def _exports(self, reader, at):
        exports = {}
        seen = set()
        for i in range(reader.count()):
            name = binary.extern_name(reader)
            if name[:1] == "[":  # no name is known in a bag of exports
                raise Invalid("`%s`: resource used in function does not have a name in this context" % name, at)
            admit("export", seen, exports, name, *self._exported(reader), self, at)
            if i & _PAUSE == _PAUSE:
                yield
        self.add(INSTANCE, exports, at)

    def _instantiate(self, reader):
        at = reader.at
        component = self.item(COMPONENT, reader.u32(), at)
        self.root.instantiated += 1
        if self.root.instantiated == _MAX_INSTANCES:
            raise Unsupported("more than %d component instances: compose fewer components" % _MAX_INSTANCES, at)
        arguments = {}
        for i in range(reader.count()):
            name = self._unique(arguments, reader)
            arguments[name] = self._exported(reader)
            if i & _PAUSE_OF_NAMES == _PAUSE_OF_NAMES:
                yield
        self.add(INSTANCE, (yield from self.instantiate(component, arguments, at)), at)

    def instantiate(self, component, arguments, at):
        """A generator: what the instance of a component exports."""
        start, end, parent, seen = component
        self.root.decoded.add(start)
        scope = Scope(self.root, parent, arguments, self.instance, seen)
        yield from scope.evaluate(self.root.source.reader().fork(start, end))
        return scope.exports


def functions_of(instance):
    """A generator: {name: function} of an instance."""
    functions = {}
    seen = 0
    for name in instance:
        sort, item = instance[name]
        if sort == FUNC:
            functions[name] = item
        seen += 1
        if not seen & _PAUSE_OF_NAMES:
            yield
    return functions


_SECTIONS = (
    "", "", "core_instance", "define_core_type", "", "define_instance", "alias", "define_type", "canon", "", "import_",
    "export", "",
)  # fmt: skip


def _in_memory(d, at):
    """Whether a result of this type is returned through memory."""
    return types.flat_count(d, at) > types.MAX_FLAT_RESULTS or types.has_pointers(d, at)


def _expect(function, params, results, what, at):
    """The core function has this type."""
    if bytes(function.type[0]) != params or bytes(function.type[1]) != results:
        raise Invalid(
            "%s has type %s, %s is needed" % (what, _signature(*function.type), _signature(params, results)), at
        )


def _signature(params, results):
    words = ("f64", "f32", "i64", "i32")
    return "(%s) -> (%s)" % tuple(
        " ".join([words[t - 0x7C] if t >= 0x7C else "ref" for t in part]) for part in (params, results)
    )
