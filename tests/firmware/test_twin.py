# SPDX-License-Identifier: MIT
"""The Python engine on every board, as firmware without the C module would run it: the C engine's programs and answers."""

import pytest
from conftest import BOARDS
from raw_board import RawBoard
from test_engine import ANSWERS, code  # noqa: F401 - a fixture

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
