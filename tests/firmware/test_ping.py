# SPDX-License-Identifier: MIT
"""How long a message waits while a guest loops for ever, in emulated time: one instruction is 8 ns, as at 125 MHz."""

import base64

import pytest
from conftest import BOARDS
from raw_board import RawBoard, new_flash
from wasmote.ports import emulator

EXAMPLES = emulator.firmware_file("unix", "micropython").parents[2] / "examples"

# The board's own main loop on a port that starts `spin`, then sends a ping each 20 ms and looks at the clock.
ON_THE_BOARD = """
import time
from wasmote import main
class Port:
    ended = False
    def __init__(self):
        self.queue = b'{"jsonrpc":"2.0","id":0,"method":"tools/call","params":{"name":"spin","arguments":{}}}\\n'
        self.waited = []
        self.sent = time.ticks_ms() + 3000
        self.answered = True
        self.written = b''
    def read(self, room):
        if self.answered and time.ticks_diff(time.ticks_ms(), self.sent) > 20:
            self.queue = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\\n' if len(self.waited) < 20 else b'\\x03'
            self.sent = time.ticks_ms()
            self.answered = False
        n = min(len(room), len(self.queue))
        room[:n] = self.queue[:n]
        self.queue = self.queue[n:]
        return n
    def write(self, piece):
        self.written += bytes(piece)
        if bytes(piece).endswith(b'\\n') and not self.answered:
            self.waited.append(time.ticks_diff(time.ticks_ms(), self.sent))
            self.answered = True
    def idle(self, most):
        pass
    def close(self):
        pass
port = Port()
how = main.run(port)
print(how, len(port.waited), max(port.waited), b'"id":0' in port.written)
"""


def put_file(board, path, data):
    board.run(
        f"import os, binascii\nif 'components' not in os.listdir('/'): os.mkdir('/components')\nfile = open({path!r}, 'wb')"
    )
    for at in range(0, len(data), 768):
        board.run(f"file.write(binascii.a2b_base64({base64.b64encode(data[at : at + 768]).decode()!r}))")
    board.run("file.close()")


@pytest.mark.parametrize("name", BOARDS)
def test_a_ping_is_answered_within_50_ms_while_a_guest_loops_for_ever(name, tmp_path):
    with RawBoard(name, new_flash(tmp_path / "flash"), extra=("-icount", "shift=3,sleep=off")) as board:
        board.raw_repl()
        put_file(board, "/components/faults.wasm", (EXAMPLES / "faults.wasm").read_bytes())
        how, pings, longest, spin_ended = board.run(ON_THE_BOARD, timeout=60).split()
    assert (how, pings, spin_ended) == ("repl", "20", "False")
    assert int(longest) < 50
