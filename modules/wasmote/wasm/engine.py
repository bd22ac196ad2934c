"""The engine that runs A16 code: the C module, or its Python twin where the firmware has none.

WASMOTE_ENGINE=python in the environment (unix) takes the twin. Interface: firmware/wasm/modwasm.c.
"""

import os

from micropython import const

try:
    if hasattr(os, "getenv") and os.getenv("WASMOTE_ENGINE") == "python":
        raise ImportError
    import _wasm as engine

    NAME = "c"
except ImportError:
    from . import interp as engine

    NAME = "python"

engine.reset()
GRANULE = const(1024)
