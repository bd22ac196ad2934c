"""Constant expressions (core specification 3.3.10): global initialisers, offsets and items of segments.

One function validates and evaluates: they are short, and read once when a module is decoded, once when it is
instantiated. Extended by integer add, sub and mul. As in core 2.0, and as its suite asserts, only imported globals may
be read.
"""

from micropython import const

from .errors import Invalid, Malformed, Unsupported
from .types import F32, F64, FUNCREF, GLOBAL, I32, I64, heaptype

_MAX_OPERANDS = const(32)
_MAX_INSTRUCTIONS = const(256)  # one expression is one step of a load
_M32 = const(0xFFFFFFFF)
_M64 = const(0xFFFFFFFFFFFFFFFF)


def constant(reader, module, wanted, instance=None):
    """The value of the expression of type `wanted` where `reader` stands, as its slots hold it. Moves past it.

    instance    gives the values of globals and functions: global_bits(x), function_offset(x). Without it the
                expression is only validated, and functions that it names are declared in the module.
    """
    types = []
    values = []
    left = _MAX_INSTRUCTIONS
    while True:
        at = reader.at
        op = reader.u8()
        left -= 1
        if left < 0:
            raise Unsupported("constant expression of more than %d instructions" % _MAX_INSTRUCTIONS, at)
        value = 0
        if op == 0x41:  # i32.const
            t = I32
            value = reader.s32() & _M32
        elif op == 0x42:  # i64.const
            t = I64
            value = reader.s64() & _M64
        elif op == 0x43:  # f32.const
            t = F32
            value = reader.f32()
        elif op == 0x44:  # f64.const
            t = F64
            value = reader.f64()
        elif op == 0x23:  # global.get
            x = reader.u32()
            if x >= module.imported[GLOBAL]:
                raise Invalid("unknown global %d: only imported ones may be used here" % x, at)
            t, mutable = module.globals[x]
            if mutable:
                raise Invalid("constant expression required: global %d is mutable" % x, at)
            if instance:
                value = instance.global_bits(x)
        elif op == 0xD0:  # ref.null
            t = heaptype(reader)
        elif op == 0xD2:  # ref.func
            t = FUNCREF
            x = reader.u32()
            module.declare(x, at)
            if instance:
                value = instance.function_offset(x)
        elif op == 0x0B:  # end
            if len(types) != 1 or types[0] != wanted:
                raise Invalid("type mismatch: a constant of type 0x%x expected" % wanted, at)
            return values[0]
        elif 0x6A <= op <= 0x6C or 0x7C <= op <= 0x7E:
            t = I32 if op < 0x70 else I64
            if len(types) < 2 or types.pop() != t or types.pop() != t:
                raise Invalid("type mismatch", at)
            right = values.pop()
            value = _compute(op if t == I32 else op - 0x12, values.pop(), right) & (_M32 if t == I32 else _M64)
        else:
            _refuse(op, at)
        if len(types) == _MAX_OPERANDS:
            raise Unsupported("constant expression with more than %d operands" % _MAX_OPERANDS, at)
        types.append(t)
        values.append(value)


def _compute(op, x, y):
    if op == 0x6A:  # i32.add
        return x + y
    if op == 0x6B:  # i32.sub
        return x - y
    return x * y


def _refuse(op, at):
    if op == 0xFB or op == 0xFD:
        raise Unsupported("constant expression with a %s instruction" % ("GC" if op == 0xFB else "SIMD"), at)
    if _is_opcode(op):
        raise Invalid("constant expression required", at)
    raise Malformed("illegal opcode 0x%x" % op, at)


def _is_opcode(op):
    # Whether a byte begins an instruction of this engine's features (opcodes.csv) or a prefix of others'.
    return (
        op <= 0x11
        and not 0x06 <= op <= 0x0A
        or 0x1A <= op <= 0x1C
        or 0x20 <= op <= 0x26
        or 0x28 <= op <= 0xC4
        or 0xD0 <= op <= 0xD2
        or 0xFB <= op <= 0xFE
    )
