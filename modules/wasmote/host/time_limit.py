"""The time limit of a load or a call, checked where its steps are taken: a generator for it would be one more level of C stack."""

from ..wasm import Interrupt
from .clock import ticks_add, ticks_diff, ticks_ms


def in_ms(ms):
    """The tick `ms` milliseconds from now."""
    return ticks_add(ticks_ms(), ms)


def check(end, store):
    """Raises Interrupt at the tick `end` and after it, but not while `store` searches where it trapped: that is over."""
    if ticks_diff(end, ticks_ms()) <= 0 and not (store and store.locating):
        raise Interrupt
