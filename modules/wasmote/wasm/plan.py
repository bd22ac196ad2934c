"""How the Python twin does each A16 operation, for interp.py: three tables by its number, made from operations.py.

KINDS says where its operands are, FORMS where the result goes, EFFECTS is the function between the two: it makes a
result of x and y; a load or store takes the effective address. An operation that stands ALONE reads its operands and
writes its results itself; its form is how many halfwords it has.
"""

from micropython import const

from .access import ACCESSES
from .arena import halves, words
from .bulk import BULK
from .functions import FUNCTIONS
from .operations import operations

# A16 numbers, from scripts/make_tables.py
_SI = const(0)
_TO_S = const(0)
_S = const(1)
_TO_A = const(1)
_SS = const(2)
_TO_L = const(2)
_AS = const(3)
_BACK = const(3)
_FORWARD = const(4)
_LL = const(4)
_LOAD_S = const(5)
_OWN = const(5)
_I = const(6)
_AI = const(7)
_TO_MEMORY = const(7)
_LI = const(8)
_LOAD_L = const(8)
_AT_S = const(9)
_LOAD_L_NEAR = const(9)
_AT_A = const(10)
_TO_MEMORY_WIDE = const(10)
_ALONE = const(11)
_LOAD_WIDE = const(11)
_SA = const(12)
_TO_CELL = const(12)
_SL = const(13)
_TO_CELLS = const(13)
_A = const(14)
_TO_FAR_CELL = const(14)
_TO_FAR_CELLS = const(15)
_W = const(15)
_NONE = const(16)
_L = const(17)
_SSA = const(18)
_SSS = const(19)
_LLA = const(20)
_LLS = const(21)
_W64 = const(22)
_CELL = const(23)
_CELLS = const(24)
_FAR_CELL = const(25)
_FAR_CELLS = const(26)
_ADD = const(27)
_ADD_S = const(28)
_ADD_I = const(29)
_SHIFT_S = const(30)
_SHIFT_A = const(31)
_AT_AS = const(32)
_AT_SS = const(33)
_AT_SL = const(34)
# end of A16 numbers

_BY_OPERANDS = {
    "": _NONE,
    "a": _A,
    "s": _S,
    "i": _I,
    "ss": _SS,
    "as": _AS,
    "si": _SI,
    "ai": _AI,
    "sa": _SA,
    "ssa": _SSA,
    "sss": _SSS,
}
_BY_FORM = {"": _TO_MEMORY, "a": _TO_A, "s": _TO_S, "f": _FORWARD, "b": _BACK}
_BY_FAMILY = {  # operands, form; None: as for others
    "i32_const": (_W, None),
    "i64_const": (_W64, _TO_L),
    "i32_wrap_i64": (_S, None),  # the low slot
    "global_get": (_CELL, None),
    "global_set": (None, _TO_CELL),
    "i64_global_get": (_CELLS, _TO_L),
    "i64_global_set": (_L, _TO_CELLS),
    "imported_global_get": (_FAR_CELL, None),
    "imported_global_set": (None, _TO_FAR_CELL),
    "imported_i64_global_get": (_FAR_CELLS, _TO_L),
    "imported_i64_global_set": (_L, _TO_FAR_CELLS),
}
_PAIRS = {_S: _L, _SS: _LL, _SI: _LI, _SSA: _LLA, _SSS: _LLS}  # the same operands of 64 bits
_ADDRESSES = {_S: _AT_S, _A: _AT_A, _SS: _AT_SS, _AS: _AT_AS}  # the first one plus a halfword
_CONTROLS = ("done", "leave", "enter", "pay", "return", "br_table", "call", "call_import", "call_indirect")
_RELATIONS = ("eqz", "eq", "ne", "lt", "gt", "le", "ge")
_FUSED = {
    "i32_add_br_if": (_ADD, "br_if"),
    "i32_add_br_ne": (_ADD_S, "i32_ne"),
    "i32_add_br_ne_short": (_ADD_I, "i32_ne"),
}


def _same(x, y):
    return x


def _mov2(at, fp, instance):
    words[fp + (halves[at + 1] >> 2)] = words[fp + (halves[at] >> 2)]
    words[fp + (halves[at + 3] >> 2)] = words[fp + (halves[at + 2] >> 2)]


def _add2(at, fp, instance):
    for at in (at, at + 3):  # noqa: B020 - the two
        y = halves[at + 1]
        x = words[fp + (halves[at] >> 2)] + y - (y >> 15 << 16)
        words[fp + (halves[at + 2] >> 2)] = x & 0xFFFFFFFF


_ALONE_TOO = {"i32_mov2": (_mov2, 5), "i32_add2": (_add2, 7)}


def _of(family, operands, form):
    # One operation's row of the three tables.
    if family in _CONTROLS:
        return _OWN, 0, None
    if family in BULK or family in _ALONE_TOO:
        function, size = BULK.get(family) or _ALONE_TOO[family]
        return _ALONE, size, function
    kind = _BY_OPERANDS[operands]
    to = _BY_FORM[form]
    if "_load" in family or "_store" in family:
        return _access(family, kind, to)
    if family in _BY_FAMILY:
        special_kind, special_to = _BY_FAMILY[family]
        return kind if special_kind is None else special_kind, to if special_to is None else special_to, _same
    if family in _FUSED:
        kind, family = _FUSED[family]
        return kind, to, FUNCTIONS[family]
    if family == "i32_shl_add":
        return _SHIFT_S if kind == _SS else _SHIFT_A, to, FUNCTIONS["i32_add"]
    if family == "i64_mov" and kind == _I:  # the immediate is signed
        return kind, _TO_L, FUNCTIONS["i64_extend_i32_s"]
    if family.startswith("br_i32"):
        family = family[3:]
    if family.endswith("_short"):
        family = family[:-6]
    # "result_instruction" or "result_instruction_operand_sign"
    parts = family.split("_")
    wide = [part[1:] == "64" for part in parts if part in ("i32", "i64", "f32", "f64")]
    if wide and wide[-1]:
        kind = _PAIRS[kind]
    if wide and wide[0] and parts[1] not in _RELATIONS:
        to = _TO_L
    return kind, to, (ACCESSES if family in ACCESSES else FUNCTIONS).get(family, _same)


def _access(family, kind, to):
    # That of a load or store: with an offset of a halfword, or of two: `wide`, and all of i64 but those with an addend.
    near = not family.endswith("_wide")
    addend = family.endswith("_at")
    family = family.replace("_wide", "").replace("_at", "")
    if addend:
        kind = _ADDRESSES[kind]
    if "_load" in family:
        if "i64" in family:
            to = _LOAD_L_NEAR if addend else _LOAD_L
        else:
            to = to - _TO_S + _LOAD_S if near else _LOAD_WIDE
    elif family.endswith("i64_store"):
        kind = _AT_SL if addend else _SL
        near = addend
    if to == _TO_MEMORY and not near:
        to = _TO_MEMORY_WIDE
    return kind, to, ACCESSES[family]


KINDS = bytearray()
FORMS = bytearray()
EFFECTS = []
for _operation in operations():
    _kind, _form, _effect = _of(*_operation)
    KINDS.append(_kind)
    FORMS.append(_form)
    EFFECTS.append(_effect)
