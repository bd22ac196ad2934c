"""One end of a framed link: what was sent and not yet acknowledged, what is expected, and when to ask.

Go-back-N with windows of a few frames. The wire keeps its order, which makes one rule enough: nothing is sent again but
on evidence that it was lost, because the other end says so (RESEND) or answers a PING that was sent behind it. So a slow
end is never overrun by what it has not read yet. The evidence is asked for after a time that follows the measured round
trips. docs/link.md is the specification.

No wire and no clock of its own: `transmit(unit)` writes, all times are ms given as `now`.
"""

from .framed import (
    ACK,
    BUSY,
    CLOSE,
    DATA,
    HEADER,
    KIND,
    LAST,
    OPEN,
    OPENED,
    PAYLOAD,
    PING,
    PONG,
    RAW,
    RESEND,
    UNIT,
    VERSION,
    WINDOW,
    seal,
)

SILENCE = 8000  # ms: see `silence`
_STUCK = 20000  # ms in which nothing that was sent arrives, however often, after which it is lost too
NEVER = 1 << 20  # ms
_FIRST_ASK = 300  # ms: the time before a PING, until round trips were measured,
_LEAST_ASK = 30  # its least
_MOST_ASK = 500  # and its most
_ACK_DELAY = 4  # ms for which the acknowledgement of a whole message waits for its answer


class End:
    """
    transmit(unit)   takes a whole memoryview, valid during the call
    since(a, b)      ms from b to a: time.ticks_diff, or a - b
    window           frames that the other end may have under way to us
    slots            frames that we keep for sending again: a power of two
    silence          ms without a frame, though one is due, after which the link is lost
    keep             ms of silence after which we ask whether the other end is there; 0: it is the other that asks

    frame            the frame to be sent: its payload goes to frame[HEADER:]
    is_open, lost    lost: it was open, and is no longer, though nobody closed it
    sent, resent, taken, repeated      counts of frames
    """

    def __init__(self, transmit, since, window=WINDOW, slots=4, keep=0, silence=SILENCE):
        self._transmit = transmit
        self._since = since
        self._window = window
        self._keep = keep
        self._silence = silence
        self._units = [bytearray(UNIT) for _ in range(slots)]
        self._views = [memoryview(unit) for unit in self._units]
        self._sizes = bytearray(slots)
        self.frame = bytearray(HEADER + PAYLOAD + 4)
        self._frame_view = memoryview(self.frame)
        self._short = bytearray(HEADER + 16 + 4)  # for frames without a number
        self._short_view = memoryview(self._short)
        self._unit = bytearray(32)
        self._unit_view = memoryview(self._unit)
        self.nonce = b""
        self.is_open = self.lost = False
        self.sent = self.resent = self.taken = self.repeated = 0
        self._clear(0)

    def _clear(self, now):
        self.payload = PAYLOAD  # bytes that the other end takes in a frame
        self._most = 0  # frames that may be under way to it
        self._base = self._next = 0  # numbers: of the first frame not acknowledged, of the next to be sent
        self._expected = 0  # of the next to come
        self._owed = 0  # frames taken and not acknowledged
        self._owed_at = now
        self._asked_again = False  # RESEND was said for the number expected
        self.refused = False  # something was not taken: `ready` will say when to send it again
        self._held = False  # the other end refused something
        self._heard = now
        self._moved = now  # when the window moved last, or had to wait
        self._token = 0
        self._asks = 0  # PINGs sent since: an answer to one of them is evidence
        self._waiting = False  # for something, and will ask at
        self._ask_at = now
        self._tries = 0
        self._trip = 0  # ms · 8: the round trip, 0: unknown
        self._swing = 0  # ms · 4
        self._timed = -1  # number of the frame whose round trip is measured, and
        self._timed_at = now  # when it was sent

    # Opening and closing

    def open(self, nonce, now):
        """Begin a new link: OPEN, until OPENED comes."""
        self._clear(now)
        self.is_open = self.lost = False
        self.nonce = nonce
        self._wait(now)
        self._say_open(OPEN, b"")

    def opened(self, buffer, at, size, now, session, limit):
        """OPEN has come: answer it. Whether this is a new link."""
        nonce = bytes(buffer[at : at + 4])
        if size < 7:
            return False
        new = not self.is_open or nonce != self.nonce
        if new:
            self._clear(now)
            self.nonce = nonce
            self.agreed(buffer, at + 4, now)
        self._heard = now
        self._say_open(OPENED, session + bytes([limit & 255, limit >> 8 & 255, limit >> 16 & 255]))
        return new

    def agreed(self, buffer, at, now):
        """The link is open; at buffer[at:] is what the other end takes: version, payload, window."""
        self._heard = now
        self._waiting = False
        self._tries = self._asks = 0
        self.payload = min(PAYLOAD, max(1, buffer[at + 1]))
        self._most = min(len(self._units), max(1, buffer[at + 2]))
        self.is_open = True
        self.lost = False

    def _say_open(self, kind, more):
        self._say(kind, 0, self.nonce + bytes([VERSION, PAYLOAD, self._window]) + more)

    def close(self, session=b""):
        """Say that there is no link."""
        self.suspend()
        self._say(CLOSE, 0, session)

    # Sending

    def outstanding(self):
        return self._next - self._base & 255

    def free(self):
        """How many frames may be sent now."""
        return 0 if self._held or not self.is_open else self._most - self.outstanding()

    def send(self, kind, count, now):
        """Send `frame` with `count` bytes of payload as the next DATA or RAW; `free` says that there is room."""
        slot = self._next % len(self._units)
        unit = self._units[slot]
        size = seal(self.frame, self._frame_view, kind, self._next, self._expected, count, unit)
        self._sizes[slot] = size
        self._owed = 0
        if self._timed < 0:
            self._timed = self._next
            self._timed_at = now
        self._next = self._next + 1 & 255
        self.sent += 1
        if self.outstanding() == 1:
            self._moved = now
        if not self._waiting:
            self._heard = now
            self._wait(now)
        # Behind another frame its zero is there already.
        self._transmit(self._views[slot][1 if self.outstanding() > 1 else 0 : size])

    def _back(self, now):
        """All that is not acknowledged again."""
        number = self._base
        self._timed = -1
        self._asks = 0
        self._wait(now)
        while number != self._next:
            slot = number % len(self._units)
            self.resent += 1
            self._transmit(self._views[slot][: self._sizes[slot]])
            number = number + 1 & 255

    def _say(self, kind, seq, payload=b""):
        count = len(payload)
        self._short[HEADER : HEADER + count] = payload
        size = seal(self._short, self._short_view, kind, seq, self._expected, count, self._unit)
        self._transmit(self._unit_view[:size])

    def _acknowledge(self, flags=0):
        self._owed = 0
        self._say(ACK | flags | (BUSY if self.refused else 0), 0)

    # What arrives

    def take(self, buffer, at, now, room):
        """A frame at buffer[at:], of a link that is open, other than OPEN, OPENED and CLOSE.

        Returns its first byte when it is DATA or RAW and the next in turn: the caller keeps its payload; else 0.
        room    whether the caller can; if not, the other end will send it again after `ready`
        """
        flags = buffer[at + 1]
        kind = flags & KIND
        seq = buffer[at + 2]
        self._heard = now
        sensible = self._acknowledged(buffer[at + 3], now)
        if kind <= RAW:
            ahead = seq - self._expected & 255
            if ahead == 0 and room:
                self._expected = seq + 1 & 255
                self._asked_again = False
                self.refused = False
                self.taken += 1
                if not self._owed:
                    self._owed_at = now
                self._owed += 1
                if self._owed * 4 >= self._window and flags != DATA | LAST:
                    self._acknowledge()
                return flags
            if ahead == 0:
                if not self.refused:
                    self.refused = True
                    self._acknowledge()
            elif ahead < 128:
                self.damaged()
            else:
                self.repeated += 1
                self._acknowledge()
        elif not sensible:  # no frame that is sent again: it is on another link
            self._lose()
        elif kind == ACK:
            if flags & BUSY:
                self._hold(now)
            elif self._held or flags & RESEND:
                self._held = False
                if self.outstanding():
                    self._back(now)
        elif kind == PING:
            self._owed = 0
            self._say(PONG | (BUSY if self.refused else 0), seq)
        elif kind == PONG and self._token - seq & 255 < self._asks:
            self._asks = 0
            self._held = False
            if flags & BUSY:
                self._hold(now)
            elif self.outstanding():
                self._back(now)
            else:
                self._waiting = False
                self._tries = 0
        return 0

    def _hold(self, now):
        self._held = True
        self._moved = now
        self._timed = -1
        self._wait(now)

    def damaged(self):
        """What came was not whole: have it sent again, once, if it was in turn."""
        if self.is_open and not self._asked_again and not self.refused:
            self._asked_again = True
            self._acknowledge(RESEND)

    def ready(self):
        """There is room again."""
        if self.refused:
            self.refused = False
            self._acknowledge()

    def _acknowledged(self, ack, now):
        """False: of what was never sent, or long ago."""
        count = ack - self._base & 255
        if not count or count > self.outstanding():
            return not count
        if self._timed >= 0 and (self._timed - self._base & 255) < count:
            self._measured(self._since(now, self._timed_at))
            self._timed = -1
        self._base = ack
        self._moved = now
        self._asks = 0
        if self._base == self._next and not self._held:
            self._waiting = False
            self._tries = 0
        else:
            self._wait(now)
        return True

    def _measured(self, trip):
        """As TCP does it (RFC 6298), in whole ms."""
        if not self._trip:
            self._trip = trip * 8 or 1
            self._swing = trip * 2
            return
        off = trip - (self._trip >> 3)
        self._trip = max(1, self._trip + off)
        self._swing += abs(off) - (self._swing >> 2)

    # Time

    def _wait(self, now):
        self._waiting = True
        self._ask_at = now
        self._tries = 0

    def _patience(self):
        """ms before a PING."""
        base = (self._trip >> 3) + self._swing + _LEAST_ASK if self._trip else _FIRST_ASK
        return min(base << min(self._tries, 4), max(base, _MOST_ASK))

    def due(self, now):
        """ms until `tick` has something to do, NEVER if it has not."""
        if self._owed:
            return max(0, _ACK_DELAY - self._since(now, self._owed_at))
        if self._waiting:
            return max(0, self._patience() - self._since(now, self._ask_at))
        if self._keep and self.is_open:
            return max(0, self._keep - self._since(now, self._heard))
        return NEVER

    def tick(self, now):
        """Do what is due. Call it whenever `due` says, or more often."""
        if self._owed and self._since(now, self._owed_at) >= _ACK_DELAY:
            self._acknowledge()
        if self._waiting:
            stuck = self.outstanding() and self._since(now, self._moved) > _STUCK
            if stuck or self._since(now, self._heard) > self._silence:
                self._lose()
            elif self._since(now, self._ask_at) >= self._patience():
                self._ask(now)
        elif self.is_open and self._since(now, self._heard) >= (self._keep or 2 * self._silence):
            if self._keep:
                self._wait(now)
                self._ask(now)
            else:
                self._lose()

    def _lose(self):
        self.is_open = self._waiting = False
        self.lost = True

    def forgive(self, now):
        """The time until now does not count: we did not listen."""
        self._heard = self._moved = now

    def suspend(self):
        """The other end goes, or resets itself: do not look for it."""
        self.is_open = self._waiting = False
        self._owed = 0

    def probe(self, now):
        """Have the other end say something, if it is there."""
        if self.is_open:
            self._wait(now)
            self._ask(now)

    def _ask(self, now):
        self._ask_at = now
        self._tries += 1
        if not self.is_open:
            self._say_open(OPEN, b"")
            return
        self._token = self._token + 1 & 255
        self._asks = min(255, self._asks + 1)
        self._say(PING, self._token)
