"""The board as the server knows it, and its boot."""

from ..host.clock import now_us


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
        self._began = now_us()

    def uptime_ms(self):
        """Since this object was made."""
        return (now_us() - self._began) // 1000


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
