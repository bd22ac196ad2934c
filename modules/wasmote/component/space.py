"""Index spaces, the types that instances have, and what fits them.

An item is what an index stands for, or a name of an instance:

    function     an object with its type `t` and its `digest` (functions.py); in a type, `t` itself
    type         of table.py, or InstanceType, or ComponentType
    instance     {name: (sort, item)}
    module       (at, end) in the file, or ModuleType           core type    of coretype.py
    component    (at, end, the scope around it, what that had seen), or ComponentType
    core function, table, memory, global: of wasm; core instance: {name: one of these}
"""

from micropython import const

from ..wasm.errors import Invalid, Malformed, Unsupported
from . import binary, labels
from .binary import (
    COMPONENT,
    CORE_FUNC,
    CORE_INSTANCE,
    CORE_MODULE,
    CORE_TYPE,
    FUNC,
    INSTANCE,
    SORTS,
    TYPE,
    leading,
)

_MAX_DEFINITIONS = const(1000)  # of one sort in one component, and in one instance
_PAUSE = const(3)  # definitions between two yields, less one
_MAX_COMPARED = const(5000)  # items compared with the types they should have: instance types fan out
_NONE = const(255)  # number of no resource


class InstanceType:
    """What instances of this type export. {name: (sort, type)}; for sort instance the type is such a dict again.

    `first`:`end` are the numbers of the resources that the type brings in. If there are any, its declarations are read
    again, from `at` in the file and within the scope `outer`, for each instance, whose resources take their place; but
    the first that is imported takes those in `exports`, if they are `fresh`. `lowest` is the function's, if it was asked.
    """

    lowest = None

    def __init__(self, at, outer):
        self.at = at
        self.outer = outer
        self.exports = None
        self.first = self.end = len(outer.root.resources)
        self.fresh = True


class Types:
    """The index spaces of an instance type.

    parent    the enclosing ones      root    the Loading, whose table and resources they are
    """

    component = False  # whether a component's: outer aliases of resources may not leave it

    def __init__(self, parent, root):
        self.parent = parent
        self.root = root
        self.table = root.table
        self.types = []
        self.spaces = {TYPE: self.types}
        self.seen = None  # how long the parent's spaces were where a nested component stands: {sort: items}

    def item(self, sort, index, at):
        space = self.spaces.get(sort, ())
        if index >= len(space):
            raise Invalid("unknown %s %d: index out of bounds" % (SORTS[sort], index), at)
        return space[index]

    def add(self, sort, item, at):
        """Appends to an index space. A definition may be two bytes of the file and many more of the heap."""
        space = self.spaces.get(sort)
        if space is None:
            space = self.spaces[sort] = []
        elif len(space) == _MAX_DEFINITIONS:
            room(space, at)  # raises
        space.append(item)

    def type(self, index, at):
        if index >= len(self.types):
            raise Invalid("unknown type %d: type index out of bounds" % index, at)
        return self.types[index]

    def component_type(self, index, at):
        from .imagine import ComponentType

        t = self.type(index, at)
        if not isinstance(t, ComponentType):
            raise Invalid("type index %d is not a component type" % index, at)
        return t

    def module_type(self, index, at):
        from .coretype import ModuleType

        t = self.item(CORE_TYPE, index, at)
        if not isinstance(t, ModuleType):
            raise Invalid("core type index %d is not a module type" % index, at)
        return t

    def func_type(self, index, at):
        t = self.type(index, at)
        if not self.table.is_func(t):
            raise Invalid("type index %d is not a function type" % index, at)
        return t

    def instance_type(self, index, at):
        t = self.type(index, at)
        if not isinstance(t, InstanceType):
            raise Invalid("type index %d is not an instance type" % index, at)
        return t

    def resource_type(self, index, at):
        t = self.type(index, at)
        if not self.table.is_resource(t):
            raise Invalid("type index %d is not a resource type" % index, at)
        return t

    def define_resource(self, reader, at):
        raise Invalid("resources can only be defined within a concrete component", at)

    # -- aliases

    def alias(self, reader):
        """None, or a generator that has to run."""
        what = binary.sort(reader, "alias")
        at = reader.at
        target = leading(reader, b"\x00\x01\x02", "alias")
        if not self.component and what != TYPE and what != (INSTANCE if target == 0 else CORE_TYPE):
            raise Invalid("alias in a type may only refer to types or instances", at)
        if target == 2:
            return self._outer(reader, what, at)
        index = reader.u32()
        source = INSTANCE if target == 0 else CORE_INSTANCE
        exports = self.item(source, index, at)
        name = reader.name()
        if name not in exports:
            raise Invalid("%s %d has no export named `%s`" % (SORTS[source], index, name), at)
        found = exports[name]
        if target == 0:
            given, found = found
        else:
            given = CORE_FUNC + found.kind
        if given != what:
            raise Invalid(
                "export `%s` of %s %d is a %s, not a %s" % (name, SORTS[source], index, SORTS[given], SORTS[what]), at
            )
        self.add(what, found, at)

    def _outer(self, reader, sort, at):
        """Appends the item of an enclosing scope that an outer alias names; as alias()."""
        if sort not in (TYPE, COMPONENT, CORE_MODULE, CORE_TYPE):
            raise Malformed("invalid leading byte (0x%x) for component outer alias kind" % (sort & 0x0F), at)
        count = reader.u32()
        space = self
        seen = None
        leaves = False
        for _ in range(count):
            leaves = leaves or space.component
            seen = space.seen
            space = space.parent
            if space is None:
                raise Invalid("invalid outer alias count of %d" % count, at)
        index = reader.u32()
        if seen is not None and index >= seen.get(sort, 0):
            raise Invalid("unknown %s %d: index out of bounds" % (SORTS[sort], index), at)
        item = space.item(sort, index, at)
        if leaves and sort == TYPE and self.root.resources:
            return self._leave(item, index, at)
        self.add(sort, item, at)
        return None

    def _leave(self, item, index, at):
        """A generator: appends a type of another component's."""
        if (yield from lowest(self.root, item, at)) < _NONE:
            raise Invalid(
                "type %d transitively refers to resources: a component cannot have it as an outer alias" % index, at
            )
        self.add(TYPE, item, at)


def new_resource(root, name, definition, at):
    """A resource type of this name. `definition`: what destroys its resources, None as long as nothing is known to."""
    resources = root.resources
    if len(resources) == 255:
        raise Unsupported("more than 255 resource types: import and define fewer", at)
    resources.append(definition)
    return root.table.resource(len(resources) - 1, name.encode())


def lowest(root, item, at):
    """A generator: of the resources that a type, or anything of {name: (sort, type)}, refers to but does not bring in, the
    lowest number; 255 for none. What a type brings in has higher numbers than all that was there before."""
    if isinstance(item, int):
        return root.table.lowest(item)
    if isinstance(item, InstanceType):
        if item.lowest is None:
            found = yield from lowest(root, item.exports, at)
            item.lowest = found if found < item.first else _NONE
        return item.lowest
    if not isinstance(item, dict):
        return item.lowest  # of a component or module type
    found = _NONE
    for name in item:
        if count_comparison(root, at):
            yield
        found = min(found, (yield from lowest(root, item[name][1], at)))
    return found


def room(space, at):
    """Refuses one more item of an index space, or name of an instance, than a board takes."""
    if len(space) == _MAX_DEFINITIONS:
        raise Unsupported(
            "more than %d definitions of one sort: compose fewer components, import less" % _MAX_DEFINITIONS, at
        )


# -- instance types


def instance_type(reader, outer):
    """A generator, as an instance type may be long: the InstanceType."""
    it = InstanceType(reader.at, outer)
    it.exports = yield from declarations(reader, Types(outer, outer.root))
    it.end = len(outer.root.resources)
    return it


def declarations(reader, space, given=None, take=None):
    """A generator: what an instance type exports, {name: (sort, type)}; or what `given` gives for that, {name: (sort, item)}.

    take(name, sort, wanted, at), a generator, gives the items of imports, which only component types have.
    """
    exports = {}
    seen = set()
    imported = {}
    imports = set()
    for i in range(reader.count()):
        at = reader.at
        code = leading(
            reader,
            b"\x00\x01\x02\x04" if take is None else b"\x00\x01\x02\x03\x04",
            "component or instance type declaration",
        )
        if code == 1:
            t = binary.def_type(reader, space)
            if t is None:
                t = yield from long_type(reader, space)
            space.add(TYPE, t, at)
        elif code == 2:
            more = space.alias(reader)
            if more is not None:
                yield from more
        elif code == 0:
            from .coretype import define_core_type

            define_core_type(reader, space)
        else:
            name = binary.extern_name(reader)
            sort, wanted = binary.extern_desc(reader, space)
            if code == 3:
                item = yield from take(name, sort, wanted, at)
                admit("import", imports, imported, name, sort, item, space, at)
            else:
                if given is None:
                    item = wanted
                    if sort == INSTANCE or sort == TYPE and wanted == 0:
                        item = yield from imagine(space.root, sort, wanted, name, at)
                elif name not in given:
                    raise Invalid("missing expected export `%s`" % name, at)
                else:
                    item = yield from fit(space.root, sort, wanted, given[name], name, at)
                admit("export", seen, exports, name, sort, item, space, at)
            if sort == TYPE or sort == INSTANCE:
                space.add(sort, item, at)
        if i & _PAUSE == _PAUSE:
            yield
    return exports


def long_type(reader, space):
    """A generator: the type that comes next, which def_type() left."""
    code = reader.peek()
    if code == 0x42:
        reader.u8()
        return (yield from instance_type(reader, space))
    if code == 0x41:
        from .imagine import component_type

        reader.u8()
        return (yield from component_type(reader, space))
    from .long_types import long_type

    return (yield from long_type(reader, space))


def admit(what, seen, known, name, sort, item, space, at):
    """Puts an import or export into `known`, {name: (sort, item)}, when it may be called so; `seen`: what must be unique."""
    key = labels.check_name(name, at)
    if key in seen:
        raise Invalid("%s name `%s` conflicts with previous name" % (what, name), at)
    room(seen, at)
    if name[0] == "[":
        from .methods import check_annotated

        check_annotated(name, sort, item, space.table, known, at)
    seen.add(key)
    known[name] = (sort, item)


# -- what fits


def imagine_import(root, sort, wanted, name, at):
    """imagine() for an import of a component, which may have the resources that its type has made."""
    if sort == INSTANCE and (wanted.fresh or wanted.first == wanted.end):
        wanted.fresh = False
        return wanted.exports
    return (yield from imagine(root, sort, wanted, name, at))


def imagine(root, sort, wanted, name, at):
    """A generator: an item of the wanted type where there is none. Resources of it are new ones."""
    count_comparison(root, at)
    if sort == TYPE and wanted == 0:
        return new_resource(root, name, None, at)
    if sort != INSTANCE:
        return wanted
    if wanted.first < wanted.end:
        return (yield from declarations(_declared(root, wanted, at), Types(wanted.outer, root)))
    return wanted.exports


def fit(root, sort, wanted, given, name, at):
    """A generator: the item of `given` (sort, item) as one of the wanted type, nothing more of it; Invalid if it is not one."""
    kind, item = given
    count_comparison(root, at)
    if kind != sort:
        raise Invalid("`%s` is a %s, expected %s" % (name, SORTS[kind], SORTS[sort]), at)
    if sort == INSTANCE:
        if not isinstance(wanted, InstanceType):  # a closed one within another
            return (yield from _fit_exports(root, wanted, item, at))
        if wanted.first == wanted.end:
            return (yield from _fit_exports(root, wanted.exports, item, at))
        return (yield from declarations(_declared(root, wanted, at), Types(wanted.outer, root), item))
    if sort == FUNC:
        fits = wanted == (item if isinstance(item, int) else item.t)
    elif sort != TYPE:
        from .imagine import fit_code

        yield from fit_code(root, sort, wanted, item, at)
        return item
    elif wanted == 0:
        fits = root.table.is_resource(item)
    else:
        fits = wanted == item or (yield from _same(root, wanted, item, at))
    if not fits:
        raise Invalid("type mismatch for `%s`" % name, at)
    return item


def _same(root, a, b, at):
    """A generator: whether two types, or {name: (sort, type)}, are the same."""
    if isinstance(a, InstanceType) and isinstance(b, InstanceType):
        if a is b or a.first < a.end or b.first < b.end:
            return a is b
        a = a.exports
        b = b.exports
    if a is b or not isinstance(a, dict) or not isinstance(b, dict):
        return a == b
    if len(a) != len(b):
        return False
    for name in a:
        if count_comparison(root, at):
            yield
        if name not in b or a[name][0] != b[name][0] or not (yield from _same(root, a[name][1], b[name][1], at)):
            return False
    return True


def _fit_exports(root, wanted, given, at):
    exports = {}
    for name in wanted:
        if name not in given:
            raise Invalid("missing expected export `%s`" % name, at)
        sort, t = wanted[name]
        exports[name] = (sort, (yield from fit(root, sort, t, given[name], name, at)))
        if len(exports) & _PAUSE == _PAUSE:
            yield
    return exports


def _declared(root, it, at):
    """A Reader at the declarations of an instance type, to read them again."""
    reader = root.source.reader().fork(it.at)
    count_comparison(root, at, reader.count())
    reader.seek(it.at)
    return reader


def count_comparison(root, at, n=1):
    """Counts `n` items that are compared. Whether it is time for a yield."""
    root.compared += n
    if root.compared > _MAX_COMPARED:
        raise Unsupported("instance types nested too deep or wide: split the interface", at)
    return root.compared & _PAUSE == _PAUSE
