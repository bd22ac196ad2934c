"""Calls in steps, with limits: stopped within a slice, resumed or dropped, any other call in between.

    call = Call(store, function, [30])
    try:
        results = call.run(fuel=10_000, timeout_ms=20)
    except Stopped:             # OutOfFuel or Interrupt; the call stands where it was stopped
        results = call.run()    # resumes it; close() would drop it

Fuel measures code, not time: a unit is a halfword of A16 code, a call 8; see exec_ops.h. How a call is cut into
slices does not change what it uses.
"""

from .errors import Interrupt, OutOfFuel
from .store import ticks_diff, ticks_us

try:
    from time import ticks_add, ticks_ms
except ImportError:  # CPython, in tests

    def ticks_ms():
        return ticks_us() // 1000

    def ticks_add(ticks, delta):
        return ticks + delta


class Call:
    """A call of `function` with raw values (Store.invoke). Nothing runs before the first step.

    A call has a stack of its own: the store's, or while another call has that, a spare one that stays in the store for
    the next. With `nested`, it runs on the stack of the call whose host function makes it, under that call's limits
    too, and has to end before the host function returns.

    done       the call has ended: with results, an error, or dropped
    results    list of raw values, once it has returned
    fuel       units that are left; None: no limit
    """

    parked = False  # who awaits it will take the next step (exported.py)

    def __init__(self, store, function, args, nested=False):
        self.store = store
        self.done = False
        self.results = None
        self.fuel = None
        self.yielded = None  # by the last step: a tuple of what a host function that waits has yielded (api.py)
        self.locating = False  # it has trapped, where is searched (Store.invoke): no limit applies any more
        self._end = None  # ticks_ms when the time is over
        self._interrupted = False
        self._nested = nested
        self._outer = store.running if nested and store.running is not store else None
        self._stack = None  # (state, top)
        self._held = None  # while a step is taken: what _leave() puts back
        self._steps = store.invoke(function, args)

    def limit(self, fuel=None, timeout_ms=None):
        """What the call may use from now on; None: no limit."""
        if fuel is not None:
            fuel += min(self.fuel or 0, 0)  # the last slice may have run into debt
        self.fuel = fuel
        self._end = None if timeout_ms is None else ticks_add(ticks_ms(), timeout_ms)

    def step(self):
        """Runs one slice. True when the call has returned: `results`.

        Raises OutOfFuel or Interrupt when a limit is reached: after limit(), step() goes on. Trap, and what a host
        function raises, end the call. ValueError: it has ended, or a host function that it calls would take the step.
        """
        self._check_turn()
        if self.done:
            raise ValueError("the call has ended")
        self.store.check()
        self._check()
        if self._stack is None and not self._nested:
            self._stack = self._take_stack()
        self._enter()
        try:
            self.yielded = next(self._steps)
            return False
        except StopIteration as stop:
            self.results = stop.value
            self.done = True
            return True
        except BaseException:
            self.done = True
            raise
        finally:
            self._leave()

    def run(self, fuel=None, timeout_ms=None):
        """Runs the call to its end, within these limits. Returns its results; raises as step() does."""
        self._check_turn()
        self.limit(fuel, timeout_ms)
        while not self.step():
            pass
        return self.results

    def interrupt(self):
        """Makes the next step() raise Interrupt, once: from another task, a timer, or a host function."""
        self._interrupted = True

    def close(self):
        """Drops the call: what it has on the stack is gone, what it did to memories, tables and globals remains.

        ValueError: a host function that it calls cannot drop it: it may interrupt() it, or raise something.
        """
        self._check_outside()
        if self.done:
            return
        self._enter()
        try:
            self._steps.close()
        finally:
            self.done = True
            self._leave()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _check_turn(self):
        self._check_outside()
        if self.parked:
            raise RuntimeError("the task is awaited elsewhere")

    def _check_outside(self):
        if self._held:
            raise ValueError("the call is taking a step: its host functions neither run nor close it")

    def _check(self):
        if self.locating:
            return
        if self._outer is not None:
            self._outer._check()
        if self._interrupted:
            self._interrupted = False
            raise Interrupt("interrupt")
        if self._end is not None and ticks_diff(self._end, ticks_ms()) <= 0:
            raise Interrupt("interrupt: its time is over")
        # While a nested call takes a step, what is left is in the store.
        fuel = self.store.budget if self.store.running is self else self.fuel
        if fuel is not None and fuel <= 0:
            raise OutOfFuel("all fuel consumed by WebAssembly")

    def _take_stack(self):
        store = self.store
        if store.stack_taken is None:
            store.stack_taken = self
            return store.state, store.top
        return store.spare_stacks.pop() if store.spare_stacks else store.new_stack()

    # The store's running call, its stack and its budget are this call's for the time of a step.

    def _enter(self):
        store = self.store
        self._held = store.running, store.state, store.top, store.budget
        store.running = self
        if self._stack is not None:
            store.state, store.top = self._stack
        if not self._nested or self.fuel is not None:
            store.budget = self.fuel

    def _leave(self):
        store = self.store
        budget = store.budget
        if self._stack is not None:
            self._stack = store.state, store.top
            if self.done:
                if store.stack_taken is self:
                    store.stack_taken = None
                else:
                    store.spare_stacks = store.spare_stacks or []
                    store.spare_stacks.append(self._stack)
                self._stack = None
        store.running, store.state, store.top, store.budget = self._held
        self._held = None
        if self._nested and store.budget is not None:  # what it used, the outer call used
            store.budget = budget if self.fuel is None else store.budget - self.fuel + budget
        if self.fuel is not None:
            self.fuel = budget
