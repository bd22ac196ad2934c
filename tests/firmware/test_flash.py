# SPDX-License-Identifier: MIT
"""Promises of the emulated flash chip, and of the file system on it."""

import time

import pytest
from raw_board import RawBoard, new_flash


def test_files_are_there_after_a_reset(board):
    board.write_file("/note", "kept")
    board.reset()
    assert board.run("print(open('/note').read())") == "kept\n"


def test_files_are_there_in_another_qemu(name, flash):
    with RawBoard(name, flash) as board:
        board.raw_repl()
        board.write_file("/note", "kept")
    with RawBoard(name, flash) as board:
        board.raw_repl()
        assert board.run("print(open('/note').read())") == "kept\n"


@pytest.mark.parametrize("after_ms", [5, 20, 45])
def test_killed_while_writing_the_flash_keeps_whole_files_only(name, flash, after_ms):
    write = """
import os
n = 0
print('go')
while True:
    with open('/new', 'w') as file:
        file.write('%06d' % n * 300)
    os.rename('/new', '/file')
    n += 1
"""
    with RawBoard(name, flash) as board:
        board.raw_repl()
        board.write_file("/file", "000000" * 300)
        board.write_file("/other", "kept")
        board.start(write)
        board.wait_for(b"go")
        time.sleep(after_ms / 1000)
    with RawBoard(name, flash) as board:
        board.raw_repl()
        assert board.run("text = open('/file').read(); print(text == text[:6] * 300)") == "True\n"
        assert board.run("print(open('/other').read())") == "kept\n"


def test_programming_only_clears_bits_and_erasing_sets_them(board):
    code = """
import emulated
flash = emulated.Flash()
blocks = flash.ioctl(4, 0)
last = blocks - 1
flash.ioctl(6, last)
byte = bytearray(2)
flash.writeblocks(last, b'\\xf0\\x3c', 100)
flash.writeblocks(last, b'\\x3c', 100)
flash.readblocks(last, byte, 100)
print(blocks, flash.ioctl(5, 0), byte)
flash.ioctl(6, last)
flash.readblocks(last, byte, 100)
print(byte)
"""
    assert board.run(code) == "352 4096 bytearray(b'0<')\nbytearray(b'\\xff\\xff')\n"


def test_reading_past_the_chip_is_refused(board):
    with pytest.raises(RuntimeError, match="EINVAL"):
        board.run("import emulated; emulated.Flash().readblocks(351, bytearray(4097))")


@pytest.mark.parametrize(
    "chip, message",
    [
        (None, "start QEMU with"),
        ("missing", "does not open"),
        ("odd", "not a multiple of 4096"),
    ],
)
def test_a_board_without_a_usable_chip_says_why_and_still_boots(name, tmp_path, chip, message):
    if chip == "odd":
        (tmp_path / "odd").write_bytes(b"\xff" * 5000)
    with RawBoard(name, tmp_path / chip if chip else None) as board:
        board.raw_repl()
        with pytest.raises(RuntimeError, match=message):
            board.run("import emulated; emulated.Flash()")


def test_a_chip_of_another_size_is_used_whole(name, tmp_path):
    with RawBoard(name, new_flash(tmp_path / "small", blocks=32)) as board:
        board.raw_repl()
        assert board.run("import os; print(os.statvfs('/')[:3])") == "(4096, 4096, 32)\n"
