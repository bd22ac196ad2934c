"""The engine's tables: what C, Python and the documentation know of an instruction is printed from one CSV."""

import csv
import fnmatch
import subprocess
import sys

from conftest import ROOT

sys.path.append(str(ROOT / "scripts"))
import make_tables


def rows(name):
    with open(ROOT / "firmware/wasm" / name, newline="") as file:
        return list(csv.DictReader(file))


def test_committed_tables_are_what_the_csv_files_print():
    check = subprocess.run([sys.executable, ROOT / "scripts/make_tables.py", "--check"], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout


def test_every_instruction_and_every_operation_stands_once():
    for name, key in (
        ("opcodes.csv", "code"),
        ("opcodes.csv", "mnemonic"),
        ("a16.csv", "family"),
        ("traps.csv", "name"),
    ):
        values = [row[key] for row in rows(name)]
        assert len(values) == len(set(values)), name


def test_every_operation_comes_from_an_instruction():
    """docs/instructions.md leaves none out: all but those of calls and bodies as such."""
    families = {row["family"]: row for row in rows("a16.csv")}
    reached = {"done", "leave", "enter"}
    for row in rows("opcodes.csv"):
        for pattern in make_tables.becomes(row, families):
            names = fnmatch.filter(families, pattern)
            assert names, (row["mnemonic"], pattern)
            reached.update(names)
    assert reached == set(families)


def test_mnemonics_are_those_of_the_specification():
    """As wasm-tools knows them: a module of one instruction each prints with the mnemonic of our table."""
    tool = ROOT / "build/wasm-tools/wasm-tools"
    for row in rows("opcodes.csv"):
        code = int(row["code"], 16)
        if row["immediates"] or code > 0xFF or row["mnemonic"] in ("else", "end"):
            continue
        body = bytes([0, 0, code, 0x0B])
        module = b"\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0\x0a" + bytes([len(body) + 1, 1, len(body) - 1]) + body[1:]
        text = subprocess.run([tool, "print", "-"], input=module, capture_output=True).stdout.decode()
        assert row["mnemonic"] in text.split(), (row, text)
