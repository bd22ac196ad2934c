# SPDX-License-Identifier: MIT
"""What is in a board's flash and RAM, as `make size` prints it: within the budget, and what the README says."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts"))

import size  # noqa: E402


def test_the_engine_keeps_to_its_budget():
    flash, _ = size.measure(size.BUDGETED)
    assert 0 < flash[size.ENGINE] <= size.ENGINE_BUDGET


def test_all_ram_of_a_board_is_counted():
    _, ram = size.measure("QEMU_M0")
    assert ram.total() == 256 * 1024


@pytest.mark.parametrize("row", [*size.ROWS, "total"])
def test_the_readme_is_right_within_5_percent(row):
    """Other compilers make other sizes; what has grown has to be said."""
    (line,) = re.findall(rf"^{re.escape(row)}  .*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    said = [0 if cell == "-" else int(cell.replace(",", "")) for cell in line[22:].split()]
    sizes = [part for board in ("QEMU_M0", "QEMU_M3") for part in size.measure(board)]
    found = [part.total() if row == "total" else part[row] for part in sizes]
    assert said == [pytest.approx(n, rel=0.05, abs=64) for n in found]
