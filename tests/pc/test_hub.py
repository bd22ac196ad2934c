"""Several clients on one board: ids, progress, cancelling, subscriptions, resets, a board that is away."""

import asyncio
import json

import pytest
from conftest import RawClient, running_hub, until, until_async
from wasmote.hub import hub as hub_module
from wasmote.wire import connection

pytestmark = pytest.mark.anyio


async def test_answers_go_to_the_client_that_asked(clients):
    one, two = clients(), clients()
    for client, text in ((one, "one"), (two, "two")):
        client.write({"id": 1, "method": "tools/call", "params": {"name": "echo", "arguments": {"from": text}}})
    for client, text in ((one, "one"), (two, "two")):
        answer = await client.answer(1)
        assert json.loads(answer["result"]["content"][0]["text"]) == {"from": text}
        assert len(client.sent) == 1


@pytest.mark.parametrize("number", [0, -5, "seven", "", 'é"\\'])
async def test_any_id_comes_back_as_it_was(client, number):
    assert (await client.ask("ping", number=number))["result"] == {}


async def test_arguments_reach_the_board_byte_for_byte(board, client):
    line = b'{"params":{"arguments":{"x": 1.50,"y":"\\u00e9"},"name":"echo"},"jsonrpc":"2.0","method":"tools/call","id":"a"}'
    client.write(line)
    await client.answer("a")
    assert board.lines[-1].strip().startswith(b'{"params":{"arguments":{"x": 1.50,"y":"\\u00e9"},"name":"echo"}')


async def test_progress_tokens_of_two_clients_do_not_meet(clients):
    one, two = clients(), clients()
    params = {"name": "count", "arguments": {"to": 3}, "_meta": {"progressToken": "same"}}
    for client in (one, two):
        client.write({"id": 9, "method": "tools/call", "params": params})
    for client in (one, two):
        await client.answer(9)
        progress = [message["params"] for message in client.sent if "method" in message]
        assert [(at["progressToken"], at["progress"]) for at in progress] == [("same", 1), ("same", 2), ("same", 3)]


@pytest.mark.parametrize("token", ["[1]", "{}", "true", "null", '"' + "x" * 127 + '"'])
async def test_what_is_no_progress_token_is_for_the_board_to_refuse(board, client, token):
    line = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","_meta":{"progressToken":%s}}}'
    client.write((line % token).encode())
    await client.answer(1)
    assert board.received[-1]["params"]["_meta"]["progressToken"] == json.loads(token)


async def test_a_cancel_reaches_the_board_under_the_boards_id(board, clients):
    one, two = clients(), clients()
    for client in (one, two):
        params = {"name": "count", "arguments": {}, "_meta": {"progressToken": 1}}
        client.write({"id": "c", "method": "tools/call", "params": params})
        await client.notice("notifications/progress")
    one.write({"method": "notifications/cancelled", "params": {"requestId": "c", "reason": "enough"}})
    await until(lambda: len(board._tasks) == 1)
    two.sent.clear()
    await two.notice("notifications/progress")  # the other's goes on
    assert board.received[-1]["params"]["reason"] == "enough"


async def test_a_client_that_leaves_cancels_its_calls(board, hub, clients):
    one = clients()
    one.write({"id": 1, "method": "tools/call", "params": {"name": "count", "arguments": {}}})
    await until(lambda: board._tasks)
    hub.detach(one.client)
    await until(lambda: not board._tasks)
    assert [message["method"] for message in board.received].count("notifications/cancelled") == 1


async def test_list_changed_goes_to_initialized_clients_and_subscriptions(board, clients):
    handshake, modern, silent = clients(), clients(), clients()
    await handshake.ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}})
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
    params = {"_meta": meta, "notifications": {"toolsListChanged": True, "promptsListChanged": False}}
    modern.write({"id": 5, "method": "subscriptions/listen", "params": params})
    acknowledged = await modern.notice("notifications/subscriptions/acknowledged")
    tag = {"io.modelcontextprotocol/subscriptionId": 5}
    assert acknowledged["params"] == {"_meta": tag, "notifications": {"toolsListChanged": True}}
    board.changed()
    await handshake.notice("notifications/tools/list_changed")
    assert (await modern.notice("notifications/tools/list_changed"))["params"]["_meta"] == tag
    await silent.ask("ping")
    assert len(silent.sent) == 1
    modern.write({"method": "notifications/cancelled", "params": {"requestId": 5}})
    modern.sent.clear()
    board.changed()
    await modern.ask("ping")
    assert len(modern.sent) == 1


async def test_a_call_that_the_board_is_too_busy_for_is_tried_again(board, client):
    await client.ask("ping")
    take, refusals = board.take, [2]

    async def busy(message):
        if message["method"] == "tools/call" and refusals[0]:
            refusals[0] -= 1
            board.say({"id": message["id"], "error": {"code": -32004, "message": "4 calls are under way"}})
        else:
            await take(message)

    board.take = busy
    answer = await client.ask("tools/call", {"name": "echo", "arguments": {"x": 1}})
    assert answer["result"]["content"][0]["text"] == '{"x": 1}'


async def test_a_call_refused_for_too_long_is_answered_and_the_wait_counts_from_the_refusal(board, client, monkeypatch):
    monkeypatch.setattr(hub_module, "PATIENCE", 0.5)
    await client.ask("ping")
    before = len(board.received)

    async def busy(message):
        await asyncio.sleep(0.7 if len(board.received) == before + 1 else 0)  # the first refusal itself comes late
        board.say({"id": message["id"], "error": {"code": -32004, "message": "4 calls are under way"}})

    board.take = busy
    answer = await client.ask("tools/call", {"name": "echo", "arguments": {}})
    assert answer["error"]["code"] == -32004
    assert len(board.received) > before + 2


async def test_refused_calls_do_not_multiply_and_the_oldest_goes_first(board, client):
    await client.ask("ping")
    take, full, asked = board.take, [True], []

    async def busy(message):
        asked.append(message["params"]["arguments"]["x"])
        if full[0]:
            board.say({"id": message["id"], "error": {"code": -32004, "message": "4 calls are under way"}})
        else:
            await take(message)

    board.take = busy
    for x in range(8):
        client.write({"id": x, "method": "tools/call", "params": {"name": "echo", "arguments": {"x": x}}})
    await until(lambda: len(asked) >= 8 + 4)
    assert asked[:12] == [*range(8), 0, 0, 0, 0]
    full[0] = False
    del asked[:]
    for x in range(8):
        await client.answer(x)
    assert asked == [*range(8)]


@pytest.mark.parametrize(
    "line",
    [
        b'{"id":"check-1","result":[1]}',
        b'{"id":"check-1","error":7}',
        b'{"id":null,"error":7}',
        b'{"id":[1],"result":{}}',
        b'{"method":"wasmote/ready","params":[1]}',
        b'{"method":["x"]}',
        b'{"method":"notifications/message","params":7}',
        b'{"method":"notifications/progress","params":{"progressToken":[]}}',
    ],
)
async def test_one_wrong_line_from_the_board_does_not_end_the_bridge(board, client, line):
    await client.ask("ping")
    client.write({"id": 1, "method": "tools/call", "params": {"name": "count", "arguments": {"to": 20}, "_meta": 7}})
    client.write({"id": 2, "method": "tools/call", "params": {"name": "count", "arguments": {"to": 20}}})
    board.raw(line + b"\n")
    assert "result" in await client.ask("ping")


async def test_a_board_whose_info_is_odd_is_still_served(board, client):
    answer = board.answer

    async def odd(method, params):
        return {"session": [1], "limits": [7], "firmware": "x"} if "info" in method else await answer(method, params)

    board.answer = odd
    assert "result" in await client.ask("ping")


async def test_whatever_a_line_breaks_the_board_is_opened_again(board, hub, client, monkeypatch):
    await client.ask("ping")
    with monkeypatch.context() as broken:
        broken.setattr(hub.connection, "_on_message", lambda message: {}["nothing"])
        board.say({"method": "notifications/message"})
        await until(lambda: "no message of a wasmote board" in hub.connection.reason)
    await until_async(lambda: client.ask("ping"), lambda answer: "result" in answer)


async def test_a_notification_too_long_for_the_board_is_dropped_and_said(board, hub, client):
    said = []
    hub._say = said.append
    await client.ask("ping")
    before = len(board.received)
    client.write({"method": "notifications/long", "params": {"x": "y" * 20_000}})
    assert "result" in await client.ask("ping")
    assert [message["method"] for message in board.received[before:]] == ["ping"]
    assert "dropped: notifications/long is 200" in said[-1]


async def test_a_cancel_with_a_very_long_reason_still_cancels(board, client):
    await client.ask("ping")
    client.write({"id": 1, "method": "tools/call", "params": {"name": "count", "arguments": {}}})
    await until(lambda: board._tasks)
    client.write({"method": "notifications/cancelled", "params": {"requestId": 1, "reason": "y" * 20_000}})
    await until(lambda: not board._tasks)
    assert "notifications/cancelled" in [message["method"] for message in board.received]


async def test_an_error_over_a_long_message_does_not_end_the_only_call(board, client):
    await client.ask("ping")
    client.write({"id": 1, "method": "tools/call", "params": {"name": "count", "arguments": {"to": 10}}})
    await until(lambda: board._tasks)
    board.say({"id": None, "error": {"code": -32003, "message": "too long"}})
    assert "result" in await client.answer(1)


async def test_listening_without_a_version_is_refused(client):
    answer = await client.ask("subscriptions/listen", {"notifications": {}})
    assert answer["error"]["code"] == -32602


async def test_a_reset_fails_what_was_running_with_one_error_and_announces_tools(board, client):
    await client.ask("initialize", {})
    client.write({"id": 2, "method": "tools/call", "params": {"name": "count", "arguments": {}}})
    await until(lambda: board._tasks)
    await board.reset()
    error = (await client.answer(2))["error"]
    assert error["data"]["kind"] == "board-reset" and 'tools/call "count" was running' in error["message"]
    await client.notice("notifications/tools/list_changed")
    assert (await client.ask("ping"))["result"] == {}
    assert sum(message.get("id") == 2 for message in client.sent) == 1


async def test_a_board_that_goes_away_fails_calls_fast_and_comes_back(board, client, monkeypatch):
    monkeypatch.setattr(connection, "GRACE", 0.5)
    monkeypatch.setattr(connection, "PAUSES", (0.2,))
    await client.ask("ping")
    client.write({"id": 2, "method": "tools/call", "params": {"name": "count", "arguments": {}}})
    await until(lambda: board._tasks)
    await board.unplug()
    lost = (await client.answer(2))["error"]
    assert lost["data"]["kind"] == "board-lost" and board.url in lost["message"]
    error = (await client.ask("ping"))["error"]  # waits out the grace of a reset, then says so
    assert error["data"]["kind"] == "board-away" and "since" in error["data"] and board.url in error["message"]
    start = asyncio.get_running_loop().time()
    assert "error" in await client.ask("ping")
    assert asyncio.get_running_loop().time() - start < 0.1
    await board.plug()
    await until_async(lambda: client.ask("ping"), lambda answer: "result" in answer)


async def test_a_board_that_falls_silent_counts_as_hung(board, client, monkeypatch):
    monkeypatch.setattr(connection, "SILENCE", 1)
    await client.ask("ping")
    board.mute = True
    error = (await client.ask("ping"))["error"]
    assert error["data"]["kind"] == "board-lost" and "it hangs" in error["message"]
    board.mute = False
    await until_async(lambda: client.ask("ping"), lambda answer: "result" in answer)


async def test_requests_wait_while_a_board_is_back_in_a_moment(board, client):
    await client.ask("ping")
    await board.unplug()
    await asyncio.sleep(0.1)
    client.write({"id": 3, "method": "ping"})
    await board.plug()
    assert (await client.answer(3))["result"] == {}


async def test_requests_wait_while_a_board_resets_itself(board, client):
    await client.ask("ping")
    answer = board.answer

    async def slow(method, params):
        if method == "wasmote/reset":
            board.reset_now = board.reset

            async def reset():
                asyncio.get_running_loop().call_later(0.3, lambda: asyncio.ensure_future(board.reset_now()))

            board.reset = reset
        return await answer(method, params)

    board.answer = slow
    await client.ask("wasmote/reset")
    sent = len(board.received)
    client.write({"id": "after", "method": "ping"})
    await asyncio.sleep(0.1)
    assert len(board.received) == sent
    assert (await client.answer("after"))["result"] == {}


async def test_what_the_board_could_not_read_is_answered_however_many_wait(board, client):
    """The board's answer would have no id, and two requests wait for theirs."""
    for number in (1, 2):
        client.write({"id": number, "method": "tools/call", "params": {"name": "count", "arguments": {}}})
    await until(lambda: len(board._tasks) == 2)
    client.write(b'{"jsonrpc":"2.0","id":3,"id":4,"method":"ping"}')
    client.write(b'{"jsonrpc":"2.0","id":5,"method":"ping","params":{"x":' + b"[" * 63 + b"]" * 63 + b"}}")
    client.write(b'{"jsonrpc":"2.0","id":6,"method":"ping","params":[]}')
    wrong = [message for message in client.sent if "error" in message]
    assert [(message["id"], message["error"]["code"]) for message in wrong] == [
        (None, -32600),
        (None, -32700),
        (6, -32602),
    ]


async def test_garbage_between_messages_is_skipped(board, client):
    await client.ask("ping")
    board.raw(b"\x00\xff boot v1.25\nMicroPython\r\n{broken\n" + b"x" * 2_000_000 + b"\n[]\n")
    assert (await client.ask("ping"))["result"] == {}


@pytest.mark.parametrize(
    "line, code, number",
    [
        (b"not json", -32700, None),
        (b'{"jsonrpc":"2.0","id":4}', -32600, 4),
        (b'{"jsonrpc":"2.0","id":4,"method":7}', -32600, 4),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600, None),
        (b'[{"jsonrpc":"2.0","id":4,"method":"ping"}]', -32600, None),
        (b'{"jsonrpc":"2.0","id":4,"method":"ping","params":{"x":"' + b"y" * 20_000 + b'"}}', -32003, 4),
        (b'{"jsonrpc":"2.0","id":4,"method":"ping","params":{"x":"' + b"y" * 100_000 + b'"}}', -32003, 4),
    ],
)
async def test_a_bad_line_gets_one_error_and_the_next_is_served(client, line, code, number):
    await client.ask("ping")
    client.sent.clear()
    client.write(line)
    error = await client.until(lambda message: "error" in message)
    assert (error["error"]["code"], error["id"]) == (code, number)
    assert "result" in await client.ask("ping")
    assert len(client.sent) == 2


async def test_what_the_board_cannot_read_still_gets_an_answer(board, client):
    await client.ask("ping")
    board.answer = None

    async def unreadable(message):
        board.say({"id": None, "error": {"code": -32700, "message": "not JSON"}})

    board.take = unreadable
    assert (await client.ask("ping"))["error"]["code"] == -32700


async def test_a_joined_process_shares_the_board(board, hub, client):
    await client.ask("ping")
    async with running_hub(board.url) as second:
        other = RawClient(second)
        assert (await other.ask("ping"))["result"] == {}
        assert not second.port.owned and hub.port.owned
        other.write({"id": 1, "method": "tools/call", "params": {"name": "count", "arguments": {}}})
        await until(lambda: board._tasks)
        await board.reset()
        assert (await other.answer(1))["error"]["data"]["kind"] == "board-reset"
    await client.ask("ping")


async def test_a_joined_process_takes_over_when_the_owner_ends(board):
    async with running_hub(board.url) as first:
        await RawClient(first).ask("ping")
        second = running_hub(board.url)
        hub = await second.__aenter__()
        other = RawClient(hub)
        await other.ask("ping")
    await until_async(lambda: other.ask("ping"), lambda answer: "result" in answer)
    assert hub.port.owned
    await second.__aexit__(None, None, None)


async def test_a_fault_of_the_bridge_costs_one_answer(hub, client, monkeypatch):
    def fail(*_):
        raise TypeError("unhashable")

    said = []
    monkeypatch.setattr(hub, "_say", said.append)
    monkeypatch.setattr(hub._subscriptions, "unsubscribe", fail)
    monkeypatch.setattr(hub, "_take_notification", fail)
    client.write({"method": "notifications/cancelled"})
    answer = await client.ask("resources/unsubscribe", {"uri": "a:/"})
    assert answer["error"]["code"] == -32603 and "unhashable" in answer["error"]["message"]
    assert (await client.ask("ping"))["result"] == {}
    assert len(client.sent) == 2 and sum("Traceback" in text for text in said) == 2
