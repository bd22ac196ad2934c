# SPDX-License-Identifier: MIT
"""What the engine in SRAM would gain on an RP2040, whose firmware runs from a flash chip: a model, as QEMU has no cache.

QEMU counts instructions and, by the plugin xip_cache.c, what a cache as the RP2040's would miss of code and constants. A miss
costs MISS cycles: a line of 8 bytes over QSPI at half the core's clock, 28 of its clocks (8 address and mode, 4 to wait,
16 data: the W25Q080's quad continuous read that the Pico's second boot stage sets up). Instructions count one cycle each.

    build/venv/bin/python scripts/bench/xip.py [PROGRAM…]        prints docs/performance.md's table
"""

import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from emulated import SETUP, SHIFT
from engine_build import firmware_with
from programs import BUILD, CC, PROGRAMS, compile_all
from raw_board import RawBoard, new_flash

BOARD = "QEMU_M0"
MISS = 56
NAMES = ["mix", "json", "calls", "fir", "nbody"]
HEADS = ["program", "lines missed a thousand instructions, flash", "SRAM", "cycles saved"]

# As guests run: in slices, with the Python between them. Rounds in one call, so that two calls differ by rounds alone.
LOAD = """
store = wasm.Store(90)
source = wasm.Source(open('/program.wasm', 'rb'))
module = wasm.binary.Module(source.reader())
instance = wasm.drive(wasm.instance.Instance.create(store, module, lambda module, name: None))
timed.endless = False
timed.us = 0
def go(rounds):
    gc.collect()
    wasm.drive(store.invoke(instance.exports['run'], [rounds]))
"""


def plugin():
    """The plugin, compiled."""
    built = BUILD / "xip_cache.so"
    built.parent.mkdir(parents=True, exist_ok=True)
    source = Path(__file__).with_name("xip_cache.c")
    subprocess.run([CC, "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", built, source], check=True)
    return built


def count(program, firmware=None):
    """(instructions, lines missed) of `program.rounds` rounds."""
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder) / "counted"
        counted.touch()
        extra = ("-icount", f"shift={SHIFT},sleep=off", "-plugin", f"{plugin()},to={counted}")
        with RawBoard(BOARD, new_flash(Path(folder) / "flash"), extra=extra, firmware=firmware) as machine:
            machine.raw_repl()
            machine.run(SETUP)
            machine.put_file("/program.wasm", program.wasm.read_bytes())
            machine.run(LOAD, timeout=120)
            seen = [0, 0, 0]
            costs = []
            for rounds in (program.rounds, program.rounds, 2 * program.rounds):
                machine.run(f"go({rounds})", timeout=300)
                now = struct.unpack("<3Q", counted.read_bytes()[:24])
                costs.append((now[0] - seen[0], now[2] - seen[2]))
                seen = now
    (_, once, twice) = costs
    return twice[0] - once[0], twice[1] - once[1]


def measure(names=NAMES):
    """{program: {"flash", "sram": (instructions, lines missed)}}."""
    in_sram = firmware_with(BOARD, "-DWASM_EXEC_IN_RAM=1", "in-ram")
    programs = [program for program in PROGRAMS if program.name in names]
    return {program.name: {"flash": count(program), "sram": count(program, in_sram)} for program in programs}


def lines(results):
    for name, one in results.items():
        (instructions, missed), (in_sram, missed_sram) = one["flash"], one["sram"]
        saved = 1 - (in_sram + MISS * missed_sram) / (instructions + MISS * missed)
        yield [
            name,
            f"{1000 * missed / instructions:.2f}",
            f"{1000 * missed_sram / in_sram:.2f}",
            f"{100 * saved:.1f} %",
        ]


if __name__ == "__main__":
    import report

    selected = [program for program in PROGRAMS if program.name in (sys.argv[1:] or NAMES)]
    compile_all(selected)
    print("\n".join(report.table(HEADS, list(lines(measure([program.name for program in selected]))))))
