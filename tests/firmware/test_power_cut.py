# SPDX-License-Identifier: MIT
"""The power fails while components are being written to the flash: littlefs and Storage leave the old file or the new one."""

import random
import time
import zlib

import pytest
from raw_board import RawBoard

WRITING = """
from binascii import crc32
from wasmote.host import Storage
storage = Storage()
def put(name, data):
    for at in range(0, len(data), 1000):
        storage.receive(name, len(data), at, data[at : at + 1000], crc32(data))
    for _ in storage.verify(name):
        pass
    storage.commit(name)
put("a", b"old" * 3000)
print("stored")
while True:
    put("a", b"new" * 5000)
    put("a", b"old" * 3000)
"""

LOOKING = """
import os
from binascii import crc32
with open("/components/a.wasm", "rb") as file:
    sum = crc32(file.read())
from wasmote.host import Storage
storage = Storage()
print(sum, os.listdir("/components"))
"""


@pytest.mark.slow
def test_a_power_cut_leaves_the_old_component_or_the_new_one(flash):
    whole = {zlib.crc32(b"old" * 3000), zlib.crc32(b"new" * 5000)}
    for seed in range(6):
        with RawBoard("QEMU_M0", flash) as board:
            board.raw_repl()
            board.start(WRITING)
            board.wait_for(b"stored\r\n")
            time.sleep(random.Random(seed).uniform(0.05, 0.6))  # when the power fails: no board would tell
        with RawBoard("QEMU_M0", flash) as board:
            board.raw_repl()
            checksum, files = board.run(LOOKING).strip().split(" ", 1)
            assert int(checksum) in whole
            assert files == "['a.wasm']", "what was being received is gone"
