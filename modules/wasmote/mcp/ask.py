"""Questions to the client while one of its calls runs: sampling/createMessage, elicitation/create, roots/list.

Handshake era: requests of the board's own, with ids of its own; the call waits in slices until `answered`.
Modern era: the board sends no requests. The call's own request is answered with `input_required`: the questions by key,
and a `requestState`. The call is parked, and goes on when the client calls again with both (`resume`). A client need not
come back: then the handler is told so, finishes, and what it answers is dropped.

requestState is base64 of: serial number, when it expires (ticks_ms), HMAC-SHA-256 of both under a key of this boot, cut to
16 bytes. It names a parked call, once; that call remembers which request it belongs to.

Imported with the first question.
"""

import binascii
import hashlib
import os
import struct

from ..host.clock import ticks_add, ticks_diff, ticks_ms
from ..host.questions import ANSWERED, METHODS, MODES, NAMES, NO_ANSWER, REFUSED, ROOTS, SAMPLING, UNSUPPORTED
from ..jsonrpc import find, id_key, names
from ..jsonrpc.codes import INVALID_PARAMS, RpcError
from .server import MODERN_END

PARKED = 4  # calls that may be parked at once
ANSWER_MS = 300_000  # how long a client may take for an answer
CROWDED_MS = 30_000  # ... while other calls wait for the component that asks, or for a stack
_MAC = 16  # bytes
_TOKEN = struct.calcsize("<II") + _MAC

_RESULT = names("action", "content", "role", "roots")
_ACTIONS = (b"accept", b"decline", b"cancel")

_key = os.urandom(32)
_serial = 0


class Parked:
    """A call that waits for its client to call again."""

    def __init__(self, call, serial, due):
        self.call = call
        self.serial = serial
        self.due = due
        self.crowded = ticks_add(due, CROWDED_MS - ANSWER_MS)


class Asked:
    """A request of the board's to which an answer is due. `answer`: None, or (ANSWERED …, what)."""

    def __init__(self, id, what):
        self.id = id
        self.what = what
        self.answer = None


def ask(server, request, questions):
    """A generator: asks, while `request` is under way. Returns an answer for each question; see host/questions.py."""
    answers = [None if question[1] & request.can else _unsupported(question[1]) for question in questions]
    if request.modern:
        yield from _park(server, request, questions, answers)
    else:
        yield from _send(server, request, questions, answers)
    return answers


def _unsupported(what):
    return UNSUPPORTED, "the client of this call does not offer %s" % NAMES[what]


def _text(question):
    """The JSON text of a question's params, without its last brace, and what is to come before another member."""
    text = question[2][:-1]
    return text, b"" if text == b"{" else b","


# Handshake era


def _send(server, request, questions, answers):
    waiting = []
    due = ticks_add(ticks_ms(), ANSWER_MS)
    try:
        for i in range(len(questions)):
            asked = None if answers[i] else _request(server, request, questions[i])
            waiting.append(asked)
            if asked:
                server.asked = server.asked or []
                server.asked.append(asked)
        while [asked for asked in waiting if asked and asked.answer is None]:
            if ticks_diff(due, ticks_ms()) <= 0:
                break
            yield
    finally:  # also when the call is cancelled, or its component ends
        for asked in waiting:
            if asked in server.asked:
                server.asked.remove(asked)
                _cancel(server, asked)
    for i in range(len(waiting)):
        if waiting[i]:
            answers[i] = waiting[i].answer or _late()


def _late():
    return NO_ANSWER, "the client did not answer within %d s" % (ANSWER_MS // 1000)


def _request(server, request, question):
    global _serial
    _serial += 1
    session = server.board.session if server.board else ""
    asked = Asked(('"ask-%s-%d"' % (session, _serial)).encode(), question[1])
    params, comma = _text(question)
    out = server.begin(b'{"jsonrpc":"2.0","id":')
    out.raw(asked.id)
    out.raw(b',"method":"')
    out.raw(METHODS[question[1]].encode())
    out.raw(b'","params":')
    out.copy(params)
    if question[1] in MODES:
        out.raw(comma)
        out.raw(MODES[question[1]])
        if MODES[question[1]] == b'"mode":"url"':  # 2025-11-25 wants an id for it
            out.raw(b',"elicitationId":')
            out.raw(asked.id)
        comma = b","
    out.raw(comma)
    out.raw(b'"_meta":{"wasmote/requestId":')  # several clients may share the wire: whose call it is
    out.raw(request.id)
    server.end(b"}}}\n")
    return asked


def _cancel(server, asked):
    out = server.begin(b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":')
    out.raw(asked.id)
    out.raw(b',"reason":"the call that asked has ended"')
    server.end()


def answered(server, message):
    """A response has arrived. One that nobody waits for is ignored: late, given twice, or never asked for."""
    for asked in server.asked:
        if message.id and id_key(message.id) == asked.id:
            server.asked.remove(asked)
            try:
                asked.answer = _answer(message, asked.what)
            except MemoryError:
                asked.answer = NO_ANSWER, "the client's answer is too large for this board's memory"
            return


def _answer(message, what):
    if message.result:
        result = _result(what, message.line, message.result)
        if result is not None:
            return ANSWERED, result
    elif message.line[message.error[0]] == 0x7B:
        return REFUSED, bytes(message.line[message.error[0] : message.error[1]])
    return NO_ANSWER, "the client answered something else than it was asked"


def _result(what, line, span):
    """The result of a question, which is at line[span]; None if it is not one."""
    if line[span[0]] != 0x7B:
        return None
    try:
        action, content, role, roots = find(line, span[0], _RESULT)
    except ValueError:  # a member stands twice
        return None
    if what == SAMPLING:
        good = role and content
    elif what == ROOTS:
        good = roots and line[roots[0]] == 0x5B
    else:
        action = action and bytes(line[action[0] + 1 : action[1] - 1])
        if action not in _ACTIONS or (content and line[content[0]] != 0x7B):
            return None
        return str(action, "ascii"), bytes(line[content[0] : content[1]]) if content else b"{}"
    return bytes(line[span[0] : span[1]]) if good else None


# Modern era


def _park(server, request, questions, answers):
    while True:
        _take(request, questions, answers)
        if None not in answers:
            return
        if request.id is None:
            why = _late()
        elif len(server.parked) >= PARKED:
            why = NO_ANSWER, "%d calls wait for answers of their clients already, the most this board takes" % PARKED
        else:
            parked = _ask_by_result(server, request, questions, answers)
            try:
                while parked in server.parked:
                    yield
            except GeneratorExit:  # its component ends: there will be nobody to take an answer
                drop(server, parked)
                raise
            continue
        for i in range(len(answers)):
            answers[i] = answers[i] or why
        return


def _take(request, questions, answers):
    """The answers that the request brought, each once."""
    if request.responses is None:
        return
    for i in range(len(questions)):
        key = questions[i][0]
        if answers[i] is None and key not in request.taken:
            (span,) = _members(request.responses, key)
            result = span and _result(questions[i][1], request.responses, span)
            if result:
                answers[i] = ANSWERED, result
                request.taken.append(key)


def _members(text, key):
    try:
        return find(text, 0, names(key))
    except ValueError:  # twice
        return (None,)


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
            params, comma = _text(questions[i])
            out.copy(params)
            if questions[i][1] in MODES:
                out.raw(comma)
                out.raw(MODES[questions[i][1]])
            out.raw(b"}}")
            before = b","
    out.raw(b'},"requestState":')
    out.string(_token(_serial, due))
    server.end(MODERN_END.replace(b"complete", b"input_required"))
    parked = Parked(call, _serial, due)
    server.calls.remove(call)
    server.parked = server.parked or []
    server.parked.append(parked)
    return parked


def _token(serial, due):
    head = struct.pack("<II", serial, due & 0xFFFFFFFF)
    return str(binascii.b2a_base64(head + _mac(head)), "ascii").strip()


def _mac(text):
    """HMAC-SHA-256 (RFC 2104), cut."""
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in _key]) + b"\x36" * 32)
    inner.update(text)
    outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in _key]) + b"\x5c" * 32)
    outer.update(inner.digest())
    return outer.digest()[:_MAC]


def resume(server, request):
    """The call that request.state names goes on for `request`. RpcError if there is none."""
    parked = _find(server, request)
    call = parked.call
    server.admit(request, call.owner)  # first: a client that is told to try again needs its state again
    old = call.request
    old.id = request.id
    old.responses = request.responses
    old.taken = []
    old.can = request.can
    old.progress_token = request.progress_token
    old.log_level = request.log_level
    call.key = id_key(request.id)
    _unpark(server, parked)


def _find(server, request):
    token = _decode(request.state)
    if token is None:
        what = "params.requestState is none that this board gave since it started: send all of it back as it was"
        raise RpcError(INVALID_PARAMS, what, id=request.id)
    serial, due = token
    if ticks_diff(due, ticks_ms() & 0xFFFFFFFF) <= 0:
        what = "params.requestState has expired: its answers were due within %d s; call again without it"
        raise RpcError(INVALID_PARAMS, what % (ANSWER_MS // 1000), id=request.id)
    for parked in server.parked:
        if parked.serial == serial:
            old = parked.call.request
            if old.method != request.method or old.binding != request.binding:
                what = "params.requestState belongs to another request: its method, name and arguments must be the same"
                raise RpcError(INVALID_PARAMS, what, id=request.id)
            return parked
    what = "params.requestState was used already, or its call has ended: call again without it"
    raise RpcError(INVALID_PARAMS, what, id=request.id)


def _decode(text):
    """(serial, due) of a requestState, None for a forged one."""
    try:
        token = binascii.a2b_base64(text)
    except ValueError:
        return None
    if len(token) != _TOKEN or str(binascii.b2a_base64(token), "ascii").strip() != text:
        return None
    differ = 0
    mac = _mac(token[:8])
    for i in range(_MAC):  # all of them: the time must not tell how many are right
        differ |= mac[i] ^ token[8 + i]
    return None if differ else struct.unpack("<II", token[:8])


def _unpark(server, parked):
    server.parked.remove(parked)
    server.calls.append(parked.call)


def drop(server, parked):
    """The parked call goes on without a client."""
    if parked in server.parked:
        request = parked.call.request
        request.id = request.progress_token = request.log_level = parked.call.key = None
        _unpark(server, parked)


def sweep(server):
    """Ends the waiting of parked calls whose clients took too long; sooner if other calls wait for the component, or for
    the stack that it holds."""
    now = ticks_ms()
    hungry = getattr(getattr(server.host, "stacks", None), "hungry", False)
    for parked in list(server.parked):
        owner = parked.call.owner
        crowded = hungry or owner is not None and [call for call in server.calls if call.owner == owner]
        if ticks_diff(parked.crowded if crowded else parked.due, now) <= 0:
            drop(server, parked)
