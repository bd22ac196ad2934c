"""What an instance exports, as Python sees it: functions, globals and tables that take and give Python values.

i32 i64      int. Results are signed; an argument may be signed or unsigned
f32 f64      float, of the port's precision; Function.bits passes bit patterns
funcref      Function, or None
externref    any object, or None for null; the store keeps it until it closes

Each wraps what externs.py has under the same name, as `raw`. A memory needs no wrapping.
"""

import struct
import sys

from . import externs, values
from .calls import Call
from .errors import Stopped, Trap
from .types import F32, F64, FUNCREF, I32, I64

_NAMES = {I32: "i32", I64: "i64", F32: "f32", F64: "f64", FUNCREF: "funcref"}
_OBJECTS = 1000  # that externrefs of a store may stand for: a guest could have a host function make them for ever


class Function:
    """A function of a guest, called with Python values: no result is None, several are a tuple.

    add(2, 3)                               to its end
    add(2, 3, fuel=1000, timeout_ms=20)     or raises OutOfFuel, Interrupt; the call is dropped then
    add.start(2, 3)                         a Task, to be run in parts
    add.bits(2, 3)                          values as values.py has them: unsigned ints, floats as bit patterns
    """

    def __init__(self, store, raw, name):
        self.store = store
        self.raw = raw
        self.name = name

    def __call__(self, *args, fuel=None, timeout_ms=None):
        raw = self._to_raw(args)
        store = self.store
        if fuel is None and timeout_ms is None:
            if store.running is None and store.stack_taken is None or store.running is store:
                return results_of(store, self.raw.type[1], _through(store, self.raw, raw))
        # In a host function the call runs on the stack of the one that called it.
        with Task(self, raw, store.running is not None) as task:
            return task.run(fuel, timeout_ms)

    def start(self, *args):
        """A Task that will make this call, on a stack of its own."""
        return Task(self, self._to_raw(args))

    def bits(self, *args):
        """Calls it with raw values. Returns the list of raw results."""
        if len(args) != len(self.raw.type[0]):
            raise TypeError(self._wrong_count(args))
        with Call(self.store, self.raw, args, self.store.running is not None) as call:
            return call.run()

    def _to_raw(self, args):
        params = self.raw.type[0]
        if len(args) != len(params):
            raise TypeError(self._wrong_count(args))
        return [to_raw(self.store, t, args[i], "%s: argument %d" % (self.name, i + 1)) for i, t in enumerate(params)]

    def _wrong_count(self, args):
        return "%r takes %d arguments, %d given" % (self, len(self.raw.type[0]), len(args))

    def __eq__(self, other):
        return isinstance(other, Function) and self.raw == other.raw

    def __hash__(self):
        return self.raw.at

    def __repr__(self):
        return self.name + signature(self.raw.type)


def _through(store, function, args):
    # A call without limits, to its end: a third of what a Task costs. Meanwhile the store itself is what runs.
    store.check()
    outer = store.running
    store.running = store.stack_taken = store
    steps = store.invoke(function, args)
    try:
        while True:
            next(steps)
    except StopIteration as stop:
        return stop.value
    finally:
        steps.close()  # something else may have been raised here: the interrupt key
        if outer is None:
            store.running = store.stack_taken = None


class Task(Call):
    """A call with Python values, run in parts: run(), step(), limit(), interrupt(), close() as of Call.

    In an asyncio task `await task`, in any generator `yield from task`: it gives way after each slice. Nobody else may
    run it meanwhile: RuntimeError. close() drops it then, too.
    """

    awaited = False  # its host functions may wait for asyncio: what they yield gets there

    def __init__(self, function, args, nested=False):
        super().__init__(function.store, function.raw, args, nested)
        self._types = function.raw.type[1]

    @property
    def value(self):
        """What the call returned. ValueError before it has, or when it has ended otherwise."""
        if self.results is None:
            raise ValueError("the call has not returned")
        return results_of(self.store, self._types, self.results)

    def run(self, fuel=None, timeout_ms=None):
        """Runs the call to its end within these limits and returns its value. Raises as step() does."""
        super().run(fuel, timeout_ms)
        return self.value

    def __iter__(self):
        if self.awaited:
            raise RuntimeError("the task is awaited elsewhere")
        self.awaited = True
        try:
            while not self.step():
                self.parked = True
                asyncio = running_asyncio()
                if self.yielded:  # a host function waits: what it yields is for the scheduler
                    yield self.yielded[0]
                elif asyncio:
                    yield from asyncio.sleep_ms(0)
                else:
                    yield
                self.parked = False
        except Stopped:
            raise
        except BaseException:  # cancelled
            self.close()
            raise
        finally:
            self.awaited = self.parked = False
        return self.value

    __await__ = __iter__


class Global:
    """A global variable. `value` may be set if it is mutable: else TypeError."""

    def __init__(self, store, raw, name):
        self.store = store
        self.raw = raw
        self.name = name

    @property
    def value(self):
        return to_python(self.store, self.raw.type[0], self.raw.value)

    @value.setter
    def value(self, value):
        self.raw.value = to_raw(self.store, self.raw.type[0], value, self.name)

    def __repr__(self):
        return "%s: %s%s" % (self.name, "mut " if self.raw.type[1] else "", type_name(self.raw.type[0]))


class Table:
    """A table: len(), table[i], table[i] = function. Out of its bounds: Trap."""

    def __init__(self, store, raw, name):
        self.store = store
        self.raw = raw
        self.name = name

    def __len__(self):
        return self.raw.size

    def __getitem__(self, i):
        return to_python(self.store, self.raw.reftype, self.raw.get(i))

    def __iter__(self):
        return iter([self[i] for i in range(len(self))])

    def __setitem__(self, i, value):
        self.raw.set(i, to_raw(self.store, self.raw.reftype, value, self.name))

    def grow(self, delta, value=None):
        """Adds `delta` elements. Returns how many there were, or -1 if there is no room."""
        return self.raw.grow(delta, to_raw(self.store, self.raw.reftype, value, self.name))


def wrap(store, raw, name):
    if isinstance(raw, values.Function):
        return Function(store, raw, name)
    if isinstance(raw, externs.Global):
        return Global(store, raw, name)
    return Table(store, raw, name) if isinstance(raw, externs.Table) else raw


# Values


def to_python(store, t, raw):
    if t == I32:
        return raw - (1 << 32) if raw >> 31 else raw
    if t == I64:
        return raw - (1 << 64) if raw >> 63 else raw
    if t == F32:
        return struct.unpack("<f", raw.to_bytes(4, "little"))[0]
    if t == F64:
        return struct.unpack("<d", raw.to_bytes(8, "little"))[0]
    if raw is None:
        return None
    return Function(store, raw, "function") if t == FUNCREF else store.objects[raw]


def results_of(store, types, raw):
    if len(types) > 1:
        return tuple([to_python(store, t, raw[i]) for i, t in enumerate(types)])
    return to_python(store, types[0], raw[0]) if types else None


def to_raw(store, t, value, where):
    if t == I32 or t == I64:
        bits = 32 if t == I32 else 64
        if not isinstance(value, int):
            raise TypeError("%s is %r, an %s is needed" % (where, value, _NAMES[t]))
        if not -(1 << (bits - 1)) <= value < 1 << bits:
            raise ValueError("%s is %d: an %s goes from -2^%d to 2^%d - 1" % (where, value, _NAMES[t], bits - 1, bits))
        return value & ((1 << bits) - 1)
    if t == F32 or t == F64:
        if not isinstance(value, (int, float)):
            raise TypeError("%s is %r, a number is needed" % (where, value))
        form = "<f" if t == F32 else "<d"
        try:
            data = struct.pack(form, float(value))
        except OverflowError:  # CPython: what is beyond the type rounds to infinity
            data = struct.pack(form, float("inf" if value > 0 else "-inf"))
        return int.from_bytes(data, "little")
    if value is None:
        return None
    if t == FUNCREF:
        raw = getattr(value, "raw", value)
        if not isinstance(raw, values.Function) or not raw.is_of(store):
            raise TypeError("%s is %r, a function of this store or None is needed" % (where, value))
        return raw
    if store.numbers is None:
        store.objects, store.numbers = [], {}
    n = store.numbers.get(id(value))
    if n is None:
        n = len(store.objects)
        if n == _OBJECTS:
            raise Trap("out of memory", "a component may be given %d objects" % _OBJECTS)
        store.objects.append(value)
        store.numbers[id(value)] = n
    return n


def type_name(t):
    return _NAMES.get(t, "externref")


def signature(functype):
    params, results = [", ".join([type_name(t) for t in types]) for types in functype]
    return "(%s) -> (%s)" % (params, results) if len(functype[1]) != 1 else "(%s) -> %s" % (params, results)


def running_asyncio():
    # MicroPython's asyncio forgets a task that yields without having said when it wants to go on. CPython's does not.
    core = getattr(sys.modules.get("asyncio"), "core", None)
    return core if core and core.cur_task else None
