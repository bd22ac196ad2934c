# SPDX-License-Identifier: MIT
"""wasmote.wasm where it runs: calls in slices, resumed, dropped, interrupted; a thousand loads; Python values.

The same program on the C engine of every board, and on both engines of unix.
"""

import binascii
import os
import subprocess

import pytest
from conftest import BOARDS
from raw_board import RawBoard
from wasmote.ports import emulator

ROOT = emulator.firmware_file("unix", "micropython").parents[3]

GUEST = """
(module
  (import "env" "wait" (func $wait (param i32) (result i32)))
  (memory (export "memory") 1)
  (global $calls (export "calls") (mut i32) (i32.const 0))
  (func $fib (export "fib") (param i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store (i32.shl (local.get 0) (i32.const 8)) (global.get $calls))
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                     (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "fill") (param i32) (result f64)
    (memory.fill (i32.const 5) (local.get 0) (i32.const 9000))
    (memory.copy (i32.const 9100) (i32.const 3) (i32.const 4000))
    (f64.div (f64.convert_i32_s (local.get 0)) (f64.const 3)))
  (func (export "spin") (loop $again (br $again)))
  (func $divide (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
  (func $trap (export "trap") (result i32) (i32.add (call $divide (i32.const 0)) (i32.const 1)))
  (func $waiting (export "waiting") (param i32) (result i32) (i32.add (call $wait (local.get 0)) (i32.const 1))))
"""

PROGRAM = """
import binascii, gc
from wasmote import wasm
from wasmote.wasm import Interrupt, OutOfFuel, Trap
from wasmote.wasm.store import engine
from time import ticks_ms, ticks_diff
GUEST = binascii.a2b_base64(%r)
def wait(n):
    try:
        for _ in range(n):
            yield
        return n
    finally:
        dropped.append(n)
dropped = []
buffer = bytearray(1024)
def fresh():
    return wasm.instantiate(GUEST, {"env": {"wait": wait}}, limit=24, stack=1024)
def outcome(name, fuel):
    with fresh() as guest:
        stops = 0
        with guest.exports[name].start(11) as task:
            left = 0
            while True:
                try:
                    value = task.run(fuel)
                    break
                except OutOfFuel:
                    stops += 1
            used = (stops + 1) * fuel - task.fuel
        memory = 0
        for page in range(16):
            guest.exports.memory.read_into(1024 * page, buffer)
            memory = binascii.crc32(buffer, memory)
        return (value, guest.exports.calls.value, memory, used), stops
for name in ("fib", "fill"):
    whole, stops = outcome(name, 100000)
    for fuel in (1, 7, 300):
        cut, stops = outcome(name, fuel)
        print(name, fuel, cut == whole, stops > 0)
    print(whole[0])
guest = fresh()
exports = guest.exports
state = bytes(engine.view(guest.store.state, 16)), guest.store.top
with exports.fib.start(12) as task:
    for fuel in (50, 60, 70):
        try:
            task.run(fuel)
        except OutOfFuel as stop:
            print(stop, exports.fib(6))
    print(task.run())
    with exports.fib.start(12) as other:
        try:
            other.run(fuel=99)
        except OutOfFuel:
            other.close()
print((bytes(engine.view(guest.store.state, 16)), guest.store.top) == state, len(guest.store.spare_stacks))
with exports.waiting.start(100) as task:
    for _ in range(5):
        task.step()
    print(exports.waiting(2), dropped)
print(dropped)
began = ticks_ms()
try:
    exports.spin(timeout_ms=40)
except Interrupt as stop:
    print(stop, 40 <= ticks_diff(ticks_ms(), began) < 40 + SLACK)
task = exports.spin.start()
task.step()
task.interrupt()
try:
    task.run()
except Interrupt as stop:
    print(stop)
task.close()
try:
    exports.trap()
except Trap as trap:
    print(trap, trap.frames)
print(exports.fill.bits(1), exports.fib(10))
guest.close()
gc.collect()
before = binascii.crc32(engine.view(0, engine.GRANULES * 1024))
for _ in range(LOADS):
    with fresh() as guest:
        guest.exports.fib(3)
print("loads", binascii.crc32(engine.view(0, engine.GRANULES * 1024)) == before)
"""

ANSWERS = f"""fib 1 True True
fib 7 True True
fib 300 True True
89
fill 1 True True
fill 7 True True
fill 300 True True
FILL
all fuel consumed by WebAssembly 8
all fuel consumed by WebAssembly 8
all fuel consumed by WebAssembly 8
144
True 1
3 [2]
[2, 100]
interrupt: its time is over True
interrupt
integer divide by zero: in divide at offset DIVIDE, called by trap [('divide', AT), ('trap', CALL)]
[{0x3FD5555555555555}] 55
loads True
"""


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    wat = tmp_path_factory.mktemp("core") / "guest.wat"
    wat.write_text(GUEST)
    tool = ROOT / "build/wasm-tools/wasm-tools"
    return subprocess.run([tool, "parse", wat], capture_output=True, check=True).stdout


def check(run, guest, loads, slack):
    divide, call = guest.index(b"\x41\x01\x20\x00\x6e") + 4, guest.index(b"\x10\x04\x41\x01\x6a")
    code = PROGRAM % binascii.b2a_base64(guest).decode()
    code = f"LOADS, SLACK = {loads}, {slack}\n{code}"
    got = run(code).splitlines()
    filled = got.pop(7)
    wanted = ANSWERS.replace("DIVIDE", hex(divide)).replace("AT)", f"{divide})").replace("CALL)", f"{call})")
    assert "\n".join(got) == wanted.replace("FILL\n", "").rstrip()
    assert abs(float(filled) - 11 / 3) < 1e-5  # as precise as the board's floats


@pytest.mark.parametrize("name", BOARDS)
def test_the_core_on_a_board(name, guest):
    loads = 1000 if name == "QEMU_M0" else 10
    with RawBoard(name) as board:
        board.raw_repl()
        check(lambda code: board.run(code, timeout=500), guest, loads, 20)


@pytest.mark.parametrize("engine", ["c", "python"])
def test_the_core_on_unix(engine, guest):
    program = emulator.firmware_file("unix", "micropython")
    environment = os.environ | {"WASMOTE_ENGINE": engine}

    def run(code):
        done = subprocess.run([program, "-c", code], env=environment, capture_output=True, text=True, timeout=300)
        assert not done.stderr, done.stderr
        return done.stdout

    check(run, guest, 1000, 1000)
