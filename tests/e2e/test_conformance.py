"""MCP's official conformance suite on boards, through `wasmote bridge --http`: every scenario that counts passes."""

import subprocess
import sys

import pytest
from conftest import BOARDS, ROOT, params


@pytest.fixture(scope="module", params=params("unix", "qemu:m0", "qemu:m3"))
def kind(request):
    return request.param


@pytest.mark.timeout(900)
def test_passes_what_counts_of_the_official_suite(kind, environment):
    command = [sys.executable, str(ROOT / "scripts/conformance.py"), BOARDS[kind]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for said in ("2025-11-25: 30 of 30 pass", "2026-07-28: 37 of 37 pass"):
        assert said in done.stdout, done.stdout
