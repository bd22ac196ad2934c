"""Lines for a board, from random bytes to messages that are nearly right: lines(seed, count).

rpc_oracle.py says how each is answered. Shared with tests/firmware: it imports nothing of the board.
"""

import json
import random
import re

from openings import META, OPENINGS, captured
from rpc_oracle import LIMIT, MEMBERS

# Native functions of the board whose names are in the lines.
TOOLS = """
import wasmote

leaf = {"type": "string", "maxLength": 3}
for level in range(6):
    leaf = {"type": "object", "properties": {"o": leaf}, "additionalProperties": False}

@wasmote.tool("Adds.", a=int, b="0..100", o=wasmote.arg(leaf, default={}))
def add(a, b, o):
    wasmote.progress(1, 1)
    yield
    return a + b

@wasmote.resource("test:/x")
def x():
    return "x"

@wasmote.prompt("d", x=("y", "z"))
def p(x):
    return x
"""


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
