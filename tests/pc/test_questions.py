"""Questions of the board to the client whose call is under way, through a hub with several clients."""

import asyncio
import json

import pytest
from fake_board import FORM
from wasmote.hub.questions import offers

pytestmark = pytest.mark.anyio

CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
VERSION = "io.modelcontextprotocol/protocolVersion"
ACCEPT = {"action": "accept", "content": {"name": "Ada"}}


async def until(true, seconds=5):
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


async def initialized(client, **capabilities):
    params = {"protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": {}}
    await client.ask("initialize", params)
    return client


def call(client, number, **params):
    client.write({"id": number, "method": "tools/call", "params": {"name": "ask", "arguments": {}, **params}})


async def question(client):
    return await client.notice("elicitation/create")


async def test_a_question_reaches_the_client_that_called_and_its_answer_the_board(asking, clients):
    one, two = clients(), clients()
    call(one, 1)
    call(two, "1")
    first, second = await question(one), await question(two)
    assert first["params"] == {**FORM, "_meta": {"wasmote/requestId": 1}}
    assert second["params"]["_meta"] == {"wasmote/requestId": "1"}
    assert first["id"] != second["id"] and not first["id"].startswith("ask-")
    two.write({"id": second["id"], "result": {"action": "decline"}})
    one.write({"id": first["id"], "result": ACCEPT})
    assert json.loads((await one.answer(1))["result"]["content"][0]["text"]) == ACCEPT
    assert json.loads((await two.answer("1"))["result"]["content"][0]["text"]) == {"action": "decline"}


async def test_an_error_is_an_answer(asking, client):
    call(client, 1)
    error = {"code": -1, "message": "no"}
    client.write({"id": (await question(client))["id"], "error": error})
    assert json.loads((await client.answer(1))["result"]["content"][0]["text"]) == error


async def test_only_the_client_that_was_asked_can_answer_and_only_once(asking, clients):
    one, two = clients(), clients()
    call(one, 1)
    id = (await question(one))["id"]
    two.write({"id": id, "result": {"action": "cancel"}})
    for stranger in (1, "x", None):
        one.write({"id": stranger, "result": {}})
    one.write({"id": id, "result": ACCEPT})
    one.write({"id": id, "result": {"action": "cancel"}})
    await one.answer(1)
    await one.ask("ping")
    await two.ask("ping")
    assert [answer["result"] for answer in asking.answers] == [ACCEPT]


async def test_a_question_taken_back_is_taken_back_from_the_client(board, asking, client):
    call(client, 1)
    id = (await question(client))["id"]
    board.say(
        {"method": "notifications/cancelled", "params": {"requestId": next(iter(asking.calls)), "reason": "late"}}
    )
    assert (await client.notice("notifications/cancelled"))["params"] == {"requestId": id, "reason": "late"}
    client.write({"id": id, "result": ACCEPT})
    await client.ask("ping")
    assert asking.answers == []


async def test_a_question_of_a_call_that_is_not_under_way_is_refused(board, asking, client):
    await client.ask("ping")
    for number in (999, "x"):
        asking.ask(number)
    await until(lambda: len(asking.answers) == 2)
    assert {answer["error"]["code"] for answer in asking.answers} == {-32603}


async def test_other_requests_of_the_board_are_answered_here(board, asking, client):
    await client.ask("ping")
    board.say({"id": 5, "method": "ping"})
    board.say({"id": 6, "method": "tasks/list", "params": {}})
    await until(lambda: len(asking.answers) == 2)
    assert asking.answers[0]["result"] == {} and asking.answers[1]["error"]["code"] == -32601
    assert all("result" in message for message in client.sent)


async def test_an_answer_that_the_board_cannot_take_is_said_to_be_too_long(asking, client):
    call(client, 1)
    client.write({"id": (await question(client))["id"], "result": {**ACCEPT, "content": {"name": "x" * 20000}}})
    answer = json.loads((await client.answer(1))["result"]["content"][0]["text"])
    assert answer["code"] == -32603 and "bytes long; this board takes at most 16384" in answer["message"]


async def test_a_client_that_leaves_is_not_asked(hub, board, asking, clients):
    one, two = clients(), clients()
    call(one, 1)
    id = (await question(one))["id"]
    hub.detach(one.client)
    one.write({"id": id, "result": ACCEPT})
    await two.ask("ping")
    assert asking.answers == []
    cancelled = [message for message in board.received if message.get("method") == "notifications/cancelled"]
    assert len(cancelled) == 1


async def test_a_reset_takes_the_question_back(board, asking, client):
    call(client, 1)
    id = (await question(client))["id"]
    await board.reset()
    assert (await client.notice("notifications/cancelled"))["params"] == {
        "requestId": id,
        "reason": "the board was reset",
    }
    assert "error" in await client.answer(1)
    client.write({"id": id, "result": ACCEPT})
    await client.ask("ping")
    assert asking.answers == []


# -- what a client offers


async def test_the_board_hears_for_each_call_what_its_client_offers(board, clients):
    one, two, three = (
        await initialized(clients(), elicitation={}, experimental={"x": 1}),
        await initialized(clients()),
        clients(),
    )
    for client in (one, two, three):
        await client.ask("tools/call", {"name": "echo", "arguments": {"x": 1}})
    told = [message["params"].get("_meta") for message in board.received if message["method"] == "tools/call"]
    assert told == [{CAPABILITIES: {"elicitation": {}}}, {CAPABILITIES: {}}, None]


@pytest.mark.parametrize("meta", [{}, {"progressToken": "p"}, {"a": {"b": 1}}])
async def test_what_a_client_offers_is_added_to_what_it_says(board, client, meta):
    await initialized(client, roots={"listChanged": True})
    await client.ask("tools/call", {"_meta": meta, "name": "echo"})
    told = board.received[-1]["params"]["_meta"]
    assert told.pop(CAPABILITIES) == {"roots": {"listChanged": True}}
    assert set(told) == set(meta)


@pytest.mark.parametrize("method, params", [
    ("tools/list", {}), ("tools/call", {"name": "echo", "_meta": {VERSION: "2026-07-28", CAPABILITIES: {}}}),
    ("tools/call", {"name": "echo", "_meta": {CAPABILITIES: {"roots": {}}}}), ("tools/call", {"name": "echo", "_meta": []}),
])  # fmt: skip
async def test_nothing_is_added_elsewhere(board, client, method, params):
    await initialized(client, elicitation={})
    await client.ask(method, params)
    assert board.received[-1]["params"] == params


async def test_a_message_that_would_become_too_long_goes_as_it_is(board, client):
    await initialized(client, elicitation={})
    params = {"name": "echo", "arguments": {"x": "y" * (16384 - 116)}}
    answer = await client.ask("tools/call", params, number="1")
    assert "result" in answer
    assert board.received[-1]["params"] == params


@pytest.mark.parametrize("capabilities", [None, [], "x", {}])
def test_strange_capabilities_offer_nothing(capabilities):
    assert offers(capabilities) == "{}"


async def test_two_hubs_in_a_row(asking, hub, clients):
    """A second process joins the first: its hub is a client, and has clients itself."""
    second = clients(joined=True)
    call(second, 7, _meta={CAPABILITIES: {"elicitation": {}}})
    asked = await question(second)
    assert asked["params"]["_meta"] == {"wasmote/requestId": 7}  # by which the second hub finds its own client
    second.write({"id": asked["id"], "result": ACCEPT})
    await second.answer(7)
