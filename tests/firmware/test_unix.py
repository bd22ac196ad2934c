# SPDX-License-Identifier: MIT
"""Promises of the board that runs on this machine."""

import os
import subprocess

from wasmote.ports import emulator


def micropython(*arguments, **environment):
    program = emulator.firmware_file("unix", "micropython")
    return subprocess.run(
        [program, *arguments], env=os.environ | environment, capture_output=True, text=True, timeout=60
    )


def test_has_the_modules_that_wasmote_needs():
    names = "array binascii errno gc hashlib io json micropython os select struct sys time vfs _wasm"
    assert micropython("-c", f"import {names.replace(' ', ', ')}; print('all')").stdout == "all\n"


def test_a_folder_is_the_flash(tmp_path):
    (tmp_path / "note").write_text("kept")
    code = "import _boot, os; print(os.getcwd(), os.listdir('/'), open('/note').read())"
    assert micropython("-c", code, WASMOTE_FLASH=str(tmp_path)).stdout == "/ ['note'] kept\n"


def test_a_missing_folder_is_named(tmp_path):
    result = micropython("-m", "main", WASMOTE_FLASH=str(tmp_path / "none"))
    assert result.returncode == 1
    assert "no such folder" in result.stdout
