"""link.plain: bytes into lines, whatever the chunks."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wasmote.link.plain import ATTENTION, TOO_LONG, Lines


def units(lines, *chunks):
    """What comes out, lines as bytes."""
    out = []
    for chunk in chunks:
        for unit in lines.feed(chunk):
            out.append(unit if isinstance(unit, int) else bytes(unit))
    return out


def by_bytes(data):
    return [data[i : i + 1] for i in range(len(data))]


def test_gives_each_line_without_its_end():
    assert units(Lines(), b'{"a":1}\n{"b":2}\r\n') == [b'{"a":1}', b'{"b":2}']


def test_keeps_a_line_until_its_end_has_come():
    lines = Lines()
    assert units(lines, b'{"a"', b":1") == []
    assert units(lines, b"}\n{") == [b'{"a":1}']


def test_skips_empty_lines():
    assert units(Lines(), b"\n\r\n \t\r\n\n{}\n") == [b"{}"]


def test_skips_noise_before_a_line():
    assert units(Lines(), b"\x00\xff\xfe{}\n", b"\xef\xbb\xbf{}\n") == [b"{}", b"{}"]


def test_a_line_of_the_limit_passes_and_one_more_byte_does_not():
    lines = Lines(8)
    assert units(lines, b"12345678\n", b"12345678\r\n", b"123456789\n", b"123456789\r\n", b"ok\n") == [
        b"12345678",
        b"12345678",
        TOO_LONG,
        TOO_LONG,
        b"ok",
    ]
    assert (lines.dropped, lines.size) == (2, 9)


@pytest.mark.parametrize("size", [9, 10, 11, 19, 20, 21, 100_000])
def test_drops_a_long_line_once_and_says_how_long_it_was(size):
    for chunks in ([b"x" * size + b"\nok\n"], by_bytes(b"x" * min(size, 50) + b"\nok\n")):
        lines = Lines(8)
        assert units(lines, *chunks) == [TOO_LONG, b"ok"]
        assert lines.size == sum(map(len, chunks)) - 4


@pytest.mark.parametrize("call", [b"\x03", b"\r\x03", b"\r\x03\x03", b"{}\n\x03", b"\x00\x03"])
def test_ctrl_c_at_the_start_of_a_line_calls_for_attention(call):
    assert ATTENTION in units(Lines(), call)
    assert ATTENTION in units(Lines(), *by_bytes(call))


def test_cr_ctrl_c_calls_for_attention_in_the_middle_of_a_line_and_of_a_long_one():
    assert units(Lines(), b'{"half', b"\r", b"\x03") == [ATTENTION]
    assert units(Lines(8), b"x" * 50 + b"\r", b"\x03{}\n") == [ATTENTION, b"{}"]


def test_ctrl_c_inside_a_line_is_only_noise():
    assert units(Lines(), b'{"a\x03":1}\n') == [b'{"a\x03":1}']


def reference(data, limit):
    """The lines of `data` the slow way. Without 0x03 in it."""
    out = []
    for line in data.split(b"\n")[:-1]:
        line = line[:-1] if line.endswith(b"\r") else line
        noise = 0
        while noise < min(16, len(line)) and not 32 < line[noise] < 127:
            noise += 1
        if len(line) - noise > limit:
            out.append(TOO_LONG)
        elif line[noise:]:
            out.append(line[noise:])
    return out


@given(st.lists(st.text("a\n\r").map(str.encode), max_size=20))
def test_chunks_make_no_difference(chunks):
    assert units(Lines(6), *chunks) == reference(b"".join(chunks), 6)


@given(st.lists(st.binary(max_size=9), max_size=20))
@example([b"a" * 29 + b"\x03"])  # which fills the buffer
def test_any_bytes_leave_it_ready_for_the_next_line(chunks):
    lines = Lines(12)
    units(lines, *chunks)
    assert units(lines, b'\n{"a":1}\n')[-1] == b'{"a":1}'


@given(st.integers(40, 300), st.lists(st.integers(1, 60), min_size=1, max_size=30))
def test_the_ends_of_a_dropped_line_are_kept_whatever_the_chunks(size, cuts):
    line = bytes(33 + i % 90 for i in range(size))
    chunks, rest = [], line + b"\r\n"
    for cut in cuts:
        chunks.append(rest[:cut])
        rest = rest[cut:]
    lines = Lines(8)
    kept = lines._most()
    assert units(lines, *chunks, rest) == [TOO_LONG]
    assert (lines.size, lines.ends) == (size, (line[:kept], line[-kept:]))
