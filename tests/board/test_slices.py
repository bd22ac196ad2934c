"""A run cut by fuel, anywhere and as often as one likes, does what it does in one piece, and uses as much fuel."""

from hypothesis import given, settings
from hypothesis import strategies as st
from machines import DONE, NUMBERS, OUT_OF_FUEL, RETURN, SPARSE, STATE_FUEL, TRAP, machines

COUNTER, X, Y, WIDE, SIZE, TO, FROM, COUNT = range(0, 32, 4)  # slots of the loop's frame
CALLEE = 40  # its frame


def op(name, *operands):
    name = tuple((name + "..").split(".")[:3])
    assert name in NUMBERS, name
    return name, *operands


# What a loop may do: all of it changes what is left behind.
STEPS = st.sampled_from(
    [
        [op("i32_add.ss.s", X, COUNTER, X)],
        [op("i32_mul.si.s", X, 0x3333, X)],
        [op("i64_add.ss.s", WIDE, X, WIDE)],
        [op("i32_shr_u.si.s", X, 17, Y), op("i32_store_wide.ss", Y, X, 1000, 0)],
        [op("i32_load8_u_wide.s.s", Y, 900, 0, Y)],
        [op("global_get..a", 1), op("i32_add.as.s", X, X), op("global_set.s", X, 1)],
        [op("f32_add.ss.s", X, Y, Y)],
        [op("call", 0, CALLEE)],
        [op("i32_mov.i.s", 0, CALLEE + 12), op("call_indirect", 0, 1, CALLEE, CALLEE + 12)],
        [op("memory_grow.s.s", COUNTER, SIZE)],
        [op("i32_mov.i.s", 3000, COUNT), op("i32_mov.i.s", 100, TO), op("memory_fill", TO, X, COUNT)],
        [
            op("i32_mov.i.s", 2500, COUNT),
            op("i32_mov.i.s", 700, TO),
            op("i32_mov.i.s", 90, FROM),
            op("memory_copy", TO, FROM, COUNT),
        ],
        [
            op("i32_mov.i.s", 600, COUNT),
            op("i32_mov.i.s", 0, TO),
            op("i32_mov.i.s", 50, FROM),
            op("table_copy", 1, 1, TO, FROM, COUNT),
        ],
    ]
)
# The function that is called: a loop of its own, three times.
INNER = [
    op("enter", 64, 0, 3, 2),
    op("i32_mov.i.s", 3, 0),
    op("i32_add.si.s", 4, 5, 4),
    op("i32_add_br_if.si.b", 0, -1, 0, -8),
    RETURN,
]


def size(operations):
    return sum(map(len, operations))  # the name stands for a halfword


def loop(steps):
    body = [operation for step in steps for operation in step]
    first = [op("enter", 200, 8, 6, 4)]
    # The branch's own halfword is the fifth, and its distance counts from there to the loop's begin.
    return first + body + [op("i32_add_br_if.si.b", COUNTER, -1, COUNTER, -(size(body) + 4)), RETURN]


def run(machine, slices):
    """(how it ended, what is left, all fuel that was used, where it was cut)"""
    used = 0
    cuts = []
    for fuel in slices:
        why, state, *_ = machine.resume(fuel)
        used += fuel - machine.fuel()
        if why != OUT_OF_FUEL:
            machine.engine.set(machine.state + STATE_FUEL, 0)
            return why, state[:24], machine.owned(), used, cuts
        cuts.append(state)
    raise AssertionError("endless")


@settings(max_examples=150)
@given(
    st.lists(STEPS, min_size=1, max_size=6),
    st.integers(2, 5),  # times: a branch back is where a run may be cut
    st.one_of(st.just([1]), st.just([7]), st.lists(st.integers(1, 40), min_size=1, max_size=5)),
    st.sampled_from((0, SPARSE)),
)
def test_a_run_in_slices_is_the_run_in_one(steps, times, fuels, reserve):
    program = {0: loop(steps), 256: INNER}
    kind = {"pages": 1, "limit": 90, "reserve": reserve}
    frame = [times, 0x1234, 77, 5]
    whole = [run(machine, [10**6]) for machine in machines(program, frame, **kind)]
    assert whole[0] == whole[1] and whole[0][0] in (DONE, TRAP)
    parts = [run(machine, fuels * 2000) for machine in machines(program, frame, **kind)]
    assert parts[0] == parts[1]
    assert parts[0][:4] == whole[0][:4] and (parts[0][4] or fuels != [1])
