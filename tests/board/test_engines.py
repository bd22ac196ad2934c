"""The C engine and its Python twin: every operation does the same to the arena, and runs end the same way."""

import os
import random
import subprocess
import sys
from array import array

import _wasm
import pytest
from conftest import ROOT
from wasmote.wasm import interp
from wasmote.wasm.operations import OPERATIONS

ENGINES = (_wasm, interp)
DONE, TRAP, HOST_CALL, OUT_OF_FUEL = range(4)
NUMBERS = {operation: number for number, operation in enumerate(OPERATIONS)}
EDGES = [0, 1, 2, 7, 31, 32, 33, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
SEVERAL = 12  # inputs per operation
DONE_STUB, LEAVE_STUB = 1024, 1026

# Slots of the frame that a case runs in, in words, and what it gets there.
RESULT, X, Y, Z, ACC = 0, 2, 4, 6, 8
FRAME_WORDS = 12


@pytest.fixture(autouse=True)
def empty_arenas():
    yield
    for engine in ENGINES:
        engine.reset()


class Machine:
    """One owner with a memory, globals, two instances and room for code, laid out alike in every engine's arena."""

    def __init__(self, engine, limit=40, pages=2):
        self.engine = engine
        engine.reset()
        self.owner = engine.claim(limit)
        alloc = self.alloc
        self.state = alloc(28)
        self.stack = alloc(512)
        self.memory = engine.memory_new(self.owner, pages, 4) if pages else 0
        self.far = alloc(8)
        self.globals = self.row(1, 2, 3, self.far)
        self.instance = alloc(20)
        self.other = alloc(20)
        self.code = alloc(512)
        self.records = self.row(self.code + 256, self.instance, 1)
        self.foreign = self.row(self.code + 384, self.other, 2)
        self.host = self.row(0, 5, 3)
        self.imports = self.row(self.foreign, self.host)
        elements = self.row(self.records, 0, self.foreign, self.host)
        self.tables = self.row(self.row(4, 4, elements))
        for at, memory in ((self.instance, self.memory), (self.other, 0)):
            self.words(at, memory, self.records, self.imports, self.tables, self.globals)
        self.handlers = array("H", engine.handlers())

    def alloc(self, size):
        at = self.engine.alloc(self.owner, size)
        assert at
        return at

    def row(self, *values):
        return self.words(self.alloc(4 * len(values)), *values)

    def words(self, at, *values):
        for i, value in enumerate(values):
            self.engine.set(at + 4 * i, value)
        return at

    def write(self, at, operations):
        """Puts operations there: ((family, mode, form), halfword…). Returns the offset after them."""
        for name, *operands in operations:
            row = [self.handlers[NUMBERS[name]]] + [n & 0xFFFF for n in operands]
            self.engine.put(at, memoryview(array("H", row)))
            at += 2 * len(row)
        return at

    def start(self, frame=()):
        self.words(self.stack, *frame)
        top = self.stack + 512 - 8
        self.words(top, DONE_STUB, self.stack)
        self.words(self.state, self.code, self.stack, top, self.instance, 0, 0, 0)

    def resume(self, fuel=100):
        """(why, state, stack, globals, what the memory holds)"""
        why = self.engine.run(self.state, fuel)
        held = bytearray(4096)
        if self.memory:
            assert self.engine.memory_read(self.memory, 0, held) == 0
        return (
            why,
            bytes(self.engine.view(self.state, 28)),
            bytes(self.engine.view(self.stack, 512)),
            bytes(self.engine.view(self.globals, 16)) + bytes(self.engine.view(self.far, 8)),
            bytes(held),
            self.engine.used(self.owner),
        )


def both(program, frame, pages=2, limit=40, fuel=100):
    """Runs `program` (offset of code -> operations) on both engines, which must agree. Returns the outcome."""
    outcomes = []
    for engine in ENGINES:
        machine = Machine(engine, limit, pages)
        for at, operations in program.items():
            machine.write(machine.code + at, operations)
        machine.start(frame)
        outcomes.append(machine.resume(fuel))
    assert outcomes[0] == outcomes[1]
    return outcomes[0]


def operands_of(family, mode, rng):
    """Operand halfwords of an operation by the letters of its mode, and what follows them by family."""
    slots = iter((4 * X, 4 * Y, 4 * Z))
    out = []
    for letter in mode:
        if letter == "s":
            out.append(next(slots))
        elif letter == "i":
            out.append(rng.choice((0, 1, -1, 5, 31, -32768, 32767, rng.randrange(-32768, 32768))))
    if family == "i32_const" or family.endswith("_wide") or family == "i64_store" or family.startswith("i64_load"):
        out += [rng.choice((0, 1, 3, 100, 1021, 1022, 1023)), rng.choice((0, 0, 0, 1, 2, 0xFFFF))]
    elif family == "i64_const":
        out += [rng.randrange(65536) for _ in range(4)]
    elif "load" in family or "store" in family:
        out.append(rng.choice((0, 1, 2, 3, 1021, 1022, 1023, 40000)))
    elif "global" in family:
        out.append(3 if family.startswith("imported") else 1)
    return out


ORDINARY = [
    o for o in OPERATIONS if o[0] not in ("done", "leave", "enter", "return", "unreachable") and "call" not in o[0]
]


@pytest.mark.parametrize("operation", ORDINARY, ids="-".join)
def test_an_operation_does_the_same_on_both_engines(operation):
    family, mode, form = operation
    rng = random.Random(family + mode + form)
    to_acc, from_acc = ("i32_mov", "a", "s"), ("global_get", "", "a")
    for _ in range(SEVERAL):
        values = [rng.choice(EDGES) if rng.random() < 0.7 else rng.randrange(2**32) for _ in range(FRAME_WORDS)]
        if "load" in family or "store" in family:  # addresses: mostly inside
            values[X] = rng.choice((0, 1, 2, 3, 5, 1020, 1021, 1023, 2046, 65535, 131064, 131070, 2**32 - 3))
        if family == "memory_grow":
            values[X] = rng.choice((0, 1, 2, 3, 2**31))
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
        program += [operation_row] + tail + [(("return", "", ""),)]
        values[ACC] = acc
        values[RESULT] = rng.choice((0, 1016, 2000))
        why, *_ = both({0: program}, values, fuel=rng.choice((0, 1, 50)))
        assert why in (DONE, TRAP, OUT_OF_FUEL)


def test_without_memory_every_access_traps():
    for family in ("i32_load8_u_wide", "i64_load"):
        program = [((family, "s", "s"), 4 * X, 0, 0, 0), (("return", "", ""),)]
        why, state, *_ = both({0: program}, [0] * 12, pages=0)
        assert why == TRAP and state[16] == 5


def test_a_store_beyond_the_limit_is_out_of_memory():
    program = [
        (("i32_store8", "si", ""), 4 * X, 1, 0),
        (("i32_add", "si", "s"), 4 * X, 1024, 4 * X),
        (("br", "", "b"), -9),
    ]
    why, state, *_ = both({0: program}, [0] * 12, limit=10)
    assert why == TRAP and state[16] == 11


def test_a_slice_ends_at_its_fuel_and_goes_on():
    loop = [
        (("i32_add", "si", "a"), 4 * X, -1),
        (("i32_mov", "a", "s"), 4 * X),
        (("br_if", "s", "b"), 4 * X, -7),
        (("return", "", ""),),
    ]
    machines = []
    for engine in ENGINES:
        machine = Machine(engine)
        machine.write(machine.code, loop)
        machine.start([0, 0, 10])
        machines.append(machine)
    left = []  # how each slice ended, the counter, the fuel that was not used
    for fuel in (0, 1, 3, 1, 100):
        first, second = (machine.resume(fuel) for machine in machines)
        assert first == second
        left.append((first[0], first[2][8], first[1][24]))
    assert left == [(3, 9, 0), (3, 7, 0), (3, 3, 0), (3, 1, 0), (0, 0, 100)]


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
            (("return", "", ""),),
        ],
        256: [(("enter", "", ""), 64, 4, 3, 0), (("i32_add", "si", "s"), 0, 1, 0), (("return", "", ""),)],
        384: [(("memory_size", "", "s"), 0), (("return", "", ""),)],
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
        0: [(("call_indirect", "", ""), 0, kind, 32, 4 * X), (("return", "", ""),)],
        256: [(("i32_mov", "i", "s"), 1, 0), (("return", "", ""),)],
        384: [(("i32_mov", "i", "s"), 2, 0), (("return", "", ""),)],
    }
    why, state, *_ = both(program, [index] * 12)
    assert (why, state[16]) == outcome


def test_recursion_exhausts_the_stack():
    program = {0: [(("call", "", ""), 0, 0)], 256: [(("enter", "", ""), 64, 0, 0, 2), (("call", "", ""), 0, 32)]}
    why, state, *_ = both(program, [0] * 12)
    assert why == TRAP and state[16] == 10


def test_unreachable_traps():
    why, state, *_ = both({0: [(("unreachable", "", ""),)]}, [0] * 12)
    assert why == TRAP and state[16] == 1


def test_arenas_answer_the_same():
    rng = random.Random(11)
    for engine in ENGINES:
        engine.reset()
    owners = []
    memories = []
    for _ in range(3000):
        what = rng.random()
        if what < 0.08:
            limit = rng.randrange(1, 30)
            call, arguments = "claim", (limit,)
        elif what < 0.12 and owners:
            owner = owners.pop(rng.randrange(len(owners)))
            memories = [m for m in memories if m[0] != owner]
            call, arguments = "release", (owner,)
        elif not owners:
            continue
        elif what < 0.5:
            call, arguments = (
                "alloc",
                (rng.choice(owners), rng.choice((0, 1, 8, 100, 1024, 1025, rng.randrange(6000), 2**20))),
            )
        elif what < 0.55:
            call, arguments = "memory_new", (rng.choice(owners), rng.randrange(6), rng.choice((0, 2, 5, 65536)))
        elif what < 0.6 or not memories:
            call, arguments = "used", (rng.choice(owners + [0]),)
        elif what < 0.85:
            data = bytes(rng.randrange(256) for _ in range(rng.randrange(2500)))
            call, arguments = "memory_write", (rng.choice(memories)[1], rng.randrange(2**17), data)
        else:
            size = rng.randrange(2500)
            buffers = [bytearray(size) for _ in ENGINES]
            memory, address = rng.choice(memories)[1], rng.randrange(2**17)
            answers = [e.memory_read(memory, address, b) for e, b in zip(ENGINES, buffers, strict=True)]
            assert answers[0] == answers[1] and buffers[0] == buffers[1]
            continue
        answers = [getattr(engine, call)(*arguments) for engine in ENGINES]
        assert answers[0] == answers[1], (call, arguments[:2])
        if call == "claim" and answers[0]:
            owners.append(answers[0])
        elif call == "memory_new" and answers[0]:
            memories.append((arguments[0], answers[0]))
    header = [bytes(engine.view(1028, 1020)) for engine in ENGINES]
    assert header[0] == header[1]


# The official suite's integer scripts in slices of one unit of fuel: slices and granules of each store.
COUNT_SLICES = """
import sys
sys.path.insert(0, "scripts")
import spec_tests
import wasmote.wasm.store as store
ticks = iter(range(0, 10**9, 2000))
store.ticks_us = lambda: next(ticks)  # every slice takes 2 ms: fuel stays as it is
stores = []
class Store(store.Store):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.fuel = 1
        stores.append(self)
    def close(self):
        self.counted = self.slices, self.used
        super().close()
spec_tests.wasm.Store = Store
for name in sys.argv[1:]:
    stores.clear()
    run = spec_tests.Runner(spec_tests.SUITE / name).run()
    print(name, run.passed, run.failed, run.refused, [s.counted for s in stores])
"""


def test_both_engines_use_as_much_fuel_and_memory(spec_tests):
    names = ["fac", "forward", "labels", "linking", "memory_grow", "memory_trap", "skip-stack-guard-page"]
    outputs = []
    for engine in ("c", "python"):
        env = os.environ | {"WASM_TESTSUITE": str(spec_tests), "WASMOTE_ENGINE": engine}
        command = [sys.executable, "-c", COUNT_SLICES, *names]
        outputs.append(subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout)
    assert outputs[0] == outputs[1]
    assert "fac 8 0 0 [(0, 9), (563, 9)]" in outputs[0]


def test_slips_of_the_caller_are_errors():
    interp.reset()
    for call, *arguments in (
        ("get", 96 * 1024),
        ("view", 96 * 1024 - 4, 5),
        ("put", 96 * 1024 - 1, b"12"),
        ("alloc", 25, 8),
        ("release", 0),
    ):
        with pytest.raises(ValueError):
            getattr(interp, call)(*arguments)
