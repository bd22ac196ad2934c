"""WebAssembly modules on a microcontroller: decode, validate, translate to A16, run (design.md, section 3).

instance = instantiate("sum.wasm", limit=16)                # 16 KiB of the arena: api.py, docs/core.md
instance.exports.add(2, 3)                                  # -> 5
instance.close()

Its Module, Instance, Function, Global, Table and Memory are what everybody uses. The layer below, which components use, has
its own of these names in binary.py, instance.py and externs.py: what takes time is a generator, values are raw (values.py).

store = Store(limit=64)
module = binary.Module(Source(open("sum.wasm", "rb")).reader())
instance = drive(instance.Instance.create(store, module, lambda module, name: None))
drive(store.invoke(instance.exports["add"], [2, 3]))        # -> [5]
store.close()
"""

# Lowest first, so that no import is made deep inside of another: a board's C stack has 8 KiB.
# ruff: noqa: I001
from .errors import (
    Exhaustion,
    Interrupt,
    Invalid,
    Malformed,
    OutOfMemory,
    OutOfFuel,
    Stopped,
    Trap,
    Unlinkable,
    Unsupported,
    WasmError,
)
from .engine import NAME as engine
from .engine import engine as _engine
from .reader import Reader, Source
from . import binary
from .bodies import import_translator as _import_translator
from . import backtrace as _backtrace
from .granules import Granules
from .store import Store
from .externs import Memory
from . import instance

if not hasattr(_engine, "translate"):
    _import_translator()  # while the heap is whole


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


# What instantiate() is about, api.py, is imported by its first use: the board's server does without.
_EVERYDAY = ("Exports", "Function", "Global", "Instance", "Module", "Table", "Task", "instantiate", "instantiating")


def __getattr__(name):
    if name not in _EVERYDAY:
        raise AttributeError("module wasm has no attribute " + name)
    # Not `from . import api`: MicroPython asks this function for `api` first, and is not content with AttributeError.
    return getattr(__import__("api", globals(), None, (name,), 1), name)
