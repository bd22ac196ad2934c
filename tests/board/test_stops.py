"""Calls in slices: whatever they are cut into, they do the same; stopped ones are resumed or dropped."""

import functools
from unittest import mock

import pytest
from engines import using
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wasmote import wasm
from wasmote.wasm import Exhaustion, Interrupt, OutOfFuel, Trap, store
from wasmote.wasm.calls import Call
from wat import assemble

ENGINES = pytest.mark.parametrize("engine", ["c", "python"])
LIMIT = 60

# Every function takes an i32 and leaves traces in memory and globals.
PROGRAM = """
(module
  (import "host" "twice" (func $twice (param i32) (result i32)))
  (import "host" "pair" (func $pair (param i32) (result i64 i32)))
  (import "host" "wait" (func $wait (param i32) (result i32)))
  (memory (export "memory") 2 4)
  (global $calls (export "calls") (mut i32) (i32.const 0))
  (global $sum (export "sum") (mut i64) (i64.const 0))
  (type $unary (func (param i32) (result i32)))
  (data $text "twelve bytes")
  (table $refs (export "refs") 1000 2000 funcref)
  (table $indirect funcref (elem $fib $twice $sieve $trap))
  (func $fib (export "fib") (type $unary)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                     (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func $sieve (export "sieve") (type $unary) (local $i i32) (local $j i32) (local $n i32)
    (local.set $i (i32.const 2))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (i32.const 60)))
        (if (i32.eqz (i32.load8_u (local.get $i)))
          (then
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (local.set $j (i32.add (local.get $i) (local.get $i)))
            (loop $strike
              (i32.store8 (local.get $j) (i32.const 1))
              (local.set $j (i32.add (local.get $j) (local.get $i)))
              (br_if $strike (i32.lt_u (local.get $j) (i32.const 60))))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (i32.add (local.get $n) (local.get 0)))
  (func (export "mix") (param i32) (result i64) (local $i i32) (local $x i64)
    (loop $again
      (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.extend_i32_u (local.get $i))))
      (block $c (block $b (block $a
        (br_table $a $b $again $c (i32.and (local.get $i) (i32.const 3))
                                  (local.set $i (i32.add (local.get $i) (i32.const 1)))))
        (global.set $sum (i64.xor (global.get $sum) (local.get $x))))
        (i64.store (i32.shl (local.get $i) (i32.const 10)) (local.get $x)))
      (br_if $again (i32.lt_u (local.get $i) (local.get 0))))
    (local.get $x))
  (func (export "indirect") (type $unary) (local $n i32)
    (local.set $n (i32.const 9))
    (loop $again
      (local.set 0 (i32.add (local.get 0) (call_indirect $indirect (type $unary) (local.get $n) (i32.and (local.get $n) (i32.const 1)))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    (local.get 0))
  (func (export "hosted") (type $unary) (local $n i32)
    (local.set $n (i32.const 5))
    (loop $again
      (call $pair (local.get 0))
      (local.set 0)
      (global.set $sum (i64.add (global.get $sum)))
      (local.set 0 (call $wait (local.get 0)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    (local.get 0))
  (func (export "bulk") (type $unary)
    (memory.init $text (i32.const 1020) (i32.const 0) (i32.const 12))
    (memory.copy (i32.const 1500) (i32.const 1000) (i32.mul (local.get 0) (i32.const 1000)))
    (memory.copy (i32.const 900) (i32.const 1400) (i32.mul (local.get 0) (i32.const 1100)))
    (memory.fill (i32.const 20000) (local.get 0) (i32.const 9000))
    (table.fill $refs (i32.const 100) (ref.func $fib) (i32.const 700))
    (table.copy $refs $refs (i32.const 300) (i32.const 0) (i32.const 700))
    (drop (table.grow $refs (ref.null func) (local.get 0)))
    (memory.copy (i32.const 131000) (i32.const 0) (i32.mul (local.get 0) (i32.const 20)))
    (table.size $refs))
  (func (export "floats") (param i32) (result f64) (local f64)
    (loop $again
      (local.set 1 (f64.sqrt (f64.add (local.get 1) (f64.promote_f32 (f32.div (f32.convert_i32_s (local.get 0)) (f32.const 7))))))
      (global.set $sum (i64.add (global.get $sum) (i64.reinterpret_f64 (local.get 1))))
      (br_if $again (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const -9))))
    (local.get 1))
  (func (export "grow") (type $unary) (local $n i32)
    (loop $again
      (local.set $n (i32.add (local.get $n) (memory.grow (i32.const 1))))
      (local.set 0 (i32.sub (local.get 0) (i32.const 7)))
      (br_if $again (i32.gt_s (local.get 0) (i32.const 0))))
    (i32.store (i32.const 131000) (local.get $n))
    (memory.size))
  (func (export "touch") (type $unary)
    (loop $again
      (i32.store offset=130000 (local.get 0) (local.get 0))
      (local.set 0 (i32.add (local.get 0) (i32.const 97)))
      (br $again))
    unreachable)
  (func $trap (export "trap") (type $unary)
    (drop (call $sieve (local.get 0)))
    (i32.div_u (local.get 0) (i32.const 0)))
  (func $deep (export "deep") (type $unary) (call $deep (i32.add (local.get 0) (i32.const 1))))
  (func (export "forever") (loop $again
    (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
    (br $again))))
"""
FUNCTIONS = ("fib", "sieve", "mix", "indirect", "hosted", "bulk", "floats", "grow", "touch", "trap", "deep")


@functools.cache
def program():
    return assemble(PROGRAM)


def wait(n):
    for _ in range(n & 3):
        yield
    return n + 1


class Guest:
    """A fresh instance of PROGRAM."""

    def __init__(self):
        self.store = wasm.Store(LIMIT, 2048)
        host = {
            "twice": wasm.externs.HostFunction(self.store, b"\x7f", b"\x7f", lambda n: 2 * n),
            "pair": wasm.externs.HostFunction(self.store, b"\x7f", b"\x7e\x7f", lambda n: (n << 33, n ^ 5)),
            "wait": wasm.externs.HostFunction(self.store, b"\x7f", b"\x7f", wait),
        }
        module = wasm.binary.Module(wasm.Source(program()).reader())
        self.instance = wasm.drive(wasm.instance.Instance.create(self.store, module, lambda _, name: host[name]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.store.close()

    def call(self, name, *args):
        return Call(self.store, self.instance.exports[name], args)

    def traces(self):
        """What a call can leave behind: memory, globals, a table, granules, and the store's state."""
        memory = self.instance.exports["memory"]
        store = self.store
        view = [bytes(store.view(self.instance.exports[name].at, size)) for name, size in (("calls", 4), ("sum", 8))]
        state = bytes(store.view(store.state, 16)), store.top, store.running, store.stack_taken
        table = self.instance.exports["refs"]
        refs = bytes(store.view(int.from_bytes(store.view(table.at + 8, 4), "little"), 4 * table.size))
        return memory.size, memory.read(0, 1 << 17), view, refs, store.used(), state


def outcome(guest, name, n, fuels, cuts=None):
    """Runs a call on these amounts of fuel, the last one again and again: what it returns or how it fails, its traces.

    cuts    a list that gets where it was stopped: code, frame and records of its state
    """
    call = guest.call(name, n)
    fuels = list(fuels)
    used = 0
    while True:
        fuel = fuels.pop(0) if len(fuels) > 1 else fuels[0]
        try:
            how = call.run(fuel)
            break
        except OutOfFuel:
            used += fuel
            if cuts is not None:
                cuts.append(bytes(guest.store.view(call._stack[0], 16)))
        except Trap as trap:
            how = trap.what
            break
    return how, used + fuel - call.fuel, guest.traces()


@ENGINES
@settings(max_examples=40)
@given(st.sampled_from(FUNCTIONS), st.integers(0, 9), st.lists(st.integers(1, 300), min_size=1, max_size=8))
def test_slices_of_any_size_do_what_running_through_does(engine, name, n, fuels):
    with using(engine):
        with Guest() as guest:
            whole = outcome(guest, name, n, [1 << 20])
        with Guest() as guest:
            cut = outcome(guest, name, n, fuels)
    assert cut == whole


@settings(max_examples=40)
@given(st.sampled_from(FUNCTIONS), st.integers(0, 9), st.lists(st.integers(1, 300), min_size=1, max_size=8))
@example("mix", 9, [1])
@example("bulk", 9, [1])
def test_both_engines_stop_at_the_same_places_leave_the_same_and_use_the_same_fuel(name, n, fuels):
    outcomes = []
    for engine in ("c", "python"):
        # A clock that stands: else a call that has none left may be stopped at a call of the host, or go on to a branch.
        with mock.patch.object(store, "ticks_us", lambda: 0), using(engine), Guest() as guest:
            cuts = []
            outcomes.append((*outcome(guest, name, n, fuels, cuts), cuts))
    assert outcomes[0] == outcomes[1]


@ENGINES
@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(FUNCTIONS), st.integers(0, 9)), min_size=2, max_size=4), st.randoms())
def test_calls_of_one_store_take_turns(engine, calls, rng):
    # Nothing that two of them write in common: each has the instance of a store of its own to compare with.
    calls = [(name, n) for name, n in calls if name in ("fib", "indirect", "deep")] or [("fib", 9)]
    with using(engine):
        alone = []
        for name, n in calls:
            with Guest() as guest:
                alone.append(outcome(guest, name, n, [1 << 20])[0])
        with Guest() as guest:
            under_way = {i: guest.call(name, n) for i, (name, n) in enumerate(calls)}
            together = [None] * len(calls)
            while under_way:
                i = rng.choice(list(under_way))
                under_way[i].limit(rng.randrange(1, 60))
                try:
                    while not under_way[i].step():
                        pass
                    together[i] = under_way.pop(i).results
                except OutOfFuel:
                    pass
                except Trap as trap:
                    together[i] = trap.what
                    under_way.pop(i)
    assert together == alone


@ENGINES
@settings(max_examples=30)
@given(st.sampled_from(FUNCTIONS), st.integers(0, 9), st.integers(1, 200))
def test_a_dropped_call_leaves_the_store_as_it_was(engine, name, n, fuel):
    with using(engine), Guest() as guest:
        before = guest.traces()[-1]
        call = guest.call(name, n)
        try:
            call.run(fuel)
        except OutOfFuel:
            call.close()
        except Trap:
            pass
        assert guest.traces()[-1] == before
        assert guest.call("fib", 7).run() == [13]
        with pytest.raises(ValueError, match="the call has ended"):
            call.run()


@ENGINES
def test_a_call_is_dropped_while_a_host_function_waits(engine):
    with using(engine), Guest() as guest:
        closed = []

        def forever(n):
            try:
                while True:
                    yield
            finally:
                closed.append(n)

        guest.store.host_functions[-1].call = forever
        before = guest.traces()[-1]
        with guest.call("hosted", 3) as call:
            for _ in range(3):
                assert not call.step()
            assert guest.call("fib", 9).run() == [34]  # on a spare stack
            assert not call.step()
            assert not closed
        assert closed == [6]
        assert guest.traces()[-1] == before


@ENGINES
def test_a_waiting_call_is_interrupted_and_goes_on(engine):
    with using(engine), Guest() as guest:
        call = guest.call("hosted", 3)
        call.step()
        call.interrupt()
        with pytest.raises(Interrupt):
            call.run()
        with Guest() as other:
            assert call.run() == other.call("hosted", 3).run()


@ENGINES
def test_a_run_after_a_call_of_the_host_gets_what_is_left_of_the_slice(engine):
    """Once it got a whole slice, and a guest that called the host after 3 ms of work ran for 7 without giving way."""
    reads = iter(range(0, 1 << 30, 1500))  # of the clock, in microseconds
    with mock.patch.object(store, "ticks_us", lambda: next(reads)), using(engine), Guest() as guest:
        given = []
        guest.store._slice = lambda state, us: given.append(us) or store.Store._slice(guest.store, state, 1 << 28)
        wasm.drive(guest.store.invoke(guest.instance.exports["indirect"], [3]))
    assert given[:5] == [4000, 2500, 1000, 4000, 2500]


@ENGINES
def test_time_and_interrupts_stop_an_endless_loop(engine):
    with using(engine), Guest() as guest:
        call = guest.call("forever")
        with pytest.raises(Interrupt, match="time is over"):
            call.run(timeout_ms=20)
        turns = guest.instance.exports["memory"].u32(8)
        call.limit()
        for _ in range(3):
            assert not call.step()
        call.interrupt()
        with pytest.raises(Interrupt):
            call.step()
        assert guest.instance.exports["memory"].u32(8) > turns > 0
        call.close()


@ENGINES
@pytest.mark.parametrize("name", ["f", "g"])
def test_no_limit_hides_a_trap_whose_place_is_searched(engine, name):
    body = "(drop (i32.const 1))" * 2000
    trapping = f"""(module (import "host" "back" (func $back))
        (func (export "f") {body} unreachable) (func (export "g") (call $back)))"""

    def search(call):
        while not call.locating:
            assert not call.step()
        for stopped in calls:
            stopped.interrupt()
            stopped.limit(0, 0)
        call.run(0, 0)

    def back():
        calls.append(Call(instance.store, instance.exports.f.raw, [], nested=True))
        search(calls[-1])

    with using(engine), wasm.instantiate(assemble(trapping), {"host": {"back": back}}) as instance:
        calls = [Call(instance.store, instance.exports[name].raw, [])]
        with pytest.raises(Trap, match="unreachable: in function 1 at offset 0x"):
            search(calls[0])
        assert not calls[0].locating


@ENGINES
def test_calls_back_share_the_limits_of_the_call_that_made_them(engine):
    with using(engine), Guest() as guest:
        store = guest.store

        def back(n):
            return Call(store, guest.instance.exports["fib"], [n & 7], nested=True).run()[0]

        store.host_functions[0].call = back
        through = guest.call("indirect", 3)
        whole = through.run(fuel=100_000)
        used = 100_000 - through.fuel
        assert used > 9 * 30
        through = guest.call("indirect", 3)
        with pytest.raises(OutOfFuel):
            through.run(fuel=used // 2)
        through = guest.call("indirect", 3)
        assert through.run(fuel=used + 1) == whole  # its last steps cost nothing, but a slice may end before them
        store.host_functions[0].call = lambda n: Call(store, guest.instance.exports["forever"], [], True).run()
        with pytest.raises(Interrupt):
            guest.call("indirect", 3).run(timeout_ms=10)
        assert store.running is None and store.stack_taken is None


@ENGINES
def test_the_stack_has_its_limit(engine):
    with using(engine), Guest() as guest:
        with pytest.raises(Exhaustion, match="call stack exhausted"):
            guest.call("deep", 0).run()
        assert guest.call("fib", 7).run() == [13]
