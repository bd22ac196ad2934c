# SPDX-License-Identifier: MIT
"""Input schemas on the boards, whose frozen native code is made and placed in another way than any other code."""

import pytest
from conftest import BOARDS
from raw_board import RawBoard, new_flash

CASES = {  # arguments: None if they surely fit, else how the words begin
    b'{"a":4294967295,"s":null,"e":"F","l":[1,2.25,-7],"o":{"x":5}}': None,
    b'{"a":-5}': None,
    b'{"a":4294967296}': '"a" must be at most 4294967295, it is 4294967296;',
    b'{"a":-6}': '"a" must be at least -5, it is -6;',
    b'{"a":1.5}': '"a" must be an integer, it is a number (1.5);',
    b'{"a":1,"s":"four"}': '"s" must have at most 3 characters, it has 4;',
    b'{"a":1,"e":"K"}': '"e" must be one of "C" or "F", it is "K";',
    b'{"a":1,"l":[1,2.5]}': '"l[1]" must be less than 2.5, it is 2.5;',
    b'{"a":1,"l":[]}': '"l" must have at least 1 item, it has 0;',
    b'{"a":1,"o":{"x":5,"y":1}}': '"o.y" is no member of "o";',
    b'{"a":1,"o":{}}': '"o.x" is missing;',
    b"{}": '"a" is missing;',
    b'{"a":1,"b":1}': '"b" is no argument of it;',
}
ON_THE_BOARD = r"""
from wasmote.jsonrpc.fits import doubt
SCHEMA = (
    b'{"type":"object","properties":{"a":{"type":"integer","minimum":-5,"maximum":4294967295},'
    b'"s":{"type":["string","null"],"minLength":1,"maxLength":3},"e":{"enum":["C","F"]},'
    b'"l":{"type":"array","items":{"type":"number","exclusiveMaximum":2.5},"minItems":1},'
    b'"o":{"properties":{"x":{"const":5}},"required":["x"],"additionalProperties":false}},'
    b'"required":["a"],"additionalProperties":false}'
)
def look(arguments):
    steps = doubt("t", memoryview(b'{"name":"t","inputSchema":' + SCHEMA + b"}"), arguments)
    if steps is None:
        return print(None)
    try:
        while True:
            next(steps)
    except StopIteration as stop:
        print(stop.value)
"""


@pytest.mark.parametrize("name", BOARDS)
def test_arguments_are_checked(name, tmp_path):
    with RawBoard(name, new_flash(tmp_path / "flash")) as board:
        board.raw_repl()
        board.run(ON_THE_BOARD)
        for arguments, says in CASES.items():
            said = board.run(f"look({arguments!r})").rstrip("\n")
            assert said == "None" if says is None else said.startswith("t: " + says), (arguments, said)
