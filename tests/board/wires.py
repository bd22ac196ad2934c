"""A Wire on a port of a test's own."""

from wasmote.link.units import Units
from wasmote.link.wire import Wire


class Clock:
    """A ms a look."""

    now = 0

    def ticks_ms(self):
        self.now += 1
        return self.now

    def ticks_diff(self, later, earlier):
        return later - earlier


def wire_of(port, limit=16384):
    return Wire(port, "c0ffee00", Clock(), Units(limit))
