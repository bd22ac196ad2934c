"""A16 code of one body as it is written: halfwords in pages, operations, labels.

The translator is one record, here called t, and functions over it: a method costs a board three times the look-ups of
a function.
"""

from array import array

from micropython import const

from .errors import Unsupported

NOTHING = const(-1)  # last_op where a label is: what comes next is no pair with what came before

# Numbers of the C engine, from scripts/make_tables.py
_MAX_CODE = const(65280)
# end of numbers
_PAGE = const(512)  # halfwords
_IN_PAGE = const(511)
_WHOLE = const(505)  # an operation that begins here or before lies in its page


class Emitter:
    """What the functions here and in operands.py work on. Writes the code of one body after the other."""

    def __init__(self, handlers):
        self.handlers = array("H", handlers)
        self.pages = [array("H", bytes(2 * _PAGE))]  # of code: no block of a board's heap has to be larger
        self.find = -1  # locate(): position in the code whose instruction is wanted
        # Operands, by index: room for some, operands.py makes more.
        self.room = 32
        self.types = bytearray(32)
        self.kinds = bytearray(32)
        self.values = [0] * 32  # local index or constant
        self.slots = array("H", bytes(64))  # byte offset of the home
        self.below = array("H", bytes(64))  # of an operand in a local: index + 1 of the next one below in that local
        self.above = array("H", bytes(64))  # and of the next one above; valid unless it is the uppermost
        self.reset()

    def reset(self):
        self.n = 0  # halfwords of code
        self.page = self.pages[0]  # where the next one goes
        self.pc = 0  # offset of the instruction in the file
        self.found = 0
        self.last = 0  # where the operation emitted last begins, and which it is: some pairs become one
        self.last_op = NOTHING
        self.paid = 0  # where the last `pay` since a label counts its units, or 0
        self.last_to = 0  # where it puts its result, if it was the pending one
        self.sp = 0
        self.top = 0  # byte offset of the next home
        self.frame = 0
        self.settled = 0  # operands below are at home
        self.pending = -1
        self.chain = 0  # what resolve() left over, and where it leads
        self.chain_to = 0
        self.entries = 0  # of a br_table, to come; with ways to its labels
        self.owed = 0  # instructions that the values which the last ones passed count as
        self.local_slots = array("H")
        self.heads = array("H")  # index + 1 of the uppermost operand that is still in this local
        self.floor = 0  # operands below belong to outer blocks
        self.endless = False  # a branch was passed: operands of any type may be popped (appendix: unreachable)
        self.dead = False  # nothing is emitted

    def copy_code(self, put, at):
        """Hands the code to put(offset, halfwords), from offset `at` on."""
        for n in range(0, self.n, _PAGE):
            put(at + 2 * n, memoryview(self.pages[n >> 9])[: min(_PAGE, self.n - n)])


def emit(t, op, pc, count=0, a=0, b=0, c=0, d=0):
    """Writes an operation with `count` of its operands, halfwords; put() adds more."""
    n = t.n
    if n > _MAX_CODE:
        raise Unsupported("function of more than 65,280 halfwords of code", pc)
    if n <= t.find:
        t.found = pc
    t.last = n
    t.last_op = op
    i = n & _IN_PAGE
    if i > _WHOLE:
        put(t, t.handlers[op])
        for x in (a, b, c, d)[:count]:
            put(t, x)
        return
    page = t.page
    page[i] = t.handlers[op]
    if count:
        page[i + 1] = a
        if count > 1:
            page[i + 2] = b
            if count > 2:
                page[i + 3] = c
                if count > 3:
                    page[i + 4] = d
    t.n = n + 1 + count


def replace_last(t, op):
    """Makes `op` of the operation emitted last; more operands follow it."""
    patch(t, t.last, t.handlers[op])
    t.last_op = op


def put(t, halfword):
    n = t.n
    t.page[n & _IN_PAGE] = halfword
    t.n = n = n + 1
    if not n & _IN_PAGE:
        if n >> 9 == len(t.pages):
            t.pages.append(array("H", bytes(2 * _PAGE)))
        t.page = t.pages[n >> 9]


def patch(t, n, halfword):
    """Writes halfword n again. Returns what stood there."""
    page = t.pages[n >> 9]
    before = page[n & _IN_PAGE]
    page[n & _IN_PAGE] = halfword
    return before


def label(t):
    """Code that comes next may be reached from elsewhere."""
    t.last_op = NOTHING
    t.paid = 0


# Labels: a chain of the halfwords that wait for one runs through the code; 0 ends it.


def put_chained(t, chain):
    """Puts a branch's distance that is not known yet. Returns the new head of the chain."""
    at = t.n
    put(t, chain)
    return at


def put_back(t, target):
    """Puts a branch's distance to a position before it."""
    put(t, _distance(t, t.n, target))


def resolve(t, chain):
    """The label of this chain is here: of its first branch; the others wait for resolve_more()."""
    if chain:
        label(t)
    t.chain = patch(t, chain, _distance(t, chain, t.n)) if chain else 0
    t.chain_to = t.n


def resolve_more(t):
    """Resolves one more branch of a chain: it may be as long as the code. See Translator.step."""
    t.chain = patch(t, t.chain, _distance(t, t.chain, t.chain_to))


def _distance(t, start, target):
    if not -0x8000 <= target - start < 0x8000:
        raise Unsupported("branch over more than 32,767 halfwords of code", t.pc)
    return target - start & 0xFFFF
