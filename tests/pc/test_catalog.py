"""What the bridge answers in a board's place while it is away, what it announces afterwards, which calls it repeats."""

import ast
import asyncio
import json
import re
from pathlib import Path

import pytest
from conftest import RawClient, running_hub, until, until_async
from fake_board import FakeBoard
from wasmote.bridge.catalog import Catalog
from wasmote.hub import batch, logs, questions
from wasmote.hub import hub as hub_module
from wasmote.wire import connection
from wasmote.wire.versions import HANDSHAKE_VERSIONS, META, MODERN_VERSIONS

pytestmark = pytest.mark.anyio
REQUEST = Path(__file__).parents[2] / "modules/wasmote/mcp/request.py"
INITIALIZE = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {}}
CHANGED = "notifications/tools/list_changed"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A loss counts at once, and the board is tried again soon."""
    monkeypatch.setattr(connection, "GRACE", 0)
    monkeypatch.setattr(connection, "PAUSES", (0.05,))


@pytest.fixture
async def hub(board):
    async with running_hub(board.url) as hub:
        hub.catalog = Catalog(hub)
        yield hub


async def known(hub):
    await until(lambda: hub.catalog.about and not hub.catalog._stale)


async def away(hub, board):
    await known(hub)
    await board.unplug()
    await until(lambda: hub.connection.state == "away")


def names(answer, member="tools", key="name"):
    return [entry[key] for entry in answer["result"][member]]


def test_what_the_bridge_knows_of_mcp_is_what_the_board_says():
    ours = {
        "HANDSHAKE_VERSIONS": HANDSHAKE_VERSIONS,
        "MODERN_VERSIONS": MODERN_VERSIONS,
        "BATCHES": batch.VERSION,
        "ASKING": questions.ASKING,
        "LOG_LEVELS": logs.LEVELS,
    }
    said = dict(re.findall(r"^(\w+) = (.*?)(?:  #.*)?$", REQUEST.read_text(), re.MULTILINE))
    assert {name: ast.literal_eval(said[name]) for name in ours} == ours


async def test_lists_are_answered_while_the_board_is_away(board, hub, client):
    board.resources, board.templates, board.prompts = {"note:/a": "A"}, ["note:/{name}"], ["proofread"]
    await away(hub, board)
    assert names(await client.ask("tools/list")) == ["echo", "count", "break"]
    assert names(await client.ask("resources/list"), "resources", "uri") == ["note:/a"]
    assert names(await client.ask("resources/templates/list"), "resourceTemplates", "uriTemplate") == ["note:/{name}"]
    assert names(await client.ask("prompts/list"), "prompts") == ["proofread"]
    modern = (await client.ask("tools/list", {"_meta": META}))["result"]
    assert (modern["resultType"], modern["ttlMs"], modern["cacheScope"]) == ("complete", 0, "private")
    assert (await client.ask("ping"))["result"] == {}
    error = (await client.ask("tools/call", {"name": "echo"}))["error"]
    assert error["data"]["kind"] == "board-away" and error["data"]["port"] == board.url and error["data"]["since"]


async def test_both_openings_are_answered_while_the_board_is_away(board, hub, client):
    await away(hub, board)
    opened = (await client.ask("initialize", INITIALIZE))["result"]
    assert opened["protocolVersion"] == "2025-06-18" and opened["capabilities"] == {"tools": {"listChanged": True}}
    discovered = (await client.ask("server/discover", {"_meta": META}))["result"]
    assert discovered["supportedVersions"][0] == "2026-07-28" and discovered["resultType"] == "complete"
    unknown = {**META, "io.modelcontextprotocol/protocolVersion": "2099-01-01"}
    error = (await client.ask("server/discover", {"_meta": unknown}))["error"]
    assert error["code"] == -32022 and error["data"]["requested"] == "2099-01-01"


async def test_long_lists_come_in_pages(board, hub, client):
    board.tools = [f"tool_{number:03}_{'x' * 100}" for number in range(150)]
    await away(hub, board)
    found, cursor = [], None
    while True:
        result = (await client.ask("tools/list", {"cursor": cursor} if cursor else {}))["result"]
        assert len(json.dumps(result)) < 12000
        found += [tool["name"] for tool in result["tools"]]
        if not (cursor := result.get("nextCursor")):
            break
    assert found == board.tools
    for wrong in ("5", "0.tools.0badc0de", 7, "99999999999999999999999.tools"):
        assert (await client.ask("tools/list", {"cursor": wrong}))["error"]["code"] == -32602


async def test_a_board_that_was_never_there_has_empty_lists_until_it_comes():
    board = FakeBoard()
    await board.plug()
    await board.unplug()
    async with running_hub(board.url) as hub:
        hub.catalog = Catalog(hub)
        client = RawClient(hub)
        opened = (await client.ask("initialize", INITIALIZE))["result"]
        assert "not there yet" in opened["instructions"] and "tools" in opened["capabilities"]
        assert names(await client.ask("tools/list")) == []
        await board.plug()
        await client.notice(CHANGED)
        assert names(await client.ask("tools/list")) == ["echo", "count", "break"]
        assert [message["method"] for message in client.sent if "method" in message] == [CHANGED]
    await board.unplug()


async def test_a_client_that_opens_its_connection_is_not_kept_waiting_by_a_board_that_is_silent(monkeypatch):
    monkeypatch.setattr(hub_module, "OPENING_PATIENCE", 0.2)
    async with FakeBoard() as board:
        board.mute = True
        async with running_hub(board.url) as hub:
            hub.catalog = Catalog(hub)
            client = RawClient(hub)
            assert "result" in await client.ask("initialize", INITIALIZE)
            client.write({"id": "list", "method": "tools/list"})
            board.mute = False
            assert names(await client.answer("list")) == ["echo", "count", "break"]  # it was worth waiting for


async def test_list_changed_is_announced_when_the_board_comes_back_with_others(board, hub, client):
    await client.ask("initialize", INITIALIZE)
    await away(hub, board)
    board.tools = ["other"]
    await board.plug()
    await client.notice(CHANGED)
    assert names(await client.ask("tools/list")) == ["other"]


async def test_nothing_is_announced_when_the_board_comes_back_with_the_same(board, hub, client):
    await client.ask("initialize", INITIALIZE)
    await known(hub)
    session = hub.connection.session
    await board.reset()
    await until(lambda: hub.connection.session != session)
    await known(hub)
    assert [message["method"] for message in client.sent if "method" in message] == []


async def test_a_change_that_the_board_announces_is_announced_once(board, hub, client, monkeypatch):
    hub.catalog._lull = 0
    await client.ask("initialize", INITIALIZE)
    await known(hub)
    board.tools = ["other"]
    board.changed()
    await until(lambda: hub.catalog.entries("tools/list") and hub.catalog.entries("tools/list")[0]["name"] == "other")
    await known(hub)
    assert [message["method"] for message in client.sent if "method" in message] == [CHANGED]


async def test_a_log_level_that_is_set_while_the_board_is_away_reaches_it(board, hub, client):
    await client.ask("initialize", INITIALIZE)
    await away(hub, board)
    assert (await client.ask("logging/setLevel", {"level": "debug"}))["result"] == {}
    assert (await client.ask("logging/setLevel", {"level": "loud"}))["error"]["code"] == -32602
    await board.plug()
    await until(lambda: any(message.get("params") == {"level": "debug"} for message in board.received))


# --- calls that are repeated, and those that are not ------------------------------------------------------------------


async def lose_a_call(board, hub, client, loss):
    await known(hub)
    client.write({"id": 7, "method": "tools/call", "params": {"name": "count", "arguments": {"to": 10}}})
    await until(lambda: board._tasks)
    await loss()
    return await client.answer(7)


def calls(board):
    return sum(message["method"] == "tools/call" for message in board.received)


async def replug(board):
    await board.unplug()
    await asyncio.sleep(0.02)
    await board.plug()


@pytest.mark.parametrize("annotations", [{}, {"idempotentHint": False}, {"readOnlyHint": True}, {"idempotentHint": 1}])
@pytest.mark.parametrize("loss", ["reset", "replug"])
async def test_a_call_is_never_repeated_by_itself(board, hub, client, annotations, loss, monkeypatch):
    monkeypatch.setattr(connection, "GRACE", 3)
    board.annotations["count"] = annotations
    answer = await lose_a_call(board, hub, client, board.reset if loss == "reset" else lambda: replug(board))
    assert answer["error"]["data"]["kind"] == ("board-reset" if loss == "reset" else "board-lost")
    await until_async(lambda: client.ask("ping"), lambda answer: "result" in answer)
    await known(hub)
    assert calls(board) == 1


@pytest.mark.parametrize("loss", ["reset", "replug"])
async def test_a_call_of_an_idempotent_tool_is_repeated_once(board, hub, client, loss, monkeypatch):
    monkeypatch.setattr(connection, "GRACE", 3)
    board.annotations["count"] = {"idempotentHint": True}
    answer = await lose_a_call(board, hub, client, board.reset if loss == "reset" else lambda: replug(board))
    assert answer["result"]["content"][0]["text"] == '{"to": 10}' and calls(board) == 2


async def test_a_repeated_call_that_is_lost_again_fails(board, hub, client, monkeypatch):
    monkeypatch.setattr(connection, "GRACE", 3)
    board.annotations["count"] = {"idempotentHint": True}
    await known(hub)
    client.write({"id": 7, "method": "tools/call", "params": {"name": "count", "arguments": {}}})
    for number in (1, 2):
        await until(lambda: board._tasks and calls(board) == number)  # noqa: B023
        await board.reset()
    assert (await client.answer(7))["error"]["data"]["kind"] == "board-reset" and calls(board) == 2


async def test_an_idempotent_call_fails_as_lost_when_the_board_stays_away(board, hub, client):
    board.annotations["count"] = {"idempotentHint": True}
    answer = await lose_a_call(board, hub, client, board.unplug)
    assert answer["error"]["data"]["kind"] == "board-lost"
