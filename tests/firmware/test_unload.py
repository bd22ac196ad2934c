# SPDX-License-Identifier: MIT
"""Loading and unloading on a board: 1,000 times, and its arena is byte for byte what it was."""

import binascii
import subprocess
from pathlib import Path

import pytest
from conftest import BOARDS
from raw_board import RawBoard

TOOL = Path(__file__).resolve().parents[2] / "build/wasm-tools/wasm-tools"

PROGRAM = """
(module
  (import "host" "twice" (func $twice (param i32) (result i32)))
  (memory 17)
  (table 2 10 funcref)
  (elem (i32.const 1) $f)
  (data (i32.const 1000) "active")
  (data "passive")
  (global $g (mut i32) (i32.const 1))
  (func $f (param i32) (result i32)
    (global.set $g (local.get 0)) (i32.store (i32.const 70000) (local.get 0)) (i32.load (i32.const 70000)))
  (func (export "run") (param i32) (result i32)
    (call $twice (call_indirect (param i32) (result i32) (local.get 0) (i32.const 1)))))
"""

ON_THE_BOARD = """
import binascii, gc
from wasmote import wasm
from wasmote.wasm.engine import engine
def arena():
    return binascii.crc32(engine.view(0, 1024 * engine.GRANULES))
def load():
    store = wasm.Store(20)
    twice = wasm.externs.HostFunction(store, b"\\x7f", b"\\x7f", lambda n: 2 * n)
    module = wasm.binary.Module(wasm.Source(data).reader())
    instance = wasm.drive(wasm.instance.Instance.create(store, module, lambda module, name: twice))
    result = wasm.drive(store.invoke(instance.exports["run"], [21]))
    store.close()
    return result
data = binascii.a2b_base64(%r)
before = arena()
load()
gc.collect()
free = gc.mem_free()
wrong = 0
for i in range(%d):
    wrong += load() != [42] or i %% 100 == 0 and arena() != before
print("wrong", wrong, "arena", arena() == before)
gc.collect()
print("heap", gc.mem_free() >= free - 256)
"""


@pytest.mark.parametrize("name", BOARDS)
def test_1000_loads_leave_the_arena_byte_for_byte_as_it_was(name, tmp_path):
    wat = tmp_path / "program.wat"
    wat.write_text(PROGRAM)
    binary = subprocess.run([TOOL, "parse", wat], capture_output=True, check=True).stdout
    code = ON_THE_BOARD % (binascii.b2a_base64(binary).decode(), 1000 if name == "QEMU_M0" else 100)
    with RawBoard(name) as board:
        board.raw_repl()
        assert board.run(code, timeout=600) == "wrong 0 arena True\nheap True\n"
