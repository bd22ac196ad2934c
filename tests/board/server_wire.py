"""A server over a host without WebAssembly, and the wire it writes to. Every line of it must be JSON."""

import json
from pathlib import Path

import fake_host
from fake_host import FakeHost, Tool
from wasmote.mcp import Server
from wasmote.mcp.board import Board

CAPTURES = sorted((Path(__file__).parent / "captures").glob("*.jsonl"))
VERSION = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
MODERN = {VERSION: "2026-07-28", CAPABILITIES: {}}

TOOLS = ("echo", "spin", "count", "breaks", "starves", "long")


class Wire:
    """A server and what it has written."""

    def __init__(self, *names):
        self.host = FakeHost(*[Tool(name, getattr(fake_host, name)) for name in names or TOOLS])
        self.written = bytearray()
        self.resets = 0
        self.server = Server(self.host, self.written.extend, Board("QEMU_M0", "00c0ffee", self._reset, 16384))

    def _reset(self):
        self.resets += 1

    def lines(self):
        data = bytes(self.written)
        self.written.clear()
        assert data.endswith(b"\n") or not data
        return [json.loads(line) for line in data.splitlines()]

    def send(self, line):
        """The lines at once after `line` (bytes or a message)."""
        if not isinstance(line, bytes):
            line = json.dumps({"jsonrpc": "2.0", **line}).encode()
        buffer = bytearray(line)
        self.server.receive(memoryview(buffer))
        buffer[:] = b"#" * len(buffer)  # the link reuses it
        return self.lines()

    def run(self, turns=100):
        """The lines of the next turns."""
        while turns and self.server.step():
            turns -= 1
        return self.lines()

    def ask(self, method, params=None, id=1, modern=False):
        """The one reply to a request."""
        if modern:
            params = {**(params or {}), "_meta": {**MODERN, **(params or {}).get("_meta", {})}}
        message = {"id": id, "method": method}
        if params is not None:
            message["params"] = params
        replies = [line for line in self.send(message) + self.run() if "id" in line]
        assert len(replies) == 1, replies
        assert replies[0]["id"] == id
        return replies[0]

    def result(self, *arguments, **options):
        reply = self.ask(*arguments, **options)
        assert "result" in reply, reply
        return reply["result"]

    def error(self, *arguments, **options):
        reply = self.ask(*arguments, **options)
        assert "error" in reply, reply
        assert reply["error"]["message"]
        return reply["error"]
