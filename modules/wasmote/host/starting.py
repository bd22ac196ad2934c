"""Starting a guest: its file becomes an instance that has registered what it serves, and exports what that needs."""

import gc

from micropython import const

from ..component import Component
from ..wasm import Interrupt, OutOfMemory, Store, Trap
from . import digests
from .clock import ticks_diff, ticks_ms
from .entries import KINDS, Refused
from .errors import Exit, HostError, crowded
from .imports import Imports
from .runtime import Runtime
from .time_limit import check, in_ms

_HANDLERS = "wasi:mcp/handlers@0.1.0-preview2"
_RUN_TYPE = b"\xc5\xb1\xf0]\t\xa3\x87"  # the digest of ()->result (component/text.py)
_RUN = "wasi:cli/run@0.2.0"
_SLICE_MS = const(2)  # of a load: most of its steps are shorter than what the board does between two slices
_COLLECT = const(8 * 1024)  # as main.py, which says why; for programs that have a host of their own, too
# What a guest must export, by what it registers, and by the bits of `offers` (entries.py): constants, which stay in flash.
_NEEDED = (
    ("tools", "call-tool"),
    ("resources", "read-resource"),
    ("templates", "read-resource"),
    ("prompts", "get-prompt"),
)
_OFFERED = (
    (1, "subscriptions", "handle-subscribe"),
    (1, "subscriptions", "handle-unsubscribe"),
    (2, "completions", "handle-complete"),
    (4, "elicitation", "handle-elicit"),
)


def start(guest):
    """Makes an instance from the file. A generator; raises what stands in the way, with nothing left behind."""
    host = guest.host
    gc.collect()
    threshold = getattr(gc, "threshold", int)  # CPython has none
    before = threshold()
    threshold(_COLLECT)
    guest.state = "loading"
    runtime = Runtime(guest, host.validate, host)
    guest.component = guest.handlers = source = steps = stack = None
    done = False
    end = in_ms(host.load_timeout_ms)
    try:
        while stack is None:
            stack = host.stacks.take()
            if stack is None and host.all_wait():
                raise OutOfMemory("no room for one more stack, and all that have one wait")
            if stack is None:
                check(end, None)
                yield
        guest.store = Store(limit=guest.memory_limit, stack=0)
        guest.store.use(stack)
        guest.store.reopen = guest.reopen
        source = guest.reopen()
        guest.imports = Imports(runtime, guest.allow)
        steps = Component.load(guest.store, source, guest.imports)
        began = ticks_ms()
        try:
            while True:
                next(steps)
                if ticks_diff(ticks_ms(), began) >= _SLICE_MS:
                    check(end, guest.store)
                    yield
                    began = ticks_ms()
        except StopIteration as stop:
            guest.component = stop.value
        steps = _run(guest, runtime)
        for _ in steps or ():
            check(end, guest.store)
            yield
        _find_handlers(guest, runtime)
        guest.imports.settle()
        done = True
    except Exit as exit:
        raise HostError("refused", "%s while it started" % exit)
    except Trap as error:
        short = error.what == "out of memory"
        if short:
            why = _short(guest.store, error)
        else:
            why = "it trapped while it started: %s" % error
        failure = HostError("refused", runtime.refused or why)
        failure.short_of_memory = short
        raise failure
    except Interrupt:
        raise HostError("refused", "it did not start within %d ms" % host.load_timeout_ms)
    finally:
        if steps:
            steps.close()
        if source:
            source.close()
        if done and not guest.component.dead and (guest.handlers or not steps):
            guest.store.use(None)
        elif done:  # a program that is over, and serves nothing
            guest.stop()
        else:
            guest.stop()
            runtime.close()
            guest.state = "failed"
        if stack:
            host.stacks.give_back(stack)
        threshold(before)
    _started(guest, runtime)


def _short(store, error):
    """Which of the two limits a guest met that trapped for want of memory: its own, or what others left of the arena."""
    used = store.used()
    if crowded(error, store):
        why = "%d KiB were not enough to start, and the arena has no more: unload a component: %s" % (used, error)
    else:
        why = 'its %d KiB were not enough to start ("memory" in its configuration): %s' % (store.limit, error)
    return why


def _run(guest, runtime):
    """The generator of an exported wasi:cli/run, or None."""
    functions = _exported(guest, _RUN)
    if functions is None:
        for name in guest.component.exports:
            if name.startswith("wasi:cli/run"):
                raise HostError("refused", "it exports %s: build for WASI 0.2" % name)
        return None
    run = functions.get("run")
    if run is None:
        raise HostError("refused", "it exports %s without its function run" % _RUN)
    if run.digest != _RUN_TYPE:
        raise HostError("refused", "it exports %s with a run that is no func() -> result: build for WASI 0.2" % _RUN)

    def steps():
        try:
            failed, _ = yield from run()
            why = "its wasi:cli/run failed"
        except Exit as exit:
            failed = exit.code
            why = str(exit)
            if not failed and [kind for kind in KINDS if getattr(runtime, kind)]:
                failed = True
                why = "it ended itself after it had registered tools or others: return from wasi:cli/run instead"
        if failed:
            raise HostError("refused", runtime.refused or why)

    return steps()


def _find_handlers(guest, runtime):
    if runtime.refused:
        raise HostError("refused", runtime.refused)
    guest.handlers = _exported(guest, _HANDLERS) or {}
    for at in range(0, len(digests.HANDLERS), 2):  # digests that lie in flash, too, go from the heap
        function = guest.handlers.get(digests.HANDLERS[at])
        if function and function.digest == digests.HANDLERS[at + 1]:
            function.digest = digests.HANDLERS[at + 1]
    try:
        runtime.check_owners()
        check_handlers(guest, [kind for kind in KINDS if getattr(runtime, kind)], runtime.offers)
    except Refused as error:
        raise HostError("refused", str(error))


def check_handlers(guest, kinds, offers=0):
    """Refused if it does not export, with the right types, what calls of these kinds and offers need."""
    for what, handler in _NEEDED:
        if what in kinds:
            _check_handler(guest, what, handler)
    for bit, what, handler in _OFFERED:
        if offers & bit:
            _check_handler(guest, what, handler)


def _check_handler(guest, what, handler):
    function = guest.handlers.get(handler)
    at = 0
    while digests.HANDLERS[at] != handler:
        at += 2
    if function is None or function.digest != digests.HANDLERS[at + 1]:
        raise Refused("it registers %s but exports no %s of %s" % (what, handler, _HANDLERS))


def _exported(guest, interface):
    """The functions of an exported interface, None without it."""
    if not isinstance(guest.component.exports.get(interface, {}), dict):
        raise HostError("refused", "it exports a function %s, which is the name of an interface" % interface)
    return guest.component.export(interface)


def _started(guest, runtime):
    runtime.loaded = True
    old = guest.runtime
    guest.runtime = runtime
    guest.state = "ready"
    guest.untold = guest.host.watched is not None
    changed = [kind for kind in KINDS if not _same(getattr(old, kind) if old else (), getattr(runtime, kind))]
    guest.host.lists_changed(KINDS, changed)
    if old is not None:
        old.close()  # not before the host has the new ones: it frees the old tools' texts


def _same(entries, others):
    """True if two lists of Entries say the same."""
    if len(entries) != len(others):
        return False
    for i in range(len(entries)):
        if entries[i].json != others[i].json:  # the name is part of it
            return False
    return True
