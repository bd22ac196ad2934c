#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Print the engine's tables, for C and for Python, from the three CSV files in firmware/wasm.

opcodes.csv  every WebAssembly instruction      a16.csv  every A16 operation      traps.csv  trap codes

With --check, write nothing and exit 1 if a committed file differs.
"""

import csv
import keyword
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
C, PY, DOCS = ROOT / "firmware/wasm", ROOT / "modules/wasmote/wasm", ROOT / "docs"
EXEC_H = C / "exec.h"
NOTICE = "Printed by scripts/make_tables.py from {}; do not edit."

# How a body's instructions are lowered: what many share, and the function in modules/wasmote/wasm that does it.
# All others have a shape and a function of their own name, in the module of their chapter.
SHAPES = {
    "UNKNOWN": "_unknown",
    "BINARY": "numeric.binary",
    "BINARY_SA": "numeric.binary",
    "RELATION": "numeric.binary",
    "F32_BINARY": "numeric.f32_binary",
    "UNARY": "numeric.unary",
    "I64_BINARY": "numeric.i64_binary",
    "I64_COMMUTATIVE": "numeric.i64_binary",
    "PLAIN": "numeric.plain",
    "PLAIN_ACC": "numeric.plain",
    "REINTERPRET": "numeric.reinterpret",
    "LOAD": "memories.load",
    "LOAD64": "memories.load64",
    "STORE": "memories.store",
    "STORE64": "memories.store64",
}
# How the Python twin reads an operation's operands (a accumulator, s slot, i immediate, w word; L: 64 bits of it) and
# where it puts the result, most frequent first: plan.py says which, interp.py does it.
KINDS = """SI S SS AS LL OWN I AI
LI AT_S AT_A ALONE SA SL A W NONE L SSA SSS LLA LLS W64 CELL CELLS FAR_CELL FAR_CELLS ADD ADD_S ADD_I
SHIFT_S SHIFT_A AT_AS AT_SS AT_SL"""
FORMS = """TO_S TO_A TO_L BACK FORWARD LOAD_S LOAD_A TO_MEMORY LOAD_L LOAD_L_NEAR TO_MEMORY_WIDE LOAD_WIDE
TO_CELL TO_CELLS TO_FAR_CELL TO_FAR_CELLS"""
CHAPTERS = {"5.4.1": "control", "5.4.2": "tables", "5.4.3": "variables", "5.4.4": "variables", "5.4.5": "tables",
            "5.4.6": "memories", "5.4.7": "numeric"}  # fmt: skip
VALTYPES = {"i32": "\\x7f", "i64": "\\x7e", "f32": "\\x7d", "f64": "\\x7c"}
WITH_IMMEDIATES = "ss as si ai"
COMMUTATIVE = ("i64_add", "i64_mul", "i64_and", "i64_or", "i64_xor")
LAST_BYTE = 0xD2  # the last instruction of one byte; those behind the prefix 0xfc follow it in the tables


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
    if "memarg" in row["immediates"]:  # the bits are all that counts, and an i64's low slot in a narrow store
        family = name.replace("f32", "i32").replace("f64", "i64")
        if family == "i64_store":
            return "STORE64", family
        if "_store" in family:
            return "STORE", "i32_store" + family[9:].replace("32", "")
        return ("LOAD64" if family.startswith("i64") else "LOAD"), family
    if row["immediates"] or not row["pushes"] or "t" in (row["pops"] + " " + row["pushes"]).split():
        return name.upper(), None
    if "reinterpret" in name:
        return "REINTERPRET", None
    modes, forms = families[name]["modes"], families[name]["forms"]
    if modes == WITH_IMMEDIATES + " sa":
        return "BINARY_SA", name
    if modes == WITH_IMMEDIATES:
        return ("BINARY" if row["code"] >= "0x6a" else "RELATION"), name
    if modes == "ss as sa":
        return "F32_BINARY", name
    if modes == "a s":
        return "UNARY", name
    if short_form(name) in families:
        return "I64_COMMUTATIVE" if name in COMMUTATIVE else "I64_BINARY", name
    return ("PLAIN_ACC" if forms == "a s" else "PLAIN"), name


def short_form(name):
    """The family of an i64 operation with a short constant: of the negated one where it takes the place of two."""
    return {"i64_sub": "i64_add", "i64_rotr": "i64_rotl"}.get(name, name) + "_short"


def instructions():
    """[(mnemonic, shape, A16 number, of its other form, signature, width or cost)] by row of the tables; None: no such one.

    The other form: of memory instructions the wide one, of i64 operations the one with a short constant.
    """
    families = {row["family"]: row for row in rows("a16.csv")}
    base = bases()
    table = [None] * (LAST_BYTE + 1)
    for row in rows("opcodes.csv"):
        code = int(row["code"], 16)
        kind, family = shape(row, families)
        types = (row["pops"], row["pushes"]) if kind in SHAPES else ("", "")
        other = base.get(f"{family}_wide", 0) or base.get(short_form(family or ""), 0)
        entry = (row["mnemonic"], kind, base.get(family, 0), other, types,
                 int(row["width"] or row["cost"] or 0))  # fmt: skip
        if code <= LAST_BYTE:
            table[code] = entry
        else:
            assert code == 0xFC00 + len(table) - LAST_BYTE - 1, "rows of a prefix in order"
            table.append(entry)
    return table


def shapes():
    """{shape: function} of all, in order: a shape's number is its place."""
    out = dict(SHAPES)
    for row in rows("opcodes.csv"):
        kind, _ = shape(row, {r["family"]: r for r in rows("a16.csv")})
        name = row["mnemonic"].replace(".", "_")
        if kind not in out:
            out[kind] = CHAPTERS[row["section"]] + "." + (name + "_" if keyword.iskeyword(name) else name)
    return out


def opcodes_py():
    table = instructions()
    signatures = list(dict.fromkeys(entry[4] for entry in table if entry))
    numbers = {name: number for number, name in enumerate(shapes())}
    lines = [f'"""Instructions, for the translator. {NOTICE.format("opcodes.csv")}"""', "",
             "# By instruction: shape, A16 number (2 bytes), of its wide or short form (2 bytes), signature,",
             "# bytes accessed or fuel. Those behind the prefix 0xfc follow those of one byte.", "TABLE = ("]  # fmt: skip
    for entry in table:
        name, kind, first, wide, types, width = entry or ("", "UNKNOWN", 0, 0, signatures[0], 0)
        values = (numbers[kind], first & 0xFF, first >> 8, wide & 0xFF, wide >> 8, signatures.index(types), width)
        lines.append('    b"' + "".join(f"\\x{byte:02x}" for byte in values) + '"' + (f"  # {name}" if name else ""))
    lines += [")", "", "SIGNATURES = ("]
    for types in signatures:
        pops, pushes = ("".join(VALTYPES[t] for t in part.split()) for part in types)
        lines.append(f'    (b"{pops}", b"{pushes}"),')
    return "\n".join(lines + [")"]) + "\n"


def opcodes_h():
    """The same for translate_lower.c: SHAPE(name) of each, or OPCODE(…) of each instruction."""
    lines = [
        "// SPDX-License-Identifier: MIT",
        "// clang-format off",
        "// " + NOTICE.format("opcodes.csv"),
        "#ifdef SHAPE",
    ]
    lines += [f"SHAPE({name})" for name in shapes()]
    lines += [
        "#else",
        "// row, shape, A16 number, of its wide or short form, operands, result, log2 of the bytes accessed or of fuel / 16",
    ]
    for row, entry in enumerate(instructions()):
        if entry:
            _, kind, first, other, (pops, pushes), size = entry
            log2 = 0 if not size else size.bit_length() - (1 if kind.startswith(("LOAD", "STORE")) else 5)
            assert not size or size == (1 << log2 if kind.startswith(("LOAD", "STORE")) else 16 << log2)
            types = [*(pops.split() + ["NONE"] * 2)[:2], pushes or "NONE"]
            other = 0 if not other else f"SHORT({other})" if kind.startswith("I64") else f"WIDE({other})"
            lines.append(f"OPCODE(0x{row:02x}, {kind}, {first}, {other}, {', '.join(types)}, {log2})")
    return "\n".join(lines + ["#endif"]) + "\n"


def between(text, begin, end, new):
    """`text` with what stands between two lines replaced."""
    head, rest = text.split(begin + "\n")
    return head + begin + "\n" + new + end + rest.split(end)[1]


def with_shapes(text):
    """translate.py with the function of each shape."""
    lines = "".join(f"    {function},  # {name}\n" for name, function in shapes().items())
    return between(text, "# By shape, from scripts/make_tables.py", "# end of shapes", f"_LOWERINGS = (\n{lines})\n")


def with_decoding(text):
    """A file of the Python twin with the numbers of kinds and forms too."""
    return with_numbers(
        text, {"_" + name: number for names in (KINDS, FORMS) for number, name in enumerate(names.split())}
    )


def with_numbers(text, more=()):
    """A Python file of ours with the A16 numbers and shapes that it names, as constants that cost no RAM."""
    base = bases()
    known = {"_" + name.upper(): number for number, name, _ in a16_operations()}
    known |= {"_" + family.upper(): number for family, number in base.items()}
    known |= {"_" + name: number for number, name in enumerate(SHAPES)}
    known.update(more)
    known["_DENSE"] = base["dense_i32_load"] - base["i32_load"]
    known["_DENSE_AT"] = base["dense_i32_load_at"] - base["i32_load_at"]
    begin, end = "# A16 numbers, from scripts/make_tables.py", "# end of A16 numbers"
    rest = between(text, begin, end, "")
    used = sorted(set(re.findall(r"\b_[A-Z][A-Z0-9_]*\b", rest)) & known.keys(), key=lambda n: (known[n], n))
    return between(text, begin, end, "".join(f"{n} = const({known[n]})\n" for n in used))


def records():
    """{record: [field]} of exec.h: a record is a row of words, its name less _t."""
    out = {}
    for body, name in re.findall(
        r"typedef struct __attribute__\(\(may_alias\)\) \{(.*?)\} (\w+)_t;", EXEC_H.read_text(), re.S
    ):
        fields = re.findall(r"^ *uint32_t (.*?);", body, re.M)
        out[name] = [field.strip() for line in fields for field in line.split(",")]
    return out


def defined():
    """{_NAME: number} of what the headers that the twin shares define, and of their enumerations of one line."""
    out = {}
    for header in ("exec.h", "exec_ops.h", "translate.h"):
        text = (C / header).read_text()
        for name, number in re.findall(r"^#define ([A-Z_]+) \((0x[0-9a-f]+|\d+)\)", text, re.M):
            out["_" + name] = int(number, 0)
        for names in re.findall(r"^enum \{ ([A-Z_, ]+) \};", text, re.M):
            out |= {"_" + name: number for number, name in enumerate(names.split(", "))}
    window = out["_LEFT_OVER"] + out["_PIECE"]
    first = re.search(r"typedef struct __attribute__\(\(may_alias\)\) \{\n +uint32_t index;.*\n +uint32_t found;", text)
    assert first, "translator_t begins with what bodies.py reads"
    return out | {"_AT_SCRATCH_INDEX": window, "_AT_SCRATCH_FOUND": window + 4}


def with_records(text):
    """A Python file of ours with what it names of the C engine: offsets, sizes, exits, limits, trap codes."""
    known = {"_TRAP_" + row["name"].upper(): row["code"] for row in rows("traps.csv")} | defined()
    for record, fields in records().items():
        known[f"_SIZEOF_{record.upper()}"] = 4 * len(fields)
        for number, field in enumerate(fields):
            known[f"_AT_{record}_{field}".upper()] = 4 * number  # in bytes
            known[f"_WORD_{record}_{field}".upper()] = number
    begin, end = "# Numbers of the C engine, from scripts/make_tables.py", "# end of numbers"
    rest = between(text, begin, end, "")
    own = set(re.findall(r"^(_\w+) = ", rest, re.M))
    used = [name for name in known if name not in own and re.search(rf"\b{name}\b", rest)]
    return between(text, begin, end, "".join(f"{name} = const({known[name]})\n" for name in used))


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


def operations_py():
    """What the Python twin needs of each operation: family, modes, form."""
    lines = [f'"""A16 operations, for plan.py. {NOTICE.format("a16.csv")}"""', "",
             "# family, where its operands are, forms: an operation for each pair of them", "FAMILIES = ("]  # fmt: skip
    lines += ['    ("{family}", "{modes}", "{forms}"),'.format(**row) for row in rows("a16.csv")]
    lines += [")", "", "", "def operations():",
              '    """(family, mode, form) of each operation, by number."""',
              "    for family, modes, forms in FAMILIES:",
              '        for mode in modes.split() or ("",):',
              '            for form in forms.split() or ("",):',
              "                yield family, mode, form"]  # fmt: skip
    return "\n".join(lines) + "\n"


def engine_md():
    """docs/engine.md with the traps and the limits."""
    traps = "Codes and texts: " + ", ".join("{code} {text}".format(**row) for row in rows("traps.csv")) + "."
    page = between((DOCS / "engine.md").read_text(), "<!-- traps.csv -->", "<!-- end of traps.csv -->", traps + "\n")
    known = defined()
    for name in ("constants.py", "binary.py", "reader.py"):
        known |= {key: int(value) for key, value in re.findall(r"(_MAX_\w+) = const\((\d+)\)", (PY / name).read_text())}
    limits = (
        f"{known['_MAX_OWNERS']} owners; an arena of 4 to 255 KiB; {known['_MAX_MAP']:,} pages of addresses a memory, its owner's granules; of a"
        f" function {known['_MAX_CODE']:,} halfwords of code,\n{known['_MAX_FRAME']:,} bytes of frame,"
        f" {known['_MAX_LOCALS']:,} locals; 32,767 halfwords a branch; {known['_MAX_INSTRUCTIONS']} instructions a constant expression; of a\nfunction type"
        f" {known['_MAX_ARITY']} parameters and {known['_MAX_ARITY']} results; of a module {known['_MAX_TYPES']:,} types,"
        f" {known['_MAX_IMPORTS']:,} imports, {known['_MAX_GLOBALS']:,} globals,\n{known['_MAX_EXPORTS']} exports and"
        f" {known['_MAX_TABLES']} tables; {known['_MAX_NAME']} bytes a name.\n"
    )
    return between(page, "<!-- limits -->", "<!-- end of limits -->", limits)


def families_table():
    """Lines of Markdown: families with the same operands and results in one row."""
    groups = {}
    for row in rows("a16.csv"):
        # memory operations stand twice, so once here; what a mode is to immediates is told above the table
        if not row["family"].startswith("dense_"):
            groups.setdefault((row["modes"], row["forms"], row["operands"]), []).append(row["family"])
    lines = ["| operands | result | more operands | families |", "|---|---|---|---|"]
    lines += [
        f"| {modes} | {forms} | {operands} | {', '.join(names)} |" for (modes, forms, operands), names in groups.items()
    ]
    return lines


def becomes(row, families):
    """What an instruction may become: families of a16.csv, or patterns of them, as its row and its shape say."""
    kind, family = shape(row, families)
    out = (["pay"] if row["cost"] else []) + row["becomes"].split()
    if kind in SHAPES and family:
        forms = (f"br_{family}", f"{family}_wide", f"{family}_at", short_form(family))
        out = [family, *(name for name in forms if name in families), *out]
    return out + [f"dense_{name}" for name in out if f"dense_{name}" in families]


def instructions_md():
    """docs/instructions.md: what each instruction becomes, those of one kind in a row."""
    families = {row["family"]: row for row in rows("a16.csv")}
    groups = {}
    for row in rows("opcodes.csv"):
        name = re.escape(row["mnemonic"].replace(".", "_"))
        own = [re.sub(rf"^(dense_|br_)?{name}(_[a-z]+|2)?$", r"\1…\2", family) for family in becomes(row, families)]
        mnemonic = "select t*" if row["mnemonic"] == "select_t" else row["mnemonic"]  # two instructions of one name
        groups.setdefault((row["section"], " ".join(own)), []).append(mnemonic)
    lines = ["# Instructions", "", f"<!-- {NOTICE.format('opcodes.csv and a16.csv')} -->", "",
             "What each WebAssembly instruction may become in A16; [engine.md](engine.md) explains the names. `…` is the",
             "instruction's own name with `_` for `.`; *nothing*: it only changes what the translator knows. Sections are those of",
             "the core specification 2.0.", "", "| instructions | A16 | section |", "|---|---|---|"]  # fmt: skip
    for (section, own), names in groups.items():
        lines.append(f"| {' '.join(names)} | {own.replace('*', '…') or '*nothing*'} | {section} |")
    lines += ["", "## Operations", "", "All families of A16 with their operands (those of memories stand here once, and are there as `dense_` too):",
              "", *families_table()]  # fmt: skip
    return "\n".join(lines) + "\n"


def in_place(name, *changes):
    """What prints parts of a file of ours that is otherwise written by hand."""

    def text():
        text = (PY / name).read_text()
        for change in changes:
            text = change(text)
        return text

    return text


FILES = {
    C / "a16.h": a16_h,
    C / "opcodes.h": opcodes_h,
    C / "traps.h": traps_h,
    PY / "opcodes.py": opcodes_py,
    PY / "traps.py": traps_py,
    PY / "operations.py": operations_py,
    DOCS / "engine.md": engine_md,
    DOCS / "instructions.md": instructions_md,
}
for _path in PY.glob("*.py"):
    _changes = []
    if "\n# A16 numbers, from" in _path.read_text():
        _changes.append(with_decoding if _path.stem in ("interp", "plan") else with_numbers)
    if "\n# Numbers of the C engine" in _path.read_text():
        _changes.append(with_records)
    if _path.stem == "translate":
        _changes.append(with_shapes)
    if _changes:
        FILES[_path] = in_place(_path.name, *_changes)


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
