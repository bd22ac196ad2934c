"""The MCP server over a host without WebAssembly: both eras, calls in turn, cancellation, errors of one line each."""

import base64
import binascii
import json
from pathlib import Path

import fake_host
import pytest
from fake_host import FakeHost, Tool
from hypothesis import given, settings
from hypothesis import strategies as st
from wasmote.jsonrpc import codes
from wasmote.mcp import Server
from wasmote.mcp.board import CHUNK, Board
from wasmote.mcp.server import CALLS
from wasmote.mcp.tools import PAGE

CAPTURES = sorted((Path(__file__).parent / "captures").glob("*.jsonl"))
VERSION = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
MODERN = {VERSION: "2026-07-28", CAPABILITIES: {}}

TOOLS = ("echo", "spin", "count", "breaks", "starves", "long")


class Wire:
    """A server and what it has written. Every line of it must be JSON."""

    def __init__(self, *names):
        self.host = FakeHost(*[Tool(name, getattr(fake_host, name)) for name in names or TOOLS])
        self.written = bytearray()
        self.resets = 0
        self.server = Server(self.host, self.written.extend, Board("QEMU_M0", "00c0ffee", self._reset, 16384))

    def _reset(self):
        self.resets += 1

    def lines(self):
        data = bytes(self.written)
        self.written.clear()
        assert data.endswith(b"\n") or not data
        return [json.loads(line) for line in data.splitlines()]

    def send(self, line):
        """The lines at once after `line` (bytes or a message)."""
        if not isinstance(line, bytes):
            line = json.dumps({"jsonrpc": "2.0", **line}).encode()
        buffer = bytearray(line)
        self.server.receive(memoryview(buffer))
        buffer[:] = b"#" * len(buffer)  # the link reuses it
        return self.lines()

    def run(self, turns=100):
        """The lines of the next turns."""
        while turns and self.server.step():
            turns -= 1
        return self.lines()

    def ask(self, method, params=None, id=1, modern=False):
        """The one reply to a request."""
        if modern:
            params = {**(params or {}), "_meta": {**MODERN, **(params or {}).get("_meta", {})}}
        message = {"id": id, "method": method}
        if params is not None:
            message["params"] = params
        replies = [line for line in self.send(message) + self.run() if "id" in line]
        assert len(replies) == 1, replies
        assert replies[0]["id"] == id
        return replies[0]

    def result(self, *arguments, **options):
        reply = self.ask(*arguments, **options)
        assert "result" in reply, reply
        return reply["result"]

    def error(self, *arguments, **options):
        reply = self.ask(*arguments, **options)
        assert "error" in reply, reply
        assert reply["error"]["message"]
        return reply["error"]


@pytest.fixture(name="wire")
def _wire():
    return Wire()


# The handshake era


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
def test_initialize_takes_up_a_version_it_knows(wire, version):
    result = wire.result(
        "initialize", {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    )
    assert result["protocolVersion"] == version
    assert result["capabilities"]["tools"] == {"listChanged": True}
    assert result["serverInfo"]["name"] == "wasmote"


@pytest.mark.parametrize("version", ["1999-01-01", "2026-07-28", ""])
def test_initialize_offers_its_newest_for_others(wire, version):
    assert wire.result("initialize", {"protocolVersion": version})["protocolVersion"] == "2025-11-25"


def test_initialize_without_a_version_is_refused(wire):
    assert wire.error("initialize")["code"] == codes.INVALID_PARAMS
    assert wire.error("initialize", {"protocolVersion": 1})["code"] == codes.INVALID_PARAMS


@pytest.mark.parametrize("id", [0, -1, 2**70, "", 'a"b\\é'])
def test_answers_with_the_id_that_came(wire, id):
    assert wire.result("ping", id=id) == {}


def test_notifications_are_not_answered(wire):
    for method in (
        "notifications/initialized",
        "notifications/roots/list_changed",
        "notifications/x",
        "ping",
        "tools/call",
    ):
        assert wire.send({"method": method}) == []
        assert wire.send({"method": method, "params": {"requestId": 1}}) == []
        assert wire.send({"method": method, "params": None}) == []
        assert (
            wire.send(b'{"jsonrpc":"2.0","method":"%s","params":{"requestId":1,"requestId":2}}' % method.encode()) == []
        )
    assert wire.run() == []


def test_responses_are_not_answered(wire):
    assert wire.send({"id": 1, "result": {}}) == wire.send({"id": 1, "error": {"code": 1, "message": ""}}) == []


@pytest.mark.parametrize(
    "method", ["prompts/list", "resources/list", "completion/complete", "tools", "", "wasmote/x", "x" * 200]
)
def test_other_methods_are_not_found_in_either_era(wire, method):
    for modern in (False, True):
        assert wire.error(method, modern=modern)["code"] == codes.METHOD_NOT_FOUND


# The modern era


def test_discover_says_what_is_supported(wire):
    result = wire.result("server/discover", modern=True)
    assert result["supportedVersions"] == ["2026-07-28"]
    assert result["resultType"] == "complete"
    assert result["ttlMs"] >= 0 and result["cacheScope"] in ("private", "public")
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "wasmote"


@pytest.mark.parametrize("missing", [VERSION, CAPABILITIES])
def test_a_modern_request_without_its_meta_is_refused_by_name(wire, missing):
    meta = {key: value for key, value in MODERN.items() if key != missing}
    error = wire.error("server/discover", {"_meta": meta})
    assert error["code"] == codes.INVALID_PARAMS and missing in error["message"]


def test_modern_only_methods_need_meta(wire):
    for params in (None, {}, {"_meta": {}}):
        assert wire.error("server/discover", params)["code"] == codes.INVALID_PARAMS
        assert wire.error("subscriptions/listen", params)["code"] == codes.INVALID_PARAMS


def test_a_version_from_the_future_is_told_what_there_is(wire):
    for method in ("server/discover", "tools/list", "nothing/such"):
        error = wire.error(method, {"_meta": {**MODERN, VERSION: "2030-01-01"}})
        assert error["code"] == codes.UNSUPPORTED_VERSION
        assert error["data"]["requested"] == "2030-01-01"
        assert "2026-07-28" in error["data"]["supported"]


@pytest.mark.parametrize(
    "meta",
    [
        5,
        [],
        {VERSION: 5, CAPABILITIES: {}},
        {**MODERN, CAPABILITIES: 1},
        {**MODERN, "io.modelcontextprotocol/logLevel": "loud"},
    ],
)
def test_meta_of_the_wrong_shape_is_refused(wire, meta):
    assert wire.error("tools/list", {"_meta": meta})["code"] == codes.INVALID_PARAMS


@pytest.mark.parametrize("method, params", [("ping", {}), ("logging/setLevel", {"level": "info"})])
def test_what_the_modern_era_dropped_is_not_found_there(wire, method, params):
    assert wire.error(method, params, modern=True)["code"] == codes.METHOD_NOT_FOUND
    assert wire.result(method, params) == {}


def test_both_eras_alternate_on_one_wire(wire):
    wire.result("server/discover", modern=True)
    wire.result("initialize", {"protocolVersion": "2025-11-25"})
    assert "resultType" in wire.result("tools/list", modern=True)
    assert "resultType" not in wire.result("tools/list")


# tools/list


@pytest.mark.parametrize("modern", [False, True])
def test_lists_many_tools_in_pages_under_4_kb(modern):
    wire = Wire()
    wire.host.tools = [Tool(f"t{i}", fake_host.echo, size=i * 37 % 900) for i in range(40)]
    names, params, pages = [], {}, 0
    while True:
        result = wire.result("tools/list", params, modern=modern)
        assert len(json.dumps(result["tools"])) < 4096
        names += [tool["name"] for tool in result["tools"]]
        pages += 1
        if "nextCursor" not in result:
            break
        params = {"cursor": result["nextCursor"]}
    assert names == [f"t{i}" for i in range(40)]
    assert pages > 3


def test_a_tool_larger_than_a_page_has_a_page_of_its_own():
    wire = Wire()
    wire.host.tools = [
        Tool("small", fake_host.echo),
        Tool("large", fake_host.echo, size=PAGE),
        Tool("last", fake_host.echo),
    ]
    first = wire.result("tools/list")
    second = wire.result("tools/list", {"cursor": first["nextCursor"]})
    third = wire.result("tools/list", {"cursor": second["nextCursor"]})
    assert [[tool["name"] for tool in page["tools"]] for page in (first, second, third)] == [
        ["small"],
        ["large"],
        ["last"],
    ]
    assert "nextCursor" not in third


def test_an_empty_board_lists_nothing():
    wire = Wire()
    wire.host.tools = []
    assert wire.result("tools/list") == {"tools": []}
    assert wire.result("tools/list", {"cursor": None}) == {"tools": []}


@pytest.mark.parametrize("cursor", ["", "x", "1", "1.", ".1", "1.x", "-1.2", "9" * 30 + ".1", 5, {}, "0.1"])
def test_foreign_cursors_are_refused(wire, cursor):
    assert wire.error("tools/list", {"cursor": cursor})["code"] == codes.INVALID_PARAMS


def test_a_cursor_of_an_older_list_is_refused_and_says_what_to_do():
    wire = Wire()
    wire.host.tools = [Tool(f"t{i}", fake_host.echo, size=900) for i in range(10)]
    cursor = wire.result("tools/list")["nextCursor"]
    wire.host.add("new")
    assert "without a cursor" in wire.error("tools/list", {"cursor": cursor})["message"]


# tools/call


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
    assert logs(wire, {}) == [{"level": "warning", "logger": "counter", "data": 'done "3"'}]
    wire.result("logging/setLevel", {"level": "error"})
    assert logs(wire, {}) == []
    assert wire.error("logging/setLevel", {"level": "shout"})["code"] == codes.INVALID_PARAMS


def test_the_modern_era_gets_logs_only_when_the_request_asks(wire):
    assert logs(wire, MODERN) == []
    assert logs(wire, {**MODERN, "io.modelcontextprotocol/logLevel": "error"}) == []
    assert len(logs(wire, {**MODERN, "io.modelcontextprotocol/logLevel": "debug"})) == 1


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
    (ack,) = listen(wire, "s", toolsListChanged=True, promptsListChanged=True)
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


# Boot


def test_tools_wait_for_the_stored_components_and_ping_does_not(wire):
    wire.server.boot(wire.host.boot())
    assert (
        wire.send({"id": 1, "method": "tools/list"})
        == wire.send({"id": 2, "method": "tools/call", "params": {"name": "booted"}})
        == []
    )
    assert len(wire.send({"id": 3, "method": "ping"})) == 1
    ready, *replies = wire.run()
    assert ready["method"] == "wasmote/ready"
    assert ready["params"] == {"session": "00c0ffee", "board": "QEMU_M0", "tools": len(TOOLS) + 1}
    assert "booted" in [tool["name"] for tool in replies[0]["result"]["tools"]]
    assert replies[1]["result"]["isError"] is False


def test_ready_comes_even_if_the_boot_breaks(wire):
    def boot():
        yield
        raise OSError("flash")

    wire.server.boot(boot())
    lines = wire.run()
    assert [line.get("method") for line in lines] == ["wasmote/ready", None]
    assert wire.result("tools/list")["tools"]


# wasmote/*


def push(wire, name, data, chunk=CHUNK, crc32=None, **more):
    crc32 = binascii.crc32(data) if crc32 is None else crc32
    for offset in range(0, len(data), chunk):
        part = base64.b64encode(data[offset : offset + chunk]).decode()
        reply = wire.ask(
            "wasmote/push", {"name": name, "size": len(data), "offset": offset, "data": part, "crc32": crc32}, **more
        )
    return reply


@pytest.mark.parametrize("modern", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 4095, 4096, 4097, 10_000])
def test_pushes_a_file_in_chunks(wire, size, modern):
    data = bytes(i * 7 & 255 for i in range(size))
    assert push(wire, "a", data, modern=modern)["result"]["complete"] is True
    assert wire.host.files["a"] == data


def test_base64_may_have_its_slashes_escaped(wire):
    data = b"\xff" * 9
    text = base64.b64encode(data).replace(b"/", b"\\/")
    wire.send(
        b'{"jsonrpc":"2.0","id":1,"method":"wasmote/push","params":{"name":"a","size":9,"offset":0,"crc32":%d,"data":"%s"}}'
        % (binascii.crc32(data), text)
    )
    wire.run()
    assert wire.host.files["a"] == data


def test_a_file_pushed_is_announced_after_the_reply(wire):
    data = base64.b64encode(b"abc").decode()
    wire.send(
        {
            "id": 1,
            "method": "wasmote/push",
            "params": {"name": "a", "size": 3, "offset": 0, "data": data, "crc32": binascii.crc32(b"abc")},
        }
    )
    assert [line.get("method", "reply") for line in wire.run()] == ["reply", "notifications/tools/list_changed"]


@pytest.mark.parametrize(
    "change, code",
    [
        ({"name": 1}, codes.INVALID_PARAMS),
        ({"size": -1}, codes.INVALID_PARAMS),
        ({"size": 1.5}, codes.INVALID_PARAMS),
        ({"size": 2**90}, codes.INVALID_PARAMS),
        ({"offset": "0"}, codes.INVALID_PARAMS),
        ({"crc32": None}, codes.INVALID_PARAMS),
        ({"data": 5}, codes.INVALID_PARAMS),
        ({"data": "YWJ"}, codes.INVALID_PARAMS),
        ({"data": "!!!!"}, codes.INVALID_PARAMS),
        ({"data": "A" * 6000}, codes.LIMIT),
        ({"offset": 7}, codes.WRONG_OFFSET),
        ({"crc32": 1}, codes.BAD_CHECKSUM),
    ],
)
def test_a_bad_push_is_refused(wire, change, code):
    params = {"name": "a", "size": 3, "offset": 0, "data": "YWJj", "crc32": binascii.crc32(b"abc"), **change}
    error = wire.error("wasmote/push", params)
    assert error["code"] == code
    if code == codes.WRONG_OFFSET:
        assert error["data"] == {"offset": 0}
    for missing in params:
        if change == {"name": 1}:
            less = {key: value for key, value in params.items() if key != missing}
            assert wire.error("wasmote/push", less)["code"] == codes.INVALID_PARAMS


def test_info_lists_and_removes(wire):
    push(wire, "a", b"abc")
    info = wire.result("wasmote/info")
    assert info["firmware"]["board"] == "QEMU_M0" and info["session"] == "00c0ffee"
    assert info["limits"] == {"chunkBytes": 4096, "messageBytes": 16384}
    assert {"arena", "heap", "components", "uptimeMs"} <= set(info)
    assert [component["name"] for component in wire.result("wasmote/list", modern=True)["components"]] == ["a"]
    assert wire.result("wasmote/remove", {"name": "a"}) == {"component": {"name": "a"}}
    assert wire.error("wasmote/remove", {"name": "a"})["code"] == codes.NOT_FOUND


def test_reset_answers_first(wire):
    assert wire.result("wasmote/reset") == {} and wire.resets == 1


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
