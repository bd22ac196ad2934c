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


def lines_run(bodies, types):
    """Lines of Python that validating and translating takes, for each byte of the bodies."""
    data = module(
        section(1, vec([b"\x60\0\0"] * types)),
        section(3, vec([u32(0)] * len(bodies))),
        section(4, b"\1\x70\0\1"),
        section(10, vec([u32(len(code)) + code for code in bodies])),
    )
    decoded = Module(Source(data).reader())
    translator = Translator(decoded, list(range(1, types + 1)), [0] * 2000, False, lambda x: 0)
    run = 0

    def count(frame, event, argument):
        nonlocal run
        run += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        for index in range(len(bodies)):
            translator.begin(index)
            while not translator.step(1000):
                pass
    finally:
        sys.settrace(before)
    return run / sum(map(len, bodies))


@pytest.mark.parametrize("case", CASES)
def test_ten_times_the_code_takes_ten_times_as_long(case):
    bodies = CASES[case]
    small, large = lines_run(bodies(100), 100), lines_run(bodies(1000), 1000)
    assert large < 1.2 * small, (small, large)
