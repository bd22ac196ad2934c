"""`wasmote bridge --http`: Streamable HTTP in both eras, against the fake board."""

import asyncio
import contextlib
import json
import re
import signal
import socket
import sys

import httpx2
import pytest
from conftest import WASMOTE, until, wasmote
from http_client import BOTH, META, HttpClient, serving
from wasmote.errors import Failed
from wasmote.http import connection as http_connection
from wasmote.http import server as http_server
from wasmote.http import sessions as http_sessions
from wasmote.http import streams as http_streams
from wasmote.http.server import address, listen

pytestmark = pytest.mark.anyio
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}}
OLD = {"id": 1, "method": "ping"}
NEW = {"id": 1, "method": "tools/list", "params": {"_meta": META}}
CALL = {"id": 1, "method": "tools/call", "params": {"name": "echo", "_meta": META}}


@pytest.fixture
async def url(hub):
    async with serving(hub) as url:
        yield url


@pytest.fixture
async def http(url):
    client = HttpClient(url)
    yield client
    await client.close()


@pytest.fixture
async def other(url):
    client = HttpClient(url)
    yield client
    await client.close()


def progress(messages):
    return [message["params"]["progress"] for message in messages if "method" in message]


# --- the handshake era -------------------------------------------------------------------------------------------


async def test_a_session_of_the_handshake_era(http):
    assert (await http.initialize())["result"]["serverInfo"]["name"] == "fake"
    assert all(0x21 <= ord(letter) <= 0x7E for letter in http.session)
    assert await http.post({"method": "notifications/initialized"}) == (202, [])
    status, (answer,) = await http.ask("tools/call", {"name": "echo", "arguments": {"x": 1}})
    assert status == 200 and answer["result"]["content"][0]["text"] == '{"x": 1}'
    status, (answer,) = await http.ask("no/such")
    assert status == 200 and answer["error"]["code"] == -32601
    assert (await http.http.delete(http.url, headers=http.headers())).status_code == 200
    status, (answer,) = await http.ask("ping")
    assert status == 404 and "begin with initialize" in answer["error"]["message"]


async def test_an_initialize_that_the_board_refuses_opens_no_session(http, board):
    async def refuse(message):
        board.say({"id": message["id"], "error": {"code": -32602, "message": "no"}})

    await http.modern("tools/list")  # the board is there
    board.take = refuse
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE}
    answer = await http.http.post(http.url, json=message, headers=http.headers(message))
    assert answer.json()["error"]["message"] == "no"
    http.session = answer.headers["mcp-session-id"]
    assert (await http.ask("ping"))[0] == 404


async def test_two_sessions_may_use_the_same_ids_and_tokens_at_the_same_time(http, other):
    for client in (http, other):
        await client.initialize()
    call = {"name": "count", "arguments": {"to": 5}, "_meta": {"progressToken": "t"}}
    answers = await asyncio.gather(*(client.ask("tools/call", call, number=7) for client in (http, other)))
    for status, said in answers:
        assert status == 200 and progress(said) == [1, 2, 3, 4, 5] and said[-1]["id"] == 7


async def test_an_id_that_waits_for_its_answer_is_not_given_twice(http, board):
    await http.initialize()
    first = asyncio.ensure_future(http.ask("tools/call", {"name": "count", "arguments": {}}, number=1))
    await until(lambda: board._tasks)
    status, (answer,) = await http.ask("ping", number=1)
    assert status == 400 and answer["error"]["code"] == -32600 and answer["id"] == 1
    first.cancel()


async def test_a_cancelled_request_ends_its_answer(http, board):
    await http.initialize()
    call = asyncio.ensure_future(http.ask("tools/call", {"name": "count", "arguments": {}}, number="long"))
    await until(lambda: board._tasks)
    await http.post({"method": "notifications/cancelled", "params": {"requestId": "long"}})
    assert (await call)[1][-1]["error"]["code"] == -32800
    await until(lambda: not board._tasks)


async def test_a_connection_that_breaks_cancels_nothing_and_the_client_reads_on(http, board):
    await http.initialize()
    call = {"name": "count", "arguments": {"to": 20}, "_meta": {"progressToken": "t"}}
    message = {"id": 1, "method": "tools/call", "params": call}
    async with http.stream(message) as first:
        event_id, nothing = await first.next()  # an event without data, so that there is an id from the start
        assert nothing is None
        event_id, seen = await first.next()
    assert board._tasks
    async with http.stream(last_event_id=event_id) as rest:
        said = [seen]
        while (event := await rest.next()) is not None:
            said += [event[1]] if event[1] else []
    assert progress(said) == list(range(1, 21)) and said[-1]["id"] == 1 and "result" in said[-1]


@pytest.mark.parametrize("event_id", ["0-" + "1" * 5000, "0-\u0661".encode(), "-", "0--1", "1", "99999-0"])
async def test_an_event_id_that_is_none_of_ours_reads_what_is_new(http, event_id):
    await http.initialize()
    async with http.stream(last_event_id=event_id) as stream:
        assert await stream.next() == ("0-0", None)


async def test_an_answer_that_is_long_in_coming_can_be_resumed_too(http, board, monkeypatch):
    monkeypatch.setattr(http_streams, "COMMIT", 0.01)
    await http.initialize()
    message = {"id": 1, "method": "tools/call", "params": {"name": "count", "arguments": {"to": 10}}}
    async with http.stream(message) as stream:
        assert (await stream.next())[1] is None
        assert (await stream.message())["result"]["content"]


async def test_an_answer_that_comes_as_the_wait_for_it_ends_is_not_lost(http, monkeypatch):
    async def wait(stream, request, seconds):
        while not stream.ended:
            await asyncio.sleep(0)
        return False

    monkeypatch.setattr(http_streams.Stream, "wait", wait)
    assert "result" in await http.initialize()


async def test_what_is_not_part_of_an_answer_waits_for_the_stream_of_get(http, board):
    await http.initialize()
    board.changed()
    async with http.stream() as stream:
        event_id, nothing = await stream.next()
        assert nothing is None
        assert (await stream.next())[1]["method"] == "notifications/tools/list_changed"
    async with http.stream() as old, http.stream() as new:  # the second takes over from the first, which ends
        assert await old.message() is None
        board.changed()
        assert (await new.message())["method"] == "notifications/tools/list_changed"


async def test_a_question_goes_to_the_call_that_asks_and_its_answer_comes_with_a_post(http, other, asking):
    for client in (other, http):
        await client.initialize({"elicitation": {}})
    message = {"id": "call", "method": "tools/call", "params": {"name": "ask", "arguments": {}}}
    async with http.stream(message) as stream:
        question = await stream.message()
        assert question["method"] == "elicitation/create" and question["params"]["_meta"]["wasmote/requestId"] == "call"
        reply = {"id": question["id"], "result": {"action": "accept", "content": {"name": "Ada"}}}
        await other.post(reply)  # of a client that was not asked
        assert await http.post(reply) == (202, [])
        result = await stream.message()
    assert result["id"] == "call" and "Ada" in result["result"]["content"][0]["text"]


async def test_a_session_that_is_silent_makes_room_and_one_in_use_does_not(http, other, url, monkeypatch):
    monkeypatch.setattr(http_sessions, "MOST", 2)
    await http.initialize()
    await other.initialize()
    third = HttpClient(url)
    async with http.stream() as stream:
        await stream.next()
        await third.initialize()
        assert (await http.ask("ping"))[0] == 200
        assert (await other.ask("ping"))[0] == 404
        async with third.stream() as more:
            await more.next()
            message = {"id": 1, "method": "initialize", "params": INITIALIZE}
            other.session = None
            assert (await other.post(message))[0] == 503
    await third.close()


# --- the modern era ----------------------------------------------------------------------------------------------


async def test_a_request_of_the_modern_era_needs_no_session(http):
    status, (answer,) = await http.modern("tools/list")
    assert status == 200 and len(answer["result"]["tools"]) == 3
    status, (answer,) = await http.modern("no/such")
    assert status == 404 and answer["error"]["code"] == -32601


async def test_progress_comes_before_the_result_in_one_stream(http):
    status, said = await http.modern("tools/call", {"name": "count", "arguments": {"to": 3}}, progressToken="mine")
    assert status == 200 and progress(said) == [1, 2, 3] and "result" in said[-1]
    assert {message["params"]["progressToken"] for message in said[:-1]} == {"mine"}


async def test_requests_with_the_same_id_are_not_in_each_others_way(http):
    calls = [http.ask("tools/call", {"name": "echo", "arguments": {"x": x}, "_meta": META}, number=1) for x in range(5)]
    for x, (_, (answer,)) in enumerate(await asyncio.gather(*calls)):
        assert answer["id"] == 1 and answer["result"]["content"][0]["text"] == f'{{"x": {x}}}'


async def test_a_client_that_leaves_cancels_its_request(http, board):
    params = {"name": "count", "arguments": {}, "_meta": {**META, "progressToken": 1}}
    async with http.stream({"id": 1, "method": "tools/call", "params": params}) as stream:
        assert (await stream.message())["params"]["progress"] == 1
    await until(lambda: not board._tasks)
    assert board.received[-1]["params"]["reason"] == "the client left"


async def test_a_client_that_leaves_before_there_is_anything_cancels_it_too(http, board):
    call = asyncio.ensure_future(http.modern("tools/call", {"name": "count", "arguments": {}}))
    await until(lambda: board._tasks)
    call.cancel()
    await until(lambda: not board._tasks)


async def test_a_subscription_is_a_long_stream(http, board):
    params = {"notifications": {"toolsListChanged": True}, "_meta": META}
    async with http.stream({"id": "s", "method": "subscriptions/listen", "params": params}) as stream:
        assert (await stream.message())["method"] == "notifications/subscriptions/acknowledged"
        board.changed()
        assert (await stream.message())["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == "s"


async def test_a_silent_stream_is_pinged(http, monkeypatch):
    monkeypatch.setattr(http_streams, "PING", 0.01)
    params = {"notifications": {"toolsListChanged": True}, "_meta": META}
    message = {"id": 1, "method": "subscriptions/listen", "params": params}
    async with http.stream(message) as stream:
        lines = stream.answer.aiter_lines()
        async for line in lines:
            if line == ": ping":
                break


# --- what is refused ---------------------------------------------------------------------------------------------

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


BODY = json.dumps({"jsonrpc": "2.0", **NEW})
HEAD = (
    "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: */*\r\n"
    "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/list\r\n"
)
GOOD = f"{HEAD}Connection: close\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}"
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


# --- beginning and end -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, expected",
    [(":8080", ("", 8080)), ("0.0.0.0:80", ("0.0.0.0", 80)), ("[::1]:0", ("::1", 0)), ("lab:1", ("lab", 1))],
)
def test_addresses(text, expected):
    assert address(text) == expected


@pytest.mark.parametrize("text", ["8080", ":http", ":65536", "", "localhost"])
def test_what_is_no_address_is_said_so(text):
    with pytest.raises(Failed, match="an address is"):
        address(text)


def test_without_a_host_it_is_this_machine_alone():
    sockets = listen(":0")
    try:
        assert {entry.getsockname()[0] for entry in sockets} <= {"127.0.0.1", "::1"}
        assert len({entry.getsockname()[1] for entry in sockets}) == 1
    finally:
        for entry in sockets:
            entry.close()


async def test_a_port_that_is_taken_is_one_clear_line(board):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        code, out, err = await wasmote("bridge", board.url, "--http", where)
    assert code == 1 and not out and err.count("\n") == 1 and where in err and "in use" in err.lower()


async def test_a_host_that_is_none_is_one_clear_line(board):
    code, out, err = await wasmote("bridge", board.url, "--http", "no.such.host.invalid:1")
    assert code == 1 and not out and err.count("\n") == 1 and "no.such.host.invalid" in err and "port" not in err


async def test_allow_host_belongs_to_http(board):
    code, _, err = await wasmote("bridge", board.url, "--allow-host", "lab")
    assert code == 2 and "--http" in err


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_process_and_its_open_streams(board, number):
    process = await asyncio.create_subprocess_exec(
        *(*WASMOTE, "bridge", board.url, "--http", "127.0.0.1:0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    url = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
    http = HttpClient(url)
    await http.initialize()
    params = {"notifications": {"toolsListChanged": True}, "_meta": META}
    message = {"id": 1, "method": "subscriptions/listen", "params": params}
    async with http.stream() as unasked, http.stream(message) as stream:
        await unasked.next()
        await stream.message()
        process.send_signal(number)
        assert (await stream.message())["result"]["resultType"] == "complete"
        assert await unasked.message() is None
    _, err = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0 and b"Traceback" not in err
    with pytest.raises(httpx2.ConnectError):
        await http.ask("ping")
    await http.close()


async def test_half_a_message_does_not_keep_the_bridge_from_ending(hub):
    async with serving(hub) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.split(":")[2].split("/")[0]))
        writer.write(GOOD[:-10].encode())
        await (other := HttpClient(url)).modern("tools/list")
        await other.close()
    assert (await reader.read()).startswith(b"HTTP/1.1 503")
    writer.close()


@pytest.mark.parametrize(
    "begun", ["", "POST /mcp HT", GOOD[:-10], GOOD.replace("Connection: close\r\n", "") + "POST /"]
)
async def test_a_client_that_does_not_get_on_is_left(http, monkeypatch, begun):
    """One after the other the connections would be used up. A stream that is only read is none of these."""
    monkeypatch.setattr(http_connection, "PATIENCE", 0.1)
    params = {"notifications": {"toolsListChanged": True}, "_meta": META}
    async with http.stream({"id": 1, "method": "subscriptions/listen", "params": params}) as stream:
        await stream.message()
        reader, writer = await asyncio.open_connection("127.0.0.1", int(http.url.split(":")[2].split("/")[0]))
        writer.write(begun.encode())
        await asyncio.wait_for(reader.read(), 10)
        writer.close()
        waiting = asyncio.ensure_future(stream.message())
        await asyncio.wait([waiting], timeout=0.3)
        assert not waiting.done()
        waiting.cancel()


async def test_a_bug_is_one_answer_and_said(hub, monkeypatch):
    said = []
    async with serving(hub, say=said.append) as url:
        http = HttpClient(url)
        with monkeypatch.context() as broken:
            broken.setattr(http_server, "check_modern", lambda headers, message: {}["nothing"])
            status, (answer,) = await http.modern("tools/list")
        assert status == 500 and answer["error"]["code"] == -32603 and "KeyError" in said[0]
        assert (await http.modern("tools/list"))[0] == 200
        await http.close()


async def test_a_call_that_runs_when_the_bridge_ends_is_cancelled(hub, board):
    async with serving(hub) as url:
        http = HttpClient(url)
        call = asyncio.ensure_future(http.modern("tools/call", {"name": "count", "arguments": {}}))
        await until(lambda: board._tasks)
    assert (await call)[0] == 503
    await until(lambda: not board._tasks)
    await http.close()
