"""Operations on memories and tables, on both engines: bounds, overlaps, slices of any size; and the arena under them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import DATA, DONE, OUT_OF_FUEL, RETURN, SPARSE, TRAP, both, machines

PAGE = 65536
DENSE = {"reserve": 0, "pages": 1, "limit": 90}  # a page and all else
MEMORIES = pytest.mark.parametrize("kind", [{}, DENSE], ids=["sparse", "dense"])
GRANULE = 1024
near = st.builds(lambda n, d: max(0, n * GRANULE + d), st.integers(0, 6), st.integers(-3, 3))
addresses = st.one_of(near, st.integers(0, 5000), st.sampled_from((PAGE - 1, PAGE, 2 * PAGE - 1, 2**32 - 1, 2**31)))
counts = st.one_of(st.integers(0, 12), near, st.integers(0, 5000), st.sampled_from((2 * PAGE, 2**32 - 1)))
fuels = st.sampled_from((0, 1, 1, 129, 700))
PIECE_COST = 128


def operation(family, *operands):
    """With the frame's slots from 1 on for the operands that say `s`."""
    slots = iter(range(4, 40, 4))
    return ((family, "", ""), *(next(slots) if operand == "s" else operand for operand in operands))


def run_in_slices(program, frame, fuels, **kind):
    """Runs on both engines with these amounts of fuel in turn, which must be cut alike. Returns (how it ended, the
    fuel used, the C engine's machine)."""
    pair = machines({0: program}, frame, **kind)
    used = i = 0
    while True:
        fuel = fuels[i % len(fuels)] + (i >= len(fuels))  # in the end they have some
        first, second = (machine.resume(fuel) for machine in pair)
        assert first == second
        used += fuel - pair[0].fuel()
        i += 1
        if first[0] != OUT_OF_FUEL:
            return (first[0], first[1][16] if first[0] == TRAP else 0), used, pair[0]


def model(memory, family, a, b, n):
    """What a bulk instruction does to a bytearray; None: it traps."""
    source = DATA if family == "memory_init" else bytes(memory)
    if a + n > len(memory) or family != "memory_fill" and b + n > len(source):
        return None
    memory[a : a + n] = bytes([b & 0xFF]) * n if family == "memory_fill" else source[b : b + n]
    return memory


BULK_MEMORY = {
    "memory_fill": operation("memory_fill", "s", "s", "s"),
    "memory_copy": operation("memory_copy", "s", "s", "s"),
    "memory_init": operation("memory_init", 0, "s", "s", "s"),
}


@MEMORIES
@pytest.mark.parametrize("family", BULK_MEMORY)
@settings(max_examples=60)
@given(a=addresses, b=addresses, n=counts, slices=st.lists(fuels, min_size=1, max_size=6))
def test_bulk_memory_in_slices(family, kind, a, b, n, slices):
    if family == "memory_fill" and n > 2 * GRANULE and b & 0xFF:
        n %= 5000  # or it takes all there is
    program = [
        # What is there before: two granules and a bit, from 1000 on.
        (("memory_init", "", ""), 0, 40, 44, 48),
        BULK_MEMORY[family],
        RETURN,
    ]
    frame = [0, a, b, n, 0, 0, 0, 0, 0, 0, 1000, 0, 2500]
    size = 65536 * kind.get("pages", 2)
    before = bytearray(size)
    model(before, "memory_init", 1000, 0, 2500)
    want = model(bytearray(before), family, a, b, n)
    end, used, machine = run_in_slices(program, frame, slices, **kind)
    assert end == ((TRAP, 5) if want is None else (DONE, 0))
    assert machine.written(size) == bytes(before if want is None else want)
    assert used == PIECE_COST * (3 + (0 if want is None else -(-n // GRANULE)))
    if kind == {}:
        # Zeros were not written where nothing was.
        assert machine.engine.used(machine.owner) <= 14 + sum(
            any(machine.written(size)[at : at + GRANULE]) for at in range(0, size, GRANULE)
        ) + (3 if family == "memory_copy" else 0)


TABLE = list(range(700))
BULK_TABLE = {
    "table_fill": operation("table_fill", 1, "s", "s", "s"),
    "table_copy": operation("table_copy", 1, 1, "s", "s", "s"),
    "table_init": operation("table_init", 1, 0, "s", "s", "s"),
    "copy from another": operation("table_copy", 1, 0, "s", "s", "s"),
}
indices = st.one_of(st.integers(0, 20), st.integers(0, 720), st.sampled_from((255, 256, 257, 600, 699, 700, 2**32 - 1)))


@pytest.mark.parametrize("family", BULK_TABLE)
@settings(max_examples=60)
@given(a=indices, b=indices, n=indices, slices=st.lists(fuels, min_size=1, max_size=4))
def test_bulk_tables_in_slices(family, a, b, n, slices):
    end, used, machine = run_in_slices([BULK_TABLE[family], RETURN], [0, a, b, n], slices)
    small = [machine.records, 0, machine.foreign, machine.host]
    source = {"table_init": list(range(5000, 5600)), "copy from another": small}.get(family, TABLE)
    want = list(TABLE)
    if a + n > 700 or family != "table_fill" and b + n > len(source):
        assert end == (TRAP, 6) and used == 0
    else:
        want[a : a + n] = [b] * n if family == "table_fill" else source[b : b + n]
        assert end == (DONE, 0) and used == PIECE_COST * -(-n // 256)
    elements = machine.engine.get(machine.large + 8)
    assert [machine.engine.get(elements + 4 * i) for i in range(700)] == want


@given(st.sampled_from((0, 1, 699, 700, 2**32 - 1)))
def test_table_elements(index):
    inside = (DONE, 0) if index < 700 else (TRAP, 6)
    get, set, size = (
        operation("table_get", 1, "s", "s"),
        operation("table_set", 1, "s", "s"),
        operation("table_size", 1, "s"),
    )
    end, _, machine = run_in_slices([get, RETURN], [0, index], [1])
    assert end == inside and machine.slots(3)[2] == (index if index < 700 else 0)
    end, _, machine = run_in_slices([set, RETURN], [0, index, 77], [1])
    elements = machine.engine.get(machine.large + 8)
    assert end == inside and (index >= 700 or machine.engine.get(elements + 4 * index) == 77)
    end, _, machine = run_in_slices([size, RETURN], [0, 5], [1])
    assert machine.slots(2)[1] == 700


@pytest.mark.parametrize(
    "table, deltas, sizes",
    [
        (0, [0, 1, 1], [4, 4, 2**32 - 1]),  # 4 elements, at most 5
        (1, [50, 50, 1], [700, 750, 2**32 - 1]),
        (1, [2**32 - 1, 0, 99], [2**32 - 1, 700, 700]),
    ],
)
def test_tables_grow_to_their_maximum(table, deltas, sizes):
    program = [operation("table_grow", table, "s", "s", "s"), RETURN]
    got = []
    pair = machines({0: program})
    for delta in deltas:
        for machine in pair:
            machine.start([0, 4711, delta])
        first, second = (machine.resume() for machine in pair)
        assert first == second and first[0] == DONE
        got.append(pair[0].slots(4)[3])
    assert got == sizes
    machine = pair[0]
    record = machine.large if table else machine.small
    size, elements = machine.engine.get(record), machine.engine.get(record + 8)
    new = sum(delta for delta, size in zip(deltas, sizes, strict=True) if size < 2**31)
    assert [machine.engine.get(elements + 4 * i) for i in range(size - new, size)] == [4711] * new


def test_a_table_that_the_limit_cannot_pay_for_does_not_grow():
    why, _, _, machine = both({0: [operation("table_grow", 1, "s", "s", "s"), RETURN]}, [0, 1, 100], limit=11)
    assert why == DONE and machine.slots(4)[3] == 2**32 - 1


def test_dropped_segments_are_empty():
    for drop, use, trap in (
        (operation("data_drop", 0), operation("memory_init", 0, "s", "s", "s"), 5),
        (operation("elem_drop", 0), operation("table_init", 1, 0, "s", "s", "s"), 6),
    ):
        assert run_in_slices([drop, drop, use, RETURN], [0, 1, 0, 0], [1])[0] == (DONE, 0)
        assert run_in_slices([drop, use, RETURN], [0, 1, 0, 1], [1])[0] == (TRAP, trap)


@MEMORIES
def test_a_bulk_operation_stops_where_memory_ends(kind):
    """A sparse memory may be more than the limit allows: what was written before stays, the fuel is counted."""
    program = [operation("memory_fill", "s", "s", "s"), RETURN]
    end, used, machine = run_in_slices(program, [0, 100, 1, 30_000], [3], **kind | {"limit": 90 if kind else 24})
    assert end == ((DONE, 0) if kind else (TRAP, 11))
    if not kind:
        assert used < 30 * PIECE_COST and machine.written(3000) == bytes(100) + b"\1" * 2900


GROW = (("memory_grow", "s", "s"), 8, 12)


@pytest.mark.parametrize("shift", [16, 0])
@pytest.mark.parametrize("reserve", [0, SPARSE])
@settings(max_examples=60)
@given(st.integers(0, 2), st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2**32 - 1)), max_size=5), st.data())
def test_memories_grow_alike(shift, reserve, pages, steps, data):
    """Whatever the limit allows, in place or moved; what was written stays."""
    unit = 1 if shift else 700
    pair = machines(
        {0: [GROW, (("memory_size", "", "s"), 16), RETURN]},
        limit=data.draw(st.sampled_from((15, 20, 90))),
        pages=pages * unit,
        shift=shift,
        reserve=reserve,
        most=data.draw(st.sampled_from((3 * unit, 5 * unit, 2**32 - 1))),
    )
    if not pair[0].memory:
        return
    held = b""
    for delta, address in steps:
        answers = [machine.engine.memory_write(machine.memory, address % 3000, b"wrote") for machine in pair]
        assert answers[0] == answers[1]
        for machine in pair:
            machine.start([0, 0, delta * unit])
        first, second = (machine.resume() for machine in pair)
        assert first == second and first[0] == DONE
        before, after = pair[0].slots(5)[3:]
        assert after == before + delta * unit or before == 2**32 - 1
        size = after << shift
        if size <= 3000:
            assert pair[0].written(size).startswith(held[:size] if answers[0] else b"")
        if delta == 1 and shift:
            for machine in pair:
                machine.engine.alloc(machine.owner, 2000)  # what is in a dense memory's way


def test_the_address_space_of_a_sparse_memory_is_large():
    at = 0x7FFF0000
    program = [
        (("memory_size", "", "s"), 8),
        (("i32_store_wide", "ss", ""), 12, 16, 0, 0),
        (("i32_load_wide", "s", "s"), 12, 0, 0, 20),
        RETURN,
    ]
    frame = [0, 0, 0, at - 4, 0x12345678, 0]
    why, _, _, machine = both({0: program}, frame, pages=32768, limit=90, most=2**32 - 1)
    assert why == DONE and machine.slots(6)[2:] == [32768, at - 4, 0x12345678, 0x12345678]


def test_dense_memory_ends_where_it_ends():
    """The last byte, no further: what lies behind it in the arena belongs to others."""
    for size, family in ((1, "i32_load8_u"), (2, "i32_load16_u"), (4, "i32_load"), (8, "i64_load")):
        for over in (0, 1):
            row = f"dense_{family}" + "_wide" * (size < 8), "s", "s"
            why, state, *_ = both({0: [(row, 4, 0, 0, 8), RETURN]}, [0, PAGE - size + over], **DENSE)
            assert (why, state[16] if why == TRAP else 0) == ((TRAP, 5) if over else (DONE, 0)), family
