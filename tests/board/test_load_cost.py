"""Loading takes a time proportional to the file, whatever is in it: lines of the translator run for a byte."""

import sys

import pytest
from wasm_bytes import module, name, section, u32, vec
from wasmote.wasm import Store, Unsupported
from wasmote.wasm.binary import Module, decode
from wasmote.wasm.externs import HostFunction
from wasmote.wasm.instance import Instance
from wasmote.wasm.names import function_name
from wasmote.wasm.reader import Source
from wasmote.wasm.translate import Translator

END, DROP, CONST = b"\x0b", b"\x1a", b"\x41\x01"
BLOCK = b"\x02\x40"
NO_LOCALS = b"\0"


def body(code, locals_=NO_LOCALS):
    return locals_ + code + END


def one(code, locals_=NO_LOCALS):
    return [body(code, locals_)]


def i32_locals(n):
    return u32(1) + u32(n) + b"\x7f"


def gets(n):
    return b"".join(b"\x20" + u32(x) for x in range(n))


CASES = {
    "nested blocks": lambda n: one(BLOCK * n + END * n),
    "blocks above many operands": lambda n: one(CONST * n + (BLOCK + END) * n + DROP * n),
    "branches out of a nest": lambda n: one(BLOCK * n + (CONST + b"\x0d" + u32(n - 1)) * n + END * n),
    "a branch table": lambda n: one(CONST + b"\x0e" + u32(n) + u32(0) * (n + 1)),
    "branch tables out of a nest": lambda n: one(
        BLOCK * n + (b"\x02\x40" + CONST + b"\x0e\0" + u32(n) + END) * n + END * n
    ),
    "branches to one label": lambda n: one(BLOCK + (CONST + b"\x0d\0") * n + END),
    "locals set under many operands": lambda n: one(
        gets(n) + CONST * n + b"".join(CONST + b"\x21" + u32(x) for x in range(n)) + DROP * 2 * n, i32_locals(n)
    ),
    "runs of locals": lambda n: one(b"", u32(n) + b"\1\x7f\1\x7e" * (n // 2)),
    "functions": lambda n: [body(b"")] * n,
    "calls of many types": lambda n: [body(CONST + b"\x11" + u32(n - 1) + b"\0")] * n,
}


def whole_module(bodies, types, functype=b"\x60\0\0"):
    """A module with a function of each body, a table, and so many types."""
    return module(
        section(1, vec([functype] * types)),
        section(3, vec([u32(0)] * len(bodies))),
        section(4, b"\1\x70\0\1"),
        section(10, vec([u32(len(code)) + code for code in bodies])),
    )


def lines_run(bodies, types, count=1000, functype=b"\x60\0\0"):
    """Lines of Python that validating and translating takes, in steps of `count`: of each step."""
    decoded = Module(Source(whole_module(bodies, types, functype)).reader())
    translator = Translator(decoded, list(range(1, types + 1)), [0] * 2000, False, lambda x: 0)

    def translate():
        for index in range(len(bodies)):
            translator.begin(index)
            while not translator.step(count):
                yield
            yield

    return traced(translate())


def traced(generator):
    """Lines of Python that each step of a generator takes."""
    run = 0
    steps = []

    def trace(frame, event, argument):
        nonlocal run
        if "/shims/" in frame.f_code.co_filename:
            return None  # C, on a board
        run += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        for _ in generator:
            steps.append(run)
            run = 0
    finally:
        sys.settrace(before)
    return [*steps, run]


@pytest.mark.parametrize("case", CASES)
def test_ten_times_the_code_takes_ten_times_as_long(case):
    small, large = (
        sum(lines_run(bodies, n)) / sum(map(len, bodies)) for n in (100, 1000) for bodies in [CASES[case](n)]
    )
    assert large < 1.2 * small, (small, large)


@pytest.mark.parametrize(
    "case", ["a branch table", "branches to one label", "runs of locals", "branch tables out of a nest"]
)
def test_a_step_is_short_whatever_the_instruction(case):
    """A br_table's entries, a label's branches, a body's locals: parts of them count as an instruction each."""
    assert max(lines_run(CASES[case](2000), 1, 64)) < 64 * 80


def test_sixteen_thousand_locals_are_declared_in_steps():
    assert len(lines_run(one(b"", i32_locals(16_000)), 1, 16)) > 16_000 // 128 // 16


MANY = 128  # parameters, results
ALL = u32(MANY) + b"\x7f" * MANY
WIDE = b"\x60" + ALL + ALL
PASSING = {  # instructions that pass all of them, in a function of this type
    "calls": lambda n: gets(MANY) + b"\x10\0" * n,
    "indirect calls": lambda n: gets(MANY) + (CONST + b"\x11\0\0") * n,
    "blocks": lambda n: gets(MANY) + b"\x02\0\x0b" * n,
    "loops and branches": lambda n: gets(MANY) + (b"\x03\0" + CONST + b"\x0d\0\x0b") * n,
    "ifs and elses": lambda n: gets(MANY) + (CONST + b"\x04\0\x05\x0b") * n,
    "branches that carry": lambda n: CONST + gets(MANY) + (CONST + b"\x0d\0") * n + b"\x0f",
}


@pytest.mark.parametrize("case", PASSING)
def test_a_step_is_short_however_many_values_instructions_pass(case):
    """Once each counted as one: a call that takes and gives 500 values made steps of 28,000 lines."""
    steps = lines_run(one(PASSING[case](100)), 1, 64, WIDE)
    longest = max(lines_run(one(PASSING[case](1)), 1, 1, WIDE))
    assert max(steps) < 64 * 80 + longest and longest < 12_000, (max(steps), longest)


def test_a_branch_tables_entries_cost_the_same_however_many_values_they_carry():
    def lines(arity, n):
        kind = u32(arity) + b"\x7f" * arity
        table = CONST + b"\x0e" + u32(n) + b"\0" * (n + 1)
        return sum(lines_run(one(gets(arity) + b"\x02\0" + table + END), 1, 64, b"\x60" + kind + kind))

    few, many = (lines(arity, 1000) - lines(arity, 10) for arity in (1, MANY))
    assert many < 1.1 * few


@pytest.mark.parametrize("functype", [b"\x60" + u32(129) + b"\x7f" * 129 + b"\0", b"\x60\0" + u32(129) + b"\x7e" * 129])
def test_more_parameters_or_results_are_refused_at_their_place(functype):
    types = vec([WIDE, functype])
    with pytest.raises(Unsupported, match="function type with 129 parameters or results: there may be 128") as refused:
        Module(Source(module(section(1, types))).reader())
    assert refused.value.offset == 8 + 3 + types.rindex(u32(129))


N = 2000
F = section(1, vec([b"\x60\0\0"]))
MANY_OF = {
    "custom sections": [section(0, b"\0")] * N,
    "types": [section(1, vec([b"\x60" + vec([bytes([0x7C + n % 4])] * (n // 4 % 128)) + b"\0" for n in range(1000)]))],
    "types to translate with": [
        section(1, vec([b"\x60\0\0"] * 1000)),
        section(3, vec([b"\0"])),
        section(10, vec([b"\2\0\x0b"])),
    ],
    "imports": [F, section(2, vec([b"\1e\1f\0\0"] * 1000))],
    "tables": [section(4, vec([b"\x70\0\0"] * 64))],
    "globals": [section(6, vec([b"\x7f\0\x41\0\x0b"] * 1000))],
    "types of many parameters": [section(1, vec([WIDE] * 30))],
    "long names": [F, section(2, vec([(name("ü" * 250) * 2 + b"\0\0")] * 30))],
    "exports": [F, section(5, b"\1\0\1"), section(7, vec([name(str(n)) + b"\2\0" for n in range(512)]))],
    "empty segments of elements": [section(4, b"\1\x70\0\1"), section(9, vec([b"\0\x41\0\x0b\0"] * N))],
    "empty segments of data": [section(5, b"\1\0\0"), section(11, vec([b"\0\x41\0\x0b\0"] * N))],
    "functions": [F, section(3, vec([b"\0"] * N)), section(10, vec([b"\2\0\x0b"] * N))],
}


@pytest.mark.parametrize("what", MANY_OF)
def test_a_step_of_a_load_is_short_whatever_there_are_many_of(what):
    """100 KB of empty custom sections were one step, which no time limit could end."""
    store = Store(80)
    host = HostFunction(store, b"", b"", print)

    def load():
        module_ = yield from decode(Source(module(*MANY_OF[what])).reader())
        yield from Instance.create(store, module_, lambda *_: host)

    try:
        assert max(traced(load())) < 64 * (160 if what == "long names" else 80)
    finally:
        store.close()


def test_a_step_of_a_traps_search_for_names_is_short():
    subsections = section(0, name("name") + b"\2\0" * N)
    assert max(traced(function_name(Module(Source(module(subsections)).reader()), 1))) < 100
