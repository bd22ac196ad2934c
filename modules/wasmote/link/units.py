"""Cuts the bytes of a wire into units: lines (plain.py) and frames (framed.py), told apart by their first byte.

Between units both forms may change at any time. The two bytes that a frame begins with end whatever there was: neither a
JSON text nor the inside of a frame has a zero. Where frames are expected (`strict`) every zero does, only what looks like
a JSON object is a line, and the call for attention is CR 0x03 or 0x03 0x03 where a unit would begin: what noise leaves
of a frame is neither.

The buffer is one. Below its floor lies what was taken out of frames and is not yet a whole message.
"""

from .framed import FIRST, HEADER, SHORT, UNIT, find_zero, move, open_unit
from .plain import _NOISE, ATTENTION, LIMIT, TOO_LONG, Lines, find_stop

FRAME = 3  # frame[0 : frame_size] of the buffer at `frame`
DAMAGED = 4  # a frame with a payload was not whole


class Units(Lines):
    """As Lines. `next()` also returns FRAME and DAMAGED.

    frame, frame_size   where the last FRAME is in `buffer`, header and payload, until the next call of anything here
    skipped, damaged    units that were neither; frames that were not whole
    """

    def __init__(self, limit=LIMIT):
        self.limit = limit
        self.size = 0
        self.dropped = self.skipped = self.damaged = 0
        self.strict = False
        self.frame = self.frame_size = 0
        self.buffer = self._buffer = bytearray(limit + _NOISE + 2 + 2 * UNIT)
        self._view = memoryview(self._buffer)
        self._first = self._view[:1]
        self._floor = self._start = self._seen = self._end = self._dropping = 0
        self.heard = 0  # bytes received, in a way: another number after each
        self._unit = 0  # where the last one began
        self._zero = False  # a zero was the last byte before the unit: it may be a frame

    # No properties: with one in its class, MicroPython searches for a setter at each attribute that is stored.

    def partial(self):
        """Whether a unit has begun and not ended."""
        return self._end > self._start or self._dropping

    def abandon(self):
        """The unit that has begun will not go on."""
        self.skipped += 1
        self._start = self._seen = self._end
        self._dropping = 0
        self._zero = False

    def candidate(self):
        """Whether the unit that has begun may be a frame."""
        return self._zero and self._start < self._end and self._buffer[self._start] == FIRST

    def room(self):
        if self._dropping or (self._zero and self.candidate()):
            return self._view[self._end :]
        return Lines.room(self)

    def received(self, count):
        self._end += count
        self.heard = self.heard + 1 & 0xFFFF

    def next(self):
        """The next line (a memoryview, valid until the next call of anything here), TOO_LONG, ATTENTION, FRAME, DAMAGED,
        or None: more bytes are needed."""
        buffer = self._buffer
        if len(buffer) - self._end < 2 * UNIT and self._start > self._floor:
            self._move_down()
        while True:
            start = self._start
            if self._zero and start < self._end and buffer[start] == FIRST:
                at = find_zero(buffer, self._seen, self._end)
                if at < 0 and self._end - start < UNIT:
                    return self._make_room()
                if 0 <= at < start + UNIT:
                    self._start = self._seen = at + 1
                    size = open_unit(buffer, self._view, start, at)
                    if size:
                        self.frame = start + 1
                        self.frame_size = size
                        return FRAME
                    self.damaged += 1
                    if at - start > SHORT:
                        return DAMAGED
                    continue
                self._zero = False  # it is too long: a line, perhaps
                self._seen = start
            at = find_stop(buffer, self._seen, self._end)
            if at < 0:
                return self._make_room()
            self._seen = at + 1
            self._unit = start
            stop = buffer[at]
            if stop == 3:
                if self._calls(start, at):
                    self._start = at + 1
                    self._dropping = 0
                    self._zero = False
                    return ATTENTION
                continue
            if not stop and not self.strict:  # among lines only what a frame begins with is more than a byte of noise
                if at + 1 == self._end:
                    self._make_room()
                    self._seen = self._end - 1
                    return None
                if buffer[at + 1] != FIRST:
                    continue
            self._start = at + 1
            if not stop:
                if at > start or self._dropping:
                    self.skipped += 1
                self._dropping = 0
                self._zero = True
                continue
            self._zero = False
            unit = self._line(start, at)
            if unit is None:
                continue
            if not self.strict or (unit != TOO_LONG and unit[0] == 0x7B and unit[len(unit) - 1] == 0x7D):
                return unit
            self.skipped += 1

    def _move_down(self):
        """There is room for a frame or two behind what is returned next, also while that is looked at (fence)."""
        count = self._start - self._floor
        move(self._buffer, self._start, self._end - self._start, self._buffer, self._floor)
        self._start -= count
        self._seen -= count
        self._end -= count

    def push_back(self):
        """The line, or the call for attention, that was just returned will be returned again."""
        self._start = self._seen = self._unit

    # What was taken out of frames

    def kept(self):
        """How many bytes."""
        return self._floor

    def keep(self):
        """Put the last frame's payload behind what is kept, which has room: limit bytes and a frame's."""
        count = self.frame_size - HEADER
        move(self._buffer, self.frame + HEADER, count, self._buffer, self._floor)
        self._floor += count

    def message(self):
        """All that is kept, until forget()."""
        return self._view[: self._floor]

    def forget(self):
        self._floor = 0

    def fence(self):
        """The line that was returned last stays where it is; what is kept, too. The floor, for `open_fence`."""
        floor = self._floor
        self._floor = self._start
        return floor

    def open_fence(self, floor):
        self._floor = floor

    def _calls(self, start, at):
        if not self.strict:
            return Lines._calls(self, start, at)
        return at == start + 1 and self._buffer[start] in b"\r\x03" and not self._dropping
