"""Members of objects in a checked JSON text, found by name without decoding anything else.

PARAMS = names("name", "arguments")
name, arguments = find(line, start, PARAMS)        # each (start, end) of the value, or None
"""

from array import array

from . import scan
from .text import decode

try:
    from .scan_viper import check, members, skip
except (ImportError, SyntaxError):  # CPython, or a firmware without a native code emitter: slower, same answers
    from .scan import check, members, skip

_MOST = 8  # names in one table
_out = array("i", [0] * (2 * _MOST))
_stack = bytearray(scan.DEPTH)


class Twice(ValueError):
    """A member that was asked for stands twice: readers would disagree about its value. args[0] is the name."""


def names(*wanted):
    """The table that `find` takes: bytes of count, then size and UTF-8 of each name."""
    table = bytearray([len(wanted)])
    for name in wanted:
        name = name.encode()
        table.append(len(name))
        table.extend(name)
    return bytes(table)


def validate(line, schema=False):
    """None if `line` is one JSON text, else (what is wrong, byte offset).

    `schema`: it begins with a brace, and must be the schema of objects, which MCP wants to have "type":"object"; else a str.
    """
    error = check(line, len(line), _stack, _out)
    if error:
        return scan.MESSAGES[error], _out[0]
    if schema:
        try:
            (span,) = find(line, 0, b"\x01\x04type")  # the table of names("type")
        except Twice:
            span = None
        if span is None or line[span[0] : span[1]] != b'"object"':
            return 'it must have one "type", which is "object"'
    return None


def find(line, start, table):
    """A list: for each name of `table` the span of its value in the object at line[start], or None. Raises Twice."""
    found = members(line, start, table, _out)
    if found == scan.ESCAPED:
        return _find_escaped(line, start, table)
    if found:
        raise Twice(_name(table, found - 1))
    return [(_out[i], _out[i + 1]) if _out[i + 1] else None for i in range(0, 2 * table[0], 2)]


def _name(table, number):
    at = 1
    while number:
        at += 1 + table[at]
        number -= 1
    return str(table[at + 1 : at + 1 + table[at]], "utf-8")


def _find_escaped(line, start, table):
    """find() for an object with names that are written with escapes: rare, so in plain Python."""
    wanted = [_name(table, i) for i in range(table[0])]
    spans = [None] * len(wanted)
    for name, value in pairs(line, start):
        try:
            name = decode(line, name)
        except ValueError:  # a lone surrogate: nobody asks for that name
            continue
        if name in wanted:
            i = wanted.index(name)
            if spans[i]:
                raise Twice(name)
            spans[i] = value
    return spans


def pairs(line, start):
    """Generator of (name span, value span) of the checked object at line[start]; names with their quotes."""
    at = _space(line, start + 1)
    while line[at] != 0x7D:
        name = (at, skip(line, at))
        at = _space(line, _space(line, name[1]) + 1)
        value = (at, skip(line, at))
        yield name, value
        at = _space(line, value[1])
        if line[at] == 0x2C:
            at = _space(line, at + 1)


def items(line, start):
    """Generator of the spans of the elements of the checked array at line[start]."""
    at = _space(line, start + 1)
    while line[at] != 0x5D:
        value = (at, skip(line, at))
        yield value
        at = _space(line, value[1])
        if line[at] == 0x2C:
            at = _space(line, at + 1)


def _space(line, at):
    while line[at] <= 0x20:
        at += 1
    return at
