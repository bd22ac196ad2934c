"""Lifting and lowering under MicroPython: the same images, values and traps as wasmtime's, on both engines."""

import abi_echo
import abi_types
from abi_replay import output, replay
from conftest import MICROPYTHON, ROOT, needs_micropython
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from test_abi_oracle import CHECKS, ENCODING, Oracle, damaged, functions, tagged  # noqa: F401
from wat import assemble

BATCH = 40  # function types for one process


def _served(data):
    """A case of one component and a host, as wasmtime runs it."""
    params, result = data.draw(functions(abi_types.HANDLES))
    binary = assemble(abi_echo.component(params, result, data.draw(ENCODING)))
    oracle = Oracle(binary)
    arguments = [data.draw(abi_types.values(abi_echo.owned(p))) for p in params]
    image = oracle.call("lower", *arguments)
    answer = data.draw(abi_types.values(result)) if result else None
    calls = [("lower", arguments, None), ("poke", [data.draw(damaged(image))], answer)]
    image = oracle.call("poke", calls[1][1][0], answer=answer)
    if result and image:
        calls.append(("lift", [data.draw(damaged(image))], None))
    return abi_types.function_text(params, result), binary, calls


def _crossing(data):
    """A case of two component instances."""
    params, result = data.draw(functions(()))
    encodings = data.draw(st.tuples(ENCODING, ENCODING))
    binary = assemble(abi_echo.crossing(params, result, *encodings))
    images = []
    for encoding in encodings:
        oracle = Oracle(assemble(abi_echo.component(params, result, encoding)))
        images.append(oracle.call("lower", *[data.draw(abi_types.values(p)) for p in params]))
        answer = data.draw(abi_types.values(result)) if result else None
        images.append(oracle.call("poke", images[-1], answer=answer))
    calls = [("set", [data.draw(damaged(images[3]))], None), ("poke", [data.draw(damaged(images[0]))], None)]
    return None, binary, [*calls, ("image", [], None)]


@needs_micropython
@settings(max_examples=3, **CHECKS | {"phases": [Phase.generate]})
@given(st.data())
def test_micropython_lifts_and_lowers_as_cpython_does(tmp_path_factory, data):
    cases = [(_crossing if i % 4 == 0 else _served)(data) for i in range(BATCH)]
    replay(tmp_path_factory.mktemp("cases"), cases, ("c", "python"))


UTF8 = r"""
import sys
sys.path[:0] = sys.argv[1:3]
from wasmote.component.canonical import Context, lift_flat
from wasmote.wasm import Trap, engine

class Memory:
    size = 64
    def read_into(self, at, buffer):
        buffer[:] = data

class Instance:
    lift_limit = 64

print(engine)
with open(sys.argv[3]) as file:
    strings = eval(file.read())
for data in strings:
    cx = Context(Instance(), Memory())
    cx.left = 64
    try:
        print([ord(c) for c in lift_flat(cx, b"\x73", 0, iter([0, len(data)]))])
    except Trap as trap:
        print(trap.what)
"""


@needs_micropython
def test_micropython_refuses_the_same_strings(tmp_path):
    bytes_ = [
        0x00,
        0x41,
        0x7F,
        0x80,
        0x8F,
        0x90,
        0x9F,
        0xA0,
        0xBF,
        0xC0,
        0xC2,
        0xDF,
        0xE0,
        0xED,
        0xEF,
        0xF0,
        0xF4,
        0xF5,
        0xFF,
    ]
    strings = [b""] + [bytes([a]) for a in bytes_] + [bytes([a, b]) for a in bytes_ for b in bytes_]
    strings += [bytes([a, b, c]) for a in (0xE0, 0xE1, 0xED) for b in bytes_ for c in (0x41, 0x80, 0xBF)]
    strings += [bytes([a, b, 0x80, c]) for a in (0xF0, 0xF1, 0xF4) for b in bytes_ for c in (0x41, 0x80)]
    (tmp_path / "strings").write_text(repr(strings))
    (tmp_path / "program.py").write_text(UTF8)
    (tmp_path / "empty").mkdir()
    files = [tmp_path / "program.py", ROOT / "modules", tmp_path / "empty", tmp_path / "strings"]
    found = output([MICROPYTHON], "c", *files)
    for data, line in zip(strings, found, strict=True):
        try:
            assert line == str([ord(c) for c in data.decode()])
        except UnicodeDecodeError:
            assert line == "invalid utf-8 sequence"
