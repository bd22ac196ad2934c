"""Types of more parts than are read in one step. Imported with the first of them: most interfaces have none."""

from micropython import const

from . import binary
from .table import check_count
from .types import ENUM, FLAGS, FUNC, RECORD, TUPLE, VARIANT

_STEP = const(8)  # parts
_PARTS = {  # by code: kind, for binary.some_parts, and what they are called
    RECORD: (0, "record field"),
    FUNC: (0, "function parameter"),
    VARIANT: (1, "variant case"),
    ENUM: (2, "enum tag"),
    FLAGS: (2, "flag"),
    TUPLE: (3, ""),
}


def long_type(reader, space):
    """A generator: the type that comes next."""
    at = reader.at
    code = reader.u8()
    kind, what = _PARTS[code]
    start = reader.at
    count = reader.count()
    check_count(count, count if kind == 0 or kind == 3 else 0, at)
    seen = set()
    labels = []
    types = []
    for done in range(0, count, _STEP):
        found, some = binary.some_parts(reader, space, kind, min(_STEP, count - done))
        binary.check_labels(found, what, start, seen)
        labels.append(found)
        types += some
        yield
    labels = b"".join(labels)
    table = space.table
    if code == FUNC:
        return binary.function_type(reader, space, labels, types, at)
    if kind == 2:
        return table.labels(labels, count, code, at)
    if code == VARIANT:
        return table.variant(labels, types, at)
    return table.record(labels if kind == 0 else None, types, at)
