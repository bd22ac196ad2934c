"""Imports point down (design.md, section 1): a lower layer gets what it needs as an argument."""

import ast

from conftest import ROOT

PACKAGE = ROOT / "modules/wasmote"
# Lowest first. Layers of one row do not know each other, but for mcp, which speaks jsonrpc.
LAYERS = [["wasm"], ["component"], ["host"], ["jsonrpc", "link"], ["mcp"], ["port"], ["embed", "main"], ["__init__"]]
ALONE = {"jsonrpc", "link"}  # shared with the PC: they import nothing of ours
MAY_KNOW_HARDWARE = {"main", "port"}


def rank(layer):
    return next(i for i, row in enumerate(LAYERS) if layer in row)


def imported(path):
    """(layer, module) of each import in a file, absolute or relative."""
    package = ["wasmote", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            names = [".".join([*base, node.module or alias.name]) for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name.split(".") for name in names)


def test_imports_point_down():
    for path in PACKAGE.rglob("*.py"):
        layer = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if layer == "version":
            continue
        for name in imported(path):
            if name[0] == "machine":
                assert layer in MAY_KNOW_HARDWARE, f"{path} imports {name[0]}"
            if name[0] == "_wasm":
                assert layer == "wasm", f"{path} imports the engine"
            if name[0] != "wasmote" or len(name) < 2 or name[1] == layer or name[1] == "version":
                continue
            assert layer not in ALONE, f"{path} imports {'.'.join(name)}"
            assert rank(name[1]) < rank(layer), f"{path} imports {'.'.join(name)}"


def test_only_the_binding_knows_micropython():
    for path in (ROOT / "firmware/wasm").glob("*.[ch]"):
        knows = '#include "py/' in path.read_text()
        assert knows == (path.name == "modwasm.c"), path
