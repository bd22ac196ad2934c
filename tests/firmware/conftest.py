# SPDX-License-Identifier: MIT
"""What MicroPython does on each board, before any wasmote is involved: run `make firmware` first."""

import pytest
from raw_board import RawBoard, new_flash

BOARDS = ["QEMU_M0", "QEMU_M3", "QEMU_RV32"]


@pytest.fixture(params=BOARDS)
def name(request):
    return request.param


@pytest.fixture
def flash(tmp_path):
    return new_flash(tmp_path / "flash")


@pytest.fixture
def board(name, flash):
    with RawBoard(name, flash) as board:
        board.raw_repl()
        yield board
