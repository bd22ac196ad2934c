# SPDX-License-Identifier: MIT
"""From the first byte of a push to the answer of tools/list, on an emulated board, in instructions.

The board's own main loop reads the messages that `wasmote push` sends, each from a file in place of its UART, so that no line
speed is in the figure. What else is in it: base64, flash writes, checksums, validation, translation, the guest's start.
"""

import base64
import binascii
import json

import emulated
from programs import ROOT

COMPONENT = ROOT / "build/examples/thermometer.wasm"
CHUNK = 4096

ON_THE_BOARD = """
import gc, time
from wasmote import main
class Port:
    ended = False
    def __init__(self):
        self.at = -1
        self.answers = []
        self.line = b''
        self.next()
    def next(self):
        self.at += 1
        try:
            self.file = open('/message%d' % self.at, 'rb')
        except OSError:
            self.file = None
    def read(self, room):
        if self.file is None:
            room[:1] = b'\\x03'
            return 1
        return self.file.readinto(room)
    def write(self, piece):
        self.line += bytes(piece)
        while b'\\n' in self.line:
            line, self.line = self.line.split(b'\\n', 1)
            if b'"id":' in line[:40]:
                self.answers.append(time.ticks_diff(time.ticks_us(), began))
                self.last = line
                self.next()
    def idle(self, most):
        pass
    def close(self):
        pass
port = Port()
gc.collect()
began = time.ticks_us()
main.run(port)
print(port.answers)
print(port.last)
import _wasm
print(any('translat' in name for name in dir(_wasm)))
"""


def messages(component):
    """The lines of a push of `component` as "thing", and of tools/list, each a request with an id."""
    for at in [*range(0, len(component), CHUNK), None]:
        if at is None:
            yield {"method": "tools/list"}
            return
        chunk = component[at : at + CHUNK]
        yield {"method": "wasmote/push", "params": {
            "name": "thing", "size": len(component), "offset": at, "data": base64.b64encode(chunk).decode(),
            "crc32": binascii.crc32(component)}}  # fmt: skip


def measure(name="QEMU_M0", component=COMPONENT):
    """{"bytes", "push", "list"}: bytes of the component, then instructions of the two steps."""
    binary = component.read_bytes()
    with emulated.board(name) as machine:
        for i, message in enumerate(messages(binary)):
            line = json.dumps({"jsonrpc": "2.0", "id": i, **message}, separators=(",", ":"))
            machine.put_file(f"/message{i}", line.encode() + b"\n")
        times, last, in_c = machine.run(ON_THE_BOARD, timeout=120).strip().split("\n")
    *_, pushed, listed = json.loads(times)
    if '"result"' not in last:
        raise SystemExit(f"bench: {name} answers {last}")
    us = {"push": pushed, "list": listed - pushed}
    return {
        "bytes": len(binary),
        "translator": "C" if in_c == "True" else "Python",
        **{key: value * emulated.PER_US for key, value in us.items()},
    }
