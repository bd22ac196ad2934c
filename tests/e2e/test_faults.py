"""A bad line, a pulled cable, resets: `make faults` (scripts/faults.py) from a fixed seed; a share of it on emulated boards."""

import asyncio
import os
import sys

import pytest
from conftest import BOARDS, ROOT, params

sys.path.append(str(ROOT / "scripts"))

import faults
from proxy import Faults

pytestmark = pytest.mark.slow
CALLS = {"unix": 10_000, "qemu:m0": 80, "qemu:rv32": 40}
BREAKS = {"unix": 500, "qemu:m0": 4, "qemu:rv32": 4}


@pytest.fixture(params=params("unix", "qemu:m0", "qemu:rv32"))
def alone(request, tmp_path, monkeypatch, examples):
    """Which board: each test boots one of its own."""
    monkeypatch.setenv("WASMOTE_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WASMOTE_DATA_DIR", str(tmp_path))
    assert request.param in BOARDS and os.path.exists(examples / "counter.wasm")
    return request.param


@pytest.mark.parametrize("line", faults.LINES)
def test_on_a_bad_line_every_call_is_answered_once_and_right(alone, line):
    calls = CALLS[alone]
    work = faults.bad_line("unix:" if alone == "unix" else alone, Faults(seed=7, **faults.LINES[line]), calls)
    tally, _, (executed, again), link = asyncio.run(work)
    assert (tally.right, tally.wrong, tally.failed) == (calls, 0, 0)
    assert (executed, again) == (calls, 0)
    assert link["framesIn"] >= calls
    assert (link["damaged"] > 0) == ("error" in faults.LINES[line])


def test_after_cuts_and_resets_the_board_serves_soon_and_nothing_ran_twice(alone):
    work = faults.breaks("unix:" if alone == "unix" else alone, 7, BREAKS[alone])
    tally, recoveries, twice, pushes = asyncio.run(work)
    assert (tally.wrong, twice) == (0, 0) and tally.right > (20 if alone == "unix" else 0)
    assert tally.slowest < faults.LIMIT and pushes.whole > 0
    if alone == "unix":  # an emulated board takes seconds to boot on a busy machine, of this one's time
        assert max(recoveries) < faults.RECOVERY
