"""The board's clocks for everything above the engine: microseconds that never wrap, milliseconds to measure limits with."""

import time

if hasattr(time, "ticks_ms"):
    ticks_ms = time.ticks_ms
    ticks_add = time.ticks_add
    ticks_diff = time.ticks_diff

    class _Clock:
        # ticks_us wraps after some minutes, ticks_ms after 12 days: the gap decides which of them counts. Of a
        # longer one than 6 days nothing is known: keep_time() is there so that there is none.
        def __init__(self):
            self.us = time.ticks_us()
            self.ms = time.ticks_ms()
            self.total = 0

        def now(self):
            us = time.ticks_us()
            ms = time.ticks_ms()
            gap = time.ticks_diff(ms, self.ms)
            self.total += gap * 1000 if gap > 60_000 else max(time.ticks_diff(us, self.us), 0)
            self.us = us
            self.ms = ms
            return self.total

    _clock = _Clock()
    now_us = _clock.now

    def keep_time():
        """For a board that has nothing to do: the clock is read every minute, also if nobody wants to know the time."""
        if ticks_diff(ticks_ms(), _clock.ms) > 60_000:  # not each time: it gives two large integers
            now_us()

else:  # CPython

    def ticks_ms():
        return time.monotonic_ns() // 1_000_000

    def ticks_add(then, ms):
        return then + ms

    def ticks_diff(now, then):
        return now - then

    def now_us():
        return time.monotonic_ns() // 1000

    def keep_time():
        pass


def epoch():
    """Seconds from 1970 to the board's own beginning of time."""
    return 946_684_800 if time.gmtime(0)[0] == 2000 else 0


def unix_ns():
    """Nanoseconds since 1970, as far as the board knows."""
    return (time.time_ns() if hasattr(time, "time_ns") else int(time.time()) * 1_000_000_000) + epoch() * 1_000_000_000
