# SPDX-License-Identifier: MIT
"""Questions whose clients do not come back take no memory of QEMU_M0 with them, however many there are."""

from pathlib import Path

import pytest
from raw_board import RawBoard, new_flash

ROOT = Path(__file__).resolve().parents[2]
DRIVER = Path(__file__).with_name("questions_driver.py").read_text()
CALLS, STEP = 360, 60
NOISE = 512  # bytes of heap


@pytest.mark.slow
def test_memory_is_flat_over_questions_that_nobody_answers(tmp_path):
    with RawBoard("QEMU_M0", new_flash(tmp_path / "flash")) as board:
        board.raw_repl()
        board.run("from wasmote.host import Storage\nStorage()")  # makes the folder
        board.put_file("/components/questions.wasm", (ROOT / "build/conformance/questions.wasm").read_bytes())
        board.run(DRIVER)
        board.run("from wasmote.wasm import drive\ndrive(host.boot())\nserver.ready()", timeout=60)
        rows = []
        for at in range(0, CALLS, STEP):
            output = board.run(f"calls({at}, {STEP}); figures({at + STEP})", timeout=120)
            rows.append([int(figure) for figure in output.split()])
        print(*rows, sep="\n")
        assert board.run("print(wrong)") == "[]\n"
        assert [row[0] for row in rows] == list(range(STEP, CALLS + 1, STEP))
        assert len({row[1] for row in rows}) == 1, "arena granules, the same at each look"
        assert max(row[2] for row in rows[-3:]) >= rows[0][2] - NOISE, "one look may be low: see test_soak"
