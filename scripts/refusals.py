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
FOLDERS = ("component", "host", "wasm")
CLASSES = ("Malformed", "Invalid", "Unsupported", "Unlinkable", "OutOfMemory", "Refused", "HostError", "Trap", "Ended")
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
                for name, text in [*_raised(function, texts), *_ends(function, constants)]:
                    found[name].setdefault(_shape(text), str(path.relative_to(MODULES)))
    for text in _traps():
        found["Trap"].setdefault(text, "wasm/traps.py")
    return found


def _raised(function, texts):
    """(class, text) of each exception that is made in a function."""
    for call in ast.walk(function):
        name = getattr(call.func, "id", None) if isinstance(call, ast.Call) else None
        if name in CLASSES:
            for argument in call.args[name == "HostError" :][:1]:
                yield from [(name, text) for text in _texts(argument, texts)]


def _ends(function, constants):
    """("Ended", text) of what a call is told that did not come to its end."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", None) in ("end", "_crashed"):
            yield from [("Ended", text) for argument in node.args for text in _texts(argument, constants)]
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "why":
            yield from [("Ended", text) for text in _texts(node.value, constants)]
        if isinstance(node, ast.Return) and node.value and getattr(function, "name", None) in ("_revive", "fall_back"):
            yield from [("Ended", text) for text in _texts(node.value, constants)]
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
