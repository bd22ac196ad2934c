"""The engines under MicroPython itself (the unix build), from files: integer scripts of the official suite; asyncio."""

import json
import os
import subprocess

import pytest
from conftest import MICROPYTHON, ROOT, needs_micropython
from wat import assemble

SCRIPTS = ("i32", "i64", "int_exprs", "int_literals", "fac", "forward", "skip-stack-guard-page", "memory_size")

PROGRAM = """
import json, sys
sys.path.insert(0, "modules")
from wasmote import wasm
print(wasm.engine)
for folder, modules in json.load(open(sys.argv[1])):
    passed = 0
    for name, calls in modules:
        store = wasm.Store(0xFFFF, 4096)  # memory_size grows by some pages at once
        with open(folder + "/" + name, "rb") as file:
            module = wasm.binary.Module(wasm.Source(file).reader())
            instance = wasm.drive(wasm.instance.Instance.create(store, module, lambda module, name: None))
        for field, args, wanted in calls:
            try:
                got = wasm.drive(store.invoke(instance.exports[field], args))
            except wasm.Trap as trap:
                got = trap.what
            if got == wanted:
                passed += 1
            else:
                print(folder, field, args, "got", got, "expected", wanted)
        store.close()
    print(folder.split("/")[-1], passed)
"""


def integers(values):
    return [int(value["value"]) & (1 << int(value["type"][1:])) - 1 for value in values]


def calls_of(folder):
    """[file, [[field, args, results or trap text]]] of each module of a script."""
    modules = []
    for command in json.loads((folder / (folder.name + ".json")).read_text())["commands"]:
        if command["type"] == "module":
            modules.append([command["filename"], []])
        elif command["type"] in ("assert_return", "assert_trap", "assert_exhaustion"):
            action = command["action"]
            wanted = integers(command["expected"]) if command["type"] == "assert_return" else command["text"]
            modules[-1][1].append([action["field"], integers(action["args"]), wanted])
    return modules


@needs_micropython
@pytest.mark.parametrize("engine", ["c", "python"])
def test_official_integer_scripts_pass_under_micropython(engine, spec_tests, tmp_path):
    plan = [[str(spec_tests / name), calls_of(spec_tests / name)] for name in SCRIPTS]
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    (tmp_path / "program.py").write_text(PROGRAM)
    run = subprocess.run(
        [MICROPYTHON, "-X", "heapsize=4M", tmp_path / "program.py", tmp_path / "plan.json"],
        cwd=ROOT,
        env=os.environ | {"WASMOTE_ENGINE": engine},
        capture_output=True,
        text=True,
    )
    totals = [
        f"{name} {sum(len(calls) for _, calls in modules)}" for name, (_, modules) in zip(SCRIPTS, plan, strict=True)
    ]
    assert run.stdout.splitlines() == [engine, *totals], run.stdout + run.stderr


STARTS = """(module (import "env" "wait" (func $wait (param i32) (result i32))) (memory (export "memory") 1)
  (func $start (i32.store (i32.const 0) (call $wait (i32.const 5))))
  (start $start))"""

WAITS = """
import asyncio
from wasmote import wasm

seen = []

async def wait(n):
    for _ in range(3):
        await asyncio.sleep(0.001)
    seen.append(n)
    return n

async def meanwhile():
    for _ in range(3):
        seen.append("meanwhile")
        await asyncio.sleep(0)

async def main():
    other = asyncio.create_task(meanwhile())
    slow = await wasm.instantiating("starts.wasm", {"env": {"wait": wait}})
    soon = wasm.instantiate("starts.wasm", {"env": {"wait": abs}})
    await other
    print(seen, slow.exports.memory.u32(0), soon.exports.memory.u32(0), isinstance(soon, wasm.Instance))

asyncio.run(main())
"""


@needs_micropython
@pytest.mark.parametrize("engine", ["c", "python"])
def test_a_start_function_waits_for_its_host_in_micropythons_asyncio(engine, tmp_path):
    """Each step of loading put the task into asyncio's queue, also when it was there: MicroPython crashed."""
    said = said_by(WAITS, engine, tmp_path, "starts.wasm", STARTS)
    assert said == "['meanwhile', 'meanwhile', 'meanwhile', 5] 5 5 True\n"


def said_by(program, engine, folder, name, text):
    """What a program prints under MicroPython, with asyncio, in a folder that has this module."""
    (folder / name).write_bytes(assemble(text))
    (folder / "program.py").write_text(program)
    path = f"{ROOT / 'modules'}:{ROOT / 'build/micropython/extmod'}"
    environment = os.environ | {"MICROPYPATH": path, "WASMOTE_ENGINE": engine}
    run = subprocess.run(
        [MICROPYTHON, "program.py"], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    return run.stdout + run.stderr


ARRAYS = """
from array import array
from wasmote import wasm

memory = wasm.instantiate("memory.wasm").exports.memory
memory.write(1022, array("I", [0x01020304, 0x05060708]))
halves = array("H", [0, 0, 9])
memory.read_into(1024, memoryview(halves)[1:])
memory.write(2000, array("b", [-1]))
print(memory.read(1022, 8), halves, memory.u8(2000))
try:
    memory.write(65532, array("I", [0, 0]))
except wasm.Trap as trap:
    print(trap)
"""


@needs_micropython
@pytest.mark.parametrize("engine", ["c", "python"])
def test_arrays_are_copied_as_bytes_under_micropython(engine, tmp_path):
    """The twin refused items of more than a byte: "lhs and rhs should be compatible"."""
    said = said_by(ARRAYS, engine, tmp_path, "memory.wasm", '(module (memory (export "memory") 1))')
    copied = "b'\\x04\\x03\\x02\\x01\\x08\\x07\\x06\\x05' array('H', [0, 258, 1800]) 255"
    assert said == copied + "\nout of bounds memory access\n"


CALLS = """(module (import "env" "wait" (func $wait (param i32) (result i32)))
  (func (export "f") (param i32) (result i32) (call $wait (local.get 0)))
  (func (export "count") (param i32) (result i32) (local i32)
    (loop $again (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get 1) (local.get 0))))
    (local.get 1)))"""

MAY_WAIT = """
import asyncio
from wasmote import wasm

async def wait(n):
    if n == 1:
        try:
            exports.f(0)  # waits in a plain call, in an awaited one
        except RuntimeError as error:
            print(error)
    if n == 2:
        exports.store.fuel = 50
        exports.count(1000)  # in many slices
    for _ in range(3):
        await asyncio.sleep(0.001)
    return n + 40

async def ticks():
    for _ in range(20):
        await asyncio.sleep(0.001)

async def main():
    ticking = asyncio.create_task(ticks())
    task = exports.f.start(0)
    for how in (lambda: exports.f(0), lambda: exports.f(0, timeout_ms=1000), lambda: exports.f.start(0).run(),
                task.step, lambda: exports.f.bits(0), lambda: other.exports.f(0)):
        try:
            print(how())
        except RuntimeError as error:
            print(error)
        await asyncio.sleep(0.001)
    print(task.done, await exports.f.start(0), await exports.f.start(1), await other.exports.f.start(2))
    await ticking

instance = wasm.instantiate("calls.wasm", {"env": {"wait": wait}})
exports = instance.exports
exports.store = instance.store
other = wasm.instantiate("calls.wasm", {"env": {"wait": exports.f}})  # of another store
asyncio.run(main())
"""


@needs_micropython
@pytest.mark.parametrize("engine", ["c", "python"])
def test_only_an_awaited_call_waits_for_its_host_in_micropythons_asyncio(engine, tmp_path):
    """A plain one did not, but had put the running task into asyncio's queue: MicroPython crashed."""
    said = said_by(MAY_WAIT, engine, tmp_path, "calls.wasm", CALLS)
    assert said == 7 * "env.wait may wait: await the task of the call (start())\n" + "True 40 41 42\n"
