"""The port goes to another program and comes back: wasmote/release, and what clients see meanwhile."""

import asyncio
import contextlib

import pytest
from conftest import RawClient, running_hub, terminal, until, until_async
from wasmote.errors import Failed
from wasmote.ports.claims import claim
from wasmote.ports.handover import RELEASE, borrowed
from wasmote.wire import connection

pytestmark = pytest.mark.anyio
CALL = ("tools/call", {"name": "echo", "arguments": {}})


async def test_the_port_is_closed_while_another_program_has_it_and_open_again_afterwards(board):
    async with terminal(board) as device, running_hub(f"pty:{device}") as hub:
        client = RawClient(hub)
        assert "result" in await client.ask(*CALL)
        await until(lambda: hub.door._server)
        async with borrowed(f"pty:{device}", "mpremote") as path:
            assert path == device and hub.connection._stream is None
            start = asyncio.get_running_loop().time()
            error = (await client.ask(*CALL))["error"]
            assert asyncio.get_running_loop().time() - start < 1
            assert "handed over to mpremote since" in error["message"] and error["data"]["kind"] == "board-handed-over"
            with pytest.raises(Failed, match="mpremote has the port already"):
                async with borrowed(f"pty:{device}", "somebody"):
                    pass
        await until_async(lambda: client.ask(*CALL), lambda answer: "result" in answer)


async def test_a_call_under_way_ends_with_a_typed_error(board, hub, client, clients):
    await client.ask("ping")
    client.write({"id": 7, "method": "tools/call", "params": {"name": "count", "arguments": {}}})
    await until(lambda: board._tasks)
    other = clients(joined=True)
    assert "result" in await other.ask(RELEASE, {"to": "mpremote"})
    error = (await client.answer(7))["error"]
    assert error["data"]["kind"] == "board-lost" and "handed over to mpremote" in error["message"]
    hub.detach(other.client)
    await until_async(lambda: client.ask(*CALL), lambda answer: "result" in answer)


async def test_the_port_comes_back_after_the_time_it_was_lent_for(board, client, clients):
    await client.ask("ping")
    assert "result" in await clients(joined=True).ask(RELEASE, {"to": "mpremote", "seconds": 0.2})
    assert "error" in await client.ask(*CALL)
    await until_async(lambda: client.ask(*CALL), lambda answer: "result" in answer)


async def test_only_a_wasmote_process_may_ask_for_the_port(board, client):
    assert (await client.ask(RELEASE, {"to": "me"}))["error"]["code"] == -32601  # it went to the board


@pytest.mark.parametrize("params", [{}, {"to": ""}, {"to": "x" * 100}, {"to": "me", "seconds": "9"}])
async def test_nonsense_is_refused_and_the_board_stays(client, clients, params):
    await client.ask("ping")
    assert (await clients(joined=True).ask(RELEASE, params))["error"]["code"] == -32602
    assert "result" in await client.ask(*CALL)


async def test_without_a_bridge_the_claim_keeps_other_commands_away(board):
    async with terminal(board) as device:
        async with borrowed(f"pty:{device}", "mpremote"):
            assert claim(f"pty:{device}") is None
        claim(f"pty:{device}").release()


async def test_a_bridge_that_starts_meanwhile_says_who_has_the_port_and_takes_it_afterwards(board, monkeypatch):
    monkeypatch.setattr(connection, "PAUSES", (0.05,))
    async with terminal(board) as device, contextlib.AsyncExitStack() as stack:
        loan = borrowed(f"pty:{device}", "mpremote")
        await loan.__aenter__()
        hub = await stack.enter_async_context(running_hub(f"pty:{device}"))
        client = RawClient(hub)
        error = (await client.ask(*CALL))["error"]
        assert "mpremote has the port" in error["message"] and error["data"]["kind"] == "board-away"
        await loan.__aexit__(None, None, None)
        await until_async(lambda: client.ask(*CALL), lambda answer: "result" in answer)


async def test_a_port_without_a_device_says_what_to_do(board, hub, client):
    with pytest.raises(Failed, match="wasmote emulate BOARD --pty"):
        async with borrowed(board.url, "mpremote"):
            pass
