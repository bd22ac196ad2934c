"""The engine that runs A16 code: the C module, or its Python twin where the firmware has none.

WASMOTE_ENGINE=python in the environment (unix) takes the twin. Interface: firmware/wasm/modwasm.c.
"""

import os

from micropython import const

DONE = const(0)  # how a run ends
TRAP = const(1)
HOST_CALL = const(2)
OUT_OF_FUEL = const(3)

IP = const(0)  # state_t, in bytes
FP = const(4)
RP = const(8)
INSTANCE = const(12)
DETAIL = const(16)
ARGS = const(20)
FUEL = const(24)
STATE_SIZE = const(28)

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
