"""What this engine does not have is refused by its name and place, by both translators (C leaves it to Python)."""

import pytest
from wasm_bytes import module, section
from wasmote import wasm
from wasmote.wasm import Malformed, Unsupported

FEATURES = {
    "exceptions": "06 try, 07 catch, 08 throw, 09 rethrow, 0a throw_ref, 18 delegate, 19 catch_all, 1f try_table",
    "tail calls": "12 return_call, 13 return_call_indirect, 15 return_call_ref",
    "typed function references": "14 call_ref, d4 ref.as_non_null, d5 br_on_null, d6 br_on_non_null",
    "GC": "d3 ref.eq",
}
INSTRUCTIONS = [
    (bytes.fromhex(one.split()[0]), f"instruction {one.split()[1]} ({feature})")
    for feature, row in FEATURES.items()
    for one in row.split(", ")
] + [
    (b"\xfb\x00\x00", "instruction of GC"),
    (b"\xfd\x0c" + bytes(16), "instruction of SIMD"),
    (b"\xfe\x03\x00", "instruction of threads (atomic)"),
    *((bytes([0xFC, n]), "instruction of wide arithmetic") for n in range(0x13, 0x17)),
]
NOP = b"\x01"


def with_body(code):
    """A module with a memory and one function () -> (): three nops and this."""
    body = b"\0" + 3 * NOP + code + b"\x0b"
    return module(
        section(1, b"\x01\x60\0\0"),
        section(3, b"\x01\0"),
        section(5, b"\x01\0\x01"),
        section(10, b"\x01" + bytes([len(body)]) + body),
    )


@pytest.mark.parametrize("code, text", INSTRUCTIONS)
def test_an_instruction_of_a_feature_that_is_not_there_is_named(engine, code, text):
    binary = with_body(code)
    with pytest.raises(Unsupported) as caught:
        wasm.instantiate(binary)
    assert str(caught.value) == f"{text}: compile without at offset 0x{binary.index(3 * NOP) + 3:x}"


@pytest.mark.parametrize("index", [b"\0", b"\xc0\0"])
def test_the_null_of_a_type_is_named(engine, index):
    null = b"\xd0" + index
    for binary in (
        with_body(null + b"\x1a"),
        module(section(1, b"\1\x60\0\0"), section(6, b"\1\x70\0" + null + b"\x0b")),
    ):
        with pytest.raises(Unsupported) as caught:
            wasm.instantiate(binary)
        at = binary.index(null) + 1
        assert str(caught.value) == f"ref.null of a type's index (typed function references) at offset 0x{at:x}"


def test_all_first_bytes_that_are_refused_by_name_are_tried_here():
    from wasmote.wasm.translate import _REFUSED

    assert sorted(_REFUSED) == sorted(code[0] for code, _ in INSTRUCTIONS if code[0] != 0xFC)


@pytest.mark.parametrize(
    "code, text",
    [
        (b"\x3f\x01", "zero byte expected: a memory's index (multi-memory)"),  # memory.size 1
        (b"\x41\0\x40\x01", "zero byte expected: a memory's index (multi-memory)"),  # memory.grow 1
        (b"\x41\0\x28\x42\x01\0", "malformed memop flags: a memory's index (multi-memory)"),  # i32.load of memory 1
        (b"\x41\0\x28\x20\0", "malformed memop flags"),
        (b"\xff", "illegal opcode 0xff"),
    ],
)
def test_a_second_memorys_index_is_malformed_and_says_of_which_proposal_it_is(engine, code, text):
    """Malformed: the specification's suite has it so, of before there was the proposal."""
    with pytest.raises(Malformed) as caught:
        wasm.instantiate(with_body(code))
    assert str(caught.value).split(" at offset ")[0] == text


@pytest.mark.parametrize(
    "sections, text",
    [
        (section(13, b"\x01\0\0"), "tag section (exceptions)"),
        (section(7, b"\x01\x01t\x04\0"), "tag export (exceptions)"),
        (section(1, b"\x01\x60\0\0") + section(2, b"\x01\x01a\x01t\x04\0\0"), "tag import (exceptions)"),
        (section(5, b"\x01\x04\x01"), "64-bit addresses (memory64)"),
        (section(5, b"\x01\x03\x01\x01"), "shared memory (threads)"),
    ],
)
def test_what_else_a_module_has_of_such_a_feature_is_named(sections, text):
    with pytest.raises(Unsupported) as caught:
        wasm.Module(module(sections))
    assert str(caught.value).split(" at offset ")[0] == text
