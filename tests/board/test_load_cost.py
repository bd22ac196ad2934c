"""Loading takes a time proportional to the file, whatever is in it: lines of the translator run for a byte."""

import sys

import pytest
from wasm_bytes import module, section, u32, vec
from wasmote.wasm.binary import Module
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


def whole_module(bodies, types):
    """A module with a function of each body, a table, and so many types."""
    return module(
        section(1, vec([b"\x60\0\0"] * types)),
        section(3, vec([u32(0)] * len(bodies))),
        section(4, b"\1\x70\0\1"),
        section(10, vec([u32(len(code)) + code for code in bodies])),
    )


def lines_run(bodies, types, count=1000):
    """Lines of Python that validating and translating takes, in steps of `count`: of each step."""
    decoded = Module(Source(whole_module(bodies, types)).reader())
    translator = Translator(decoded, list(range(1, types + 1)), [0] * 2000, False, lambda x: 0)
    run = 0
    steps = []

    def trace(frame, event, argument):
        nonlocal run
        run += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        for index in range(len(bodies)):
            translator.begin(index)
            done = False
            while not done:
                done = translator.step(count)
                steps.append(run)
                run = 0
    finally:
        sys.settrace(before)
    return steps


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
