"""Core types in a component: function types and module types (component model, Binary.md, "Type Definitions").

An extern type is a pair (kind, type), as in wasm/types.py:

    function    (params, results), bytes of value types     table     (reftype, min, max or None)
    memory      (min, max or None, s): pages of 1 << s       global    (valtype, mutable)

Imported by its first use: tools do not write core types.
"""

from ..wasm.errors import Invalid, Malformed, Unsupported
from ..wasm.types import FUNC, GLOBAL, MEMORY, TABLE, functype, global_type, memory_type, table_type
from .binary import CORE_TYPE, leading

_KINDS = ("function", "table", "memory", "global")


class ModuleType:
    """imports {(module, name): extern type}, exports {name: extern type}. Like other types, with space.lowest's number."""

    lowest = 255  # no resource is in a core type

    def __init__(self):
        self.imports = {}
        self.exports = {}


class Extern:
    """What a core module that is not instantiated would export."""

    def __init__(self, kind, type):
        self.kind = kind
        self.type = type


def define_core_type(reader, space):
    """Appends the core type that comes next."""
    at = reader.at
    if reader.peek() == 0x50:
        reader.u8()
        space.add(CORE_TYPE, _module_type(reader, space), at)
    else:
        space.add(CORE_TYPE, _function_type(reader), at)


def _function_type(reader):
    at = reader.at
    form = reader.u8()
    if form == 0 or 0x4E <= form <= 0x4F or form == 0x5E or form == 0x5F:
        raise Unsupported("GC types (core type form 0x%x): compile without" % form, at)
    if form == 0x50:
        raise Invalid("invalid leading byte (0x50) for core type: no module type within a module type", at)
    if form != 0x60:
        raise Malformed("invalid leading byte (0x%x) for core type" % form, at)
    return functype(reader)


def _module_type(reader, outer):
    t = ModuleType()
    types = []
    for _ in range(reader.count()):
        at = reader.at
        code = leading(reader, b"\x00\x01\x02\x03", "type definition")
        if code == 1:
            types.append(_function_type(reader))
        elif code == 2:
            types.append(_outer_type(reader, outer, types, at))
        elif code == 0:
            name = (reader.name(), reader.name())
            _add_import(t, name, _extern_type(reader, types), at)
        else:
            name = reader.name()
            if name in t.exports:
                raise Invalid("export name `%s` already defined" % name, at)
            t.exports[name] = _extern_type(reader, types)
    return t


def _add_import(t, name, extern, at):
    if name in t.imports:
        raise Invalid("duplicate import name `%s:%s`" % name, at)
    t.imports[name] = extern


def _outer_type(reader, space, types, at):
    leading(reader, b"\x10", "outer alias kind")
    leading(reader, b"\x01", "outer alias target")
    count = reader.u32()
    index = reader.u32()
    for _ in range(count - 1):
        space = space.parent
        if space is None:
            raise Invalid("invalid outer alias count of %d" % count, at)
    if count:
        found = space.item(CORE_TYPE, index, at)
        if isinstance(found, ModuleType):
            raise Invalid("core type %d is a module type: no module type within a module type" % index, at)
        return found
    return _type(types, index, at)


def _type(types, index, at):
    if index >= len(types):
        raise Invalid("unknown type %d: type index out of bounds" % index, at)
    return types[index]


def _extern_type(reader, types):
    at = reader.at
    kind = reader.u8()
    if kind == FUNC:
        return FUNC, _type(types, reader.u32(), at)
    if kind == TABLE:
        return TABLE, table_type(reader)
    if kind == MEMORY:
        return MEMORY, memory_type(reader)
    if kind == GLOBAL:
        return GLOBAL, global_type(reader)
    if kind == 4:
        raise Unsupported("tag (exceptions): compile without", at)
    raise Malformed("invalid leading byte (0x%x) for external kind" % kind, at)


def of_module(module):
    """The ModuleType of a decoded Module. Two imports of one name, which a component may not have: Invalid."""
    t = ModuleType()
    for name, field, kind, extern in module.imports:
        _add_import(t, (name, field), (kind, module.types[extern] if kind == FUNC else extern), module.offset)
    for name in module.exports:
        kind = module.exports[name] & 3
        index = module.exports[name] >> 2
        if kind == FUNC:
            extern = module.types[module.functions[index]]
        else:
            extern = (module.tables, module.memories, module.globals)[kind - 1][index]
        t.exports[name] = (kind, extern)
    return t


def fit_module(wanted, given, at):
    """Raises Invalid unless a module of type `given` may stand for one of type `wanted`: import less, export more."""
    for name in given.imports:
        if name not in wanted.imports:
            raise Invalid("missing expected import `%s::%s`" % name, at)
        expect(given.imports[name], *wanted.imports[name], "import `%s::%s`" % name, at)
    for name in wanted.exports:
        if name not in given.exports:
            raise Invalid("missing expected export `%s`" % name, at)
        expect(wanted.exports[name], *given.exports[name], "export `%s`" % name, at)


def expect(extern, kind, given, what, at):
    """Raises Invalid unless (kind, given) matches the extern type (core specification, import matching)."""
    if kind != extern[0]:
        raise Invalid("type mismatch in %s: expected %s, found %s" % (what, _KINDS[extern[0]], _KINDS[kind]), at)
    wanted = extern[1]
    if kind == FUNC or kind == GLOBAL:
        fits = bytes_of(wanted) == bytes_of(given)
    elif kind == TABLE:
        fits = wanted[0] == given[0] and _limits(wanted[1], wanted[2], given[1], given[2])
    else:
        fits = wanted[2] == given[2] and _limits(wanted[0], wanted[1], given[0], given[1])
    if not fits:
        raise Invalid("type mismatch in %s" % what, at)


def bytes_of(pair):
    """A type of two parts, each bytes or a number, to be compared: some are views."""
    return tuple([part if isinstance(part, int) else bytes(part) for part in pair])


def _limits(least, most, given_least, given_most):
    return given_least >= least and (most is None or given_most is not None and given_most <= most)
