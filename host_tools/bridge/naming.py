# SPDX-License-Identifier: MIT
"""Names of what several boards have: a tool, a prompt or a resource that only one of them has keeps its own.

    tools, prompts   that two boards have get the board's name in front: kitchen_read, garden_read
    resources        whose URI scheme two boards use get it in front of the scheme: kitchen+note:/list, garden+note:/{name}

So a URI changes its name with its scheme, whichever resources come and go, and templates work as they are.
"""

import hashlib
import json
import re
from collections import Counter

LONGEST = 64  # characters of a tool's name that every client takes, of a-z A-Z 0-9 _ -
_GIVEN = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,23})=(.+)", re.DOTALL)


def given(text):
    """(name, port URL) of what the command line says, `NAME=PORT` or `PORT`; the name None in the latter."""
    found = _GIVEN.fullmatch(text)
    return (found[1], found[2]) if found else (None, text)


def board_name(said, taken):
    """A name for a board that calls itself `said`, unlike those in `taken`."""
    base = re.sub(r"[^a-z0-9]+", "_", str(said).lower()).strip("_")[:20] or "board"
    base = base if base[0].isalpha() else f"board_{base}"
    taken = {scheme_of(name) for name in taken}
    number = 2
    name = base
    while scheme_of(name) in taken:
        name, number = f"{base}{number}", number + 1
    return name


def scheme_of(board):
    """A board's name as the beginning of a URI scheme, which has no _ and no capitals."""
    return board.lower().replace("_", "-")


def shared_names(boards, reserved=()):
    """[(board's name, its names)] → for each board the names under which they are known, in the same order.

    reserved   names that are somebody else's
    """
    count = Counter(reserved)
    for _, names in boards:
        count.update(set(names))
    taken = {name for name in count if count[name] == 1} | set(reserved)
    known = []
    for board, names in boards:
        known.append([])
        for name in names:
            mine = name if count[name] == 1 and name not in reserved else _prefixed(board, name, taken)
            taken.add(mine)
            known[-1].append(mine)
    return known


def _prefixed(board, name, taken):
    text = wanted = f"{board}_{name}"
    turn = 0
    while len(text) > LONGEST or text in taken:
        digest = hashlib.sha256(json.dumps([wanted, turn]).encode()).hexdigest()[:6]
        text = f"{wanted[: LONGEST - 7]}_{digest}"
        turn += 1
    return text


class Schemes:
    """Whose URIs are whose. `boards`: [(board's name, its URIs and URI templates)]"""

    def __init__(self, boards):
        self._boards = [scheme_of(name) for name, _ in boards]
        self._users = {}  # scheme -> numbers of the boards that use it
        for number, (_, uris) in enumerate(boards):
            for uri in uris:
                users = self._users.setdefault(_scheme(uri), [])
                if number not in users:
                    users.append(number)

    def known(self, number, uri):
        """The URI under which clients know a board's."""
        return f"{self._boards[number]}+{uri}" if len(self._users.get(_scheme(uri), ())) > 1 else uri

    def rewrites(self, number):
        """Whether any URI of a board is known under another."""
        return any(number in users and len(users) > 1 for users in self._users.values())

    def owners(self, uri):
        """[(number of a board, the URI there)]: one, none for a scheme that nobody uses, several for an ambiguous URI."""
        board, plus, rest = uri.partition("+")
        if plus and board.lower() in self._boards and ":" in rest:
            return [(self._boards.index(board.lower()), rest)]
        return [(number, uri) for number in self._users.get(_scheme(uri), ())]


def _scheme(uri):
    return uri.partition(":")[0].lower()


def rewritten(value, known):
    """Change the URIs in the result of a call, a read or a prompt, in place: `known(uri)` is the new one."""
    if isinstance(value, list):
        for item in value:
            rewritten(item, known)
    elif isinstance(value, dict):
        if isinstance(value.get("uri"), str):
            value["uri"] = known(value["uri"])
        for name in ("contents", "content", "resource", "messages"):
            rewritten(value.get(name), known)
