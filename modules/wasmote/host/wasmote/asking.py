"""wasmote:mcp/elicitation, sampling and roots: a guest asks the client of the call that it is in, and waits.

The time of a question does not count as the guest's own. What goes over the wire, and when nobody can be asked, is the
business of whoever called: see questions.py.
"""

import json

from ..clock import ticks_add, ticks_diff, ticks_ms
from ..entries import loads
from ..errors import failed
from ..questions import ANSWERED, FORM, REFUSED, ROOTS, SAMPLING, UNSUPPORTED, URL, required
from . import json_object

_KEY = 64  # most characters of a key
_QUESTIONS = 32  # most in one call
_ACTIONS = ("accept", "decline", "cancel")
_NO_METHOD = -32601  # of JSON-RPC
_BAD_PARAMS = -32602


class Asking:
    """What these three and `questions` (several.py) have in common."""

    def __init__(self, imports):
        self.runtime = imports.runtime

    def can(self):
        """What the client of this call can be asked: a sum."""
        notify = self.runtime.notify
        return (notify("can") or 0) if notify else 0

    def ask(self, questions, takes):
        """A generator: for each question the result of a function that asks.

        takes    for each: take(payload) -> its value, ValueError if that is nonsense
        """
        runtime = self.runtime
        wrong = None
        for key, _, _ in questions:
            if not 0 < len(key) <= _KEY:
                wrong = failed("invalid-params", "the key of a question has 1 to %d characters" % _KEY)
        if runtime.asked + len(questions) > _QUESTIONS:
            wrong = failed("unsupported-operation", "this call has asked %d questions, the most of one" % runtime.asked)
        steps = None
        if wrong is None and runtime.notify:
            steps = runtime.notify("ask", questions)
        if steps is None:
            wrong = wrong or failed("unsupported-operation", "there is no client to ask: only while it calls a handler")
            return [wrong] * len(questions)
        runtime.asked += len(questions)
        began = ticks_ms()
        waiting = self._waiting()
        limits = [guest.due for guest in waiting]
        for guest in waiting:
            guest.due = None
        try:
            answers = yield from steps
        finally:
            took = ticks_diff(ticks_ms(), began)
            for guest in waiting:
                guest.due = ticks_add(limits.pop(0), took)
        return [_result(questions[i][1], answers[i], takes[i]) for i in range(len(answers))]

    def _waiting(self):
        """The guest, and those that wait for it (wasi:mcp/client): nobody's time runs while the user thinks."""
        waiting = [self.runtime.guest]
        for guest in waiting:
            for other in self.runtime.host.guests:
                if other.waits_for is guest:
                    waiting.append(other)
        return waiting


def _result(what, answer, take):
    kind, payload = answer
    if kind == ANSWERED:
        try:
            return 0, take(payload)
        except (ValueError, KeyError, TypeError, AttributeError):
            return failed("internal-error", "the client answered something else than it was asked")
    if kind == REFUSED:
        return _refused(payload)
    if kind == UNSUPPORTED:
        return failed("unsupported-operation", payload, required(what))
    return failed("internal-error", payload)


def _refused(text):
    """For the JSON text of a client's error."""
    try:
        error = loads(text)
        code = error.get("code")
        message = error.get("message")
    except ValueError:
        code = message = None
    kind = "method-not-found" if code == _NO_METHOD else "invalid-params" if code == _BAD_PARAMS else "internal-error"
    return failed(kind, "the client refused: %s" % (message if isinstance(message, str) else "without a reason"), text)


class Elicitation(Asking):
    def available(self):
        can = self.can()
        return (1 if can & FORM else 0) | (2 if can & URL else 0)

    def form(self, key, message, requested_schema):
        schema = json_object(requested_schema, self.runtime.validate)
        if schema is None:
            return failed("invalid-params", "the schema of a form must be the JSON text of an object")
        params = ('{"message":%s,"requestedSchema":' % json.dumps(message)).encode() + schema + b"}"
        return (yield from self.ask([(key, FORM, params)], [_action]))[0]

    def open_url(self, key, message, url):
        params = '{"message":%s,"url":%s}' % (json.dumps(message), json.dumps(url))
        return (yield from self.ask([(key, URL, params.encode())], [_action]))[0]


def _action(payload):
    action, content = payload
    return _ACTIONS.index(action), content if action == "accept" else None


class Roots(Asking):
    def available(self):
        return self.can() & ROOTS != 0

    def list_roots(self, key):
        return (yield from self.ask([(key, ROOTS, b"{}")], [_roots]))[0]


def _roots(text):
    found = []
    for root in loads(text)["roots"]:
        name = root.get("name")
        found.append((_text(root["uri"]), None if name is None else _text(name)))
    return found


class Sampling(Asking):
    def available(self):
        return self.can() & SAMPLING != 0

    def create_message(self, key, request):
        from .messages import params

        try:
            text = params(request, self.runtime.validate)
        except ValueError as error:
            return failed("invalid-params", str(error))
        return (yield from self.ask([(key, SAMPLING, text)], [_reply]))[0]


def _reply(text):
    from .messages import reply

    return reply(text)


def _text(value):
    if not isinstance(value, str):
        raise ValueError
    return value
