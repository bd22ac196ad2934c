# SPDX-License-Identifier: MIT
"""The benchmark programs: tests/bench/*.c, compiled to WebAssembly and for this machine into build/bench."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "tests/bench"
BUILD = ROOT / "build/bench"

CLANG = os.environ.get("CLANG", "clang")
CC = os.environ.get("CC", "cc")
# No idiom becomes a call of memset, no two operations one: the same work and the same rounding everywhere.
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-fno-builtin", "-ffp-contract=off"]
# WebAssembly 1.0 with a stack of 4 KiB at the bottom, as the example components are linked.
WASM_FLAGS = ["--target=wasm32", "-mcpu=mvp", "-O2", *STRICT, "-nostdlib", "-Wl,--no-entry", "-Wl,--stack-first",
              "-Wl,-z,stack-size=4096", "-Wl,--gc-sections", "-Wl,--strip-all"]  # fmt: skip
NATIVE_FLAGS = ["-O2", *STRICT, "-fno-math-errno", "-shared", "-fPIC", "-fvisibility=hidden"]


@dataclass(frozen=True)
class Program:
    """rounds: on an emulated board; about 5 million instructions of its own. PCs do as many as fill the time."""

    name: str
    about: str
    rounds: int

    @property
    def source(self):
        return SOURCES / f"{self.name}.c"

    @property
    def wasm(self):
        return BUILD / "wasm" / f"{self.name}.wasm"

    @property
    def wide(self):
        """The same with 1 MiB of stack first, as rustc links: a memory of 17 pages."""
        return BUILD / "wasm" / f"{self.name}17.wasm"

    @property
    def native(self):
        return BUILD / "native" / f"{self.name}.so"


PROGRAMS = [
    Program("mix", "CoreMark-like: list, matrix, state machine, CRC-16", 2),
    Program("sha256", "SHA-256 of 1 KiB", 8),
    Program("crc32", "CRC-32 by table, 4 KiB", 20),
    Program("sort", "quicksort and heapsort of 1,000 words", 3),
    Program("json", "JSON tokenizer, 0.6 KB", 60),
    Program("fib", "recursive calls", 10),
    Program("calls", "calls through a table", 100),
    Program("memory", "sieve, moves, strided sums", 2),
    Program("int64", "SipHash, xorshift64*, modular powers", 100),
    Program("fir", "FIR filter, f32", 2),
    Program("nbody", "five bodies, f64", 4),
]


def compile_all(programs=PROGRAMS):
    """Compiles what is out of date."""
    for program in programs:
        _compile(program, program.wasm, [CLANG, *WASM_FLAGS])
        _compile(program, program.wide, [CLANG, *WASM_FLAGS, "-Wl,-z,stack-size=1048576"])
        _compile(program, program.native, [CC, *NATIVE_FLAGS])


def _compile(program, target, command):
    inputs = program.source, SOURCES / "bench.h", Path(__file__)
    if target.exists() and target.stat().st_mtime > max(path.stat().st_mtime for path in inputs):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(f".{os.getpid()}")  # tests may do so at the same time
    tool([*command, "-o", part, program.source])
    part.rename(target)


def tool(command, quiet=False):
    """Runs a compiler; ends the benchmark with what it says if it fails. quiet: its warnings are known."""
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"bench: {Path(command[0]).name} failed:\n{done.stderr.strip()[-2000:]}")
    if done.stderr and not quiet:
        print(done.stderr)


def code_bytes(wasm):
    """Bytes of a module's function bodies, without the locals' declarations: what is translated."""
    return sum(size for _, size in _bodies(wasm))


def _bodies(wasm):
    def leb(at):
        value = shift = 0
        while True:
            byte = wasm[at]
            value |= (byte & 0x7F) << shift
            shift += 7
            at += 1
            if byte < 0x80:
                return value, at

    at = 8
    while at < len(wasm):
        kind = wasm[at]
        size, at = leb(at + 1)
        end = at + size
        if kind == 10:
            count, at = leb(at)
            for _ in range(count):
                size, at = leb(at)
                body, after = at, at + size
                groups, at = leb(at)
                for _ in range(groups):
                    _, at = leb(at)
                    at += 1
                yield body, after - at
                at = after
        at = end
