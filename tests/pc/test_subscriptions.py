"""Changed lists and updated resources for several clients of one board, in both eras."""

import json
from pathlib import Path

import pytest
from conftest import until
from wasmote.hub.subscriptions import MOST, RESOURCES

pytestmark = pytest.mark.anyio

META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
TAG = "io.modelcontextprotocol/subscriptionId"
UPDATED = "notifications/resources/updated"
WATCHED_AND_NOT = ["resources/subscribe", "resources/unsubscribe"]


async def listen(client, number, **wanted):
    client.write({"id": number, "method": "subscriptions/listen", "params": {"_meta": META, "notifications": wanted}})
    return await client.until(
        lambda message: message.get("method", "").endswith("acknowledged") and message["params"]["_meta"][TAG] == number
    )


def heard(client, method=UPDATED):
    """(subscription, URI) of each notification that a client was sent."""
    found = [message.get("params", {}) for message in client.sent if message.get("method") == method]
    return [(params.get("_meta", {}).get(TAG), params.get("uri")) for params in found]


async def updated(board, uri, client):
    """The board says that a resource has changed; returns when the hub has read that."""
    board.say({"method": UPDATED, "params": {"uri": uri}})
    await client.ask("ping")


async def test_each_client_hears_of_its_own_resources(board, clients):
    one, two, three = clients(), clients(), clients()
    await one.ask("resources/subscribe", {"uri": "a:/"})
    await two.ask("resources/subscribe", {"uri": "a:/"})
    ack = await listen(three, "l", resourceSubscriptions=["a:/", "b:/", "a:/"])
    assert ack["params"]["notifications"] == {"resourceSubscriptions": ["a:/", "b:/"]}
    await until(lambda: board.watched == {"a:/", "b:/"})
    await updated(board, "a:/", one)
    await updated(board, "b:/", one)
    await updated(board, "c:/", one)
    assert heard(one) == heard(two) == [(None, "a:/")]
    assert heard(three) == [("l", "a:/"), ("l", "b:/")]


async def test_the_board_is_asked_once_and_told_when_the_last_has_enough(board, clients):
    one, two = clients(), clients()
    await listen(one, 1, resourceSubscriptions=["a:/"])
    await listen(two, 2, resourceSubscriptions=["a:/"])
    await two.ask("resources/subscribe", {"uri": "a:/"})
    asked = [message for message in board.received if message["method"] == "resources/subscribe"]
    assert len(asked) == 2, "one of the hub's own, and the client's, which wants an answer"
    one.write({"method": "notifications/cancelled", "params": {"requestId": 1}})
    assert (await two.ask("resources/unsubscribe", {"uri": "a:/"}))["result"] == {}
    await one.ask("ping")
    assert board.watched == {"a:/"}
    two.write({"method": "notifications/cancelled", "params": {"requestId": 2}})
    await until(lambda: board.watched == set())
    await updated(board, "a:/", two)
    assert heard(one) == heard(two) == []


async def test_a_client_that_leaves_is_unsubscribed(board, hub, clients):
    one, two = clients(), clients()
    for client in (one, two):
        await client.ask("resources/subscribe", {"uri": "a:/"})
    await listen(one, 1, resourceSubscriptions=["b:/"])
    await until(lambda: board.watched == {"a:/", "b:/"})
    hub.detach(one.client)
    await until(lambda: board.watched == {"a:/"})
    hub.detach(two.client)
    await until(lambda: not board.watched)
    assert board.watched == set()


async def test_the_last_unsubscribe_reaches_the_board(board, client):
    await client.ask("resources/subscribe", {"uri": "a:/"})
    assert (await client.ask("resources/unsubscribe", {"uri": "a:/"}))["result"] == {}
    assert board.watched == set()


async def test_a_board_that_was_reset_gets_the_subscriptions_again(board, clients):
    one, two = clients(), clients()
    await one.ask("resources/subscribe", {"uri": "a:/"})
    await listen(two, 7, resourceSubscriptions=["b:/"], promptsListChanged=True)
    await board.reset()
    await until(lambda: board.watched == {"a:/", "b:/"})
    assert (await two.notice("notifications/prompts/list_changed"))["method"] == "notifications/prompts/list_changed"


async def test_a_refused_subscription_is_none(board, client):
    answer = await client.ask("resources/subscribe", {"uri": "missing:/"})
    assert answer["error"]["code"] == -32002
    await updated(board, "missing:/", client)
    assert heard(client) == []


async def test_what_the_board_refuses_is_not_acknowledged(board, clients):
    one, two = clients(), clients()
    for client, number in ((one, 1), (two, 2)):
        client.write(
            {
                "id": number,
                "method": "subscriptions/listen",
                "params": {"_meta": META, "notifications": {"resourceSubscriptions": ["missing:/", "a:/"]}},
            }
        )
    for client in (one, two):
        ack = await client.notice("notifications/subscriptions/acknowledged")
        assert ack["params"]["notifications"] == {"resourceSubscriptions": ["a:/"]}
    assert board.watched == {"a:/"}
    await updated(board, "missing:/", one)
    await updated(board, "a:/", one)
    assert heard(one) == [(1, "a:/")] and heard(two) == [(2, "a:/")]


async def test_a_subscription_has_as_many_resources_as_on_the_board(board, client):
    on_board = Path(__file__).parents[2] / "modules/wasmote/mcp/subscriptions.py"
    assert f"\nRESOURCES = {RESOURCES} " in on_board.read_text()
    wanted = {"resourceSubscriptions": [f"a:/{i}" for i in range(RESOURCES + 1)]}
    answer = await client.ask("subscriptions/listen", {"_meta": META, "notifications": wanted})
    assert answer["error"]["code"] == -32011, answer
    assert board.watched == set()


async def test_the_oldest_subscription_of_a_client_makes_room(board, clients):
    one, two = clients(), clients()
    await listen(two, 0, toolsListChanged=True)
    for number in range(MOST):
        await listen(one, number, resourceSubscriptions=["a:/"] if number == 0 else [])
    await until(lambda: board.watched == {"a:/"})
    await listen(one, MOST, toolsListChanged=True)
    assert (await one.answer(0))["result"]["_meta"] == {TAG: 0}
    await until(lambda: board.watched == set())
    board.changed()
    for client, number in ((one, MOST), (two, 0)):
        heard = await client.notice("notifications/tools/list_changed")
        assert heard["params"]["_meta"][TAG] == number


async def test_a_subscription_that_is_taken_back_before_the_board_agreed(board, client):
    params = {"_meta": META, "notifications": {"resourceSubscriptions": ["a:/"]}}
    await client.ask("ping")
    client.write({"id": 1, "method": "subscriptions/listen", "params": params})
    client.write({"method": "notifications/cancelled", "params": {"requestId": 1}})
    await until(lambda: [message["method"] for message in board.received[-2:]] == WATCHED_AND_NOT)
    await client.ask("ping")
    assert board.watched == set()
    assert not [message for message in client.sent if "acknowledged" in message.get("method", "")]


async def test_a_subscription_while_the_board_goes_away(board, hub, client):
    await client.ask("ping")
    params = {"_meta": META, "notifications": {"resourceSubscriptions": ["a:/"]}}
    client.write({"id": 1, "method": "subscriptions/listen", "params": params})
    await board.reset()
    ack = await client.notice("notifications/subscriptions/acknowledged")
    assert ack["params"]["notifications"] == {"resourceSubscriptions": ["a:/"]}
    await until(lambda: board.watched == {"a:/"})


@pytest.mark.parametrize("kind", ["tools", "resources", "prompts"])
async def test_every_list_has_its_notification(board, clients, kind):
    old, modern, other = clients(), clients(), clients()
    await old.ask("initialize", {})
    ack = await listen(modern, 3, **{kind + "ListChanged": True})
    await listen(other, 4, toolsListChanged=False)
    assert ack["params"]["notifications"] == {kind + "ListChanged": True}
    method = f"notifications/{kind}/list_changed"
    board.say({"method": method})
    await old.notice(method)
    assert heard(modern, method) == [(3, None)] and heard(other, method) == []


@pytest.mark.parametrize("wanted", [None, [], {"resourceSubscriptions": "a:/"}, {"resourceSubscriptions": [1]}])
async def test_a_filter_that_makes_no_sense(client, wanted):
    answer = await client.ask("subscriptions/listen", {"_meta": META, "notifications": wanted})
    assert answer["error"]["code"] == -32602, json.dumps(answer)


@pytest.mark.parametrize("uri", [None, 1, [], {"a": []}])
async def test_a_uri_that_is_none_is_left_to_the_board(client, uri):
    for method in ("resources/subscribe", "resources/unsubscribe"):
        assert (await client.ask(method, {"uri": uri}))["error"]["code"] == -32602
    assert client.client.wishes.resources == set()
    assert (await client.ask("ping"))["result"] == {}
