"""A store (core specification 4.2.1): what one component owns in the arena, and the calls that run there."""

from time import ticks_diff, ticks_us

from micropython import const

from .backtrace import FRAMES, frames, sentence
from .engine import engine
from .errors import Exhaustion, OutOfMemory, Trap
from .granules import Granules
from .traps import TRAPS
from .types import FUNC, GLOBAL, TABLE, number
from .values import get_values, put_value, to_words

_SLICE_US = const(4000)  # then a slice ends within 1.2 ms (modwasm.c): 5 ms at most, about (design.md, section 3)
_ONE_I32 = b"\x7f"
_MAX_TYPES = const(65535)
# Numbers of the C engine, from scripts/make_tables.py
_TRAP_CALL_STACK_EXHAUSTED = const(10)
_RUN_DONE = const(0)
_RUN_TRAP = const(1)
_RUN_HOST_CALL = const(2)
_SIZEOF_STATE = const(28)
_AT_STATE_FP = const(4)
_AT_STATE_RP = const(8)
_AT_STATE_DETAIL = const(16)
_AT_STATE_ARGS = const(20)
_AT_STATE_FUEL = const(24)
# end of numbers

_COUNTED = {FUNC: "functions", TABLE: "table elements", GLOBAL: "words of globals"}


class Store(Granules):
    """Up to `limit` granules of 1 KiB of the arena, `stack` bytes of them for frames. close() gives all back.

    With a stack of 0 bytes, calls need that of another store: use().

    functions         how many functions its modules may define
    tables            how many elements their tables may have, all together when they are made, each when it grows
    globals           how many words of 4 bytes their globals may take
    host_functions    the HostFunctions that guest code may call, by number
    instances         of each instance with functions: (its place in the arena, how many functions it defines and imports,
                      reopen, where its module begins and ends in the file): all that a backtrace wants of it
    reopen            None, or a function that returns a Source over the file of the instances made from now on: then a
                      Trap names functions, and says where in the file their instructions stand
    """

    # What few stores have is here: each entry of an instance's own dict costs every other one time and heap.
    running = stack_taken = None  # Calls (calls.py): whose step this is, who has the store's own stack
    spare_stacks = ()
    started = None  # what start() leaves to finish()
    locating = False  # a trap's place is searched, in a step that no Call takes: see invoke
    objects = ()  # of the host's, that externrefs stand for (api.py)
    allowed = {FUNC: 8192, TABLE: 16384, GLOBAL: 4096}
    fuel = 1 << 28  # that a slice gets at most: tests give it less, else time ends it
    numbers = None  # of the objects, by id(): they are kept, so no other takes it

    def __init__(self, limit=64, stack=4096, functions=8192, tables=16384, globals=4096):
        super().__init__(limit)
        self.left = {FUNC: functions, TABLE: tables, GLOBAL: globals}
        if self.left != self.allowed:
            self.allowed = dict(self.left)
        self.types = []  # by id - 1
        self.type_order = []  # their indices there, by type
        self.host_functions = []
        self.instances = []
        self.reopen = None
        self._spent = self._spent_m = 0  # units of fuel that calls used, and 1 << 20 of them: small ints for a while
        self.budget = None  # fuel that the running call may still use; None: no limit
        self.slices = 0
        self.stack = stack
        self.state = self.top = 0  # top: where the next invocation's frame may start
        try:
            if stack:
                self.state, self.top = self.new_stack()
        except OutOfMemory:
            self.close()
            raise

    def close(self):
        """Gives back all granules. The store and its instances are not to be used afterwards."""
        super().close()
        self.instances = []
        self.host_functions = []
        self.objects = ()
        self.numbers = None

    def fuel_used(self):
        """Units of fuel that all calls used."""
        return (self._spent_m << 20) + self._spent

    def new_stack(self):
        """A stack for frames and the state_t that runs there: (offset of the state, offset of the first frame)."""
        # In one piece: two may take one granule more, where the arena has a gap.
        space = _SIZEOF_STATE + 7 & -8
        state = self.alloc(space + self.stack)
        stack = state + space
        self._empty(state, stack, self.stack)
        return state, stack

    def _empty(self, state, stack, size):
        engine.set(state + _AT_STATE_FP, stack)
        engine.set(state + _AT_STATE_RP, stack + (size & ~7))

    def use(self, other):
        """Calls run on the stack of the store `other`, on which nothing runs; None: there is none for them any more."""
        if other is None:
            self.state = self.top = 0
            return
        self.state = other.state
        self.top = other.top
        self._empty(other.state, other.top, other.stack)

    def take(self, kind, n):
        """Counts n more functions, table elements or words of globals. Returns how many there may still be, with these.

        Raises OutOfMemory.
        """
        left = self.left[kind]
        if n > left:
            what = "%d %s more are above the component's limit: it has %d of %d"
            raise OutOfMemory(what % (n, _COUNTED[kind], self.allowed[kind] - left, self.allowed[kind]))
        self.left[kind] = left - n
        return left

    def type_id(self, params, results):
        """The number that equal function types share in this store."""
        type_id = number((params, results), self.types, self.type_order) + 1
        if type_id > _MAX_TYPES:  # what call_indirect compares is a halfword
            raise OutOfMemory("a store has at most 65,535 different function types")
        return type_id

    # A board searches longest for what is not there: methods among attributes, built-in names among the module's.

    def start(self, function, args):
        """As invoke(), for what mostly ends within a slice, which runs at once: no generator, which would cost a board more
        than a call of a guest's realloc.

        Returns the results; or None: then finish() has to run next, a generator that returns them.
        """
        state = self.state
        base = self.top
        if not self.owner or not engine.get(function.at):
            self.started = function, args, 0, None, 0
            return None
        entry = self._enter(function, args)
        began = ticks_us()
        why = self._slice(state, _SLICE_US)
        if why != _RUN_DONE:
            self.started = function, None, entry, why, began
            return None
        returned = function.type[1]
        results = [engine.get(base)] if returned == _ONE_I32 else get_values(self, base, returned)
        engine.leave(state, entry)
        return results

    def finish(self):
        """A generator: the rest of the call that start() began, and its results."""
        return self.invoke(*self.started)

    def _enter(self, function, args):
        """Puts the call's frame on the stack. Returns its entry. Raises Exhaustion."""
        if not self.state:
            raise ValueError("the store has no stack")
        params = function.type[0]
        if params.count(_ONE_I32) < len(params):
            args = to_words(self, params, args)
        entry = engine.enter(self.state, function.at, self.top, args)
        if not entry:
            raise Exhaustion()
        return entry

    def _slice(self, state, us):
        """Runs the call on the stack for a slice of so long, and counts what it used. Returns why it ended."""
        fuel = self.fuel
        budget = self.budget
        if budget is not None:
            fuel = min(fuel, max(budget, 0))
        why = engine.run(state, fuel, us)
        # Signed: a debt if the last charge was more than was left.
        rest = engine.get(state + _AT_STATE_FUEL)
        spent = fuel - (rest - (1 << 32) if rest >> 31 else rest)
        if budget is not None:
            self.budget = budget - spent
        spent += self._spent
        if spent >> 20:
            self._spent_m += spent >> 20
            spent &= 0xFFFFF
        self._spent = spent
        return why

    def invoke(self, function, args, entry=0, why=None, began=0):
        """Calls `function` (4.5.4). A generator: yields when a slice is used up, returns the results.

        args, results    lists of ints; floats as bit patterns
        Raises Trap; ValueError if the store is closed, or is when the call would go on. Closing the generator abandons
        the call. entry, why, began: of a call whose first slice has run (start).
        """
        # One generator, not one a step: each that waits for another takes 300 bytes of a board's C stack.
        if not self.owner:
            self.check()
        get = engine.get
        at = function.at
        if not get(at):
            result = self.host_functions[get(at + 4)].call(*args)
            if hasattr(result, "send"):
                result = yield from result
            results = len(function.type[1])
            return list(result) if results > 1 else [result] if results else []
        if not entry:
            entry = self._enter(function, args)
        state = self.state
        base = self.top
        left = _SLICE_US  # of this slice
        try:
            if why is None:
                began = ticks_us()
            while True:
                if why is None:
                    why = self._slice(state, left)
                if why == _RUN_DONE:
                    returned = function.type[1]
                    return [get(base)] if returned == _ONE_I32 else get_values(self, base, returned)
                if why == _RUN_TRAP:
                    code = engine.get(state + _AT_STATE_DETAIL)
                    raise Exhaustion() if code == _TRAP_CALL_STACK_EXHAUSTED else Trap(TRAPS[code])
                if why == _RUN_HOST_CALL:
                    called = self.host_functions[engine.get(state + _AT_STATE_DETAIL)]
                    at = engine.get(state + _AT_STATE_ARGS)
                    params, results = called.type
                    # What the host calls back lies above its arguments and result.
                    self.top = at + 8 * max(len(params), len(results))
                    result = called.call(*get_values(self, at, params))
                    if hasattr(result, "send"):
                        result = yield from result
                    self.check()  # the host function, or another task while it waited, may have closed the store
                    if len(results) == 1:
                        put_value(self, at, results[0], result)
                    elif results:
                        for i, t in enumerate(results):
                            at = put_value(self, at, t, result[i])
                if why == _RUN_HOST_CALL:  # a guest that calls the host again and again has to give way, too
                    left = _SLICE_US - ticks_diff(ticks_us(), began)
                    if left > 0:
                        why = None
                        continue
                why = None
                self.slices += 1
                yield
                self.check()
                began = ticks_us()
                left = _SLICE_US
        except Trap as trap:
            # Fewer: it comes from what a host function called back, or from itself.
            if self.owner and len(trap.frames) < FRAMES:
                # The call is over: its limits are not to hide why.
                whose = self.running or self
                whose.locating = True
                try:
                    calls = yield from frames(self, why == _RUN_HOST_CALL)
                finally:
                    whose.locating = False
                calls = (trap.frames + calls)[:FRAMES]
                trap.came_from(calls, sentence(calls))
            raise
        finally:
            if self.state == state:  # CPython collects what is not closed while others run
                self.top = base
            if self.owner:
                engine.leave(state, entry)
