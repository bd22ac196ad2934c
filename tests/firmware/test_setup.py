# SPDX-License-Identifier: MIT
"""Promises of scripts/setup: what it says when something is wrong, and that a second run changes nothing."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def step(script, **environment):
    return subprocess.run(
        [ROOT / "scripts" / script], env=os.environ | environment, capture_output=True, text=True, timeout=120
    )


def test_a_second_run_changes_nothing():
    assert step("setup.sh").returncode == 0
    made = "micropython venv/installed node/installed wasm-tools/wasm-tools zig/installed assemblyscript/installed jco/installed"
    marks = [ROOT / "build" / name for name in made.split()]
    before = [mark.stat().st_mtime_ns for mark in marks]
    again = step("setup.sh")
    assert again.returncode == 0
    assert "installing" not in again.stdout
    assert "downloading" not in again.stdout
    assert [mark.stat().st_mtime_ns for mark in marks] == before


def test_a_wrong_micropython_folder_is_named(tmp_path):
    result = step("setup/micropython.sh", MICROPYTHON_DIR=str(tmp_path))
    assert result.returncode == 1
    assert f"MICROPYTHON_DIR={tmp_path} holds no MicroPython sources" in result.stderr


def test_a_wrong_wasm_tools_is_named():
    result = step("setup/wasm_tools.sh", WASM_TOOLS="true")
    assert result.returncode == 1
    assert "WASM_TOOLS=true is not wasm-tools >= 1.239" in result.stderr


def test_an_unknown_board_is_answered_with_the_list():
    result = subprocess.run(
        [ROOT / "scripts/build_firmware.sh", "QEMU_M9"], capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 1
    assert "no board QEMU_M9: there are QEMU_M0 QEMU_M3 QEMU_RV32 unix" in result.stderr
