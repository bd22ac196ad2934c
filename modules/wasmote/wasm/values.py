"""Values between Python and slots, cells and tables of the arena (core specification 4.2.1).

    i32, i64     unsigned ints; any int is taken modulo 2^32 or 2^64
    f32, f64     the bit pattern, as an unsigned int
    funcref      a Function, or None; in the arena the offset of its function_t, or 0
    externref    a number of the host's, 0 to 2^32 - 2, or None; in the arena that number + 1, or 0

i64 and f64 take 8 bytes, all else 4.
"""

from micropython import const

from .engine import engine
from .types import FUNC

_I32 = const(0x7F)
_I64 = const(0x7E)
_F64 = const(0x7C)
_FUNCREF = const(0x70)
_EXTERNREF = const(0x6F)
# Numbers of the C engine, from scripts/make_tables.py
_AT_FUNCTION_INSTANCE = const(4)
_AT_FUNCTION_TYPE = const(8)
# end of numbers


class Function:
    """A function of a store: what is exported, imported, referred to. Two are equal when they are the same one.

    type    (params, results), bytes of value types
    """

    kind = FUNC

    def __init__(self, store, at, functype):
        self.store = store
        self.at = at
        self.type = functype

    def is_of(self, store):
        """Whether it is a function of this store: in no other it may be called or kept, where it would dangle."""
        return self.store is store

    def __eq__(self, other):
        return isinstance(other, Function) and self.at == other.at

    def __hash__(self):
        return self.at


def function_at(store, at):
    """The Function whose function_t is at offset `at`; None at 0."""
    if not at:
        return None
    if not engine.get(at):
        return store.host_functions[engine.get(at + _AT_FUNCTION_INSTANCE)]
    return Function(store, at, store.types[engine.get(at + _AT_FUNCTION_TYPE) - 1])


def put_bits(at, t, bits):
    """Writes what a slot of type `t` holds, an unsigned int, to offset `at`. Returns the offset after it."""
    engine.set(at, bits & 0xFFFFFFFF)
    if t == _I64 or t == _F64:
        engine.set(at + 4, (bits >> 32) & 0xFFFFFFFF)
        return at + 8
    return at + 4


def get_bits(at, t):
    """What the slot of type `t` at offset `at` holds, an unsigned int."""
    bits = engine.get(at)
    if t == _I64 or t == _F64:
        bits |= engine.get(at + 4) << 32
    return bits


def to_bits(store, t, value):
    """What a slot of type `t` holds for a value. Raises TypeError if it is no reference of this type in this store."""
    if t == _FUNCREF:
        if value is None:
            return 0
        if not isinstance(value, Function) or not value.is_of(store):
            raise TypeError("a funcref is a Function of this store or None")
        return value.at
    if t == _EXTERNREF:
        if value is None:
            return 0
        if not 0 <= value < 0xFFFFFFFF:
            raise TypeError("an externref is a number from 0 to 2^32 - 2, or None")
        return value + 1
    return value


def from_bits(store, t, bits):
    """The value of type `t` that a slot holds as `bits`."""
    if t == _FUNCREF:
        return function_at(store, bits)
    if t == _EXTERNREF:
        return bits - 1 if bits else None
    return bits


def put_value(store, at, t, value):
    """Writes a value of type `t` to offset `at`. Returns the offset after it. Raises TypeError as to_bits() does."""
    return put_bits(at, t, to_bits(store, t, value))


def get_value(store, at, t):
    """The value of type `t` at offset `at`."""
    return from_bits(store, t, get_bits(at, t))


def to_words(store, types, values):
    """The words of the slots that hold values of these types."""
    words = []
    for i, t in enumerate(types):
        bits = to_bits(store, t, values[i])
        words.append(bits & 0xFFFFFFFF)
        if t == _I64 or t == _F64:
            words.append(bits >> 32 & 0xFFFFFFFF)
    return words


def get_values(store, at, types):
    """The values of these types in the slots from offset `at` on."""
    values = []
    for t in types:
        if t == _I32:
            values.append(engine.get(at))
        else:
            values.append(from_bits(store, t, get_bits(at, t)))
        at += 8 if t == _I64 or t == _F64 else 4
    return values
