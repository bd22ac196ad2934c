"""The C engine and its Python twin: every operation does the same to the arena, and runs end the same way."""

import os
import random
import re
import subprocess
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

import spec_runner
from machines import DONE, ENGINES, HOST_CALL, OUT_OF_FUEL, RETURN, SPARSE, TRAP, both, machines
from wasmote.wasm.bulk import BULK
from wasmote.wasm.operations import operations

FLOATS = [0x3F800000, 0xBF800000, 0x3FF00000, 0x7F800000, 0x7FC00000, 0xFFC00001, 0x7F800001, 0x7FF00000, 0x7FF80000, 0xFFF80001, 0x4F000000, 0xCF000001, 0x41DFFFFF, 0xC1E00000, 0x43E00000, 0x00800000, 0x00100000, 0x3F000000]  # fmt: skip
EDGES = FLOATS + [
    0,
    1,
    2,
    7,
    31,
    32,
    33,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
]
SEVERAL = 12  # inputs per operation

# Slots of the frame that a case runs in, in words, and what it gets there.
RESULT, X, Y, Z, ACC = 0, 2, 4, 6, 8
FRAME_WORDS = 12


@pytest.fixture(autouse=True)
def empty_arenas():
    yield
    for engine in ENGINES:
        engine.reset()


def operands_of(family, mode, rng):
    """Operand halfwords of an operation by the letters of its mode, and what follows them by family."""
    slots = iter((4 * X, 4 * Y, 4 * Z))
    out = []
    for letter in mode:
        if letter == "s":
            out.append(next(slots))
        elif letter == "i":
            out.append(rng.choice((0, 1, -1, 5, 31, -32768, 32767, rng.randrange(-32768, 32768))))
    wide = "i64_store", "i64_load"
    if family == "i32_shl_add":
        out.insert(len(out) - 1, rng.choice((rng.randrange(32), 33, -1)))
    elif family in ("i32_mov2", "i32_add2"):
        immediate = [rng.choice((1, -1, 300))] * (family == "i32_add2")
        out = [4 * X, *immediate, 4 * Y, 4 * Y, *immediate, 4 * RESULT]
    elif family.startswith("i32_add_br"):
        out.append(4 * Z)
        if family != "i32_add_br_if":
            out.append(rng.choice((4 * X, 4 * Z)))
    elif family.endswith("_at"):
        out += [rng.choice((0, 1, -1, 2, 1021, -32768, 32767)), rng.choice((0, 1, 3, 1021, 40000))]
    elif family == "i32_const" or family.endswith("_wide") or family.removeprefix("dense_").startswith(wide):
        out += [rng.choice((0, 1, 3, 100, 1021, 1022, 1023)), rng.choice((0, 0, 0, 1, 2, 0xFFFF))]
    elif family == "i64_const":
        out += [rng.randrange(65536) for _ in range(4)]
    elif "load" in family or "store" in family:
        out.append(rng.choice((0, 1, 2, 3, 1021, 1022, 1023, 40000)))
    elif "global" in family:
        out.append(3 if family.startswith("imported") else 1)
    return out


CONTROL = {"done", "leave", "enter", "pay", "return", "unreachable", "call", "call_import", "call_indirect"}
ORDINARY = [operation for operation in operations() if operation[0] not in CONTROL | BULK.keys()]


@pytest.mark.parametrize("operation", ORDINARY, ids="-".join)
def test_an_operation_does_the_same_on_both_engines(operation):
    family, mode, form = operation
    rng = random.Random(family + mode + form)
    to_acc, from_acc = ("i32_mov", "a", "s"), ("global_get", "", "a")
    for _ in range(SEVERAL):
        values = [rng.choice(EDGES) if rng.random() < 0.7 else rng.randrange(2**32) for _ in range(FRAME_WORDS)]
        if "load" in family or "store" in family:  # addresses: mostly inside
            values[X] = rng.choice((0, 1, 2, 3, 5, 1020, 1021, 1023, 2046, 65535, 131064, 131070, 2**32 - 3))
        operands = operands_of(family, mode, rng)
        acc = values[X] if mode.startswith("a") else values[ACC]
        program = [
            (("i64_store", "ss", ""), 4 * RESULT, 4 * Y, 8, 0),
            (("global_set", "s", ""), 4 * ACC, 0),
            (from_acc, 0),
        ]
        if family == "br_table":
            # three targets; each is relative to its own halfword
            operation_row = (operation, *operands, 2, 3, 5, 7)
            tail = [(("i32_mov", "i", "s"), n, 4 * RESULT) for n in (1, 2, 3, 4)]
        elif form in ("f", "b"):
            operation_row = (operation, *operands, 4)
            tail = [(("i32_mov", "i", "s"), n, 4 * RESULT) for n in (1, 2)]
        else:
            if form:
                operands.append(4 * RESULT) if form == "s" else None
            operation_row = (operation, *operands)
            tail = [(to_acc, 4 * Z)] if form == "a" else []
        program += [operation_row, *tail, RETURN]
        if family.startswith("dense"):  # the store before was for a sparse memory
            program[0] = (("dense_i64_store", "ss", ""), *program[0][1:])
        values[ACC] = acc
        values[RESULT] = rng.choice((0, 1016, 2000))
        reserve = 0 if family.startswith("dense") else SPARSE
        why, *_ = both({0: program}, values, fuel=rng.choice((0, 1, 50)), pages=1, limit=90, reserve=reserve)
        assert why in (DONE, TRAP, OUT_OF_FUEL)


def test_without_memory_every_access_traps():
    for family in ("i32_load8_u_wide", "i64_load"):
        program = [((family, "s", "s"), 4 * X, 0, 0, 0), RETURN]
        why, state, *_ = both({0: program}, pages=0)
        assert why == TRAP and state[16] == 5


def test_a_store_beyond_the_limit_is_out_of_memory():
    program = [
        (("i32_store8", "si", ""), 4 * X, 1, 0),
        (("i32_add", "si", "s"), 4 * X, 1024, 4 * X),
        (("br", "", "b"), -9),
    ]
    why, state, *_ = both({0: program}, [0] * 12, limit=20)
    assert why == TRAP and state[16] == 11


def test_a_slice_ends_at_its_fuel_and_goes_on():
    loop = [
        (("i32_add", "si", "a"), 4 * X, -1),
        (("i32_mov", "a", "s"), 4 * X),
        (("br_if", "s", "b"), 4 * X, -7),
        RETURN,
    ]
    pair = machines({0: loop}, [0, 0, 10])
    left = []  # how each slice ended, the counter, the fuel that was not used
    for fuel in (0, 1, 21, 8, 100):
        first, second = (machine.resume(fuel) for machine in pair)
        assert first == second
        left.append((first[0], pair[0].slots(3)[X], pair[1].fuel()))
    assert left == [(3, 9, -7), (3, 8, -6), (3, 4, -7), (3, 2, -6), (0, 0, 93)]


@pytest.mark.parametrize("fuel", [0, 1, 2])
def test_a_branch_table_forward_ends_no_slice(fuel):
    """Once it did with the Python engine alone, where entries had left the fuel in debt: nothing is charged for it."""
    program = [
        (("enter", "", ""), 64, 4, 0, 5),
        (("br_table", "s", ""), 4 * X, 1, 5, 4),
        (("unreachable", "", ""),),
        (("unreachable", "", ""),),
        (("unreachable", "", ""),),
        RETURN,
    ]
    why, *_, machine = both({0: program}, [0] * 12, fuel)
    assert why == DONE and machine.fuel() == fuel - 5


CALLS = {
    "own": (("call", "", ""), 0, 16),
    "import": (("call_import", "", ""), 0, 16),
    "host": (("call_import", "", ""), 1, 16),
}


@pytest.mark.parametrize("fuel", [0, 1, 2, 100])
@pytest.mark.parametrize("which", CALLS)
def test_calls_and_returns(which, fuel):
    program = {
        0: [
            (("enter", "", ""), 64, 32, 2, 1),
            (("i32_mov", "i", "s"), 77, 16),
            CALLS[which],
            (("i32_mov", "s", "s"), 16, 0),
            RETURN,
        ],
        256: [(("enter", "", ""), 64, 4, 3, 0), (("i32_add", "si", "s"), 0, 1, 0), RETURN],
        384: [(("memory_size", "", "s"), 0), RETURN],
    }
    why, _, stack, *_ = both(program, [1] * 12, fuel=fuel)
    assert why == (OUT_OF_FUEL if fuel <= 1 else HOST_CALL if which == "host" else DONE)
    if why == DONE:
        assert stack[0] == (78 if which == "own" else 0)


@pytest.mark.parametrize(
    "index, kind, outcome",
    [(0, 1, (DONE, 0)), (0, 2, (TRAP, 9)), (1, 1, (TRAP, 8)), (4, 1, (TRAP, 7)), (2**32 - 1, 1, (TRAP, 7))]
    + [(2, 2, (DONE, 0)), (3, 3, (HOST_CALL, 5))],
)
def test_indirect_calls(index, kind, outcome):
    program = {
        0: [(("call_indirect", "", ""), 0, kind, 32, 4 * X), RETURN],
        256: [(("i32_mov", "i", "s"), 1, 0), RETURN],
        384: [(("i32_mov", "i", "s"), 2, 0), RETURN],
    }
    why, state, *_ = both(program, [index] * 12)
    assert (why, state[16]) == outcome


def test_what_is_dear_is_paid_before_it_runs():
    """An operation that charges fuel of its own is not begun without any, and may owe what it cost."""
    pay = [(("pay", "", ""), 128), (("i32_mov", "i", "s"), 7, 4 * Z), RETURN]
    grow = [(("memory_grow", "s", "s"), 4 * X, 4 * Z), RETURN]
    elements = [(("table_grow", "", ""), 1, 4 * X, 4 * Y, 4 * Z), RETURN]
    for program, n, cost in (
        *((pay, 0, 128), (grow, 1, 128), (grow, 0, 16), (grow, 2**31, 16)),
        *((elements, 1, 3 * 128), (elements, 0, 16), (elements, 2**31, 16)),
    ):
        pair = machines({0: program}, [0, 0, n, 0, n, 0, 77], pages=1, limit=90, reserve=SPARSE)
        first, second = (machine.resume(0) for machine in pair)
        assert first == second and first[0] == OUT_OF_FUEL and pair[0].slots(Z + 1)[Z] == 77, program
        first, second = (machine.resume(100) for machine in pair)
        assert first == second and first[0] == DONE and pair[0].fuel() == 100 - cost, program


def test_an_operation_without_operands_after_one_with_its_own():
    for first in ((("data_drop", "", ""), 0), (("table_size", "", ""), 0, 4)):
        why, state, *_ = both({0: [first, (("unreachable", "", ""),)]})
        assert why == TRAP and state[16] == 1
        why, *_ = both({0: [first, (("br", "", "f"), 1), RETURN]})
        assert why == DONE


def test_recursion_exhausts_the_stack():
    program = {0: [(("call", "", ""), 0, 0)], 256: [(("enter", "", ""), 64, 0, 0, 2), (("call", "", ""), 0, 32)]}
    why, state, *_ = both(program, [0] * 12, fuel=10_000)
    assert why == TRAP and state[16] == 10


def test_unreachable_traps():
    why, state, *_ = both({0: [(("unreachable", "", ""),)]}, [0] * 12)
    assert why == TRAP and state[16] == 1


# The agent of the official suite, in slices of one unit of fuel: tells slices and granules of each store in the end.
COUNT_SLICES = """
import runpy
import sys
import wasmote.wasm
import wasmote.wasm.store as store
class Store(store.Store):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.fuel = 1
        self.closed = None
        stores.append(self)
    def close(self):
        self.closed = self.slices, self.used()
        super().close()
stores = []
wasmote.wasm.Store = Store
runpy.run_path("scripts/spec_agent.py", run_name="__main__")
print(*[store.closed or (store.slices, store.used()) for store in stores], file=sys.stderr)
"""
SCRIPTS = ["fac", "linking", "memory_grow", "memory_trap", "skip-stack-guard-page", "memory_fill", "memory_copy",
           "table_init", "table_grow"]  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS)
def test_both_engines_use_as_much_fuel_and_memory(script, spec_tests):
    requests = [request for _, request, _ in spec_runner.requests(spec_tests, script)]
    path = os.pathsep.join([str(ROOT / "modules"), str(ROOT / "tests/shims"), os.environ.get("PYTHONPATH", "")])
    outputs = []
    for engine in ("c", "python"):
        run = subprocess.run(
            [sys.executable, "-c", COUNT_SLICES],
            cwd=ROOT,
            env=os.environ | {"WASMOTE_ENGINE": engine, "PYTHONPATH": path},
            input="".join(requests) + "end\n",
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.append((run.stdout.removeprefix(f"ready {engine}\n"), run.stderr))
    assert outputs[0] == outputs[1]
    assert outputs[0][0].count("\n") == len(requests)
    if script == "fac":
        assert max(int(slices) for slices in re.findall(r"\((\d+), ", outputs[0][1])) > 300
