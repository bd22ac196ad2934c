"""Random and damaged modules: scripts/fuzz.py finds nothing, and would find what is wrong."""

import os
import subprocess
import sys
import zlib

import pytest
from conftest import ROOT
from wat import assemble

sys.path.insert(0, str(ROOT / "scripts"))

import fuzz

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
    done = run("--damage", "2000")
    assert done.returncode == 0, done.stdout + done.stderr


class Liar:
    """A worker that changes the answers of the real one."""

    name = "python"

    def __init__(self, change):
        self.change = change
        self.worker = fuzz.Worker("python")

    def ask(self, case):
        return self.change(*self.worker.ask(case))


def findings(change):
    fuzzer = fuzz.Fuzzer([])
    fuzzer.workers = [Liar(change)]
    for seed in range(100, 112):
        fuzzer.one(seed)
    fuzzer.workers[0].worker.stop()
    return fuzzer.findings


GIGABYTES = """(module (memory (export "m") 1)
  (func (export "f") (result i32) (i32.store8 (i32.const 99) (i32.const 7)) (memory.grow (i32.const 40000))))"""


def test_a_memory_of_gigabytes_hangs_no_engine():
    """Looking at all that a guest's memory.grow gave it took the twin minutes of CPU: a hang that was none."""
    worker = fuzz.Worker("python")
    verdict, text, outcomes = worker.ask((assemble(GIGABYTES), 1000, 20, [("f", None)]))
    worker.stop()
    assert verdict == "instance", text
    zeros = bytearray(fuzz.OBSERVED)
    zeros[99] = 7
    assert outcomes == [("results", [1], ([40001 << 16], [], [zlib.crc32(zeros)]))]


def test_the_fuzzer_notices_a_wrong_result_memory_verdict_and_a_worker_that_dies(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, "FINDINGS", ROOT / "build/fuzz/of-tests")

    def wrong_state(verdict, text, outcomes):
        return (
            verdict,
            text,
            [(kind, got, (state[0], state[1], [n + 1 for n in state[2]])) for kind, got, state in outcomes],
        )

    def wrong_trap(verdict, text, outcomes):
        return verdict, text, [("trap", "unreachable?", state) for _, _, state in outcomes]

    def die(*_):
        raise fuzz.Finding("crashes")

    assert not findings(lambda *answer: answer)
    assert findings(wrong_state)
    assert findings(wrong_trap)
    assert findings(lambda verdict, text, outcomes: ("instance", "", outcomes))
    assert findings(lambda verdict, text, outcomes: ("Invalid", "", outcomes))
    assert findings(die)
