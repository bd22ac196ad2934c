"""Log messages of a board that several clients share: whose they are, and from which level on."""

import pytest
from conftest import RawClient, running_hub, until
from wasmote.hub.logs import KEPT

pytestmark = pytest.mark.anyio
MODERN = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}


class Logging:
    """Makes the fake board's `log` tool log at each level in `levels`, and remembers the level that it was set to."""

    def __init__(self, board):
        self.board = board
        self.normal = board.take
        self.level = "info"
        self.overheard = None
        board.take = self.take

    async def take(self, message):
        params = message.get("params") or {}
        if message["method"] == "logging/setLevel" and params["level"] == "loud":
            self.board.say({"id": message["id"], "error": {"code": -32602, "message": "no such level"}})
        elif message["method"] == "logging/setLevel":
            self.level = params["level"]
            self.board.say({"id": message["id"], "result": {}})
        elif message["method"] == "wasmote/logs":
            self.overheard = params.get("level")
            self.board.say({"id": message["id"], "result": {}})
        elif message["method"] == "tools/call" and params["name"] == "log":
            for level in params["arguments"]["levels"]:
                self.log(level, {"_meta": {"wasmote/requestId": message["id"]}})
            self.board.say({"id": message["id"], "result": {"content": []}})
        else:
            await self.normal(message)

    def log(self, level, more=()):
        self.board.say({"method": "notifications/message", "params": {**dict(more), "level": level, "data": "said"}})


@pytest.fixture
def logging(board):
    return Logging(board)


async def initialized(client):
    await client.ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}})


def levels(client):
    return [message["params"]["level"] for message in client.sent if message.get("method") == "notifications/message"]


async def log(client, *wanted, **meta):
    await client.ask("tools/call", {"name": "log", "arguments": {"levels": wanted}, "_meta": meta}, number="call")


async def test_what_a_call_logs_is_for_its_client_and_names_its_call(logging, clients):
    one, two, modern = clients(), clients(), clients()
    for client in (one, two):
        await initialized(client)
    await log(one, "info")
    await log(modern, "debug", **MODERN, **{"io.modelcontextprotocol/logLevel": "debug"})
    await two.ask("ping")
    assert (levels(one), levels(two), levels(modern)) == (["info"], [], ["debug"])
    (said,) = [message for message in one.sent if "method" in message]
    assert said["params"]["_meta"] == {"wasmote/requestId": "call"}


async def test_what_nobody_asked_for_is_for_all_of_the_handshake_era(logging, clients):
    one, two, modern = clients(), clients(), clients()
    for client in (one, two):
        await initialized(client)
    logging.log("info")
    for client in (one, two):
        await client.notice("notifications/message")
    await modern.ask("ping")
    assert levels(modern) == []


async def test_each_client_has_a_level_of_its_own(logging, clients):
    one, two = clients(), clients()
    for client in (one, two):
        await initialized(client)
    for client, level, boards in ((one, "error", "info"), (two, "debug", "debug"), (two, "warning", "warning")):
        assert (await client.ask("logging/setLevel", {"level": level}))["result"] == {}
        assert logging.level == boards
    await log(one, "warning", "error")
    await log(two, "info", "warning", "error")
    assert (levels(one), levels(two)) == (["error"], ["warning", "error"])


async def test_a_level_that_is_none_is_refused_by_the_board_and_changes_nothing(logging, client):
    await initialized(client)
    assert (await client.ask("logging/setLevel", {"level": "loud"}))["error"]["message"] == "no such level"
    await log(client, "debug", "info")
    assert levels(client) == ["info"]


async def test_the_board_says_less_when_who_wanted_more_has_left(logging, hub, clients):
    one, two = clients(), clients()
    for client, level in ((one, "error"), (two, "debug")):
        await initialized(client)
        await client.ask("logging/setLevel", {"level": level})
    hub.detach(two.client)
    await one.ask("ping")
    assert logging.level == "error"


async def test_a_board_that_was_reset_gets_the_level_again(logging, board, client):
    await initialized(client)
    await client.ask("logging/setLevel", {"level": "debug"})
    logging.level = "info"
    await board.reset()
    await until(lambda: logging.level == "debug")
    await log(client, "debug")
    assert (logging.level, levels(client)) == ("debug", ["debug"])


async def test_a_call_in_another_process_gets_its_logs_too(logging, board, hub, client):
    await client.ask("ping")
    async with running_hub(board.url) as second:
        there = RawClient(second)
        await initialized(there)
        await log(there, "info")
        assert levels(there) == ["info"] and levels(client) == []


def said(client):
    return [message["params"] for message in client.sent if message.get("method") == "notifications/message"]


async def test_a_watcher_hears_what_is_said_for_others_and_what_was_said_before_it_came(logging, clients):
    one, modern, watcher = clients(), clients(), clients()
    await initialized(one)
    await log(one, "info", "debug")
    assert (await watcher.ask("wasmote/logs", {"level": "info"}))["result"] == {}
    assert levels(watcher) == ["info"]
    await log(modern, "warning", "debug", **MODERN)
    await log(one, "error")
    await watcher.until(lambda message: message.get("params", {}).get("level") == "error")
    logging.log("notice")
    await watcher.until(lambda message: message.get("params", {}).get("level") == "notice")
    assert levels(watcher) == ["info", "warning", "error", "notice"]
    assert [params.get("_meta") for params in said(watcher)] == [{"wasmote/requestId": None}] * 3 + [None]
    assert levels(modern) == []  # it asked for none


async def test_a_client_hears_no_more_because_of_a_watcher(logging, clients):
    one, modern, watcher = clients(), clients(), clients()
    await initialized(one)
    await watcher.ask("wasmote/logs", {"level": "debug"})
    await log(one, "debug", "info")
    await log(modern, "debug", "warning", **MODERN, **{"io.modelcontextprotocol/logLevel": "warning"})
    assert (levels(one), levels(modern)) == (["info"], ["warning"])
    assert levels(watcher) == ["debug", "info", "debug", "warning"]


async def test_the_board_is_asked_for_what_watchers_want_and_for_no_more(logging, board, hub, clients):
    one, two = clients(), clients()
    for client, level, boards in ((one, "error", "error"), (two, "info", "info"), (two, "warning", "warning")):
        await client.ask("wasmote/logs", {"level": level})
        assert logging.overheard == boards
    logging.overheard = None
    await board.reset()
    await until(lambda: logging.overheard == "warning")
    hub.detach(two.client)
    await until(lambda: logging.overheard == "error")
    hub.detach(one.client)
    await until(lambda: logging.overheard is None)


async def test_what_is_kept_is_bounded(logging, clients):
    one, watcher = clients(), clients()
    await initialized(one)
    for _ in range(KEPT // 10 + 1):
        await log(one, *["info"] * 10)
    await watcher.ask("wasmote/logs", {"level": "info"})
    assert len(levels(watcher)) == KEPT


async def test_a_watcher_in_another_process_hears_the_past_once(logging, board, hub, client):
    await initialized(client)
    await log(client, "info")
    async with running_hub(board.url) as second:
        watcher = RawClient(second)
        await watcher.ask("wasmote/logs", {"level": "info"})
        assert levels(watcher) == ["info"]
        await log(client, "error")
        await watcher.until(lambda message: message.get("params", {}).get("level") == "error")
        assert levels(watcher) == ["info", "error"]
