"""The arguments of a tool and its input schema: what does not fit, in words with which a model can do it right.

    why = yield from wrong("add", schema, arguments)    # None, or:
    add: "b" must be an integer, it is a string ("two"); add takes a (integer), b (integer, 0 to 100)

Checked are, of JSON Schema 2020-12: type enum const, minimum maximum exclusiveMinimum exclusiveMaximum, minLength maxLength,
minItems maxItems items, properties required additionalProperties. Whatever else a schema says lets everything through, a
schema with $ref as a whole, items beside prefixItems and additional properties beside patternProperties too; so do
constants that are objects or arrays, and what is nested more than fits.LEVELS deep. Numbers are compared exactly, as
decimals. A name that the schema knows and that stands twice is wrong: readers would disagree about its value.

Nothing is decoded but names and what is quoted. fits_viper.py is the same without words. Imported with the first doubt.
"""

from .find import Twice, find, items, names, pairs
from .fits import LEVELS, sure
from .text import decode

_MOST = 5  # things that are said to be wrong
_SHOWN = 40  # bytes of a value that are quoted
_SUMMARY = 480  # bytes of what the tool takes, and of the names of an enum
_TURN = 16  # elements of an array between two turns of the board

_ANY = names("$ref", "type", "enum", "const")
_NUMBER = names("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
_STRING = names("minLength", "maxLength")
_ARRAY = names("minItems", "maxItems", "items", "prefixItems")
_OBJECT = names("properties", "required", "additionalProperties", "patternProperties")

_TYPES = (
    ("integer", "an integer"),
    ("number", "a number"),
    ("string", "a string"),
    ("boolean", "true or false"),
    ("object", "an object"),
    ("array", "an array"),
    ("null", "null"),
)


def wrong(name, schema, arguments):
    """A generator: None, or why `arguments` do not fit `schema`, both JSON texts (bytes) of objects; `name` is the tool's."""
    found = []
    walks = [_look(schema, 0, arguments, 0, "", found)]
    while walks and len(found) < _MOST:  # no recursion: the C stack is small
        try:
            child = next(walks[-1])
        except StopIteration:
            walks.pop()
            continue
        if child is None:
            yield
        elif len(walks) < LEVELS and not sure(schema, child[0], arguments, child[1], LEVELS - len(walks)):
            walks.append(_look(schema, child[0], arguments, child[1], child[2], found))
    if not found:
        return None
    takes = _takes(schema)
    return "%s: %s%s" % (name, "; ".join(found), "; %s takes %s" % (name, takes) if takes else "")


def _look(schema, s, value, v, path, found):
    """A generator: appends to `found` what is wrong with value[v] itself, and yields (place in the schema, place in the
    value, path) of each thing inside it, or None when the board may have a turn."""
    if schema[s] == 0x66:  # false
        found.append(_subject(path) + " is not allowed")
    if schema[s] != 0x7B:
        return
    kind = _kind(value[v])
    try:
        ref, types, enum, const = find(schema, s, _ANY)
        if ref:
            return
        if types and not _is(schema, types, value, v):
            return found.append(_must(path, _type_words(schema, types), value, v, True))
        if enum and schema[enum[0]] == 0x5B and not _any_equal(schema, items(schema, enum[0]), value, v):
            return found.append(_must(path, "one of " + _choices(schema, enum[0]), value, v))
        if const and not _any_equal(schema, (const,), value, v):
            return found.append(_must(path, _text(schema, const), value, v))
        if kind == "number":
            _range(schema, s, value, v, path, found)
        elif kind == "string":
            low, high = find(schema, s, _STRING)
            if low or high:
                _sizes(schema, low, high, _length(value, v), "character", path, found)
        elif kind == "array":
            yield from _elements(schema, s, value, v, path, found)
        elif kind == "object":
            yield from _members(schema, s, value, v, path, found)
    except Twice:  # a keyword: who knows what it means
        return


def _elements(schema, s, value, v, path, found):
    low, high, inner, prefix = find(schema, s, _ARRAY)
    number = 0
    for span in items(value, v):
        if inner and not prefix:
            yield inner[0], span[0], "%s[%d]" % (path, number)
        number += 1
        if number % _TURN == 0:
            yield None
    _sizes(schema, low, high, number, "item", path, found)


def _members(schema, s, value, v, path, found):
    properties, required, additional, patterns = find(schema, s, _OBJECT)
    if properties and schema[properties[0]] != 0x7B:
        properties = None
    if required and schema[required[0]] == 0x5B:
        for span in items(schema, required[0]):
            name = _name(schema, span)
            if name is not None and _member(value, v, name, path, found) is None:
                found.append(_subject(_join(path, name)) + " is missing")
            yield None
    for name, inner in pairs(schema, properties[0]) if properties else ():
        name = _name(schema, name)
        span = None if name is None else _member(value, v, name, path, found)
        yield (inner[0], span[0], _join(path, name)) if span else None
    if not additional or patterns or schema[additional[0]] == 0x74:
        return
    for name, span in pairs(value, v):
        known = _name(value, name)
        if known is None or not properties or not _has(schema, properties[0], known):
            shown = _join(path, str(value[name[0] + 1 : name[1] - 1], "utf-8") if known is None else known)
            if schema[additional[0]] == 0x66:
                found.append(_subject(shown) + (' is no member of "%s"' % path if path else " is no argument of it"))
            else:
                yield additional[0], span[0], shown
        yield None


def _name(text, span):
    """The string at a span; None if it has a lone surrogate, or is too long to be looked for."""
    if text[span[0]] != 0x22:
        return None
    try:
        name = decode(text, span)
    except ValueError:
        return None
    return name if len(name.encode()) < 256 else None


def _member(value, v, name, path, found):
    """The span of the member of this name, None if there is none, () if there are two."""
    try:
        return find(value, v, names(name))[0]
    except Twice:
        twice = _subject(_join(path, name)) + " is there twice"
        if twice not in found:
            found.append(twice)
        return ()


def _has(schema, s, name):
    try:
        return find(schema, s, names(name))[0] is not None
    except Twice:
        return True


# Types and constants


def _kind(first):
    if first == 0x22:
        return "string"
    if first == 0x7B:
        return "object"
    if first == 0x5B:
        return "array"
    if first == 0x6E:
        return "null"
    return "boolean" if first == 0x74 or first == 0x66 else "number"


def _type_names(schema, types):
    """The type names at a span, a string or an array of them; () if there is anything else among them."""
    spans = items(schema, types[0]) if schema[types[0]] == 0x5B else (types,)
    wanted = [str(schema[a + 1 : b - 1], "utf-8") for a, b in spans]
    known = [name for name, words in _TYPES]
    return () if [name for name in wanted if name not in known] else wanted


def _is(schema, types, value, v):
    wanted = _type_names(schema, types)
    kind = _kind(value[v])
    if not wanted or kind in wanted:
        return True
    return kind == "number" and "integer" in wanted and Decimal(value, v).exponent >= 0


def _any_equal(schema, spans, value, v):
    for span in spans:
        if _equal(schema, span[0], value, v):
            return True
    return False


def _equal(schema, s, value, v):
    """False if the two values differ, as far as that is looked at."""
    kind = _kind(schema[s])
    if kind != _kind(value[v]):
        return False
    if kind == "string":
        one, other = _span(schema, s), _span(value, v)
        try:
            return decode(schema, one) == decode(value, other)
        except ValueError:  # lone surrogates: the same only as they are written
            return bytes(schema[one[0] : one[1]]) == bytes(value[other[0] : other[1]])
    if kind == "number":
        return Decimal(value, v).order(Decimal(schema, s)) == 0
    return schema[s] == value[v]


def _span(text, at):
    """The span of the value at text[at], inside an object or array."""
    from .find import skip

    return at, skip(text, at)


# Numbers


class Decimal:
    """A JSON number as it is written: 0.digits times ten to the power of digits + exponent, and its sign (-1, 0, 1)."""

    def __init__(self, text, at):
        raw = bytes(text[at : _span(text, at)[1]]).lower()
        self.sign = 1
        if raw[:1] == b"-":
            self.sign = -1
            raw = raw[1:]
        e = raw.find(b"e")
        self.exponent = 0
        if e >= 0:
            self.exponent = _clamped(raw[e + 1 :])
            raw = raw[:e]
        point = raw.find(b".")
        if point >= 0:
            self.exponent -= len(raw) - point - 1
            raw = raw[:point] + raw[point + 1 :]
        self.digits = raw.lstrip(b"0")
        size = len(self.digits)
        self.digits = self.digits.rstrip(b"0")
        self.exponent += size - len(self.digits)
        if not self.digits:
            self.sign = self.exponent = 0

    def order(self, other):
        """Negative, 0 or positive, as it is less than, equal to or more than the other one."""
        if self.sign != other.sign or not self.sign:
            return self.sign - other.sign
        size = len(self.digits) + self.exponent - len(other.digits) - other.exponent
        if not size and self.digits != other.digits:
            size = 1 if self.digits > other.digits else -1
        return self.sign * size


def _clamped(raw):
    """An exponent; what is far beyond any message's length may be any such number."""
    minus = raw[:1] == b"-"
    raw = raw.lstrip(b"+-").lstrip(b"0")
    number = 999_999_999 if len(raw) > 9 else int(raw or b"0")
    return -number if minus else number


def _range(schema, s, value, v, path, found):
    it = None
    for number, span in enumerate(find(schema, s, _NUMBER)):
        if span and _kind(schema[span[0]]) == "number":
            it = it or Decimal(value, v)
            order = it.order(Decimal(schema, span[0])) * (1 if number < 2 else -1)
            if order < 0 or (order == 0 and number & 1):
                words = ("at least ", "more than ", "at most ", "less than ")[number]
                return found.append(_must(path, words + _text(schema, span), value, v))


# Sizes


def _length(value, v):
    """Characters of the string at value[v]; a pair of surrogates is one."""
    count = 0
    at = v + 1
    end = _span(value, v)[1] - 1
    while at < end:
        count += 1
        if value[at] != 0x5C:
            at += 1
            while value[at] & 0xC0 == 0x80:
                at += 1
        elif value[at + 1] != 0x75:
            at += 2
        else:
            high = value[at + 2] | 0x20 == 0x64 and value[at + 3] | 0x20 in b"89ab"
            at += 6
            if high and bytes(value[at : at + 3]).lower() == b"\\ud" and value[at + 3] | 0x20 in b"cdef":
                at += 6
    return count


def _sizes(schema, low, high, size, what, path, found):
    has = Decimal(("%d " % size).encode(), 0)
    for span, sign, words in ((low, 1, "at least"), (high, -1, "at most")):
        if span and _kind(schema[span[0]]) == "number" and has.order(Decimal(schema, span[0])) * sign < 0:
            bound = _text(schema, span)
            what += "" if bound == "1" else "s"
            found.append("%s must have %s %s %s, it has %d" % (_subject(path), words, bound, what, size))
            return


# Words


def _subject(path):
    return '"%s"' % path if path else "the object of arguments"


def _join(path, name):
    return "%s.%s" % (path, name) if path else name


def _must(path, what, value, v, typed=False):
    """typed: the kind of the value is what is wrong."""
    kind = _kind(value[v])
    shown = _text(value, _span(value, v))
    if kind in ("object", "array"):
        shown = "an " + kind
    elif typed and kind in ("string", "number"):
        shown = "a %s (%s)" % (kind, shown)
    return "%s must be %s, it is %s" % (_subject(path), what, shown)


def _text(text, span):
    """A value as it is written, cut where that is long."""
    end = min(span[1], span[0] + _SHOWN)
    while end < span[1] and text[end] & 0xC0 == 0x80:
        end -= 1
    return str(text[span[0] : end], "utf-8") + ("…" if end < span[1] else "")


def _type_words(schema, types):
    wanted = _type_names(schema, types)
    return " or ".join([words for name, words in _TYPES if name in wanted])


def _choices(schema, at):
    """The values of an array: "C", "F" or "K"."""
    made = ""
    last = None
    for span in items(schema, at):
        if last is not None:
            made += (", " if made else "") + last
        last = _text(schema, span)
        if len(made) + len(last) > _SUMMARY // 2:
            return made + (", …" if made else "…")
    if last is None:
        return "nothing"
    return made + " or " + last if made else last


def _takes(schema):
    """What the tool takes: a (integer), b (integer, 0 to 100), c (string, optional). "" if the schema does not say."""
    if schema[0] != 0x7B:
        return ""
    try:
        properties, required, additional, _ = find(schema, 0, _OBJECT)
        if not properties or schema[properties[0]] != 0x7B:
            return ""
        wanted = []
        if required and schema[required[0]] == 0x5B:
            wanted = [_name(schema, span) for span in items(schema, required[0])]
        made = ""
        for name, inner in pairs(schema, properties[0]):
            name = _name(schema, name)
            if name is None:
                continue
            about = _about(schema, inner[0])
            if name not in wanted:
                about.append("optional")
            made += (", " if made else "") + (name + " (%s)" % ", ".join(about) if about else name)
            if len(made) > _SUMMARY:
                return made + ", …"
    except Twice:
        return ""
    return made or ("no arguments" if additional and schema[additional[0]] == 0x66 else "")


def _about(schema, s):
    """What is to be known about one argument, a list of words."""
    if schema[s] != 0x7B:
        return []
    ref, types, enum, const = find(schema, s, _ANY)
    if enum and schema[enum[0]] == 0x5B:
        return [_choices(schema, enum[0])]
    if const:
        return [_text(schema, const)]
    about = [" or ".join(_type_names(schema, types))] if types and _type_names(schema, types) else []
    low, more, high, less = find(schema, s, _NUMBER)
    if low and high:
        return about + ["%s to %s" % (_text(schema, low), _text(schema, high))]
    for span, words in ((low, "at least "), (more, "more than "), (high, "at most "), (less, "less than ")):
        if span:
            about.append(words + _text(schema, span))
    return about
