"""Reading what component sections are made of (component model, Binary.md): types, names, descriptions, options.

Each function reads one production from a wasm Reader, in file order, and looks type indices up in a Types space. What
comes out is a type of table.py, or an InstanceType. What this board does not take is Unsupported, by name: async and
its types, component types, core types, values.
"""

from micropython import const

from ..wasm.errors import Invalid, Malformed, Unsupported
from ..wasm.reader import is_utf8
from . import types
from .types import BOOL, STRING

CORE = const(0)  # sorts
FUNC = const(1)
VALUE = const(2)
TYPE = const(3)
COMPONENT = const(4)
INSTANCE = const(5)
CORE_FUNC = const(0x10)  # core sorts, here with 0x10 added
CORE_TABLE = const(0x11)
CORE_MEMORY = const(0x12)
CORE_GLOBAL = const(0x13)
CORE_TYPE = const(0x20)
CORE_MODULE = const(0x21)
CORE_INSTANCE = const(0x22)

SORTS = {
    FUNC: "function", VALUE: "value", TYPE: "type", COMPONENT: "component", INSTANCE: "instance",
    CORE_FUNC: "core function", CORE_TABLE: "core table", CORE_MEMORY: "core memory", CORE_GLOBAL: "core global",
    CORE_TYPE: "core type", CORE_MODULE: "module", CORE_INSTANCE: "core instance",
}  # fmt: skip

_LATER = {
    0x41: "component type",
    0x43: "async function type",
    0x63: "map type",
    0x64: "error-context type",
    0x65: "future type",
    0x66: "stream type",
    0x67: "fixed-length list type",
}
_MAX_DEFINITIONS = const(1000)  # of one sort in one component, and in one instance
_MAX_NAME = const(255)  # bytes: names of exports are kept
_OPTIONS = {6: "async", 7: "async callback", 8: "core-type option", 9: "gc option"}
_ENCODINGS = ("utf8", "utf16", "latin1-utf16")


class InstanceType:
    """exports {name: (sort, type)}; for sort instance the type is an InstanceType."""

    def __init__(self):
        self.exports = {}


class Types:
    """A type index space. `parent` is the enclosing one; `root` the Component, with its table and its resources."""

    def __init__(self, parent, root):
        self.parent = parent
        self.root = root
        self.table = root.table
        self.types = []

    def define(self, space, item, at):
        """Appends to an index space. A definition may be two bytes of the file and many more of the heap."""
        room(space, at)
        space.append(item)

    def type(self, index, at):
        if index >= len(self.types):
            raise Invalid("unknown type %d: type index out of bounds" % index, at)
        return self.types[index]

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

    def outer(self, count, at):
        """The space `count` levels out."""
        space = self
        for _ in range(count):
            space = space.parent
            if space is None:
                raise Invalid("invalid outer alias count of %d" % count, at)
        return space

    def new_resource(self, name, at):
        """A resource type that an import or instance type brings in."""
        resources = self.root.resources
        if len(resources) == 255:
            raise Unsupported("more than 255 resource types", at)
        resources.append(None)
        return self.table.resource(len(resources) - 1, name.encode())


def room(space, at):
    """Refuses one more item of an index space, or name of an instance, than a board takes."""
    if len(space) == _MAX_DEFINITIONS:
        raise Unsupported("more than %d definitions of one sort" % _MAX_DEFINITIONS, at)


def sections(reader):
    """Yields (at, code, Reader) of each section of the component in reader's range."""
    preamble(reader)
    count = 0
    while reader.at < reader.end:
        at = reader.at
        if count == _MAX_DEFINITIONS:
            raise Unsupported("more than %d sections" % _MAX_DEFINITIONS, at)
        count += 1
        code = reader.u8()
        yield at, code, reader.sized()


def preamble(reader):
    """The first eight bytes of a component."""
    at = reader.at
    if reader.bytes(4) != b"\0asm":
        raise Malformed("magic header not detected: not a WebAssembly file", at)
    version = reader.bytes(4)
    if version == b"\x01\0\0\0":
        raise Malformed(
            "expected a version header for a component, found a core module (see wasm-tools component new)", at + 4
        )
    if version != b"\x0d\0\x01\0":
        raise Malformed("unknown binary version", at + 4)


def leading(reader, allowed, what):
    """A byte that must be one of `allowed`."""
    at = reader.at
    byte = reader.u8()
    if byte not in allowed:
        raise Malformed("invalid leading byte (0x%x) for %s" % (byte, what), at)
    return byte


def sort(reader, what):
    """A sort as one number: core sorts with 0x10 added."""
    at = reader.at
    code = reader.u8()
    if code == CORE:
        code = 0x10 + reader.u8()
    if code not in SORTS:
        raise Malformed("invalid leading byte (0x%x) for %s" % (code & 0x0F if code >= 0x10 else code, what), at)
    return code


def label(reader):
    """The name of a field, case or parameter as table.py wants it: its length, then its bytes."""
    n = reader.peek()
    if n < 0x80:
        return reader.bytes(n + 1)
    n = reader.u32()
    if n >= 0x80:
        raise Unsupported("name of %d bytes" % n, reader.at)
    return bytes((n,)) + reader.bytes(n)


def labels(reader):
    """A vector of labels, in one piece: (how many, their bytes)."""
    count = reader.count()
    start = reader.at
    for _ in range(count):
        at = reader.at
        n = reader.u32()
        if n >= 0x80:
            raise Unsupported("name of %d bytes" % n, at)
        if reader.at - at > 1:
            raise Unsupported("name length of more than one byte", at)
        reader.skip(n)
    end = reader.at
    return count, reader.fork(start, end).bytes(end - start)


def check_labels(names, at):
    """Labels are ASCII. (That they are in kebab case and different is not looked at yet.)"""
    try:
        if len(str(names, "utf-8")) == len(names):
            return
    except UnicodeError:
        pass
    if is_utf8(names):
        raise Invalid("name is not in kebab case", at)
    raise Malformed("malformed UTF-8 encoding", at)


def extern_name(reader):
    """The name of an import or export."""
    at = reader.at
    if leading(reader, b"\x00\x01\x02", "extern name") == 2:
        raise Unsupported("import or export name with attributes", at)
    name = reader.name()
    if len(name) > _MAX_NAME:
        raise Unsupported("import or export name of %d characters" % len(name), at)
    return name


def extern_desc(reader, space, name):
    """What an import, or an export of an instance type, is: (sort, its type).

    For a type that is `eq` this is the type itself; a `sub resource` becomes a new resource type called `name`.
    """
    at = reader.at
    code = reader.u8()
    if code == FUNC:
        return FUNC, space.func_type(reader.u32(), at)
    if code == INSTANCE:
        return INSTANCE, space.instance_type(reader.u32(), at)
    if code == TYPE:
        if leading(reader, b"\x00\x01", "type bound"):
            return TYPE, space.new_resource(name, at)
        return TYPE, space.type(reader.u32(), at)
    if code == CORE:
        leading(reader, b"\x11", "external kind")
        raise Unsupported("import or export of a core module type", at)
    if code == VALUE:
        raise Unsupported("value import or export", at)
    if code == COMPONENT:
        raise Unsupported("import or export of a component type", at)
    raise Malformed("invalid leading byte (0x%x) for component external kind" % code, at)


def skip_extern_desc(reader):
    """Reads past an extern_desc, types not looked up. Returns its sort."""
    code = leading(reader, b"\x00\x01\x02\x03\x04\x05", "component external kind")
    if code == CORE:
        leading(reader, b"\x11", "external kind")
        reader.u32()
    elif code == TYPE or code == VALUE:
        if leading(reader, b"\x00\x01", "type bound") == (1 if code == VALUE else 0):
            reader.s33()
    else:
        reader.u32()
    return code


def val_type(reader, space):
    """A value type: a primitive, or an index."""
    at = reader.at
    code = reader.u8()
    if STRING <= code <= BOOL:
        return code
    if code >= 0x40:
        reader.seek(at)
        code = reader.s33()
        if code < 0:
            if code & 0x7F in _LATER and code >= -64:
                raise Unsupported(_LATER[code & 0x7F], at)
            raise Malformed("invalid leading byte (0x%x) for component value type" % (code & 0x7F), at)
    t = space.type(code, at)
    if not space.table.is_value(t):
        raise Invalid("type index %d is not a defined type" % code, at)
    return t


def optional_val_type(reader, space):
    return val_type(reader, space) if leading(reader, b"\x00\x01", "optional type") else 0


def def_type(reader, space):
    """A defined type or function type; None for an instance type, whose declarations come next."""
    table = space.table
    at = reader.at
    code = reader.u8()
    if types.STRING <= code <= types.BOOL:
        return code
    if code == types.RECORD:
        return table.record(*_labelled(reader, space), at)
    if code == types.OPTION:
        return table.option(val_type(reader, space), at)
    if code == types.LIST:
        return table.list_(val_type(reader, space), at)
    if code == types.RESULT:
        ok = optional_val_type(reader, space)
        return table.result(ok, optional_val_type(reader, space), at)
    if code == types.FUNC:
        return _func_type(reader, space, at)
    if code == types.VARIANT:
        return _variant(reader, space, at)
    if code == types.ENUM or code == types.FLAGS:
        count, names = labels(reader)
        check_labels(names, at)
        return table.labels(count, names, code, at)
    if code == types.TUPLE:
        return table.record(None, [val_type(reader, space) for _ in range(reader.count())], at)
    if code == types.OWN or code == types.BORROW:
        return table.handle(space.resource_type(reader.u32(), at), code, at)
    if code == 0x42:
        return None
    if code == types.RESOURCE:  # instance.py takes it where a component has one
        raise Invalid("resources can only be defined within a concrete component", at)
    if code in _LATER:
        raise Unsupported(_LATER[code], at)
    raise Malformed("invalid leading byte (0x%x) for component defined type" % code, at)


def _labelled(reader, space):
    """vec(name, valtype): ([name], [type])."""
    at = reader.at
    names = []
    found = []
    for _ in range(reader.count()):
        names.append(label(reader))
        found.append(val_type(reader, space))
    check_labels(b"".join(names), at)
    return names, found


def _func_type(reader, space, at):
    names, params = _labelled(reader, space)
    if leading(reader, b"\x00\x01", "component function results"):
        leading(reader, b"\x00", "number of results")
        return space.table.func(names, params, 0, at)
    return space.table.func(names, params, val_type(reader, space), at)


def _variant(reader, space, at):
    names = []
    cases = []
    for _ in range(reader.count()):
        names.append(label(reader))
        cases.append(optional_val_type(reader, space))
        leading(reader, b"\x00", "zero byte required")
    check_labels(b"".join(names), at)
    return space.table.variant(names, cases, types.VARIANT, at)


def instance_type(reader, outer):
    """A generator, as an instance type may be long: the InstanceType."""
    space = Types(outer, outer.root)
    it = InstanceType()
    for _ in range(reader.count()):
        at = reader.at
        code = leading(reader, b"\x00\x01\x02\x04", "component or instance type declaration")
        if code == 1:
            t = def_type(reader, space)
            if t is None:
                t = yield from instance_type(reader, space)
            space.define(space.types, t, at)
        elif code == 4:
            name = extern_name(reader)
            item = extern_desc(reader, space, name)
            if name in it.exports:
                raise Invalid("export name `%s` conflicts with previous name" % name, at)
            room(it.exports, at)
            it.exports[name] = item
            if item[0] == TYPE:
                space.define(space.types, item[1], at)
        elif code == 2:
            if sort(reader, "alias") != TYPE or reader.u8() != 2:
                raise Unsupported("alias other than of an outer type in an instance type", at)
            space.define(space.types, outer_type(reader, space), at)
        else:
            raise Unsupported("core type", at)
        yield
    return it


def outer_type(reader, space):
    at = reader.at
    outer = space.outer(reader.u32(), at)
    return outer.type(reader.u32(), at)


def canon_options(reader):
    """(memory, realloc, post-return, string encoding): core indices, None where not given; the encoding 0, 1 or 2."""
    given = [None] * 6
    encoding = None
    for _ in range(reader.count()):
        at = reader.at
        code = leading(reader, b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09", "canonical option")
        if code in _OPTIONS:
            raise Unsupported(_OPTIONS[code], at)
        if code < 3:
            if encoding is not None:
                names = _ENCODINGS[encoding], _ENCODINGS[code]
                raise Invalid("canonical encoding option `%s` conflicts with option `%s`" % names, at)
            encoding = code
            continue
        if given[code] is not None:
            raise Invalid("canonical option is specified more than once", at)
        given[code] = reader.u32()
    return given[3], given[4], given[5], encoding or 0
