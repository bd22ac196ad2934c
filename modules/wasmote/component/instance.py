"""Component instances: definitions evaluated in file order, whatever wrote them.

Each definition appends to an index space of its component; nothing is recognised by its name or its place. Modules and
nested components are ranges of the file until they are instantiated. An item of an instance is a pair (sort, item):

    function       LiftedFunction or ImportedFunction     type       of table.py, or InstanceType
    instance       {name: (sort, item)}                   module     (at, end) in the file
    component      (at, end, the scope around it)
"""

from micropython import const

from ..wasm import HostFunction, Instance
from ..wasm.binary import decode
from ..wasm.errors import Invalid, Malformed, Trap, Unlinkable, Unsupported
from . import binary, types
from .binary import (
    COMPONENT,
    CORE_FUNC,
    CORE_INSTANCE,
    CORE_MEMORY,
    CORE_MODULE,
    FUNC,
    INSTANCE,
    SORTS,
    TYPE,
    InstanceType,
    leading,
)
from .canonical import Context
from .functions import LiftedFunction, LoweredFunction, ResourceDrop
from .handles import Handles
from .types import PARAMS

_MAX_INSTANCES = const(100)  # nested ones: a few bytes can ask for any number
_MAX_CANONS = const(128)  # functions lifted or lowered: each stays on the heap
_MAX_EXPORTS = const(64)  # what the root component may export, functions of interfaces counted: the same
_MAX_COMPARED = const(2000)  # items compared with the types they should have: instance types fan out
_NO_EXPORT = "%s %d has no export named `%s`"
_I32 = b"\x7f"


class ComponentInstance:
    """What the guest of one component instance is doing: the Canonical ABI's view of it.

    `parent` is the instance of the component that instantiates this one, None for the root.
    """

    def __init__(self, root, parent=None):
        self.root = root
        self.parent = parent
        self.store = root.store
        self.lift_limit = root.lift_limit
        self.handles = Handles(root.allocate, root.resources)
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


class Scope(binary.Types):
    """The index spaces of one component while its definitions are evaluated.

    `root` is the Component; `arguments` maps import names to items (the root component's come from the host);
    `container` is the ComponentInstance that this one is made in.
    """

    def __init__(self, root, parent, arguments, container=None):
        super().__init__(parent, root)
        self.arguments = arguments
        self.instance = ComponentInstance(root, container)
        self.exports = {}
        self.kept = 0  # functions and interfaces among them
        self.spaces = {TYPE: self.types}
        self.contexts = {}  # by memory, realloc and encoding, as canon definitions have mostly the same

    def space(self, sort):
        if sort not in self.spaces:
            self.spaces[sort] = []
        return self.spaces[sort]

    def item(self, sort, index, at):
        space = self.spaces.get(sort, ())
        if index >= len(space):
            raise Invalid("unknown %s %d: index out of bounds" % (SORTS[sort], index), at)
        return space[index]

    def add(self, sort, item, at):
        self.define(self.space(sort), item, at)

    # -- sections

    def evaluate(self, reader):
        """A generator: all definitions of the component in reader's range."""
        for at, code, body in binary.sections(reader):
            yield from self._section(at, code, body)
            yield
        decoded = self.root.decoded
        for start, end in self.spaces.get(CORE_MODULE, ()):
            if start not in decoded:  # not instantiated here, but malformed all the same?
                decoded.add(start)
                yield from decode(self.root.source.reader().fork(start, end))
            yield
        for exports in self.spaces.get(CORE_INSTANCE, ()):
            exports.clear()  # names that nobody asks for any more
        self.instance.entered = False

    def _section(self, at, code, body):
        if code == 0:
            body.name()
            return
        if code == 1:
            self.add(CORE_MODULE, (body.at, body.end), at)
            return
        if code == 4:
            self.add(COMPONENT, (body.at, body.end, self), at)
            binary.preamble(body)
            return
        if code >= len(_SECTIONS):
            raise Malformed("malformed section id: %d" % code, at)
        if code in (3, 9, 12):
            raise Unsupported("%s section" % {3: "core type", 9: "component start function", 12: "value"}[code], at)
        define = getattr(self, _SECTIONS[code])
        for _ in range(body.u32()):
            more = define(body)
            if more is not None:
                yield from more
            yield
        if body.at != body.end:
            raise Malformed("section size mismatch", body.at)

    # -- core instances

    def core_instance(self, reader):
        at = reader.at
        if leading(reader, b"\x00\x01", "core instance"):
            self.add(CORE_INSTANCE, self._core_exports(reader), at)
            return None
        return self._instantiate_module(reader)

    def _core_exports(self, reader):
        exports = {}
        for _ in range(reader.count()):
            name = self._unique(exports, reader)
            at = reader.at
            sort = 0x10 + leading(reader, b"\x00\x01\x02\x03", "core sort")
            exports[name] = self.item(sort, reader.u32(), at)
        return exports

    def _instantiate_module(self, reader):
        at = reader.at
        start, end = self.item(CORE_MODULE, reader.u32(), at)
        arguments = {}
        for _ in range(reader.count()):
            name = self._unique(arguments, reader)
            leading(reader, b"\x12", "instantiation arg kind")
            at = reader.at
            arguments[name] = self.item(CORE_INSTANCE, reader.u32(), at)

        def resolve(module, name):
            if module not in arguments:
                raise Unlinkable("missing module instantiation argument named `%s`" % module)
            if name not in arguments[module]:
                raise Unlinkable("module instantiation argument `%s` does not export `%s`" % (module, name))
            return arguments[module][name]

        self.root.decoded.add(start)
        module = yield from decode(self.root.source.reader().fork(start, end))
        instance = yield from Instance.create(self.root.store, module, resolve)
        self.add(CORE_INSTANCE, instance.exports, at)

    def _unique(self, names, reader, what="argument"):
        at = reader.at
        name = reader.name() if what == "argument" else binary.extern_name(reader)
        if name in names:
            raise Invalid("%s name `%s` conflicts with previous name" % (what, name), at)
        binary.room(names, at)
        return name

    # -- aliases, types

    def alias(self, reader):
        sort = binary.sort(reader, "alias")
        at = reader.at
        target = leading(reader, b"\x00\x01\x02", "alias")
        if target == 2:
            self._outer_alias(reader, sort, at)
            return
        index = reader.u32()
        source = INSTANCE if target == 0 else CORE_INSTANCE
        exports = self.item(source, index, at)
        name = reader.name()
        if name not in exports:
            raise Invalid(_NO_EXPORT % (SORTS[source], index, name), at)
        found = exports[name]
        if target == 0:
            if found[0] != sort:
                raise Invalid("export `%s` for instance %d is not a %s" % (name, index, SORTS[sort]), at)
            found = found[1]
        elif CORE_FUNC + found.kind != sort:
            raise Invalid("export `%s` for core instance %d is not a %s" % (name, index, SORTS[sort]), at)
        self.add(sort, found, at)

    def _outer_alias(self, reader, sort, at):
        if sort == TYPE:
            self.add(TYPE, binary.outer_type(reader, self), at)
            return
        if sort != CORE_MODULE and sort != COMPONENT:
            raise Malformed("invalid leading byte (0x%x) for component outer alias kind" % (sort & 0x0F), at)
        scope = self.outer(reader.u32(), at)
        self.add(sort, scope.item(sort, reader.u32(), at), at)

    def define_type(self, reader):
        at = reader.at
        if reader.peek() == types.RESOURCE:
            self.add(TYPE, self._resource(reader, at), at)
            return None
        t = binary.def_type(reader, self)
        if t is None:
            return self._instance_type(reader, at)
        self.add(TYPE, t, at)
        return None

    def _resource(self, reader, at):
        """A resource type that this component defines."""
        from .resources import GuestResource

        reader.u8()
        if leading(reader, b"\x7f\x7e", "resource representation") != 0x7F:
            raise Unsupported("resource represented by an i64", at)
        dtor = None
        if leading(reader, b"\x00\x01", "resource destructor"):
            dtor = self.item(CORE_FUNC, reader.u32(), at)
            _expect(dtor, _I32, b"", "destructor", at)
        t = self.new_resource("#%d" % len(self.root.resources), at)  # like no other, as no name has a #
        self.root.resources[self.table.resource_of(t)] = GuestResource(self.instance, dtor)
        return t

    def _instance_type(self, reader, at):
        self.add(TYPE, (yield from binary.instance_type(reader, self)), at)

    # -- canon

    def canon(self, reader):
        at = reader.at
        if self.root.canons == _MAX_CANONS:
            raise Unsupported("more than %d functions lifted or lowered" % _MAX_CANONS, at)
        self.root.canons += 1
        code = reader.u8()
        if code == 0:
            leading(reader, b"\x00", "canonical function lift")
            self._lift(reader, at)
        elif code == 1:
            leading(reader, b"\x00", "canonical function lower")
            self._lower(reader, at)
        elif code == 3:
            index = self.table.resource_of(self.resource_type(reader.u32(), at))
            call = ResourceDrop(self.instance, index).call
            self.add(CORE_FUNC, HostFunction(self.root.store, _I32, b"", call), at)
        elif code == 2 or code == 4:
            self._resource_built_in(code, reader.u32(), at)
        elif code < 0x30 or 0x40 <= code <= 0x42:
            raise Unsupported("async or thread built-in 0x%x" % code, at)
        else:
            raise Malformed("invalid leading byte (0x%x) for canonical function" % code, at)

    def _resource_built_in(self, code, t, at):
        """resource.new or resource.rep."""
        from .resources import GuestResource, ResourceNew, ResourceRep

        index = self.table.resource_of(self.resource_type(t, at))
        found = self.root.resources[index]
        if not isinstance(found, GuestResource) or found.instance is not self.instance:
            raise Invalid("type %d is not a local resource" % t, at)
        call = (ResourceNew if code == 2 else ResourceRep)(self.instance, index).call
        self.add(CORE_FUNC, HostFunction(self.root.store, _I32, _I32, call), at)

    def _lift(self, reader, at):
        function = self.item(CORE_FUNC, reader.u32(), at)
        cx, post_return = self._options(reader, at)
        t = self.func_type(reader.u32(), at)
        d = self.root.descriptor(t)
        params, results = types.flat_signature(d, False)
        _expect(function, params, results, "core function of canon lift", at)
        if post_return is not None:
            _expect(post_return, results, b"", "post-return function", at)
        spilled = types.flat_count(d, PARAMS) > types.MAX_FLAT_PARAMS
        self._need(cx, at, d[3] and _in_memory(d, types.result_at(d)), spilled or types.has_pointers(d, PARAMS))
        digest = self.table.digest(t)
        self.add(FUNC, LiftedFunction(cx, digest, self.root.keep(digest, d), function, post_return), at)

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
        call = LoweredFunction(cx, self.root.keep(callee.digest, d), callee).call
        self.add(CORE_FUNC, HostFunction(self.root.store, params, results, call), at)

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
        sort, wanted = binary.extern_desc(reader, self, name)
        if self.arguments is None:
            item = self.root.host_import(name, sort, wanted)
        elif name not in self.arguments:
            raise Invalid("missing import named `%s`" % name, at)
        else:
            given, item = self.arguments[name]
            if given != sort or not self._matches(sort, wanted, item, at):
                raise Invalid("type mismatch for import `%s`" % name, at)
        self.add(sort, item, at)

    def export(self, reader):
        start = reader.at
        name = self._unique(self.exports, reader, "export")
        sort, item = self._exported(reader)
        if leading(reader, b"\x00\x01", "optional export type"):
            at = reader.at
            ascribed, wanted = binary.extern_desc(reader, self, name)
            if ascribed != sort or not self._matches(sort, wanted, item, at):
                raise Invalid("ascribed type of export `%s` is not compatible" % name, at)
        if self.arguments is None:
            self._keep(sort, item, start)
        self.exports[name] = (sort, item)
        self.add(sort, item, start)

    def _keep(self, sort, item, at):
        """Counts what stays on the heap of an export of the root component."""
        if sort == INSTANCE:
            self.kept += 1 + sum([item[name][0] == FUNC for name in item])
        elif sort == FUNC:
            self.kept += 1
        if self.kept > _MAX_EXPORTS:
            raise Unsupported("more than %d exported functions and interfaces" % _MAX_EXPORTS, at)

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
            exports = {}
            for _ in range(reader.count()):
                name = self._unique(exports, reader, "export")
                exports[name] = self._exported(reader)
            self.add(INSTANCE, exports, at)
            return None
        return self._instantiate(reader)

    def _instantiate(self, reader):
        at = reader.at
        start, end, parent = self.item(COMPONENT, reader.u32(), at)
        if len(self.root.instances) == _MAX_INSTANCES:
            raise Unsupported("more than %d component instances" % _MAX_INSTANCES, at)
        arguments = {}
        for _ in range(reader.count()):
            name = self._unique(arguments, reader)
            arguments[name] = self._exported(reader)
        scope = Scope(self.root, parent, arguments, self.instance)
        yield from scope.evaluate(self.root.source.reader().fork(start, end))
        self.add(INSTANCE, scope.exports, at)

    def _matches(self, sort, wanted, item, at):
        """Whether an item is of the wanted type (a type of the table, or InstanceType)."""
        root = self.root
        if root.compared == _MAX_COMPARED:
            raise Unsupported("instance types nested too deep or wide", at)
        root.compared += 1
        table = self.table
        if sort == FUNC:
            return item.digest == table.digest(wanted)
        if sort == INSTANCE:
            for name in wanted.exports:
                if name not in item:
                    return False
                given, exported = item[name]
                kind, t = wanted.exports[name]
                if given != kind or not self._matches(given, t, exported, at):
                    return False
            return True
        if sort != TYPE:
            return False
        if isinstance(wanted, InstanceType) or isinstance(item, InstanceType):
            return wanted is item
        if table.is_resource(wanted):
            return table.is_resource(item)
        return wanted == item


_SECTIONS = (
    "", "", "core_instance", "", "", "define_instance", "alias", "define_type", "canon", "", "import_", "export", "",
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
