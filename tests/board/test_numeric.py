"""Every numeric instruction of the table, with the same operands on both engines: results bit for bit, and traps."""

import csv

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import DONE, NUMBERS, RETURN, TRAP, machines
from test_softfloat import patterns
from wasmote.wasm.softfloat import F32, F64

with open(ROOT / "firmware/wasm/opcodes.csv", newline="") as file:
    ROWS = list(csv.DictReader(file))

# Reinterpretations have no code: a type changes.
NUMERIC = [
    (row["mnemonic"].replace(".", "_"), row["pops"].split(), row["pushes"].split())
    for row in ROWS
    if 0x45 <= int(row["code"], 16) <= 0xC4 or row["mnemonic"].find("trunc_sat") > 0
    if "reinterpret" not in row["mnemonic"]
]


def integers(bits):
    near = st.builds(lambda power, d: (1 << power) + d & (1 << bits) - 1, st.integers(0, bits), st.integers(-3, 3))
    return st.one_of(near, st.integers(0, (1 << bits) - 1), st.integers(0, 64).map(lambda n: -n & (1 << bits) - 1))


OPERANDS = {"i32": integers(32), "i64": integers(64), "f32": patterns(F32), "f64": patterns(F64)}


def test_all_numeric_instructions_are_here():
    assert len(NUMERIC) == 0xC4 - 0x45 + 1 - 4 + 8


@pytest.mark.parametrize("family, pops, pushes", NUMERIC, ids=[row[0] for row in NUMERIC])
def test_both_engines_compute_the_same(family, pops, pushes):
    name = family, "s" * len(pops), "s"
    assert name in NUMBERS
    program = {0: [(name, *range(8, 8 + 8 * len(pops), 8), 0), RETURN]}
    pair = machines(program, pages=0)
    size = 2 if pushes[0].endswith("64") else 1

    @settings(max_examples=12)
    @given(st.lists(st.tuples(*(OPERANDS[type] for type in pops)), min_size=10, max_size=40))
    def compute(cases):
        for case in cases:
            words = [word for x in (0xAAAAAAAA_55555555, *case) for word in (x & 0xFFFFFFFF, x >> 32)]
            got = []
            for machine in pair:
                machine.start(words)
                why = machine.engine.run(machine.state, 1)
                assert why in (DONE, TRAP)
                got.append((why, machine.engine.get(machine.state + 16), machine.slots(len(words))))
            assert got[0] == got[1], case
            assert got[0][2][size:] == words[size:]  # nothing else was written

    compute()
