"""The board's end of the wire, in both forms: what is served comes out of `next`, answers go where it came from.

    unit = wire.next()            a message, ATTENTION, TOO_LONG or None, as Lines.next
    wire.way                      takes the pieces of answers to it: way(piece); a message ends with an LF
    wire.write(piece)             what nobody asked for goes the way that was used last

A framed message leaves in frames as it is written; when the window is full, `write` serves the link until there is room.
What arrives meanwhile is told to wait. A link that is lost, or opened anew by another bridge, swallows what is still
written to it: nobody would understand it.
"""

from binascii import unhexlify

from .framed import CLOSE, DATA, HEADER, KIND, LAST, OPEN, OPENED, PAYLOAD, RAW, VERSION, WINDOW, move
from .plain import _ENDS, ATTENTION, TOO_LONG
from .units import DAMAGED, FRAME, Units
from .window import NEVER, End

HELD = 4096  # bytes of a pushed file that may wait for their request
_PIECE = 128  # they are kept in pieces of: a heap that was in use for a while has room for many small ones
_NO_ROOM = -2
_BEHIND = 2  # bytes that mpremote sends behind its call for the REPL
_ANSWER = 400  # ms in which a bridge that is there answers a PING
_STILL = 100  # ms without a byte after which, on an open link, half a unit will not go on


class Wire:
    """
    port        as in port.py
    session     hex, another at each boot
    clock       ticks_ms() and ticks_diff(), as module time has them
    units       what was taken for them at boot
    on_left     on_left(way): who used that way will not read what is written there
    """

    def __init__(self, port, session, clock, units=None):
        self.port = port
        self.on_left = None
        self.lost = 0  # links
        self.linked = False  # there was a link since boot: `settle` is due in every turn, not only in quiet ones
        self._session = unhexlify(session)
        self._clock = clock
        self._units = units = units or Units()
        units.forget()
        self.limit = units.limit
        self._end = None
        self._plain = port.write
        self._way = None  # into the link that is open, and
        self._framed = None  # its method
        self._left = []  # ways of which on_left is to be told
        self._current = None  # the way of the message that is being written
        self.way = self.last = self._plain
        self._fill = 0  # bytes of the outgoing message in the frame
        self._whole = False  # what is kept is a message that was returned
        self._line = False  # a line was returned
        self._too_long = 0  # bytes of the incoming message that there was no room for
        self._pieces = []  # of a pushed file
        self._held = 0  # bytes in them, -1: some were dropped, or _NO_ROOM
        self._still_since = self._heard = 0
        self.room = units.room
        self.received = units.received

    # Receiving

    def dropped(self):
        """(bytes, its first and last ones) of the last message that was TOO_LONG."""
        return self._units.size, self._units.ends

    def next(self):
        units = self._units
        self._line = False
        while self._left:  # told only now: a call that writes cannot be ended by what it meets there
            left = self._left.pop()
            if self.on_left:
                self.on_left(left)
        if self._whole:
            self._whole = False
            units.forget()
        if self._end and self._end.refused:
            self._end.ready()
        while True:
            unit = units.next()
            if unit == FRAME:
                unit = self._frame(True)
                if unit is None:
                    continue
            elif unit == DAMAGED:
                if self._end:
                    self._end.damaged()
                continue
            elif unit == ATTENTION:
                if not self._called():
                    continue
            elif unit is not None:
                self._heard_line()
            return unit

    def _called(self):
        """Whether it is the REPL that is wanted, and no noise on a link that is alive: then the bridge answers a PING.

        What comes meanwhile is not read: it may be for the REPL.
        """
        if not self._units.strict:
            return True
        if self._end:
            self._end.probe(self._clock.ticks_ms())
        for _ in range(_ANSWER // 10):
            if self.port.waiting() > _BEHIND:
                self._units.skipped += 1
                return False
            self.port.sleep(10)
        return True

    def _heard_line(self):
        self._line = True
        self.way = self.last = self._plain
        if self._framed is None:
            self._units.strict = False

    def _frame(self, serve):
        """What the frame that has come completes, if anything. Not `serve`: nothing that is numbered is taken."""
        units = self._units
        buffer, at = units.buffer, units.frame
        kind = buffer[at + 1] & KIND
        end = self._end
        if kind == OPEN:
            self._open(buffer, at + HEADER, units.frame_size - HEADER)
        elif end is None or not end.is_open:
            if kind != CLOSE and kind != OPENED:
                self._opening().close(self._session)
        elif kind == CLOSE:
            end.suspend()
            self._leave()
            units.strict = False
        elif kind != OPENED:
            flags = end.take(buffer, at, self._clock.ticks_ms(), serve)
            if flags:
                return self._numbered(flags)
        return None

    def _numbered(self, flags):
        units = self._units
        count = units.frame_size - HEADER
        if flags == RAW:
            self._hold(units.buffer, units.frame + HEADER, count)
            return None
        if self._too_long:
            self._too_long += count
        elif units.kept() + count > self.limit:
            self._too_long = units.kept() + count
            units.ends = bytes(units.message()[:_ENDS]), b""
            units.forget()
        if self._too_long and units.kept() > _ENDS:
            units.forget()  # what is kept now are its last bytes
        units.keep()
        if not flags & LAST:
            return None
        self.way = self.last = self._framed
        if self._too_long:
            units.ends = units.ends[0], bytes(units.message())
            units.forget()
            units.size = self._too_long
            units.dropped += 1
            self._too_long = 0
            return TOO_LONG
        self._whole = True
        return units.message()

    def _opening(self):
        if self._end is None:
            self._end = End(self._plain, self._clock.ticks_diff)
        return self._end

    def _open(self, buffer, at, size):
        now = self._clock.ticks_ms()
        if self._opening().opened(buffer, at, size, now, self._session, self.limit):
            self._leave()
            self.linked = True
            self._way = _Way(self._send)
            self._framed = self.last = self._way.write
            self._units.strict = True

    def _leave(self):
        """The link is no more: so is what was half said, on either side."""
        left = self._framed
        if left:
            self._way.open = False
        self._way = self._framed = None
        self._fill = self._too_long = self._held = 0
        self._pieces = []
        if not self._whole:
            self._units.forget()
        if self.last == left:
            self.last = self._plain
        if left:
            self._left.append(left)

    # Pushed files

    def _hold(self, buffer, at, count):
        if self._held < 0 or self._held + count > 2 * HELD:
            self._held = -1
            self._pieces = []
            return
        while count:
            used = self._held % _PIECE
            if not used:
                try:
                    self._pieces.append(bytearray(_PIECE))
                except MemoryError:
                    self._held = _NO_ROOM
                    self._pieces = []
                    return
            part = min(count, _PIECE - used)
            move(buffer, at, part, self._pieces[-1], used)
            at += part
            count -= part
            self._held += part

    def raw(self, count):
        """The bytes that came as RAW since the last call, in pieces; None if they are not `count`. MemoryError: there was no
        room for them."""
        pieces, held = self._pieces, self._held
        self._pieces = []
        self._held = 0
        if held == _NO_ROOM:
            raise MemoryError
        if held != count:
            return None
        if count % _PIECE:
            pieces[-1] = memoryview(pieces[-1])[: count % _PIECE]
        return pieces

    # Sending

    def write(self, piece):
        if self._current is None:
            self._current = self.last
        self._current(piece)
        if piece[len(piece) - 1] == 10:
            self._current = None

    def _send(self, way, piece):
        """A piece of a message into frames."""
        end = self._end
        frame = end.frame
        size = len(piece)
        last = piece[size - 1] == 10
        if last:
            size -= 1
        at = 0
        while True:
            fill = self._fill
            count = min(size - at, end.payload - fill)
            move(piece, at, count, frame, HEADER + fill)
            self._fill = fill + count
            at += count
            if at == size:
                break
            if not self._ship(way, DATA):
                return
        if last:
            self._ship(way, DATA | LAST)

    def _ship(self, way, kind):
        """Send the frame as soon as there is room; False: the link is lost."""
        end = self._end
        while way.open and not end.free():
            self._pump()
        count = self._fill
        self._fill = 0
        if way.open:
            end.send(kind, count, self._clock.ticks_ms())
        return way.open

    def _pump(self):
        """Serve the link, and nothing else, until something changes. The message being answered stays where it is."""
        units = self._units
        room = units.room()
        # One read may have filled the buffer: what it holds comes first.
        count = self.port.read(room) if len(room) else 0
        if count:
            self.received(count)
        elif len(room):
            self.port.idle(max(1, min(self.settle(), 50)))
        way = self._way
        floor = units.fence() if self._line else units.kept()
        try:
            while True:
                unit = units.next()
                if unit is None:
                    break
                if unit == FRAME:
                    self._frame(False)
                elif unit == DAMAGED:
                    self._end.damaged()
                elif unit != TOO_LONG and (unit != ATTENTION or self._called()):
                    # a line, or a call for the REPL: the bridge is there no longer
                    units.push_back()
                    self._end.suspend()
                    self._leave()
                    break
        finally:
            units.open_fence(floor if self._way is way or self._whole else 0)

    def settle(self):
        """To be called when there is nothing to read: acknowledges, asks, gives up. ms until it has to be called again."""
        end = self._end
        now = self._clock.ticks_ms()
        units = self._units
        if units.candidate() or (units.strict and units.partial()):
            if self._heard != units.heard:
                self._heard = units.heard
                self._still_since = now
            elif self._clock.ticks_diff(now, self._still_since) > _STILL:
                units.abandon()
        if end is None:
            return NEVER
        end.tick(now)
        if end.lost:
            end.lost = False
            self.lost += 1
            self._leave()
        return end.due(now)

    def facts(self):
        """What this end takes, and what has happened on the wire since boot."""
        units, end = self._units, self._end
        facts = {"version": VERSION, "payloadBytes": PAYLOAD, "window": WINDOW}
        facts["skipped"] = units.skipped
        facts["damaged"] = units.damaged
        facts["dropped"] = units.dropped
        facts["lost"] = self.lost
        if end:
            facts["framesIn"] = end.taken
            facts["framesOut"] = end.sent
            facts["resent"] = end.resent
            facts["repeated"] = end.repeated
        return facts


class _Way:
    """Into one link, for as long as it is open."""

    def __init__(self, send):
        self.open = True
        self._send = send

    def write(self, piece):
        if self.open:
            self._send(self, piece)
