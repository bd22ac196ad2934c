"""JSON text written in pieces: no reply is ever in memory as a whole.

Small pieces gather in one buffer so that a reply takes few writes; large ones go out as they are.
"""

from array import array

try:
    from .text_viper import escape

    _utf8 = memoryview  # of a str: its UTF-8, where it lies
except (ImportError, SyntaxError):
    from .text import escape

    def _utf8(text):
        return text.encode() if isinstance(text, str) else memoryview(text)


_GATHER = 256  # bytes that may wait


def one_line(text):
    """A checked JSON text (bytes) without line breaks, which stand only between tokens: strings have no bare ones."""
    return text.replace(b"\n", b" ").replace(b"\r", b" ")


class Writer:
    """`write(piece)` takes a whole bytes-like piece, which is valid only during the call.

    raw(piece)    small bytes-like pieces that are JSON text already
    sent          bytes written since `start`
    write         where the text goes that was started last
    """

    def __init__(self, write):
        self.sent = 0
        self.write = self._usual = write
        self._buffer = bytearray(2 * _GATHER)
        self._buffer[:] = b""  # MicroPython keeps the room
        self.raw = self._buffer.extend
        self._escaped = bytearray(_GATHER // 2)
        self._escaped_view = memoryview(self._escaped)
        self._state = array("i", [0, len(self._escaped), 0])  # see text.escape

    def start(self, write=None):
        """A new text, for `write` if it is not for the usual one. What waits of an unfinished one is forgotten."""
        self.write = write or self._usual
        self._buffer[:] = b""
        self.sent = 0

    def flush(self):
        if self._buffer:
            self.sent += len(self._buffer)
            self.write(self._buffer)
            self._buffer[:] = b""

    def copy(self, piece):
        """The same as raw for a piece of any size."""
        if len(self._buffer) + len(piece) <= _GATHER:
            self.raw(piece)
            return
        self.flush()
        self.sent += len(piece)
        self.write(piece)

    def string(self, text):
        """A string, from a str or from the bytes of its UTF-8."""
        self.raw(b'"')
        self.inside(text)
        self.raw(b'"')

    def inside(self, text):
        """What stands between the quotes of a string."""
        text = _utf8(text)
        state = self._state
        state[2] = size = len(text)
        at = 0
        while at < size:
            state[0] = 0
            at = escape(text, at, self._escaped, state)
            self.raw(self._escaped_view[: state[0]])
            if len(self._buffer) > _GATHER:
                self.flush()

    def value(self, value):
        """None, bool, int, str, and lists and dicts of them. Bytes-like is JSON text already."""
        if value is None:
            self.raw(b"null")
        elif value is True or value is False:
            self.raw(b"true" if value else b"false")
        elif isinstance(value, int):
            self.raw(str(value).encode())
        elif isinstance(value, str):
            self.string(value)
        elif isinstance(value, dict):
            before = b"{"
            for name, inner in value.items():
                self.raw(before)
                self.string(name)
                self.raw(b":")
                self.value(inner)
                before = b","
            self.raw(b"}" if value else b"{}")
        elif isinstance(value, (list, tuple)):
            before = b"["
            for inner in value:
                self.raw(before)
                self.value(inner)
                before = b","
            self.raw(b"]" if value else b"[]")
        elif isinstance(value, (bytes, bytearray, memoryview)):
            self.copy(value)
        else:
            raise TypeError("no JSON for " + repr(value))
