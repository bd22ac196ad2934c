"""Fixtures of the PC tests: a fake board, folders of their own, MCP clients that speak raw JSON lines to a hub."""

import asyncio
import contextlib
import itertools
import json
import os
import pty
import sys
import tty

import pytest
from fake_board import Asking, FakeBoard
from http_client import HttpClient, serving
from wasmote.hub.client import Client
from wasmote.hub.shared_hub import SharedHub

WASMOTE = [sys.executable, "-m", "wasmote"]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """No test meets the user's running bridges or flash images."""
    monkeypatch.setenv("WASMOTE_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("WASMOTE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
async def board():
    async with FakeBoard() as fake:
        yield fake


@pytest.fixture
def asking(board):
    return Asking(board)


class RawClient:
    """A client of a hub in this process; `inbox` holds what it was sent, as dicts."""

    def __init__(self, hub, **kind):
        self.hub = hub
        self.client = Client(self._take, **kind)
        self.sent = []
        self._new = asyncio.Event()
        self._ids = itertools.count(1)
        hub.attach(self.client)

    def _take(self, text):
        self.sent.append(json.loads(text))
        self._new.set()

    def write(self, message):
        line = message if isinstance(message, bytes) else json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.hub.receive(self.client, line)

    async def until(self, found, seconds=5):
        """The first message for which `found(message)` is true."""

        async def look():
            while True:
                for message in self.sent:
                    if isinstance(message, dict) and found(message):  # a list answers a batch
                        return message
                self._new.clear()
                await self._new.wait()

        return await asyncio.wait_for(look(), seconds)

    async def answer(self, number, seconds=5):
        return await self.until(lambda message: message.get("id") == number and "method" not in message, seconds)

    async def ask(self, method, params=None, number=None):
        number = number if number is not None else f"q{next(self._ids)}"
        self.write({"id": number, "method": method, **({"params": params} if params is not None else {})})
        return await self.answer(number)

    async def notice(self, method, seconds=5):
        return await self.until(lambda message: message.get("method") == method, seconds)


@contextlib.asynccontextmanager
async def running_hub(url, **options):
    hub = SharedHub(url, **options)
    task = asyncio.ensure_future(hub.run())
    try:
        yield hub
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await hub.close()


@pytest.fixture
async def hub(board):
    async with running_hub(board.url) as hub:
        yield hub


@pytest.fixture
def client(hub):
    return RawClient(hub)


@pytest.fixture
def clients(hub):
    """Make more clients of the same hub."""
    return lambda **kind: RawClient(hub, **kind)


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


@contextlib.asynccontextmanager
async def terminal(board):
    """A fake board on a pseudo terminal; yields its device."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    reader, writer = await asyncio.open_connection("127.0.0.1", board._number)
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, lambda: writer.write(os.read(ours, 4096)))

    async def back():
        while data := await reader.read(4096):
            os.write(ours, data)

    task = asyncio.ensure_future(back())
    try:
        yield os.ttyname(theirs)
    finally:
        loop.remove_reader(ours)
        task.cancel()
        writer.close()
        os.close(ours)
        os.close(theirs)


async def until(condition, seconds=5):
    """Wait for something to become true."""

    async def look():
        while not condition():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(look(), seconds)


async def until_async(ask, condition, seconds=10):
    async def look():
        while not condition(await ask()):
            await asyncio.sleep(0.1)

    await asyncio.wait_for(look(), seconds)


async def wasmote(*arguments, stdin=b"", seconds=30):
    """Run a wasmote command; (exit code, stdout, stderr)."""
    process = await asyncio.create_subprocess_exec(
        *WASMOTE,
        *map(str, arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(os.environ),
    )
    out, err = await asyncio.wait_for(process.communicate(stdin), seconds)
    return process.returncode, out.decode(), err.decode()


@contextlib.asynccontextmanager
async def bridge_process(url, *options):
    """`wasmote bridge` as MCP clients start it; yields an StdioClient, ends it as they do."""
    process = await asyncio.create_subprocess_exec(
        *(*WASMOTE, "bridge", url, *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(os.environ),
        limit=1 << 24,
    )
    try:
        yield StdioClient(process)
    finally:
        if process.returncode is None:
            process.stdin.close()
            await asyncio.wait_for(process.wait(), 10)


class StdioClient:
    """An MCP client that writes lines to a bridge's stdin and reads its stdout."""

    def __init__(self, process):
        self.process = process
        self._ids = itertools.count(1)

    async def write(self, message):
        line = message if isinstance(message, bytes) else json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(line + b"\n")
        await self.process.stdin.drain()

    async def read(self, seconds=20):
        return json.loads(await asyncio.wait_for(self.process.stdout.readline(), seconds))

    async def ask(self, method, params=None):
        number = next(self._ids)
        await self.write({"id": number, "method": method, **({"params": params} if params is not None else {})})
        while (message := await self.read()).get("id") != number:
            pass
        return message
