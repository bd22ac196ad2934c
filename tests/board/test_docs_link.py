"""docs/link.md: its example is what the codec makes, and its numbers are the code's."""

import re

import pytest
from conftest import ROOT
from link_world import World
from wasmote.link import framed, window, wire
from wasmote.link.units import FRAME, Units

PAGE = (ROOT / "docs/link.md").read_text()
EXAMPLE = re.findall(r"^[→←] (\S+) (\d+) (\d+) ?(\S*)\n([0-9a-f ]+)$", PAGE, re.M)


def number(kind):
    return sum(getattr(framed, name) for name in kind.split("|"))


@pytest.mark.parametrize("kind, seq, ack, payload, unit", EXAMPLE, ids=[row[0] for row in EXAMPLE])
def test_the_example_is_what_the_codec_makes_and_reads(kind, seq, ack, payload, unit):
    payload = payload.encode() if payload.startswith("{") else bytes.fromhex(payload)
    frame = bytearray(framed.HEADER) + payload + bytes(4)
    out = bytearray(200)
    size = framed.seal(frame, memoryview(frame), number(kind), int(seq), int(ack), len(payload), out)
    assert out[:size].hex(" ") == unit
    units = Units()
    assert list(units.feed(bytes.fromhex(unit))) == [FRAME]
    got = units.buffer[units.frame : units.frame + units.frame_size]
    assert got == bytes([0, number(kind), int(seq), int(ack)]) + payload


def test_the_example_is_complete():
    assert len(EXAMPLE) == 8


def test_a_board_says_what_the_example_says():
    world = World()
    said = []
    write = world.port.write
    world.port.write = lambda piece: (said.append(bytes(piece).hex(" ")), write(piece))
    world.wire = type(world.wire)(world.port, "c0ffee00", world)
    world.to_board.write(bytes.fromhex(EXAMPLE[0][4]))
    world.run(50)
    assert said == [EXAMPLE[1][4]]


def test_the_table_of_kinds_is_the_codes():
    rows = re.findall(r"^\| (\d) \| ([A-Z]+) \|", PAGE, re.M)
    assert [(int(value), name) for value, name in rows] == [
        (getattr(framed, name), name) for name in ["DATA", "RAW", "ACK", "PING", "PONG", "OPEN", "OPENED", "CLOSE"]
    ]
    for name in ("LAST", "RESEND", "BUSY"):
        assert f"0x{getattr(framed, name):x} {name}" in PAGE


def test_the_numbers_are_the_codes():
    for text in (
        f"A board says {framed.PAYLOAD} and {framed.WINDOW}: two frames of {framed.UNIT} bytes",
        f"at most {framed.UNIT} bytes",
        f"heard nothing for {window.SILENCE // 1000} s",
        f"sent the same for {window._STUCK // 1000} s",
        f"within {window._ACK_DELAY} ms behind LAST",
        f"more than {framed.SHORT} bytes",
        f"· rttvar + {window._LEAST_ASK} ms",
        f"{window._FIRST_ASK} ms while",
        f"beyond {window._MOST_ASK} ms",
        f"keeps up to {2 * wire.HELD} bytes",
        f"nothing for {wire._ANSWER} ms",
        f"nothing comes for {wire._STILL} ms",
    ):
        assert text in PAGE, text
