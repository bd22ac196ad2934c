"""The everyday way to use a module: instantiate it, call its exports with Python values, lend it functions.

instance = wasm.instantiate("sum.wasm", {"env": {"log": print}}, limit=16)
instance.exports.add(2, 3)                  # 5
instance.exports.memory.read(0, 16)         # bytes
instance.close()

What values are: exported.py.
"""

from . import binary, externs
from . import instance as instances
from .calls import ticks_add, ticks_ms
from .errors import Interrupt, Unlinkable
from .exported import Function, Global, Table, Task, running_asyncio, signature, to_python, to_raw, type_name, wrap  # noqa: F401
from .reader import Source
from .store import Store, ticks_diff
from .types import FUNC, GLOBAL, TABLE
from .values import function_at

try:
    from types import coroutine  # lets CPython await a generator
except ImportError:  # MicroPython does without

    def coroutine(function):
        return function


_KINDS = ("function", "table", "memory", "global")


def instantiate(source, imports=None, limit=64, stack=4096, store=None, fuel=None, timeout_ms=None):
    """An Instance of a module: loaded, linked and started.

    source     the path of a .wasm file, its bytes, an open file, or a Module
    imports    {module name: {name: what}}, or {module name: exports of another instance}; what: a function or
               generator function of Python, a number for a global, or what another instance of the store exports
    limit      granules of 1 KiB of the arena that it may use, `stack` bytes of them for its calls
    store      the store of another instance, to share its limit and link with its exports
    fuel       that its start function may use, `timeout_ms` for that and loading; None: no limit

    Raises Malformed, Invalid or Unsupported for the file, Unlinkable for an import, OutOfMemory, or a Trap; OutOfFuel or
    Interrupt when a limit is reached.
    """
    steps = _making(source, imports or {}, limit, stack, store, fuel, timeout_ms, False)
    try:
        next(steps)  # it gives way to nobody
    except StopIteration as stop:
        return stop.value


@coroutine
def instantiating(source, imports=None, limit=64, stack=4096, store=None, fuel=None, timeout_ms=None):
    """instantiate() for programs that have other things to do: `await` it, or `yield from` it in a generator."""
    return (yield from _making(source, imports or {}, limit, stack, store, fuel, timeout_ms, True))


def _making(source, imports, limit, stack, store, fuel, timeout_ms, gives_way):
    end = None if timeout_ms is None else ticks_add(ticks_ms(), timeout_ms)
    own = Store(limit, stack) if store is None else None
    store = own or store
    file = instance = None
    try:
        if isinstance(source, Module):
            reopen = source.reopen
        else:
            reopen = _opener(source)
            file = reopen()
        steps = _loading(store, source if file is None else file, imports, reopen)
        try:
            while True:
                next(steps)
                if gives_way:
                    asyncio = running_asyncio()
                    if asyncio:
                        yield from asyncio.sleep_ms(0)
                    else:
                        yield
                store.check()
                if end is not None and ticks_diff(end, ticks_ms()) <= 0:
                    raise Interrupt("interrupt: its time is over")
        except StopIteration as stop:
            exports, start = stop.value
        finally:
            steps.close()
        if end is not None and ticks_diff(end, ticks_ms()) <= 0:
            raise Interrupt("interrupt: its time is over")
        if start is not None:
            with Task(Function(store, start, "start"), (), not gives_way and store.running is not None) as task:
                task.limit(fuel, None if end is None else ticks_diff(end, ticks_ms()))
                if gives_way:
                    yield from task
                while not task.done:
                    task.step()
        instance = Instance(store, exports, own is not None)
        return instance
    finally:
        if file:
            file.close()
        if own and instance is None:
            own.close()


def _loading(store, source, imports, reopen):
    """A generator: an instance that has not started yet. Returns its exports, as exports.py has them, and what starts it."""
    module = source.raw if isinstance(source, Module) else (yield from binary.decode(source.reader()))
    resolve = _resolver(store, module, imports)
    instance = yield from instances.Instance.create(store, module, resolve, False, reopen)
    start = module.start
    return instance.exports, None if start < 0 else function_at(store, instance.function_offset(start))


class _Lent(Source):
    """A Source over what somebody else closes."""

    def close(self):
        pass


def _opener(source):
    """What opens a Source over a path, bytes or an open file: now, and when a trap wants to know its place."""
    return lambda: Source(open(source, "rb")) if isinstance(source, str) else _Lent(source)


class Module:
    """A module, decoded: to be looked at, or instantiated more than once. A context manager: close() at its end.

    Module("sum.wasm")    a path, or the file's bytes, or an open file
    imports               [(module, name, kind, type)]
    exports               [(name, kind, type)]

    A kind is "function", "table", "memory" or "global"; types are "(i32) -> ()", "2 5 funcref", "1" (pages), "mut i32".
    Raises Malformed, Invalid or Unsupported. Bodies of functions are not looked at before it is instantiated.
    """

    def __init__(self, source):
        self.reopen = _opener(source)
        self._file = self.reopen()
        self.raw = None
        try:
            self.raw = binary.Module(self._file.reader())
        finally:
            if self.raw is None:
                self.close()

    @property
    def imports(self):
        raw = self.raw
        return [
            (module, name, _KINDS[kind], _type(kind, raw.types[want] if kind == FUNC else want))
            for module, name, kind, want in raw.imports
        ]

    @property
    def exports(self):
        return [
            (name, _KINDS[place & 3], self._type(place & 3, place >> 2)) for name, place in self.raw.exports.items()
        ]

    def _type(self, kind, index):
        raw = self.raw
        if kind == FUNC:
            return _type(kind, raw.types[raw.functions[index]])
        return _type(kind, (raw.tables, raw.memories, raw.globals)[kind - TABLE][index])

    def close(self):
        """Closes the file, if it was given as a path. No instances can be made afterwards; those there are go on."""
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _type(kind, what):
    """The text of a type as binary.py has it."""
    if kind == FUNC:
        return signature(what)
    if kind == GLOBAL:
        return ("mut " if what[1] else "") + type_name(what[0])
    least, most = what[1:] if kind == TABLE else what[:2]
    limits = str(least) if most is None else "%d %d" % (least, most)
    if kind == TABLE:
        return limits + " " + type_name(what[0])
    return limits if what[2] else limits + " (pagesize 1)"


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
    """The exports by name: exports.add, exports["add"]. Functions, Globals, Tables and Memories."""

    def __init__(self, store, raw):
        self._store = store
        self._raw = raw

    def __getitem__(self, name):
        self._store.check()
        raw = self._raw.get(name)
        if raw is None:
            raise KeyError(self._lacks(name))
        return wrap(self._store, raw, name)

    def __getattr__(self, name):
        if name not in self._raw:
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
            what = label + signature(module.types[want]) if kind == FUNC else label
            there = _listed(imports if given is None else given)
            raise Unlinkable("unknown import: %s %s; there are: %s" % (_KINDS[kind], what, there))
        item = given[name]
        home = getattr(item, "store", store)
        if kind == FUNC and callable(item) and (home is not store or not hasattr(item, "raw")):
            params, results = module.types[want]
            return externs.HostFunction(store, params, results, _host(store, params, results, item, label))
        raw = getattr(item, "raw", item)
        if home is not store or hasattr(raw, "is_of") and not raw.is_of(store):
            raise Unlinkable("incompatible import type: %s %s is of another store" % (_KINDS[kind], label))
        if kind == GLOBAL and isinstance(item, (int, float)):
            return externs.Global.new(store, want[0], want[1], to_raw(store, want[0], item, label))
        return raw

    return resolve


def _host(store, params, results, function, label):
    # What the engine calls for `function`.
    def returned(value):
        if len(results) > 1:
            if not isinstance(value, (tuple, list)) or len(value) != len(results):
                raise TypeError("%s returned %r: %d values are needed" % (label, value, len(results)))
            return [to_raw(store, t, value[i], "%s: result %d" % (label, i + 1)) for i, t in enumerate(results)]
        return to_raw(store, results[0], value, label + ": its result") if results else None

    def wait(steps):
        steps = steps.__await__() if hasattr(steps, "__await__") else steps
        try:
            while True:
                # MicroPython's asyncio crashes when who waits goes on meanwhile, and waits again.
                if running_asyncio() and not getattr(store.running, "awaited", False):
                    raise RuntimeError(label + " may wait: await the task of the call (start())")
                yield (next(steps),)
        except StopIteration as stop:
            value = stop.value
        finally:
            steps.close()
        return returned(value)

    def elsewhere(task):
        # Of another store: in steps of the call that runs here, which is stopped between them, and whose fuel it uses.
        caller = store.running or store
        with task:
            while True:
                if store.budget is None or store.budget > 0 or task.locating:
                    task.fuel = store.budget
                    task.awaited = getattr(caller, "awaited", False)
                    done = task.step()
                    store.budget = task.fuel
                    if done:
                        return returned(task.value)
                    if task.locating:
                        caller.locating = True
                yield task.yielded

    def call(*raw):
        args = [to_python(store, t, raw[i]) for i, t in enumerate(params)]
        if isinstance(function, Function):
            return elsewhere(function.start(*args))
        value = function(*args)
        return wait(value) if hasattr(value, "send") else returned(value)

    return call
