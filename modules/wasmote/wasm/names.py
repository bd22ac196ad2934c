"""Names of functions, for people who read a trap: from the name section (core specification, appendix), when asked."""

from micropython import const

from .errors import Malformed
from .reader import is_utf8

_FUNCTIONS = const(1)  # the subsection
_STEP = const(32)  # names read between two yields
_LONGEST = const(100)  # bytes of a name that are kept


def function_name(module, x):
    """A generator: yields while it looks, returns the name of function `x`, cut to 100 bytes, or None.

    A name section that is not well formed names nothing, as the specification has it: it is no reason to fail.
    Raises OSError when the file is gone.
    """
    if module.names is None:
        return None
    try:
        reader = module.reader.fork(*module.names)
        while reader.at < reader.end:
            kind = reader.u8()
            names = reader.sized()
            if kind == _FUNCTIONS:
                return (yield from _find(names, x))
            yield
    except Malformed:
        pass
    return None


def _find(names, x):
    for i in range(names.count()):
        found = names.u32()  # in ascending order
        size = names.u32()
        if found == x:
            return _text(names.bytes(min(size, _LONGEST)))
        if found > x:
            break
        names.skip(size)
        if i % _STEP == _STEP - 1:
            yield
    return None


def _text(data):
    for cut in range(min(4, len(data))):  # the limit may fall inside of a character
        part = data[: len(data) - cut]
        if is_utf8(part):
            return str(part, "utf-8")
    return None
