"""wasmote.wasm.constants: what constant expressions are worth, and which are not valid."""

import pytest
from wasm_bytes import module, name, s64, section, u32, vec
from wasmote.wasm.binary import Module
from wasmote.wasm.constants import constant
from wasmote.wasm.errors import Invalid, Malformed, Unsupported
from wasmote.wasm.reader import Source

I32, I64, F32, F64, FUNCREF, EXTERNREF = 0x7F, 0x7E, 0x7D, 0x7C, 0x70, 0x6F
END = b"\x0b"

# Imports: a function, a global of each type, a mutable one.
IMPORTED = module(
    section(1, vec([b"\x60\0\0"])),
    section(
        2,
        vec(
            [name("") + name("") + b"\0\0"]
            + [name("") + name("") + bytes([3, t, 0]) for t in (I32, I64, F32, F64, FUNCREF, EXTERNREF)]
            + [name("") + name("") + bytes([3, I32, 1])]
        ),
    ),
    section(6, vec([b"\x7f\0\x41\0" + END])),
)


class Instance:
    """What a constant expression asks of an instance."""

    def global_bits(self, x):
        return 1000 + x

    def function_offset(self, x):
        return 4096 + x


def i32(n):
    return b"\x41" + s64(n)


def i64(n):
    return b"\x42" + s64(n)


def get(x):
    return b"\x23" + u32(x)


def evaluate(code, wanted, instance=None):
    reader = Source(code).reader()
    value = constant(reader, Module(Source(IMPORTED).reader()), wanted, instance)
    assert reader.at == len(code)
    return value


ADD, SUB, MUL, ADD64, SUB64, MUL64 = b"\x6a", b"\x6b", b"\x6c", b"\x7c", b"\x7d", b"\x7e"


@pytest.mark.parametrize(
    "code, wanted, value",
    [
        (i32(-1), I32, 0xFFFFFFFF),
        (i64(-2), I64, 0xFFFFFFFFFFFFFFFE),
        (b"\x43\1\0\xa0\x7f", F32, 0x7FA00001),
        (b"\x44" + bytes(range(8)), F64, 0x0706050403020100),
        (get(0), I32, 1000),
        (get(4), FUNCREF, 1004),
        (get(5), EXTERNREF, 1005),
        (b"\xd0\x70", FUNCREF, 0),
        (b"\xd0\x6f", EXTERNREF, 0),
        (b"\xd2\0", FUNCREF, 4096),
        (i32(7) + i32(9) + SUB, I32, 0xFFFFFFFE),
        (i32(2**31 - 1) + i32(2) + MUL + get(0) + ADD, I32, 998),
        (get(0) + i32(3) + get(0) + MUL + ADD, I32, 4000),
        (i64(-(2**63)) + i64(1) + SUB64, I64, 2**63 - 1),
        (i64(2**40) + get(1) + MUL64 + i64(5) + ADD64, I64, 2**40 * 1001 + 5),
    ],
)
def test_a_constant_expression_has_a_value(code, wanted, value):
    evaluate(code + END, wanted)  # valid
    assert evaluate(code + END, wanted, Instance()) == value


@pytest.mark.parametrize(
    "code, wanted, failure, text",
    [
        (b"", I32, Invalid, "type mismatch"),
        (i32(1) + i32(2), I32, Invalid, "type mismatch"),
        (i32(1), I64, Invalid, "type mismatch"),
        (b"\xd0\x6f", FUNCREF, Invalid, "type mismatch"),
        (i32(1) + ADD, I32, Invalid, "type mismatch"),
        (i32(1) + i64(1) + ADD, I32, Invalid, "type mismatch"),
        (i64(1) + i64(1) + ADD, I32, Invalid, "type mismatch"),
        (get(6), I32, Invalid, "constant expression required: global 6 is mutable"),
        (get(7), I32, Invalid, "unknown global 7"),
        (get(8), I32, Invalid, "unknown global 8"),
        (b"\xd2\1", FUNCREF, Invalid, "unknown function 1"),
        (b"\x01", I32, Invalid, "constant expression required"),
        (i32(1) + b"\x45", I32, Invalid, "constant expression required"),
        (b"\xfd\x0c", I32, Unsupported, "constant expression with a SIMD instruction"),
        (b"\xff", I32, Malformed, "illegal opcode 0xff"),
        (i32(0) * 1000, I32, Unsupported, "constant expression with more than 32 operands"),
    ],
)
def test_others_are_refused(code, wanted, failure, text):
    with pytest.raises(failure) as refused:
        evaluate(code + END, wanted)
    assert str(refused.value).startswith(text)


def test_a_constant_expression_has_an_end():
    """One is a step of loading: more than 256 instructions are refused."""
    sums = [i32(1) + (i32(1) + ADD) * n + END for n in (127, 128)]  # of 2n + 2 instructions
    assert evaluate(sums[0], I32) == 128
    with pytest.raises(Unsupported, match="more than 256 instructions"):
        evaluate(sums[1], I32)
