# SPDX-License-Identifier: MIT
"""Components on the boards' C stacks: two that call each other, and files that nest their definitions without end."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "board"))

from composed import composed
from made import needs_tool

SETUP = """
import gc
from wasmote import main
from wasmote.component import Component
from wasmote.wasm import Source, Store, WasmError, drive
class Nothing:
    def interface(self, name):
        return None
    def descriptor(self, digest):
        return None
"""

TWO_GUESTS = """
store = Store(64)
component = drive(Component.load(store, Source(open("/it.wasm", "rb")), Nothing()))
for name, arguments in ("go", ("shout",)), ("swap", ("text", [1, 2])), ("count", (41,)), ("dropped", ()):
    print(drive(component.exports[name](*arguments)))
"""


@needs_tool
def test_two_guests_call_each_other(board, tmp_path):
    board.put_file("/it.wasm", composed(tmp_path))
    assert board.run(SETUP + TWO_GUESTS, timeout=60).splitlines() == ["SHOUT", "([1, 2], 'text')", "1043", "3"]


NESTED = """
def load(level):
    # from as deep in generators as the board's own loop
    if level:
        return (yield from load(level - 1))
    store = Store(64)
    try:
        with open("/it.wasm", "rb") as file:
            yield from Component.load(store, Source(file), Nothing())
        return "loaded"
    except WasmError as error:
        return str(error)
    finally:
        store.close()
gc.collect()
print(drive(load(4)))
"""
HEADER = b"\0asm\x0d\0\1\0"


def leb(n):
    return bytes([n]) if n < 0x80 else bytes([n & 0x7F | 0x80]) + leb(n >> 7)


def section(code, body):
    return bytes([code]) + leb(len(body)) + body


def vector(items):
    return leb(len(items)) + b"".join(items)


def components(instantiated):
    nested = HEADER
    for _ in range(100):
        nested = HEADER + section(4, nested) + (section(5, b"\1\0\0\0") if instantiated else b"")
    return nested


def instances():
    """An instance of an instance of … as the type of that."""
    types = [b"\x42\0"] + [b"\x42\2\2\3\2\1" + leb(k) + b"\4\0\1a\5\0" for k in range(60)]
    made = [b"\1\0"] + [b"\1\1\0\1a\5" + leb(k) for k in range(60)]
    return HEADER + section(7, vector(types)) + section(5, vector(made)) + section(11, b"\1\0\1z\5\x3c\1\5\x3c")


def test_definitions_nested_without_end_are_refused(board):
    types = [HEADER + section(7, b"\1" + code + (b"\1\1" + code) * 400 + b"\0") for code in (b"\x42", b"\x41")]
    for data in [components(True), components(False), instances(), *types]:
        board.put_file("/it.wasm", data)
        assert "definitions nested too deeply" in board.run(SETUP + NESTED, timeout=60)


def test_lists_nested_as_deep_as_a_type_may_be_are_taken(board):
    lists = [b"\x70\x7d"] + [b"\x70" + leb(k) for k in range(15)]
    board.put_file("/it.wasm", HEADER + section(7, vector(lists)))
    assert board.run(SETUP + NESTED, timeout=60) == "loaded\n"
    board.put_file("/it.wasm", HEADER + section(7, vector([*lists, b"\x70\x0f"])))
    assert "nested deeper than 16" in board.run(SETUP + NESTED, timeout=60)


KEPT = """
import sys
from wasmote import component
def free():
    gc.collect()
    return gc.mem_free()
component._import_loading()
component._forget_loading()
before = free()
component._import_loading()
with_them = free()
component._forget_loading()
print(before - with_them > 5000, before - free() < 1500)  # not 0: a word on the C stack may look like a pointer to one
one = component._import_loading()  # as such a word might: once 7 KB stayed
component._forget_loading()
print(before - free() < 1500)
del one
kept = len(sys.modules)
for _ in range(3):
    store = Store(64)
    with open("/it.wasm", "rb") as file:
        drive(Component.load(store, Source(file), Nothing()))
    store.close()
print(len(sys.modules) - kept, any("loading" in name for name in sys.modules))
"""


@needs_tool
def test_what_only_loads_need_leaves_the_heap_when_they_end(board, tmp_path):
    board.put_file("/it.wasm", composed(tmp_path))
    board.run(SETUP + KEPT, timeout=60)  # what a component needs later, resources.py here, stays
    assert board.run(SETUP + KEPT, timeout=60) == "True True\nTrue\n0 False\n"
