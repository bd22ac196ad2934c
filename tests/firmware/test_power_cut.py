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
print(sum, *os.listdir("/components"))
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
            checksum, *files = board.run(LOOKING).split()
            assert int(checksum) in whole
            files.remove("a.wasm")
            received = [f"a.part{checksum:08x}" for checksum in whole]
            assert not files or (len(files) == 1 and files[0] in received), "but for one that may be resumed"


STORING = """
import os
from binascii import crc32
from wasmote.host import Storage
from wasmote.host.wasi.bucket import Bucket
from wasmote.host.wasi.folder import Folder
storage = Storage()
class Store:
    def room(self, more):
        return bucket.size + more <= 2048
    def make_room(self, more):
        return bucket.compact()
try:
    os.mkdir("/store")
except OSError:
    pass
bucket = Bucket(Store(), "/store/b.log")
folder = Folder("/files/a", 65536)
def drive(steps):
    for _ in steps:
        pass
"""

CHANGING = (
    STORING
    + """
open(storage.path("a"), "wb").close()
storage.configure("a", b"{}")
drive(bucket.open())
drive(folder.prepare())
folder.create("f") if "f" not in folder.names("") else None
print("stored")
i = 0
while True:
    i += 1
    drive(bucket.set("n", b"%d" % i * 40))
    drive(bucket.set("m", b"%d" % i * 40))
    drive(folder.write("f", None, bytes([97 + i % 26]) * 100))
    folder.settle()
    if not i % 10:
        drive(folder.resize("f", 500))
    storage.configure("a", b'{"args":["%s"]}' % (b"%d" % i * 40))
"""
)

CHECKING = (
    STORING
    + """
import json
drive(bucket.open())
drive(folder.prepare())
def value(key):
    try:
        steps = bucket.get(key)
        while True:
            next(steps)
    except StopIteration as stop:
        return stop.value
n, m = value("n"), value("m")
size = folder.size("f")
whole = size % 100 == 0 and all([len(set(folder.read("f", at, 100))) == 1 for at in range(0, size, 100)])
config = json.loads(storage.configuration("a")).get("args", [""])[0]
print(n[: len(n) // 40] * 40 == n, m[: len(m) // 40] * 40 == m, int(n[: len(n) // 40]) - int(m[: len(m) // 40]) in (0, 1))
print(whole, config[: len(config) // 40] * 40 == config)
print(sorted(os.listdir("/components")), os.listdir("/files"), os.listdir("/store"))
"""
)


@pytest.mark.slow
def test_a_power_cut_leaves_whole_values_files_and_configurations(flash):
    for seed in range(4):
        with RawBoard("QEMU_M0", flash) as board:
            board.raw_repl()
            board.start(CHANGING)
            board.wait_for(b"stored\r\n")
            time.sleep(random.Random(seed).uniform(0.3, 1.5))  # when the power fails: no board would tell
        with RawBoard("QEMU_M0", flash) as board:
            board.raw_repl()
            assert board.run(CHECKING).splitlines() == [
                "True True True",
                "True True",
                "['a.json', 'a.wasm'] ['a'] ['b.log']",
            ]
