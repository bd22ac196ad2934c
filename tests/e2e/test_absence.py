"""A client stays connected while its board is unplugged, reset, and reflashed with other tools: what it sees.

The cable is a TCP port with the board behind it. Once it is out for 30 s; else until the bridge lets no call wait any more for a
board that may be back in a moment (3 s), and then some.
"""

import asyncio
import contextlib
import json
import sys

import pytest
from conftest import BOARDS, PATIENCE, firmware, params
from mcp import Client, MCPError, StdioServerParameters
from node import NODE
from wasmote.ports import urls

pytestmark = pytest.mark.anyio
CASES = [
    pytest.param(board.values[0], mode, marks=board.marks)
    for board in params("unix", "qemu:m0")
    for mode in (("auto", "legacy") if board.values[0] == "unix" else ("auto",))
]


@pytest.fixture
def board_url(request, tmp_path):
    assert firmware(request.param).exists(), f"make firmware BOARD={BOARDS[request.param]}"
    kind = "unix:" if request.param == "unix" else request.param
    return f"{kind}?flash={tmp_path / 'flash'}"


class Cable:
    """A TCP port; whoever connects boots the board, and who leaves ends it."""

    def __init__(self, url):
        self._url = url
        self._server = None
        self._number = 0
        self._connections = set()

    @property
    def port(self):
        return f"tcp:127.0.0.1:{self._number}"

    async def plug(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._number)
        self._number = self._server.sockets[0].getsockname()[1]

    async def unplug(self):
        self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader, writer):
        self._connections.add(asyncio.current_task())
        board = await urls.port(self._url).open()

        async def back():
            while data := await board.read():
                writer.write(data)

        reading = asyncio.ensure_future(back())
        try:
            while data := await reader.read(4096):
                await board.write(data)
        finally:
            reading.cancel()
            writer.close()
            await asyncio.shield(board.close())
            self._connections.discard(asyncio.current_task())


async def wasmote(environment, *arguments):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wasmote", *map(str, arguments)), env=environment, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 0, out
    return out.decode()


@pytest.fixture
async def cable(board_url, environment, examples):
    await wasmote(environment, "push", board_url, examples / "thermometer.wasm")
    cable = Cable(board_url)
    await cable.plug()
    yield cable
    await cable.unplug()


class Seen:
    """What a client sees, as words in order."""

    def __init__(self, mcp):
        self.mcp = mcp
        self.words = []
        self.changed = asyncio.Event()

    async def look(self):
        tools = [tool.name for tool in (await self.mcp.list_tools(cache_mode="refresh")).tools]
        self.words.append("+".join(tools[:1]))
        try:
            result = await self.mcp.call_tool(tools[0], {"text": "a b"} if tools[0] == "word_count" else {})
            self.words.append("called" if not result.is_error else result.content[0].text)
        except MCPError as error:
            self.words.append(error.error.data["kind"])
            assert error.error.data["port"].startswith("tcp:") and error.error.data["since"]

    async def change(self):
        await asyncio.wait_for(self.changed.wait(), PATIENCE)
        self.changed.clear()
        self.words.append("list_changed")


@contextlib.asynccontextmanager
async def connected(cable, environment, mode):
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "wasmote", "bridge", "--quiet", cable.port], env=environment
    )

    async def heard(message):
        if "ToolListChanged" in type(getattr(message, "root", message)).__name__:
            seen.changed.set()

    async with Client(server, mode=mode, read_timeout_seconds=PATIENCE, message_handler=heard) as mcp:
        seen = Seen(mcp)
        if mode == "legacy":
            yield seen
            return
        async with mcp.listen(tools_list_changed=True) as changes:

            async def listen():
                async for _ in changes:
                    seen.changed.set()

            listening = asyncio.ensure_future(listen())
            yield seen
            listening.cancel()


async def away(seen):
    """Wait until the bridge knows that its board is gone for more than a moment."""
    while "result" in (await seen_error(seen.mcp)):
        await asyncio.sleep(0.1)


async def seen_error(mcp):
    try:
        await mcp.call_tool("read", {})
        return "result"
    except MCPError as error:
        return error.error.data["kind"]


@pytest.mark.parametrize("board_url, mode", CASES, indirect=["board_url"])
async def test_a_client_stays_connected_while_its_board_is_away_reset_and_reflashed(
    cable, board_url, environment, examples, mode
):
    async with connected(cable, environment, mode) as seen:
        await seen.look()

        await cable.unplug()
        await away(seen)
        await asyncio.sleep(1)
        start = asyncio.get_running_loop().time()
        await seen.look()
        assert asyncio.get_running_loop().time() - start < 2  # from the cache, and failed at once
        await cable.plug()
        while await seen_error(seen.mcp) != "result":
            await asyncio.sleep(0.1)
        await seen.look()

        await wasmote(environment, "reset", cable.port)  # through the bridge
        await seen.look()

        await cable.unplug()
        await away(seen)
        await wasmote(environment, "rm", board_url, "thermometer")
        await wasmote(environment, "push", board_url, examples / "textkit.wasm")
        await cable.plug()
        await seen.change()
        await seen.look()
        assert seen.words == [
            *("read", "called"),  # as ever
            *("read", "board-away"),  # unplugged
            *("read", "called"),  # and back: the same tools, so nothing is announced
            *("read", "called"),  # after a reset too
            *("list_changed", "word_count", "called"),  # reflashed
        ]


@contextlib.asynccontextmanager
async def inspecting(cable, environment, calls):
    """The Inspector with a bridge of its own, which calls `read` so often, five times a second; its summary, once awaited."""
    names = ("WASMOTE_RUNTIME_DIR", "WASMOTE_DATA_DIR")
    settings = [word for name in names for word in ("-e", f"{name}={environment[name]}")]
    command = [NODE / "bin/node", NODE / "node_modules/.bin/mcp-inspector", "--cli", *settings]
    command += [sys.executable, "-m", "wasmote", "bridge", "--quiet", cable.port, "--format", "json"]
    command += ["--method", "tools/call", "--tool-name", "read", "--load", "--load-requests", calls]
    command += ["--load-concurrency", 1, "--load-rate", 5]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*map(str, command), stdout=pipe, stderr=pipe)

    async def summary():
        out, err = await process.communicate()
        assert b'"result"' in out, err
        return json.loads(out)["result"]

    reading = asyncio.ensure_future(summary())
    try:
        yield reading
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.gather(reading, return_exceptions=True)


@pytest.mark.slow
@pytest.mark.parametrize("board_url", params("unix"), indirect=True)
async def test_two_clients_stay_connected_while_their_board_is_unplugged_for_half_a_minute(cable, environment):
    async def calls():
        (entry,) = json.loads(await wasmote(environment, "ls", cable.port, "--json"))
        return entry["calls"]

    async with connected(cable, environment, "auto") as seen, inspecting(cable, environment, 225) as inspector:
        await seen.look()
        while await calls() < 5:
            await asyncio.sleep(0.1)

        await cable.unplug()
        await away(seen)
        for _ in range(6):
            await asyncio.sleep(5)
            before = asyncio.get_running_loop().time()
            await seen.look()
            assert asyncio.get_running_loop().time() - before < 2
        await cable.plug()
        while await seen_error(seen.mcp) != "result":
            await asyncio.sleep(0.1)
        await seen.look()
        assert seen.words == ["read", "called"] + 6 * ["read", "board-away"] + ["read", "called"]

        summary = await asyncio.wait_for(inspector, PATIENCE)
        assert summary["ok"] > 20 and summary["errors"] > 20 and summary["ok"] + summary["errors"] == 225, summary
        assert "the board is away since" in str(summary["errorMessages"]), summary


@pytest.mark.parametrize("board_url", params("unix"), indirect=True)
async def test_the_inspector_opens_and_lists_while_the_board_is_away(cable, environment):
    command = [sys.executable, "-m", "wasmote", "bridge", "--quiet", cable.port, "--http", "127.0.0.1:0"]
    bridge = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    try:
        url = (await bridge.stdout.readline()).decode().strip()
        async with Client(url, read_timeout_seconds=PATIENCE) as mcp:
            there = [tool.name for tool in (await mcp.list_tools()).tools]
            await mcp.call_tool("read", {})
            await asyncio.sleep(1)  # the bridge reads the lists too
            await cable.unplug()
            while await seen_error(mcp) == "result":
                await asyncio.sleep(0.1)
        inspector = [NODE / "bin/node", NODE / "node_modules/.bin/mcp-inspector", "--cli", url, "--method"]
        for era in ("legacy", "modern"):
            process = await asyncio.create_subprocess_exec(
                *map(str, inspector), "tools/list", "--protocol-era", era, stdout=asyncio.subprocess.PIPE
            )
            out, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
            assert process.returncode == 0 and all(f'"{name}"' in out.decode() for name in there)
        call = [*inspector, "tools/call", "--tool-name", "read"]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*map(str, call), stdout=pipe, stderr=pipe)
        said = b"".join(await asyncio.wait_for(process.communicate(), PATIENCE)).decode()
        assert process.returncode and "the board is away since" in said
    finally:
        bridge.terminate()
        await bridge.wait()
