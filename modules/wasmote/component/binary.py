"""Reading what component sections are made of (component model, Binary.md): types, names, descriptions, options.

Each function reads one production from a wasm Reader, in file order, and looks type indices up in a Types space
(space.py). What comes out is a type of table.py. What this board does not take is Unsupported, by name: async and
its types, values.
"""

from micropython import const

from ..wasm.errors import Invalid, Malformed, Unsupported
from . import labels as labelling

try:
    from .parts_viper import parts
except ImportError:  # CPython, or a port without a native emitter
    parts = None

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

# by sort; a tuple stays in flash
SORTS = (
    "", "function", "value", "type", "component", "instance", "", "", "", "", "", "", "", "", "", "",
    "core function", "core table", "core memory", "core global", "", "", "", "", "", "", "", "", "", "", "", "",
    "core type", "module", "core instance",
)  # fmt: skip

# Codes of types, those of types.py: const of its own, as they are compared for every definition.
_STRING = const(0x73)
_BOOL = const(0x7F)
_RECORD = const(0x72)
_VARIANT = const(0x71)
_LIST = const(0x70)
_TUPLE = const(0x6F)
_FLAGS = const(0x6E)
_ENUM = const(0x6D)
_OPTION = const(0x6B)
_RESULT = const(0x6A)
_OWN = const(0x69)
_BORROW = const(0x68)
_FUNC_TYPE = const(0x40)
_COMPONENT_TYPE = const(0x41)
_INSTANCE_TYPE = const(0x42)
_RESOURCE = const(0x3F)
_MAX_SECTIONS = const(1000)
_MANY = const(32)  # parts of a type that are read in one step, as many as parts_viper.py reads
_MAX_NAME = const(255)  # bytes: names of exports are kept
_ENCODINGS = ("utf8", "utf16", "latin1-utf16")


def sections(reader):
    """Yields (at, code) of each section of the component in reader's range, which is the section's until the next one.

    One Reader for all: another would have to take the window over. It may be left anywhere in the section.
    """
    preamble(reader)
    end = reader.end
    count = 0
    while reader.at < end:
        at = reader.at
        if count == _MAX_SECTIONS:
            raise Unsupported("more than %d sections: compose fewer components" % _MAX_SECTIONS, at)
        count += 1
        code = reader.u8()
        size_at = reader.at
        size = reader.u32()
        stop = reader.at + size
        if stop > end:
            raise Malformed("length out of bounds", size_at)
        reader.narrow(stop)
        yield at, code
        reader.narrow(end)
        if reader.at != stop:
            reader.seek(stop)


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
    if code >= len(SORTS) or not SORTS[code]:
        raise Malformed("invalid leading byte (0x%x) for %s" % (code & 0x0F if code >= 0x10 else code, what), at)
    return code


def label(reader):
    """The name of a field, case or parameter as table.py wants it: its length, then its bytes."""
    at = reader.at
    n = reader.u8()
    if n < 0x80:
        reader.at = at
        return reader.bytes(n + 1)
    reader.seek(at)
    n = reader.u32()
    if n >= 0x80:
        raise Unsupported("name of %d bytes: 127 are most" % n, at)
    return bytes((n,)) + reader.bytes(n)


def _labelled(reader, space, kind, what):
    """A vector of parts with labels, checked: (labels in one piece, [type]). `kind`: 0 for types, 1 for cases.

    2 for labels alone: (labels, how many). None if they are too many for one step: the reader is back at the type.
    """
    found = _parts(reader, space, kind)
    if found:
        return found
    at = reader.at
    if reader.peek() > _MANY:
        reader.seek(at - 1)
        return None
    count = reader.u32()
    labels, types = some_parts(reader, space, kind, count)
    check_labels(labels, what, at)
    return labels, types if kind < 2 else count


def some_parts(reader, space, kind, count):
    """The next parts: (labels in one piece, [type]). `kind` as for _labelled(), or 3 for types without labels."""
    labels = []
    types = []
    for _ in range(count):
        if kind != 3:
            labels.append(label(reader))
        if kind == 1:
            types.append(optional_val_type(reader, space))
            leading(reader, b"\x00", "zero byte required")
        elif kind != 2:
            types.append(val_type(reader, space))
    return b"".join(labels), types


def _parts(reader, space, kind):
    """The same as _labelled(), by parts_viper.py: None if that does not read it."""
    if parts is None:
        return None
    reader.peek()  # is in the window now
    at = reader.at & 511
    found, out = space.table.read
    end = parts(reader.window, at, at + reader.stop - reader.at, kind, found, out)
    if end < 0:
        return None
    count = out[1]
    types = []
    if kind < 2:
        all_types = space.types
        for i in range(2, count + 2):
            t = out[i]
            if t >= 0x100:
                if t - 0x100 >= len(all_types):
                    return None
                t = all_types[t - 0x100]
                if not space.table.is_value(t):
                    return None
            types.append(t)
    reader.at += end - at
    found = bytes(memoryview(found)[: out[0]])
    return found, types if kind < 2 else count


def check_labels(found, what, at, seen=None):
    """Refuses labels that are not in kebab case, or not unique. `seen`: as for labels.check_labels()."""
    if max(found or b"a") >= 0x80 and not is_utf8_labels(found):
        raise Malformed("malformed UTF-8 encoding", at)
    labelling.check_labels(found, what, at, seen)


def is_utf8_labels(found):
    from ..wasm.reader import is_utf8

    p = 0
    while p < len(found):
        n = found[p]
        if not is_utf8(found[p + 1 : p + 1 + n]):
            return False
        p += 1 + n
    return True


def extern_name(reader):
    """The name of an import or export. Its grammar is looked at where it is known what it names: labels.check_name()."""
    at = reader.at
    kind = leading(reader, b"\x00\x01\x02", "component name")
    name = reader.name()
    if len(name) > _MAX_NAME:
        raise Unsupported("import or export name of %d characters: 255 are most" % len(name), at)
    if kind == 2:
        _attributes(reader)
    return name


def _attributes(reader):
    """What a name says besides: a version suffix and an external id mean nothing here."""
    seen = 0
    for _ in range(reader.count()):
        at = reader.at
        kind = leading(reader, b"\x00\x01\x02", "name option")
        what = ("implements", "versionsuffix", "external-id")[kind]
        if seen & 1 << kind:
            raise Invalid("duplicate '%s' option in name" % what, at)
        seen |= 1 << kind
        reader.name()
    if seen & 1:
        raise Unsupported("import or export name with `implements`: use the name of the interface", at)


def extern_desc(reader, space):
    """What an import, or an export of a type, is: (sort, its type). The type is 0 for `sub resource`: any resource."""
    at = reader.at
    code = reader.u8()
    if code == FUNC:
        return FUNC, space.func_type(reader.u32(), at)
    if code == INSTANCE:
        return INSTANCE, space.instance_type(reader.u32(), at)
    if code == TYPE:
        if leading(reader, b"\x00\x01", "type bound"):
            return TYPE, 0
        return TYPE, space.type(reader.u32(), at)
    if code == CORE:
        leading(reader, b"\x11", "component external kind")
        return CORE_MODULE, space.module_type(reader.u32(), at)
    if code == COMPONENT:
        return COMPONENT, space.component_type(reader.u32(), at)
    if code == VALUE:
        raise Unsupported("value import or export: leave values out", at)
    raise Malformed("invalid leading byte (0x%x) for component external kind" % code, at)


def skip_extern_desc(reader):
    """Reads past an extern_desc, types not looked up. Returns its sort."""
    code = leading(reader, b"\x00\x01\x02\x03\x04\x05", "component external kind")
    if code == CORE:
        leading(reader, b"\x11", "component external kind")
        reader.u32()
    elif code == TYPE or code == VALUE:
        if leading(reader, b"\x00\x01", "type bound") == (1 if code == VALUE else 0):
            reader.s33()
    else:
        reader.u32()
    return code


def val_type(reader, space):
    """A value type: a primitive, or an index."""
    code = reader.u8()
    if _STRING <= code <= _BOOL:
        return code
    at = reader.at - 1
    if code >= 0x40:
        code = _long_index(reader, code, at)
    if code >= len(space.types):
        space.type(code, at)  # raises
    t = space.types[code]
    if not space.table.is_value(t):
        raise Invalid("type index %d is not a defined type" % code, at)
    return t


def _long_index(reader, code, at):
    """A type index of more than 6 bits, `code` being its first byte; it is signed."""
    if code >= 0x80 and reader.peek() < 0x40:
        return code & 0x7F | reader.u8() << 7
    reader.seek(at)
    code = reader.s33()
    if code < 0:
        _refuse_type(code & 0x7F if code >= -64 else 0, "component value type", at)
    return code


def optional_val_type(reader, space):
    return val_type(reader, space) if leading(reader, b"\x00\x01", "optional type") else 0


def def_type(reader, space):
    """A defined type, function type or resource type; None where one comes next that needs more than one step."""
    table = space.table
    at = reader.at
    code = reader.u8()
    if code == _RECORD:
        parts = _labelled(reader, space, 0, "record field")
        return parts and table.record(*parts, at)
    if code == _OPTION:
        return table.option(val_type(reader, space), at)
    if code == _FUNC_TYPE:
        parts = _labelled(reader, space, 0, "function parameter")
        return parts and function_type(reader, space, *parts, at)
    if code == _RESULT:
        ok = optional_val_type(reader, space)
        return table.result(ok, optional_val_type(reader, space), at)
    if code == _LIST:
        return table.list_(val_type(reader, space), at)
    if code == _VARIANT:
        parts = _labelled(reader, space, 1, "variant case")
        return parts and table.variant(*parts, at)
    if code == _ENUM or code == _FLAGS:
        parts = _labelled(reader, space, 2, "enum tag" if code == _ENUM else "flag")
        return parts and table.labels(*parts, code, at)
    if _STRING <= code <= _BOOL:
        return code
    if code == _TUPLE and reader.peek() <= _MANY:
        return table.record(None, some_parts(reader, space, 3, reader.count())[1], at)
    if code == _OWN or code == _BORROW:
        return table.handle(space.resource_type(reader.u32(), at), code, at)
    if code == _INSTANCE_TYPE or code == _COMPONENT_TYPE or code == _TUPLE:
        reader.seek(at)
        return None
    if code == _RESOURCE:
        return space.define_resource(reader, at)
    _refuse_type(code, "component defined type", at)


def function_type(reader, space, labels, params, at):
    """A function type of these parameters; its result comes next."""
    result = 0
    if leading(reader, b"\x00\x01", "component function results"):
        leading(reader, b"\x00", "number of results")
    else:
        result = val_type(reader, space)
    return space.table.func(labels, params, result, at)


def _refuse_type(code, what, at):
    from .later import refuse_type

    refuse_type(code, what, at)


def canon_options(reader):
    """(memory, realloc, post-return, string encoding): core indices, None where not given; the encoding 0, 1 or 2."""
    given = [None] * 6
    encoding = None
    for _ in range(reader.count()):
        at = reader.at
        code = leading(reader, b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09", "canonical option")
        if code > 5:
            from .later import OPTIONS

            raise Unsupported("canonical option %s: build for WASI 0.2" % OPTIONS[code - 6], at)
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
