# SPDX-License-Identifier: MIT
"""The PC's end of a framed link, without I/O and clock: bytes in, messages out; messages in, units out.

    peer = Peer(write, since)
    peer.open(nonce, now)
    for message, framed in peer.feed(data, now): …      bytes, and whether they came in frames or as a line
    peer.send(text); peer.push(text, raw)       messages (bytes), sent as soon as the link is open; one with a file's bytes
    peer.tick(now)                              whenever peer.due(now) ms are over

Messages leave in order. The bytes of a file have their place where no message waits, so that a push does not hold calls up,
and behind so many messages in a row, so that it goes on.
"""

from wasmote.link.framed import CLOSE, DATA, HEADER, KIND, LAST, OPEN, OPENED, RAW, VERSION
from wasmote.link.units import DAMAGED, FRAME, Units
from wasmote.link.window import SILENCE, End

LINE_LIMIT = 1024 * 1024  # bytes of one message of a board
KEEP = 1000  # ms of silence after which the board is asked whether it is there
_LATE = 3000  # ms after which a tick is so late that this process itself stood still
_WINDOW = 8  # frames that we take at once; a PC's port has room
_ROW = 4  # messages that leave before a piece of a file that is waiting
_STILL = 300  # ms without a byte after which half a unit will not go on


class Peer:
    """
    write(unit)   takes a unit of the wire (bytes)
    since(a, b)   ms from b to a

    session       of the board, as the open link names it; "" while none is open
    why_closed    why the link is no longer open, "" otherwise; closed_by: the session of the board that closed it, ""
    """

    def __init__(self, write, since, limit=LINE_LIMIT, keep=KEEP, silence=SILENCE):
        self.units = Units(limit)
        self.end = End(lambda unit: write(bytes(unit)), since, _WINDOW, 8, keep, silence)
        self.session = ""
        self.why_closed = self.closed_by = ""
        self.message_limit = 0  # bytes that the board takes
        self._since = since
        self._still_since = None
        self._ticked = None
        self._clear()

    def _clear(self):
        self._messages = []  # of which nothing was sent yet
        self._pushes = []  # (bytes of a file, the message that they belong to)
        self._current = None  # the message that is being sent
        self._at = 0  # bytes of it sent
        self._raw_at = 0  # of the first push's bytes
        self._row = 0  # messages that have left since the last of them

    def open(self, nonce, now):
        """Begin a link. What was to be sent over a former one is forgotten."""
        self.session = self.why_closed = self.closed_by = ""
        self._clear()
        self.units.forget()
        self.end.open(nonce, now)

    def suspend(self):
        """The board resets itself now: until `open` there is no link."""
        self.end.suspend()
        self.units.strict = False
        self._clear()

    def close(self):
        """Tell the board that we go."""
        if self.end.is_open:
            self.end.close()

    @property
    def is_open(self):
        return self.end.is_open

    @property
    def idle(self):
        """Whether all was sent and arrived."""
        return not (self._messages or self._pushes or self._current or self.end.outstanding())

    # Receiving

    def feed(self, data, now):
        """Generator of (message, whether it came in frames) for the messages (bytes) that `data` completes."""
        self._still_since = None
        for unit in self.units.feed(data):
            if unit == FRAME:
                message = self._frame(now)
                if message is not None:
                    yield message, True
            elif unit == DAMAGED:
                self.end.damaged()
            elif not isinstance(unit, int):
                yield bytes(unit), False
        self._fill(now)

    def _frame(self, now):
        units = self.units
        buffer, at, size = units.buffer, units.frame, units.frame_size
        kind = buffer[at + 1] & KIND
        if kind == OPENED:
            self._opened(bytes(buffer[at + HEADER : at + size]), now)
        elif kind == CLOSE:
            if self.end.is_open:
                self.end.is_open = False
                self.closed_by = bytes(buffer[at + HEADER : at + size]).hex()
                self.why_closed = "the board ended the link: it was reset, or did not hear us"
        elif kind != OPEN and self.end.is_open:
            flags = self.end.take(buffer, at, now, True)
            if flags and flags & KIND == DATA:
                if units.kept() + size - HEADER > units.limit:
                    units.forget()
                    self.end.is_open = False
                    self.why_closed = f"the board sent a message of more than {units.limit} bytes"
                    return None
                units.keep()
                if flags & LAST:
                    message = bytes(units.message())
                    units.forget()
                    return message
        return None

    def _opened(self, payload, now):
        if self.end.is_open or len(payload) < 14 or payload[:4] != self.end.nonce:
            return
        if payload[4] != VERSION:
            self.why_closed = f"the board speaks version {payload[4]} of the framed link, we speak {VERSION}"
            return
        self.end.agreed(payload, 4, now)
        self.session = payload[7:11].hex()
        self.message_limit = int.from_bytes(payload[11:14], "little")
        self.units.strict = True

    # Sending

    def send(self, text, now):
        self._messages.append(text)
        self._fill(now)

    def push(self, text, raw, now):
        self._pushes.append((raw, text))
        self._fill(now)

    def _fill(self, now):
        """Send what the window takes."""
        end = self.end
        while end.free():
            if self._current is None and self._messages and not (self._pushes and self._row >= _ROW):
                self._current, self._at = self._messages.pop(0), 0
                self._row += 1
            if self._current is not None:
                piece = self._current[self._at : self._at + end.payload]
                self._at += len(piece)
                whole = self._at == len(self._current)
                if whole:
                    self._current = None
                self._send(DATA | LAST if whole else DATA, piece, now)
            elif self._pushes:
                self._row = 0
                raw, text = self._pushes[0]
                piece = raw[self._raw_at : self._raw_at + end.payload]
                self._raw_at += len(piece)
                if self._raw_at == len(raw):
                    self._raw_at = 0
                    self._pushes.pop(0)
                    self._messages.insert(0, text)  # before a byte of the next push
                if piece:
                    self._send(RAW, piece, now)
            else:
                return

    def _send(self, kind, piece, now):
        self.end.frame[HEADER : HEADER + len(piece)] = piece
        self.end.send(kind, len(piece), now)

    # Time

    def due(self, now):
        """ms until `tick` has something to do."""
        due = self.end.due(now)
        return min(due, _STILL) if self.units.partial() else due

    def tick(self, now):
        end = self.end
        if self._ticked is not None and self._since(now, self._ticked) > _LATE:
            end.forgive(now)
        self._ticked = now
        end.tick(now)
        if end.lost:
            end.lost = False
            self.why_closed = "the link is lost: nothing was heard from the board, or what belongs to another link"
        if self.units.partial():
            if self._still_since is None:
                self._still_since = now
            elif self._since(now, self._still_since) > _STILL and self.units.strict:
                self.units.abandon()
        self._fill(now)
