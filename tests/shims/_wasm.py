"""The C engine for CPython: firmware/wasm compiled as a shared library, with the interface of modwasm.c.

WASM_SANITIZE=shift,bounds,… in the environment compiles it with those sanitizers; a slip then ends the process.
WASM_CFLAGS="-O2 …" adds flags to the compiler's.
"""

import ctypes
import os
import subprocess
import time
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_SOURCES = sorted(path for path in (_ROOT / "firmware/wasm").glob("*.c") if path.name != "modwasm.c")
_LIBRARY = _ROOT / "build/tests/libwasm.so"
OUT_OF_FUEL = 3
_BETWEEN_LOOKS = 1 << 18  # at the clock: that of modwasm.c is for a Cortex-M0, which takes 64 times as long
GRANULES = int(os.environ.get("WASM_ARENA_KB", "96"))
_SANITIZE = os.environ.get("WASM_SANITIZE", "")
_CFLAGS = os.environ.get("WASM_CFLAGS", "").split()


def _build():
    inputs = [*_SOURCES, *(_ROOT / "firmware/wasm").glob("*.h")]
    library = _LIBRARY.with_suffix(f".{GRANULES}{_SANITIZE}{''.join(_CFLAGS).replace('/', '')}.so")
    if not library.exists() or library.stat().st_mtime < max(path.stat().st_mtime for path in inputs):
        library.parent.mkdir(parents=True, exist_ok=True)
        part = library.with_suffix(f".{os.getpid()}")
        plain = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}  # not into the compiler
        checks = [f"-fsanitize={_SANITIZE}", "-fsanitize-undefined-trap-on-error"] if _SANITIZE else []
        subprocess.run(["cc", *checks, "-shared", "-fPIC", "-g", "-Wall", "-Werror", f"-DWASM_ARENA_KB={GRANULES}",
                        "-fvisibility=default", *_CFLAGS, *map(str, _SOURCES), "-o", str(part)], check=True, env=plain)  # fmt: skip
        part.rename(library)
    return ctypes.CDLL(str(library))


_lib = _build()
_u32 = ctypes.c_uint32
for _name in (
    "arena_alloc",
    "arena_claim",
    "arena_used",
    "arena_peak",
    "exec_enter",
    "memory_new",
    "translate_open",
    "memory_grow",
    "table_grow",
):
    getattr(_lib, _name).restype = _u32
_lib.exec_handler.restype = ctypes.c_uint16
_lib.arena_start.restype = ctypes.POINTER(ctypes.c_uint8 * (GRANULES * 1024))
_arena = _lib.arena_start().contents
_bytes = memoryview(_arena).cast("B")
_base = ctypes.addressof(_arena)
_COUNT = sum(line.startswith("A16(") for line in (_ROOT / "firmware/wasm/a16.h").read_text().splitlines())


def reset():
    _lib.arena_reset()


def handlers():
    return b"".join(_lib.exec_handler(i).to_bytes(2, "little") for i in range(_COUNT))


def view(offset, size):
    if offset + size > len(_bytes):
        raise ValueError("offset is not in the arena")
    return _bytes[offset : offset + size]


def _word(offset):
    if offset & 3:
        raise ValueError("offset is not that of a word")
    return view(offset, 4)


def get(offset):
    return int.from_bytes(_word(offset), "little")


def set(offset, word):
    _word(offset)[:] = (word & 0xFFFFFFFF).to_bytes(4, "little")


def put(offset, data):
    data = memoryview(data).cast("B")
    view(offset, len(data))[:] = data


def claim(limit):
    return _lib.arena_claim(_u32(limit))


def release(owner):
    _lib.arena_release(_u32(owner))


def alloc(owner, size):
    return _lib.arena_alloc(_u32(owner), _u32(size))


def used(owner):
    return _lib.arena_used(_u32(owner))


def peak(owner):
    return _lib.arena_peak(_u32(owner))


def memory_new(owner, least, most, shift, reserve):
    return _lib.memory_new(_u32(owner), _u32(least), _u32(most), _u32(shift), _u32(reserve))


def memory_grow(memory, delta):
    return _lib.memory_grow(_pointer(memory), _u32(delta))


def table_grow(table, value, delta):
    return _lib.table_grow(_pointer(table), _u32(value), _u32(delta))


def _pointer(offset):
    return ctypes.c_void_p(_base + offset)


def memory_read(memory, address, buffer):
    buffer = memoryview(buffer).cast("B")
    copy = (ctypes.c_uint8 * len(buffer))()
    trap = _lib.memory_read(_pointer(memory), _u32(address), copy, ctypes.c_size_t(len(buffer)))
    if not trap:
        buffer[:] = bytes(copy)
    return trap


def memory_write(memory, address, data):
    data = bytes(data)
    return _lib.memory_write(_pointer(memory), _u32(address), data, ctypes.c_size_t(len(data)))


def run(state, fuel, us=None):
    began = time.perf_counter_ns()
    left = ctypes.c_int32.from_address(_base + state + 24)  # state_t: fuel
    while True:
        piece = fuel if us is None else min(fuel, _BETWEEN_LOOKS)
        how = _lib.exec_run(_pointer(state), ctypes.c_int32(piece))
        last = piece == fuel
        fuel += left.value - piece
        if how != OUT_OF_FUEL or last or fuel < 0 or time.perf_counter_ns() - began >= 1000 * us:
            left.value = fuel
            return how


def enter(state, function, at, words):
    view(at, 4 * len(words))
    words = [word & 0xFFFFFFFF for word in words]
    entry = _lib.exec_enter(_pointer(state), _pointer(function), _u32(at), _u32(at + 4 * len(words)))
    if entry:
        for i, word in enumerate(words):
            set(at + 4 * i, word)
    return entry


def leave(state, entry):
    view(entry, 24)
    _lib.exec_leave(_pointer(state), _u32(entry))


def translate_open(owner, granules, module):
    module = bytes(module)
    return _lib.translate_open(_u32(owner), _u32(granules), module, _u32(len(module)))


def translate_begin(scratch, index, offset, end, find):
    _lib.translate_begin(_u32(scratch), _u32(index), _u32(offset), _u32(end), ctypes.c_int32(find))


def translate(scratch, n):
    return _lib.translate(_u32(scratch), _u32(n))
