"""A plain line works: MCP with a board over nothing but a raw pseudo terminal, before and after a bridge used frames on it."""

import asyncio
import json
import os
import pty
import select
import subprocess
import time
import tty

import pytest
from conftest import ROOT, firmware, params
from wasmote.board.session import session
from wasmote.errors import CallError

INITIALIZE = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "raw", "version": "0"}}


@pytest.fixture(params=params("unix"))
def terminal(request, tmp_path):
    """(our end, the name of the board's end) of a pty with a board that was started on it."""
    ours, theirs = pty.openpty()
    tty.setraw(ours)
    environment = {**os.environ, "WASMOTE_FLASH": str(tmp_path)}
    program = str(firmware(request.param))
    with subprocess.Popen([program, "-m", "main"], stdin=theirs, stdout=theirs, env=environment, cwd=ROOT) as board:
        yield ours
        board.kill()
    os.close(ours)
    os.close(theirs)


def line(ours, seconds=20):
    """The next line that is JSON."""
    data, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([ours], [], [], 0.1)[0]:
            data += os.read(ours, 1)
            if data.endswith(b"\n"):
                try:
                    return json.loads(data)
                except ValueError:
                    data = b""
    raise AssertionError(f"nothing but {data!r}")


def ask(ours, number, method, params):
    os.write(ours, json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode() + b"\n")
    while "id" not in (answer := line(ours)):
        pass
    assert answer["id"] == number
    return answer["result"]


def test_mcp_over_a_raw_terminal_and_nothing_else(terminal):
    assert line(terminal)["method"] == "wasmote/ready"
    assert ask(terminal, 1, "initialize", INITIALIZE)["serverInfo"]["name"] == "wasmote"
    os.write(terminal, b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
    assert ask(terminal, 2, "tools/list", {})["tools"] == []
    assert ask(terminal, 3, "ping", {}) == {}


async def frames(terminal, tmp_path):
    """Serve the terminal's bytes on a TCP port, and have a bridge's session use it."""
    loop = asyncio.get_running_loop()

    async def serve(reader, writer):
        loop.add_reader(terminal, lambda: writer.write(os.read(terminal, 4096)))
        while data := await reader.read(4096):
            os.write(terminal, data)
        loop.remove_reader(terminal)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    number = server.sockets[0].getsockname()[1]
    async with session(f"tcp:127.0.0.1:{number}") as board:
        with pytest.raises(CallError):
            await board.request("wasmote/load", {"name": "none"})
        link = (await board.request("wasmote/info"))["link"]
    await asyncio.sleep(0.1)
    server.close()
    return link


def test_a_terminal_that_a_bridge_left_is_a_plain_line_again(terminal, tmp_path, monkeypatch):
    monkeypatch.setenv("WASMOTE_RUNTIME_DIR", str(tmp_path))
    assert line(terminal)["method"] == "wasmote/ready"
    assert asyncio.run(frames(terminal, tmp_path))["framesIn"] >= 2
    assert ask(terminal, "mine", "ping", {}) == {}
