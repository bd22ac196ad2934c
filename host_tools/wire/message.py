# SPDX-License-Identifier: MIT
"""One JSON-RPC message, read but not rewritten.

The bridge must change an id here and a progress token there and pass everything else on byte for byte: numbers keep
their digits, strings their escapes, objects the order of their keys. So a message stays text, and `replaced()` puts new
text where a value stood.

    message = parse(b'{"jsonrpc":"2.0","id":7,"method":"ping"}')
    message.id            '7'                     the id as it was written, None when there is none
    message.replaced({"id": "41"})                '{"jsonrpc":"2.0","id":41,"method":"ping"}'
"""

import json
import re

from wasmote import jsonrpc
from wasmote.jsonrpc import ends
from wasmote.jsonrpc.codes import INVALID_REQUEST, MESSAGE_TOO_LONG, PARSE_ERROR

from ..errors import CallError

# Places that the bridge changes: a name for replaced(), and the keys that lead there.
PLACES = {
    "id": ("id",),
    "token": ("params", "_meta", "progressToken"),  # of a request: the caller's token
    "progress": ("params", "progressToken"),  # of notifications/progress
    "cancelled": ("params", "requestId"),  # of notifications/cancelled
    "asker": ("params", "_meta", "wasmote/requestId"),  # of a question or a log message of the board's: for which call
    "level": ("params", "level"),  # of logging/setLevel
    "name": ("params", "name"),
    "uri": ("params", "uri"),
    "ref-name": ("params", "ref", "name"),  # of completion/complete
    "ref-uri": ("params", "ref", "uri"),
    "params": ("params",),
    "meta": ("params", "_meta"),
}
LONGEST = 64 * 1024  # bytes; no board takes more, and to read it would keep other clients waiting for seconds
TOKEN_LIMIT = 128  # bytes of a progress token, as on the board
_ENDS = 1024  # bytes at each end of a longer one in which its id is looked for
_DIGITS = 4000  # of a number that is read: int() takes 4300; none that is longer means something to the bridge
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
_BLANK = re.compile(r"[ \t\n\r]*")


def _no_constant(name):
    raise ValueError(f"{name} is no JSON")


def _integer(text):
    return int(text) if len(text) <= _DIGITS else float(text)


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_int=_integer)


class Message:
    """`text`, what it says (`value`, a dict), and where the values of PLACES stand in it (`spans`)."""

    def __init__(self, text, value, spans):
        self.text = text
        self.value = value
        self.spans = spans

    def raw(self, place):
        """The text of the value at a place, None when there is nothing."""
        span = self.spans.get(place)
        return None if span is None else self.text[span[0] : span[1]]

    @property
    def id(self):
        return self.raw("id")

    @property
    def method(self):
        return self.value.get("method")

    @property
    def params(self):
        params = self.value.get("params")
        return params if isinstance(params, dict) else {}

    @property
    def version(self):
        """What a request of the modern era says in _meta; None in others."""
        meta = self.params.get("_meta")
        return meta.get(VERSION_KEY) if isinstance(meta, dict) else None

    @property
    def has_token(self):
        """Whether its progress token is one; of any other the board says what is wrong with it."""
        token = self.raw("token")
        return token is not None and token[0] in '"-0123456789' and len(token.encode()) <= TOKEN_LIMIT

    @property
    def is_request(self):
        return "method" in self.value and "id" in self.value

    @property
    def is_reply(self):
        return "method" not in self.value and ("result" in self.value or "error" in self.value)

    @property
    def label(self):
        """How an error names this request: `ping`, `tools/call "read"`."""
        name = self.params.get("name")
        return f"{self.method} {json.dumps(name)}" if isinstance(name, str) else str(self.method)

    def replaced(self, texts, added=None):
        """The message's text with other values at some places: {place: new text}.

        `added`: (place, member), a member more for the object there, as JSON text without a comma.
        """
        changes = [(*self.spans[place], texts[place]) for place in texts]
        if added:
            place, member = added
            start = self.spans[place][0] + 1
            empty = self.text[_BLANK.match(self.text, start).end()] == "}"
            changes.append((start, start, member if empty else member + ","))
        text = self.text
        for start, end, new in sorted(changes, reverse=True):
            text = text[:start] + new + text[end:]
        return text


def parse(line):
    """The message in a line of bytes. Raises CallError with the JSON-RPC code that the sender should get."""
    try:
        text = line.decode().strip(" \t\r\n\ufeff")
        value, end = _DECODER.raw_decode(text)
        if end != len(text):
            raise ValueError(f"something follows the JSON text at character {end}")
    except (ValueError, RecursionError) as error:
        raise CallError(PARSE_ERROR, f"not a JSON text: {error}") from None
    if isinstance(value, list):
        raise CallError(INVALID_REQUEST, "send one message per line: batches are of 2025-03-26 alone, and not empty")
    if not isinstance(value, dict):
        raise CallError(INVALID_REQUEST, "a JSON-RPC message is an object")
    return Message(text, value, spans(text))


def read(line):
    """The message of a client, if the board can read it. CallError, its id_text set where there is a usable id.

    What the board cannot read it answers without an id: when several requests wait, nobody could say whose answer that is.
    """
    if len(line) > LONGEST:
        error = too_long(len(line))
        line = line.strip(b" \t\r\n")
        error.id_text = id_at(line[:_ENDS], line[-_ENDS:])
        raise error
    message = parse(line)
    try:
        jsonrpc.parse(message.text.encode())
    except jsonrpc.RpcError as error:
        raise CallError(error.code, error.message, error.data, error.id and error.id.decode()) from None
    return message


def too_long(size):
    """The CallError for a message that is not read."""
    text = f"a message of {size} bytes is too long for a board: at most {LONGEST} are read"
    return CallError(MESSAGE_TOO_LONG, text, {"limitBytes": LONGEST, "bytes": size})


def id_at(head, tail):
    """The text of the id of a message of which only its beginning and its end are there, None if it is nowhere there."""
    found = ends.id_of(head, tail)
    return found and found.decode()


def members(line):
    """The texts of the messages of a batch in a line of bytes, as they stand there; None when it is none."""
    if len(line) > LONGEST:
        return None
    try:
        text = line.decode().strip(" \t\r\n\ufeff")
        if not text.startswith("[") or not _DECODER.decode(text):
            return None
    except (ValueError, RecursionError):
        return None  # parse() says what is wrong with it
    texts, at = [], 1
    while at < len(text):
        start = _BLANK.match(text, at).end()
        _, end = _DECODER.raw_decode(text, start)
        texts.append(text[start:end])
        at = _BLANK.match(text, end).end() + 1  # behind the comma, or the bracket at the end
    return texts


def spans(text, places=PLACES):
    """{name: (start, end)} of the values at `places` in a text that is known to be an object as JSON."""
    found = {}
    _find(text, 0, (), found, places)
    return found


def _find(text, at, path, spans, places):
    """Note the spans in the object that starts at text[at]."""
    at = _BLANK.match(text, at + 1).end()
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        start = _BLANK.match(text, _BLANK.match(text, at).end() + 1).end()
        value, end = _DECODER.raw_decode(text, start)
        here = (*path, key)
        inside = False
        for place, keys in places.items():
            if keys == here:
                spans[place] = (start, end)  # of a key given twice the last counts, as in `value`
            inside = inside or (len(keys) > len(here) and keys[: len(here)] == here)
        if inside and isinstance(value, dict):
            _find(text, start, here, spans, places)
        at = _BLANK.match(text, end).end()
        if text[at] == ",":
            at = _BLANK.match(text, at + 1).end()


def compact(value):
    """JSON without blanks, its characters as they are: an escaped one takes up to three times the bytes on the wire and
    in a board's memory. Only half a surrogate pair, which UTF-8 has not, needs the escapes."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text


def request_text(id_text, method, params=None):
    """A request as one line, or a notification when `id_text` is None."""
    message = {"jsonrpc": "2.0"}
    if id_text is not None:
        message["id"] = json.loads(id_text)
    message["method"] = method
    if params is not None:
        message["params"] = params
    return compact(message)


def reply_text(id_text, result):
    return f'{{"jsonrpc":"2.0","id":{id_text},"result":{compact(result)}}}'


def error_text(id_text, error):
    """`error`: a CallError; an unknown id is null, as JSON-RPC wants it."""
    return f'{{"jsonrpc":"2.0","id":{id_text or "null"},"error":{compact(error.as_json())}}}'
