#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The error codes of modules/wasmote/jsonrpc/codes.py as the table in docs/mcp.md.

scripts/codes.py            prints it
scripts/codes.py --write    puts it into docs/mcp.md
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "modules/wasmote/jsonrpc/codes.py"
DOCS = ROOT / "docs/mcp.md"
LINE = re.compile(r"^([A-Z_]+) = (-\d+)  # (.*)$", re.MULTILINE)


def table():
    rows = [f"| {code} | `{name}` | {_quoted(text)} |" for name, code, text in LINE.findall(SOURCE.read_text())]
    return "\n".join(["| code | name | when |", "|---|---|---|", *rows])


def _quoted(text):
    return re.sub(r"data \{(.*?)\}", r"`data` {\1}", text)


def written(docs):
    """The docs with the table put in."""
    begin, end = "<!-- codes -->\n", "<!-- end -->"
    before, rest = docs.split(begin)
    return before + begin + table() + "\n" + end + rest.split(end, 1)[1]


if __name__ == "__main__":
    if "--write" in sys.argv:
        DOCS.write_text(written(DOCS.read_text()))
    else:
        print(table())
