"""The board as the server knows it, and its boot."""

import time


class Board:
    """What the host does not know.

    name             of the board
    session          hex, another at each boot
    reset            a function that resets the board
    message_limit    bytes of a message that the link takes
    wire             link.wire.Wire, None where there is none
    """

    def __init__(self, name, session, reset, message_limit, wire=None):
        self.name = name
        self.session = session
        self.reset = reset
        self.message_limit = message_limit
        self.wire = wire
        self._seen = _ticks_ms()
        self._uptime = 0

    def uptime_ms(self):
        """Since this object was made. Keeps count over the ticks' wrap-around if asked once in a few days."""
        now = _ticks_ms()
        self._uptime += _ticks_diff(now, self._seen)
        self._seen = now
        return self._uptime


if hasattr(time, "ticks_ms"):
    _ticks_ms = time.ticks_ms
    _ticks_diff = time.ticks_diff
else:  # CPython

    def _ticks_ms():
        return int(time.monotonic() * 1000)

    def _ticks_diff(now, then):
        return now - then


def boot(server, steps):
    """Generator: drives `steps`, which load what is stored, then writes wasmote/ready, whatever became of them."""
    try:
        yield from steps
    finally:
        server.ready()
        if server.board:
            out = server.begin(b'{"jsonrpc":"2.0","method":"wasmote/ready","params":')
            tools = sum([1 for _ in server.host.tools])
            out.value({"session": server.board.session, "board": server.board.name, "tools": tools})
            server.end(b"}\n")
