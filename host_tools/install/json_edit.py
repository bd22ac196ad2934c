# SPDX-License-Identifier: MIT
"""One member of a JSON file set or removed; every other byte of it stays: order, spacing, spelling of numbers.

with_member(text, ("mcpServers", "board"), {"command": …})       objects on the way are made
without_member(text, ("mcpServers", "board"))
"""

import json
import re

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")


def with_member(text, path, value):
    """The text with `value` at `path`. ValueError when the text is no JSON, or a place on the way is no object."""
    text = text if text.strip() else "{}\n"
    unit, line_end = _unit(text), "\r\n" if "\r\n" in text else "\n"
    at, depth = _start(text), 0
    while True:
        members = _members(text, at)
        key, *rest = path
        found = [member for member in members if member[0] == key]
        if not found:
            for missing in reversed(rest):
                value = {missing: value}
            member = json.dumps(key, ensure_ascii=False) + ": " + _dump(value, unit, depth + 1, line_end)
            return _added(text, at, members, member, line_end + unit * (depth + 1), line_end + unit * depth)
        _, _, start, end = found[-1]  # of a key given twice the last counts
        if not rest:
            if json.loads(text[start:end]) == value:
                return text
            return text[:start] + _dump(value, unit, depth + 1, line_end) + text[end:]
        path, at, depth = rest, start, depth + 1


def without_member(text, path):
    """The text without the member at `path`, the same text if there is none."""
    at = _start(text)
    for key in path[:-1]:
        found = [start for name, _, start, _ in _members(text, at) if name == key]
        if not found:
            return text
        at = found[-1]
    members = _members(text, at)
    found = [index for index, member in enumerate(members) if member[0] == path[-1]]
    if not found:
        return text
    (index,) = found[-1:]
    if index > 0:  # with the comma before it
        return text[: members[index - 1][3]] + text[members[index][3] :]
    if len(members) > 1:
        return text[: members[0][1]] + text[members[1][1] :]
    return text[: at + 1] + text[_BLANK.match(text, members[0][3]).end() :]


def _start(text):
    """Where the one object of the text begins; all of it is checked."""
    start = _BLANK.match(text, 1 if text.startswith("\ufeff") else 0).end()
    value, end = _DECODER.raw_decode(text, start)
    if _BLANK.match(text, end).end() != len(text):
        raise json.JSONDecodeError("something follows the object", text, end)
    if not isinstance(value, dict):
        raise ValueError("it must hold one JSON object")
    return start


def _members(text, at):
    """[(name, where the member begins, where its value begins, and ends)] of the object at text[at]."""
    if text[at] != "{":
        raise ValueError(f"what stands at character {at} must be an object")
    members = []
    at = _BLANK.match(text, at + 1).end()
    while text[at] != "}":
        name, end = _DECODER.raw_decode(text, at)
        start = _BLANK.match(text, _BLANK.match(text, end).end() + 1).end()
        end = _DECODER.raw_decode(text, start)[1]
        members.append((name, at, start, end))
        at = _BLANK.match(text, end).end()
        if text[at] == ",":
            at = _BLANK.match(text, at + 1).end()
    return members


def _added(text, at, members, member, before, after):
    if members:
        end = members[-1][3]
        return f"{text[:end]},{before}{member}{text[end:]}"
    return f"{text[: at + 1]}{before}{member}{after}{text[_BLANK.match(text, at + 1).end() :]}"


def _unit(text):
    """What one level is indented by."""
    found = re.search(r'\n([ \t]+)"', text)
    return found[1] if found else "  "


def _dump(value, unit, depth, line_end):
    lines = json.dumps(value, indent=unit, ensure_ascii=False).split("\n")
    return (line_end + unit * depth).join(lines)
