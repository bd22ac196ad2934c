"""The types of a component, each once: equal types are one number.

    type   = 0x73..0x7f, a primitive, or 0x80 + index of an entry here
    entry  = digest(7) depth(1) code(1) len(2) align(1) size(2) flat(1) more type(2)*
    more   = cases(2) payload(1) of a variant, option or result | cases(2) of an enum or flags
           | resource(1) of own, borrow and resource | results(1) result(2) of a func, results + 2 if it has a self

The columns are those of the descriptor (types.py); a func has its params' align, size and flat. Type 0 is a case
without payload, or no result. The digest covers structure and all names: equal digests are equal types, in any
component (resources compare by name there; two of one name are two types here). Descriptors of functions are written out when the functions are lifted or
lowered; the table goes with the load. Names are bytes, each after one with its length. `at` is the offset in the file
that an error names.
"""

import struct
from array import array
from hashlib import sha256

from micropython import const

from ..wasm.errors import Invalid, Unsupported
from .types import (
    BOOL,
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
    flat_count,
    labels_size,
    size,
)

_DIGEST = const(7)
_DEPTH = const(7)
_CODE = const(8)
_MORE = const(15)
_SHAPE = "<BBHBHB"  # depth, code, len, align, size, flat
_FIRST = const(0x80)
_MAX_LEN = const(4096)  # of one descriptor
_MAX_DEPTH = const(16)  # a lift recurses this deep; wasi:mcp needs 10
_MAX_SIZE = const(0xFFFF)  # of one value, lists and strings not counted


class TypeTable:
    """The types of one component, made from its definitions in file order."""

    def __init__(self):
        self.entries = []
        self.borrows = False  # any type is a borrow

    # -- looking at types

    def code(self, t):
        """What a type is: the codes of types.py."""
        return t if t < _FIRST else self.entries[t - _FIRST][_CODE]

    def is_value(self, t):
        """Whether values can have this type."""
        if not isinstance(t, int):
            return False
        if t < _FIRST:
            return True
        code = self.entries[t - _FIRST][_CODE]
        return code != FUNC and code != RESOURCE

    def is_func(self, t):
        return isinstance(t, int) and self.code(t) == FUNC

    def is_resource(self, t):
        return isinstance(t, int) and self.code(t) == RESOURCE

    def resource_of(self, t):
        """The number of an own, borrow or resource type's resource."""
        return self.entries[t - _FIRST][_MORE]

    def mentions(self, t, codes, first=0, end=0):
        """Whether a type is of one of these codes, or has a part that is. Resources first:end do not count."""
        if t < _FIRST:
            return False
        entry = self.entries[t - _FIRST]
        code = entry[_CODE]
        if code in codes:
            return not first <= entry[_MORE] < end
        parts = _parts_at(code)
        if code == FUNC:
            parts -= 2  # its result first
        if parts:
            for at in range(parts, len(entry), 2):
                if self.mentions(entry[at] | entry[at + 1] << 8, codes, first, end):
                    return True
        return False

    def self_of(self, t):
        """The type of a function type's first parameter when that is called self; 0 otherwise."""
        entry = self.entries[t - _FIRST]
        return entry[_MORE + 3] | entry[_MORE + 4] << 8 if entry[_MORE] & 2 else 0

    def result_of(self, t):
        """The result type of a function type, the ok type of a result type; 0 for none."""
        entry = self.entries[t - _FIRST]
        at = _MORE + 1 if entry[_CODE] == FUNC else _MORE + 3
        return entry[at] | entry[at + 1] << 8

    def digest(self, t):
        """Seven bytes that stand for the type in every component; a primitive is its own code."""
        return bytes((t,)) if t < _FIRST else self.entries[t - _FIRST][:_DIGEST]

    # -- making types

    def _add(self, text, depth, code, shape, more, at):
        """The type whose digest covers `text`, of this shape (len, align, size, flat)."""
        length, widest, bytes_, flat = shape
        bytes_ = bytes_ + widest - 1 & -widest
        if depth > _MAX_DEPTH or bytes_ > _MAX_SIZE or length > _MAX_LEN:
            raise Unsupported("type too large", at)
        entry = bytearray(sha256(text).digest())
        entry[0] |= 0x80  # no primitive
        struct.pack_into(_SHAPE, entry, _DEPTH, depth, code, length, widest, bytes_, flat if flat < 255 else 255)
        entry = bytes(memoryview(entry)[:_MORE]) + more
        try:
            return _FIRST + self.entries.index(entry)
        except ValueError:
            if len(self.entries) == 0x7F00:
                raise Unsupported("more than 32512 types", at)
            self.entries.append(entry)
            return _FIRST + len(self.entries) - 1

    def _gather(self, kind, names, parts):
        """What the parts of a type sum up to, `names` being theirs or None.

        (text for the digest, depth, len, widest alignment, offset after the last one, sum of flat counts, largest
        size, largest flat count)
        """
        text = bytearray((kind,))
        deepest = total = offset = flat = largest = flattest = 0
        widest = 1
        i = 0
        for t in parts:
            if names:
                text.extend(names[i])
                i += 1
            if t >= _FIRST:
                entry = self.entries[t - _FIRST]
                text.extend(entry[:_DIGEST])
                depth, _, length, step, bytes_, count = struct.unpack_from(_SHAPE, entry, _DEPTH)
            else:
                text.append(t)
                if t == 0:
                    total += 1
                    continue
                depth, _, length, step, bytes_, count = struct.unpack_from(_SHAPE, _PRIMITIVES, (t - STRING) * 8)
            if depth > deepest:
                deepest = depth
            if step > widest:
                widest = step
            if bytes_ > largest:
                largest = bytes_
            if count > flattest:
                flattest = count
            total += length
            offset = (offset + step - 1 & -step) + bytes_
            flat += count
        return text, deepest, total, widest, offset, flat, largest, flattest

    def resource(self, number, name):
        """The resource type `number`, which imports call `name`."""
        return self._add(bytes((RESOURCE,)) + name, 0, RESOURCE, (2, 4, 4, 1), bytes((number,)), 0)

    def handle(self, resource, code=OWN, at=0):
        """own (or by its code, borrow) of a resource type."""
        self.borrows = self.borrows or code != OWN
        text = bytes((code,)) + self.digest(resource)
        return self._add(text, 0, code, (2, 4, 4, 1), bytes((self.resource_of(resource),)), at)

    def list_(self, element, at=0):
        text, depth, total = self._gather(LIST, None, (element,))[:3]
        return self._add(text, depth + 1, LIST, (total + 3, 4, 8, 2), struct.pack("<H", element), at)

    def record(self, names, fields, at=0):
        """A record, or a tuple when `names` is None."""
        if not fields:
            what = "record type must have at least one field"
            raise Invalid(what if names is not None else "tuple type must have at least one type", at)
        kind = TUPLE if names is None else RECORD
        text, depth, total, widest, offset, flat, _, _ = self._gather(kind, names, fields)
        shape = (total + 7, widest, offset, flat)
        return self._add(text, depth + 1, RECORD, shape, bytes(array("H", fields)), at)

    def variant(self, names, cases, code=VARIANT, at=0):
        """A variant; a case of type 0 has no payload."""
        count = len(cases)
        if not count:
            raise Invalid("variant type must have at least one case", at)
        if count > _MAX_LEN:
            raise Unsupported("variant type of %d cases" % count, at)
        text, depth, total, widest, _, _, largest, flat = self._gather(code, names, cases)
        tag = discriminant_size(count)
        if tag > widest:
            widest = tag
        payload = tag + widest - 1 & -widest
        shape = (total + 10, widest, payload + largest, 1 + flat)
        more = struct.pack("<HB", count, payload) + bytes(array("H", cases))
        return self._add(text, depth + 1, code, shape, more, at)

    def option(self, some, at=0):
        return self.variant(None, (0, some), OPTION, at)

    def result(self, ok, error, at=0):
        return self.variant(None, (ok, error), RESULT, at)

    def labels(self, count, names, code, at=0):
        """An enum or flags type; `names` is one bytes object."""
        if not count:
            what = "enum type must have at least one variant" if code == ENUM else "flags must have at least one entry"
            raise Invalid(what, at)
        if code == FLAGS and count > 32:
            raise Invalid("cannot have more than 32 flags", at)
        if count > 0xFFFF:
            raise Unsupported("enum type of %d cases" % count, at)
        width = labels_size(code, count)
        return self._add(bytes((code,)) + names, 0, code, (3, width, width, 1), struct.pack("<H", count), at)

    def func(self, names, params, result, at=0):
        """A func type; result 0 for none."""
        text, depth, total, widest, offset, flat, _, _ = self._gather(FUNC, names, params)
        if result:
            if self.borrows and self.mentions(result, b"\x68"):
                raise Invalid("function result cannot contain a `borrow` type", at)
            returned, deeper, more = self._gather(RESULT, None, (result,))[:3]
            text.extend(returned)
            depth = max(depth, deeper)
            total += more
        shape = (total + 11, widest, offset, flat)
        flags = (1 if result else 0) | (2 if names and names[0] == b"\x04self" else 0)
        more = struct.pack("<BH", flags, result) + bytes(array("H", params))
        return self._add(text, depth, FUNC, shape, more, at)

    # -- writing descriptors

    def descriptor(self, t):
        """The descriptor of a type, as bytes."""
        out = bytearray()
        if self.code(t) == FUNC:
            self._write_func(self.entries[t - _FIRST], out)
        else:
            self._write(t, out)
        return bytes(out)

    def _write_func(self, entry, out):
        out.extend(entry[_CODE : _CODE + 3])
        out.append(entry[_MORE] & 1)
        params = len(out)
        out.extend(entry[_CODE:_MORE])
        for at in range(_MORE + 3, len(entry), 2):
            self._write(entry[at] | entry[at + 1] << 8, out)
        out[params] = RECORD
        struct.pack_into("<H", out, params + 1, len(out) - params)
        if entry[_MORE] & 1:
            self._write(entry[_MORE + 1] | entry[_MORE + 2] << 8, out)

    def _write(self, t, out):
        if t < _FIRST:
            out.append(t)
            return
        entry = self.entries[t - _FIRST]
        code = entry[_CODE]
        parts = _parts_at(code)
        if code == LIST:
            out.extend(entry[_CODE : _CODE + 3])
        elif parts:
            out.extend(entry[_CODE:parts])
        else:
            out.append(code)
            out.extend(entry[_MORE:])
            return
        for at in range(parts, len(entry), 2):
            t = entry[at] | entry[at + 1] << 8
            if t < _FIRST:
                out.append(t)
            else:
                self._write(t, out)


def _parts_at(code):
    """Where the types of the parts begin in an entry; 0 if it has none."""
    if code == RECORD or code == LIST:
        return _MORE
    if code == VARIANT or code == OPTION or code == RESULT or code == FUNC:
        return _MORE + 3
    return 0


def _primitive(code):
    d = bytes((code,))
    return struct.pack(_SHAPE, 0, code, 1, align(d, 0), size(d, 0), flat_count(d, 0))


_PRIMITIVES = b"".join([_primitive(code) for code in range(STRING, BOOL + 1)])  # depth … flat of each
