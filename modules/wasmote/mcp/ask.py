"""Questions to the client while one of its calls runs: sampling/createMessage, elicitation/create, roots/list.

Handshake era: requests of the board's own, with ids of its own; the call waits in slices until `answered`.
Modern era: the board sends no requests. The call's own request is answered with the questions: see parked.py.

Imported with the first question.
"""

from ..host.clock import ticks_add, ticks_diff, ticks_ms
from ..host.questions import ANSWERED, METHODS, MODES, NAMES, NO_ANSWER, REFUSED, ROOTS, SAMPLING, UNSUPPORTED
from ..jsonrpc import find, id_key, names

ANSWER_MS = 300_000  # how long a client may take for an answer

_RESULT = names("action", "content", "role", "roots")
_ACTIONS = (b"accept", b"decline", b"cancel")

_serial = 0


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
        from .parked import park

        yield from park(server, request, questions, answers)
    else:
        yield from _send(server, request, questions, answers)
    return answers


def _unsupported(what):
    return UNSUPPORTED, "the client of this call does not offer %s" % NAMES[what]


def text_of(question):
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
            answers[i] = waiting[i].answer or late()


def late():
    return NO_ANSWER, "the client did not answer within %d s" % (ANSWER_MS // 1000)


def _request(server, request, question):
    global _serial
    _serial += 1
    session = server.board.session if server.board else ""
    asked = Asked(('"ask-%s-%d"' % (session, _serial)).encode(), question[1])
    params, comma = text_of(question)
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
        result = result_at(what, message.line, message.result)
        if result is not None:
            return ANSWERED, result
    elif message.line[message.error[0]] == 0x7B:
        return REFUSED, bytes(message.line[message.error[0] : message.error[1]])
    return NO_ANSWER, "the client answered something else than it was asked"


def result_at(what, line, span):
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
