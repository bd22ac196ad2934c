"""The official WebAssembly test suite, on the C engine in this process and on its Python twin."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT

# Not failures of the engine: the board's address space has 128 pages; and a section that is too long is
# reported by what it runs into.
KNOWN = {"memory_grow:45", "memory_grow:48", "binary:1817"}
SANITIZERS = "shift,signed-integer-overflow,integer-divide-by-zero,bounds"


@pytest.mark.parametrize(
    "engine, sanitizers",
    [("c", ""), ("c", SANITIZERS), ("c", "alignment"), pytest.param("python", "", marks=pytest.mark.slow)],
)
def test_official_suite_passes_but_for_modules_refused_by_name(engine, sanitizers, spec_tests):
    settings = {"WASM_TESTSUITE": str(spec_tests), "WASMOTE_ENGINE": engine, "WASM_SANITIZE": sanitizers}
    command = [sys.executable, ROOT / "scripts/spec_tests.py"]
    run = subprocess.run(command, capture_output=True, text=True, env=os.environ | settings)
    assert run.stdout.endswith("refused by name\n"), run.stdout + run.stderr
    *failures, total = run.stdout.splitlines()
    assert {line.split(" ")[0] for line in failures} <= KNOWN, run.stdout
    assert total.startswith(f"{engine} engine:")
    assert int(total.split()[2]) > 4400, total
