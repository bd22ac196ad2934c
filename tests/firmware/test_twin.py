# SPDX-License-Identifier: MIT
"""The Python engine on every board, as firmware without the C module would run it: the C engine's programs and answers."""

import subprocess

import pytest
from conftest import BOARDS
from raw_board import RawBoard
from test_engine import ANSWERS, code  # noqa: F401 - a fixture
from wasmote.ports import emulator

TAKE_THE_TWIN = """
import sys, _wasm
import wasmote.wasm.interp as interp
for user in list(sys.modules.values()):
    for name in ("engine", "_engine"):
        if getattr(user, name, None) is _wasm:
            setattr(user, name, interp)
"""


@pytest.mark.parametrize("name", BOARDS)
def test_the_twin_answers_as_the_c_engine(name, code):  # noqa: F811
    setup, rest = code.split("class Locked:")
    program = setup + TAKE_THE_TWIN + rest[rest.index("store = wasm.Store") :]
    with RawBoard(name) as board:
        board.raw_repl()
        assert board.run(program, timeout=120) == ANSWERS


FLAT = """
def all_of_them():
    for name, args in (("fib", [6]), ("collatz", [27]), ("unaligned", [1021]), ("floats", [1 << 62]), ("bulk", [900]),
                       ("host", [20]), ("deep", [1])):
        try:
            wasm.drive(store.invoke(instance.exports[name], args))
        except wasm.Trap:
            pass
held = [0] * 12
for i in range(12):
    all_of_them()
    gc.collect()
    held[i] = gc.mem_alloc()
print(min(held[-4:]) - max(held[1:5]))
"""


@pytest.mark.parametrize("name", ["QEMU_M0", "unix"])
def test_what_the_twin_allocates_is_garbage_when_a_run_ends(name, code):  # noqa: F811
    """C runs under heap_lock (test_engine.py); the twin's integers of 64 bits are objects of the heap, but it keeps none."""
    setup, rest = code.split("class Locked:")
    program = setup + TAKE_THE_TWIN + rest[rest.index("store = wasm.Store") : rest.index("for name, args in")] + FLAT
    if name == "unix":
        board = emulator.firmware_file(name, "micropython")
        said = subprocess.run([board, "-c", program], capture_output=True, text=True, timeout=120).stdout
    else:
        with RawBoard(name) as board:
            board.raw_repl()
            said = board.run(program, timeout=120)
    assert int(said) <= 0
