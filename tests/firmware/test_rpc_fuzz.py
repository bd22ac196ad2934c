# SPDX-License-Identifier: MIT
"""Random and damaged messages over the UART of a board with the RAM of an RP2040: tests/board/rpc_fuzz.py, rpc_oracle.py."""

import select
import sys

import pytest
from raw_board import RawBoard, new_flash
from wasmote.ports import emulator

sys.path.append(str(emulator.firmware_file("unix", "micropython").parents[3] / "tests/board"))
from rpc_fuzz import SEEDS, TOOLS, lines
from rpc_oracle import Player

COUNT, STEP = 5000, 1000
NOISE = 2048  # bytes: what a stale word on the C stack keeps alive


class Uart:
    """Lines of a board's UART."""

    def __init__(self, board):
        self.write = board.send
        self._uart = board.uart
        self._rest = b""

    def line(self):
        while b"\n" not in self._rest:
            assert select.select([self._uart], [], [], 60)[0], f"nothing came for a minute after {self._rest!r}"
            self._rest += self._uart.recv(65536)
        line, self._rest = self._rest.split(b"\n", 1)
        return line


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_board_answers_random_lines_and_its_memory_is_flat(tmp_path):
    with RawBoard("QEMU_M0", new_flash(tmp_path / "flash")) as board:
        board.raw_repl()
        board.write_file("/tools.py", TOOLS)
        board.start("import machine; machine.reset()")
        uart = Uart(board)
        while b"wasmote/ready" not in uart.line():
            pass
        player = Player(uart.write, uart.line)
        player.play(SEEDS)  # imports what is imported with its first request
        free = []
        for step in range(COUNT // STEP):
            player.play(lines(step, STEP))
            free.append(player.ask("wasmote/info")["heap"]["freeBytes"])
        print(free)
        assert max(free) - min(free) < NOISE, free
