"""Whatever a guest does to its files, Linux does the same: random programs on both, result by result, byte by byte."""

import os
import random

import pytest
from wasmote.host import Storage
from wasmote.host.imports import Imports
from wasmote.host.wasi.failures import code_of
from wasmote.host.wasi.folder import Folder
from wasmote.wasm import drive

USUAL = ("a", "b", "d", "d/a")  # few, so that they meet each other
PATHS = 3 * USUAL + ("d/e", "d/e/a", "a/x", "./a", "d/../b", "d//a", "d/.", "a/", "d/")
READ, WRITE = 1, 2
CREATE, DIRECTORY, EXCLUSIVE, TRUNCATE = 1, 2, 4, 8
FLAGS = {CREATE: os.O_CREAT, DIRECTORY: os.O_DIRECTORY, EXCLUSIVE: os.O_EXCL, TRUNCATE: os.O_TRUNC}
HOW = (0, CREATE, CREATE, CREATE | EXCLUSIVE, CREATE | TRUNCATE, TRUNCATE, DIRECTORY)


def step(chance):
    """One random operation."""
    what = chance.choice(
        ("open", "open", "close", "write", "read", "resize", "mkdir", "rmdir", "unlink", "size", "rename")
    )
    slot, size, path = chance.randrange(4), chance.randrange(9000), chance.choice(PATHS)
    if what == "open":
        return what, slot, path, chance.choice(HOW)
    if what == "close":
        return what, slot
    if what == "write":
        return what, slot, size, chance.randbytes(chance.randrange(300))
    if what in ("read", "resize"):
        return what, slot, size
    return (what, path, chance.choice(PATHS)) if what == "rename" else (what, path)


class Guest:
    """What an Imports needs of one."""

    name = "it"

    def __init__(self, folder):
        self.guest = self.config = self.host = self
        self.files = 1 << 20
        self.storage = Storage(folder + "/components")


class Board:
    def __init__(self, folder):
        self.files = Imports(Guest(folder), ()).owner("wasi.filesystem", "Filesystem")
        ((self.root, _),) = drive(self.files.get_directories())
        self.open = {}

    def call(self, method, *values):
        result = self.files.guard(method, getattr(self.files, method))(*values)
        return drive(result) if hasattr(result, "send") else result

    def step(self, what, *values):
        if what == "open":
            slot, path, how = values
            self.step("close", slot)
            failed, value = self.call("open_at", self.root, 0, path, how, READ if how == DIRECTORY else READ | WRITE)
            if not failed:
                self.open[slot] = value
            return (1, value) if failed else (0, None)
        if what == "close":
            rep = self.open.pop(values[0], None)
            if rep is not None:
                self.files.drop_descriptor(rep)
            return None
        if what in ("write", "read", "resize"):
            rep = self.open.get(values[0])
            if rep is None or self.files.descriptors[rep].directory:
                return None
            if what == "write":
                return self.call("write", rep, values[2], values[1])
            if what == "resize":
                return self.call("set_size", rep, values[1])
            failed, value = self.call("read", rep, 2000, values[1])
            return failed, value if failed else value[0]
        if what == "rename":
            return self.call("rename_at", self.root, values[0], self.root, values[1])
        if what == "size":
            failed, value = self.call("stat_at", self.root, 0, values[0])
            return failed, value if failed else (value[0] == 3, value[2])
        method = {"mkdir": "create_directory_at", "rmdir": "remove_directory_at", "unlink": "unlink_file_at"}[what]
        return self.call(method, self.root, values[0])


class Linux:
    def __init__(self, folder):
        self.root = os.open(folder, os.O_RDONLY)
        self.open = {}

    def step(self, what, *values):
        try:
            return self.did(what, *values)
        except OSError as error:
            return 1, code_of(error)

    def did(self, what, *values):
        if what == "open":
            slot, path, how = values
            self.did("close", slot)
            flags = sum(FLAGS[flag] for flag in FLAGS if how & flag)
            self.open[slot] = os.open(path, flags | (os.O_RDONLY if how == DIRECTORY else os.O_RDWR), dir_fd=self.root)
            return 0, None
        if what == "close":
            fd = self.open.pop(values[0], None)
            if fd is not None:
                os.close(fd)
            return None
        if what in ("write", "read", "resize"):
            fd = self.open.get(values[0])
            if fd is None or os.fstat(fd).st_mode & 0xF000 == 0x4000:
                return None
            if what == "write":
                if not values[2]:  # writes no byte, and makes no gap either
                    return 0, 0
                return 0, os.pwrite(fd, values[2], values[1])
            if what == "resize":
                return 0, os.ftruncate(fd, values[1])
            return 0, os.pread(fd, 2000, values[1])
        if what == "rename":
            return 0, os.rename(values[0], values[1], src_dir_fd=self.root, dst_dir_fd=self.root)
        if what == "size":
            found = os.stat(values[0], dir_fd=self.root)
            directory = found.st_mode & 0xF000 == 0x4000
            return 0, (directory, 0 if directory else found.st_size)
        return 0, {"mkdir": os.mkdir, "rmdir": os.rmdir, "unlink": os.unlink}[what](values[0], dir_fd=self.root)


def content(folder):
    found = {}
    for path, _, files in os.walk(folder):
        found[os.path.relpath(path, folder)] = None
        for file in files:
            with open(os.path.join(path, file), "rb") as opened:
                found[os.path.relpath(opened.name, folder)] = opened.read()
    return found


@pytest.mark.parametrize("seed", range(40))
def test_files_do_what_those_of_linux_do(seed, tmp_path):
    (tmp_path / "linux").mkdir()
    board, linux = Board(str(tmp_path)), Linux(tmp_path / "linux")
    chance = random.Random(seed)
    try:
        for _ in range(80):
            one = step(chance)
            ours, theirs = board.step(*one), linux.step(*one)
            # Of two reasons against a rename, or against a path with a slash at its end, either may be told.
            either = one[0] == "rename" or str(one[1]).endswith("/") or one[0] == "open" and one[2].endswith("/")
            assert ours == theirs or (either and ours[0] and theirs[0]), one
        board.files.settle()
        assert content(tmp_path / "files" / "it") == content(tmp_path / "linux")
        for slot in list(board.open):
            board.step("close", slot)
        again = Folder(str(tmp_path / "files" / "it"), 1 << 20)
        drive(again.prepare())
        assert again.used == board.files.folder.used, "it counts what is there"
        assert os.listdir(tmp_path / "files") == ["it"]
    finally:
        for fd in [*linux.open.values(), linux.root]:
            os.close(fd)
