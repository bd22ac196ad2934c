"""Names and URIs of what several boards have."""

import re

import pytest
from wasmote.bridge.naming import LONGEST, Schemes, board_name, given, rewritten, shared_names


@pytest.mark.parametrize(
    "text, found",
    [
        ("qemu:m0", (None, "qemu:m0")),
        ("kitchen=qemu:m0", ("kitchen", "qemu:m0")),
        ("unix:?flash=/tmp/x", (None, "unix:?flash=/tmp/x")),
        ("a-1=unix:?flash=/tmp/x", ("a-1", "unix:?flash=/tmp/x")),
        ("1=unix:", (None, "1=unix:")),  # which is no port, and is told so
    ],
)
def test_the_command_line_may_name_a_board(text, found):
    assert given(text) == found


@pytest.mark.parametrize(
    "said, taken, name",
    [
        ("QEMU_M0", (), "qemu_m0"),
        ("QEMU_M0", ("qemu-m0", "qemu_m02"), "qemu_m03"),
        ("Müller's board!", (), "m_ller_s_board"),
        ("3D", (), "board_3d"),
        ("", (), "board"),
        (None, (), "none"),
    ],
)
def test_a_board_is_called_what_it_says(said, taken, name):
    assert board_name(said, taken) == name


def test_only_names_that_two_boards_have_get_a_prefix():
    assert shared_names([("a", ["read", "x"]), ("b", ["read", "y"])]) == [["a_read", "x"], ["b_read", "y"]]


def test_reserved_names_are_nobodys():
    assert shared_names([("a", ["board_call", "x"])], ["board_call"]) == [["a_board_call", "x"]]


def test_a_prefixed_name_never_meets_another():
    known = shared_names([("a", ["b_c", "a_b_c"]), ("x", ["b_c", "y"])])
    assert known[0][1] == "a_b_c" and known[1] == ["x_b_c", "y"]
    assert len({*known[0], *known[1]}) == 4


def test_long_names_stay_within_what_clients_take_and_differ():
    names = ["n" * 64, "n" * 63 + "m"]
    known = shared_names([("kitchen", names), ("garden", names)])
    flat = [name for names in known for name in names]
    assert len(set(flat)) == 4 and all(re.fullmatch(rf"[a-zA-Z0-9_-]{{1,{LONGEST}}}", name) for name in flat)
    assert known == shared_names([("kitchen", names), ("garden", names)])


def test_a_scheme_that_two_boards_use_gets_the_boards_name():
    schemes = Schemes([("my_a", ["note:/x", "note:/{name}", "log:/"]), ("b", ["NOTE:/x"])])
    assert schemes.known(0, "note:/x") == "my-a+note:/x" and schemes.known(1, "NOTE:/x") == "b+NOTE:/x"
    assert schemes.known(0, "log:/") == "log:/"
    assert schemes.owners("My-A+note:/y") == [(0, "note:/y")]  # some clients write schemes small
    assert schemes.owners("log:/any") == [(0, "log:/any")]
    assert schemes.owners("note:/x") == [(0, "note:/x"), (1, "note:/x")]
    assert schemes.owners("nix:/") == [] and schemes.owners("c+note:/") == []
    assert schemes.rewrites(0) and schemes.rewrites(1) and not Schemes([("a", ["x:"]), ("b", ["y:"])]).rewrites(0)


def test_uris_in_results_are_known_ones():
    result = {
        "content": [
            {"type": "resource_link", "uri": "n:/1"},
            {"type": "resource", "resource": {"uri": "n:/2", "text": "uri"}},
            {"type": "text", "text": '{"uri": "n:/3"}'},
        ],
        "structuredContent": {"uri": "n:/4"},
    }
    rewritten(result, lambda uri: "a+" + uri)
    assert result["content"][0]["uri"] == "a+n:/1" and result["content"][1]["resource"]["uri"] == "a+n:/2"
    assert result["content"][2]["text"] == '{"uri": "n:/3"}' and result["structuredContent"] == {"uri": "n:/4"}
    rewritten({"contents": (contents := [{"uri": "n:/5"}])}, lambda uri: "a+" + uri)
    assert contents == [{"uri": "a+n:/5"}]
