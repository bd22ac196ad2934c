"""The failures of WebAssembly, one class per assertion of the specification's test suite.

    Malformed     the bytes are not a module              assert_malformed
    Invalid       a module that does not validate         assert_invalid
    Unlinkable    an import is missing or does not fit    assert_unlinkable
    Trap          guest code ended itself                 assert_trap
    Exhaustion    the Trap "call stack exhausted"         assert_exhaustion
    Unsupported   correct, but of a feature that this engine does not have

And one that is nobody's failure: Stopped, a call that reached a limit (OutOfFuel, Interrupt) and may go on.

`what` begins with the suite's own text, `offset` is the position in the file: "integer too large at offset 0x1f2".
"""


class WasmError(Exception):
    """Whatever a guest, or a file that claims to be one, can be blamed for."""


class _InFile(WasmError):
    def __init__(self, what, offset):
        super().__init__("%s at offset 0x%x" % (what, offset))
        self.what = what
        self.offset = offset


class Malformed(_InFile):
    """The binary format (core specification, chapter 5) is violated at `offset`."""


class Invalid(_InFile):
    """The validation rules (chapter 3) are violated at `offset`."""


class Unsupported(_InFile):
    """The file uses a feature outside of this engine's: `what` names it."""


class Unlinkable(WasmError):
    """An import is unknown or of an incompatible type: `what` names it."""

    def __init__(self, what):
        super().__init__(what)
        self.what = what


class OutOfMemory(Unlinkable):
    """The component's limits, or the arena, are too small for what the module needs to start."""


class Trap(WasmError):
    """Guest code trapped.

    "out of bounds memory access: in read_sensor at offset 0x1a2, called by main, start"

    what      the specification's text
    detail    why, where the text does not say it; or None
    frames    [(name or index of a function, offset of the instruction in the file or None)], the newest first, at most
              8; empty until Store.invoke fills it
    """

    def __init__(self, what, detail=None):
        super().__init__("%s: %s" % (what, detail) if detail else what)
        self.what = what
        self.detail = detail
        self.frames = []

    def came_from(self, frames, sentence):
        """The functions under way when it happened: `sentence` says so in words."""
        self.frames = frames
        where = "%s, %s" % (self.detail, sentence) if self.detail else sentence
        super().__init__("%s: %s" % (self.what, where))


class Exhaustion(Trap):
    """The guest's stack is used up."""

    def __init__(self):
        super().__init__("call stack exhausted")


class Stopped(WasmError):
    """A limit stopped a call between two slices (calls.py). Nothing is lost: it may be resumed, or dropped."""


class OutOfFuel(Stopped):
    """The call used up its fuel."""


class Interrupt(Stopped):
    """The call's time is over, or somebody interrupted it."""


def too_deep(error):
    """Whether a RuntimeError says that the stack of the board's own Python is used up: in C, or of frames ("pystack")."""
    text = str(error)
    return "recursion" in text or "pystack" in text
