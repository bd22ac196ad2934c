"""wasmote.wasm.names: function names for traps."""

import pytest
from wasm_bytes import module, name, section, u32, vec
from wasmote.wasm import Source, drive
from wasmote.wasm.binary import Module
from wasmote.wasm.names import function_name

TYPE = section(1, vec([b"\x60\0\0"]))


def named(*subsections):
    contents = b"".join(bytes([kind]) + u32(len(data)) + data for kind, data in subsections)
    return Module(Source(module(TYPE, section(0, name("name") + contents))).reader())


def names(entries):
    return vec([u32(x) + name(text) for x, text in entries])


def test_a_function_is_named():
    found = named((0, name("the module")), (1, names([(0, "main"), (7, "α/β"), (200, "last")])), (2, b"\xff"))
    wanted = {0: "main", 7: "α/β", 200: "last"}
    for x in (0, 1, 7, 8, 200, 201):
        assert drive(function_name(found, x)) == wanted.get(x)


def test_a_long_name_is_cut_between_characters():
    found = named((1, names([(3, "x" * 500), (4, "y" + "ü" * 500)])))
    assert drive(function_name(found, 3)) == "x" * 100
    assert drive(function_name(found, 4)) == "y" + "ü" * 49


def test_a_large_section_is_read_in_steps():
    found = named((1, names([(x, f"f{x}") for x in range(1000)])))
    search = function_name(found, 999)
    assert sum(1 for _ in search) == 31
    assert drive(function_name(found, 999)) == "f999"


def test_without_a_name_section_there_is_no_name():
    assert drive(function_name(Module(Source(module(TYPE)).reader()), 0)) is None
    assert drive(function_name(named((2, b"\0")), 0)) is None


@pytest.mark.parametrize(
    "subsection",
    [b"\1", b"\1\x05", b"\1\3\1\0\x09", b"\1\4\1\0\1\xff", b"\1\7\xff\xff\xff\xff\x0f\0\0", b"\1\1\x80"],
)
def test_a_damaged_name_section_names_nothing(subsection):
    found = Module(Source(module(TYPE, section(0, name("name") + subsection))).reader())
    assert drive(function_name(found, 0)) is None
