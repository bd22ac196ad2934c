"""Who hears of changed resources and lists: resources/subscribe of the handshake era, subscriptions/listen of the modern one."""

import fake_provider
from server_wire import MODERN, SUBSCRIPTION
from wasmote.host import HostError
from wasmote.host.entries import COMPLETE, SUBSCRIBE
from wasmote.jsonrpc import codes
from wasmote.mcp import resources, subscriptions
from wasmote.mcp.server import CALLS, CALLS_OF_ONE

wire = fake_provider.wire  # fixtures
all = fake_provider.all
UPDATED = "notifications/resources/updated"


# The handshake era


def test_a_subscriber_hears_of_updates_until_it_has_enough(wire, all):
    assert wire.result("resources/subscribe", {"uri": "test:/a"}) == {}
    assert wire.result("resources/subscribe", {"uri": "test:/a"}) == {}, "again"
    wire.host.on_updated("test:/a")
    wire.host.on_updated("test:/b/c")
    assert wire.lines() == [{"jsonrpc": "2.0", "method": UPDATED, "params": {"uri": "test:/a"}}]
    for _ in range(2):
        assert wire.result("resources/unsubscribe", {"uri": "test:/a"}) == {}
    wire.host.on_updated("test:/a")
    assert wire.lines() == []
    assert all.calls == [("handle-subscribe", "test:/a"), ("handle-unsubscribe", "test:/a")]


def test_what_cannot_be_subscribed_to(wire, all):
    assert wire.error("resources/subscribe", {"uri": "x:/y"})["code"] == codes.RESOURCE_NOT_FOUND
    all.answers["handle-subscribe"] = lambda uri: HostError("unsupported-operation", "all: not this one")
    assert wire.error("resources/subscribe", {"uri": "test:/a"})["message"] == "all: not this one"
    wire.host.on_updated("test:/a")
    assert wire.lines() == []
    assert wire.error("resources/subscribe", {"uri": "x"}, modern=True)["code"] == codes.METHOD_NOT_FOUND


def test_subscriptions_are_limited(wire, all):
    for i in range(resources.WATCHED):
        wire.result("resources/subscribe", {"uri": f"test:/x/{i}"})
    assert wire.error("resources/subscribe", {"uri": "test:/a"})["code"] == codes.LIMIT
    wire.result("resources/unsubscribe", {"uri": "test:/x/3"})
    wire.result("resources/subscribe", {"uri": "test:/a"})


def test_subscribing_twice_at_once_counts_once(wire, all):
    for id in (1, 2):
        wire.send({"id": id, "method": "resources/subscribe", "params": {"uri": "test:/a"}})
    assert [line["id"] for line in wire.run()] == [1, 2]
    wire.result("resources/unsubscribe", {"uri": "test:/a"})
    assert wire.host.watched == {}


# The modern era


def listen(wire, id, **filters):
    lines = wire.send(
        {"id": id, "method": "subscriptions/listen", "params": {"notifications": filters, "_meta": MODERN}}
    )
    return lines + wire.run()


def test_a_listener_hears_of_what_it_asked_for(wire, all):
    (ack,) = listen(wire, "s", resourcesListChanged=True, resourceSubscriptions=["test:/a", "test:/b/c", "x:/y"])
    assert ack["params"] == {
        "_meta": {SUBSCRIPTION: "s"},
        "notifications": {"resourcesListChanged": True, "resourceSubscriptions": ["test:/a", "test:/b/c"]},
    }
    assert all.calls == [("handle-subscribe", "test:/a"), ("handle-subscribe", "test:/b/c")]
    wire.host.on_updated("test:/a")
    (updated,) = wire.lines()
    assert updated == {"jsonrpc": "2.0", "method": UPDATED, "params": {"_meta": {SUBSCRIPTION: "s"}, "uri": "test:/a"}}
    wire.host.lists_changed(["templates", "prompts"])
    wire.server.receive(b'{"jsonrpc":"2.0","method":"notifications/x"}')
    lines = wire.lines()
    assert [line["method"].split("/")[1] for line in lines] == ["resources", "resources", "prompts"]
    assert [line.get("params") for line in lines] == [None, {"_meta": {SUBSCRIPTION: "s"}}, None]


def test_a_cancelled_listener_is_forgotten_by_the_components(wire, all):
    listen(wire, 5, resourceSubscriptions=["test:/a"])
    listen(wire, 6, resourceSubscriptions=["test:/a"])
    for id in (5, 6):
        wire.send({"method": "notifications/cancelled", "params": {"requestId": id}})
        wire.run()
    assert all.calls == [("handle-subscribe", "test:/a"), ("handle-unsubscribe", "test:/a")]
    assert wire.host.watched == {}
    wire.host.on_updated("test:/a")
    assert wire.lines() == []


def test_a_listener_cancelled_while_a_component_is_told(wire, all):
    params = {"notifications": {"resourceSubscriptions": ["test:/a", "test:/b/c"]}, "_meta": MODERN}
    wire.send({"id": 1, "method": "subscriptions/listen", "params": params})
    while not all.calls:
        wire.server.step()
    wire.lines()
    wire.send({"method": "notifications/cancelled", "params": {"requestId": 1}})
    assert wire.run() == []
    assert all.calls == [("handle-subscribe", "test:/a"), ("handle-unsubscribe", "test:/a")]
    assert wire.host.watched == {}


def test_a_listener_cancelled_while_its_resources_are_looked_for(wire, all):
    params = {"notifications": {"resourceSubscriptions": ["test:/b/c"]}, "_meta": MODERN}
    assert wire.send({"id": 1, "method": "subscriptions/listen", "params": params}) == []
    wire.server.step()
    wire.send({"method": "notifications/cancelled", "params": {"requestId": 1}})
    assert wire.run() == [] and all.calls == [] and not wire.server.subscriptions


def test_reads_by_a_template_count_as_calls_of_its_component(wire, all):
    def never(uri):
        while True:
            yield

    all.answers["read-resource"] = never
    for id in range(CALLS_OF_ONE + 1):
        assert wire.send({"id": id, "method": "resources/read", "params": {"uri": f"test:/b/{id}"}}) == []
    (refused,) = wire.run()
    assert refused["id"] == CALLS_OF_ONE and refused["error"]["code"] == codes.BUSY


def test_a_component_that_will_not_tell_does_not_end_the_subscription(wire, all):
    all.answers["handle-subscribe"] = lambda uri: HostError("internal-error", "no")
    (ack,) = listen(wire, 1, resourceSubscriptions=["test:/a"])
    assert ack["params"]["notifications"] == {"resourceSubscriptions": ["test:/a"]}
    wire.host.on_updated("test:/a")
    assert len(wire.lines()) == 1


def test_the_resources_of_a_subscription_are_checked(wire, all):
    def refused(value):
        params = {"notifications": {"resourceSubscriptions": value}}
        return wire.error("subscriptions/listen", params, modern=True)

    assert refused("test:/a")["code"] == refused([1])["code"] == codes.INVALID_PARAMS
    assert refused([f"test:/x/{i}" for i in range(subscriptions.RESOURCES + 1)])["code"] == codes.LIMIT
    (ack,) = listen(wire, 1, resourceSubscriptions=[])
    assert ack["params"]["notifications"] == {"resourceSubscriptions": []}
    (ack,) = listen(wire, 1, resourceSubscriptions=["test:/a", "test:/a"])
    assert ack["params"]["notifications"] == {"resourceSubscriptions": ["test:/a"]}


def test_however_often_a_client_listens_nothing_piles_up(wire, all):
    all.answers["handle-subscribe"] = lambda uri: fake_provider.never()
    for i in range(200):
        listen(wire, 1, resourceSubscriptions=[f"test:/x/{i}"])
    assert len(wire.server.calls) == 1
    for id in range(2, CALLS + 2):
        assert wire.send({"id": id, "method": "resources/subscribe", "params": {"uri": "test:/a"}}) == []
    error = wire.error("resources/read", {"uri": "test:/a"}, id=99)
    assert error["code"] == codes.BUSY, "what nobody asked for takes no call's place, nor more"


def test_components_hear_once_what_several_listen_to(wire, all):
    for id in (5, 5, 6, 7):
        listen(wire, id, resourceSubscriptions=["test:/a", f"test:/x/{id}"])
    for id in range(subscriptions.MOST):  # each takes the place of an older one
        listen(wire, id, toolsListChanged=True)
    told = [("handle-subscribe", f"test:/{name}") for name in ("a", "x/5", "x/6", "x/7")]
    forgotten = [("handle-unsubscribe", f"test:/{name}") for name in ("x/5", "x/6", "a", "x/7")]
    assert all.calls == told + forgotten
    assert wire.host.watched == {} and wire.server.calls == []


def test_a_provider_without_subscriptions_is_not_told(wire):
    plain = wire.add("plain", offers=COMPLETE, resources=[{"uri": "test:/p", "name": "p"}])
    assert wire.result("resources/subscribe", {"uri": "test:/p"}) == {} and plain.calls == []
    wire.host.on_updated("test:/p")
    assert len(wire.lines()) == 1
    assert SUBSCRIBE & plain.offers == 0
