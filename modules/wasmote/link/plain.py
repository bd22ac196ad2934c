"""The plain form of the link: one JSON text per line, which is MCP's stdio framing.

    line = text [CR] LF        text: 1..limit bytes of UTF-8 without LF

A longer line is dropped up to its LF and reported once as TOO_LONG (its length in `size`, its first and last bytes in
`ends`), so that the other end can be told. Bytes before a line's text that no JSON text starts with (line noise, a byte
order mark, spaces) are skipped, up to 16 of them. Byte 0x03 at the start of a line, or straight after a CR, is ATTENTION:
the other end wants the REPL (mpremote sends CR 0x03). JSON never contains that byte, so no message can say it.

One buffer, taken once. Shared by board and PC.
"""

LIMIT = 16 * 1024  # bytes of text in one line
TOO_LONG = 1  # a line over the limit was dropped; `size` is its length
ATTENTION = 2  # the other end asks for the REPL

_ENDS = 160  # bytes of a dropped line's beginning, and of its end, that are kept
_NOISE = 16  # leading bytes of a line that are skipped when they cannot start a JSON text

try:
    from .plain_viper import find_stop
except (ImportError, SyntaxError):  # CPython, or a firmware without a native code emitter

    def find_stop(buf, at, end):
        """Index of the first LF, 0x03 or zero in buf[at:end], or -1."""
        found = -1
        for stop in (b"\n", b"\x03", b"\0"):
            at_stop = buf.find(stop, at, end)
            if at_stop >= 0:
                found = end = at_stop
        return found


class Lines:
    """Cuts received bytes into lines.

    Put received bytes into `room()`, say how many with `received(n)`, call `next()` until it returns None.

    `size` is the length of the last line dropped, `ends` is (its first bytes, its last), `dropped` counts them.
    """

    ends = (b"", b"")

    def __init__(self, limit=LIMIT):
        self.limit = limit
        self.size = 0
        self.dropped = 0
        self._buffer = bytearray(limit + _NOISE + 2)  # CR LF
        self._view = memoryview(self._buffer)
        self._first = self._view[:1]
        self._floor = 0  # what is before it stays where it is
        self._start = 0  # of the current line
        self._seen = 0  # searched up to here
        self._end = 0  # of the received bytes
        self._dropping = 0  # bytes of the current line already thrown away

    def room(self):
        """Where the next received bytes go: a memoryview, never empty, valid until the next call of anything here.

        One byte until a line's text has begun: what comes behind a call for attention stays in the stream, for the REPL.
        """
        end = self._end
        if not self._dropping:
            if not end:
                return self._first
            if self._text(self._start, end) == end:
                return self._view[end : end + 1]
        return self._view[end:]

    def received(self, count):
        self._end += count

    def next(self):
        """The next line (a memoryview, valid until the next call of anything here), TOO_LONG, ATTENTION, or None: more
        bytes are needed."""
        while True:
            if self._seen == self._end < len(self._buffer) and self._start == self._floor:
                return None
            at = find_stop(self._buffer, self._seen, self._end)
            if at < 0:
                return self._make_room()
            self._seen = at + 1
            start = self._start
            if self._buffer[at] == 3:
                if self._calls(start, at):
                    self._start = at + 1
                    self._dropping = 0
                    return ATTENTION
                continue
            if not self._buffer[at]:
                continue
            self._start = at + 1
            unit = self._line(start, at)
            if unit is not None:
                return unit

    def _line(self, start, at):
        """What the line in the buffer is whose LF is at `at`: a view, TOO_LONG, or None when it is blank."""
        if at > start and self._buffer[at - 1] == 13:
            at -= 1
        if self._dropping:
            return self._drop(start, at)
        start = self._text(start, at)
        if at - start > self.limit:
            return self._drop(start, at)
        return self._view[start:at] if at > start else None

    def feed(self, data):
        """Generator of what `data` (bytes) completes: what `next` returns. A line is valid until the next step."""
        data = memoryview(data)
        at = 0
        while at < len(data):
            room = self.room()
            count = min(len(room), len(data) - at)
            room[:count] = data[at : at + count]
            self.received(count)
            at += count
            unit = self.next()
            while unit is not None:
                yield unit
                unit = self.next()

    def _text(self, start, end):
        """Where the text of the line at `start` begins: after its noise."""
        most = start + _NOISE
        while start < end and start < most:
            byte = self._buffer[start]
            if byte == 3 or 32 < byte < 127:
                break
            start += 1
        return start

    def _calls(self, start, at):
        """Does the 0x03 at `at` in the line at `start` call for attention?"""
        if at > start and self._buffer[at - 1] == 13:
            return True
        return not self._dropping and self._text(start, at) == at

    def _drop(self, start, end):
        if not self._dropping:
            self._keep_head(start, end)
        self.ends = self.ends[0], bytes(self._buffer[max(start, end - self._most()) : end])
        self.size = self._dropping + end - start
        self._dropping = 0
        self.dropped += 1
        return TOO_LONG

    def _keep_head(self, start, end):
        self.ends = bytes(self._buffer[start : min(end, start + self._most())]), b""

    def _most(self):
        """Bytes of each of `ends`: less in a buffer with little room."""
        return min(_ENDS, (len(self._buffer) - self._floor) // 4)

    def _make_room(self):
        """The current line has no end yet: move it to the floor of the buffer, or drop it if it fills the buffer."""
        floor = self._floor
        count = self._end - self._start
        keep = self._most() + 1  # for `ends`, and a CR, which may also be half of a call for attention
        if count == len(self._buffer) - floor or (self._dropping and count > 2 * keep):
            if not self._dropping:
                self._keep_head(self._text(self._start, self._end), self._end)
            self._dropping += count - keep
            self._start = self._end - keep
            count = keep
        if self._start > floor:
            if count:  # to a view of just these bytes: MicroPython moves all behind a slice that it assigns to
                front = self._view[floor : floor + count]
                front[:] = self._view[self._start : self._end]
            self._start = floor
            self._end = floor + count
        self._seen = self._end
        return None
