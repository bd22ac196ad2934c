"""The types of a component, each once: equal types are one number.

    type   = 0x73..0x7f, a primitive, or 0x80 + index of an entry here
    entry  = digest(7) depth(1) code(1) align(1) size(2) flat(1) len(2) parts      len: of the descriptor, types.py
    parts  = type(2)*                  record, tuple, list
           | cases(2) payload(1) type(2)*      variant, option, result; type 0: no payload
           | cases(2)                  enum, flags           | resource(1)    own, borrow, resource
           | result(2) type(2)*        func; result 0: none

The digest covers structure and all names: equal digests are equal types, in any component (resources compare by
name). Descriptors of functions are written out when the functions are lifted or lowered; the table goes with the load.
"""

from hashlib import sha256

from micropython import const

from ..wasm.errors import Invalid, Unsupported
from .types import (
    ENUM,
    FLAGS,
    FUNC,
    LIST,
    OPTION,
    OWN,
    RECORD,
    RESOURCE,
    RESULT,
    STRING,
    TUPLE,
    VARIANT,
    align,
    discriminant_size,
    labels_size,
    size,
)

_DIGEST = const(7)
_DEPTH = const(7)
_CODE = const(8)
_ALIGN = const(9)
_SIZE = const(10)
_FLAT = const(12)
_LEN = const(13)
_PARTS = const(15)
_FIRST = const(0x80)
_MAX_LEN = const(4096)  # of one descriptor
_MAX_DEPTH = const(24)  # a lift recurses this deep
_MAX_SIZE = const(0xFFFF)  # of one value, lists and strings not counted


class TypeTable:
    """`at` arguments are the offset in the file that an error names; `names` are lists of str."""

    def __init__(self):
        self.entries = []

    # -- looking at types

    def code(self, t):
        """What a type is: the codes of types.py."""
        return t if t < _FIRST else self.entries[t - _FIRST][_CODE]

    def is_value(self, t):
        """Whether values can have this type."""
        return isinstance(t, int) and self.code(t) not in (FUNC, RESOURCE)

    def is_func(self, t):
        return isinstance(t, int) and self.code(t) == FUNC

    def is_resource(self, t):
        return isinstance(t, int) and self.code(t) == RESOURCE

    def resource_of(self, t):
        """The number of an own, borrow or resource type's resource."""
        return self.entries[t - _FIRST][_PARTS]

    def digest(self, t):
        """Seven bytes that stand for the type in every component."""
        if t < _FIRST:
            return bytes((t, t, t, t, t, t, t))
        return self.entries[t - _FIRST][:_DIGEST]

    # -- making types

    def _add(self, text, depth, code, shape, parts, at):
        """The type of these facts; `text` is what its digest covers, `shape` (align, size, flat, len)."""
        align, size, flat, length = shape
        if depth > _MAX_DEPTH or length > _MAX_LEN or size > _MAX_SIZE:
            raise Unsupported("type too large", at)
        entry = bytearray(sha256(text).digest()[:_DIGEST])
        entry.extend(bytes((depth, code, align, size & 0xFF, size >> 8, min(flat, 255), length & 0xFF, length >> 8)))
        entry.extend(parts)
        entry = bytes(entry)
        try:
            return _FIRST + self.entries.index(entry)
        except ValueError:
            if len(self.entries) == 0x7F00:
                raise Unsupported("more than 32512 types", at)
            self.entries.append(entry)
            return _FIRST + len(self.entries) - 1

    def _shape(self, t):
        """(align, size, flat, len) of a type."""
        if t < _FIRST:
            d = bytes((t,))
            return align(d, 0), size(d, 0), 2 if t == STRING else 1, 1
        e = self.entries[t - _FIRST]
        return e[_ALIGN], e[_SIZE] | e[_SIZE + 1] << 8, e[_FLAT], e[_LEN] | e[_LEN + 1] << 8

    def _depth(self, t):
        return 0 if t < _FIRST else self.entries[t - _FIRST][_DEPTH]

    def _record_shape(self, fields):
        offset = flat = 0
        widest = 1
        length = 7
        for t in fields:
            step, bytes_, values, more = self._shape(t)
            widest = max(widest, step)
            offset = (offset + step - 1 & -step) + bytes_
            flat += values
            length += more
        return widest, offset + widest - 1 & -widest, flat, length

    def resource(self, number, name):
        """The resource type `number`, which imports call `name`."""
        return self._add(b"\x3f" + name.encode(), 0, RESOURCE, (4, 4, 1, 2), bytes((number,)), 0)

    def handle(self, resource, code=OWN, at=0):
        """own (or by its code, borrow) of a resource type."""
        text = bytes((code,)) + self.digest(resource)
        return self._add(text, 0, code, (4, 4, 1, 2), bytes((self.resource_of(resource),)), at)

    def list_(self, element, at=0):
        shape = (4, 8, 2, 3 + self._shape(element)[3])
        text = b"\x70" + self.digest(element)
        return self._add(text, self._depth(element) + 1, LIST, shape, bytes((element & 0xFF, element >> 8)), at)

    def record(self, names, fields, at=0):
        """A record, or a tuple when `names` is None."""
        if not fields:
            what = (
                "tuple type must have at least one type"
                if names is None
                else "record type must have at least one field"
            )
            raise Invalid(what, at)
        text, parts, depth = self._gather(RECORD if names else TUPLE, names, fields)
        return self._add(text, depth + 1, RECORD, self._record_shape(fields), parts, at)

    def variant(self, names, cases, code=VARIANT, at=0):
        """A variant; a case of type 0 has no payload."""
        count = len(cases)
        if not count:
            raise Invalid("variant type must have at least one case", at)
        if count > _MAX_LEN:
            raise Unsupported("variant type of %d cases" % count, at)
        text, parts, depth = self._gather(code, names, cases)
        tag = widest = discriminant_size(count)
        largest = flat = 0
        length = 10
        for t in cases:
            if t:
                step, bytes_, values, more = self._shape(t)
                widest = max(widest, step)
                largest = max(largest, bytes_)
                flat = max(flat, values)
                length += more
            else:
                length += 1
        payload = tag + widest - 1 & -widest
        shape = (widest, payload + largest + widest - 1 & -widest, 1 + flat, length)
        return self._add(text, depth + 1, code, shape, bytes((count & 0xFF, count >> 8, payload)) + parts, at)

    def option(self, some, at=0):
        return self.variant(None, (0, some), OPTION, at)

    def result(self, ok, error, at=0):
        return self.variant(None, (ok, error), RESULT, at)

    def labels(self, names, code, at=0):
        """An enum or flags type."""
        count = len(names)
        if not count:
            raise Invalid(
                "enum type must have at least one variant" if code == ENUM else "flags must have at least one entry", at
            )
        if code == FLAGS and count > 32:
            raise Invalid("cannot have more than 32 flags", at)
        if count > 0xFFFF:
            raise Unsupported("enum type of %d cases" % count, at)
        text = self._gather(code, names, ())[0]
        width = labels_size(code, count)
        return self._add(text, 0, code, (width, width, 1, 3), bytes((count & 0xFF, count >> 8)), at)

    def func(self, names, params, result, at=0):
        """A func type; result 0 for none."""
        text, parts, depth = self._gather(FUNC, names, params)
        length = self._record_shape(params)[3] + 4
        if result:
            text.append(RESULT)
            text.extend(self.digest(result))
            depth = max(depth, self._depth(result))
            length += self._shape(result)[3]
        return self._add(text, depth, FUNC, (1, 0, 0, length), bytes((result & 0xFF, result >> 8)) + parts, at)

    def _gather(self, code, names, children):
        """(text for the digest, children as parts, greatest depth); names None: the children have none."""
        text = bytearray((code,))
        parts = bytearray()
        depth = 0
        for i in range(len(names if names else children)):
            if names:
                name = names[i].encode()
                text.append(len(name) & 0xFF)
                text.extend(name)
            if children:
                t = children[i]
                parts.append(t & 0xFF)
                parts.append(t >> 8)
                if t:
                    text.extend(self.digest(t))
                    depth = max(depth, self._depth(t))
                else:
                    text.append(0)
        return text, parts, depth

    # -- writing descriptors

    def descriptor(self, t):
        """The descriptor of a type, as bytes."""
        out = bytearray()
        if self.code(t) == FUNC:
            self._write_func(t, out)
        else:
            self._write(t, out)
        return bytes(out)

    def _write_func(self, t, out):
        entry = self.entries[t - _FIRST]
        result = entry[_PARTS] | entry[_PARTS + 1] << 8
        params = _types(entry, _PARTS + 2)
        out.extend(bytes((FUNC, entry[_LEN], entry[_LEN + 1], 1 if result else 0)))
        _head(RECORD, self._record_shape(params), out)
        for child in params:
            self._write(child, out)
        if result:
            self._write(result, out)

    def _write(self, t, out):
        if t < _FIRST:  # a primitive, or 0: no payload
            out.append(t)
            return
        entry = self.entries[t - _FIRST]
        code = entry[_CODE]
        if code == LIST:
            out.extend(bytes((LIST, entry[_LEN], entry[_LEN + 1])))
            at = _PARTS
        elif code == RECORD:
            _head(code, self._shape(t), out)
            at = _PARTS
        elif code == VARIANT or code == OPTION or code == RESULT:
            _head(code, self._shape(t), out)
            at = _PARTS + 3
            out.extend(entry[_PARTS:at])
        else:
            out.append(code)
            out.extend(entry[_PARTS:])
            return
        for child in _types(entry, at):
            self._write(child, out)


def _types(entry, at):
    return [entry[i] | entry[i + 1] << 8 for i in range(at, len(entry), 2)]


def _head(code, shape, out):
    align, size, flat, length = shape
    out.extend(bytes((code, length & 0xFF, length >> 8, align, size & 0xFF, size >> 8, min(flat, 255))))
