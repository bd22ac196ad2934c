"""`wasmote bridge` as a process: stdio, sharing with other commands, a board that comes late, how it ends."""

import asyncio
import json
import os
import signal
import sys

import pytest
from conftest import WASMOTE, bridge_process, running_hub, wasmote
from fake_board import FakeBoard
from wasmote.bridge.stdio import AHEAD

pytestmark = pytest.mark.anyio


async def test_serves_an_mcp_client_and_ends_with_its_stdin(board):
    async with bridge_process(board.url) as client:
        answer = await client.ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}})
        assert answer["result"]["serverInfo"]["name"] == "fake"
        assert len((await client.ask("tools/list"))["result"]["tools"]) == 3
        client.process.stdin.close()
        assert await asyncio.wait_for(client.process.wait(), 5) == 0
        assert "FAKE is ready" in (await client.process.stderr.read()).decode()


async def test_answers_what_is_piped_into_it(board):
    lines = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\r\n\n{"jsonrpc":"2.0","id":2,"method":"tools/list"}'
    code, out, _ = await wasmote("bridge", board.url, stdin=lines)
    assert code == 0
    assert [json.loads(line)["id"] for line in out.splitlines()] == [1, 2]


async def test_other_commands_go_through_the_running_bridge(board, tmp_path):
    file = tmp_path / "thing.wasm"
    file.write_bytes(b"\0asm\x0d\0\x01\0" + bytes(500))
    async with bridge_process(board.url) as client:
        await client.ask("initialize", {})
        assert (await wasmote("push", board.url, file))[0] == 0
        assert (await client.read())["method"] == "notifications/tools/list_changed"
        assert (await wasmote("call", board.url, "echo", '{"x": 1}'))[:2] == (0, '{"x": 1}\n')


async def test_two_bridges_on_one_board_and_the_second_outlives_the_first(board):
    async with bridge_process(board.url) as second_client_later:
        await second_client_later.ask("ping")
        async with bridge_process(board.url) as second:
            await second.ask("ping")
            second_client_later.process.stdin.close()
            await second_client_later.process.wait()
            for _ in range(50):
                if "result" in await second.ask("ping"):
                    break
                await asyncio.sleep(0.1)
            else:
                pytest.fail("the second bridge did not take over")


async def test_a_client_that_leaves_in_the_middle_of_a_call_cancels_it(board):
    async with bridge_process(board.url) as client:
        await client.write({"id": 1, "method": "tools/call", "params": {"name": "count", "arguments": {}}})
        await client.write({"id": 2, "method": "ping"})
        await client.read()
        assert board._tasks
    assert not board._tasks


async def test_a_very_long_line_is_one_error_and_the_next_is_served(board):
    async with bridge_process(board.url) as client:
        await client.write(b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"' + b"y" * 5_000_000 + b'"}}')
        answer = await client.read()
        assert answer["id"] == 1 and answer["error"]["code"] == -32003
        assert answer["error"]["data"] == {"limitBytes": 65536, "bytes": 5_000_058}
        assert "result" in await client.ask("ping")


async def test_waits_for_a_board_that_is_not_there_yet():
    board = FakeBoard()
    await board.plug()
    await board.unplug()
    call = ("tools/call", {"name": "echo", "arguments": {}})
    async with bridge_process(board.url) as client:
        assert (await client.ask("ping"))["result"] == {}
        error = (await client.ask(*call))["error"]
        assert error["data"]["kind"] == "board-away" and board.url in error["message"] and "since" in error["message"]
        await board.plug()
        for _ in range(100):
            if "result" in await client.ask(*call):
                break
            await asyncio.sleep(0.1)
        else:
            pytest.fail("the bridge did not find the board")
    await board.unplug()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_ends_cleanly_by_a_signal(board, number):
    async with bridge_process(board.url) as client:
        await client.ask("ping")
        client.process.send_signal(number)
        assert await asyncio.wait_for(client.process.wait(), 5) == 0


@pytest.mark.parametrize("token", ["guess", "gu\u00e9ss"])
async def test_a_stranger_does_not_get_in(board, tmp_path, token):
    async with bridge_process(board.url) as client:
        await client.ask("ping")
        (entry,) = (tmp_path / "run/wasmote").glob("*.json")
        assert entry.stat().st_mode & 0o077 == 0
        async with asyncio.timeout(5):
            while "tcp" not in (published := json.loads(entry.read_text())):
                await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection(*published["tcp"])
        hello = json.dumps({"jsonrpc": "2.0", "method": "wasmote/join", "params": {"token": token}}, ensure_ascii=False)
        writer.write(hello.encode() + b'\n{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        assert await reader.read() == b""
        writer.close()
        client.process.stdin.close()
        assert b"Traceback" not in await client.process.stderr.read()


async def test_a_client_that_stops_reading_ends_the_bridge(board):
    ours, theirs = os.pipe()
    pipe = asyncio.subprocess.PIPE
    bridge = await asyncio.create_subprocess_exec(
        *(*WASMOTE, "bridge", board.url), stdin=pipe, stdout=theirs, stderr=pipe
    )
    os.close(theirs)
    params = {"name": "echo", "arguments": {"x": "y" * 15_000}}
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode() + b"\n"
    bridge.stdin.writelines([line] * 1300)  # 20 MB of answers, and stdin stays open
    said = await asyncio.wait_for(bridge.stderr.read(), 30)
    assert await bridge.wait() == 0
    assert b"the client does not read" in said
    os.close(ours)


GREEDY = """
import asyncio
from wasmote.bridge.stdio import Stdio

async def main():
    stdio, served, turns, most = Stdio(), 0, 0, 0

    async def others():
        nonlocal turns, most
        while True:
            turns, most = turns + 1, max(most, stdio._lines.qsize())
            await asyncio.sleep(0)

    task = asyncio.ensure_future(others())
    async for line in stdio.lines():
        served += 1
    print(served, turns, most)

asyncio.run(main())
"""


async def test_a_client_that_writes_much_leaves_others_their_turn():
    """Each line leaves a turn to whatever else the bridge does, and few are read before they are served."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", GREEDY, stdin=pipe, stderr=pipe)
    lines = b'{"jsonrpc":"2.0","method":"notifications/x"}\n' * 5000
    _, said = await asyncio.wait_for(process.communicate(lines), 60)
    served, turns, most = map(int, said.split())
    assert served == 5000 and turns >= 5000 and most <= AHEAD


async def test_two_openings_of_the_door_at_once_start_one_server(board, monkeypatch):
    async with running_hub(board.url) as hub:
        hub.connection._on_ready = lambda new: None  # the test opens the door
        await wait_for(lambda: hub.connection.state == "ready")
        start_server, servers = asyncio.start_server, []

        async def slow(*args, **options):
            servers.append(await start_server(*args, **options))
            await asyncio.sleep(0.05)
            return servers[-1]

        monkeypatch.setattr(asyncio, "start_server", slow)
        await asyncio.gather(hub.door.open(), hub.door.open())
        assert len(servers) == 1


async def test_a_port_given_back_while_the_door_opens_is_not_published(board, tmp_path, monkeypatch):
    async with running_hub(board.url) as hub:
        hub.connection._on_ready = lambda new: None
        await wait_for(lambda: hub.connection.state == "ready")
        start_server = asyncio.start_server

        async def slow(*args, **options):
            hub.port.release()
            return await start_server(*args, **options)

        monkeypatch.setattr(asyncio, "start_server", slow)
        await hub.door.open()
        assert not list((tmp_path / "run/wasmote").glob("*.json"))


async def wait_for(condition, seconds=5):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
