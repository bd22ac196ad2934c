"""wasmote.wasm.reader: bounds, integers, names, and one window shared by all."""

import io
import random

import pytest
from wasm_bytes import s64, u32
from wasmote.wasm.errors import Malformed, Unsupported
from wasmote.wasm.reader import Reader, Source, is_utf8


def reader(data):
    return Source(data).reader()


def fails(call, *args):
    with pytest.raises(Malformed) as failure:
        call(*args)
    return str(failure.value)


@pytest.mark.parametrize("n", [0, 1, 127, 128, 300, 16383, 16384, 2**21, 2**28 - 1, 2**28, 2**32 - 1])
def test_reads_u32(n):
    r = reader(u32(n) + b"\x2a")
    assert r.u32() == n
    assert r.u8() == 0x2A


@pytest.mark.parametrize("n", [0, 1, -1, 63, 64, -64, -65, 8191, -8193, 2**30, 2**31 - 1, -(2**31)])
def test_reads_signed(n):
    assert reader(s64(n)).s32() == n
    assert reader(s64(n)).s33() == n
    assert reader(s64(n)).s64() == n


@pytest.mark.parametrize("n", [2**32, -(2**32) - 5, 2**62, 2**63 - 1, -(2**63)])
def test_reads_s64(n):
    assert reader(s64(n)).s64() == n


def test_reads_padded_integers():
    assert reader(b"\x82\x80\x80\x80\x00").u32() == 2
    assert reader(b"\xff\xff\xff\xff\x7f").s32() == -1
    assert reader(b"\xff" * 9 + b"\x7f").s64() == -1
    assert reader(b"\xff\xff\xff\xff\x0f").s33() == 2**32 - 1


@pytest.mark.parametrize(
    "method, data, text",
    [
        ("u32", b"\x82\x80\x80\x80\x80\x00", "integer representation too long at offset 0x5"),
        ("u32", b"\x82\x80\x80\x80\x70", "integer too large at offset 0x4"),
        ("u32", b"\x82\x80\x80\x80\x10", "integer too large at offset 0x4"),
        ("s32", b"\x80\x80\x80\x80\x80\x00", "integer representation too long at offset 0x5"),
        ("s32", b"\xff\xff\xff\xff\xff\x7f", "integer representation too long at offset 0x5"),
        ("s32", b"\x80\x80\x80\x80\x70", "integer too large at offset 0x4"),
        ("s32", b"\xff\xff\xff\xff\x0f", "integer too large at offset 0x4"),
        ("s64", b"\x80" * 10 + b"\0", "integer representation too long at offset 0xa"),
        ("s64", b"\x80" * 9 + b"\x7e", "integer too large at offset 0x9"),
        ("s64", b"\xff" * 9 + b"\x01", "integer too large at offset 0x9"),
        ("u32", b"", "unexpected end of section or function (the file ends) at offset 0x0"),
        ("u32", b"\x80\x80", "unexpected end of section or function (the file ends) at offset 0x2"),
        ("u8", b"", "unexpected end of section or function (the file ends) at offset 0x0"),
        ("f64", b"1234567", "unexpected end of section or function (the file ends) at offset 0x7"),
        ("name", b"\x03ab", "length out of bounds at offset 0x0"),
        ("name", b"\x02\xc0\x80", "malformed UTF-8 encoding at offset 0x1"),
        ("count", b"\x05ab", "length out of bounds at offset 0x0"),
    ],
)
def test_refuses(method, data, text):
    assert fails(getattr(reader(data), method)) == text


@pytest.mark.parametrize("letter", ["a", "ü", "\0"])
def test_a_name_that_a_heap_may_have_no_room_for_is_refused_before_it_is_read(letter):
    """A MemoryError is no WasmError."""
    longest = letter * (512 // len(letter.encode()))
    assert reader(u32(512) + longest.encode()).name() == longest
    with pytest.raises(Unsupported, match="name of 100000 bytes: there may be 512 at offset 0x3"):
        reader(u32(100_000) + b"a" * 100_000).name()
    assert fails(reader(u32(100_000) + b"a" * 99_999).name).startswith("length out of bounds")


def test_a_section_bounds_its_reader():
    r = reader(b"\x02abc")
    child = r.sized()
    assert (child.u8(), child.u8()) == (97, 98)
    assert fails(child.u8) == "unexpected end of section or function at offset 0x3"
    assert r.u8() == 99
    assert fails(r.section, 1).startswith("length out of bounds")
    assert fails(child.skip, 1).startswith("length out of bounds")
    assert fails(child.seek, 4).startswith("length out of bounds")
    assert fails(child.fork, 0, 4).startswith("length out of bounds")


def test_float_patterns_are_integers():
    assert reader(b"\x00\x00\xa0\x7f").f32() == 0x7FA00000
    assert reader(b"\x01\0\0\0\0\0\xf0\x7f").f64() == 0x7FF0000000000001


def test_the_whole_file_is_never_held():
    data = bytes(range(256)) * 40
    source = Source(io.BytesIO(data))
    r = source.reader()
    assert source.size == len(data) and len(source.window) == 512
    for i in range(len(data)):
        assert r.u8() == data[i]
    assert fails(r.u8).startswith("unexpected end of section")


def test_readers_of_one_source_do_not_disturb_each_other():
    rng = random.Random(5)
    data = bytes(rng.randrange(256) for _ in range(5000))
    for source in (Source(data), Source(io.BytesIO(data))):
        readers = []
        for _ in range(6):
            at = rng.randrange(4000)
            readers.append(Reader(source, at, 5000))
        for _ in range(20000):
            r = rng.choice(readers)
            at = r.at
            if at > 4900:
                r.seek(rng.randrange(4000))
            elif rng.random() < 0.7:
                assert r.u8() == data[at]
            elif rng.random() < 0.5:
                n = rng.randrange(700)
                if at + n <= 5000:
                    assert r.bytes(n) == data[at : at + n]
            elif rng.random() < 0.5:
                buffer = bytearray(rng.randrange(90))
                r.readinto(memoryview(buffer))
                assert buffer == data[at : at + len(buffer)]
            else:
                n = rng.randrange(600)
                if at + n <= 5000:
                    child = r.section(n)
                    assert child.end == at + n == r.at
                    if n:
                        assert child.u8() == data[at]


def test_numbers_across_window_borders():
    for pad in range(505, 513):
        r = reader(bytes(pad) + u32(2**31 + 5) + s64(-(2**62)) + b"\x01\x02\x03\x04")
        r.skip(pad)
        assert (r.u32(), r.s64(), r.f32()) == (2**31 + 5, -(2**62), 0x04030201)


def test_a_file_that_shrank_says_so():
    file = io.BytesIO(bytes(600))
    source = Source(file)
    file.truncate(100)
    with pytest.raises(OSError, match="file ends at 0x64"):
        source.reader().u8()


def test_utf8_is_what_cpython_says():
    rng = random.Random(7)
    edges = [0, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF]
    edges += [0xF0, 0xF1, 0xF4, 0xF5, 0xFF]
    for _ in range(30000):
        data = bytes(rng.choice(edges) for _ in range(rng.randrange(6)))
        try:
            data.decode()
            good = True
        except UnicodeDecodeError:
            good = False
        assert is_utf8(data) == good, data
