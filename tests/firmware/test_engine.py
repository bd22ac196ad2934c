# SPDX-License-Identifier: MIT
"""The engine on every board: the same programs, the same answers, and not a byte of the GC heap while they run."""

import binascii
import re
import struct
import subprocess
import sys

import pytest
from conftest import BOARDS
from raw_board import RawBoard
from wasmote.ports import emulator

ROOT = emulator.firmware_file("unix", "micropython").parents[3]

PROGRAM = """
(module
  (import "host" "twice" (func $twice (param i32) (result i32)))
  (memory 17)
  (table $table 8 funcref)
  (elem $functions func $fib)
  (data $bytes "0123456789")
  (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                     (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "collatz") (param i64) (result i32) (local i32)
    (loop $again
      (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (local.set 0 (select (i64.add (i64.mul (local.get 0) (i64.const 3)) (i64.const 1))
                           (i64.shr_u (local.get 0) (i64.const 1))
                           (i32.wrap_i64 (i64.and (local.get 0) (i64.const 1)))))
      (br_if $again (i64.ne (local.get 0) (i64.const 1))))
    (local.get 1))
  (func (export "unaligned") (param i32) (result i64)
    (i32.store (i32.add (local.get 0) (i32.const 1)) (i32.const 0x11223344))
    (i32.store16 (i32.add (local.get 0) (i32.const 5)) (i32.const 0x5566))
    (i64.load (local.get 0)))
  (func (export "floats") (param f64) (result i64) (local f32)
    (local.set 1 (f32.sqrt (f32.demote_f64 (local.get 0))))
    (i64.xor (i64.reinterpret_f64 (f64.div (f64.nearest (f64.mul (local.get 0) (f64.const 1e10))) (f64.const -3)))
             (i64.trunc_sat_f32_s (f32.mul (local.get 1) (f32.const 1e10)))))
  (func (export "bulk") (param i32) (result i64)
    (memory.init $bytes (i32.const 1020) (i32.const 0) (i32.const 10))
    (memory.copy (i32.const 1500) (i32.const 1000) (local.get 0))
    (memory.fill (i32.const 4000) (i32.const 7) (local.get 0))
    (table.init $functions (i32.const 3) (i32.const 0) (i32.const 1))
    (table.copy (i32.const 4) (i32.const 2) (i32.const 3))
    (i64.add (i64.load (i32.const 1523))
      (i64.extend_i32_u (call_indirect (param i32) (result i32) (i32.load8_u (i32.const 4600)) (i32.const 5)))))
  (func (export "host") (param i32) (result i32) (i32.add (call $twice (local.get 0)) (i32.const 1)))
  (func (export "deep") (param i32) (result i32) (call $fib (call $deeper (local.get 0))))
  (func $deeper (param i32) (result i32) (call $deeper (i32.add (local.get 0) (i32.const 1)))))
"""

ON_THE_BOARD = """
import binascii, gc, micropython
from wasmote import wasm
from wasmote.wasm import store as module
class Locked:
    def __getattr__(self, name):
        return getattr(engine, name)
    def run(self, state, fuel, us):
        micropython.heap_lock()
        try:
            return run(state, fuel, us)
        finally:
            micropython.heap_unlock()
engine = module.engine
run = engine.run
module.engine = Locked()
store = wasm.Store(64)
store.fuel = 500  # a slice, so that there are some
twice = wasm.externs.HostFunction(store, b"\\x7f", b"\\x7f", lambda n: 2 * n)
source = wasm.Source(binascii.a2b_base64(%r))
free = wasm.arena_info()[1]
instance = wasm.drive(wasm.instance.Instance.create(store, wasm.binary.Module(source.reader()), lambda module, name: twice))
for name, args in (("fib", [15]), ("collatz", [27]), ("unaligned", [1021]), ("floats", [0x4000000000000000]), ("bulk", [900]), ("host", [20]), ("deep", [1])):
    try:
        print(name, wasm.drive(store.invoke(instance.exports[name], args)))
    except wasm.Trap as trap:
        print(name, trap)
print("slices", store.slices > 0, "granules", store.used())
store.close()
print("free", wasm.arena_info()[1] - wasm.arena_info()[0])
"""

FLOATS = int.from_bytes(struct.pack("<d", 2e10 / -3), "little") ^ 14142135296  # sqrt(2) in f32, times 1e10 in f32

ANSWERS = f"""fib [610]
collatz [111]
unaligned [{0x0055661122334400}]
floats [{FLOATS}]
bulk [{0x39383736353433 + 13}]
host [41]
deep call stack exhausted: in function 8, called by function 8 (7 times)
slices True granules 11
free -2
"""


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    wat = tmp_path_factory.mktemp("engine") / "program.wat"
    wat.write_text(PROGRAM)
    tool = ROOT / "build/wasm-tools/wasm-tools"
    binary = subprocess.run([tool, "parse", wat], capture_output=True, check=True).stdout
    return ON_THE_BOARD % binascii.b2a_base64(binary).decode()


@pytest.mark.parametrize("name", BOARDS)
def test_programs_give_the_same_answers_and_allocate_nothing(name, code):
    with RawBoard(name) as board:
        board.raw_repl()
        assert board.run(code, timeout=60) == ANSWERS


UNALIGNED = """
try:
    import _wasm as engine
except ImportError:
    from wasmote.wasm import interp as engine
engine.reset()
memory = engine.memory_new(engine.claim(4), 0, 1, 16, 0)
for call, arguments in (
    (engine.get, (1025,)), (engine.set, (1027, 0)), (engine.run, (memory + 2, 1)), (engine.run, (memory + 2, 1, 5)),
    (engine.memory_grow, (memory + 1, 1)), (engine.memory_read, (memory + 2, 0, bytearray(4))), (engine.get, (1 << 24,)),
    (engine.enter, (memory + 1, memory, memory, [])), (engine.leave, (memory, memory + 2)),
):
    try:
        print(call(*arguments))
    except ValueError as error:
        print(error)
"""


@pytest.mark.parametrize("name", [*BOARDS, "unix"])
def test_an_offset_that_is_no_words_is_refused(name):
    """Cortex-M0 stopped there, in a hard fault."""
    if name == "unix":
        program = emulator.firmware_file(name, "micropython")
        said = subprocess.run([program, "-c", UNALIGNED], capture_output=True, text=True, timeout=60).stdout
    else:
        with RawBoard(name) as board:
            board.raw_repl()
            said = board.run(UNALIGNED)
    wanted = ["offset is not that of a word"] * 9
    wanted[6] = "offset is not in the arena"
    assert said.splitlines() == wanted


def unrolled(body, counter=0):
    return f"""(loop $l {body * 16}
      (br_if $l (local.tee {counter} (i32.sub (local.get {counter}) (i32.const 1)))))"""


# A guest may do what is cheap for its fuel, then what is dear.
SLICES = f"""
(module (import "" "nothing" (func $nothing)) (memory 1) (table 1 60000 funcref)
  (func (export "cheap") (param i32) (local i32 i32 i32 i32)
    {unrolled("(local.set 1 (local.get 2)) (local.set 3 (local.get 4))")})
  (func (export "cheaper") (param i32) (local f32)
    {unrolled("(local.set 1 (f32.div (local.get 1) (f32.const 3.3)))")})
  (func (export "divide") (param i32) (local i64)
    {unrolled("(local.set 1 (i64.div_u (i64.const -1) (i64.const 3)))")})
  (func (export "float") (param i32) (local f64)
    {unrolled("(local.set 1 (f64.div (f64.const 1.1) (f64.const 3.3)))")})
  (func (export "root") (param i32) (local f64) {unrolled("(local.set 1 (f64.sqrt (f64.const 3.3)))")})
  (func (export "grow") (param i32) {unrolled("(drop (memory.grow (i32.const 1)))")})
  (func (export "elements") (param i32) {unrolled("(drop (table.grow (ref.null func) (i32.const 50000)))")})
  (func (export "unaligned") (param i32) (local i32) {unrolled("(local.set 1 (i32.load (i32.const 61)))")})
  (func (export "across") (param i32) {unrolled("(i32.store (i32.const 1021) (i32.load (i32.load (i32.const 1021))))")})
  (func (export "copies") (param i32) {unrolled("(memory.copy (i32.const 1) (i32.const 0) (i32.const 2049))")})
  (func (export "hosted") (param i32) (local i32)
    (loop $again
      (local.set 1 (i32.const 2000))
      {unrolled("(local.set 0 (i32.add (local.get 0) (i32.const 0)))", 1)}
      (call $nothing)
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 20)))))))
"""
MEASURED = """
import binascii, gc
from time import ticks_us, ticks_diff
from wasmote import wasm
store = wasm.Store(90)
source = wasm.Source(binascii.a2b_base64(%r))
nothing = wasm.externs.HostFunction(store, b"", b"", lambda: None)
instance = wasm.drive(wasm.instance.Instance.create(store, wasm.binary.Module(source.reader()), lambda *_: nothing))
exports = instance.exports
for name in ("divide", "float", "root", "grow", "elements", "unaligned", "across", "copies", "hosted"):
    longest = 0
    gc.collect()
    gc.disable()  # a collection between two slices is no part of them
    for call in [store.invoke(exports[f], [n]) for f, n in (("cheap", 20000), ("cheaper", 2000), (name, 1000))]:
        done = False
        while not done:
            began = ticks_us()
            try:
                next(call)
            except StopIteration:
                done = True
            longest = max(longest, ticks_diff(ticks_us(), began))
    gc.enable()
    print(name, longest)
store.close()
"""


def test_no_slice_is_long_whatever_ran_before(tmp_path):
    """In emulated time, 8 ns an instruction. It was 36 ms when slices had the fuel that 4 ms of code before had used."""
    (tmp_path / "slices.wat").write_text(SLICES)
    tool = ROOT / "build/wasm-tools/wasm-tools"
    binary = subprocess.run([tool, "parse", tmp_path / "slices.wat"], capture_output=True, check=True).stdout
    with RawBoard("QEMU_M0", extra=("-icount", "shift=3,sleep=off")) as board:
        board.raw_repl()
        shown = board.run(MEASURED % binascii.b2a_base64(binary).decode(), timeout=120)
    longest = {name: int(us) for name, us in map(str.split, shown.splitlines())}
    assert len(longest) == 9 and max(longest.values()) < 6_000, longest


def test_so_do_they_on_unix(code):
    program = emulator.firmware_file("unix", "micropython")
    run = subprocess.run([program, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.stdout == ANSWERS, run.stderr


def test_so_does_a_board_whose_engine_runs_from_ram(code):
    """WASM_EXEC_IN_RAM=1: the option for boards that run from a flash chip."""
    sys.path.append(str(ROOT / "scripts/bench"))
    from engine_build import firmware_with

    firmware = firmware_with("QEMU_M0", "-DWASM_EXEC_IN_RAM=1", "in-ram")
    symbols = subprocess.run(["arm-none-eabi-nm", firmware], capture_output=True, text=True, check=True).stdout
    assert re.search(r"^2000[0-9a-f]{4} . run$", symbols, re.MULTILINE), "run() lies in RAM"
    with RawBoard("QEMU_M0", firmware=firmware) as board:
        board.raw_repl()
        assert board.run(code, timeout=60) == ANSWERS


def test_from_ram_it_misses_fewer_lines_of_an_rp2040s_cache():
    sys.path.append(str(ROOT / "scripts/bench"))
    import xip
    from programs import PROGRAMS, compile_all

    (fir,) = [program for program in PROGRAMS if program.name == "fir"]
    compile_all([fir])
    (flash, missed), (ram, missed_from_ram) = xip.measure(["fir"])["fir"].values()
    assert abs(flash - ram) < flash / 100, "the same instructions"
    assert missed_from_ram < missed / 3  # how many are missed from flash depends on what lies where
