"""Which answers are due to a line of bytes, and a player that sees whether a board gives them.

    player = Player(write, line)      write(bytes), line() -> the next message (bytes)
    player.play(lines)                raises Wrong for the first line that is not answered as it must be

The oracle knows JSON (CPython's) and JSON-RPC 2.0 as MCP has it: whether a line is answered once, not at all, or (a batch)
as an array; under which id; and of what is refused before any method is looked at, with which code. Shared with
tests/firmware: it imports nothing of the board.
"""

import json
import re

LIMIT = 16384
NOISE = 16
DEPTH = 64
PARSE, INVALID, PARAMS, TOO_LONG = -32700, -32600, -32602, -32003
MEMBERS = ("jsonrpc", "id", "method", "params", "result", "error")
LISTENS = 4


class Number(str):
    """As it is written: no number is too large for it."""


def _no(constant):
    raise ValueError(constant)


_decoder = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=_no, object_pairs_hook=list, strict=True
)
_space = re.compile(r"[ \t\r\n]*").match


def _depth(text):
    deep = depth = 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', text):
        depth += 1 if token[0] in "[{" else -1 if token[0] in "]}" else 0
        deep = max(deep, depth)
    return deep


def members(text, start):
    """[(name, text of the value)] of the object that starts there."""
    found = []
    at = _space(text, start + 1).end()
    while text[at] != "}":
        name, at = _decoder.raw_decode(text, at)
        at = _space(text, _space(text, at).end() + 1).end()
        _, end = _decoder.raw_decode(text, at)
        found.append((name, text[at:end]))
        at = _space(text, end).end()
        if text[at] == ",":
            at = _space(text, at + 1).end()
    return found


def elements(text, start):
    found = []
    at = _space(text, start + 1).end()
    while text[at] != "]":
        _, end = _decoder.raw_decode(text, at)
        found.append(text[at:end])
        at = _space(text, end).end()
        if text[at] == ",":
            at = _space(text, at + 1).end()
    return found


def strip(line):
    """The text of a line as the link hands it on."""
    line = line[:-1] if line.endswith(b"\r") else line
    start = 0
    while start < min(NOISE, len(line)) and not 32 < line[start] < 127:
        start += 1
    return line[start:]


def one(text):
    """What becomes of one message: (id or None, code or None for any answer), or () if none is due; and its members."""
    start = _space(text, 0).end()
    if text[start] != "{":
        return (None, INVALID), {}
    pairs = [(name, value) for name, value in members(text, start) if name in MEMBERS]
    message = dict(pairs)
    if len(message) < len(pairs):
        return (None, INVALID), {}
    id = message.get("id")
    if id is not None:
        usable = re.fullmatch(r"-?\d+", id) or id[0] == '"' or (id == "null" and "method" not in message)
        if len(id.encode()) > 128 or not usable:
            return (None, INVALID), {}
    if message.get("jsonrpc") != '"2.0"':
        return (id, INVALID), {}
    if "method" not in message:
        return (() if "result" in message or "error" in message else (id, INVALID)), {}
    method = json.loads(message["method"], parse_constant=_no) if message["method"][0] == '"' else None
    if method is None or re.search("[\ud800-\udfff]", method):
        return (id, INVALID), {}
    if id is None:
        return (), message
    if "params" in message and message["params"][0] != "{":
        return (id, PARAMS), {}
    return (id, None), message


def key(id):
    """Two texts of one id have one key."""
    return json.loads(id) if id[0] == '"' else id


def due(line, batches):
    """([(id, code)] of the answers, whether they are of a batch, the messages that were understood)"""
    text = strip(line)
    if not text:
        return [], False, []
    if len(text) > LIMIT:
        head = re.match(rb'\{"jsonrpc":"2\.0","id":(\d+),', text)
        return [(head and head[1].decode(), TOO_LONG)], False, []
    try:
        text = text.decode()
        _decoder.decode(text)
        if _depth(text) > DEPTH:
            raise ValueError
    except (ValueError, RecursionError):
        return [(None, PARSE)], False, []
    start = _space(text, 0).end()
    if text[start] != "[":
        answer, message = one(text)
        return ([answer] if answer else []), False, [message]
    parts = elements(text, start)
    if not batches or not parts:
        return [(None, INVALID)], False, []
    answers, messages = [], []
    for part in parts:
        answer, message = one(part)
        answers += [answer] if answer else []
        messages.append(message)
    return answers, True, messages


class Wrong(Exception):
    pass


class Player:
    """Sends a line and a ping, reads what comes until both have their answers, and compares. State: what was agreed."""

    def __init__(self, write, line):
        self._write = write
        self._line = line
        self._listening = []  # keys of subscriptions, oldest first
        self.batches = False
        self.played = 0

    def ask(self, method):
        """The result of a request between lines."""
        self._write(json.dumps({"jsonrpc": "2.0", "id": "asked", "method": method}).encode() + b"\n")
        while True:
            message = json.loads(self._line())
            if isinstance(message, dict) and message.get("id") == "asked":
                return message["result"]

    def play(self, lines):
        for line in lines:
            try:
                self._play(line)
            except Wrong as wrong:
                raise Wrong(f"line {self.played}: {line[:400]!r}\n{wrong}") from None
            self.played += 1

    def _play(self, line):
        mark = f'"mark-{self.played}"'
        answers, batch, messages = due(line, self.batches)
        cancelled = [self._cancelled(message) for message in messages]
        if batch and {key(id) for id, _ in answers if id} & set(cancelled):
            return  # whether a call has ended before is a matter of time: test_batch.py
        self._write(line + b'\n{"jsonrpc":"2.0","id":%s,"method":"ping"}\n' % mark.encode())
        came = []
        marked = False
        while not marked or len(came) < len(answers):
            text = self._line()
            try:
                message = json.loads(text)
            except ValueError:
                raise Wrong(f"it wrote what is no JSON: {text!r}") from None
            if isinstance(message, list):
                if not batch or not message:
                    raise Wrong(f"an array came: {text!r}")
                came += message
            elif "method" in message:
                acknowledged = self._heard(message)
                if acknowledged is not None:
                    answers = [answer for answer in answers if answer[0] is None or key(answer[0]) != acknowledged]
                    if len(self._listening) > LISTENS:
                        answers.append((_text(self._listening.pop(0)), None))
            elif message.get("id") == json.loads(mark):
                marked = True
            elif batch and answers:
                raise Wrong(f"an answer of a batch came alone: {text!r}")
            else:
                came.append(message)
        self._compare(came, answers, batch)

    def _cancelled(self, message):
        """Takes note of a cancelled subscription. The key of what a message cancels, None for nothing."""
        if (
            message.get("method") != '"notifications/cancelled"'
            or "id" in message
            or message.get("params", "[")[0] != "{"
        ):
            return None
        ids = [value for name, value in members(message["params"], 0) if name == "requestId"]
        if len(ids) != 1 or ids[0][0] not in '"-0123456789':
            return None
        self._listening = [one for one in self._listening if one != key(ids[0])]
        return key(ids[0])

    def _heard(self, message):
        """The key of the subscription that a notification acknowledges."""
        if message["method"] != "notifications/subscriptions/acknowledged":
            return None
        id = message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"]
        id = id if isinstance(id, str) else str(id)
        self._listening = [one for one in self._listening if one != id] + [id]
        return id

    def _compare(self, came, answers, batch):
        left = list(answers)
        ids = [answer[0] for answer in answers]
        for message in came:
            if message.get("jsonrpc") != "2.0" or ("result" in message) == ("error" in message):
                raise Wrong(f"no answer: {message}")
            code = message["error"]["code"] if "error" in message else None
            result = message.get("result")
            if isinstance(result, dict) and "protocolVersion" in result:
                self.batches = result["protocolVersion"] == "2025-03-26"
            for answer in sorted(left, key=lambda answer: not _same(message, answer)):  # exactly its own before another
                same = _same(message, answer)
                twice = batch and len({key(one) for one in ids if one}) < len([one for one in ids if one])
                if (same or (twice and message["id"] is None)) and (answer[1] is None or twice or answer[1] == code):
                    left.remove(answer)
                    break
            else:
                raise Wrong(f"not due: {message}; due: {answers}")
        if left:
            raise Wrong(f"due, and did not come: {left}; came: {came}")


def _same(message, answer):
    id = None if answer[0] in (None, "null") else json.loads(answer[0])
    return message["id"] == id and type(message["id"]) is type(id)


def _text(id):
    return id if re.fullmatch(r"-?\d+", id) else json.dumps(id)
