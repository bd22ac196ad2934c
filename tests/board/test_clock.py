"""Time on a board (host/clock.py): the ticks of MicroPython wrap around, microseconds since its start do not."""

import importlib.util
import sys
from types import SimpleNamespace

import pytest
from wasmote.host import clock, guest

PERIOD = 1 << 30  # of ticks_ms and ticks_us where an int has 31 bits
DAY = 24 * 3600 * 1000


class Ticks:
    """The functions of MicroPython's `time` at `ms` since the board began."""

    def __init__(self, ms=0):
        self.ms = ms

    def ticks_ms(self):
        return self.ms % PERIOD

    def ticks_us(self):
        return self.ms * 1000 % PERIOD

    def ticks_add(self, ticks, ms):
        return (ticks + ms) % PERIOD

    def ticks_diff(self, end, start):
        return (end - start + PERIOD // 2) % PERIOD - PERIOD // 2


@pytest.fixture
def board(monkeypatch):
    """(Ticks, host/clock.py as it is on a board with them)"""
    ticks = Ticks()
    monkeypatch.setitem(sys.modules, "time", ticks)
    spec = importlib.util.spec_from_file_location("clock_of_a_board", clock.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return ticks, module


@pytest.mark.parametrize("gap", [1, 59_000, 61_000, 3600_000, 6 * DAY])
def test_no_gap_between_two_looks_is_lost(board, gap):
    ticks, module = board
    for _ in range(5):
        ticks.ms += gap
        assert module.now_us() == ticks.ms * 1000


def test_a_month_in_which_nobody_asked_for_the_time_was_lost(board):
    ticks, module = board
    while ticks.ms < 30 * DAY:
        ticks.ms += 600_000
        module.keep_time()
    ticks.ms += 50
    assert module.now_us() == ticks.ms * 1000


def test_an_idle_board_reads_no_large_numbers_each_time_it_turns(board, monkeypatch):
    ticks, module = board
    reads = []
    monkeypatch.setattr(module, "now_us", lambda: reads.append(ticks.ms))
    for _ in range(1000):
        ticks.ms += 50
        module.keep_time()
    assert reads == []


# The wait before a restart


@pytest.fixture
def wait(monkeypatch):
    """wait(crashes, after): how many ms the next call waits, that comes `after` ms after that many crashes in a row."""
    ticks = Ticks(1000)
    monkeypatch.setattr(guest, "ticks_diff", ticks.ticks_diff)
    monkeypatch.setattr(guest, "ticks_ms", ticks.ticks_ms)
    it = guest.Guest(SimpleNamespace(acquire=lambda: (), release=lambda: None), "it", "")
    it.start = lambda: iter(())

    def waits(crashes, after=0):
        it.crashes = crashes
        it._crashed_at = ticks.ticks_ms()
        ticks.ms += after
        began = ticks.ms
        for _ in it._revive():
            ticks.ms += 1
            assert ticks.ms - began < 10_000
        return ticks.ms - began

    return waits


def test_each_crash_in_a_row_doubles_the_wait_up_to_3_seconds(wait):
    assert [wait(crashes) for crashes in range(1, 10)] == [0, 50, 100, 200, 400, 800, 1600, 3000, 3000]
    assert wait(9, 2990) == 10 and wait(9, 3000) == wait(9, DAY) == 0


@pytest.mark.parametrize("days", [6.2, 6.3, 9, 12, 12.3])
def test_a_component_that_had_crashed_waited_days_after_a_week(wait, days):
    assert wait(9, int(days * DAY)) == 0


def test_a_crash_at_the_wrap_around_waits_as_any_other(wait):
    wait(1, PERIOD - 1000 - 20)
    assert wait(3) == 100


def test_a_time_limit_longer_than_the_ticks_can_say_is_refused(board):
    from wasmote.host.checks import parse
    from wasmote.host.errors import HostError

    longest = parse(b'{"timeout_ms":536870911}', 96).timeout_ms
    ticks, _ = board
    assert ticks.ticks_diff(ticks.ticks_add(5, longest), 5) == longest
    with pytest.raises(HostError):
        parse(b'{"timeout_ms":536870912}', 96)
