"""The types of a component, each once: equal types are one number.

    type   = 0x73..0x7f, a primitive, or 0x80 + index of an entry here
    key    = code(1) number(1) count(2) type(2)* label*
    shape  = depth(1) len(2) align(1) size(2) flat(1) payload(1)

A key is all that tells types apart: their parts, then their labels (each after one byte with its length). Type 0 is a
case without payload, or no result. `number` is that of the resource of own, borrow and resource; of a func 1 if it has
a result, + 2 if its first parameter is called self. `count` types follow, but for an enum or flags, which have labels
only; the first type of a func is its result. A resource has its name in place of labels: it counts in digests.

Shapes, those of the primitives first, have the columns of the descriptor (types.py); a func has its params' align, size
and flat. A digest covers structure and all names: equal digests are equal types, in any component (resources compare by
name there; two of one name are two types here). Digests and descriptors are made of functions that are lifted, lowered
or imported only; the table goes with the load. `at` is the offset in the file that an error names.
"""

import struct
from array import array
from hashlib import sha256

from micropython import const

from ..wasm.errors import Invalid, Unsupported
from .types import (
    BOOL,
    BORROW,
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

_TYPES = const(4)  # where they begin in a key
_SHAPE = "<BHBHBB"  # depth, len, align, size, flat, payload
_SIZEOF_SHAPE = const(8)
_SIZEOF_DIGEST = const(7)
_KEYS = ("<BBH", "<BBHH", "<BBHHH", "<BBHHHH", "<BBHHHHH")  # of keys of so many parts; longer ones are made
_FIRST = const(0x80)
_SHAPED = const(0x73)  # the type of the first shape
# Codes of types.py, as const: asked for again and again
_FUNC = const(0x40)
_TUPLE = const(0x6F)
_ENUM = const(0x6D)
_FLAGS = const(0x6E)
_DICTS = const(8)
_NONE = const(255)  # number of no resource
_MAX_LEN = const(4096)  # of one descriptor
_LONG = const(2)  # a descriptor of so many times 256 bytes
_MAX_PARTS = const(512)  # of one type; the largest enum in use has some hundred cases
_MAX_TYPES = const(128)  # of one type: fields, parameters, payloads
_MAX_DEPTH = const(16)  # a lift recurses this deep; wasi:mcp needs 10
_MAX_SIZE = const(0xFFFF)  # of one value, lists and strings not counted


class TypeTable:
    """The types of one component, made from its definitions in file order."""

    def __init__(self):
        self.keys = []
        self.known = tuple([{} for _ in range(_DICTS)])  # by key, one of them by its length: no large piece of the heap
        self.shapes = bytearray(_PRIMITIVES)
        self.digests = bytearray()  # of the types in turn; those not made so far begin with 0
        self.borrows = False  # any type is a borrow
        self.lows = {}  # what lowest() found of types with parts
        self.read = (bytearray(128), array("H", bytes(68)))  # for parts_viper.py

    # -- looking at types

    def code(self, t):
        """What a type is: the codes of types.py."""
        return t if t < _FIRST else self.keys[t - _FIRST][0]

    def is_value(self, t):
        """Whether values can have this type."""
        if not isinstance(t, int):
            return False
        if t < _FIRST:
            return True
        code = self.keys[t - _FIRST][0]
        return code != FUNC and code != RESOURCE

    def is_func(self, t):
        return isinstance(t, int) and self.code(t) == FUNC

    def is_resource(self, t):
        return isinstance(t, int) and self.code(t) == RESOURCE

    def resource_of(self, t):
        """The number of an own, borrow or resource type's resource."""
        return self.keys[t - _FIRST][1]

    def lowest(self, t, borrows=False):
        """The lowest number of the resources that a type refers to, or `borrows`; 255 for none."""
        if t < _FIRST:
            return _NONE
        key = self.keys[t - _FIRST]
        code = key[0]
        if code == BORROW or not borrows and (code == OWN or code == RESOURCE):
            return key[1]
        asked = 2 * t + borrows
        found = self.lows.get(asked)
        if found is None:
            found = _NONE
            for at in range(_TYPES, _labels_at(key), 2):
                found = min(found, self.lowest(key[at] | key[at + 1] << 8, borrows))
            self.lows[asked] = found
        return found

    def self_of(self, t):
        """The type of a function type's first parameter when that is called self; 0 otherwise."""
        key = self.keys[t - _FIRST]
        return key[6] | key[7] << 8 if key[1] & 2 else 0

    def result_of(self, t):
        """The result type of a function type, the ok type of a result type; 0 for none."""
        key = self.keys[t - _FIRST]
        return key[4] | key[5] << 8

    # -- making types

    def resource(self, number, name):
        """The resource type `number`, which imports call `name`."""
        return self._add(RESOURCE, number, (), name, 0)

    def handle(self, resource, code=OWN, at=0):
        """own (or by its code, borrow) of a resource type."""
        self.borrows = self.borrows or code != OWN
        return self._add(code, self.resource_of(resource), (resource,), b"", at)

    def list_(self, element, at=0):
        return self._add(LIST, 0, (element,), b"", at)

    def record(self, labels, fields, at=0):
        """A record, or a tuple when `labels` is None."""
        if not fields:
            what = "record type must have at least one field"
            raise Invalid(what if labels is not None else "tuple type must have at least one type", at)
        if labels is None:
            return self._add(TUPLE, 0, fields, b"", at)
        return self._add(RECORD, 0, fields, labels, at)

    def variant(self, labels, cases, at=0):
        """A variant; a case of type 0 has no payload."""
        if not cases:
            raise Invalid("variant type must have at least one case", at)
        return self._add(VARIANT, 0, cases, labels, at)

    def option(self, some, at=0):
        return self._add(OPTION, 0, (0, some), b"", at)

    def result(self, ok, error, at=0):
        return self._add(RESULT, 0, (ok, error), b"", at)

    def labels(self, labels, count, code, at=0):
        """An enum or flags type."""
        if not count:
            what = "enum type must have at least one variant" if code == ENUM else "flags must have at least one entry"
            raise Invalid(what, at)
        if code == FLAGS and count > 32:
            raise Invalid("cannot have more than 32 flags", at)
        return self._add(code, 0, (), labels, at, count)

    def func(self, labels, params, result, at=0):
        """A func type; result 0 for none."""
        if result and self.borrows and self.lowest(result, True) < _NONE:
            raise Invalid("function result cannot contain a `borrow` type", at)
        number = (1 if result else 0) | (2 if labels[:5] == b"\x04self" else 0)
        return self._add(FUNC, number, [result] + params, labels, at)

    def _add(self, code, number, parts, labels, at, count=0):
        """The type of this key."""
        count = count or len(parts)
        if count > _MAX_TYPES:
            check_count(count, len(parts) - parts.count(0), at)
        n = len(parts)
        form = _KEYS[n] if n < len(_KEYS) else "<BBH%dH" % n
        key = struct.pack(form, code, number, count, *parts)
        if labels:
            key += labels
        known = self.known[len(key) & _DICTS - 1]
        t = known.get(key)
        if t is None:
            t = _FIRST + len(self.keys)
            if t == 0x8000:
                raise Unsupported("more than 32640 types: leave unused interfaces out", at)
            self._shape(code, parts, count, at)
            self.keys.append(key)
            known[key] = t
        return t

    def _shape(self, code, parts, count, at):
        """Appends the shape of a type."""
        if code == _ENUM or code == _FLAGS:
            width = labels_size(code, count)
            self.shapes.extend(struct.pack(_SHAPE, 0, 3, width, width, 1, 0))
            return
        deepest = total = offset = flat = largest = flattest = payload = 0
        widest = 1
        shapes = self.shapes
        result = code == _FUNC
        for t in parts:
            if t == 0:
                total += not result
                result = False
                continue
            p = (t - _SHAPED) * _SIZEOF_SHAPE
            if shapes[p] > deepest:
                deepest = shapes[p]
            total += shapes[p + 1] | shapes[p + 2] << 8
            if result:  # comes first, and takes no part in what follows
                result = False
                continue
            step = shapes[p + 3]
            bytes_ = shapes[p + 4] | shapes[p + 5] << 8
            count = shapes[p + 6]
            if step > widest:
                widest = step
            if bytes_ > largest:
                largest = bytes_
            if count > flattest:
                flattest = count
            offset = (offset + step - 1 & -step) + bytes_
            flat += count
        if code == RECORD or code == _TUPLE:
            deepest += 1
            total += 7
        elif code == _FUNC:
            total += 11
        elif code == LIST:
            deepest += 1
            total += 3
            widest = 4
            offset = 8
            flat = 2
        elif code == VARIANT or code == OPTION or code == RESULT:
            deepest += 1
            total += 10
            tag = discriminant_size(len(parts))
            if tag > widest:
                widest = tag
            payload = tag + widest - 1 & -widest
            offset = payload + largest
            flat = 1 + flattest
        else:  # resource, own, borrow
            deepest = 0
            total = 2
            widest = offset = 4
            flat = 1
        offset = offset + widest - 1 & -widest
        if deepest > _MAX_DEPTH or offset > _MAX_SIZE or total > _MAX_LEN:
            raise Unsupported(
                "type too large, more than %d bytes or nested deeper than %d: split it" % (_MAX_SIZE, _MAX_DEPTH), at
            )
        shapes.extend(struct.pack(_SHAPE, deepest, total, widest, offset, flat if flat < 255 else 255, payload))

    # -- digests

    def digest(self, t):
        """Seven bytes that stand for the type in every component; a primitive is its own code."""
        if t < _FIRST:
            return bytes((t,))
        at = _SIZEOF_DIGEST * (t - _FIRST)
        digests = self.digests
        if at >= len(digests):
            digests.extend(bytes(_SIZEOF_DIGEST * len(self.keys) - len(digests)))
        if not digests[at]:
            key = self.keys[t - _FIRST]
            text = bytearray(key[:1])
            self._digest_parts(key, text)
            digests[at : at + _SIZEOF_DIGEST] = sha256(text).digest()[:_SIZEOF_DIGEST]
            digests[at] |= 0x80  # no primitive
        # Anew each time: one object for all is made early, among garbage, and what is kept of it splits the heap.
        return bytes(digests[at : at + _SIZEOF_DIGEST])

    def make_digests(self, t):
        """A generator: makes the digest of a type if that is long, part by part."""
        if self.is_short(t):
            return
        at = _SIZEOF_DIGEST * (t - _FIRST)
        if at >= len(self.digests) or not self.digests[at]:
            key = self.keys[t - _FIRST]
            for i in range(_TYPES, _labels_at(key), 2):
                part = key[i] | key[i + 1] << 8
                yield from self.make_digests(part)
                self.digest(part)
                yield

    def _digest_parts(self, key, text):
        """What a digest covers but for the code: each part, after its label if it has one."""
        code = key[0]
        at = _TYPES
        end = label = _labels_at(key)
        if code == FUNC:
            at += 2
        while at < end:
            if label < len(key):
                after = label + 1 + key[label]
                text.extend(key[label:after])
                label = after
            t = key[at] | key[at + 1] << 8
            if t < _FIRST:
                text.append(t)
            else:
                text.extend(self.digest(t))
            at += 2
        text.extend(key[label:])
        if code == FUNC and key[1] & 1:
            text.append(RESULT)
            text.extend(self.digest(key[4] | key[5] << 8))

    # -- writing descriptors

    def descriptor(self, t):
        """The descriptor of a type, as bytes."""
        out = bytearray()
        if self.code(t) == FUNC:
            key = self._write_func(t, out)
            self._write_parts(key, _TYPES + 2, out)
            self._write_result(key, out)
        else:
            self._write(t, out)
        return bytes(out)

    def long_descriptor(self, t):
        """A generator: the descriptor of a func type, written part by part."""
        out = bytearray()
        key = self._write_func(t, out)
        for at in range(_TYPES + 2, _labels_at(key), 2):
            yield from self._write_slowly(key[at] | key[at + 1] << 8, out)
        self._write_result(key, out)
        return bytes(out)

    def _write_slowly(self, t, out):
        if self.is_short(t):
            self._write(t, out)
        else:
            self._write(t, out, False)
            key = self.keys[t - _FIRST]
            for at in range(_TYPES, _labels_at(key), 2):
                yield from self._write_slowly(key[at] | key[at + 1] << 8, out)
        yield

    def is_short(self, t):
        """Whether the descriptor of a type is made in one step."""
        return t < _FIRST or self.shapes[(t - _SHAPED) * _SIZEOF_SHAPE + 2] < _LONG

    def _write_func(self, t, out):
        """Writes what precedes the parameters of a func type. Returns its key."""
        key = self.keys[t - _FIRST]
        self._write_head(t, FUNC, 3, out)
        out.append(key[1] & 1)
        self._write_head(t, RECORD, 7, out)
        return key

    def _write_result(self, key, out):
        """Writes what comes after them."""
        struct.pack_into("<H", out, 5, len(out) - 4)
        if key[1] & 1:
            self._write(key[4] | key[5] << 8, out)

    def _write_head(self, t, code, count, out):
        """The first `count` bytes of a descriptor, which has the columns of its shape after the code."""
        p = (t - _SHAPED) * _SIZEOF_SHAPE
        out.append(code)
        out.extend(self.shapes[p + 1 : p + count])

    def _write_parts(self, key, at, out):
        end = _labels_at(key)
        while at < end:
            t = key[at] | key[at + 1] << 8
            if t < _FIRST:
                out.append(t)
            else:
                self._write(t, out)
            at += 2

    def _write(self, t, out, whole=True):
        """Writes the descriptor of a type; or not its parts, if it has some."""
        if t < _FIRST:
            out.append(t)
            return
        key = self.keys[t - _FIRST]
        code = key[0]
        if code == RECORD or code == TUPLE:
            self._write_head(t, RECORD, 7, out)
        elif code == VARIANT or code == OPTION or code == RESULT:
            self._write_head(t, code, 7, out)
            out.extend(key[2:4])
            out.append(self.shapes[(t - _SHAPED) * _SIZEOF_SHAPE + 7])
        elif code == LIST:
            self._write_head(t, LIST, 3, out)
        else:
            out.append(code)
            out.extend(key[2:4] if code == ENUM or code == FLAGS else key[1:2])
            return
        if whole:
            self._write_parts(key, _TYPES, out)


def check_count(count, types, at):
    """Refuses a type of `count` parts, `types` of which have types, if a board takes too long for them in one piece."""
    if count > _MAX_PARTS or types > _MAX_TYPES:
        raise Unsupported("type of %d parts: split it" % count, at)


def _labels_at(key):
    """Where the labels begin in a key: after its types."""
    code = key[0]
    if code == _ENUM or code == _FLAGS:
        return _TYPES
    return _TYPES + 2 * (key[2] | key[3] << 8)


def _primitive(code):
    d = bytes((code,))
    return struct.pack(_SHAPE, 0, 1, align(d, 0), size(d, 0), flat_count(d, 0), 0)


_PRIMITIVES = b"".join([_primitive(code) for code in range(STRING, BOOL + 1)])
