"""Batches: arrays of messages on one line (JSON-RPC 2.0, section 6), which MCP has in 2025-03-26 only.

They are served if the last `initialize` on this wire agreed on that version. Each request in it is served as if it had come
alone, so calls run side by side and may be cancelled; `initialize` and requests of the modern era cannot be part of one.
The answers go out as one array, in the order in which they come about, once the last is there; when they are more than
_GATHER bytes, as several. Nothing is answered to a batch of notifications.

Imported with the first batch.
"""

from ..jsonrpc import REQUEST, RpcError, Writer, items
from ..jsonrpc.codes import INVALID_REQUEST
from ..jsonrpc.message import message_at

_GATHER = 4096  # bytes of answers that may wait for others


class Answers:
    """The answers of one batch.

    begin(server)    an answer begins: it is written here. What was written of one that broke off is forgotten.
    end(server)      a message has ended, an answer or not
    leave(server)    one answer less is to come
    """

    def __init__(self, way):
        self._way = way
        self.due = 1  # answers to come, and one while the batch is still read
        self._text = bytearray()
        self._whole = 0  # bytes of it that are whole answers, each with its comma
        self._out = Writer(self._text.extend)
        self._wire = None  # the server's Writer, while its place is taken

    def begin(self, server):
        if server.out is not self._out:
            self._wire = server.out
            server.out = self._out
        self._text[self._whole :] = b""

    def end(self, server):
        if server.out is self._out:
            server.out = self._wire
            self._text[-1] = 0x2C  # in place of its line feed
            self._whole = len(self._text)
            self.leave(server)

    def leave(self, server):
        self.due -= 1
        if self._whole and (not self.due or self._whole > _GATHER):
            self._text[-1] = 0x5D
            out = server.out
            out.start(self._way)
            out.raw(b"[")
            out.copy(self._text)
            out.raw(b"\n")
            out.flush()
            self._text[:] = b""
            self._whole = 0


def receive(server, line, start):
    """Serve the batch at line[start]."""
    answers = Answers(server.way)
    empty = True
    try:
        for span in items(line, start):
            empty = False
            server.batch = answers
            try:
                message = message_at(line, span[0])
                answers.due += message.kind == REQUEST
                server.serve(message)
            except RpcError as error:
                answers.due += 1
                server.error(error.id, error)
    finally:
        server.batch = None
    if empty:
        server.error(None, RpcError(INVALID_REQUEST, "a batch has one message at least"))
    answers.leave(server)
