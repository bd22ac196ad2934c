"""Where `wasmote bridge --http` listens, how it begins and ends, and which connections it leaves."""

import asyncio
import signal
import socket
import sys

import httpx2
import pytest
from conftest import WASMOTE, until, wasmote
from http_client import GOOD, META, HttpClient, serving
from wasmote.errors import Failed
from wasmote.http import connection as http_connection
from wasmote.http import server as http_server
from wasmote.http.server import address, listen

pytestmark = pytest.mark.anyio


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
