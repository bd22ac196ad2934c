"""error-code of wasi:filesystem: numbers, and what the board's own errors are in it."""

from micropython import const

ACCESS = const(0)
BAD_DESCRIPTOR = const(3)
BUSY = const(4)
QUOTA = const(6)
EXIST = const(7)
ILLEGAL_BYTE_SEQUENCE = const(9)
INVALID = const(12)
IO = const(13)
IS_DIRECTORY = const(14)
NAME_TOO_LONG = const(18)
NO_ENTRY = const(20)
INSUFFICIENT_MEMORY = const(22)
INSUFFICIENT_SPACE = const(23)
NOT_DIRECTORY = const(24)
NOT_EMPTY = const(25)
UNSUPPORTED = const(27)
NOT_PERMITTED = const(31)
READ_ONLY = const(33)

_CODES = bytes(  # errno, error-code
    (1, NOT_PERMITTED, 2, NO_ENTRY, 5, IO, 12, INSUFFICIENT_MEMORY, 13, ACCESS, 16, BUSY, 17, EXIST)
    + (20, NOT_DIRECTORY, 21, IS_DIRECTORY, 22, INVALID, 28, INSUFFICIENT_SPACE, 30, READ_ONLY, 36, NAME_TOO_LONG)
    + (39, NOT_EMPTY)
)


class Failure(OSError):
    """An operation that was not carried out, with its error-code."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def code_of(error):
    """The error-code of an OSError."""
    if isinstance(error, Failure):
        return error.code
    number = error.args[0] if error.args else 0
    for i in range(0, len(_CODES), 2):
        if _CODES[i] == number:
            return _CODES[i + 1]
    return IO
