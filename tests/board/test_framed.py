"""link.framed, link.units: frames that are whole or not there, among lines, noise and calls for attention."""

import subprocess

import pytest
from conftest import MICROPYTHON, ROOT, needs_micropython
from hypothesis import example, given
from hypothesis import strategies as st
from wasmote.link import framed
from wasmote.link.plain import ATTENTION
from wasmote.link.units import DAMAGED, FRAME, Units


def unit(kind=framed.DATA | framed.LAST, seq=0, ack=0, payload=b"{}"):
    """What goes over the wire."""
    frame = bytearray(framed.HEADER + len(payload) + 4)
    frame[framed.HEADER : framed.HEADER + len(payload)] = payload
    out = bytearray(200)
    return bytes(out[: framed.seal(frame, memoryview(frame), kind, seq, ack, len(payload), out)])


def frames(units, *chunks):
    """What comes out: frames as bytes without their CRC, lines as (bytes,), else numbers."""
    out = []
    for chunk in chunks:
        for one in units.feed(chunk):
            if one == FRAME:
                out.append(bytes(units.buffer[units.frame : units.frame + units.frame_size]))
            else:
                out.append(one if isinstance(one, int) else (bytes(one),))
    return out


def cobs(data):
    """The algorithm of the paper (Cheshire and Baker 1999), a block at a time."""
    out, block = bytearray(), bytearray()
    for byte in [*data, 0]:
        if byte:
            block.append(byte)
        if not byte or len(block) == 254:
            out += bytes([len(block) + 1]) + block
            block.clear()
    return bytes(out)


anything = st.binary(min_size=8, max_size=112) | st.lists(st.sampled_from(range(8)), min_size=8, max_size=112).map(
    bytes
)


@given(anything)
@example(bytes(range(112)))
@example(bytes(range(144, 256)))
@example(b"\3" * 112)
@example(bytes(112))
def test_encoding_has_no_zero_and_no_ctrl_c_and_comes_back(data):
    out = bytearray(200)
    size = framed.encode(b"\0" + data, len(data) + 1, out)
    assert size == len(data) + 5
    unit = bytes(out[1 : size - 1])
    assert out[0] == out[size - 1] == 0 and unit[0] == 1 and 0 not in unit and 3 not in unit
    assert framed.decode(out, 1, size - 1) == len(data) + 2
    assert out[1 : 3 + len(data)] == b"\0\0" + data


@given(anything)
def test_encoding_is_that_of_the_paper_and_the_salt_the_first_that_will_do(data):
    out = bytearray(200)
    unit = bytes(out[1 : framed.encode(b"\0" + data, len(data) + 1, out) - 1])
    candidates = [cobs(b"\0" + bytes([byte ^ salt for byte in b"\0" + data])) for salt in range(256)]
    assert unit == next(one for one in candidates if 3 not in one)


@given(st.binary(max_size=framed.PAYLOAD), st.integers(0, 255), st.integers(0, 255))
def test_a_unit_begins_with_zero_one_and_fits_its_size(payload, seq, ack):
    one = unit(framed.RAW, seq, ack, payload)
    assert one[:2] == b"\0\1" and one[-1] == 0 and len(one) <= framed.UNIT
    assert frames(Units(), one) == [bytes([0, framed.RAW, seq, ack]) + payload]


@given(st.binary(max_size=100), st.integers(1, 107), st.integers(1, 255))
def test_a_changed_byte_is_noticed(payload, at, change):
    one = bytearray(unit(payload=payload))
    at = min(at, len(one) - 2)
    one[at] ^= change
    assert not [got for got in frames(Units(), bytes(one), b"\0") if isinstance(got, bytes)]


@given(st.lists(st.binary(min_size=1, max_size=150)))
def test_any_bytes_leave_it_ready_for_the_next_frame(chunks):
    units = Units(2000)
    frames(units, *chunks)
    got = frames(units, b"\0", unit(payload=b"last"))
    assert got[-1] == b"\0\x11\0\0last"


@given(
    st.lists(st.sampled_from([unit(), unit(payload=b"\n\r\x03\0" * 9), b'{"a":1}\n', b'{"b":2}\r\n']), max_size=9),
    st.data(),
)
def test_lines_and_frames_take_turns_whatever_the_chunks(parts, data):
    stream = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=9)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole = frames(Units(), stream)
    assert len(whole) == len(parts) and frames(Units(), *chunks) == whole


def test_stray_prints_and_noise_are_skipped_and_counted():
    units = Units()
    assert frames(units, b"MicroPython v1\r\n")  # in the plain form a line is a line
    units.strict = True
    got = frames(units, b"boot\nprint" + unit(), b"\xff\xfe" + unit(), b"{no\n", b'{"a":1}\n')
    assert [one for one in got if one != DAMAGED] == [b"\0\x11\0\0{}"] * 2 + [(b'{"a":1}',)]
    assert units.skipped == 4


def test_a_unit_without_end_is_given_up():
    units = Units(1000)
    units.strict = True
    assert frames(units, b"\0\1" + b"a" * 5000) == []
    assert frames(units, b"\0" + unit()) == [b"\0\x11\0\0{}"]


@pytest.mark.parametrize("noise", [b"\1", b"\1\1", b"\xff\1", b"\0\1" + b"a" * 120 + b"\n", b"\1" * 200 + b"\n"])
def test_noise_that_begins_like_a_frame_does_not_swallow_lines(noise):
    assert frames(Units(), noise, b'{"a":1}\n')[-1] == (b'{"a":1}',)


@pytest.mark.parametrize("call", [b"\r\x03", b"\x03\x03", b"\n\r\x03", b"\0\r\x03"])
def test_ctrl_c_calls_for_attention_between_units_of_an_open_link(call):
    units = Units()
    units.strict = True
    assert frames(units, unit(), call) == [b"\0\x11\0\0{}", ATTENTION]


def test_what_is_inside_a_frame_never_calls_for_attention():
    units = Units()
    units.strict = True
    for payload in (b"\r\x03", b"\x03\x03", b"\r\x03" * 50, b"\0\r\x03\0\x03\x03"):
        assert frames(units, unit(4, 3, 3, payload)) == [b"\0\4\3\3" + payload]
    assert frames(units, b"\0\x03", unit(), b"ab\r\x03\0") == [b"\0\x11\0\0{}"]


def test_what_comes_behind_a_call_for_attention_stays_on_the_wire():
    units = Units()
    units.strict = True
    for byte in b"\r\x03":
        room = units.room()
        assert len(room) == 1
        room[0] = byte
        units.received(1)
        unit = units.next()
    assert unit == ATTENTION


TWINS = """
import sys
sys.path.insert(0, sys.argv[1])
from wasmote.link import framed, framed_viper
assert framed.encode is framed_viper.encode
for line in open(sys.argv[2]):
    data, want = [bytes.fromhex(text) for text in line.split(",")]
    unit = bytearray(len(data) * 2 + 10)
    size = framed.encode(b"\\0" + data, len(data) + 1, unit)
    got = bytes(unit[:size])
    zero = framed.find_zero(unit, 1, size)
    back = framed.decode(unit, 1, size - 1)
    if got != want or bytes(unit[1 : 1 + back]) != b"\\0\\0" + data or zero != size - 1:
        print(data, got, want)
print("done")
"""


@needs_micropython
def test_the_viper_twins_agree_under_micropython(tmp_path):
    lines = []

    @given(anything)
    @example(bytes(range(112)))
    @example(bytes(112))
    def collect(data):
        out = bytearray(200)
        size = framed.encode(b"\0" + data, len(data) + 1, out)
        lines.append(f"{data.hex()},{bytes(out[:size]).hex()}\n")

    collect()
    (tmp_path / "cases").write_text("".join(lines))
    (tmp_path / "twins.py").write_text(TWINS)
    run = subprocess.run(
        [MICROPYTHON, tmp_path / "twins.py", ROOT / "modules", tmp_path / "cases"], capture_output=True, text=True
    )
    assert run.stdout == "done\n", run.stdout + run.stderr
