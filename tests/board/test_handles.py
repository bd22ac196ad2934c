"""The handle table: what a guest may do with resources, and what traps."""

import os
import subprocess

import pytest
from conftest import MICROPYTHON, ROOT, needs_micropython
from full_heap import FILL
from wasmote.component.handles import Handles
from wasmote.wasm.errors import Trap

POLLABLE, FILE = 0, 1


@pytest.fixture
def handles():
    return Handles(bytearray)


def test_the_first_handle_is_1_and_freed_ones_come_back_last_freed_first(handles):
    assert [handles.lower_own(rep, POLLABLE) for rep in (10, 11, 12)] == [1, 2, 3]
    handles.drop(1, POLLABLE)
    handles.drop(3, POLLABLE)
    assert [handles.lower_own(rep, POLLABLE) for rep in (13, 14, 15)] == [3, 1, 4]


def test_a_resource_goes_in_and_out_with_its_rep(handles):
    handle = handles.lower_own(0xFFFFFFFF, POLLABLE)
    assert handles.lift_own(handle, POLLABLE) == 0xFFFFFFFF
    with pytest.raises(Trap, match="unknown handle index 1"):
        handles.lift_own(handle, POLLABLE)


@pytest.mark.parametrize("use", ["lift_own", "lift_borrow", "drop"])
@pytest.mark.parametrize("index", [0, 2, 3, 17, 2**32 - 1])
def test_an_index_that_was_never_given_or_is_free_traps(handles, use, index):
    handles.lower_own(1, POLLABLE)
    handles.drop(handles.lower_own(1, POLLABLE), POLLABLE)
    with pytest.raises(Trap, match=f"unknown handle index {index}"):
        getattr(handles, use)(index, POLLABLE)


@pytest.mark.parametrize("use", ["lift_own", "lift_borrow", "drop"])
def test_a_handle_of_another_resource_traps(handles, use):
    handles.lower_own(1, POLLABLE)
    with pytest.raises(Trap, match="handle index 1 used with the wrong type"):
        getattr(handles, use)(1, FILE)


@pytest.mark.parametrize("use", ["lift_own", "drop"])
def test_a_lent_resource_cannot_be_dropped_or_given_away(handles, use):
    handle = handles.lower_own(7, POLLABLE)
    assert [handles.lift_borrow(handle, POLLABLE) for _ in range(2)] == [7, 7]
    handles.unlend(handle)
    with pytest.raises(Trap, match="cannot remove owned resource while borrowed"):
        getattr(handles, use)(handle, POLLABLE)
    handles.unlend(handle)
    assert getattr(handles, use)(handle, POLLABLE) == 7


def test_a_borrow_can_be_lent_on_and_dropped_but_not_given_away(handles):
    handles.begin()
    handle = handles.lower_borrow(7, POLLABLE)
    assert handles.borrowed == [1]
    assert handles.lift_borrow(handle, POLLABLE) == 7
    handles.unlend(handle)
    with pytest.raises(Trap, match="cannot lift own resource from a borrow"):
        handles.lift_own(handle, POLLABLE)
    assert handles.drop(handle, POLLABLE) is None
    handles.end()


def test_a_handle_is_not_lent_more_often_than_can_be_counted(handles):
    """No guest gets there: a call may lift 16 KiB, which is some thousand handles, and an instance is in one call at a time."""
    handle = handles.lower_own(7, POLLABLE)
    for _ in range(0xFFFF):
        handles.lift_borrow(handle, POLLABLE)
    with pytest.raises(Trap, match="handle lent too often: handle 1"):
        handles.lift_borrow(handle, POLLABLE)
    handles.unlend(handle)
    assert handles.lift_borrow(handle, POLLABLE) == 7


def test_a_call_ends_when_its_own_borrows_are_dropped_whoever_dropped_them(handles):
    handles.begin()
    outer = handles.lower_borrow(1, POLLABLE)
    handles.begin()
    inner = handles.lower_borrow(2, POLLABLE)
    handles.drop(outer, POLLABLE)
    with pytest.raises(Trap, match="borrow handles still remain at the end of the call: 1 of them"):
        handles.end()
    handles.drop(inner, POLLABLE)
    handles.end()
    handles.end()
    assert handles.borrowed == []


def test_a_full_table_traps(handles):
    for _ in range(1023):
        handles.lower_own(1, POLLABLE)
    with pytest.raises(Trap, match="handle table full: 1023 handles"):
        handles.lower_own(1, POLLABLE)
    handles.drop(500, POLLABLE)
    assert handles.lower_own(1, POLLABLE) == 500


def test_what_a_gone_guest_owned_is_told_once(handles):
    for rep in (1, 2, 3):
        handles.lower_own(rep, POLLABLE)
    handles.begin()
    handles.lower_borrow(4, POLLABLE)
    handles.drop(2, POLLABLE)
    assert list(handles.owned()) == [(POLLABLE, 3), (POLLABLE, 1)]
    assert list(handles.owned()) == []


def test_what_a_gone_guest_owned_is_told_further_after_a_resource_that_could_not_be_destroyed(handles):
    for rep in (1, 2, 3):
        handles.lower_own(rep, POLLABLE)
    assert next(handles.owned()) == (POLLABLE, 3)
    assert list(handles.owned()) == [(POLLABLE, 2), (POLLABLE, 1)]


PROGRAM = (
    FILL
    + r"""
import sys
sys.path[:0] = sys.argv[1:2]
from wasmote.component.handles import Handles

handles = Handles(bytearray)
for rep in range(1023):
    handles.lower_own(rep, 0)
hog = fill(4096)
told = 0
for _, rep in handles.owned():
    told += rep
print(told)
"""
)


@needs_micropython
def test_what_a_gone_guest_owned_is_told_with_the_heap_all_but_full():
    program = [MICROPYTHON, "-X", "heapsize=300k", "-c", PROGRAM, ROOT / "modules"]
    run = subprocess.run(program, capture_output=True, text=True, timeout=60, env=os.environ | {"WASMOTE_ENGINE": "c"})
    assert run.stdout == f"{sum(range(1023))}\n", run.stderr
