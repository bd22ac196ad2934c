"""Strings in UTF-16 and latin1+utf16: realloc is asked in the specification's steps, each answer of its is checked."""

import pytest
from test_canonical import Instance
from wasmote.component import canonical, lowering
from wasmote.component.canonical import LATIN1_UTF16, UTF8, UTF16, Context
from wasmote.wasm import drive
from wasmote.wasm.errors import Trap

STRING = b"\x73"
TAG = 0x80000000


class Guest(Instance):
    """Its realloc keeps what it should, moves each time, and answers `lies` {number of the call: address} otherwise."""

    def __init__(self, lies=()):
        super().__init__(4096)
        self.calls = []
        self.lies = dict(lies)

    def invoke(self, function, args):
        old, old_size, _, size = args
        yield
        self.calls.append(tuple(args))
        if len(self.calls) in self.lies:
            return [self.lies[len(self.calls)]]
        at = 64 * len(self.calls)
        self.memory.write(at, self.memory.read(old, min(old_size, size)))
        return [at]


def lower(value, encoding, source=None, guest=None):
    """(what realloc was asked for, flat values, the bytes there) of lowering a string."""
    guest = guest or Guest()
    cx = Context(guest, guest.memory, "realloc", encoding)
    if source is not None:
        cx.other = Context(guest, encoding=source)
    flat = []
    drive(lowering.lower_flat(cx, STRING, 0, value, flat) or iter(()))
    units = flat[1] & ~TAG
    wide = encoding == UTF16 or flat[1] & TAG
    return guest.calls, flat, guest.memory.read(flat[0], units * 2 if wide else units)


def lift(data, count, encoding, at=8):
    guest = Guest()
    guest.memory.write(at, data)
    cx = Context(guest, guest.memory, None, encoding)
    cx.left = 4096
    return canonical.lift_flat(cx, STRING, 0, iter([at, count]))


@pytest.mark.parametrize(
    "value, source, encoding, calls",
    [
        ("abc", None, UTF16, [(0, 0, 2, 6)]),
        ("aé€", None, UTF16, [(0, 0, 2, 12), (64, 12, 2, 6)]),
        ("", None, UTF16, [(0, 0, 2, 0)]),
        ("aé€\U0001f600", UTF16, UTF16, [(0, 0, 2, 10)]),
        (("é", False), LATIN1_UTF16, UTF16, [(0, 0, 2, 2)]),
        ("abc", None, LATIN1_UTF16, [(0, 0, 2, 3)]),
        ("é", None, LATIN1_UTF16, [(0, 0, 2, 2), (64, 2, 2, 1)]),
        ("é€", None, LATIN1_UTF16, [(0, 0, 2, 5), (64, 5, 2, 10), (128, 10, 2, 4)]),
        ("é€", UTF16, LATIN1_UTF16, [(0, 0, 2, 2), (64, 2, 2, 4)]),
        ("\U0001f600", UTF16, LATIN1_UTF16, [(0, 0, 2, 2), (64, 2, 2, 4)]),
        (("é", False), LATIN1_UTF16, LATIN1_UTF16, [(0, 0, 2, 1)]),
        (("é€", True), LATIN1_UTF16, LATIN1_UTF16, [(0, 0, 2, 4)]),
        (("éa", True), LATIN1_UTF16, LATIN1_UTF16, [(0, 0, 2, 4), (64, 4, 1, 2)]),
        ("abc", UTF16, UTF8, [(0, 0, 1, 3)]),
        ("aé", UTF16, UTF8, [(0, 0, 1, 2), (64, 2, 1, 6), (128, 6, 1, 3)]),
        ("€€", UTF16, UTF8, [(0, 0, 1, 2), (64, 2, 1, 6)]),
        (("aé", False), LATIN1_UTF16, UTF8, [(0, 0, 1, 2), (64, 2, 1, 4), (128, 4, 1, 3)]),
        (("a€", True), LATIN1_UTF16, UTF8, [(0, 0, 1, 2), (64, 2, 1, 6), (128, 6, 1, 4)]),
    ],
)
def test_realloc_is_asked_in_the_specifications_steps(value, source, encoding, calls):
    asked, flat, data = lower(value, encoding, source)
    assert asked == calls
    assert flat[0] == 64 * len(calls)
    text = value[0] if isinstance(value, tuple) else value
    wide = encoding == UTF16 or encoding == LATIN1_UTF16 and flat[1] & TAG
    assert data.decode("utf-8" if encoding == UTF8 else "utf-16-le" if wide else "latin-1") == text


@pytest.mark.parametrize(
    "value, source, encoding, lies, what",
    [
        ("aé€", None, UTF16, {1: 65}, "realloc return: result not aligned"),
        ("aé€", None, UTF16, {1: 4086}, "realloc return: beyond end of memory"),
        ("aé€", None, UTF16, {2: 65}, "realloc return: result not aligned"),
        ("aé€", None, UTF16, {2: 4092}, "realloc return: beyond end of memory"),
        ("é€", None, LATIN1_UTF16, {1: 65}, "realloc return: result not aligned"),
        ("é€", None, LATIN1_UTF16, {2: 65}, "realloc return: result not aligned"),
        ("é€", None, LATIN1_UTF16, {2: 4088}, "realloc return: beyond end of memory"),
        ("é€", None, LATIN1_UTF16, {3: 65}, "realloc return: result not aligned"),
        ("é", None, LATIN1_UTF16, {2: 65}, "realloc return: result not aligned"),
        ("é", None, LATIN1_UTF16, {2: 4096}, "realloc return: beyond end of memory"),
        ("aé", UTF16, UTF8, {1: 4095}, "realloc return: beyond end of memory"),
        ("aé", UTF16, UTF8, {2: 4091}, "realloc return: beyond end of memory"),
        ("aé", UTF16, UTF8, {3: 2**32 - 1}, "realloc return: beyond end of memory"),
        (("éa", True), LATIN1_UTF16, LATIN1_UTF16, {2: 4095}, "realloc return: beyond end of memory"),
    ],
)
def test_each_answer_of_realloc_is_checked(value, source, encoding, lies, what):
    with pytest.raises(Trap, match=what):
        lower(value, encoding, source, Guest(lies))


def test_shrinking_to_latin1_takes_an_odd_address():
    asked, flat, data = lower(("éa", True), LATIN1_UTF16, LATIN1_UTF16, Guest({2: 129}))
    assert flat == [129, 2]


@pytest.mark.parametrize(
    "data, count, encoding, text",
    [
        ("aé€\U0001f600".encode("utf-16-le"), 5, UTF16, "aé€\U0001f600"),
        (b"a\xe9\xff", 3, LATIN1_UTF16, "aéÿ"),
        ("é€".encode("utf-16-le"), 2 | TAG, LATIN1_UTF16, "é€"),
        (b"", 0, UTF16, ""),
        (b"", TAG, LATIN1_UTF16, ""),
    ],
)
def test_strings_are_lifted(data, count, encoding, text):
    assert lift(data, count, encoding) == text


@pytest.mark.parametrize(
    "data, count, encoding, at, what",
    [
        (b"\x00\xd8", 1, UTF16, 8, "invalid utf-16 sequence"),
        (b"\x00\xd8a\x00", 2, UTF16, 8, "invalid utf-16 sequence"),
        (b"\x00\xdc", 1, UTF16, 8, "invalid utf-16 sequence"),
        (b"\x00\xd8\x00\xd8", 2 | TAG, LATIN1_UTF16, 8, "invalid utf-16 sequence"),
        (b"a\0", 1, UTF16, 9, "unaligned pointer: string pointer/length at 0x9"),
        (b"a", 1, LATIN1_UTF16, 9, "unaligned pointer: string pointer/length at 0x9"),
        (b"", 0, LATIN1_UTF16, 9, "unaligned pointer"),
        (b"", 2045, UTF16, 8, "string pointer/length out of bounds of memory"),
        (b"", 2045 | TAG, LATIN1_UTF16, 8, "string pointer/length out of bounds of memory"),
        (b"", 4089, LATIN1_UTF16, 8, "string pointer/length out of bounds of memory"),
        (b"", 0x08000000, UTF16, 8, "string too long: 268435456 bytes"),
        (b"", 0x10000000, LATIN1_UTF16, 8, "string too long: 268435456 bytes"),
        (b"", 0xFFFFFFFF, LATIN1_UTF16, 8, "string too long: 4294967294 bytes"),
    ],
)
def test_what_no_string_is_traps(data, count, encoding, at, what):
    with pytest.raises(Trap, match=what):
        lift(data, count, encoding, at)


def test_a_string_counts_against_the_limit_of_a_call_in_bytes():
    assert len(lift(bytes(4000), 2000, UTF16)) == 2000
    with pytest.raises(Trap, match="value too large"):
        guest = Guest()
        cx = Context(guest, guest.memory, None, UTF16)
        cx.left = 3999
        canonical.lift_flat(cx, STRING, 0, iter([8, 2000]))


def test_memory_may_move_under_a_string():
    class Growing(Guest):
        def invoke(self, function, args):
            self.memory.data = bytearray(self.memory.data) + bytes(64)
            return (yield from super().invoke(function, args))

    assert lower("é€", LATIN1_UTF16, None, Growing())[2].decode("utf-16-le") == "é€"
