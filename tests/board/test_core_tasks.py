"""wasmote.wasm: starts, calls and tasks that wait, are limited, interrupted or dropped; closing while they are under way."""

import asyncio
import gc

import pytest
from wasmote import wasm
from wasmote.wasm import Interrupt, OutOfFuel, Trap
from wat import assemble

STARTS = """(module (import "env" "wait" (func $wait (param i32) (result i32))) (memory (export "memory") 1)
  (func $spin (loop $again
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) %s))
  (start $spin))"""
SPINS, ENDS = STARTS % "(br $again)", STARTS % "(drop (call $wait (i32.const 5)))"


def test_a_start_function_that_does_not_end_is_stopped(engine):
    """wasm.instantiate() hung."""
    free = wasm.arena_info()
    with pytest.raises(OutOfFuel):
        wasm.instantiate(assemble(SPINS), {"env": {"wait": abs}}, fuel=1000)
    with pytest.raises(Interrupt, match="its time is over"):
        wasm.instantiate(assemble(SPINS), {"env": {"wait": abs}}, timeout_ms=20)

    async def main():
        with pytest.raises(Interrupt):
            await wasm.instantiating(assemble(SPINS), {"env": {"wait": abs}}, timeout_ms=20)

    asyncio.run(main())
    assert wasm.arena_info() == free
    with wasm.instantiate(assemble(ENDS), {"env": {"wait": abs}}, fuel=1000, timeout_ms=10_000) as instance:
        assert instance.exports.memory.u32(0) == 1


def test_loading_is_stopped_when_its_time_is_over(engine):
    functions = "".join(f"(func (drop (i32.add (i32.const 1) (i32.const {n}))))" for n in range(2000))
    free = wasm.arena_info()
    with pytest.raises(Interrupt, match="its time is over"):
        wasm.instantiate(assemble(f"(module {functions})"), timeout_ms=1)
    with pytest.raises(Interrupt, match="its time is over"):
        wasm.instantiate(assemble("(module)"), timeout_ms=0)  # the last step counts, too
    assert wasm.arena_info() == free


def test_a_module_starts_while_a_task_of_its_store_is_under_way(engine):
    """Its start function ran on the stack of the task, over its frame."""
    with (
        wasm.instantiate(assemble(LOOP), {"env": {"wait": abs}}) as instance,
        instance.exports.count.start(50) as task,
    ):
        with pytest.raises(OutOfFuel):
            task.run(fuel=100)
        other = wasm.instantiate(assemble(ENDS), {"env": {"wait": abs}}, store=instance.store)
        assert other.exports.memory.u32(0) == 1
        assert task.run() == 50


def test_a_module_is_instantiated_in_a_host_function(engine):
    made = []

    def wait(n):
        if n == 3:
            made.append(wasm.instantiate(assemble(ENDS), {"env": {"wait": wait}}, store=instance.store))
        return n

    with wasm.instantiate(assemble(LOOP), {"env": {"wait": wait}}) as instance:
        assert instance.exports.waiting(3) == 4
        assert made[0].exports.memory.u32(0) == 1


def test_a_start_function_waits_for_its_host_in_asyncio(engine):
    seen = []

    async def wait(n):
        for _ in range(3):
            await asyncio.sleep(0.001)
        seen.append(n)
        return n

    async def main():
        with await wasm.instantiating(assemble(ENDS), {"env": {"wait": wait}}) as instance:
            assert seen == [5] and instance.exports.memory.u32(0) == 1

    asyncio.run(main())


LOOP = """
(module
  (import "env" "wait" (func $wait (param i32) (result i32)))
  (func (export "count") (param i32) (result i32) (local i32)
    (loop $again
      (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get 1) (local.get 0))))
    (local.get 1))
  (func (export "spin") (loop $again (br $again)))
  (func (export "waiting") (param i32) (result i32) (i32.add (call $wait (local.get 0)) (i32.const 1))))
"""


def count_in_parts(task, exports):
    """Runs a task of count(1000) to its end, with another call at each stop. How often it stopped."""
    stops = 0
    while True:
        try:
            assert task.run(fuel=100) == 1000
            return stops
        except OutOfFuel:
            stops += 1
            assert task.fuel <= 0 and exports.count(7) == 7


def test_limits_drop_a_call_and_tasks_go_on(engine):
    with wasm.instantiate(assemble(LOOP), {"env": {"wait": abs}}) as instance:
        exports = instance.exports
        used = instance.store.used()
        with pytest.raises(OutOfFuel):
            exports.count(1000, fuel=100)
        with pytest.raises(Interrupt):
            exports.spin(timeout_ms=10)
        assert exports.count(10, fuel=100) == 10 and instance.store.used() == used
        with exports.count.start(1000) as task:
            assert count_in_parts(task, exports) > 5
        assert task.value == 1000


def test_a_task_that_nobody_has_any_more_leaves_the_stacks_of_others_alone(engine):
    """Collected, it moved what other calls had on the store's stack to where its own had begun."""
    with wasm.instantiate(assemble(LOOP), {"env": {"wait": abs}}, limit=32) as instance:
        top = instance.store.top
        tasks = [instance.exports.count.start(1000) for _ in range(3)]
        for task in tasks:
            with pytest.raises(OutOfFuel):
                task.run(fuel=100)
        del task, tasks[1]
        gc.collect()
        assert instance.store.top == top
        assert [task.run() for task in tasks] == [1000, 1000]
        assert instance.exports.count(9) == 9


def test_a_host_function_may_call_back(engine):
    def back(n):
        return 0 if n == 0 else instance.exports.waiting(n - 1) + instance.exports.count(n)

    with wasm.instantiate(assemble(LOOP), {"env": {"wait": back}}) as instance:
        used = instance.store.used()
        assert instance.exports.waiting(5) == 5 + 4 + 3 + 2 + 1 + 6
        assert instance.store.used() == used


def test_a_task_that_has_not_returned_has_no_value(engine):
    """It was "'NoneType' object is not subscriptable"; None for a function without results."""
    with wasm.instantiate(assemble(LOOP), {"env": {"wait": abs}}) as instance:
        for task in (instance.exports.count.start(3), instance.exports.spin.start()):
            for _ in range(2):
                with pytest.raises(ValueError, match="the call has not returned"):
                    _ = task.value
                task.close()
        task = instance.exports.count.start(3)
        assert task.step() and task.value == 3


@pytest.mark.parametrize("way", ["step", "run", "close", "yield from"])
def test_a_host_function_does_not_step_or_drop_the_call_that_it_is_of(engine, way):
    """It ended there, its stack was the next call's while it ran: wrong results, code at offset 0."""

    def wait(n):
        with pytest.raises(ValueError, match="the call is taking a step"):
            next(iter(task)) if way == "yield from" else getattr(task, way)()
        others.append(instance.exports.count.start(1000))
        with pytest.raises(OutOfFuel):
            others[-1].run(fuel=200)
        return 41

    others = []
    with wasm.instantiate(assemble(LOOP), {"env": {"wait": wait}}) as instance:
        task = instance.exports.waiting.start(1)
        assert task.run() == 42 and task.done
        assert others[0].run() == 1000
        assert instance.exports.count(7) == 7 and instance.store.used() <= 12


def test_a_host_function_interrupts_the_call_that_it_is_of(engine):
    def wait(n):
        task.interrupt()
        yield
        return n

    with wasm.instantiate(assemble(LOOP), {"env": {"wait": wait}}) as instance:
        task = instance.exports.waiting.start(1)
        with pytest.raises(Interrupt):
            task.run()
        task.close()
        assert instance.store.stack_taken is None


def test_asyncio_tasks_take_turns(engine):
    seen = []

    async def wait(n):
        for i in range(3):
            seen.append((n, i))
            await asyncio.sleep(0.001)
        return n

    async def main():
        instance = await wasm.instantiating(assemble(LOOP), {"env": {"wait": wait}})
        with instance:
            exports = instance.exports
            values = await asyncio.gather(*[asyncio.ensure_future(call(exports.waiting.start(n))) for n in (1, 2)])
            assert values == [2, 3] and seen[:2] == [(1, 0), (2, 0)]
            spinning = asyncio.ensure_future(call(exports.spin.start()))
            await asyncio.sleep(0.02)
            assert not spinning.done()
            spinning.cancel()
            with pytest.raises(asyncio.CancelledError):
                await spinning
            assert exports.count(3) == 3
            task = exports.spin.start()
            task.limit(timeout_ms=5)
            with pytest.raises(Interrupt):
                await task
            assert not task.done
            task.close()

    async def call(task):
        return await task

    asyncio.run(main())


def test_a_host_function_waits_after_a_call_of_its_own_in_many_slices(engine):
    """What it then waited for was taken for another slice."""

    async def wait(n):
        instance.store.fuel = 50
        counted = instance.exports.count(1000)
        await asyncio.sleep(0.001)
        return counted

    async def main():
        return await instance.exports.waiting.start(3)

    with wasm.instantiate(assemble(LOOP), {"env": {"wait": wait}}) as instance:
        assert asyncio.run(main()) == 1001


def test_a_task_is_awaited_by_one_only(engine):
    async def wait(n):
        await asyncio.sleep(0.01)
        return n

    async def call(task):
        return await task

    async def main():
        task = instance.exports.waiting.start(3)
        task.limit(fuel=1000)
        first, second = asyncio.ensure_future(call(task)), asyncio.ensure_future(call(task))
        await asyncio.sleep(0)
        for wrong in (second, call(task)):
            with pytest.raises(RuntimeError, match="the task is awaited elsewhere"):
                await wrong
        for wrong in (task.step, task.run):
            with pytest.raises(RuntimeError, match="the task is awaited elsewhere"):
                wrong()
        assert await first == 4 and 0 < task.fuel < 1000
        dropped = asyncio.ensure_future(call(instance.exports.waiting.start(3)))
        await asyncio.sleep(0)
        dropped.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dropped
        assert instance.store.stack_taken is None

    with wasm.instantiate(assemble(LOOP), {"env": {"wait": wait}}) as instance:
        asyncio.run(main())


def test_generators_wait_for_tasks(engine):
    def wait(n):
        yield
        return n

    with wasm.instantiate(assemble(LOOP), {"env": {"wait": wait}}) as instance:

        def program():
            return (yield from instance.exports.waiting.start(4)) + (yield from instance.exports.count.start(5))

        steps = program()
        assert next(steps) is None
        with pytest.raises(StopIteration) as stop:
            while True:
                next(steps)
        assert stop.value.value == 10


ELSEWHERE = """(module
  (import "other" "spin" (func $spin)) (import "other" "count" (func $count (param i32) (result i32)))
  (import "other" "waiting" (func $waiting (param i32) (result i32)))
  (func (export "spin") (call $spin))
  (func (export "count") (param i32) (result i32) (call $count (local.get 0)))
  (func (export "waiting") (param i32) (result i32) (i32.add (i32.const 10) (call $waiting (local.get 0)))))"""


@pytest.fixture
def two(engine):
    """Exports of an instance, and of one of another store that imports them; env.wait is what `waits` holds."""
    waits = [abs]
    with (
        wasm.instantiate(assemble(LOOP), {"env": {"wait": lambda n: waits[0](n)}}) as other,
        wasm.instantiate(assemble(ELSEWHERE), {"other": other.exports}) as instance,
    ):
        yield instance.exports, other.exports, waits
        assert instance.store.stack_taken is other.store.stack_taken is instance.store.running is other.store.running
        assert other.exports.count(3) == instance.exports.count(3) == 3


def test_limits_reach_a_function_of_another_store(two):
    """They were looked at when it had returned: one that spins hung."""
    exports, _, _ = two
    with pytest.raises(Interrupt, match="its time is over"):
        exports.spin(timeout_ms=20)
    with pytest.raises(OutOfFuel):
        exports.spin(fuel=1000)
    task = exports.spin.start()
    assert not task.step() and not task.step()
    task.interrupt()
    with pytest.raises(Interrupt):
        task.step()
    task.close()


def test_a_call_goes_on_in_another_store_after_its_fuel_was_used_there(two):
    exports, other, _ = two
    task = exports.count.start(1000)
    stops = count_in_parts(task, other)
    store = task.store.fuel_used(), other.count.store.fuel_used()
    assert exports.count(1000, fuel=100 * stops + 100) == 1000
    used = task.store.fuel_used() - store[0] + other.count.store.fuel_used() - store[1]
    assert 100 * stops < used <= 100 * stops + 100


def test_in_asyncio_a_function_of_another_store_gives_way_and_waits(two):
    exports, other, waits = two

    async def wait(n):
        await asyncio.sleep(0.001)
        return n + 100

    def calls_back(n):
        return exports.waiting(n - 1) if n else 0  # into the other store again, which is under way

    async def main():
        waits[0] = wait
        assert await exports.waiting.start(5) == 116
        spinning = asyncio.ensure_future(call(exports.spin.start()))
        await asyncio.sleep(0.02)
        spinning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await spinning

    async def call(task):
        return await task

    asyncio.run(main())
    waits[0] = calls_back
    assert exports.waiting(2) == 33 and other.waiting(1) == 12


def test_a_trap_in_another_store_is_told_whatever_the_limits(engine):
    traps = '(module (func $first (export "f") unreachable)' + 100 * "(func)" + ")"
    calls = '(module (import "other" "f" (func $f)) (func $second (export "f") (call $f)))'
    with (
        wasm.instantiate(assemble(traps)) as other,
        wasm.instantiate(assemble(calls), {"other": other.exports}) as instance,
    ):
        task = instance.exports.f.start()
        steps = 0
        with pytest.raises(Trap) as caught:
            while not task.step():  # it has trapped, where is searched
                steps += 1
                task.limit(fuel=0, timeout_ms=0)
        assert steps and [name for name, _ in caught.value.frames] == ["first", "second"]


def test_a_closed_store_runs_nothing(engine):
    instance = wasm.instantiate(assemble(LOOP), {"env": {"wait": abs}})
    task = instance.exports.spin.start()
    task.step()
    count = instance.exports.count
    instance.close()
    for call in (task.step, lambda: count(1)):
        with pytest.raises(ValueError, match="the store is closed"):
            call()
    task.close()
    with wasm.instantiate(assemble(LOOP), {"env": {"wait": abs}}) as other:
        assert other.exports.count(3) == 3


@pytest.mark.parametrize("way", ["returns", "waits", "traps"])
def test_a_host_function_closes_the_store_that_calls_it(engine, way):
    def wait(n):
        instance.close()
        if way == "traps":
            raise Trap("the end")
        return slow(n) if way == "waits" else n

    def slow(n):
        yield
        return n

    instance = wasm.instantiate(assemble(LOOP), {"env": {"wait": wait}})
    with pytest.raises(Trap if way == "traps" else ValueError, match="the end|the store is closed"):
        instance.exports.waiting(3)
    assert not any(instance.store.view(instance.store.state & ~1023, 1024))  # nor is anything written there
