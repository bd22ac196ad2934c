"""The arenas of both engines, asked the same at random: owners, allocations, memories of both kinds."""

import random

import pytest
from machines import ENGINES
from wasmote.wasm import interp


@pytest.fixture(autouse=True)
def empty_arenas():
    yield
    for engine in ENGINES:
        engine.reset()


def new_memory(rng, owner):
    most = rng.choice((0, 2, 5, 65535, 65536, 2**32 - 1))
    if rng.random() < 0.3:  # pages of a byte
        return owner, rng.choice((0, 1, 1024, 1025, 3000)), most, 0, rng.choice((0, 3, 0xFFFF))
    return owner, rng.choice((0, 0, 1, 2, 5, 17, 30000)), most, 16, rng.choice((0, 3, 0xFFFF))


def test_arenas_answer_the_same():
    rng = random.Random(11)
    for engine in ENGINES:
        engine.reset()
    owners = []
    memories = []
    for _ in range(3000):
        what = rng.random()
        if what < 0.08:
            limit = rng.randrange(1, 30)
            call, arguments = "claim", (limit,)
        elif what < 0.12 and owners:
            owner = owners.pop(rng.randrange(len(owners)))
            memories = [m for m in memories if m[0] != owner]
            call, arguments = "release", (owner,)
        elif not owners:
            continue
        elif what < 0.5:
            call, arguments = (
                "alloc",
                (rng.choice(owners), rng.choice((0, 1, 8, 100, 1024, 1025, rng.randrange(6000), 2**20))),
            )
        elif what < 0.55:
            call, arguments = "memory_new", new_memory(rng, rng.choice(owners))
        elif what < 0.58 and memories:
            call, arguments = "memory_grow", (rng.choice(memories)[1], rng.choice((0, 1, 1, 2, 5000, 2**32 - 1)))
        elif what < 0.6 or not memories:
            call = rng.choice(("used", "peak"))
            arguments = (rng.choice(owners + [0] * (call == "used")),)
        elif what < 0.85:
            data = bytes(rng.randrange(256) for _ in range(rng.randrange(2500)))
            call, arguments = "memory_write", (rng.choice(memories)[1], rng.randrange(2**17), data)
        else:
            size = rng.randrange(2500)
            buffers = [bytearray(size) for _ in ENGINES]
            memory, address = rng.choice(memories)[1], rng.randrange(2**17)
            answers = [e.memory_read(memory, address, b) for e, b in zip(ENGINES, buffers, strict=True)]
            assert answers[0] == answers[1] and buffers[0] == buffers[1]
            continue
        answers = [getattr(engine, call)(*arguments) for engine in ENGINES]
        assert answers[0] == answers[1], (call, arguments[:2])
        if call == "claim" and answers[0]:
            owners.append(answers[0])
        elif call == "memory_new" and answers[0]:
            memories.append((arguments[0], answers[0]))
    header = [bytes(engine.view(1028, 1020)) for engine in ENGINES]
    assert header[0] == header[1]


def test_slips_of_the_caller_are_errors():
    interp.reset()
    for call, *arguments in (
        ("get", 96 * 1024),
        ("view", 96 * 1024 - 4, 5),
        ("put", 96 * 1024 - 1, b"12"),
        ("alloc", 41, 8),
        ("release", 0),
    ):
        with pytest.raises(ValueError):
            getattr(interp, call)(*arguments)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_word_is_at_an_aligned_offset(engine):
    engine.set(2048, 5)
    for call in (lambda: engine.get(2049), lambda: engine.set(2050, 7)):
        with pytest.raises(ValueError, match="offset is not that of a word"):
            call()
    assert engine.get(2048) == 5
