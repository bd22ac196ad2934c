#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every message with which a component or a request is refused, read from the sources: the list behind docs/refusals.md.

    scripts/refusals.py            what there is, by class: Malformed, Invalid, Unsupported, Unlinkable, OutOfMemory, Refused …
    scripts/refusals.py --write    the lists of Malformed and Invalid in docs/refusals.md, anew

A message is given as docs/refusals.md has it: what is filled in when it is said is `…`.
"""

import ast
import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "modules/wasmote"
DOCS = ROOT / "docs/refusals.md"
FOLDERS = ("component", "host", "mcp", "wasm")
CLASSES = (
    "Malformed",
    "Invalid",
    "Unsupported",
    "Unlinkable",
    "OutOfMemory",
    "Refused",
    "HostError",
    "Trap",
    "Ended",
    "Told",
)
# What makes a refusal: the class that it counts as, which argument is its text, and what is said before that.
MAKERS = {
    **{name: (name, 0, "") for name in CLASSES},
    "HostError": ("HostError", 1, ""),
    "RpcError": ("HostError", 1, ""),
    "_wrong": ("HostError", 0, "the configuration was not taken: "),
    "failed": ("Told", 1, ""),  # an error of the guest's own call of wasi:mcp or wasmote:mcp
    "_refuse": ("Told", 0, ""),
    "StoreError": ("Told", 0, ""),  # of wasi:keyvalue
    "ValueError": ("Told", 0, ""),  # in one file
}
FILES = {"RpcError": "mcp/management.py", "_wrong": "host/checks.py", "ValueError": "host/wasmote/messages.py"}
RETURNED = {  # what these functions return is told
    **dict.fromkeys(("_revive", "fall_back", "explain", "_why"), "Ended"),
    **dict.fromkeys(("_stands_in_the_way", "_not_granted"), "Told"),
}
GENERATED = ("Malformed", "Invalid")  # of one remedy each: the lists are printed into the docs


def messages():
    """{class: {message: "component/binary.py"}}"""
    found = defaultdict(dict)
    for folder in FOLDERS:
        for path in sorted((MODULES / folder).rglob("*.py")):
            tree = ast.parse(path.read_text())
            constants = _assigned(ast.Module([node for node in tree.body if isinstance(node, ast.Assign)], []))
            for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)] + [tree]:
                texts = _assigned(function)
                where = str(path.relative_to(MODULES))
                ends = _ends(function, constants) if folder != "mcp" else []
                for name, text in [*_raised(function, texts, where), *ends]:
                    found[name].setdefault(_shape(text), where)
    for text in _traps():
        found["Trap"].setdefault(text, "wasm/traps.py")
    return found


def _raised(function, texts, where):
    """(class, text) of each exception or error result that is made in a function."""
    for call in ast.walk(function):
        name = getattr(call.func, "id", None) if isinstance(call, ast.Call) else None
        if name in MAKERS and FILES.get(name, where) == where:
            counts_as, at, before = MAKERS[name]
            for argument in call.args[at : at + 1]:
                yield from [(counts_as, before + text) for text in _texts(argument, texts)]


def _ends(function, constants):
    """("Ended", text) of what a call is told that did not come to its end."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", None) in ("end", "_crashed"):
            yield from [("Ended", text) for argument in node.args for text in _texts(argument, constants)]
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "why":
            yield from [("Ended", text) for text in _texts(node.value, constants)]
        if isinstance(node, ast.Return) and node.value and getattr(function, "name", None) in RETURNED:
            yield from [(RETURNED[function.name], text) for text in _texts(node.value, constants)]
    if getattr(function, "name", None) == "_refused":
        yield from [("Ended", text) for text in _assigned(function)["text"]]


def _traps():
    """The specification's texts, a table of the sources."""
    tree = ast.parse((MODULES / "wasm/traps.py").read_text())
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)][1:]


def _assigned(function):
    """{name: [texts]} of what is put together before it is raised."""
    texts = defaultdict(list)
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            texts[node.targets[0].id] += _texts(node.value, {})
    return texts


def _texts(node, assigned):
    """The texts that an expression may be; an empty list if it is made elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return _texts(node.left, assigned)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _texts(node.left, assigned) or ["%s"], _texts(node.right, assigned) or ["%s"]
        return [a + b for a in left for b in right if a + b != "%s%s"]
    if isinstance(node, ast.IfExp):
        return _texts(node.body, assigned) + _texts(node.orelse, assigned)
    if isinstance(node, ast.BoolOp):
        return [text for value in node.values for text in _texts(value, assigned)]
    if isinstance(node, ast.Name):
        return assigned.get(node.id, [])
    return []


def _shape(text):
    """`more than %d sections` -> `more than … sections`"""
    return re.sub(r"…(…)+", "…", re.sub(r"%[-0-9.]*[a-z]", "…", text)).replace("%%", "%")


def lists(found):
    """What stands between the markers in the docs, by class."""
    return {
        name: "\n".join(f"- `{text}`" if "`" not in text else f"- ``{text}``" for text in sorted(found[name]))
        for name in GENERATED
    }


def written(docs, name, text):
    """The docs with the list of one class put in."""
    return re.sub(rf"(<!-- {name} -->\n).*?(\n<!-- end -->)", lambda at: at[1] + text + at[2], docs, flags=re.S)


if __name__ == "__main__":
    all_of_them = messages()
    if "--write" in sys.argv:
        docs = DOCS.read_text()
        for name, text in lists(all_of_them).items():
            docs = written(docs, name, text)
        DOCS.write_text(docs)
    else:
        for name in CLASSES:
            print(f"{name}: {len(all_of_them[name])}")
            for text, path in all_of_them[name].items():
                print(f"    {path}: {text}")
