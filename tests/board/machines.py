"""Machines for A16 programs, laid out alike in the arenas of the C engine and of its Python twin."""

from array import array

import _wasm
from wasmote.wasm import interp
from wasmote.wasm.operations import operations

ENGINES = (_wasm, interp)
DONE, TRAP, HOST_CALL, OUT_OF_FUEL = range(4)
NUMBERS = {operation: number for number, operation in enumerate(operations())}
DONE_STUB = 1024
OWNER_OF = 1668  # in the header: a byte per granule
SPARSE = 0xFFFF  # `reserve` of memory_new: more than any limit leaves
STATE_FUEL = 24
HANDLERS = {engine: array("H", engine.handlers()) for engine in ENGINES}
DATA = bytes(n * 7 & 0xFF for n in range(3000))  # of the first data segment
RETURN = (("return", "", ""),)


class Machine:
    """One owner with a memory, two tables, segments, globals, two instances and room for code."""

    def __init__(self, engine, limit=40, pages=2, reserve=SPARSE, shift=16, most=4):
        self.engine = engine
        engine.reset()
        self.owner = engine.claim(limit)
        alloc = self.alloc
        self.state = alloc(28)
        self.stack = alloc(512)
        self.far = alloc(8)
        self.globals = self.row(1, 2, 3, self.far)
        self.instance = alloc(28)
        self.other = alloc(28)
        self.code = alloc(512)
        self.records = self.row(self.code + 256, self.instance, 1)
        self.foreign = self.row(self.code + 384, self.other, 2)
        self.host = self.row(0, 5, 3)
        self.imports = self.row(self.foreign, self.host)
        elements = self.row(self.records, 0, self.foreign, self.host)
        self.small = self.row(4, 5, elements, self.owner, 4)
        self.large = self.row(700, 800, self.row(*range(700)), self.owner, 700)
        self.tables = self.row(self.small, self.large)
        data = alloc(3000)
        engine.put(data, DATA)
        self.data = self.row(data, 3000, 0, 0)
        self.elements = self.row(self.row(*range(5000, 5600)), 600, 0, 0)
        self.memory = engine.memory_new(self.owner, pages, most, shift, reserve) if pages else 0
        for at, memory in ((self.instance, self.memory), (self.other, 0)):
            parts = self.records, self.imports, self.tables, self.globals, self.data, self.elements
            self.words(at, memory, *parts)
        self.handlers = HANDLERS[engine]

    def alloc(self, size):
        at = self.engine.alloc(self.owner, size)
        assert at
        return at

    def row(self, *values):
        return self.words(self.alloc(4 * len(values)), *values)

    def words(self, at, *values):
        self.engine.put(at, array("I", values))
        return at

    def write(self, at, operations):
        """Puts operations there: ((family, mode, form), halfword…). Returns the offset after them."""
        for name, *operands in operations:
            row = [self.handlers[NUMBERS[name]]] + [n & 0xFFFF for n in operands]
            self.engine.put(at, array("H", row))
            at += 2 * len(row)
        return at

    def start(self, frame=()):
        self.words(self.stack, *frame)
        top = self.stack + 512 - 8
        self.words(top, DONE_STUB, self.stack)
        self.words(self.state, self.code, self.stack, top, self.instance, 0, 0, 0)

    def resume(self, fuel=100):
        """How a slice ends, and all that it left: (why, state, stack, everything that the owner has)."""
        why = self.engine.run(self.state, fuel)
        return why, bytes(self.engine.view(self.state, 28)), bytes(self.engine.view(self.stack, 512)), self.owned()

    def owned(self):
        """The owner's granules, but for the code: its handlers differ."""
        region = bytes(self.engine.view(0, 96 * 1024))
        region = region[: self.code] + bytes(512) + region[self.code + 512 :]
        owners = region[OWNER_OF : OWNER_OF + 96]
        return owners, [region[1024 * n : 1024 * (n + 1)] for n, owner in enumerate(owners) if owner == self.owner]

    def fuel(self):
        """What the last slice left over."""
        fuel = self.engine.get(self.state + STATE_FUEL)
        return fuel - 2**32 if fuel >> 31 else fuel

    def slots(self, count):
        """The first slots of the frame."""
        return array("I", bytes(self.engine.view(self.stack, 4 * count))).tolist()

    def written(self, size):
        """What the memory holds."""
        held = bytearray(size)
        assert self.engine.memory_read(self.memory, 0, held) == 0
        return bytes(held)


def machines(program, frame=(), **kind):
    """A Machine per engine, about to run `program`: offset of code -> operations."""
    out = [Machine(engine, **kind) for engine in ENGINES]
    for machine in out:
        for at, code in program.items():
            machine.write(machine.code + at, code)
        machine.start(frame)
    return out


def both(program, frame=(), fuel=100, **kind):
    """Runs `program` on both engines, which must agree. Returns how it ended, the state, the stack, and the C engine's
    machine."""
    pair = machines(program, frame, **kind)
    one, two = (machine.resume(fuel) for machine in pair)
    assert one == two
    return *one[:3], pair[0]
