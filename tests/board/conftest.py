"""The board package, modules/wasmote, in this process: run these tests by themselves (`pytest tests/board`).

The PC package has the same name, so tests/pc and tests/board need a process each.
"""

import os
import sys
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "modules"), str(ROOT / "tests" / "shims"), str(Path(__file__).parent)]

import wasmote  # noqa: E402

if Path(list(wasmote.__path__)[0]).resolve() != ROOT / "modules" / "wasmote":
    raise pytest.UsageError("another package wasmote is loaded already: run tests/board in a process of its own")

# Machines here are shared: a slow example says nothing about the code.
hypothesis.settings.register_profile("wasmote", deadline=None)
hypothesis.settings.load_profile("wasmote")

SPEC_TESTS = Path(os.environ.get("WASM_TESTSUITE", ROOT.parent / "shared" / "spec-testsuite"))


@pytest.fixture(scope="session")
def spec_tests():
    """The folder of the WebAssembly specification test suite, converted to JSON and .wasm files."""
    if not SPEC_TESTS.is_dir():
        pytest.skip("no spec test suite: set WASM_TESTSUITE")
    return SPEC_TESTS


@pytest.fixture
def wire():
    """An MCP server over a host without WebAssembly, and what it writes."""
    from server_wire import Wire

    return Wire()
