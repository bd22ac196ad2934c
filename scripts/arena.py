#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a loaded component has in the arena, byte for byte: which part of the host asked for it, and what lies idle.

    scripts/arena.py [--memory=KIB] build/examples/thermometer.wasm [TOOL [ARGUMENTS]]

The layout is a board's: the Python engine, which runs here, allocates and translates as the C engine does. With a TOOL,
it is called first, so that what a call leaves behind is counted too.
"""

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "modules"), str(ROOT / "tests/shims")]
os.environ["WASMOTE_ENGINE"] = "python"

from wasmote.host import Host, Storage  # noqa: E402
from wasmote.jsonrpc import validate  # noqa: E402
from wasmote.wasm import arena_info, drive, interp, memory  # noqa: E402

# Who asks, by file and function: the innermost of these on the stack says what for.
PURPOSES = {
    ("store", "new_stack"): "stack",
    ("bodies", "_in_python"): "code",
    ("instance", "_records"): "functions",
    ("instance", "_allocate"): "instances",
    ("instance", "_array"): "imports, tables",
    ("instance", "_globals"): "globals",
    ("externs", "__init__"): "host functions",
    ("externs", "new"): "tables, memories",
    ("segments", "_records"): "segments",
    ("segments", "_element"): "segments",
    ("segments", "_data"): "segments",
    ("memory", "memory_new"): "page maps",
    ("memory", "touch"): "page maps",
    ("__init__", "keep"): "type descriptors",
    ("__init__", "allocate"): "handles",
    ("entries", "keep"): "texts of tools",
}
MEMORY = "linear memory"


class Watch:
    """Counts what is asked for: bytes and times by (owner, purpose)."""

    def __init__(self):
        self.bytes = Counter()
        self.times = Counter()
        interp.alloc = memory.alloc = self.watch(interp.alloc, lambda owner, size: size + 7 & ~7)
        memory.take = self.watch(memory.take, lambda owner, count, hint: 1024 * count, MEMORY)
        memory.row = self.watch(memory.row, lambda owner, count, reserve: 1024 * count, MEMORY)

    def watch(self, function, size_of, purpose=None):
        def counted(owner, *arguments):
            answer = function(owner, *arguments)
            if answer:
                key = owner, purpose or asker(sys._getframe(1))
                self.bytes[key] += size_of(owner, *arguments)
                self.times[key] += 1
            return answer

        return counted


def asker(frame):
    while frame:
        code = frame.f_code
        purpose = PURPOSES.get((Path(code.co_filename).stem, code.co_name))
        if purpose:
            return purpose
        frame = frame.f_back
    return "other"


def report(watch, guest, stack):
    owners = [store.owner for store in (guest.store, guest.runtime.texts) if store]
    if not owners:  # a program that has run to its end: what it had
        owners = {owner for owner, purpose in watch.bytes if purpose != "stack"}
    rows = [(size, purpose, watch.times[owner, purpose])
            for (owner, purpose), size in watch.bytes.items() if owner in owners]  # fmt: skip
    for size, purpose, times in sorted(rows, reverse=True):
        print(f"{size:8,}  {purpose} ({times})")
    memory = guest.memory or guest.entry()["peakMemoryBytes"] // 1024
    print(f"{1024 * memory - sum(size for size, *_ in rows):8,}  idle")
    print(f"{1024 * memory:8,}  bytes: {memory} KiB, and a stack of {stack or 4} KiB, shared by all components")


def main(file, tool=None, arguments="{}", memory=64):
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Storage(folder), memory * 1024, validate=validate)
        free = arena_info()[1]
        drive(host.load_file(file))
        if tool:
            content, _ = drive(host.call_tool(tool, arguments.encode()))
            print(*content)
        (guest,) = host.guests
        report(watch, guest, free - arena_info()[1] - guest.memory)


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(__doc__)
    limit = [int(one.removeprefix("--memory=")) for one in sys.argv if one.startswith("--memory=")]
    main(*(one for one in sys.argv[1:] if not one.startswith("--")), memory=(limit or [64])[0])
