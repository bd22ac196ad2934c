"""Two components in one, as wasm-tools composes them: each with core modules, memory and handles of its own."""

import pytest
from composed import composed
from guests import call, load, stores_closed  # noqa: F401
from made import needs_tool
from wasmote.wasm import Trap

pytestmark = needs_tool


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    return composed(tmp_path_factory.mktemp("composed"))


def test_strings_and_lists_cross_from_guest_to_guest_and_back(both):
    guests = load(both)
    assert call(guests, "go", "shout") == "SHOUT"
    assert call(guests, "go", "") == ""
    assert call(guests, "swap", "text", [1, 2**64 - 1]) == ([1, 2**64 - 1], "text")
    assert call(guests, "swap", "", []) == ([], "")


def test_a_resource_that_one_guest_defines_is_made_lent_given_back_and_dropped_by_the_other(both):
    guests = load(both)
    assert call(guests, "count", 41) == 1043
    assert call(guests, "dropped") == 3
    assert call(guests, "count", 1) == 1003
    assert call(guests, "dropped") == 6


def test_each_guest_has_its_handles(both):
    guests = load(both)
    assert call(guests, "keep") == 1
    assert call(guests, "again", 1) == 6
    with pytest.raises(Trap, match="unknown handle index 2"):
        call(guests, "again", 2)


def test_each_guest_has_its_memory(both):
    guests = load(both)
    for n in range(8):
        text = "x" * 300 * n
        assert call(guests, "go", text) == text.upper()
