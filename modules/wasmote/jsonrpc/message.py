"""One line → one JSON-RPC 2.0 message of MCP's kind: params are an object, an id is a string or an integer. Or a batch.

The id stays the bytes that came, to be echoed as they are: 0, -1, 12345678901234567890 and "a\\u0062" all work.
"""

from .codes import INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR, RpcError
from .find import Twice, find, names, validate
from .text import decode

REQUEST = 0
NOTIFICATION = 1
RESPONSE = 2

ID_LIMIT = 128  # bytes of an id's JSON text

_MEMBERS = names("jsonrpc", "id", "method", "params", "result", "error")


class Message:
    """`line` and what lies where in it; valid as long as the line is.

    kind            REQUEST, NOTIFICATION or RESPONSE
    id, id_span     the JSON text of the id (bytes, None without one; b"null" only in responses), and where it is
    method          str; None in responses
    params          start of the params object, None without; `result`, `error`: spans in responses
    """

    kind = id = id_span = method = params = result = error = None

    def __init__(self, line):
        self.line = line

    def find(self, table):
        """Spans of the members of params that `table` names, None where absent. RpcError if one stands twice."""
        if self.params is None:
            return [None] * table[0]
        return self.find_in(self.params, table)

    def find_in(self, start, table):
        """The same of any object in the line."""
        try:
            return find(self.line, start, table)
        except Twice as twice:
            raise RpcError(INVALID_PARAMS, 'member "%s" stands twice in one object' % twice.args[0], id=self.id)

    def text(self, span, what):
        """The string at `span`, or RpcError naming `what`, when it is absent or no string."""
        if span is None:
            raise RpcError(INVALID_PARAMS, "%s is missing: it must be a string" % what, id=self.id)
        if self.line[span[0]] != 0x22:
            raise RpcError(INVALID_PARAMS, "%s must be a string" % what, id=self.id)
        try:
            return decode(self.line, span)
        except ValueError:
            raise RpcError(
                INVALID_PARAMS, "%s has a lone surrogate in it, which is not Unicode text" % what, id=self.id
            )

    def integer(self, span, what):
        """The integer >= 0 at `span`, or RpcError naming `what`."""
        if span is not None:
            raw = bytes(self.line[span[0] : span[1]])
            if len(raw) <= 19 and raw.isdigit():
                return int(raw)
        raise RpcError(INVALID_PARAMS, "%s must be an integer from 0" % what, id=self.id)


def parse(line):
    """The Message in `line` (bytes-like). RpcError, its `id` set where the line has a usable one, for what is none.

    Its `batch` is set where an array of messages begins, which a server may serve instead (mcp/batch.py).
    """
    wrong = validate(line)
    if wrong:
        raise RpcError(PARSE_ERROR, "not JSON: %s, at byte %d of %d" % (wrong[0], wrong[1], len(line)))
    start = 0
    while line[start] <= 0x20:
        start += 1
    if line[start] == 0x5B:
        what = "this is a batch, which only protocol version 2025-03-26 has: send each message on a line of its own"
        error = RpcError(INVALID_REQUEST, what)
        error.batch = start
        raise error
    return message_at(line, start)


def message_at(line, start):
    """The Message at line[start], which is checked. RpcError."""
    if line[start] != 0x7B:
        raise RpcError(INVALID_REQUEST, "a message must be a JSON object")
    try:
        version, id, method, params, result, error = find(line, start, _MEMBERS)
    except Twice as twice:
        raise RpcError(INVALID_REQUEST, 'member "%s" stands twice in the message' % twice.args[0])
    message = Message(line)
    if id:
        _set_id(message, id, method)
    if not version or line[version[0] : version[1]] != b'"2.0"':
        raise RpcError(INVALID_REQUEST, 'member "jsonrpc" must be "2.0"', id=message.id)
    if not method:
        if not result and not error:
            raise RpcError(INVALID_REQUEST, 'member "method" is missing', id=message.id)
        message.kind = RESPONSE
        message.result = result
        message.error = error
        return message
    message.kind = REQUEST if id else NOTIFICATION
    if line[method[0]] != 0x22:
        raise RpcError(INVALID_REQUEST, 'member "method" must be a string', id=message.id)
    try:
        message.method = decode(line, method)
    except ValueError:
        raise RpcError(INVALID_REQUEST, 'member "method" has a lone surrogate in it', id=message.id)
    if params:
        if line[params[0]] == 0x7B:
            message.params = params[0]
        elif id:  # nobody waits for what is wrong with a notification
            raise RpcError(INVALID_PARAMS, "params must be an object", id=message.id)
    return message


def _set_id(message, span, method):
    line = message.line
    first = line[span[0]]
    if span[1] - span[0] > ID_LIMIT:
        raise RpcError(INVALID_REQUEST, "the id is longer than %d bytes" % ID_LIMIT)
    raw = bytes(line[span[0] : span[1]])
    integer = (first == 0x2D or 0x30 <= first <= 0x39) and raw[1:].isdigit() | (len(raw) == 1)
    if not integer and first != 0x22 and (method or raw != b"null"):
        raise RpcError(INVALID_REQUEST, "the id must be a string or an integer")
    message.id = raw
    message.id_span = span


def id_key(raw):
    """What two texts of the same id have in common: "a" and "\\u0061" are one id."""
    if raw.find(b"\\") < 0:
        return raw
    try:
        return b'"' + decode(raw, (0, len(raw))).encode() + b'"'
    except ValueError:
        return raw
