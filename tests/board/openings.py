"""How clients open a connection, and what they hear: data, for whatever board serves it (test_openings.py, tests/e2e).

The board has the components thermometer and faults, and plays them one after the other: nothing that one leaves behind may
be in the way of the next. An opening is (name, lines, answers); an answer is (id, what): what
is an error's code, a dict that the result has, or True for any result. A batch's answers are a list of these.
"""

import json
from pathlib import Path

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "x", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
PARSE, INVALID, UNKNOWN, PARAMS, VERSION = -32700, -32600, -32601, -32602, -32022
INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}'


def request(id, method, params=None, **meta):
    message = {"jsonrpc": "2.0", "id": id, "method": method}
    if params is not None:
        message["params"] = params
    return json.dumps(message)


def modern(id, method, **params):
    return request(id, method, {**params, "_meta": META})


def initialize(id, version="2025-11-25"):
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    return request(id, "initialize", params)


def agreed(version):
    return {"protocolVersion": version}


DISCOVERED = {
    "supportedVersions": ["2026-07-28", "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"],
    "resultType": "complete",
}
DIVIDE = {"name": "divide", "arguments": {"a": 6, "b": 3}}
TWO = {"content": [{"type": "text", "text": "2"}], "isError": False}
LONG = "x" * 64

OPENINGS = [
    # Both eras on one stream
    ("discover, then initialize", [modern(0, "server/discover"), initialize(1), INITIALIZED, request(2, "tools/list")],
     [(0, DISCOVERED), (1, agreed("2025-11-25")), (2, True)]),
    ("initialize, then discover", [initialize(0), INITIALIZED, modern(1, "server/discover"), modern(2, "tools/list")],
     [(0, agreed("2025-11-25")), (1, DISCOVERED), (2, {"resultType": "complete", "cacheScope": "private"})]),
    ("discover again and again", [modern(i, "server/discover") for i in range(4)], [(i, DISCOVERED) for i in range(4)]),
    ("initialize twice", [initialize(1, "2024-11-05"), initialize(2, "2025-06-18")],
     [(1, agreed("2024-11-05")), (2, agreed("2025-06-18"))]),
    ("calls of both eras in turn", [request(1, "tools/call", DIVIDE), modern(2, "tools/call", **DIVIDE), request(3, "tools/call", DIVIDE)],
     [(1, TWO), (2, {**TWO, "resultType": "complete"}), (3, TWO)]),
    # As published in logs of clients
    ("Claude Code 2.1.293", [request(0, "server/discover", {"_meta": {**META, "io.modelcontextprotocol/clientCapabilities":
     {"roots": {"listChanged": True}, "elicitation": {"form": {}, "url": {}}}}}), modern(1, "tools/list")], [(0, DISCOVERED), (1, {"resultType": "complete"})]),
    ("Claude Code 2.1.280", [modern(0, "server/discover"), initialize(1), INITIALIZED, request(2, "tools/list"), request(3, "prompts/list")],
     [(0, DISCOVERED), (1, agreed("2025-11-25")), (2, True), (3, {"prompts": []})]),
    ("VS Code 1.137", [initialize(1), '{"method":"notifications/initialized","jsonrpc":"2.0"}', request(2, "prompts/list"), request(3, "tools/list")],
     [(1, agreed("2025-11-25")), (2, {"prompts": []}), (3, True)]),
    # No handshake at all, and impatience
    ("nothing but a call", [request(1, "tools/call", DIVIDE)], [(1, TWO)]),
    ("requests before initialized", [initialize(0), request(1, "tools/list"), INITIALIZED, request(2, "ping")],
     [(0, True), (1, True), (2, {})]),
    ("lists in one go", [initialize(0), INITIALIZED, *(request(i, method + "/list") for i, method in enumerate(("tools", "resources", "resources/templates", "prompts"), 1))],
     [(0, True), (1, True), (2, {"resources": []}), (3, {"resourceTemplates": []}), (4, {"prompts": []})]),
    ("modern lists in one go", [modern(i, method + "/list") for i, method in enumerate(("tools", "resources", "resources/templates", "prompts"))],
     [(i, {"ttlMs": 0, "cacheScope": "private", "resultType": "complete"}) for i in range(4)]),
    ("four calls at once", [request("r", "tools/call", {"name": "read"}), *(request(i, "tools/call", DIVIDE) for i in range(3))],
     [("r", {"isError": False}), *((i, TWO) for i in range(3))]),
    # Versions
    *[(f"initialize {version}", [initialize(1, version)], [(1, agreed(version))]) for version in ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")],
    *[(f"initialize {version}", [initialize(1, version)], [(1, agreed("2025-11-25"))]) for version in ("2026-07-28", "2031-01-01", "1.0", "")],
    ("initialize without a version", [request(1, "initialize", {})], [(1, PARAMS)]),
    ("a version to come", [request(1, "server/discover", {"_meta": {**META, "io.modelcontextprotocol/protocolVersion": "2031-01-01"}})], [(1, VERSION)]),
    ("discover without _meta", [request(1, "server/discover")], [(1, PARAMS)]),
    ("ping of the modern era", [modern(1, "ping")], [(1, UNKNOWN)]),
    # Ids
    *[(f"the id {id}", [f'{{"jsonrpc":"2.0","id":{id},"method":"ping"}}'], [(json.loads(id), {})])
      for id in ("0", '""', "9007199254740992", "-7", f'"{LONG}"', '"é"', '"\\u0041"', '" "', "12345678901234567890123")],
    *[(f"the id {id[:20]}", [f'{{"jsonrpc":"2.0","id":{id},"method":"ping"}}'], [(None, INVALID)])
      for id in ("null", "1.5", "1e2", "true", "[]", "{}", f'"{LONG * 2}"')],
    ("an id that is under way", [request(1, "tools/call", {"name": "read"}), request(2, "ping"), request(2, "ping")], [(1, True), (2, {}), (2, {})]),
    # Params
    ("params are absent", [request(1, "tools/list"), request(2, "ping"), '{"method":"resources/list","jsonrpc":"2.0","id":3}'], [(1, True), (2, {}), (3, True)]),
    ("params are empty", [request(1, "tools/list", {}), request(2, "ping", {})], [(1, True), (2, {})]),
    *[(f"params are {params}", [f'{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{params}}}'], [(1, PARAMS)]) for params in ("[]", "null", "5", '"x"', "true")],
    ("a call without params", [request(1, "tools/call")], [(1, PARAMS)]),
    ("arguments are no object", [request(1, "tools/call", {"name": "read", "arguments": [1]})], [(1, PARAMS)]),
    ("arguments are null", [request(1, "tools/call", {"name": "read", "arguments": None})], [(1, {"isError": False})]),
    ("arguments that do not fit", [request(1, "tools/call", {"name": "divide", "arguments": {"a": "six"}})], [(1, {"isError": True})]),
    ("a tool that is not there", [request(1, "tools/call", {"name": "x"})], [(1, {"isError": True})]),
    # Methods
    *[(f"the method {method[:20]}", [request(1, method), modern(2, method)], [(1, UNKNOWN), (2, UNKNOWN)])
      for method in ("roots/list", "tools", "tools/list/", "rpc.discover", "", "é", "x" * 300, "wasmote/nothing")],
    ("notifications of all kinds", [INITIALIZED, *(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}) for method in
     ("notifications/cancelled", "notifications/roots/list_changed", "notifications/progress", "x", "tools/call") for params in ({}, {"requestId": 9}, [], 5)), request(1, "ping")], [(1, {})]),
    ("answers to nothing", [json.dumps({"jsonrpc": "2.0", "id": id, **what}) for id in (1, None, "x") for what in ({"result": {}}, {"error": {"code": 1, "message": ""}}, {"result": 5})] + [request(1, "ping")], [(1, {})]),
    # What is no message
    ("no JSON", ["hello", "{", '{"jsonrpc":"2.0","id":1,}', "nul", '"\\x"'], [(None, PARSE)] * 5),
    ("JSON, but no message", ["1", '"x"', "null", "{}", '{"id":1}'], [(None, INVALID)] * 4 + [(1, INVALID)]),
    ("another JSON-RPC", ['{"id":1,"method":"ping"}', '{"jsonrpc":"1.0","id":2,"method":"ping"}', '{"jsonrpc":2.0,"id":3,"method":"ping"}'],
     [(1, INVALID), (2, INVALID), (3, INVALID)]),
    ("members that stand twice", ['{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"a","name":"b"}}'],
     [(None, INVALID), (3, PARAMS)]),
    ("64 levels and 65", ['{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":' + "[" * 62 + "]" * 62 + "}}", '{"jsonrpc":"2.0","id":2,"method":"ping","params":{"x":' + "[" * 63 + "]" * 63 + "}}"],
     [(1, {}), (None, PARSE)]),
    ("numbers without end", ['{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":[' + "9" * 400 + ",1e999999999,-0.0e-1]}}"], [(1, {})]),
    ("lone surrogates", ['{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"\\ud800"}}', '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"\\udc00"}}', '{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}'],
     [(1, {}), (2, PARAMS), ("\ud800", {})]),
    # Batches: 2025-03-26 has them
    *[(f"a batch in {version}", [initialize(1, version), "[" + request(2, "ping") + "]", "[]", "[1]"], [(1, agreed(version)), (None, INVALID), (None, INVALID), (None, INVALID)])
      for version in ("2024-11-05", "2025-06-18", "2025-11-25")],
    ("a batch in 2025-03-26", [initialize(1, "2025-03-26"), INITIALIZED, "[" + request(2, "ping") + "," + INITIALIZED + " , " + request("3", "tools/call", DIVIDE) + "]"],
     [(1, agreed("2025-03-26")), [(2, {}), ("3", TWO)]]),
    ("a batch of one call", [initialize(1, "2025-03-26"), "[" + request(2, "tools/call", DIVIDE) + "]", request(3, "ping")],
     [(1, True), [(2, TWO)], (3, {})]),
    ("batches of no request", [initialize(1, "2025-03-26"), "[" + INITIALIZED + "]", "[]", "[ ]", request(2, "ping")],
     [(1, True), (None, INVALID), (None, INVALID), (2, {})]),
    ("a batch of all kinds of wrong", [initialize(1, "2025-03-26"), "[1," + request(2, "nothing") + ",[]," + initialize(3) + "," + modern(4, "tools/list") + ',{"jsonrpc":"2.0","id":5},' + request(6, "ping") + "]"],
     [(1, True), [(None, INVALID), (2, UNKNOWN), (None, INVALID), (3, INVALID), (4, INVALID), (5, INVALID), (6, {})]]),
    ("a batch that is no JSON", [initialize(1, "2025-03-26"), "[" + request(2, "ping") + ",]"], [(1, True), (None, PARSE)]),
]  # fmt: skip


def captured():
    """What real clients have sent, line by line: (name, lines, answers), every request answered with a result."""
    for path in sorted((Path(__file__).parent / "captures").glob("*.jsonl")):
        records = [json.loads(line) for line in path.read_text().splitlines()]
        lines = [record["line"] for record in records if record.get("dir") == "c>s" and "line" in record]
        messages = [json.loads(line) for line in lines]
        yield path.stem, lines, [(message["id"], True) for message in messages if "id" in message]


def play(write, line, opening):
    """Plays one opening to a board that is up: write(bytes), line() -> the next message (bytes). What is wrong, a list."""
    name, lines, answers = opening
    end = "end of " + name
    write("\n".join([*lines, request(end, "ping"), ""]).encode())
    came = []
    while len([message for message in came if not _is_notification(message)]) <= len(answers):
        came.append(json.loads(line()))
    return mistakes(came, [*answers, (end, {})])


def _is_notification(message):
    return isinstance(message, dict) and "method" in message


def has(result, wanted):
    """Whether a result is what an opening wants."""
    if wanted is True:
        return isinstance(result, dict)
    if wanted == {}:
        return result == {}
    return all(result.get(name) == value for name, value in wanted.items())


def mistakes(lines, answers):
    """What is wrong with the messages (decoded) that came: they are the answers, each once; notifications are ignored."""
    came = [line for line in lines if not _is_notification(line)]
    wrong = []
    for answer in answers:
        for line in came:
            if _is(line, answer):
                came.remove(line)
                break
        else:
            wrong.append(("missing", answer))
    return wrong + [("not expected", line) for line in came]


def _is(line, answer):
    if isinstance(answer, list):
        return isinstance(line, list) and not mistakes(line, answer)
    id, wanted = answer
    if isinstance(line, list) or line.get("jsonrpc") != "2.0" or type(line["id"]) is not type(id) or line["id"] != id:
        return False
    if isinstance(wanted, int) and wanted is not True:
        return "error" in line and line["error"]["code"] == wanted and bool(line["error"]["message"])
    return "result" in line and has(line["result"], wanted)
