"""Lines for a board, from random bytes to messages that are nearly right, and an oracle that says of each which answers are due.

    player = Player(write, line)      write(bytes), line() -> the next message (bytes)
    player.play(lines(seed, count))   raises Wrong for the first line that is not answered as it must be

The oracle knows JSON (CPython's) and JSON-RPC 2.0 as MCP has it: whether a line is answered once, not at all, or (a batch)
as an array; under which id; and of what is refused before any method is looked at, with which code. Shared with
tests/firmware: it imports nothing of the board.
"""

import json
import random
import re

from openings import META, OPENINGS, captured

LIMIT = 16384
NOISE = 16
DEPTH = 64
PARSE, INVALID, PARAMS, TOO_LONG = -32700, -32600, -32602, -32003
MEMBERS = ("jsonrpc", "id", "method", "params", "result", "error")
LISTENS = 4

# The oracle


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


# Lines


def _seeds():
    seeds = [line for _, lines, _ in [*OPENINGS, *captured()] for line in lines]
    calls = [
        ("tools/call", {"name": "add", "arguments": {"a": 1, "b": 2}}),
        ("tools/call", {"name": "add", "arguments": {"a": 1, "b": 2, "o": {"o": {"o": {"o": {"o": {"x": "long"}}}}}}}),
        ("tools/call", {"name": "add", "arguments": {"a": 1, "b": 2, "o": {"o": {"o": {"o": {"o": {}}}}}}}),
        ("tools/call", {"name": "add", "arguments": {"a": "x", "c": [1, {"d": None}]}}),
        ("tools/call", {"name": "add", "arguments": {"a": 1, "b": 200}, "_meta": {"progressToken": "t"}}),
        ("tools/list", {"cursor": "0.1.2"}),
        ("resources/list", {}),
        ("resources/read", {"uri": "test:/x"}),
        ("resources/subscribe", {"uri": "test:/x"}),
        ("resources/unsubscribe", {"uri": "test:/x"}),
        ("prompts/get", {"name": "p", "arguments": {"x": "y"}}),
        ("completion/complete", {"ref": {"type": "ref/prompt", "name": "p"}, "argument": {"name": "x", "value": ""}}),
        ("logging/setLevel", {"level": "debug"}),
        ("wasmote/list", {}),
        ("wasmote/logs", {"level": "debug"}),
        ("wasmote/load", {"name": "nothing"}),
        ("wasmote/configuration", {"name": "nothing"}),
        ("wasmote/configure", {"name": "nothing", "config": {"env": {"A": "b"}}}),
        ("wasmote/push", {"name": "n", "size": 9, "offset": 5, "data": "AAAA", "crc32": 1}),
        (
            "wasmote/elicit",
            {"message": "m", "requestedSchema": {"type": "object", "properties": {"a": {"type": "string"}}}},
        ),
        ("notifications/cancelled", {"requestId": 1, "reason": "x"}),
        ("subscriptions/listen", {"notifications": {"toolsListChanged": True, "resourceSubscriptions": ["test:/x"]}}),
    ]
    for number, (method, params) in enumerate(calls):
        message = {"jsonrpc": "2.0", "method": method}
        if not method.startswith("notifications"):
            message["id"] = number if number % 2 else f"id {number}"
        seeds.append(json.dumps({**message, "params": params}))
        seeds.append(json.dumps({**message, "params": {**params, "_meta": {**META, **params.get("_meta", {})}}}))
    return [seed.encode() for seed in seeds]


SEEDS = _seeds()
TOKENS = [
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b'"',
        b"\\",
        b"\\u",
        b"\\ud800",
        b"\\u0000",
        b"null",
        b"true",
        b"-",
        b"0",
        b"1e9",
    ),
    *(
        b"1.5",
        b"9" * 30,
        b'""',
        b"{}",
        b"[]",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98\x80",
        b" ",
        b"\t",
        b"\r",
    ),
    *(
        b'"id":',
        b'"id":7,',
        b'"method":"ping"',
        b'"jsonrpc":"2.0",',
        b'"params":',
        b'"_meta":{}',
        b'"result":{}',
        b'"name":',
    ),
    *(b"[" * 70, b'{"a":' * 70, b'"\\u0069d":9,', b"A" * 200),
]


def _mutated(random, line):
    line = bytearray(line)
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        at = random.randrange(len(line) + 1)
        size = random.choice((0, 0, 1, 1, 2, 4, 20))
        kind = random.randrange(7)
        if kind == 0:
            line[at : at + size] = bytes(random.randrange(256) for _ in range(random.randrange(3)))
        elif kind < 3:
            line[at : at + size] = random.choice(TOKENS)
        elif kind == 3:
            line[at:at] = line[at : at + random.randrange(40)]
        elif kind == 4:
            del line[at : at + random.randrange(1, 12)]
        elif kind == 5:
            other = random.choice(SEEDS)
            line[at:] = other[random.randrange(len(other)) :]
        else:
            line[at : at + 1] = bytes([line[at] ^ 1 << random.randrange(8)]) if at < len(line) else b""
    return bytes(line)


def _value(random, levels):
    kind = random.randrange(9 if levels else 7)
    if kind == 7:
        return [_value(random, levels - 1) for _ in range(random.randrange(4))]
    if kind == 8:
        names = (
            "name",
            "arguments",
            "_meta",
            "uri",
            "cursor",
            "requestId",
            "level",
            "notifications",
            "ref",
            "a",
            "b",
            "é",
        )
        return {random.choice(names): _value(random, levels - 1) for _ in range(random.randrange(4))}
    return (None, True, random.randrange(-3, 3), 2**70, "", "add", META)[kind]


def _message(random):
    """A message of members and values that are at home there or not."""
    message = {}
    for name in random.sample(MEMBERS[:4], 4):
        if random.random() < 0.06:
            continue
        if random.random() < 0.1:
            message[name] = _value(random, 2)
        elif name == "jsonrpc":
            message[name] = "2.0"
        elif name == "id":
            message[name] = random.choice((0, 1, "a", "", -5, 2**53, "\ud800", "x" * 64))
        elif name == "method":
            seed = random.choice(SEEDS)
            found = re.search(rb'"method": ?"([^"\\]*)"', seed)
            message[name] = found[1].decode(errors="replace") if found else "ping"
        else:
            message[name] = {key: _value(random, 2) for key in ("name", "arguments", "_meta") if random.random() < 0.6}
    return json.dumps(message, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")


def _changed(random, line):
    """A message with a value or a name somewhere in it replaced, taken out or doubled: still JSON."""
    try:
        message = json.loads(line)
    except ValueError:
        return line
    at = message
    while isinstance(at, dict) and at:
        name = random.choice(list(at))
        if random.random() < 0.4 or not isinstance(at[name], dict):
            kind = random.randrange(4)
            if kind == 0:
                del at[name]
            elif kind == 1:
                at[name + random.choice(("", "x", "\u00e9"))] = at.pop(name)
            else:
                at[name] = _value(random, 2)
            break
        at = at[name]
    text = json.dumps(message, separators=random.choice(((",", ":"), (", ", ": "), (" ,", ":\t"))))
    if random.random() < 0.05:  # a member twice
        text = text.replace("{", "{" + json.dumps(random.choice(MEMBERS)) + ":1,", 1)
    return text.replace("{,", "{").replace(",}", "}").encode()


def lines(seed, count):
    """`count` lines without line feeds, and without Ctrl-C, which is for the link."""
    source = random.Random(seed)
    for _ in range(count):
        kind = source.random()
        if kind < 0.05:
            line = source.randbytes(source.randrange(1, 40))
        elif kind < 0.1:
            line = source.choice(SEEDS)
        elif kind < 0.3:
            line = _message(source)
        elif kind < 0.35:
            line = b"[" + b",".join(source.choice(SEEDS) for _ in range(source.randrange(5))) + b"]"
        elif kind < 0.352:
            size = source.choice((LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT, 5 * LIMIT)) - 60
            line = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"%s"}}' % (b"y" * size)
        elif kind < 0.65:
            line = _changed(source, source.choice(SEEDS))
        else:
            line = _mutated(source, source.choice(SEEDS))
        yield line.replace(b"\n", b" ").replace(b"\x03", b"\x04")
