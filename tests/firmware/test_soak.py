# SPDX-License-Identifier: MIT
"""A board's long day: 20,000 calls of two components in turn, 1,000 loads, traps and restarts between them.

QEMU_M0 and QEMU_M3 run side by side, each a whole MCP server that its own driver feeds with messages: no line speed is
in it. Everything is counted on the board. From call 1,000 to the end the arena and the handles are as they were, and the
heap, after a collection, too.
"""

import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
from raw_board import RawBoard, new_flash

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "build/wasm-tools/wasm-tools"
DRIVER = Path(__file__).with_name("soak_driver.py").read_text()
BOARDS = ["QEMU_M0", "QEMU_M3"]
SMALL = "(component (core module $m (memory 1) (func $f (i32.store (i32.const 9) (i32.const 1))) (start $f)) (core instance (instantiate $m)))"
CALLS, STEP, LOADS = 20_000, 1000, 1000
TRAPS = LOADS // 50 + 1
# Bytes of heap: a stale word on the C stack may keep something of a load, once; most runs differ by none. A block of 16 bytes
# leaked at each load would come to 16,000.
FLAT = 2048


def prepare(board, small):
    board.raw_repl()
    board.run("from wasmote.host import Storage\nStorage()")  # makes the folder
    board.put_file("/components/small.wasm", small)
    for name in ("textkit", "faults"):
        board.put_file(f"/components/{name}.wasm", (ROOT / f"build/examples/{name}.wasm").read_bytes())
    board.run(DRIVER)
    for name in ("textkit", "faults"):
        board.run(f"manage('wasmote/load', '{name}', 'ready')")


@pytest.mark.slow
@pytest.mark.timeout(2000)
def test_memory_is_flat_over_20000_calls_and_1000_loads(tmp_path):
    small = subprocess.run([TOOL, "parse", "-"], input=SMALL.encode(), capture_output=True, check=True).stdout
    with ExitStack() as stack:
        boards = [stack.enter_context(RawBoard(name, new_flash(tmp_path / name))) for name in BOARDS]
        for board in boards:
            prepare(board, small)
        steps = [f"calls({at}, {STEP}); figures({at + STEP})" for at in range(0, CALLS, STEP)]
        steps.insert(len(steps) // 2, f"cycles({LOADS})")
        for board in boards:
            board.start("\n".join(["cycles(1)", *steps]))
        output = [board.finish(timeout=1800) for board in boards]
        for name, board, lines in zip(BOARDS, boards, output, strict=True):
            rows = [list(map(int, line.split())) for line in lines.splitlines()]
            print(name, *rows, sep="\n")
            assert board.run("print(wrong)") == "[]\n"
            assert [row[0] for row in rows] == list(range(STEP, CALLS + 1, STEP))
            arena_and_handles = {tuple(row[1:-1]) for row in rows}
            assert len(arena_and_handles) == 1, "arena granules and handles, the same at each look"
            heap = [row[-1] for row in rows]
            assert max(heap) - min(heap) <= FLAT
            assert board.run("print(counters('faults'))") == f"{CALLS // 2 + 2 * TRAPS} {TRAPS} {TRAPS}\n"
