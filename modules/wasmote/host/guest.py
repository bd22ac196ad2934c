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

from ..wasm import Interrupt, Source
from .answers import answer, begin, label
from .clock import ticks_diff, ticks_ms
from .config import Config
from .entries import KINDS
from .errors import Exit, HostError, crowded, explain, short_of_memory
from .starting import check_handlers, start
from .time_limit import check, in_ms
from .usage import Usage

_BACKOFF_MS = const(50)  # before the second restart in a row; then twice as long each time
_MAX_BACKOFF_MS = const(3000)
_QUARANTINE = const(10)  # crashes in a row
_REPLACED = "ended: the component was stopped to make room for its new version"
_STAYS = "it stays stopped until it is loaded again (wasmote/load)"


class Guest:
    """The component `name` in the file `path`: a provider (entries.py). `host` has its settings and hears of changes.

    config    its Config, Config itself for none: what it says counts before the host's settings
    """

    # All that is as here with most is not in an instance's own dict, whose entries cost heap.
    state = "unloaded"
    error = runtime = store = component = imports = handlers = None
    under_way = None  # the generator of the guest's own code
    busy = False
    calls = traps = restarts = 0
    last_error = None  # the last `error` that a call ended with
    crashes = 0  # in a row
    _crashed_at = 0
    ended = None  # why this guest will never run again
    waits_for = None  # the provider that it calls, by wasi:mcp/client
    caller = None  # the guest whose call it serves, by the same
    wanted = False  # others wait for the end of its call
    untold = False  # subscriptions may be news to the instance
    spare = None  # the provider that serves while it cannot run (native/fallback.py)
    due = None  # the tick at which the call under way is stopped; None while its client is asked something

    def __init__(self, host, name, path, config=Config):
        self.host = host
        self.name = name
        self.path = path
        self.config = config
        self.usage = Usage()

    def entries(self, kind):
        """The Entries of one of KINDS that it has registered."""
        if self.runtime:
            return getattr(self.runtime, kind)
        return self.spare.entries(kind) if self.spare else ()

    # No properties: where a class has any, MicroPython looks for one at each store into an attribute.

    def __getattr__(self, name):
        """
        tools, resources, templates, prompts    its Entries
        offers          what else it serves, a sum: entries.py
        memory          granules in use
        memory_limit    granules that it may have
        timeout_ms      how long a call may take
        allow           its grants: see imports.granted
        """
        if name == "timeout_ms":
            return self.config.timeout_ms or self.host.call_timeout_ms
        if name == "offers":
            return self.runtime.offers if self.runtime else self.spare.offers if self.spare else 0
        if name == "memory":
            texts = self.runtime.texts if self.runtime else None
            return (self.store.used() if self.store else 0) + (texts.used() if texts else 0)
        if name == "memory_limit":
            return self.config.memory or self.host.memory_limit
        if name == "allow":
            return self.host.allow if self.config.allow is None else self.config.allow
        if name in KINDS:
            return self.entries(name)
        raise AttributeError(name)

    def about(self):
        """(name, version, instructions or None) as its server-info has them; None without."""
        info = self.runtime and self.runtime.info
        return json.loads(bytes(info)) if info else None

    # Starting and ending

    def start(self):
        """Makes an instance from the file. A generator; raises what stands in the way, with nothing left behind."""
        return start(self)

    def reopen(self):
        return Source(open(self.path, "rb"))

    def check_handlers(self, kinds, offers=0):
        """Refused if it does not export, with the right types, what calls of these kinds and offers need."""
        check_handlers(self, kinds, offers)

    def end(self, why):
        """The guest is gone for good: calls under way end with `why`, memory and tools are given back."""
        self.ended = why
        self.stop()
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
        self.stop()
        self.error = why
        if self.state == "ready":
            self.state = "dead"

    def stop(self):
        """Ends the instance, if there is one, and gives back what it had. Raises nothing: what a full heap keeps from being
        closed is let go of, and the others are closed all the same."""
        under_way = self.under_way
        self.under_way = None
        _close(under_way)
        if self.runtime:
            self.runtime.notify = self.runtime.serving = None
        _close(self.component)
        _close(self.imports)
        if self.store:
            try:
                self.usage.retire(self.store, self.runtime and self.runtime.texts)
            except MemoryError:  # of large numbers
                pass
            _close(self.store)
        self.store = self.component = self.imports = self.handlers = None

    # Calls

    def call(self, handler, values, progress_token=None, notify=None, caller=None):
        """A generator: calls a handler, returns its answer (entries.py)."""
        spare = None
        if self.spare is not None and not self.runtime:  # it has never run
            return (yield from self.spare.call(handler, values, progress_token, notify))
        while self.busy and not self.ended:
            self.wanted = True
            yield
        if self.ended:
            return self._failed(handler, values, self.ended)
        self.busy = True
        self.caller = caller
        self.wanted = False
        steps = result = why = stack = None
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
            news = (yield from self._news()) if self.untold and why is None else ()
            if why is None and self.handlers is None:
                why = self.ended or _REPLACED
            if stack is not None:
                if self.store is not None:
                    self.store.use(stack)
                self.calls += 1
            # All in this generator: each that waits for another takes 300 bytes of a board's C stack.
            while why is None:
                told = news.pop() if news else None
                if told is None:
                    steps = begin(self, handler, values, progress_token, notify)
                    if handler == "call-tool":
                        values = values[:1]  # the guest has the arguments, or soon has: the result may need their room
                else:
                    steps = begin(self, "handle-subscribe", (told,), None, None)
                self.due = in_ms(self.timeout_ms)
                try:
                    while True:
                        usage.begin()
                        next(steps)
                        usage.end()
                        if self.due is not None:
                            check(self.due, self.store)
                        yield
                except StopIteration as stop:
                    result = stop.value
                if self.under_way is not steps:  # the guest was stopped meanwhile
                    why = self.ended or _REPLACED
                elif told is None:
                    result = answer(self, handler, values, result)
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
            short = crowded(error, self.store)
            self.rest("a call of it failed")  # before there are words for it, which need room in the heap, too
            why = self._crashed(
                handler,
                values,
                ("failed: the arena has no more: unload a component: " if short else "failed: ") + explain(error),
                not (short or short_of_memory(error)),
            )
        finally:
            usage.end()
            self.busy = False
            self.caller = None
            cancelled = steps is not None and self.under_way is steps  # nobody wants the answer any more
            if cancelled:
                self.rest("a call of it was cancelled")
            if stack is not None:
                stacks.give_back(stack)
                if self.store is not None:
                    self.store.use(None)
            if cancelled:
                self.error = "%s was cancelled" % label(handler, values)
        if spare is not None:
            return (yield from spare.call(handler, values, progress_token, notify))
        if why is not None:
            return self._failed(handler, values, why)
        if isinstance(result, HostError):
            raise result
        return result

    def _news(self):
        """A generator: what a fresh instance does not know, the watched resources that are its own."""
        from .resources import watched_of

        self.untold = False
        return watched_of(self)

    def _failed(self, handler, values, why):
        text = "%s: %s %s" % (self.name, label(handler, values), why)
        if handler == "call-tool":
            return [text], True
        raise HostError("internal-error", text)

    def _crashed(self, handler, values, what, guilty=True):
        self.traps += 1
        self.crashes += guilty
        self._crashed_at = ticks_ms()
        self.rest("%s %s" % (label(handler, values), what))
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
        while 0 <= ticks_diff(ticks_ms(), self._crashed_at) < wait and not self.ended:  # after 6 days it is negative
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
            "fuel": usage.fuel + (self.store.fuel_used() if self.store else 0),
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


def _close(part):
    """Closes a part of an instance, if there is one."""
    try:
        if part is not None:
            part.close()
    except Exception:  # MemoryError, or an OSError of the flash: whatever it is, the guest has ended
        pass
