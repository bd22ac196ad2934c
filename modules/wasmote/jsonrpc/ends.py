"""The id of a message of which only the first and the last bytes are there, as it was longer than its reader takes.

Exact for what is JSON: members before it from the start on, or behind it to the end, that are not objects or arrays leave no
doubt about where it stands. Imported with the first such message.
"""

from .find import validate
from .message import ID_LIMIT


def id_of(head, tail):
    """The raw JSON text of the id, bytes, or None. head, tail: bytes of the beginning and the end of one line."""
    if head[:1] == b"{":
        found = _members(head, 1, False)
        if found:
            return found
    at = tail.find(b'"id"')
    while at >= 0:
        if tail[:at].rstrip()[-1:] in (b",", b"{"):
            found = _members(tail.rstrip(), at, True)
            if found:
                return found
        at = tail.find(b'"id"', at + 1)
    return None


def _members(text, at, to_the_end):
    """The id among the members that begin at text[at], up to the first that is no plain value.

    to_the_end    none may be, and the brace behind them must be the last byte
    """
    found = None
    while True:
        at = _space(text, at)
        end = _plain(text, at)
        if end < 0 or text[at] != 0x22:
            break
        name = text[at:end]
        at = _space(text, end)
        if text[at : at + 1] != b":":
            break
        at = _space(text, at + 1)
        end = _plain(text, at)
        if end < 0:
            break
        value = text[at:end]
        if name == b'"id"' and len(value) <= ID_LIMIT and (value[0] == 0x22 or value.lstrip(b"-").isdigit()):
            found = None if validate(value) else value  # it is echoed, so it must be JSON though the rest may be none
            if found and not to_the_end:
                return found
        at = _space(text, end)
        if text[at : at + 1] == b"}":
            return found if at + 1 == len(text) else None
        if text[at : at + 1] != b",":
            break
        at += 1
    return None


def _space(text, at):
    while at < len(text) and text[at] in b" \t\r\n":
        at += 1
    return at


def _plain(text, at):
    """The end of the string, number or word at text[at]; -1 if there is none, or not all of it."""
    first = at
    if text[at : at + 1] == b'"':
        at += 1
        while at < len(text) and text[at] != 0x22:
            at += 2 if text[at] == 0x5C else 1
        return at + 1 if at < len(text) else -1
    while at < len(text) and (text[at] in b"+-." or chr(text[at]).isalpha() or chr(text[at]).isdigit()):
        at += 1
    return at if first < at < len(text) else -1
