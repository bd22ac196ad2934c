"""tools/call, and what is said while calls run: progress, logs, changes, each in both eras."""

from types import SimpleNamespace

import fake_host
import pytest
from fake_host import Tool
from server_wire import MODERN, SUBSCRIPTION, Wire
from wasmote.jsonrpc import codes
from wasmote.mcp.server import CALLS, CALLS_OF_ONE


def text_of(result):
    return [block["text"] for block in result["content"]]


def test_calls_a_tool_with_its_arguments_as_they_came(wire):
    raw = b'{ "b": [1, 2.50],"a":"\\u00e9" }'
    wire.send(b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":%s,"name":"echo"}}' % raw)
    (reply,) = wire.run()
    assert reply["result"] == {"content": [{"type": "text", "text": raw.decode()}], "isError": False}


@pytest.mark.parametrize(
    "params", [{"name": "echo"}, {"name": "echo", "arguments": None}, {"name": "echo", "arguments": {}}]
)
def test_arguments_may_be_absent(wire, params):
    assert text_of(wire.result("tools/call", params)) == ["{}"]


@pytest.mark.parametrize(
    "params",
    [None, {}, {"name": 1}, {"name": None}, {"name": "echo", "arguments": []}, {"name": "echo", "arguments": "x"}],
)
def test_a_call_of_the_wrong_shape_is_refused(wire, params):
    assert wire.error("tools/call", params)["code"] == codes.INVALID_PARAMS


def test_modern_results_say_so(wire):
    result = wire.result("tools/call", {"name": "echo"}, modern=True)
    assert result["resultType"] == "complete" and result["isError"] is False


def test_an_unknown_tool_is_an_error_result_that_lists_what_there_is(wire):
    result = wire.result("tools/call", {"name": "nix"})
    assert result["isError"] is True
    assert "nix" in text_of(result)[0] and "echo" in text_of(result)[0]


def test_an_empty_board_says_how_to_get_a_tool():
    wire = Wire()
    wire.host.tools = []
    assert "push" in text_of(wire.result("tools/call", {"name": "x"}))[0]


def test_a_long_result_with_escapes_arrives_whole(wire):
    assert text_of(wire.result("tools/call", {"name": "long"})) == ['é"\n' * 5000]


def test_content_that_is_json_already_is_copied(wire):
    assert text_of(wire.result("tools/call", {"name": "count"})) == ["3", "raw"]


def test_what_breaks_in_a_call_is_one_error_and_the_rest_goes_on(wire):
    error = wire.error("tools/call", {"name": "breaks"})
    assert error["code"] == codes.INTERNAL_ERROR and "ZeroDivisionError" in error["message"]
    error = wire.error("tools/call", {"name": "starves"})
    assert error["code"] == codes.OUT_OF_MEMORY
    assert wire.result("ping") == {}


@pytest.mark.parametrize(
    "text, structured", [('{"a":\n\r [1, "x"]}\n', {"a": [1, "x"]}), ("{", None), ("[1]", None), ('{"a":01}', None)]
)
def test_the_result_of_a_tool_with_an_output_schema_is_structured_too(wire, text, structured):
    def call(arguments, notify):
        yield
        return [text], False

    tool = Tool("t", call)
    tool.structured = True
    wire.host.tools = [tool]
    result = wire.result("tools/call", {"name": "t"})
    assert text_of(result) == [text]
    assert result.get("structuredContent") == structured


def test_other_requests_are_answered_while_calls_run(wire):
    wire.send({"id": 1, "method": "tools/call", "params": {"name": "spin"}})
    wire.send({"id": 2, "method": "tools/call", "params": {"name": "spin"}})
    assert wire.run(10) == []
    assert wire.send({"id": 3, "method": "ping"}) == [{"jsonrpc": "2.0", "id": 3, "result": {}}]
    assert text_of(wire.result("tools/call", {"name": "echo"}, id=4)) == ["{}"]


def test_calls_run_in_turn(wire):
    for id in (1, 2, 3):
        wire.send({"id": id, "method": "tools/call", "params": {"name": "count", "_meta": {"progressToken": id}}})
    order = [line["params"]["progressToken"] for line in wire.run() if line.get("method") == "notifications/progress"]
    assert order == [1, 2, 3] * 3


def test_more_calls_than_the_board_takes_are_refused(wire):
    for id in range(CALLS):
        assert wire.send({"id": id, "method": "tools/call", "params": {"name": "spin"}}) == []
    assert wire.error("tools/call", {"name": "echo"}, id=99)["code"] == codes.BUSY
    assert wire.error("wasmote/unload", {"name": "x"}, id=100)["code"] == codes.NOT_FOUND  # management still works


def test_four_calls_of_one_busy_component_do_not_refuse_the_others(wire):
    for tool in wire.host.tools:
        tool.guest = SimpleNamespace(name="busy" if tool.name == "spin" else "idle")
    for id in range(CALLS_OF_ONE):
        assert wire.send({"id": id, "method": "tools/call", "params": {"name": "spin"}}) == []
    error = wire.error("tools/call", {"name": "spin"}, id=98)
    assert error["code"] == codes.BUSY and "busy" in error["message"]
    assert text_of(wire.result("tools/call", {"name": "echo"}, id=99)) == ["{}"]
    wire.send({"method": "notifications/cancelled", "params": {"requestId": 0}})
    assert wire.send({"id": 98, "method": "tools/call", "params": {"name": "spin"}}) == []


def test_an_id_that_is_under_way_is_refused_without_answering_for_the_other(wire):
    wire.send({"id": "a", "method": "tools/call", "params": {"name": "spin"}})
    for line in (b'{"jsonrpc":"2.0","id":"a","method":"ping"}', b'{"jsonrpc":"2.0","id":"\\u0061","method":"ping"}'):
        (reply,) = wire.send(line)
        assert reply["id"] is None and reply["error"]["code"] == codes.INVALID_REQUEST


@pytest.mark.parametrize("id", [0, "a", 2**70])
def test_a_cancelled_call_ends_within_a_slice_without_an_answer(wire, id):
    wire.send({"id": id, "method": "tools/call", "params": {"name": "spin"}})
    wire.run(3)
    assert wire.send({"method": "notifications/cancelled", "params": {"requestId": id, "reason": "tired"}}) == []
    assert wire.host.closed == 1
    assert wire.run() == [] and not wire.server.step()
    assert wire.result("ping", id=id) == {}


def test_closing_ends_what_is_under_way_without_a_word(wire):
    for id in (1, 2):
        wire.send({"id": id, "method": "tools/call", "params": {"name": "spin"}})
    wire.server.boot(wire.host.boot())
    assert wire.run(3) == [] and wire.server.booting
    wire.server.close()
    assert wire.host.closed == 2
    assert wire.lines() == [] and not wire.server.step()


def test_cancelling_what_is_not_there_is_ignored(wire):
    for params in (None, {}, {"requestId": 9}, {"requestId": None}, {"requestId": {}}, {"requestId": "\ud800"}):
        assert (
            wire.send(
                {"method": "notifications/cancelled", "params": params}
                if params is not None
                else {"method": "notifications/cancelled"}
            )
            == []
        )


# Progress and log


@pytest.mark.parametrize("token", [0, 7, 1.5, "t", 'é"', ""])
def test_progress_is_sent_under_the_token_that_came(wire, token):
    wire.send({"id": 1, "method": "tools/call", "params": {"name": "count", "_meta": {"progressToken": token}}})
    notes = [line["params"] for line in wire.run() if line.get("method") == "notifications/progress"]
    assert notes == [{"progressToken": token, "progress": i, "total": 3} for i in range(3)]


def test_no_progress_without_a_token(wire):
    wire.send({"id": 1, "method": "tools/call", "params": {"name": "count"}})
    assert [line for line in wire.run() if line.get("method") == "notifications/progress"] == []


@pytest.mark.parametrize("token", [None, True, {}, [], "x" * 200])
def test_tokens_of_the_wrong_kind_are_refused(wire, token):
    assert (
        wire.error("tools/call", {"name": "count", "_meta": {"progressToken": token}})["code"] == codes.INVALID_PARAMS
    )


def logs(wire, meta):
    wire.send({"id": 1, "method": "tools/call", "params": {"name": "count", "_meta": meta}})
    return [line["params"] for line in wire.run() if line.get("method") == "notifications/message"]


def test_the_handshake_era_gets_logs_down_to_its_level(wire):
    said = {"_meta": {"wasmote/requestId": 1}, "level": "warning", "logger": "counter", "data": 'done "3"'}
    assert logs(wire, {}) == [said]
    wire.result("logging/setLevel", {"level": "error"})
    assert logs(wire, {}) == []
    assert wire.error("logging/setLevel", {"level": "shout"})["code"] == codes.INVALID_PARAMS


def test_the_modern_era_gets_logs_only_when_the_request_asks(wire):
    assert logs(wire, MODERN) == []
    assert logs(wire, {**MODERN, "io.modelcontextprotocol/logLevel": "error"}) == []
    assert len(logs(wire, {**MODERN, "io.modelcontextprotocol/logLevel": "debug"})) == 1


def test_whoever_overhears_gets_every_log_from_its_level_on(wire):
    wire.result("logging/setLevel", {"level": "error"})
    assert wire.result("wasmote/logs", {"level": "warning"}) == {}
    assert len(logs(wire, {})) == len(logs(wire, MODERN)) == 1
    wire.result("wasmote/logs", {"level": "error"})
    assert logs(wire, {}) == logs(wire, MODERN) == []
    assert len(logs(wire, {**MODERN, "io.modelcontextprotocol/logLevel": "debug"})) == 1
    wire.result("wasmote/logs", {"level": "debug"})
    assert wire.error("wasmote/logs", {"level": "shout"})["code"] == codes.INVALID_PARAMS
    assert wire.result("wasmote/logs") == {}
    assert logs(wire, {}) == logs(wire, MODERN) == []


# Changes


def test_a_changed_tool_list_is_announced_once(wire):
    wire.host.add("new")
    lines = wire.send({"id": 1, "method": "ping"})
    assert [line.get("method") for line in lines] == [None, "notifications/tools/list_changed"]
    assert len(wire.send({"id": 1, "method": "ping"})) == 1


def listen(wire, id, **filters):
    return wire.send(
        {"id": id, "method": "subscriptions/listen", "params": {"notifications": filters, "_meta": MODERN}}
    )


def test_a_subscription_is_acknowledged_then_tagged(wire):
    (ack,) = listen(wire, "s", toolsListChanged=True, promptsListChanged=False, other=True)
    assert ack["method"] == "notifications/subscriptions/acknowledged"
    assert ack["params"] == {"_meta": {SUBSCRIPTION: "s"}, "notifications": {"toolsListChanged": True}}
    wire.host.add("new")
    plain, tagged = wire.send({"id": "s", "method": "ping"})[1:]
    assert plain == {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
    assert tagged["params"]["_meta"] == {SUBSCRIPTION: "s"}


def test_a_cancelled_subscription_is_silent(wire):
    listen(wire, 5, toolsListChanged=True)
    assert wire.send({"method": "notifications/cancelled", "params": {"requestId": 5}}) == []
    wire.host.add("new")
    assert len(wire.send({"id": 1, "method": "ping"})) == 2


def test_the_oldest_of_too_many_subscriptions_is_ended(wire):
    for id in range(4):
        assert len(listen(wire, id, toolsListChanged=True)) == 1
    ended, ack = listen(wire, 4)
    assert (
        ended["id"] == 0
        and ended["result"]["_meta"] == {SUBSCRIPTION: 0}
        and ended["result"]["resultType"] == "complete"
    )
    assert ack["params"]["notifications"] == {}


def test_a_guest_forges_no_line_with_the_line_breaks_in_its_log_data(wire):
    def forge(arguments, notify):
        notify("log", "error", "guest", "m", b'{"a":\r\n\n{"jsonrpc":"2.0","id":1,"result":{}}\n}')
        yield
        return ["done"], False

    wire.host.tools.append(Tool("forge", forge))
    wire.result("logging/setLevel", {"level": "debug"})
    logged, reply = wire.send({"id": 1, "method": "tools/call", "params": {"name": "forge"}}) + wire.run()
    assert logged["params"]["data"]["data"] == {"a": {"jsonrpc": "2.0", "id": 1, "result": {}}}
    assert reply["result"]["content"] == [{"type": "text", "text": "done"}]


@pytest.mark.parametrize("tools", [[], ["echo"]])
def test_an_unknown_tool_names_the_components_that_did_not_load(wire, tools):
    entry = {"name": "stall", "state": "failed", "tools": [], "error": "it did not start within 9 ms"}
    wire.host.tools = [Tool(name, fake_host.echo) for name in tools]
    wire.host.list = lambda: [entry, {"name": "crashed", "state": "failed", "tools": ["echo"]}]
    text = wire.result("tools/call", {"name": "x"})["content"][0]["text"]
    assert text.endswith(' "stall" is stored but did not load: it did not start within 9 ms.')
    assert "none yet" not in text and "crashed" not in text
