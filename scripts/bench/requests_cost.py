# SPDX-License-Identifier: MIT
"""What a request costs on QEMU_M0: instructions, and bytes taken of the GC heap, from its last byte to when the board
listens again.

The board's own main loop reads the requests from an object in place of its UART, so that no line speed is in it. Alone:
after a moment of silence, in which the board collects garbage, as on any wire. In a row: with the collections in between.
"""

import json

import emulated
from programs import ROOT

EXAMPLES = ROOT / "build/examples"
CALLS = 20  # in a row
MODERN = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}

ON_THE_BOARD = """
import gc, json, sys, time
from time import ticks_us, ticks_diff
from wasmote import main
from wasmote.host import Host
from wasmote.jsonrpc import validate
from wasmote.link.wire import Wire
from wasmote.mcp import Server
class Port:
    ended = False
    rest = b''
    quiet = begun = free = counts = 0
    shown = False
    def read(self, room):
        if self.begun:
            if not self.ended:
                return 0
            self.counts = ticks_diff(ticks_us(), self.begun), self.free - gc.mem_free()
            self.begun = 0
        if self.quiet:
            self.quiet -= 1
            return 0
        n = min(len(room), len(self.rest))
        if n:
            room = room[:n]
            room[:] = self.rest[:n]
            self.rest = self.rest[n:]
            if not self.rest:
                self.free = gc.mem_free()
                self.begun = ticks_us()
        return n
    def write(self, piece):
        if self.shown:
            sys.stdout.buffer.write(piece)
        if piece[-1] == 10:
            self.ended = True
    def idle(self, most):
        pass
    def close(self):
        pass
port = Port()
wire = Wire(port, 'c0ffee00', time)
host = Host(validate=validate)
server = Server(host, wire.write)
gc.threshold(16 * 1024)  # as main.py
server.boot(host.boot())
while server.step():
    pass
def ask(message, silence=60):
    port.quiet = silence
    port.rest = message
    port.ended = False
    main.loop(server, port, wire)
    return port.counts
def alone(message):
    port.shown = True
    ask(message)
    port.shown = False
    ask(message)
    port.quiet = port.begun = 0
    gc.collect()
    gc.disable()
    counts = ask(message, 1)
    gc.enable()
    print(json.dumps(counts))
def in_a_row(message, count):
    gc.collect()
    us = 0
    for _ in range(count):
        us += ask(message, 0)[0]
    print(us // count)
"""


class Machine:
    """A board with components, each a file's bytes by name."""

    def __init__(self, machine, components):
        self.machine = machine
        machine.run("from wasmote.host import Storage\nStorage()  # makes the folder")
        for name, data in components.items():
            machine.put_file(f"/components/{name}.wasm", data)
        machine.run(ON_THE_BOARD, timeout=120)

    def alone(self, method, params=None):
        """({"instructions", "heap"}, the answer's result)"""
        answer, counts = map(json.loads, self.machine.run(f"alone({_line(method, params)!r})", timeout=60).splitlines())
        us, heap = counts
        if "result" not in answer or answer["result"].get("isError"):
            raise SystemExit(f"bench: {method} is answered with {answer}")
        return {"instructions": us * emulated.PER_US, "heap": heap}, answer["result"]

    def in_a_row(self, method, params):
        """Instructions of each of many."""
        return int(self.machine.run(f"in_a_row({_line(method, params)!r}, {CALLS})", timeout=60)) * emulated.PER_US

    def list_tools(self):
        """All pages: {"instructions", "heap", "pages", "tools"}."""
        total = {"instructions": 0, "heap": 0, "pages": 0, "tools": 0}
        params = {}
        while params is not None:
            counts, result = self.alone("tools/list", params)
            for key, value in {**counts, "pages": 1, "tools": len(result["tools"])}.items():
                total[key] += value
            params = {"cursor": result["nextCursor"]} if "nextCursor" in result else None
        return total


def _line(method, params):
    message = {"jsonrpc": "2.0", "id": 1, "method": method, **({} if params is None else {"params": params})}
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def measure(board="QEMU_M0"):
    """{"ping", "call", "modern", "lists": {tools: …}}: each with "instructions" and "heap"; calls with "in_a_row", too."""
    found = {"lists": {}}
    toolbox = (EXAMPLES / "toolbox.wasm").read_bytes()
    for boxes in (1, 2, 10):
        boxed = {f"box{i}": toolbox.replace(b"box0", b"box%d" % i) for i in range(boxes)}
        if boxes == 1:
            boxed = {"cron": (EXAMPLES / "cron.wasm").read_bytes()}
        with emulated.board(board) as machine:
            listed = Machine(machine, boxed).list_tools()
        found["lists"][listed["tools"]] = listed
    with emulated.board(board) as machine:
        machine = Machine(machine, {"thermometer": (EXAMPLES / "thermometer.wasm").read_bytes()})
        call = {"name": "read", "arguments": {}}
        found["ping"], _ = machine.alone("ping")
        for key, params in (("call", call), ("modern", {**call, "_meta": MODERN})):
            found[key], _ = machine.alone("tools/call", params)
            found[key]["in_a_row"] = machine.in_a_row("tools/call", params)
    return found


HEADS = ("request", "instructions", "at 125 MHz", "budget", "GC heap", "in a row, collections included")


def lines(found, budget):
    """The table's rows. `budget`: seconds of a tools/call."""
    listed = {f"tools/list of {tools} tools, {one['pages']} page{'s'[: one['pages'] > 1]}": one
              for tools, one in found["lists"].items()}  # fmt: skip
    calls = {"tools/call of a trivial tool": found["call"], "the same in 2026-07-28": found["modern"]}
    for what, one in {"ping": found["ping"], **listed, **calls}.items():
        row = one.get("in_a_row")
        yield [what, f"{one['instructions']:,}", _ms(one["instructions"]), f"≤ {budget * 1000:.0f} ms" if row else "",
               f"{one['heap']:,}", _ms(row) if row else ""]  # fmt: skip


def _ms(instructions):
    return f"{instructions / emulated.CLOCK_MHZ / 1000:.1f} ms"


if __name__ == "__main__":  # this table alone; --docs writes it into the docs
    import sys

    import report

    results = {"mcp": measure()}
    print("\n".join(report.mcp_table(results)))
    if "--docs" in sys.argv:
        report.write(results, ["mcp"])
