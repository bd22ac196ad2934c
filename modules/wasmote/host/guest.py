"""A component of the board, from load to unload: its instance, what it registered, the calls into it, its crashes.

    state "loading" ─▶ "ready" ◀─▶ "dead" ─▶ "failed"           "unloaded" at last

    ready   has an instance, or (dead) will have a fresh one from its file at the next call. Its tools stay listed.
    dead    the instance is gone after a trap or a time limit, and its memory with it
    failed  it did not load, or crashed too often

One call runs at a time, others wait for it. Whoever waits yields.
"""

import json
import os

from micropython import const

from ..component import Component
from ..wasm import Interrupt, OutOfMemory, Source, Store, Trap, WasmError
from . import digests
from .clock import ticks_add, ticks_diff, ticks_ms
from .config import Config
from .content import blocks, decoded
from .entries import KINDS, Refused, one_line
from .errors import CODES, Exit, HostError
from .imports import Imports
from .runtime import Runtime
from .usage import Usage

_HANDLERS = "wasi:mcp/handlers@0.1.0-preview2"
_RUN_TYPE = b"\xc5\xb1\xf0]\t\xa3\x87"  # the digest of ()->result (component/text.py)
_RUN = "wasi:cli/run@0.2.0"
_SLICE_MS = const(2)  # of a load: most of its steps are shorter than what the board does between two slices
_BACKOFF_MS = const(50)  # before the second restart in a row; then twice as long each time
_MAX_BACKOFF_MS = const(3000)
_QUARANTINE = const(10)  # crashes in a row
_STAYS = "it stays stopped until it is loaded again (wasmote/load)"
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


class Guest:
    """The component `name` in the file `path`: a provider (entries.py). `host` has its settings and hears of changes.

    config    its Config, Config itself for none: what it says counts before the host's settings
    """

    ended = None  # why this guest will never run again
    waits_for = None  # the provider that it calls, by wasi:mcp/client
    untold = False  # subscriptions may be news to the instance
    spare = None  # the provider that serves while it cannot run (native/fallback.py)
    due = None  # the tick at which the call under way is stopped; None while its client is asked something

    def __init__(self, host, name, path, config=Config):
        self.host = host
        self.name = name
        self.path = path
        self.config = config
        self.state = "unloaded"
        self.error = None
        self.runtime = None
        self.store = None
        self.component = None
        self.imports = None
        self.handlers = None
        self.under_way = None  # the generator of the guest's own code
        self.busy = False
        self.calls = 0
        self.traps = 0
        self.restarts = 0
        self.last_error = None  # the last `error` that a call ended with
        self.usage = Usage()
        self.crashes = 0  # in a row
        self._crashed_at = 0

    def entries(self, kind):
        """The Entries of one of KINDS that it has registered."""
        if self.runtime:
            return getattr(self.runtime, kind)
        return self.spare.entries(kind) if self.spare else ()

    @property
    def tools(self):
        return self.entries("tools")

    @property
    def resources(self):
        return self.entries("resources")

    @property
    def templates(self):
        return self.entries("templates")

    @property
    def offers(self):
        if self.runtime:
            return self.runtime.offers
        return self.spare.offers if self.spare else 0

    @property
    def memory(self):
        """Granules in use."""
        texts = self.runtime.texts if self.runtime else None
        return (self.store.used if self.store else 0) + (texts.used if texts else 0)

    @property
    def allow(self):
        """Its grants: see imports.granted."""
        return self.host.allow if self.config.allow is None else self.config.allow

    @property
    def memory_limit(self):
        """Granules that it may have."""
        return self.config.memory or self.host.memory_limit

    @property
    def timeout_ms(self):
        """How long a call may take."""
        return self.config.timeout_ms or self.host.call_timeout_ms

    def about(self):
        """(name, version, instructions or None) as its server-info has them; None without."""
        info = self.runtime and self.runtime.info
        return json.loads(bytes(info)) if info else None

    # Starting and ending

    def start(self):
        """Makes an instance from the file. A generator; raises what stands in the way, with nothing left behind."""
        host = self.host
        self.state = "loading"
        runtime = Runtime(self, host.validate, host)
        self.component = self.handlers = source = steps = stack = None
        done = False
        end = _in(host.load_timeout_ms)
        try:
            while stack is None:
                stack = host.stacks.take()
                if stack is None and host.all_wait():
                    raise OutOfMemory("no room for one more stack, and all that have one wait")
                if stack is None:
                    _check(end, None)
                    yield
            self.store = Store(limit=self.memory_limit, stack=0)
            self.store.use(stack)
            self.store.reopen = self._reopen
            source = self._reopen()
            self.imports = Imports(runtime, self.allow)
            steps = Component.load(self.store, source, self.imports)
            began = ticks_ms()
            try:
                while True:
                    next(steps)
                    if ticks_diff(ticks_ms(), began) >= _SLICE_MS:
                        _check(end, self.store)
                        yield
                        began = ticks_ms()
            except StopIteration as stop:
                self.component = stop.value
            steps = self._run(runtime)
            for _ in steps or ():
                _check(end, self.store)
                yield
            self._find_handlers(runtime)
            self.imports.settle()
            done = True
        except Exit as exit:
            raise HostError("refused", "%s while it started" % exit)
        except Trap as error:
            failure = HostError("refused", runtime.refused or "it trapped while it started: %s" % error)
            failure.short_of_memory = error.what == "out of memory"
            raise failure
        except Interrupt:
            raise HostError("refused", "it did not start within %d ms" % host.load_timeout_ms)
        finally:
            if steps:
                steps.close()
            if source:
                source.close()
            if done and not self.component.dead and (self.handlers or not steps):
                self.store.use(None)
            elif done:  # a program that is over, and serves nothing
                self._stop()
            else:
                self._stop()
                runtime.close()
                self.state = "failed"
            if stack:
                host.stacks.give_back(stack)
        self._started(runtime)

    def _reopen(self):
        return Source(open(self.path, "rb"))

    def _run(self, runtime):
        """The generator of an exported wasi:cli/run, or None."""
        functions = self._exported(_RUN)
        if functions is None:
            return None
        run = functions.get("run")
        if run is None:
            raise HostError("refused", "it exports %s without its function run" % _RUN)
        if run.digest != _RUN_TYPE:
            return None

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

    def _find_handlers(self, runtime):
        if runtime.refused:
            raise HostError("refused", runtime.refused)
        self.handlers = self._exported(_HANDLERS) or {}
        try:
            self.check_handlers([kind for kind in KINDS if getattr(runtime, kind)], runtime.offers)
        except Refused as error:
            raise HostError("refused", str(error))

    def check_handlers(self, kinds, offers=0):
        """Refused if it does not export, with the right types, what calls of these kinds and offers need."""
        for what, handler in _NEEDED:
            if what in kinds:
                self._check_handler(what, handler)
        for bit, what, handler in _OFFERED:
            if offers & bit:
                self._check_handler(what, handler)

    def _check_handler(self, what, handler):
        function = self.handlers.get(handler)
        at = 0
        while digests.HANDLERS[at] != handler:
            at += 2
        if function is None or function.digest != digests.HANDLERS[at + 1]:
            raise Refused("it registers %s but exports no %s of %s" % (what, handler, _HANDLERS))

    def _exported(self, interface):
        """The functions of an exported interface, None without it."""
        if not isinstance(self.component.exports.get(interface, {}), dict):
            raise HostError("refused", "it exports a function %s, which is the name of an interface" % interface)
        return self.component.export(interface)

    def _started(self, runtime):
        runtime.loaded = True
        old = self.runtime
        self.runtime = runtime
        self.state = "ready"
        self.untold = self.host.watched is not None
        changed = [kind for kind in KINDS if not _same(getattr(old, kind) if old else (), getattr(runtime, kind))]
        self.host.lists_changed(KINDS, changed)
        if old is not None:
            old.close()  # not before the host has the new ones: it frees the old tools' texts

    def end(self, why):
        """The guest is gone for good: calls under way end with `why`, memory and tools are given back."""
        self.ended = why
        self._stop()
        kinds = [kind for kind in KINDS if self.entries(kind)]
        runtime = self.runtime
        spare = self.spare
        self.runtime = self.spare = None
        if spare:
            spare.ended = why
        self.host.lists_changed(kinds)
        if runtime:
            runtime.close()
        self.state = "unloaded"

    def rest(self, why):
        """Gives the instance's memory back until the next call, as a crash does."""
        self._stop()
        self.error = why
        if self.state == "ready":
            self.state = "dead"

    def _stop(self):
        under_way = self.under_way
        self.under_way = None
        if under_way is not None:
            under_way.close()
        if self.runtime:
            self.runtime.notify = self.runtime.serving = None
        if self.component:
            self.component.close()
        if self.imports:
            self.imports.close()
        if self.store:
            self.usage.retire(self.store, self.runtime and self.runtime.texts)
            self.store.close()
        self.store = self.component = self.imports = self.handlers = None

    # Calls

    def call(self, handler, values, progress_token=None, notify=None):
        """A generator: calls a handler, returns its answer (entries.py)."""
        spare = None
        if self.spare and not self.runtime:  # it has never run
            return (yield from self.spare.call(handler, values, progress_token, notify))
        while self.busy and not self.ended:
            yield
        if self.ended:
            return self._failed(handler, values, self.ended)
        self.busy = True
        steps = answer = why = stack = None
        stacks = self.host.stacks
        usage = self.usage
        try:
            while stack is None and why is None:
                why = self.ended
                if why is None and self.state != "ready":
                    why = yield from self._revive()
                    if why and self.config.fallback and not self.ended:
                        from .native.fallback import fall_back

                        why = fall_back(self) or why
                        spare = self.spare
                stack = None if why else stacks.take()
                if stack is None and why is None and self.host.all_wait():
                    why = "was not called: there is no room for one more stack, and all that have one wait"
                if stack is None:
                    yield
            if stack:
                self.store.use(stack)
                self.calls += 1
            news = self._news() if self.untold and why is None else ()
            # All in this generator: each that waits for another takes 300 bytes of a board's C stack.
            while why is None:
                told = news.pop() if news else None
                if told is None:
                    steps = self._begin(handler, values, progress_token, notify)
                else:
                    steps = self._begin("handle-subscribe", (told,), None, None)
                self.due = _in(self.timeout_ms)
                try:
                    while True:
                        usage.begin()
                        next(steps)
                        usage.end()
                        if self.due is not None:
                            _check(self.due, self.store)
                        yield
                except StopIteration as stop:
                    answer = stop.value
                if self.under_way is not steps:  # the guest was stopped meanwhile
                    why = self.ended or "ended: the component was stopped to make room for its new version"
                elif told is None:
                    answer = self._answer(handler, values, answer)
                    break
        except Interrupt:
            why = self._crashed(handler, values, "was stopped after %d ms, its time limit" % self.timeout_ms)
        except Exit as exit:
            if exit.code:
                why = self._crashed(handler, values, "failed: %s" % exit)
            else:
                why = "ended the program (wasi:cli/exit) without an answer. It starts afresh when called"
                self.rest("it ended the program")
        except Exception as error:  # a guest has more ways to fail than anybody lists
            why = self._crashed(handler, values, "failed: " + explain(error))
        finally:
            usage.end()
            self.busy = False
            if steps and self.under_way is steps:  # nobody wants the answer any more
                self.rest("%s was cancelled" % _label(handler, values))
            if stack:
                stacks.give_back(stack)
                if self.store:
                    self.store.use(None)
        if spare:
            return (yield from spare.call(handler, values, progress_token, notify))
        if why is not None:
            return self._failed(handler, values, why)
        if isinstance(answer, HostError):
            raise answer
        return answer

    def _news(self):
        """What a fresh instance does not know: the watched resources that are its own."""
        from .resources import watched_of

        self.untold = False
        return watched_of(self)

    def _begin(self, handler, values, progress_token, notify):
        runtime = self.runtime
        runtime.notify = _quiet_progress(notify) if progress_token is None else notify
        runtime.serving = handler
        runtime.added = None
        runtime.asked = 0
        if handler == "handle-complete":
            runtime.argument = values[2]
            values = values[:2]
        self.under_way = self.handlers[handler](*values)
        return self.under_way

    def _answer(self, handler, values, result):
        """The answer for what a handler returned; a HostError is to be raised."""
        failed, value = result
        if failed:
            answer = self._refused(handler, *value)
        elif handler == "call-tool":
            content = blocks(value[0])
            if self.runtime.added is not None:
                content = self.runtime.added.after(content)
            answer = content, bool(value[1])
        elif handler == "read-resource":
            from .resources import contents

            answer = contents(self, values[0], value[0])
        elif handler == "get-prompt":
            from .prompts import messages

            answer = messages(value[0])
        elif handler == "handle-complete":
            answer = [completion for completion, _ in value]
        elif handler == "handle-elicit":
            answer = value[0]
            if answer.strip()[:1] != b"{" or self.host.validate(answer):
                answer = HostError("internal-error", "%s answered handle-elicit with no JSON object" % self.name)
            else:
                answer = one_line(answer)
        else:
            answer = None
        self.imports.settle()
        self.under_way = self.runtime.notify = self.runtime.serving = self.error = None
        self.crashes = 0
        return answer

    def _refused(self, handler, code, message, data):
        """The answer for the error that a handler returned."""
        if handler != "call-tool":
            data = one_line(data) if data and not self.host.validate(data) else None
            return HostError(CODES[code], "%s: %s" % (self.name, message), data)
        text = "%s refused: %s (%s)" % (self.name, message, CODES[code])
        if data:
            text += " " + decoded(data)
        return [text], True

    def _failed(self, handler, values, why):
        text = "%s: %s %s" % (self.name, _label(handler, values), why)
        if handler == "call-tool":
            return [text], True
        raise HostError("internal-error", text)

    def _crashed(self, handler, values, what):
        self.traps += 1
        self.crashes += 1
        self._crashed_at = ticks_ms()
        self.rest("%s %s" % (_label(handler, values), what))
        self.last_error = self.error
        if self.crashes < _QUARANTINE:
            what += ". The component starts afresh at its next call; what it had in memory is lost"
        else:
            self.state = "failed"
            what += ". That was crash number %d in a row: %s" % (self.crashes, _STAYS)
        return what

    def _revive(self):
        """Starts the guest again from its file. A generator; returns None, or why it does not run."""
        if self.crashes >= _QUARANTINE:
            return "was not called: the component crashed %d times in a row, the last time %s; %s" % (
                self.crashes,
                self.error,
                _STAYS,
            )
        wait = 0 if self.crashes < 2 else min(_BACKOFF_MS << min(self.crashes - 2, 10), _MAX_BACKOFF_MS)
        while ticks_diff(ticks_ms(), self._crashed_at) < wait and not self.ended:
            yield
        yield from self.host.acquire()
        try:
            if self.ended:
                return self.ended
            crash = self.error
            yield from self.start()
            self.error = crash
            self.restarts += 1
            return None
        except Exception as error:
            if not short_of_memory(error):  # for which the others are to blame: it is tried again at each call
                self.crashes += 1
            self._crashed_at = ticks_ms()
            self.error = self.last_error = "it could not be started again: %s" % explain(error)
            return "was not called: " + self.error
        finally:
            if self.state == "failed":
                self.state = "dead"
            self.host.release()

    def _size(self):
        try:
            return os.stat(self.path)[6]
        except OSError:  # removed, or kept out
            return 0

    def entry(self):
        """The component in wasmote/list. state: that of the class, "dead" as "stopped", after the last crash "quarantined"."""
        usage = self.usage
        usage.look(self.store, self.runtime and self.runtime.texts)
        entry = {
            "name": self.name,
            "bytes": self._size(),
            "state": self._shown_state(),
            "tools": [tool.name for tool in self.tools],
            "memoryBytes": self.memory * 1024,
            "peakMemoryBytes": usage.peak * 1024,
            "memoryLimitBytes": self.memory_limit * 1024,
            "calls": self.calls,
            "traps": self.traps,
            "restarts": self.restarts,
            "fuel": usage.fuel + (self.store.fuel_used if self.store else 0),
            "runMs": usage.run_ms,
        }
        for kind in KINDS[1:]:
            if self.entries(kind):
                entry[kind] = [one.name for one in self.entries(kind)]
        if self.error:
            entry["error"] = self.error
        elif self.last_error:
            entry["lastError"] = self.last_error
        return entry

    def _shown_state(self):
        if self.crashes >= _QUARANTINE and self.state != "loading":
            return "quarantined"
        return "stopped" if self.state == "dead" else self.state


def short_of_memory(error):
    """Whether it might have worked with more of the arena or the heap."""
    return isinstance(error, (MemoryError, OutOfMemory)) or getattr(error, "short_of_memory", False)


def _label(handler, values):
    """What was called, in messages."""
    if handler == "call-tool":
        return '"%s"' % values[0]
    return '%s "%s"' % (handler, values[handler == "handle-complete"][:128])


def explain(error):
    """What to tell a user about an exception."""
    if isinstance(error, MemoryError):
        return "the board's heap is full (%s): unload a component" % error
    if isinstance(
        error, (WasmError, HostError, Exit, OSError, RuntimeError)
    ):  # RuntimeError: MicroPython's stack is used up
        return str(error)
    return "%s: %s" % (type(error).__name__, error)


# A time limit, checked where the steps are taken: one more generator for it would be one more level of C stack.


def _in(ms):
    """The tick `ms` milliseconds from now."""
    return ticks_add(ticks_ms(), ms)


def _check(end, store):
    """Raises Interrupt at the tick `end` and after it, but not while `store` searches where it trapped: that is over."""
    if ticks_diff(end, ticks_ms()) <= 0 and not (store and store.locating):
        raise Interrupt


def _quiet_progress(notify):
    def quiet(kind, *values):
        if kind != "progress":
            return notify(kind, *values)

    return quiet if notify else None


def _same(entries, others):
    """True if two lists of Entries say the same."""
    if len(entries) != len(others):
        return False
    for i in range(len(entries)):
        if entries[i].json != others[i].json:  # the name is part of it
            return False
    return True
