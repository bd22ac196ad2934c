"""Types written as text, in the structural form of wasi-mcp/abi.md.

    bool u8 … f64 char string   list<T>   tuple<T,…>   option<T>   result<T,T>   result<_,T>   own<name>   borrow<name>
    {name:T,…}   variant{name(T),name,…}   enum{name,…}   flags{name,…}   (name:T,…)->T   (name:T,…)

So a host function may say its type in words; where the load time counts, it gives the digest of it instead.
"""

from .table import TypeTable
from .types import BORROW, ENUM, FLAGS, OWN, STRING

_PRIMITIVES = ("string", "char", "f64", "f32", "u64", "s64", "u32", "s32", "u16", "s16", "u8", "s8", "bool")


def parse(table, text):
    """The type or function type, in a TypeTable."""
    t, at = _type(table, text, 0)
    if at != len(text):
        raise ValueError("type text: %s" % text[at:])
    return t


def digest(text):
    table = TypeTable()
    return table.digest(parse(table, text))


def _word(text, at):
    end = at
    while end < len(text) and text[end] not in "{}()<>,:":
        end += 1
    return text[at:end], end


def _after(text, at, mark):
    if text[at : at + len(mark)] != mark:
        raise ValueError("type text: %s expected: %s" % (mark, text[at:]))
    return at + len(mark)


def _type(table, text, at):
    if text[at] == "{":
        names, fields, at = _named(table, text, at + 1, "}")
        return table.record(b"".join(names), fields), at
    if text[at] == "(":
        names, params, at = _named(table, text, at + 1, ")")
        result = 0
        if text[at : at + 2] == "->":
            result, at = _type(table, text, at + 2)
        return table.func(b"".join(names), params, result), at
    word, at = _word(text, at)
    if word in _PRIMITIVES:
        return STRING + _PRIMITIVES.index(word), at
    if word == "variant":
        return _variant(table, text, _after(text, at, "{"))
    if word == "enum" or word == "flags":
        return _labels(table, text, _after(text, at, "{"), ENUM if word == "enum" else FLAGS)
    if word == "result" and text[at : at + 1] != "<":
        return table.result(0, 0), at
    at = _after(text, at, "<")
    if word == "own" or word == "borrow":
        name, at = _word(text, at)
        code = OWN if word == "own" else BORROW
        return table.handle(table.resource(0, name.encode()), code), _after(text, at, ">")
    if word == "tuple":
        fields, at = _arguments(table, text, at)
        return table.record(None, fields), at
    if word == "result":
        (ok, error), at = _arguments(table, text, at)
        return table.result(ok, error), at
    t, at = _type(table, text, at)
    at = _after(text, at, ">")
    if word == "list":
        return table.list_(t), at
    if word == "option":
        return table.option(t), at
    raise ValueError("type text: unknown type %s" % word)


def _named(table, text, at, close):
    """name:T,… up to `close`: (names, found, at)."""
    names = []
    found = []
    while text[at] != close:
        name, at = _word(text, at)
        t, at = _type(table, text, _after(text, at, ":"))
        names.append(_label(name))
        found.append(t)
        if text[at] == ",":
            at += 1
    return names, found, at + 1


def _arguments(table, text, at):
    """T,…> or _ for none: (found, at)."""
    found = []
    while text[at] != ">":
        if text[at] == "_":
            t = 0
            at += 1
        else:
            t, at = _type(table, text, at)
        found.append(t)
        if text[at] == ",":
            at += 1
    return found, at + 1


def _variant(table, text, at):
    names = []
    cases = []
    while text[at] != "}":
        name, at = _word(text, at)
        case = 0
        if text[at] == "(":
            case, at = _type(table, text, at + 1)
            at = _after(text, at, ")")
        names.append(_label(name))
        cases.append(case)
        if text[at] == ",":
            at += 1
    return table.variant(b"".join(names), cases), at + 1


def _labels(table, text, at, code):
    names = []
    while text[at] != "}":
        name, at = _word(text, at)
        names.append(_label(name))
        if text[at] == ",":
            at += 1
    return table.labels(b"".join(names), len(names), code), at + 1


def _label(name):
    return bytes((len(name),)) + name.encode()
