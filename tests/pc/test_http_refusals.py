"""Which requests `wasmote bridge --http` takes and which it refuses, with which status and code: headers, names, hosts, bodies."""

import asyncio
import contextlib
import json
import re

import pytest
from http_client import BOTH, GOOD, HEAD, META, NEW, HttpClient, serving
from wasmote.http import server as http_server

pytestmark = pytest.mark.anyio
OLD = {"id": 1, "method": "ping"}
CALL = {"id": 1, "method": "tools/call", "params": {"name": "echo", "_meta": META}}

REFUSALS = [  # what is wrong, era, changed headers, message, status, code
    ("no session", "old", {"mcp_session_id": None}, OLD, 400, -32600),
    ("an unknown session", "old", {"mcp_session_id": "x"}, OLD, 404, -32600),
    ("an unknown version", "old", {"mcp_protocol_version": "1999-01-01"}, OLD, 400, -32602),
    ("no media type", "old", {"content_type": None}, OLD, 415, -32600),
    ("another media type", "old", {"content_type": "text/plain"}, OLD, 415, -32600),
    ("no SSE wanted", "old", {"accept": "application/json"}, OLD, 406, -32600),
    ("no JSON wanted", "old", {"accept": "text/event-stream"}, OLD, 406, -32600),
    ("no JSON", "old", {}, b'{"jsonrpc":"2.0",', 400, -32700),
    ("an end of line in a string", "old", {}, b'{"jsonrpc":"2.0","id":1,"method":"pi\nng"}', 400, -32700),
    ("no UTF-8", "old", {}, b'{"jsonrpc":"2.0","id":1,"method":"\xff"}', 400, -32700),
    ("a batch", "old", {}, b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', 400, -32600),
    ("neither method nor result", "old", {}, {"id": 1}, 400, -32600),
    ("an id that is none", "old", {}, b'{"jsonrpc":"2.0","id":true,"method":"ping"}', 400, -32600),
    ("two ids", "old", {}, b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', 400, -32600),
    ("params that are no object", "old", {}, {"id": 1, "method": "ping", "params": []}, 400, -32602),
    (
        "65 levels",
        "old",
        {},
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":' + b"[" * 63 + b"]" * 63 + b"}}",
        400,
        -32700,
    ),
    ("management", "old", {}, {"id": 1, "method": "wasmote/info"}, 200, -32601),
    ("a message that is modern", "old", {}, NEW, 400, -32020),
    ("no version in the header", "new", {"mcp_protocol_version": None}, NEW, 400, -32020),
    ("another version in the header", "new", {"mcp_protocol_version": "2027-01-01"}, NEW, 400, -32020),
    ("a version of the other era", "new", {"mcp_protocol_version": "2025-11-25"}, NEW, 400, -32020),
    ("no version in the message", "new", {"mcp_protocol_version": "2026-07-28"}, OLD, 400, -32602),
    ("no method", "new", {"mcp_method": None}, NEW, 400, -32020),
    ("another method", "new", {"mcp_method": "ping"}, NEW, 400, -32020),
    ("a method in capitals", "new", {"mcp_method": "TOOLS/LIST"}, NEW, 400, -32020),
    ("no name", "new", {"mcp_name": None}, CALL, 400, -32020),
    ("another name", "new", {"mcp_name": "count"}, CALL, 400, -32020),
    ("a name that is no base64", "new", {"mcp_name": "=?base64?ZWNobw?="}, CALL, 400, -32020),
    ("params that are no object, modern", "new", {}, {"id": 1, "method": "ping", "params": []}, 400, -32602),
    ("an answer to no question", "new", {"mcp_protocol_version": "2026-07-28"}, {"id": 1, "result": {}}, 400, -32600),
    ("management, modern", "new", {}, {"id": 1, "method": "wasmote/reset", "params": {"_meta": META}}, 404, -32601),
]


@pytest.mark.parametrize("era, changed, message, status, code", [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
async def test_refuses(http, board, era, changed, message, status, code):
    if era == "old":
        await http.initialize()
        changed = {"mcp_session_id": http.session, "mcp_protocol_version": "2025-11-25", **changed}
        changed |= {"mcp_method": None} if message is NEW else {}
    board.received.clear()
    got, (answer,) = await http.post(message, **changed)
    assert (got, answer["error"]["code"]) == (status, code), answer
    known = isinstance(message, dict) and "result" not in message and got not in (406, 415)
    assert answer["id"] == (message["id"] if known else None)
    assert not board.received


async def test_a_name_that_is_none_is_for_the_board_to_refuse(http, board):
    status, (answer,) = await http.post({**CALL, "params": {"name": 5, "_meta": META}}, mcp_name="5")
    assert board.received[-1]["params"]["name"] == 5


async def test_what_is_too_long_to_be_read_says_the_limit(http):
    await http.initialize()
    status, (answer,) = await http.ask("ping", {"x": "y" * 70_000}, 1)
    assert (status, answer["error"]["data"]["limitBytes"]) == (400, 65536)


NAMES = [  # params.name and how Mcp-Name may say it
    ("echo", "echo"),
    ("echo", "=?base64?ZWNobw==?="),
    ("grüß", "=?base64?Z3LDvMOf?="),
]


@pytest.mark.parametrize("name, header", NAMES)
async def test_a_name_may_be_said_in_base64(http, name, header):
    message = {"id": 1, "method": "tools/call", "params": {"name": name, "_meta": META}}
    assert (await http.post(message, mcp_name=header))[0] == 200


HOSTS = [  # --allow-host, Host, Origin, status
    ([], "localhost", None, 200),
    ([], "LOCALHOST:1", None, 200),
    ([], "[::1]:8080", "http://[::1]:8080", 200),
    ([], "127.0.0.1", "https://localhost:6274", 200),
    ([], "evil.example", None, 421),
    ([], "localhost.evil.example", None, 421),
    ([], "localhost@evil.example", None, 421),
    ([], "", None, 421),
    ([], "localhost", "http://evil.example", 403),
    ([], "localhost", "null", 403),
    ([], "localhost", "http://localhost.evil.example", 403),
    (["Lab.example"], "lab.example:80", "http://lab.example", 200),
    (["lab.example"], "localhost", "http://lab.example:3000", 200),
    (["lab.example"], "lab.example", "http://evil.example", 403),
    (["fe80::1"], "[fe80::1]:80", "http://[fe80::1]", 200),
]


@pytest.mark.parametrize("allowed, host, origin, status", HOSTS)
async def test_only_pages_and_names_of_this_machine_or_allowed_ones(hub, board, allowed, host, origin, status):
    async with serving(hub, hosts=allowed) as url:
        http = HttpClient(url)
        assert (await http.post(NEW, host=host, origin=origin))[0] == status
        assert (await http.http.get(url, headers={"host": host, "accept": BOTH})).status_code == (
            421 if status == 421 else 400
        )
        await http.close()


@pytest.mark.parametrize("method, path, status", [("PUT", "/mcp", 405), ("HEAD", "/mcp", 405), ("GET", "/", 404)])
async def test_other_methods_and_paths(http, method, path, status):
    answer = await http.http.request(method, http.url.replace("/mcp", path))
    assert answer.status_code == status and (status == 404 or answer.headers["allow"] == "POST, GET, DELETE")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_the_modern_era_has_only_post(http, method):
    answer = await http.http.request(method, http.url, headers={"mcp-protocol-version": "2026-07-28", "accept": BOTH})
    assert answer.status_code == 405 and answer.headers["allow"] == "POST"


async def test_a_body_that_is_too_long_is_refused_however_it_comes(http, monkeypatch):
    monkeypatch.setattr(http_server, "BODY_LIMIT", 1000)

    async def chunks():
        for _ in range(30):
            yield b" " * 100

    for content in (b" " * 1001, chunks()):
        answer = await http.http.post(http.url, content=content, headers=http.headers())
        assert answer.status_code == 413 and "more than 1000" in answer.json()["error"]["message"]
    assert (await http.modern("tools/list"))[0] == 200


async def test_a_message_may_be_written_over_several_lines(http, board):
    text = json.dumps({"jsonrpc": "2.0", **NEW}, indent=2).replace("\n", "\r\n")
    status, (answer,) = await http.post(text.encode(), mcp_protocol_version="2026-07-28", mcp_method="tools/list")
    assert status == 200 and len(answer["result"]["tools"]) == 3


RAW = [  # what is sent, and the statuses of what comes back until the connection ends
    ("two requests in one piece", GOOD.replace("Connection: close\r\n", "") + GOOD, ["200", "200"]),
    ("a method twice", GOOD.replace("Mcp-Method", "mcp-method: tools/list\r\nMcp-Method"), ["400"]),
    ("two hosts", GOOD.replace("Host", "Host: localhost\r\nHost"), ["400"]),
    ("no host", GOOD.replace("Host: localhost\r\n", ""), ["400"]),
    ("no HTTP", "\x00\xff\r\n\r\n", ["400"]),
    ("a header of a megabyte", GOOD.replace("Host", "X: " + "x" * (1 << 20) + "\r\nHost"), ["400"]),
    ("two lengths", GOOD.replace("Accept", "Transfer-Encoding: chunked\r\nAccept") + "\r\n", ["400"]),
    ("a chunk of no length", f"{HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n", ["400"]),
    ("blanks around a value", GOOD.replace("tools/list\r\n", " \ttools/list \t\r\n"), ["200"]),
    ("a body that stops", GOOD[:-10], []),
]


@pytest.mark.parametrize("data, statuses", [case[1:] for case in RAW], ids=[case[0] for case in RAW])
async def test_whatever_comes_over_the_wire_the_next_is_served(http, data, statuses):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(http.url.split(":")[2].split("/")[0]))
    writer.write(data.encode("latin-1"))
    if not statuses:
        writer.write_eof()
    with contextlib.suppress(ConnectionError):  # who sends on after an answer may not hear it
        said = (await asyncio.wait_for(reader.read(), 10)).decode()
        assert re.findall(r"HTTP/1.1 (\d+) ", said) == statuses
    writer.close()
    assert (await http.modern("tools/list"))[0] == 200


# --- Mcp-Param-* -------------------------------------------------------------------------------------------------

SCHEMA = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "count": {"type": "integer", "x-mcp-header": "Count"},
        "dry": {"type": "boolean", "x-mcp-header": "Dry"},
        "deep": {"type": "object", "properties": {"er": {"type": "string", "x-mcp-header": "Deep"}}},
        "plain": {"type": "string"},
        "list": {"type": "array", "x-mcp-header": "List"},  # which the specification does not let be
    },
}
PARAMETERS = [  # arguments, headers, whether they go together
    ({}, {}, True),
    ({"plain": "x"}, {}, True),
    ({"region": "eu"}, {"region": "eu"}, True),
    ({"region": "eu"}, {}, False),
    ({}, {"region": "eu"}, False),
    ({"region": None}, {}, True),
    ({"region": "eu"}, {"region": "us"}, False),
    ({"region": "Zürich"}, {"region": "=?base64?WsO8cmljaA==?="}, True),
    ({"region": "eu"}, {"region": "=?base64?ZXU?="}, False),
    ({"region": "ZXU="}, {"region": "ZXU="}, True),
    ({"count": 42}, {"count": "42"}, True),
    ({"count": 42.0}, {"count": "42"}, True),
    ({"count": 42}, {"count": "42.0"}, True),
    ({"count": 42}, {"count": "43"}, False),
    ({"count": 12345678901234567890}, {"count": "12345678901234567890"}, True),
    ({"dry": True}, {"dry": "true"}, True),
    ({"dry": True}, {"dry": "True"}, False),
    ({"deep": {"er": "x"}}, {"deep": "x"}, True),
    ({"deep": {"er": "x"}}, {}, False),
    ({"list": [1]}, {}, True),
]


@pytest.mark.parametrize("arguments, headers, good", PARAMETERS)
async def test_arguments_that_headers_repeat(http, board, arguments, headers, good):
    board.schemas["echo"] = SCHEMA
    message = {"id": 1, "method": "tools/call", "params": {"name": "echo", "arguments": arguments, "_meta": META}}
    status, (answer,) = await http.post(message, **{f"mcp-param-{name}": value for name, value in headers.items()})
    assert status == (200 if good else 400) and ("result" in answer if good else answer["error"]["code"] == -32020)


async def test_what_headers_repeat_is_asked_again_after_the_tools_changed(http, board):
    message = {
        "id": 1,
        "method": "tools/call",
        "params": {"name": "echo", "arguments": {"region": "eu"}, "_meta": META},
    }
    assert [(await http.post(message))[0] for _ in range(3)] == [200] * 3
    assert [asked["method"] for asked in board.received].count("tools/list") == 1
    board.schemas["echo"] = SCHEMA
    board.changed()
    for _ in range(100):
        if (await http.post(message))[0] == 400:
            break
    else:
        pytest.fail("the new schema is not known")
