"""A board's Wire and a PC's Peer on a line that damages what it carries, in time of its own: ms that pass when all wait.

Runs on CPython and on MicroPython: no pytest, no random.
"""

from peer import Peer
from wasmote.link.plain import ATTENTION
from wasmote.link.window import NEVER
from wasmote.link.wire import Wire


class Random:
    """xorshift32: the same everywhere."""

    def __init__(self, seed):
        self.state = seed & 0xFFFFFFFF or 1

    def below(self, bound):
        x = self.state
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        self.state = x
        return x % bound

    def one_in(self, count):
        return count and not self.below(count)


class Line:
    """One direction. Faults: one in so many bytes is flipped, lost, doubled, followed by noise, or begins a burst."""

    def __init__(self, world, per_ms, latency, faults, seed):
        self.world = world
        self.per_ms = per_ms
        self.latency = latency
        self.faults = faults
        self.random = Random(seed)
        self.free_at = 0  # µs
        self.queue = []  # (µs, bytes)
        self.cut = False

    def write(self, data):
        start = max(self.free_at, self.world.us)
        self.free_at = start + len(data) * 1000 // self.per_ms
        data = self.damaged(bytes(data))
        if data and not self.cut:
            self.queue.append((self.free_at + self.latency * 1000, data))

    def damaged(self, data):
        if not any(self.faults.values()):
            return data
        out = bytearray()
        one_in = self.random.one_in
        below = self.random.below
        faults = self.faults.get
        burst = 0
        for byte in data:
            if one_in(faults("burst")):
                burst = below(40)
            if burst:
                burst -= 1
                byte = below(256)
            if one_in(faults("flip")):
                byte ^= 1 << below(8)
            if one_in(faults("lose")):
                continue
            out.append(byte)
            if one_in(faults("double")):
                out.append(byte)
            if one_in(faults("insert")):
                out.append(below(256))
        return bytes(out)

    def take(self):
        """What has arrived."""
        if self.queue and self.queue[0][0] <= self.world.us:
            return self.queue.pop(0)[1]
        return b""


class Port:
    """The board's, of a UART whose buffer holds `buffer` bytes: what does not fit is lost."""

    def __init__(self, world, buffer=256):
        self.world = world
        self.buffer = buffer
        self.unread = b""
        self.overrun = 0

    def write(self, piece):
        self.world.to_pc.write(piece)

    def arrive(self):
        data = self.world.to_board.take()
        while data:
            self.unread += data
            if len(self.unread) > self.buffer:
                self.overrun += len(self.unread) - self.buffer
                self.unread = self.unread[: self.buffer]
            data = self.world.to_board.take()

    def read(self, room):
        self.arrive()
        count = min(len(room), len(self.unread))
        room[:count] = self.unread[:count]
        self.unread = self.unread[count:]
        return count

    def waiting(self):
        self.arrive()
        return len(self.unread)

    def sleep(self, ms):
        end = self.world.us + ms * 1000
        while self.world.us < end:
            self.world.sleep((end - self.world.us + 999) // 1000)
            self.arrive()

    def idle(self, most=50):
        self.world.sleep(most)


class World:
    """`run()` until all is said, or nothing happens for a minute. The board answers each message b"…" with `answer`."""

    def __init__(self, seed=1, per_ms=11, latency=0, faults={}, answer=lambda text: text, work=0):  # noqa: B006
        self.us = 0
        self.to_board = Line(self, per_ms, latency, faults, seed)
        self.to_pc = Line(self, per_ms, latency, faults, seed ^ 0x5A5A5A5A)
        self.port = Port(self)
        self.wire = Wire(self.port, "c0ffee00", self)
        self.answer = answer
        self.work = work  # ms that an answer takes
        self.board_got = []
        self.pc_got = []
        self.peer = Peer(self.to_board.write, self.ticks_diff)
        self.bridge_killed = False

    # The clock of both

    def ticks_ms(self):
        return self.us // 1000

    def ticks_diff(self, a, b):
        return a - b

    def sleep(self, ms):
        """Let the PC live for `ms`, or until something reaches the board."""
        end = self.us + max(1, ms) * 1000
        while self.us < end:
            self.pc()
            queue = self.to_board.queue
            if queue and queue[0][0] <= self.us:
                return
            at = end
            if queue:
                at = min(at, queue[0][0])
            if self.to_pc.queue:
                at = min(at, self.to_pc.queue[0][0])
            due = NEVER if self.bridge_killed else self.peer.due(self.ticks_ms())
            at = min(at, (self.ticks_ms() + max(1, due)) * 1000)
            self.us = max(self.us + 1, at)

    def pc(self):
        if self.bridge_killed:
            return
        now = self.ticks_ms()
        data = self.to_pc.take()
        while data:
            self.pc_got += [message for message, framed in self.peer.feed(data, now)]
            data = self.to_pc.take()
        self.peer.tick(now)

    def turn(self):
        """One of the board's. Whether it did anything."""
        wire = self.wire
        did = False
        while True:
            unit = wire.next()
            while unit is None:
                count = self.port.read(wire.room())
                if not count:
                    break
                did = True
                wire.received(count)
                unit = wire.next()
            if unit is None:
                break
            if isinstance(unit, int):
                self.board_got.append(unit)
                if unit == ATTENTION:
                    return True
                continue
            text = bytes(unit)
            self.board_got.append(text)
            if self.work:
                self.us += self.work * 1000
            for piece in pieces(self.answer(text) + b"\n"):
                wire.way(piece)
        return did

    def run(self, ms=60000, until=lambda: False):
        """Until `until`, or for so long."""
        end = self.us + ms * 1000
        while self.us < end and not until():
            if not self.turn():
                self.port.idle(max(1, min(self.wire.settle(), 50)))

    def open(self, nonce=b"abcd", ms=60000):
        self.peer.open(nonce, self.ticks_ms())
        self.run(ms, lambda: self.peer.is_open or self.peer.why_closed)
        return self.peer.is_open

    def say(self, texts, ms=300000):
        """Send all and wait for as many answers. Whether they came."""
        for text in texts:
            self.peer.send(text, self.ticks_ms())
        wanted = len(self.pc_got) + len(texts)
        self.run(ms, lambda: len(self.pc_got) >= wanted or self.peer.why_closed)
        return len(self.pc_got) >= wanted


def pieces(text):
    """As a Writer cuts it."""
    return [text[at : at + 190] for at in range(0, len(text), 190)]


def messages(random, count, most):
    """Texts, all different, that look like JSON."""
    out = []
    for number in range(count):
        size = random.below(most)
        out.append(b'{"n":%d,"x":"' % number + bytes([33 + random.below(90) for _ in range(size)]) + b'"}')
    return out


def check(seed, count=12, most=400, per_ms=11, latency=0, work=0, **faults):
    """What has to hold on any line; whether the link held. Raises AssertionError."""
    world = World(
        seed, per_ms, latency, faults, answer=lambda text: b"#" + text + b"#" * (len(text) % 3 * 300), work=work
    )
    sent = messages(Random(seed ^ 77), count, most)
    if not world.open():
        assert world.peer.why_closed, "it neither opened nor was lost"
        return False
    world.board_got = []  # before, a board serves lines, and noise may be one
    held = world.say(sent, 1_500_000)
    answers = [b"#" + text + b"#" * (len(text) % 3 * 300) for text in sent]
    assert held or world.peer.why_closed, (len(world.pc_got), "no answer and no reason")
    assert world.board_got == sent[: len(world.board_got)], "the board got something else"
    assert world.pc_got == answers[: len(world.pc_got)], "the PC got something else"
    assert not held or len(world.board_got) == count
    return held
