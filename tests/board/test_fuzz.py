"""Random and damaged modules: scripts/fuzz.py finds nothing, and would find what is wrong."""

import os
import random
import re
import subprocess
import sys
import zlib
from collections import Counter

import pytest
import wasmtime
from conftest import ROOT
from wat import assemble

sys.path.insert(0, str(ROOT / "scripts"))

import fuzz
import fuzz_modules
import fuzz_oracle
from fuzz_case import OBSERVED, PATTERN, Case

SECONDS = os.environ.get("FUZZ_SECONDS", "120")


def run(*args):
    command = [sys.executable, ROOT / "scripts/fuzz.py", *args]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_random_modules_do_in_both_engines_what_they_do_in_wasmtime():
    done = run("--seconds", SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_prefix_and_mutations_of_real_modules_end_in_an_error_of_ours_or_a_result():
    done = run("--damage", "150")
    assert done.returncode == 0, done.stdout + done.stderr


class Liar:
    """A worker that changes the answers of the real one."""

    name, slices, fuels = "python", 60, (1000,)

    def __init__(self, change):
        self.change = change
        self.worker = fuzz.Worker("python")

    def ask(self, case):
        return self.change(*self.worker.ask(case))


def findings(change, seeds=range(100, 112)):
    fuzzer = fuzz.Fuzzer([])
    fuzzer.workers = [Liar(change)]
    for seed in seeds:
        fuzzer.one(seed)
    fuzzer.workers[0].worker.stop()
    return fuzzer.findings


MEGABYTES = """(module (memory (export "m") 1)
  (func (export "f") (result i32) (i32.store8 (i32.const 99) (i32.const 7)) (memory.grow (i32.const 800))))"""


def test_a_memory_of_megabytes_hangs_no_engine():
    """Looking at all that a guest's memory.grow gave it took the twin minutes of CPU: a hang that was none."""
    worker = fuzz.Worker("python")
    verdict, text, outcomes = worker.ask(Case(assemble(MEGABYTES), [("f", None)]))
    worker.stop()
    assert verdict == "instance", text
    wanted = bytearray(PATTERN) + bytearray(OBSERVED - len(PATTERN))
    wanted[99] = 7
    assert outcomes == [("results", [1], ([801 << 16], [], [zlib.crc32(wanted)], 0))]


def changed(part):
    """A Liar's change: this part of the state after each call."""

    def change(verdict, text, outcomes):
        lies = []
        for kind, got, state in outcomes:
            state = list(state)
            state[part] = [n + 1 if n is not None else 1 for n in state[part]] if part < 3 else state[part] + 1
            lies.append((kind, got, tuple(state)))
        return verdict, text, lies

    return change


@pytest.fixture
def elsewhere(monkeypatch):
    monkeypatch.setattr(fuzz, "FINDINGS", ROOT / "build/fuzz/of-tests")


def test_the_fuzzer_notices_a_wrong_result_state_verdict_and_a_worker_that_dies(elsewhere):
    def wrong_trap(verdict, text, outcomes):
        return verdict, text, [("trap", ("unreachable?", 0), state) for _, _, state in outcomes]

    def elsewhere_in_the_file(verdict, text, outcomes):
        moved = [(kind, (got[0], (got[1] or 0) + 1) if kind == "trap" else got, state) for kind, got, state in outcomes]
        return verdict, text, moved

    def die(*_):
        raise fuzz.Finding("crashes")

    assert not findings(lambda *answer: answer)
    for part in range(4):
        assert findings(changed(part)), part
    assert findings(wrong_trap)
    assert findings(elsewhere_in_the_file)
    assert findings(lambda verdict, text, outcomes: ("instance", "", outcomes))
    assert findings(lambda verdict, text, outcomes: ("Invalid", "", outcomes))
    assert findings(lambda verdict, text, outcomes: ("Unlinkable", "", outcomes))
    assert findings(die)


def test_a_damaged_real_module_runs_and_what_it_does_is_compared(elsewhere):
    """They import WASI, got none and ended as Unlinkable: nothing of them ever ran."""
    module = assemble("""(module (import "wasi" "f" (func $f (param i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "run") (result i32) (i32.store (i32.const 8) (i32.const 5)) (call $f (i32.const 7))))""")

    def found(change):
        fuzzer = fuzz.Fuzzer([], real=True)
        fuzzer.workers = [Liar(change)]
        for salt in (0, 1):
            fuzzer.guarded(fuzzer.judge, Case(module, salt=salt), "real", random.Random(salt))
        fuzzer.workers[0].worker.stop()
        return fuzzer.findings, fuzzer.counts["calls"]

    assert found(lambda *answer: answer) == ([], 4)
    assert len(found(changed(2))[0]) == len(found(changed(3))[0]) == 2


def test_modules_import_all_kinds_of_things_of_the_host_and_of_a_second_instance():
    oracle = fuzz_oracle.Oracle()
    seen = Counter()
    for seed in range(60):
        rng = random.Random(seed)
        lent, *imports = fuzz_modules.lender(rng)
        case = Case(fuzz_modules.smith(rng, *imports), lender=lent, salt=seed + 1)
        verdict, _ = oracle.start(case)
        seen[verdict] += 1
        if verdict == "instance":
            for one in wasmtime.Module(oracle.engine, case.binary).imports:
                seen[one.module, type(one.type).__name__] += 1
                seen["pages of a byte"] += getattr(one.type, "page_size", 0) == 1
            memory = next((one for one in oracle.externs if isinstance(one, wasmtime.Memory)), None)
            limits = memory and memory.type(oracle.store).limits
            seen["fits the arena whole"] += bool(limits) and limits.min == limits.max == 1
    wanted = {("lender", f"{kind}Type") for kind in ("Func", "Global", "Table", "Memory")} | {("host", "FuncType")}
    assert wanted | {"instance", "pages of a byte", "Unlinkable", "fits the arena whole"} <= {
        what for what, n in seen.items() if n > 2
    }


def test_a_guest_called_with_references_of_the_host_is_compared(elsewhere):
    """wasmtime's Python calls externref anyref: functions with one were never called."""
    module = assemble('(module (func (export "f") (param externref) (result externref) (local.get 0)))')
    oracle = fuzz_oracle.Oracle()
    oracle.start(Case(module))
    calls = oracle.calls(random.Random(0), 30)
    assert [oracle.invoke(*call) for call in calls] == [("results", args) for _, args in calls]
    assert len(calls) == 2


def test_the_engine_of_a_cortex_m0_is_fuzzed_as_a_cortex_m0_compiles_it():
    worker = fuzz.Worker("m0")
    flags = worker.environment["WASM_CFLAGS"].split()
    source = ROOT / "firmware/wasm/access.h"
    shown = subprocess.run(["cc", "-E", "-dM", *flags, source], capture_output=True, text=True, check=True).stdout
    assert "#define WASM_SMALL 1" in shown
    assert re.search(r"#define APART\(ea,\s*size\) .*\(\(size\)-1\)", shown)
    case = Case(assemble('(module (func (export "f") (result i64) (i64.const 7)))'), [("f", [])])
    assert worker.ask(case) == ("instance", "", [("results", [7], ([], [], [], 0))])
    worker.stop()
