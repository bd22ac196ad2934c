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
    (tmp_path / "starts.wasm").write_bytes(assemble(STARTS))
    (tmp_path / "program.py").write_text(WAITS)
    path = f"{ROOT / 'modules'}:{ROOT / 'build/micropython/extmod'}"
    environment = os.environ | {"MICROPYPATH": path, "WASMOTE_ENGINE": engine}
    run = subprocess.run(
        [MICROPYTHON, "program.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert run.stdout == "['meanwhile', 'meanwhile', 'meanwhile', 5] 5 5 True\n", run.stdout + run.stderr
