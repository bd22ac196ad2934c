"""wasi:clocks and wasi:io/poll for one guest. A pollable is a moment of the monotonic clock; who waits for one yields."""

from micropython import const

from ...wasm import Trap
from ..clock import now_us, unix_ns

_MOST = const(64)  # pollables of one guest
_FREE = const(-1)


class Poll:
    """wasi:io/poll. A pollable's rep is its index in `when`: microseconds of the clock."""

    def __init__(self, imports):
        self.when = []

    def add(self, when):
        """A new pollable, ready at `when`."""
        for rep in range(len(self.when)):
            if self.when[rep] == _FREE:
                self.when[rep] = when
                return rep
        if len(self.when) == _MOST:
            raise Trap("too many pollables", "%d at most" % _MOST)
        self.when.append(when)
        return len(self.when) - 1

    def drop_pollable(self, rep):
        self.when[rep] = _FREE

    def ready(self, rep):
        return now_us() >= self.when[rep]

    def block(self, rep):
        while now_us() < self.when[rep]:
            yield

    def poll(self, reps):
        if not reps:
            raise Trap("poll of an empty list")
        while True:
            now = now_us()
            ready = [i for i in range(len(reps)) if now >= self.when[reps[i]]]
            if ready:
                return ready
            yield


class Monotonic:
    """wasi:clocks/monotonic-clock"""

    def __init__(self, imports):
        self.pollables = imports.owner("wasi.clocks", "Poll")

    def now(self):
        return now_us() * 1000

    def resolution(self):
        return 1000

    def subscribe_instant(self, when):
        return self.pollables.add((when + 999) // 1000)

    def subscribe_duration(self, when):
        return self.pollables.add(now_us() + (when + 999) // 1000)


class Wall:
    """wasi:clocks/wall-clock"""

    def __init__(self, imports):
        pass

    def now(self):
        ns = unix_ns()
        return ns // 1_000_000_000, ns % 1_000_000_000

    def resolution(self):
        return 0, 1_000_000
