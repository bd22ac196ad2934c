"""Questions to the client in the modern era: calls that are answered with them, and wait to be called again.

The request is answered with `input_required`: the questions by key, and a `requestState`. The call is parked, its guest
waits, and goes on when the client calls again with both (`resume`). When others need what a parked call holds, it gives way:
its guest hears that there is no answer, finishes, and what it says is dropped. The state is none the worse. The call begins
anew when the client calls again, with all answers so far ahead, as in servers that keep nothing between two requests.

requestState is base64 of: serial number, when it expires (ticks_ms), which request it belongs to (Request.binding), then the
answers so far, as JSON, then HMAC-SHA-256 of all that under a key of this boot, cut to 16 bytes. It is good once.
"""

import binascii
import hashlib
import json
import os
import struct

from ..host.clock import ticks_add, ticks_diff, ticks_ms
from ..host.questions import ANSWERED, METHODS, MODES, NO_ANSWER
from ..jsonrpc import find, id_key, names
from ..jsonrpc.codes import INVALID_PARAMS, RpcError
from ..jsonrpc.find import items
from .ask import ANSWER_MS, late, result_at, text_of
from .server import MODERN_END

PARKED = 4  # calls that may be parked at once
CROWDED_MS = 2_000  # how long a parked call keeps others waiting
GAVE_WAY = 16  # calls that gave way, and may begin anew
CARRIED = 1024  # bytes of answers in a state; what came after them is asked again, should the call begin anew
_HEAD = "<III"
_MAC = 16  # bytes
_LEAST = struct.calcsize(_HEAD) + _MAC

_key = os.urandom(32)
_serial = 0


class Parked:
    """A call that waits for its client to call again. `held`: the components that wait with it."""

    def __init__(self, call, held, serial, due):
        self.call = call
        self.held = held
        self.serial = serial
        self.due = due
        self.crowded = ticks_add(due, CROWDED_MS - ANSWER_MS)


def park(server, request, questions, answers):
    """A generator: fills in the answers that are None, each with what the client brings when it calls again."""
    while True:
        _take(request, questions, answers)
        if None not in answers:
            return
        if request.gone:
            for i in range(len(answers)):
                answers[i] = answers[i] or request.gone
            return
        if len(server.parked) >= PARKED:
            _give_way(server, server.parked[0])
        parked = _ask_by_result(server, request, questions, answers)
        try:
            while parked in server.parked:
                yield
        except GeneratorExit:  # its component ends: there will be nobody to take an answer
            _drop(server, parked, late())
            raise


def _take(request, questions, answers):
    """The answers that the request brought, each once: those of its state, in their order, before those beside it."""
    for i in range(len(questions)):
        key, what, _ = questions[i]
        if answers[i] is not None:
            continue
        for text in request.ahead:
            if _member(text, key):
                request.ahead.remove(text)
                answers[i] = _taken(request, key, what, text)
                break
        if answers[i] is None and request.responses is not None and key not in request.taken:
            answers[i] = _taken(request, key, what, request.responses)
            if answers[i]:
                request.taken.append(key)


def _taken(request, key, what, text):
    """The answer that the object `text` has for a question; None if it has none. The state will carry it."""
    span = _member(text, key)
    result = span and result_at(what, text, span)
    if not result:
        return None
    _carry(request, b"{" + json.dumps(key).encode() + b":" + text[span[0] : span[1]] + b"}")
    return ANSWERED, result


def _carry(request, answer):
    """One more for the state. After the first for which there is no room there are no more: their order counts."""
    if request.carries and len(request.carried) + len(answer) < CARRIED:
        request.carried += (b"," if request.carried else b"") + answer
    else:
        request.carries = False


def _member(text, key):
    try:
        return find(text, 0, names(key))[0]
    except ValueError:  # twice
        return None


def _ask_by_result(server, request, questions, answers):
    """Answer the request with the questions that are open, and park its call."""
    global _serial
    _serial += 1
    due = ticks_add(ticks_ms(), ANSWER_MS)
    for call in server.calls:
        if call.request is request:
            break
    out = server.result(request)
    before = b'"inputRequests":{'
    for i in range(len(questions)):
        if answers[i] is None:
            out.raw(before)
            out.string(questions[i][0])
            out.raw(b':{"method":"')
            out.raw(METHODS[questions[i][1]].encode())
            out.raw(b'","params":')
            params, comma = text_of(questions[i])
            out.copy(params)
            if questions[i][1] in MODES:
                out.raw(comma)
                out.raw(MODES[questions[i][1]])
            out.raw(b"}}")
            before = b","
    out.raw(b'},"requestState":"')
    out.raw(_state(_serial, due, request.binding, request.carried))
    out.raw(b'"')
    server.end(MODERN_END.replace(b"complete", b"input_required"))
    parked = Parked(call, _held(server.host, call.owner), _serial, due)
    server.calls.remove(call)
    server.parked = server.parked or []
    server.parked.append(parked)
    return parked


def _held(host, owner):
    held = []
    for guest in host.guests:
        if guest.name == owner:
            while guest is not None:
                held.append(guest)
                guest = guest.waits_for
            break
    return held


# States


def _state(serial, due, binding, answers):
    text = struct.pack(_HEAD, serial, due & 0xFFFFFFFF, binding) + b"[" + answers + b"]"
    return binascii.b2a_base64(text + _mac(text)).strip()


def _mac(text):
    """HMAC-SHA-256 (RFC 2104), cut."""
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in _key]) + b"\x36" * 32)
    inner.update(text)
    outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in _key]) + b"\x5c" * 32)
    outer.update(inner.digest())
    return outer.digest()[:_MAC]


def _read(text):
    """(serial, due, binding, [the JSON text of an object for each answer]) of a requestState, None for a forged one."""
    try:
        state = binascii.a2b_base64(text)
    except ValueError:
        return None
    if len(state) < _LEAST or str(binascii.b2a_base64(state), "ascii").strip() != text:
        return None
    differ = 0
    mac = _mac(state[:-_MAC])
    for i in range(_MAC):  # all of them: the time must not tell how many are right
        differ |= mac[i] ^ state[i - _MAC]
    if differ:
        return None
    answers = state[_LEAST - _MAC : -_MAC]
    return struct.unpack(_HEAD, state[: _LEAST - _MAC]) + ([answers[a:b] for a, b in items(answers, 0)],)


# Called again


def resume(server, request):
    """The call that request.state names goes on for `request`; False: it begins anew, for the caller to do. RpcError."""
    state = _read(request.state)
    if state is None:
        what = "params.requestState is none that this board gave since it started: send all of it back as it was"
        raise RpcError(INVALID_PARAMS, what, id=request.id)
    serial, due, binding, answers = state
    if ticks_diff(due, ticks_ms() & 0xFFFFFFFF) <= 0:
        what = "params.requestState has expired: its answers were due within %d s; call again without it"
        raise RpcError(INVALID_PARAMS, what % (ANSWER_MS // 1000), id=request.id)
    if binding != request.binding:
        what = "params.requestState belongs to another request: its method, name and arguments must be the same"
        raise RpcError(INVALID_PARAMS, what, id=request.id)
    for parked in server.parked:
        if parked.serial == serial:
            call = parked.call
            server.admit(request, call.owner)  # first: a client that is told to try again needs its state again
            _go_on(call.request, request)
            call.key = id_key(request.id)
            _unpark(server, parked)
            return True
    for gone in server.gave_way:
        if gone[0] == serial:
            server.admit(request, gone[1])
            server.gave_way.remove(gone)
            request.ahead = answers
            return False
    what = "params.requestState was used already, or its call has ended: call again without it"
    raise RpcError(INVALID_PARAMS, what, id=request.id)


def _go_on(old, request):
    """The request of a parked call is from now on what its client sent last."""
    old.id = request.id
    old.responses = request.responses
    old.taken = []
    old.can = request.can
    old.progress_token = request.progress_token
    old.log_level = request.log_level


def _unpark(server, parked):
    server.parked.remove(parked)
    parked.call.way = server.way
    server.calls.append(parked.call)


def _drop(server, parked, why):
    """The parked call goes on without a client. `why`: the answer for its guest."""
    if parked in server.parked:
        request = parked.call.request
        request.id = request.progress_token = request.log_level = parked.call.key = None
        request.gone = why
        _unpark(server, parked)


def _give_way(server, parked):
    """The parked call goes on without a client, and begins anew should that call again."""
    _drop(server, parked, (NO_ANSWER, "others needed what this call held: it begins anew when its client has answered"))
    server.gave_way = (server.gave_way or [])[1 - GAVE_WAY :]
    server.gave_way.append((parked.serial, parked.call.owner))


def sweep(server):
    """Ends the waiting of parked calls whose clients took too long; sooner if others wait for what they hold."""
    now = ticks_ms()
    hungry = getattr(getattr(server.host, "stacks", None), "hungry", False)
    for parked in list(server.parked):
        if ticks_diff(parked.due, now) <= 0:
            _drop(server, parked, late())
        elif ticks_diff(parked.crowded, now) <= 0 and (hungry or [one for one in parked.held if one.wanted]):
            _give_way(server, parked)
