"""The malloc of examples/libc/wasmote_heap.c against a model: what is in use never overlaps, moves with its bytes, comes back."""

import random
import subprocess
from pathlib import Path

import pytest

wasmtime = pytest.importorskip("wasmtime", reason="pip install wasmtime: runs the allocator")

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ("malloc", "free", "calloc", "realloc")
PAGE = 65536


class Heap:
    """The allocator alone, as a core module."""

    def __init__(self, file):
        store = wasmtime.Store()
        store.set_limits(memory_size=64 * PAGE)
        exports = wasmtime.Instance(store, wasmtime.Module.from_file(store.engine, str(file)), []).exports(store)
        for name in FUNCTIONS:
            function = exports[name]
            setattr(self, name, lambda *arguments, call=function: call(store, *arguments))
        self.memory = exports["memory"]
        self.store = store

    def size(self):
        return self.memory.data_len(self.store)

    def read(self, at, size):
        return bytes(self.memory.read(self.store, at, at + size))

    def write(self, at, data):
        self.memory.write(self.store, data, at)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    made = tmp_path_factory.mktemp("heap") / "heap.wasm"
    exports = [f"-Wl,--export={name}" for name in FUNCTIONS]
    flags = ["--target=wasm32-wasi", "-mcpu=mvp", "-Oz", "-fno-builtin", "-nostartfiles", "-Wl,--no-entry"]
    subprocess.run(["clang", *flags, *exports, "-o", made, ROOT / "examples/libc/wasmote_heap.c"], check=True)
    return made


@pytest.fixture
def heap(file):
    return Heap(file)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("somebody_else_grows", [False, True])
def test_blocks_in_use_never_overlap_and_keep_their_bytes(heap, seed, somebody_else_grows):
    chance = random.Random(seed)
    blocks = {}  # address -> bytes
    for step in range(3000):
        if somebody_else_grows and step % 500 == 499:
            heap.memory.grow(heap.store, 1)
        what, size = chance.random(), chance.choice([0, 1, 7, 8, 9, 24, 100, 1000, 9000])
        if what < 0.45 or not blocks:
            at = heap.calloc(3, size) if what < 0.1 else heap.malloc(size)
            size *= 3 if what < 0.1 else 1
            if what < 0.1:
                assert heap.read(at, size) == bytes(size)
        else:
            at = chance.choice(list(blocks))
            assert heap.read(at, len(blocks[at])) == blocks[at]
            old = blocks.pop(at)
            if what < 0.75:
                heap.free(at)
                continue
            at = heap.realloc(at, size)
            kept = min(size, len(old))
            assert heap.read(at, kept) == old[:kept]
        assert at and at % 8 == 0 and at + size <= heap.size()
        assert all(at + size <= other or other + len(data) <= at for other, data in blocks.items())
        blocks[at] = chance.randbytes(size)
        heap.write(at, blocks[at])
    assert all(heap.read(at, len(data)) == data for at, data in blocks.items())


def test_what_was_freed_is_used_again(heap):
    for _ in range(2000):
        first, second = heap.malloc(3000), heap.malloc(5000)
        heap.free(first)
        heap.free(second)
    assert heap.size() <= 2 * PAGE


def test_memory_that_is_not_there_is_null(heap):
    assert heap.malloc(0x7FFFFFFF) == 0 and heap.malloc(-1) == 0
    assert heap.calloc(0x10000, 0x10000) == 0
    at = heap.malloc(100)
    heap.write(at, b"x" * 100)
    assert heap.realloc(at, 0x7FFFFFF0) == 0 and heap.read(at, 100) == b"x" * 100
    assert heap.malloc(100) > at


def test_the_newest_block_grows_in_place(heap):
    at = heap.malloc(10)
    assert all(heap.realloc(at, size) == at for size in (1000, 100_000, 5))


def test_the_newest_block_never_grows_over_memory_of_somebody_else(heap):
    at = heap.malloc(1000)
    heap.write(at, b"x" * 1000)
    foreign = heap.memory.grow(heap.store, 1) * PAGE
    heap.write(foreign, b"y" * PAGE)
    moved = heap.realloc(at, 150_000)  # needs more than there is
    assert moved >= foreign + PAGE and moved + 150_000 <= heap.size()
    assert heap.read(moved, 1000) == b"x" * 1000
    heap.write(moved, b"z" * 150_000)
    assert heap.read(foreign, PAGE) == b"y" * PAGE
    assert heap.malloc(1000) == at  # the old place was freed
