"""`wasmote bridge --http`: Streamable HTTP in both eras, against the fake board."""

import asyncio

import pytest
from conftest import until
from http_client import INITIALIZE, META, HttpClient
from wasmote.http import sessions as http_sessions
from wasmote.http import streams as http_streams

pytestmark = pytest.mark.anyio


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


async def test_a_question_to_a_client_that_left_is_answered_in_its_place(http, asking, monkeypatch):
    monkeypatch.setattr(http_sessions, "LONELY", 0.1)
    await http.initialize({"elicitation": {}})
    message = {"id": "call", "method": "tools/call", "params": {"name": "ask", "arguments": {}}}
    async with http.stream(message) as stream:
        await stream.message()
        await asyncio.sleep(0.5)
        assert not asking.answers  # a user may think
        event_id = "2-1"
    await until(lambda: asking.answers)
    assert asking.answers[0]["error"]["code"] == -32603
    async with http.stream(last_event_id=event_id) as rest:  # it comes back for the result
        assert "has not been there" in (await rest.message())["result"]["content"][0]["text"]


async def test_a_question_waits_for_a_client_that_comes_back(http, asking, monkeypatch):
    monkeypatch.setattr(http_sessions, "LONELY", 0.5)
    await http.initialize({"elicitation": {}})
    message = {"id": "call", "method": "tools/call", "params": {"name": "ask", "arguments": {}}}
    async with http.stream(message) as stream:
        question = await stream.message()
    async with http.stream(last_event_id="2-1") as rest:
        await asyncio.sleep(1.5)
        assert await http.post({"id": question["id"], "result": {"action": "decline"}}) == (202, [])
        assert "decline" in (await rest.message())["result"]["content"][0]["text"]


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
    assert board.received[-1]["method"] == "notifications/cancelled"


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
