"""Both engines in one process: the C engine compiled for CPython (tests/shims/_wasm.py) and its Python twin."""

import sys
from contextlib import contextmanager

import _wasm
from wasmote.wasm import interp

ENGINES = {"c": _wasm, "python": interp}


@contextmanager
def using(name):
    """Everything in wasmote uses this engine, its arena empty, until the end of the block."""
    wanted = ENGINES[name]
    wanted.reset()
    changed = []
    for module in [module for key, module in sys.modules.items() if key.startswith("wasmote.")]:
        for attribute in ("engine", "_engine"):
            found = getattr(module, attribute, None)
            if found is _wasm or found is interp:
                changed.append((module, attribute, found))
                setattr(module, attribute, wanted)
    try:
        yield wanted
    finally:
        for module, attribute, found in changed:
            setattr(module, attribute, found)
        wanted.reset()
