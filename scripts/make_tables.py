#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Print the engine's tables, for C and for Python, from the three CSV files in firmware/wasm.

opcodes.csv  every WebAssembly instruction      a16.csv  every A16 operation      traps.csv  trap codes

With --check, write nothing and exit 1 if a committed file differs.
"""

import csv
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
C, PY = ROOT / "firmware/wasm", ROOT / "modules/wasmote/wasm"
NOTICE = "Printed by scripts/make_tables.py from {}; do not edit."

# How translate.py lowers an instruction; the order of operand modes is a16.csv's.
SHAPES = ["UNKNOWN", "CONTROL", "BINARY", "BINARY_SA", "RELATION", "UNARY", "PLAIN", "PLAIN_ACC",
          "LOAD", "LOAD64", "STORE", "STORE64", "REFUSED_FLOAT", "REFUSED_FEATURE"]  # fmt: skip
VALTYPES = {"i32": "\\x7f", "i64": "\\x7e", "f32": "\\x7d", "f64": "\\x7c"}
WITH_IMMEDIATES = "ss as si ai"


def rows(name):
    with open(C / name, newline="") as file:
        return list(csv.DictReader(file))


def a16_operations():
    """[(number, name, family)] in the order of a16.csv: modes, then forms."""
    out = []
    for row in rows("a16.csv"):
        for mode in row["modes"].split() or [""]:
            for form in row["forms"].split() or [""]:
                name = "_".join(part for part in (row["family"], mode, form) if part)
                out.append((len(out), name, row["family"]))
    return out


def bases():
    """family → number of its first operation"""
    return {family: number for number, _, family in reversed(a16_operations())}


def shape(row, families):
    """(shape, family) of a row of opcodes.csv."""
    name = row["mnemonic"].replace(".", "_")
    if row["feature"] not in ("mvp", "sign-ext"):
        return "REFUSED_FEATURE", None
    if "memarg" in row["immediates"]:
        if "f32" in name or "f64" in name:
            return "REFUSED_FLOAT", None
        if name == "i64_store":
            return "STORE64", name
        if "_store" in name:  # an i64's low slot is all that a narrow store reads
            return "STORE", "i32_store" + name[9:].replace("32", "")
        return ("LOAD64" if name.startswith("i64") else "LOAD"), name
    if row["immediates"] or "t" in (row["pops"] + " " + row["pushes"]).split() or not row["pushes"]:
        return ("REFUSED_FLOAT" if name in ("f32_const", "f64_const") else "CONTROL"), None
    if "f32" in name or "f64" in name:
        return "REFUSED_FLOAT", None
    family = families[name]
    modes, forms = family["modes"], family["forms"]
    if modes == WITH_IMMEDIATES + " sa":
        return "BINARY_SA", name
    if modes == WITH_IMMEDIATES:
        return ("BINARY" if row["code"] >= "0x6a" else "RELATION"), name
    if modes == "a s":
        return "UNARY", name
    return ("PLAIN_ACC" if forms == "a s" else "PLAIN"), name


def opcodes_py():
    families = {row["family"]: row for row in rows("a16.csv")}
    base = bases()
    signatures, table, names, prefixed = [], {}, {}, {}
    for row in rows("opcodes.csv"):
        code = int(row["code"], 16)
        if code > 0xFF:
            prefixed[code & 0xFF] = row["mnemonic"]
            continue
        names[code] = row["mnemonic"]
        kind, family = shape(row, families)
        types = [s.split() for s in (row["pops"], row["pushes"])]
        if kind in ("CONTROL", "REFUSED_FEATURE"):
            types = [[], []]
        if types not in signatures:
            signatures.append(types)
        first = base[family] if family else 0
        wide = base.get(f"{family}_wide", 0)
        table[code] = (SHAPES.index(kind), first & 0xFF, first >> 8, wide & 0xFF, wide >> 8,
                       signatures.index(types), int(row["width"] or 0))  # fmt: skip
    last = max(table)
    entries = [table.get(code, (0,) * 7) for code in range(last + 1)]
    lines = [f'"""Instructions, for translate.py. {NOTICE.format("opcodes.csv")}"""', "",
             ]  # fmt: skip
    lines += ["# By instruction: shape, A16 number (2 bytes), of its wide form (2 bytes), signature, width.",
              "TABLE = ("]  # fmt: skip
    lines += ['    b"' + "".join(f"\\x{byte:02x}" for byte in entry) + '"' for entry in entries]
    lines += [")", "", "SIGNATURES = ("]
    for pops, pushes in signatures:
        lines.append(
            "    (" + ", ".join('b"' + "".join(VALTYPES[t] for t in part) + '"' for part in (pops, pushes)) + "),"
        )
    lines += [")", "", "# Instruction 0, 1, … by name, and those behind the prefix 0xfc.", "NAMES = ("]
    lines += [f'    "{names.get(code, "?")} "' for code in range(last + 1)]
    lines += [")", "PREFIXED_NAMES = ("]
    lines += [f'    "{prefixed[code]} "' for code in range(max(prefixed) + 1)]
    return "\n".join(lines + [")"]) + "\n"


def with_numbers(name):
    """A Python file of ours with the A16 numbers and shapes that it names, as constants that cost no RAM."""
    begin, end = "# A16 numbers, from scripts/make_tables.py\n", "# end of A16 numbers\n"
    head, rest = (PY / name).read_text().split(begin)
    tail = rest.split(end)[1]
    known = {"_" + family.upper(): number for family, number in bases().items()}
    known |= {"_" + shape: number for number, shape in enumerate(SHAPES)}
    used = sorted(set(re.findall(r"\b_[A-Z][A-Z0-9_]*\b", head + tail)) & known.keys(), key=lambda n: (known[n], n))
    return head + begin + "".join(f"{n} = const({known[n]})\n" for n in used) + end + tail


def a16_h():
    lines = ["// SPDX-License-Identifier: MIT", "// clang-format off", "// " + NOTICE.format("a16.csv"), "#ifdef A16"]
    lines += [f"A16({number}, {name})" for number, name, _ in a16_operations()]
    lines += ["#else", f"#define A16_COUNT ({len(a16_operations())})",
              "enum {", "#define A16(number, name) A16_##name = number,",
              '#include "a16.h"', "#undef A16", "};", "#endif"]  # fmt: skip
    return "\n".join(lines) + "\n"


def traps_h():
    lines = ["// SPDX-License-Identifier: MIT", "// clang-format off", "// " + NOTICE.format("traps.csv")]
    lines += ['TRAP({code}, {name}, "{text}")'.format(**row) for row in rows("traps.csv")]
    return "\n".join(lines) + "\n"


def traps_py():
    lines = [f'"""Trap codes and their texts. {NOTICE.format("traps.csv")}"""', "", "TRAPS = {"]
    lines += ['    {code}: "{text}",'.format(**row) for row in rows("traps.csv")]
    return "\n".join(lines + ["}"]) + "\n"


def interp_table_py():
    """What the Python twin needs of each operation: family, modes, form."""
    lines = [f'"""A16 operations by number, for functions.py. {NOTICE.format("a16.csv")}"""', "",
             "# family, where its operands are, form", "OPERATIONS = ("]  # fmt: skip
    for row in rows("a16.csv"):
        for mode in row["modes"].split() or [""]:
            for form in row["forms"].split() or [""]:
                lines.append(f'    ("{row["family"]}", "{mode}", "{form}"),')
    return "\n".join(lines + [")"]) + "\n"


FILES = {
    C / "a16.h": a16_h,
    C / "traps.h": traps_h,
    PY / "control.py": lambda: with_numbers("control.py"),
    PY / "emit.py": lambda: with_numbers("emit.py"),
    PY / "interp.py": lambda: with_numbers("interp.py"),
    PY / "translate.py": lambda: with_numbers("translate.py"),
    PY / "opcodes.py": opcodes_py,
    PY / "traps.py": traps_py,
    PY / "operations.py": interp_table_py,
}


def main():
    stale = [path for path, text in FILES.items() if not path.exists() or path.read_text() != text()]
    for path in stale:
        name = path.relative_to(ROOT)
        if "--check" in sys.argv:
            print(f"{name} differs from its CSV: run make tables")
        else:
            path.write_text(FILES[path]())
            print(f"wrote {name}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
