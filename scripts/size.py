#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Flash and RAM of emulated boards per layer of the design, from the linker's map of build/firmware/BOARD.

    scripts/size.py QEMU_M0 QEMU_M3

Flash is what stays in the image, initial values of .data too. RAM is .data and .bss; heap and stack take what the
linker leaves of 256 KiB. A frozen layer counts bytecode and constants; names and viper code lie together for all.
"""

import re
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENGINE_BUDGET = 40 * 1024  # design.md, section 9: the engine's code on Cortex-M0, whose flash is the scarcest
BUDGETED = "QEMU_M0"

PACKAGES = ["wasm", "component", "host", "mcp", "jsonrpc", "link"]
ENGINE, ARENA, HEAP, STACK = "engine (C, _wasm)", "arena", "GC heap", "C stack"
LOAD = "load, heap (C)"
NAMES, PORT, CORE = "frozen names, viper", "emulated port", "MicroPython"
ROWS = [ENGINE, LOAD, *(f"wasmote.{package}" for package in PACKAGES), "wasmote", NAMES, PORT, CORE, ARENA, HEAP, STACK]


def placed_sections(text):
    """(output section, input section, bytes, object file) of every piece in the image."""
    text = text.split("Linker script and memory map", 1)[1]
    text = re.sub(r"\n (\.\S+)\n +", r"\n \1 ", text)  # the linker breaks the line after a long name
    output = ""
    for line in text.splitlines():
        if match := re.match(r"(\.\w+)\b", line):
            output = match[1]
        elif match := re.match(r" (\.\S+|COMMON|\*fill\*)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) ?(.*)", line):
            yield output, match[1], int(match[2], 16), match[3]


def symbol(text, name):
    return int(re.search(rf"0x([0-9a-f]+)\s+{name}\b", text)[1], 16)


def row_of(section, file):
    if section == ".bss.arena":
        return ARENA
    if re.search(r"/wasm/\w+\.o$", file):
        return ENGINE
    if re.search(r"/(component|heap)/\w+\.o$", file):
        return LOAD
    if file.endswith("frozen_content.o"):
        if match := re.search(r"wasmote_(\w+?)_", section):
            return f"wasmote.{match[1]}" if match[1] in PACKAGES else "wasmote"
        return NAMES
    return PORT if re.search(r"firmware/\w+/\w+\.o$|ports/qemu/", file) else CORE


def measure(board):
    """({row: bytes of flash}, {row: bytes of RAM})"""
    text = (ROOT / "build/firmware" / board / "firmware.map").read_text()
    flash, ram = Counter(), Counter()
    for output, section, size, file in placed_sections(text):
        row = row_of(section, file)
        if output in (".text", ".data"):
            flash[row] += size
        if output in (".data", ".bss"):
            ram[row] += size
    ram[HEAP] = symbol(text, "_heap_end") - symbol(text, "_ebss")
    ram[STACK] = symbol(text, "_estack") - symbol(text, "_heap_end")
    return flash, ram


def report(boards):
    sizes = {board: measure(board) for board in boards}
    line = "{:22}" + "{:>16}{:>10}" * len(boards)
    print(line.format("bytes", *(cell for board in boards for cell in (f"{board} flash", "RAM"))))
    for row in [*ROWS, "total"]:
        cells = []
        for flash, ram in sizes.values():
            pair = (flash.total(), ram.total()) if row == "total" else (flash[row], ram[row])
            cells += [f"{size:,}" if size else "-" for size in pair]
        print(line.format(row, *cells))
    if BUDGETED in sizes:
        share = sizes[BUDGETED][0][ENGINE] / ENGINE_BUDGET
        print(f"engine on {BUDGETED}: {share:.0%} of its budget of {ENGINE_BUDGET:,} bytes")


if __name__ == "__main__":
    try:
        report(sys.argv[1:] or ["QEMU_M0", "QEMU_M3"])
    except FileNotFoundError as error:
        sys.exit(f"size: {error.filename} is not there: make firmware")
