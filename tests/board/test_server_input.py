"""Whatever comes in: bad lines, random messages, and what real clients send."""

import json

import fake_host
import pytest
from fake_host import Tool
from hypothesis import given, settings
from hypothesis import strategies as st
from server_wire import CAPTURES, MODERN, VERSION, Wire
from wasmote.jsonrpc import codes

# Bad input


def test_a_line_that_was_dropped_is_answered_with_the_limit(wire):
    wire.server.too_long(100_000, 16384)
    (reply,) = wire.lines()
    assert reply["id"] is None and "16384" in reply["error"]["message"]
    assert reply["error"]["data"] == {"limitBytes": 16384, "bytes": 100_000}


def test_a_failure_in_the_middle_of_a_reply_costs_that_line_only(wire):
    class Breaking:
        name = "x"

        @property
        def json(self):
            raise OSError("flash")

    wire.host.tools = [Tool("t", fake_host.echo, size=500), Breaking()]
    wire.server.receive(b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}')
    half, reply = bytes(wire.written).splitlines()
    wire.written.clear()
    assert json.loads(reply)["error"]["code"] == codes.INTERNAL_ERROR
    with pytest.raises(ValueError):
        json.loads(half)
    assert wire.result("ping") == {}


def test_a_failure_before_anything_was_sent_leaves_no_trace(wire):
    wire.host.tools = [object()]
    assert wire.error("tools/list")["code"] == codes.INTERNAL_ERROR


members = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.sampled_from(["2.0", "2.0", "2.0", 2]),
        "id": st.sampled_from([0, 1, "a", None, 1.5, [], 2**80]),
        "method": st.sampled_from(
            [
                "initialize",
                "tools/list",
                "tools/call",
                "wasmote/push",
                "subscriptions/listen",
                "notifications/cancelled",
                "x",
                1,
            ]
        ),
        "params": st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "arguments",
                    "_meta",
                    "cursor",
                    "protocolVersion",
                    "notifications",
                    "requestId",
                    "size",
                    "data",
                ]
            ),
            st.sampled_from(
                [
                    None,
                    0,
                    -1,
                    "",
                    "echo",
                    "spin",
                    {},
                    [],
                    {"toolsListChanged": True},
                    MODERN,
                    {**MODERN, "progressToken": 1},
                ]
            ),
        )
        | st.sampled_from([None, 1, [], "x"]),
    },
)


@given(
    st.lists(members.map(lambda value: json.dumps(value).encode()) | st.binary(min_size=1, max_size=20), max_size=12)
)
@settings(max_examples=200)
def test_whatever_comes_each_line_out_is_json_and_ping_works(lines):
    wire = Wire()
    for line in lines:
        wire.send(line)
        wire.run(3)
    assert [reply["result"] for reply in wire.send({"id": "last", "method": "ping"}) if reply.get("id") == "last"] == [
        {}
    ]


# Real clients


def captured():
    for path in CAPTURES:
        for line in path.read_text().splitlines():
            record = json.loads(line)
            if record.get("dir") == "c>s" and "line" in record:
                yield pytest.param(record["line"], id="{}-{}".format(path.stem, json.loads(record["line"])["method"]))


@pytest.mark.parametrize("line", list(captured()))
def test_answers_what_real_clients_send(line):
    wire = Wire("echo")
    wire.host.tools.append(Tool("add", fake_host.echo))
    message = json.loads(line)
    lines = wire.send(line.encode()) + wire.run()
    if "id" not in message:
        assert lines == []
        return
    (reply,) = lines
    assert reply["id"] == message["id"] and "result" in reply
    validate_reply(message, reply)


def validate_reply(message, reply):
    """Against the official SDK's types, if the SDK is there."""
    types = pytest.importorskip("mcp_types")
    from mcp_types import _v2025_11_25, _v2026_07_28

    meta = message.get("params", {}).get("_meta", {})
    schema = _v2026_07_28 if VERSION in meta else _v2025_11_25
    name = {
        "initialize": "InitializeResult",
        "server/discover": "DiscoverResult",
        "tools/list": "ListToolsResult",
        "tools/call": "CallToolResult",
    }[message["method"]]
    getattr(schema, name).model_validate(reply["result"])
    types.jsonrpc_message_adapter.validate_python(reply)


@pytest.mark.parametrize(
    "name, message",
    [
        (
            "UnsupportedProtocolVersionError",
            {"method": "tools/list", "params": {"_meta": {**MODERN, VERSION: "2030-01-01"}}},
        ),
        (
            "ProgressNotification",
            {"method": "tools/call", "params": {"name": "count", "_meta": {**MODERN, "progressToken": "t"}}},
        ),
        (
            "LoggingMessageNotification",
            {
                "method": "tools/call",
                "params": {"name": "count", "_meta": {**MODERN, "io.modelcontextprotocol/logLevel": "debug"}},
            },
        ),
        (
            "SubscriptionsAcknowledgedNotification",
            {"method": "subscriptions/listen", "params": {"notifications": {}, "_meta": MODERN}},
        ),
    ],
)
def test_errors_and_notifications_have_the_shape_of_the_schema(name, message):
    pytest.importorskip("mcp_types")
    from mcp_types import _v2026_07_28

    wire = Wire()
    line = (wire.send({"id": 1, **message}) + wire.run())[0]
    getattr(_v2026_07_28, name).model_validate(line)
