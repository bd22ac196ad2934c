"""A provider (entries.py) whose entries are native functions.

Several calls may be under way at once. A call has its time limit and ends when its provider does; a function that is no
generator cannot be stopped: it holds the board until it returns, so `longestStepMs` of wasmote/list tells how long that was.
"""

import json

from .. import native
from ..clock import ticks_add, ticks_diff, ticks_ms
from ..entries import COMPLETE, KINDS, Entry, Refused, loads
from ..errors import HostError
from ..questions import ANSWERED, REFUSED, UNSUPPORTED, required
from .schema import fill

_LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")


class Running:
    """One call under way: what native.log() and progress() speak for."""

    def __init__(self, host, name, notify, wants_progress):
        self.host = host
        self.name = name
        self._notify = notify
        self._wants_progress = wants_progress

    def notify(self, kind, *values):
        if self._notify and (kind != "progress" or self._wants_progress):
            return self._notify(kind, *values)
        return None

    def log(self, level, message, data):
        if level not in _LEVELS:
            raise ValueError("no log level %s: there are %s" % (level, ", ".join(_LEVELS)))
        if self._notify:
            self._notify("log", level, self.name, message, data)
        elif self.host.on_log:
            self.host.on_log(level, self.name, message, data)


class Stopped(Exception):
    """Why a call has no result that is not its function's fault: its time is over, its provider's, or nobody serves it."""


class Native:
    """
    functions    native.Functions
    owner        the provider in whose name they are served, a component whose fallback they are; None: this one
    """

    store = error = ended = waits_for = path = None
    untold = busy = wanted = False
    memory = 0

    def __init__(self, host, name, functions, owner=None):
        self.host = host
        self.name = name
        self.owner = owner or self
        self.functions = {}
        self.state = "ready"
        self.calls = self.errors = self.longest_ms = 0
        self._entries = {}  # kind: [Entry]
        for function in functions:
            if (function.kind, function.name) in self.functions:
                raise Refused("the %s %s is defined twice" % (function.kind[:-1], function.name))
            other = host.owner(function.kind, function.name, self.owner.name)
            if other is not None:
                what = "its %s %s is already there, from %s: rename one of them"
                raise Refused(what % (function.kind[:-1], function.name, other))
            self.functions[function.kind, function.name] = function
            _check_defaults(host, function)
            entry = Entry(self.owner, function.name, function.text, function.structured)
            self._entries.setdefault(function.kind, []).append(entry)

    def entries(self, kind):
        return self._entries.get(kind, ())

    @property
    def kinds(self):
        return [kind for kind in KINDS if self.entries(kind)]

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
        for function in self.functions.values():
            if function.arguments:
                return COMPLETE
        return 0

    def about(self):
        return None

    def entry(self):
        """Its dict in wasmote/list."""
        entry = {
            "name": self.name,
            "native": True,
            "state": self.state,
            "calls": self.calls,
            "errors": self.errors,
            "longestStepMs": self.longest_ms,
            "tools": [one.name for one in self.entries("tools")],
        }
        for kind in KINDS[1:]:
            if self.entries(kind):
                entry[kind] = [one.name for one in self.entries(kind)]
        if self.error:
            entry["error"] = self.error
        return entry

    def end(self, why):
        kinds = self.kinds
        self.ended = why
        self._entries = {}
        self.state = "unloaded"
        self.host.lists_changed(kinds)

    # Calls

    def call(self, handler, values, progress_token=None, notify=None, caller=None):
        """A generator: calls a handler, returns its answer (entries.py)."""
        if handler == "handle-complete":
            return (yield from self._complete(*values))
        if handler == "call-tool" and isinstance(values[1], list):
            values = values[0], b"".join(values[1])
        running = Running(self.host, self.owner.name, notify, progress_token is not None)
        self.calls += 1
        wrong = None
        try:
            function = yield from self._function(handler, values[0])
            doubt = self._doubt(handler, function, values)
            wrong = (yield from doubt) if doubt else None
            if wrong is None:
                result = yield from self._run(running, function, _arguments(handler, function, values))
                return _answer(handler, function, values[0], result, self.host.validate)
        except Stopped as stopped:
            why = str(stopped)
        except (Exception, SystemExit) as error:  # sys.exit() would end the board's server
            why = _why(error)
            missing = getattr(error, "required", None)
            if missing:
                raise HostError("missing-capability", "%s: %s" % (self.owner.name, error), missing)
        self.errors += 1
        text = wrong or "%s: %s %s" % (self.owner.name, _label(handler, values[0]), why)
        if handler == "call-tool":
            return [text], True
        raise HostError("invalid-params" if wrong else "internal-error", text)

    def _doubt(self, handler, function, values):
        """Host.doubt of what the host has not looked at: a prompt's arguments, or those of a function that stands in for
        a component's, whose schema may be another."""
        if self.host.doubt and values[-1]:
            if handler == "get-prompt":
                needed = [name for name in function.arguments if "default" not in function.arguments[name]]
                return _doubt(self.host, function, function.arguments, needed, values[1])
            if handler == "call-tool" and function.text and self.owner is not self:
                return self.host.doubt(function.name, function.text, values[1])
        return None

    def _function(self, handler, name):
        if handler == "call-tool":
            found = self.functions.get(("tools", name))
        elif handler == "get-prompt":
            found = self.functions.get(("prompts", name))
        elif handler == "read-resource":
            found = self.functions.get(("resources", name)) or (yield from self._template(name))
        else:
            found = None
        if found is None:
            raise Stopped("is not served: there is no function for it")
        return found

    def _template(self, uri):
        from ..resources import fits, parse

        for entry in self.entries("templates"):
            if fits(parse(entry.name), uri):
                return self.functions["templates", entry.name]
            yield
        return None

    def _run(self, running, function, arguments):
        """A generator: what the function returns. Raises what it raises, and Stopped."""
        limit = function.timeout_ms or self.host.call_timeout_ms
        due = ticks_add(ticks_ms(), limit)
        result = self._step(running, lambda value: function.call(**arguments), None)
        if not hasattr(result, "send"):
            return result
        steps = result
        go = steps.send
        value = None
        try:
            while True:
                try:
                    asked = self._step(running, go, value)
                except StopIteration as stop:
                    return stop.value
                go = steps.send
                value = None
                until = ticks_ms()
                if isinstance(asked, (int, float)):
                    until = ticks_add(until, int(asked))
                elif asked is not None:
                    left = ticks_diff(due, ticks_ms())
                    try:
                        value = yield from _ask(running, asked)
                    except native.Unanswered as error:
                        go = steps.throw
                        value = error
                    due = ticks_add(ticks_ms(), left)
                while True:
                    now = ticks_ms()
                    if self.ended:
                        raise Stopped(self.ended)
                    if ticks_diff(due, now) <= 0:
                        raise Stopped("was stopped after %d ms, its time limit" % limit)
                    yield
                    if ticks_diff(until, ticks_ms()) <= 0:
                        break
        finally:
            self._step(running, lambda value: steps.close(), None)

    def _step(self, running, go, value):
        before = native.running
        native.running = running
        began = ticks_ms()
        try:
            return go(value)
        finally:
            native.running = before
            self.longest_ms = max(self.longest_ms, ticks_diff(ticks_ms(), began))

    def _complete(self, type, text, about=None):
        """Suggestions for a prompt's argument: its choices that begin with what is there."""
        yield
        prompt = text.split("?")[0]
        function = self.functions.get(("prompts", prompt))
        if function is None or about is None:
            return []
        choices = function.arguments.get(about[0], {}).get("enum", ())
        return [choice for choice in choices if choice.startswith(about[1])]


def _doubt(host, function, properties, required, arguments):
    """Host.doubt of arguments (bytes) with these schemas."""
    schema = {"properties": properties, "required": required, "additionalProperties": False}
    return host.doubt(function.name, json.dumps({"inputSchema": schema}).encode(), arguments)


def _check_defaults(host, function):
    """Refused if a default value is none that a call could give."""
    if host.doubt and function.kind in ("tools", "prompts") and function.text:
        schemas = _schemas(function)
        defaults = {name: schemas[name]["default"] for name in schemas if "default" in schemas[name]}
        doubt = _doubt(host, function, schemas, [], json.dumps(defaults).encode())
        why = _last(doubt) if doubt else None
        if why:
            raise Refused("a default value is wrong: " + why)


def _last(steps):
    """What a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def _schemas(function):
    """The JSON Schema of each argument of a tool or prompt."""
    if function.kind == "prompts":
        return function.arguments
    return json.loads(function.text)["inputSchema"].get("properties", {})


def _arguments(handler, function, values):
    """The keyword arguments of a function for a handler's values."""
    if handler == "read-resource":
        if function.kind == "resources":
            return {}
        from .uri import values as values_of

        return values_of(function.name, values[0])
    given = loads(bytes(values[1] or b"{}"))
    return fill(_schemas(function), given) if function.text else given


def _answer(handler, function, name, result, validate):
    from .content import blocks, contents, messages

    if handler == "call-tool":
        return blocks(result, validate)
    if handler == "read-resource":
        return contents(result, name, function.mime_type, validate)
    return messages(result, validate)


def _ask(running, asked):
    """A generator: the value of a function's `yield` of a Question, or of a list of them. Unanswered."""
    questions = asked if isinstance(asked, (list, tuple)) else (asked,)
    for question in questions:
        if not hasattr(question, "params"):
            raise TypeError(
                "it yielded %r: a number of milliseconds, or what wasmote.form(…) and the like give" % (asked,)
            )
    steps = running.notify("ask", [(question.key, question.what, question.params) for question in questions])
    if steps is None:
        raise native.Unanswered("there is no client to ask")
    taken = []
    for kind, payload in (yield from steps):
        question = questions[len(taken)]
        if kind != ANSWERED:
            unanswered = native.Unanswered(_refusal(payload) if kind == REFUSED else payload)
            if kind == UNSUPPORTED:
                unanswered.required = required(question.what)
            raise unanswered
        try:
            taken.append(question.take(payload))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise native.Unanswered("the client answered something else than it was asked")
    return taken if isinstance(asked, (list, tuple)) else taken[0]


def _refusal(text):
    try:
        return "the client refused: %s" % loads(text)["message"]
    except (ValueError, KeyError, TypeError):
        return "the client refused"


def _label(handler, name):
    return '"%s"' % name if handler == "call-tool" else '%s "%s"' % (handler, name[:128])


def _why(error):
    if isinstance(error, MemoryError):
        return "failed: the board's heap is full (%s)" % error
    if isinstance(error, (ValueError, OSError, RuntimeError, native.Unanswered)) and str(error):
        return "failed: %s" % error
    return "failed: %s: %s" % (type(error).__name__, error)
