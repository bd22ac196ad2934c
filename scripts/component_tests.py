#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Component Model's own tests against our loader: prints the figures.

    build/venv/bin/python scripts/component_tests.py        COMPONENT_TESTSUITE: another folder than ../shared/…

A command of the suite is a binary and what it is: malformed, invalid, or neither. Each is validated (imagine.py, the
whole static check) and loaded for a host that offers nothing. What ends other than the suite says is in DIFFERENT, with
the reason why it is harmless.
"""

import json
import os
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if "wasmote" not in sys.modules:
    sys.path[:0] = [str(ROOT / "modules"), str(ROOT / "tests/shims")]

from wasmote.component import Component  # noqa: E402
from wasmote.component.imagine import validate  # noqa: E402
from wasmote.wasm import Source, Store, WasmError, drive  # noqa: E402

SUITE = Path(os.environ.get("COMPONENT_TESTSUITE", ROOT.parent / "shared/component-testsuite"))
TEXTS = {"assert_malformed": "malformed", "assert_invalid": "invalid", "module": "valid", "module_definition": "valid"}

# (script, line of the .wast): (how it ends here, why that harms nobody)
DIFFERENT = {
    # invalid, and refused for a feature before the rule that it breaks is looked at
    ("binary-binary", 744): ("Unsupported: stream type", "async is refused by name"),
    ("validation-instantiation", 422): ("Unsupported: shared memory", "threads are refused by name"),
    # valid, and refused by the name of what we do not take
    ("binary-binary", 557): ("Unsupported: stream type", "async is refused by name"),
    ("binary-binary", 755): ("Unsupported: async function type", "async is refused by name"),
    ("binary-binary", 892): ("Unsupported: GC types", "core GC types are refused by name"),
    ("binary-binary", 958): ("Unsupported: fixed-length list type", "not standard yet, refused by name"),
    ("binary-binary", 965): ("Unsupported: map type", "not standard yet, refused by name"),
    ("binary-binary", 974): ("Unsupported: async function type", "async is refused by name"),
    ("binary-binary", 1206): ("Unsupported: import or export name with `implements`", "not standard yet, refused by name"),
    ("validation-instantiation", 342): ("Invalid: multiple memories", "multi-memory, which our core does not take"),
}  # fmt: skip


def commands():
    """(script, line, "malformed" | "invalid" | "valid", bytes) of each command."""
    for script in sorted(SUITE.glob("*/*.json")):
        for command in json.loads(script.read_text())["commands"]:
            binary = (script.parent / command["filename"]).read_bytes()
            yield script.stem, command["line"], TEXTS[command["type"]], binary


def ends(generator):
    """How a load or validation ends: "accepted", or the class of the error and its text."""
    try:
        drive(generator)
    except WasmError as error:
        return f"{type(error).__name__}: {error}"
    return "accepted"


class Nothing:
    def interface(self, name):
        return None


def loaded(binary):
    store = Store(limit=64)
    try:
        return ends(Component.load(store, Source(binary), Nothing()))
    finally:
        store.close()


EXPECTED = {"malformed": ("Malformed",), "invalid": ("Invalid", "Malformed"), "valid": ("accepted",)}


def figures():
    """(Counter of what the suite wants, of how many end so, of those that load, {(script, line): how it ends} of the others)."""
    wanted, right, running, others = Counter(), Counter(), Counter(), {}
    for script, line, kind, binary in commands():
        wanted[kind] += 1
        end = ends(validate(Source(binary)))
        if end.split(":")[0] in EXPECTED[kind]:
            right[kind] += 1
        else:
            others[script, line] = end
        running[kind] += loaded(binary) == "accepted"
    return wanted, right, running, others


def main():
    if not SUITE.is_dir():
        sys.exit(f"no component test suite in {SUITE}: set COMPONENT_TESTSUITE")
    wanted, right, running, others = figures()
    for kind in wanted:
        print(f"{kind:10} {right[kind]:3} of {wanted[kind]:3} as the suite says, {running[kind]:3} load")
    for (script, line), end in others.items():
        _, reason = DIFFERENT.get((script, line), ("", "UNKNOWN"))
        print(f"  {script}.wast:{line}: {end} ({reason})")
    sys.exit(others.keys() != DIFFERENT.keys())


if __name__ == "__main__":
    main()
