"""Random component types and values for tests, with the Canonical ABI's arithmetic written a second time, from the
specification (despecialize, alignment, elem_size, flatten_type), on trees:

    "u8" …   ("list", T)   ("record", T, …)   ("tuple", T, …)   ("variant", T or None, …)   ("option", T)
    ("result", T or None, T or None)   ("enum", n)   ("flags", n)      fields are called f0 …, cases c0 …
    "own"   "borrow"   of a resource r
"""

import struct
from functools import cache

from hypothesis import strategies as st

SIZES = {
    "bool": 1,
    "u8": 1,
    "s8": 1,
    "u16": 2,
    "s16": 2,
    "u32": 4,
    "s32": 4,
    "f32": 4,
    "char": 4,
    "u64": 8,
    "s64": 8,
    "f64": 8,
}
HANDLES = ("own", "borrow")
FLATS = {"u64": "i64", "s64": "i64", "f32": "f32", "f64": "f64"}


def kind(t):
    return t if isinstance(t, str) else t[0]


def cases(t):
    """The payload types of a variant, option or result."""
    return (None, t[1]) if t[0] == "option" else t[1:]


def align_to(n, a):
    return -(-n // a) * a


def tag_size(n):
    return 1 if n <= 256 else 2


def flags_size(n):
    return 1 if n <= 8 else 2 if n <= 16 else 4


def alignment(t):
    k = kind(t)
    if k in SIZES:
        return SIZES[k]
    if k in ("string", "list", *HANDLES):
        return 4
    if k in ("record", "tuple"):
        return max(map(alignment, t[1:]))
    if k == "enum":
        return tag_size(t[1])
    if k == "flags":
        return flags_size(t[1])
    return max([tag_size(len(cases(t)))] + [alignment(c) for c in cases(t) if c])


def size(t):
    k = kind(t)
    if k in SIZES:
        return SIZES[k]
    if k in HANDLES:
        return 4
    if k in ("string", "list"):
        return 8
    if k in ("enum", "flags"):
        return alignment(t)
    n = 0
    if k in ("record", "tuple"):
        for field in t[1:]:
            n = align_to(n, alignment(field)) + size(field)
    else:
        n = tag_size(len(cases(t)))
        n = align_to(n, max([1] + [alignment(c) for c in cases(t) if c]))
        n += max([0] + [size(c) for c in cases(t) if c])
    return align_to(n, alignment(t))


def flatten(t):
    k = kind(t)
    if k in ("string", "list"):
        return ["i32", "i32"]
    if k in SIZES or k in ("enum", "flags", *HANDLES):
        return [FLATS.get(k, "i32")]
    if k in ("record", "tuple"):
        return [f for field in t[1:] for f in flatten(field)]
    flat = []
    for c in cases(t):
        for i, f in enumerate(flatten(c) if c else []):
            if i == len(flat):
                flat.append(f)
            elif flat[i] != f:
                flat[i] = "i32" if {flat[i], f} == {"i32", "f32"} else "i64"
    return ["i32", *flat]


def text(t):
    """The structural text of a type."""
    k = kind(t)
    if isinstance(t, str):
        return f"{t}<r>" if t in HANDLES else t
    if k == "record":
        return "{" + ",".join(f"f{i}:{text(f)}" for i, f in enumerate(t[1:])) + "}"
    if k == "variant":
        return "variant{" + ",".join(f"c{i}({text(c)})" if c else f"c{i}" for i, c in enumerate(t[1:])) + "}"
    if k in ("enum", "flags"):
        return k + "{" + ",".join(f"c{i}" for i in range(t[1])) + "}"
    return k + "<" + ",".join(text(c) if c else "_" for c in t[1:]) + ">"


def function_text(params, result):
    """The structural text of a func type."""
    names = ",".join(f"p{i}:{text(p)}" for i, p in enumerate(params))
    return f"({names})" + (f"->{text(result)}" if result else "")


class Wat:
    """Type definitions in the component text format, of a component or `inside` an instance type.

    Types that must have a name to be exported get one.
    """

    def __init__(self, inside=False):
        self.inside = inside
        self.lines = []

    def type(self, t):
        """How to refer to the type."""
        if isinstance(t, str):
            return f"({t} $r)" if t in HANDLES else t
        k = t[0]
        if k in ("enum", "flags"):
            body = " ".join(f'"c{i}"' for i in range(t[1]))
        elif k == "record":
            body = " ".join(f'(field "f{i}" {self.type(f)})' for i, f in enumerate(t[1:]))
        elif k == "variant":
            body = " ".join(f'(case "c{i}" {self.type(c)})' if c else f'(case "c{i}")' for i, c in enumerate(t[1:]))
        elif k == "result":
            body = (self.type(t[1]) if t[1] else "") + (f" (error {self.type(t[2])})" if t[2] else "")
        else:
            body = " ".join(self.type(part) for part in t[1:])
        n = len(self.lines)
        name = "$raw" if k in ("enum", "flags", "record", "variant") else "$t"
        self.lines.append(f"(type {name}{n} ({k} {body}))")
        if name == "$raw" and self.inside:
            self.lines.append(f'(export "t{n}" (type $t{n} (eq $raw{n})))')
        elif name == "$raw":
            self.lines.append(f'(export $t{n} "t{n}" (type $raw{n}))')
        return f"$t{n}"


# -- strategies

SCALARS = st.sampled_from(list(SIZES))
LEAVES = st.one_of(
    st.sampled_from([*SIZES, "string", "string", "u8"]),
    st.tuples(st.just("enum"), st.sampled_from([1, 2, 9, 256, 257, 300])),
    st.tuples(st.just("flags"), st.integers(1, 32)),
)


@cache
def _branches(inner):
    payload = st.one_of(st.none(), inner)
    return st.one_of(
        st.tuples(st.just("list"), inner),
        st.tuples(st.just("option"), inner),
        st.tuples(st.just("result"), payload, payload),
        st.lists(inner, min_size=1, max_size=4).map(lambda parts: ("record", *parts)),
        st.lists(inner, min_size=1, max_size=4).map(lambda parts: ("tuple", *parts)),
        st.lists(payload, min_size=1, max_size=4).map(lambda parts: ("variant", *parts)),
        st.tuples(payload, inner).map(lambda parts: ("variant", parts[0], *[None] * 255, parts[1])),
    )


@cache
def types(leaves=LEAVES, handles=()):
    """Types; with handles of these kinds."""
    if handles:
        leaves = st.one_of(leaves, st.sampled_from(handles))
    return st.recursive(leaves, _branches, max_leaves=8)


def _narrow(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


@cache
def values(t):
    """Values of a type, as canonical.py has them."""
    k = kind(t)
    if k == "bool":
        return st.booleans()
    if k == "string":
        return st.text(max_size=6)
    if k == "char":
        return st.characters(codec="utf-8")
    if k == "f32":
        return st.floats(width=32, allow_nan=False)
    if k == "f64":
        return st.floats(allow_nan=False)
    if k in SIZES:
        bits = int(k[1:])
        return st.integers(0, 2**bits - 1) if k[0] == "u" else st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if k in HANDLES:
        return st.integers(0, 2**32 - 1)
    if k == "enum":
        return st.integers(0, t[1] - 1)
    if k == "flags":
        return st.integers(0, 2 ** t[1] - 1)
    if k == "list":
        return st.binary(max_size=6) if t[1] == "u8" else st.lists(values(t[1]), max_size=3)
    if k in ("record", "tuple"):
        return st.tuples(*map(values, t[1:]))
    if k == "option":
        some = values(t[1])
        return st.one_of(st.none(), some.map(lambda v: (v,)) if kind(t[1]) == "option" else some)
    some = [i for i, c in enumerate(t[1:]) if c or i < 4 or i == 255]
    return st.one_of(*[st.tuples(st.just(i), values(t[1 + i]) if t[1 + i] else st.none()) for i in some])


def reps(t, v):
    """The resources in a value, in the order in which they are lowered."""
    k = kind(t)
    if k in HANDLES:
        return [v]
    if k == "list" and not isinstance(v, bytes):
        parts = [(t[1], x) for x in v]
    elif k in ("record", "tuple"):
        parts = zip(t[1:], v, strict=True)
    elif k == "option" and v is not None:
        parts = [(t[1], v[0] if kind(t[1]) == "option" else v)]
    elif k in ("variant", "result"):
        parts = [(cases(t)[v[0]], v[1])] if cases(t)[v[0]] else []
    else:
        parts = []
    return [rep for part, x in parts for rep in reps(part, x)]
