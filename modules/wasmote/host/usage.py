"""What a component has used since it was loaded: exact, over all its instances, and cheap to keep.

fuel       halfwords of A16 code and the like, that its instances ran (docs/engine.md)
peak       the most granules that it had, with the texts of its tools
run_ms     how long its calls ran: its code, and what that called of the host; not what they waited for others
"""

from ..wasm.store import ticks_diff, ticks_us


class Usage:
    def __init__(self):
        self.fuel = 0  # of instances that ended
        self.peak = 0
        self.run_ms = 0
        self._us = 0  # less than a millisecond
        self._began = None

    def begin(self):
        """A slice of a call begins."""
        self._began = ticks_us()

    def end(self):
        """It is over, if it began."""
        if self._began is not None:
            us = self._us + ticks_diff(ticks_us(), self._began)
            self._began = None
            self.run_ms += us // 1000
            self._us = us % 1000

    def look(self, store, texts):
        """Notes the most granules of an instance and of texts; each of the two only ever grows."""
        self.peak = max(self.peak, (store.peak() if store else 0) + (texts.peak() if texts else 0))

    def retire(self, store, texts):
        """The instance with this store ends."""
        self.look(store, texts)
        self.fuel += store.fuel_used()
