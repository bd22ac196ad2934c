"""Imports point down between the packages of host_tools, in the order that its docstring gives."""

import ast
import re
from pathlib import Path

import wasmote

ROOT = Path(__file__).parents[2]
HOST_TOOLS = ROOT / "host_tools"
PACKAGES = sorted({path.parent.name for path in HOST_TOOLS.glob("*/*.py")})
SHARED_WITH_THE_BOARD = {"jsonrpc", "link"}
EVERYBODYS = {"__init__", "errors"}
ON_TOP = {"__main__", "cli"}


def imported(path):
    """Where each `from … import` of a file looks in host_tools: a package, or a module beside them."""
    package = ["wasmote", *path.relative_to(HOST_TOOLS).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            name = [*base, *(node.module or "").split(".")]
        elif isinstance(node, ast.Import):
            assert not any(alias.name.split(".")[0] == "wasmote" for alias in node.names), f"{path}: from … import"
            continue
        else:
            continue
        name = list(filter(None, name))
        if name == ["wasmote"]:
            yield from (alias.name if inside(alias.name) else "__init__" for alias in node.names)
        elif name[0] == "wasmote":
            yield name[1]


def inside(name):
    return name in PACKAGES or name in SHARED_WITH_THE_BOARD or (HOST_TOOLS / f"{name}.py").is_file()


def imports_of(package):
    """The packages that it imports, and those that its docstring says it imports."""
    found = {name for path in (HOST_TOOLS / package).glob("*.py") for name in imported(path)}
    text = ast.get_docstring(ast.parse((HOST_TOOLS / package / "__init__.py").read_text()))
    said = re.search(r"Imports of ours: ([\w, ]+)\.", text)[1].split(", ")
    return found - {package} - SHARED_WITH_THE_BOARD - EVERYBODYS, set(said) - {"none"}


def test_each_package_imports_what_it_says_and_only_from_below():
    order = re.findall(r"^    (\w+)  +\w", wasmote.__doc__, re.MULTILINE)
    assert sorted(order) == PACKAGES
    for package in order:
        found, said = imports_of(package)
        assert found == said, package
        assert found <= set(order[: order.index(package)]), package


def test_beside_the_packages_is_only_what_all_need_or_what_starts_them():
    assert {path.stem for path in HOST_TOOLS.glob("*.py")} == EVERYBODYS | ON_TOP
    for name in EVERYBODYS:
        assert set(imported(HOST_TOOLS / f"{name}.py")) <= EVERYBODYS | SHARED_WITH_THE_BOARD


def test_every_package_is_installed():
    text = (ROOT / "pyproject.toml").read_text()
    listed = re.findall(r'"wasmote\.(\w+)"', re.search(r"^packages = \[(.*?)\]", text, re.MULTILINE | re.DOTALL)[1])
    assert sorted(listed) == sorted([*PACKAGES, *SHARED_WITH_THE_BOARD, "boards"])
