"""The everyday way to use a module: instantiate it, call its exports with Python values, lend it functions.

instance = wasm.instantiate("sum.wasm", {"env": {"log": print}}, limit=16)
instance.exports.add(2, 3)                  # 5
instance.exports.memory.read(0, 16)         # bytes
instance.close()

i32 i64      int. Results are signed; an argument may be signed or unsigned
f32 f64      float, of the port's precision; Function.bits passes bit patterns
funcref      Function, or None
externref    any object, or None for null; the store keeps it until it closes
"""

import struct
import sys

from . import values
from .binary import Module, decode
from .calls import Call
from .errors import Stopped, Trap, Unlinkable
from .externs import Global, HostFunction, Table
from .instance import Instance as _Instance
from .reader import Source
from .store import Store
from .types import F32, F64, FUNC, FUNCREF, GLOBAL, I32, I64

try:
    from types import coroutine  # lets CPython await a generator
except ImportError:  # MicroPython does without

    def coroutine(function):
        return function


_NAMES = {I32: "i32", I64: "i64", F32: "f32", F64: "f64", FUNCREF: "funcref"}
_OBJECTS = 1000  # that externrefs of a store may stand for: a guest could have a host function make them for ever
_KINDS = ("function", "table", "memory", "global")


def instantiate(source, imports=None, limit=64, stack=4096, store=None):
    """An Instance of a module: loaded, linked and started.

    source     the path of a .wasm file, its bytes, an open file, or a Module
    imports    {module name: {name: what}}, or {module name: exports of another instance}; what: a function or
               generator function of Python, a number for a global, or what another instance of the store exports
    limit      granules of 1 KiB of the arena that it may use, `stack` bytes of them for its calls
    store      the store of another instance, to share its limit and link with its exports

    Raises Malformed, Invalid or Unsupported for the file, Unlinkable for an import, OutOfMemory, or a Trap.
    """
    steps = instantiating(source, imports, limit, stack, store)
    try:
        while True:
            next(steps)
    except StopIteration as stop:
        return stop.value


@coroutine
def instantiating(source, imports=None, limit=64, stack=4096, store=None):
    """instantiate() for programs that have other things to do: `await` it, or `yield from` it in a generator."""
    own = Store(limit, stack) if store is None else None
    store = own or store
    opened = None
    done = False
    try:
        store.reopen = None
        if isinstance(source, str):
            store.reopen = lambda: Source(open(source, "rb"))
            opened = store.reopen()
        elif not isinstance(source, Module) and not hasattr(source, "readinto"):
            store.reopen = lambda: Source(source)
        module = source if isinstance(source, Module) else (opened or Source(source)).reader()
        steps = _creating(store, module, imports or {})
        try:
            while True:
                next(steps)
                asyncio = _asyncio()
                if asyncio:
                    yield from asyncio.sleep_ms(0)
                else:
                    yield
                store.check()
        except StopIteration as stop:
            instance = Instance(store, stop.value.exports, own is not None)
        finally:
            steps.close()
        done = True
        return instance
    finally:
        if opened:
            opened.close()
        if own and not done:
            own.close()


def _creating(store, module, imports):
    if not isinstance(module, Module):
        module = yield from decode(module)
    return (yield from _Instance.create(store, module, _resolver(store, module, imports)))


class Instance:
    """What instantiate() returns. A context manager: close() at its end.

    exports    Exports
    store      the Store with its limits: used(), limit
    """

    def __init__(self, store, exports, owner):
        self.store = store
        self.exports = Exports(store, exports)
        self._owner = owner

    def close(self):
        """Gives its memory back, if the store is its own. It is not to be used afterwards, nor are its exports."""
        if self._owner:
            self.store.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Exports:
    """The exports by name: exports.add, exports["add"]. Functions, Variables, References and Memory objects."""

    def __init__(self, store, raw):
        self._store = store
        self._raw = raw

    def __getitem__(self, name):
        raw = self._raw.get(name)
        if raw is None:
            raise KeyError(self._lacks(name))
        return _wrap(self._store, raw, name)

    def __getattr__(self, name):
        if name[0] == "_" or name not in self._raw:
            raise AttributeError(self._lacks(name))
        return self[name]

    def __contains__(self, name):
        return name in self._raw

    def __iter__(self):
        return iter(self._raw)

    def __len__(self):
        return len(self._raw)

    def __repr__(self):
        return "<exports: %s>" % ", ".join(self._raw)

    def _lacks(self, name):
        return "no export %s; there are: %s" % (name, _listed(self._raw))


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
                return _results(store, self.raw.type[1], _through(store, self.raw, raw))
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
        return [_to_raw(self.store, t, args[i], "%s: argument %d" % (self.name, i + 1)) for i, t in enumerate(params)]

    def _wrong_count(self, args):
        return "%r takes %d arguments, %d given" % (self, len(self.raw.type[0]), len(args))

    def __eq__(self, other):
        return isinstance(other, Function) and self.raw == other.raw

    def __hash__(self):
        return self.raw.at

    def __repr__(self):
        return self.name + _signature(self.raw.type)


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

    In an asyncio task `await task`, in any generator `yield from task`: it gives way after each slice.
    """

    def __init__(self, function, args, nested=False):
        super().__init__(function.store, function.raw, args, nested)
        self._types = function.raw.type[1]

    @property
    def value(self):
        """What the call returned."""
        return _results(self.store, self._types, self.results)

    def run(self, fuel=None, timeout_ms=None):
        """Runs the call to its end within these limits and returns its value. Raises as step() does."""
        super().run(fuel, timeout_ms)
        return self.value

    def __iter__(self):
        store = self.store
        try:
            slices = store.slices
            while not self.step():
                asyncio = _asyncio()
                if store.slices == slices:  # a host function waits: what it yields is for the scheduler
                    yield self.yielded
                elif asyncio:
                    yield from asyncio.sleep_ms(0)
                else:
                    yield
                slices = store.slices
        except Stopped:
            raise
        except BaseException:  # cancelled
            self.close()
            raise
        return self.value

    __await__ = __iter__


class Variable:
    """A global variable. `value` may be set if it is mutable: else TypeError."""

    def __init__(self, store, raw, name):
        self.store = store
        self.raw = raw
        self.name = name

    @property
    def value(self):
        return _to_python(self.store, self.raw.type[0], self.raw.value)

    @value.setter
    def value(self, value):
        self.raw.value = _to_raw(self.store, self.raw.type[0], value, self.name)

    def __repr__(self):
        return "%s: %s%s" % (self.name, "mut " if self.raw.type[1] else "", _name(self.raw.type[0]))


class References:
    """A table: len(), table[i], table[i] = function. Out of its bounds: Trap."""

    def __init__(self, store, raw, name):
        self.store = store
        self.raw = raw
        self.name = name

    def __len__(self):
        return self.raw.size

    def __getitem__(self, i):
        return _to_python(self.store, self.raw.reftype, self.raw.get(i))

    def __setitem__(self, i, value):
        self.raw.set(i, _to_raw(self.store, self.raw.reftype, value, self.name))

    def grow(self, delta, value=None):
        """Adds `delta` elements. Returns how many there were, or -1 if there is no room."""
        return self.raw.grow(delta, _to_raw(self.store, self.raw.reftype, value, self.name))


def _wrap(store, raw, name):
    if isinstance(raw, values.Function):
        return Function(store, raw, name)
    if isinstance(raw, Global):
        return Variable(store, raw, name)
    return References(store, raw, name) if isinstance(raw, Table) else raw


def _listed(names):
    names = sorted(names)
    return ", ".join(names[:20]) + (", and %d more" % (len(names) - 20) if len(names) > 20 else "") or "none"


# Imports


def _resolver(store, module, imports):
    wanted = iter(module.imports)  # Instance asks for each in turn

    def resolve(group, name):
        _, _, kind, want = next(wanted)
        given = imports.get(group)
        label = "%s.%s" % (group, name)
        if given is None or name not in given:
            what = label + _signature(module.types[want]) if kind == FUNC else label
            there = _listed(imports if given is None else given)
            raise Unlinkable("unknown import: %s %s; there are: %s" % (_KINDS[kind], what, there))
        item = given[name]
        home = getattr(item, "store", store)
        if kind == FUNC and callable(item) and (home is not store or not hasattr(item, "raw")):
            params, results = module.types[want]
            return HostFunction(store, params, results, _host(store, params, results, item, label))
        if home is not store:
            raise Unlinkable("incompatible import type: %s %s is of another store" % (_KINDS[kind], label))
        if kind == GLOBAL and isinstance(item, (int, float)):
            return Global.new(store, want[0], want[1], _to_raw(store, want[0], item, label))
        return getattr(item, "raw", item)

    return resolve


def _host(store, params, results, function, label):
    # What the engine calls for `function`.
    def returned(value):
        if len(results) > 1:
            if not isinstance(value, (tuple, list)) or len(value) != len(results):
                raise TypeError("%s returned %r: %d values are needed" % (label, value, len(results)))
            return [_to_raw(store, t, value[i], "%s: result %d" % (label, i + 1)) for i, t in enumerate(results)]
        return _to_raw(store, results[0], value, label + ": its result") if results else None

    def wait(steps):
        return returned((yield from (steps.__await__() if hasattr(steps, "__await__") else steps)))

    def call(*raw):
        value = function(*[_to_python(store, t, raw[i]) for i, t in enumerate(params)])
        return wait(value) if hasattr(value, "send") else returned(value)

    return call


# Values


def _to_python(store, t, raw):
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


def _results(store, types, raw):
    if len(types) > 1:
        return tuple([_to_python(store, t, raw[i]) for i, t in enumerate(types)])
    return _to_python(store, types[0], raw[0]) if types else None


def _to_raw(store, t, value, where):
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
        try:
            data = struct.pack("<f" if t == F32 else "<d", value)
        except OverflowError:  # CPython, where f32 rounds to infinity
            data = struct.pack("<f", float("inf" if value > 0 else "-inf"))
        return int.from_bytes(data, "little")
    if value is None:
        return None
    if t == FUNCREF:
        raw = getattr(value, "raw", value)
        if not isinstance(raw, values.Function) or getattr(value, "store", store) is not store:
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


def _name(t):
    return _NAMES.get(t, "externref")


def _signature(functype):
    params, results = [", ".join([_name(t) for t in types]) for types in functype]
    return "(%s) -> (%s)" % (params, results) if len(functype[1]) != 1 else "(%s) -> %s" % (params, results)


def _asyncio():
    # MicroPython's asyncio forgets a task that yields without having said when it wants to go on. CPython's does not.
    core = getattr(sys.modules.get("asyncio"), "core", None)
    return core if core and core.cur_task else None
