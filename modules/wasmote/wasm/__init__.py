"""WebAssembly modules on a microcontroller: decode, validate, translate to A16, run (design.md, section 3).

instance = instantiate("sum.wasm", limit=16)                # 16 KiB of the arena: api.py, docs/core.md
instance.exports.add(2, 3)                                  # -> 5
instance.close()

The layer below, which components use: what takes time is a generator, values are raw (values.py).

store = Store(limit=64)
module = Module(Source(open("sum.wasm", "rb")).reader())
instance = drive(Instance.create(store, module, lambda module, name: None))
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
from .binary import Module
from .bodies import import_translator as _import_translator
from . import backtrace as _backtrace
from .granules import Granules
from .store import Store
from .externs import Function, Global, HostFunction, Memory, Table
from .instance import Instance

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


# api.py is imported by its first use: the board's server does without.


def instantiate(source, imports=None, limit=64, stack=4096, store=None):
    """An instance of a module, for everyday use: see api.py and docs/core.md."""
    from .api import instantiate

    return instantiate(source, imports, limit, stack, store)


def instantiating(source, imports=None, limit=64, stack=4096, store=None):
    """instantiate() for programs that have other things to do meanwhile: `await` it, or `yield from` it."""
    from .api import instantiating

    return instantiating(source, imports, limit, stack, store)
