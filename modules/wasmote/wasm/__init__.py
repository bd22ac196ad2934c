"""WebAssembly modules on a microcontroller: decode, validate, translate to A16, run (design.md, section 3).

store = Store(limit=64)                                     # granules of 1 KiB of the arena
module = Module(Source(open("sum.wasm", "rb")).reader())
instance = drive(Instance.create(store, module, lambda module, name: None))
drive(store.invoke(instance.exports["sum"], [2, 3]))        # -> [5]
store.close()
"""

from .binary import Module
from .engine import NAME as engine
from .engine import engine as _engine
from .errors import Exhaustion, Invalid, Malformed, Trap, Unlinkable, Unsupported, WasmError
from .externs import Function, Global, HostFunction, Memory, Table
from .instance import Instance
from .reader import Reader, Source
from .store import OutOfMemory, Store


def arena_info():
    """(granules of 1 KiB in the arena, free ones)"""
    return _engine.GRANULES, _engine.used(0)


def drive(generator):
    """Runs a generator of this package to its end. Returns what it returns."""
    try:
        while True:
            next(generator)
    except StopIteration as stop:
        return stop.value
