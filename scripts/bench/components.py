# SPDX-License-Identifier: MIT
"""The example components on QEMU_M0: what loading one takes and what it has then.

Loading is from the file on the flash to the end of the guest's start, in instructions. A component is loaded twice, and
the second load counts: what stays imported of the host is there, what the GC heap has less is the component's own. The
arena's figure is the component's share; the stack of 4 KiB is one for all. A16 code is what scripts/arena.py finds on the
PC, where the translator's Python twin makes the same code.
"""

import json
import re
import subprocess
import sys

import emulated
from programs import ROOT

EXAMPLES = ROOT / "build/examples"
MADE_WITH = {  # in the order of the table
    "thermometer": "C",
    "textkit": "C",
    "interview": "C",
    "notebook": "C",
    "courier": "C",
    "rust_layout": "C, linked as by rustc: 17 pages",
    "modbus": "C, wasi-libc, printf",
    "cron": "C++20, libc++",
    "checksum": "Zig",
    "life": "AssemblyScript",
    "resistor": "Rust, no_std",
    "bootlog": "C, wasi-libc, wasi:cli/run",
}
LIMIT = {"bootlog": 84}  # KiB; others need no more than the host's default
DEFAULT = 64

ON_THE_BOARD = """
import gc, json, wasmote
from time import ticks_us, ticks_diff
host = wasmote.Host(memory_limit={limit} * 1024)
host.load('/{name}.wasm').unload()
gc.collect()
free = gc.mem_free()
began = ticks_us()
server = host.load('/{name}.wasm')
took = ticks_diff(ticks_us(), began)
gc.collect()
print(json.dumps([took, host.host.guests[0].entry()['peakMemoryBytes'] // 1024, free - gc.mem_free()]))
"""


def core_bytes(name):
    """Bytes of the core module that the compiler made, without what is for debuggers."""
    core = EXAMPLES / f"core/{name}.wasm"
    stripped = subprocess.run(
        [ROOT / "build/wasm-tools/wasm-tools", "strip", "-a", core], capture_output=True, check=True
    )
    return len(stripped.stdout)


def code_bytes(name):
    """Bytes of A16 of all core modules in a component."""
    command = [
        sys.executable,
        ROOT / "scripts/arena.py",
        f"--memory={LIMIT.get(name, DEFAULT)}",
        EXAMPLES / f"{name}.wasm",
    ]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return int(re.search(r"([\d,]+)  code ", printed)[1].replace(",", ""))


def measure(board="QEMU_M0"):
    """{name: {"file", "core", "load" (instructions), "code", "arena" (KiB), "heap"}}"""
    found = {}
    for name in MADE_WITH:
        file = EXAMPLES / f"{name}.wasm"
        if not file.exists():
            continue  # Rust, where there is no target for it
        with emulated.board(board) as machine:
            machine.put_file(f"/{name}.wasm", file.read_bytes())
            script = ON_THE_BOARD.format(name=name, limit=LIMIT.get(name, DEFAULT))
            took, arena, heap = json.loads(machine.run(script, timeout=120).strip().split("\n")[-1])
        found[name] = {
            "file": file.stat().st_size,
            "core": core_bytes(name),
            "load": took * emulated.PER_US,
            "code": code_bytes(name),
            "arena": arena,
            "heap": heap,
        }
    return found


def lines(found):
    """The table's rows."""
    for name, one in found.items():
        yield [name, MADE_WITH[name], f"{one['file']:,}", f"{one['core']:,}", f"{one['code']:,}", f"{one['arena']} KiB",
               f"{one['heap']:,}", f"{one['load'] / 1e6:.1f} M", f"{one['load'] / 1e6 / emulated.CLOCK_MHZ:.2f} s"]  # fmt: skip


HEADS = (
    "component",
    "made with",
    "file",
    "core module",
    "A16 code",
    "arena",
    "GC heap",
    "instructions to load",
    "at 125 MHz",
)

if __name__ == "__main__":  # this table alone, half a minute; --docs writes it into the docs
    import report

    results = {"components": measure()}
    print("\n".join(report.component_table(results)))
    if "--docs" in sys.argv:
        report.write(results, ["components"])
