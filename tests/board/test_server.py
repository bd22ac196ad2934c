"""The MCP server: both eras, calls in turn, cancellation, errors of one line each."""

import json

import fake_host
import pytest
from fake_host import Tool
from server_wire import CAPABILITIES, MODERN, VERSION, Wire
from wasmote.jsonrpc import codes
from wasmote.mcp.lists import PAGE

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


@pytest.mark.parametrize("version, said", [("2025-11-25", "begins with initialize"), ("1999-01-01", "not supported")])
def test_a_version_that_a_modern_request_cannot_have(wire, version, said):
    meta = {"io.modelcontextprotocol/protocolVersion": version, "io.modelcontextprotocol/clientCapabilities": {}}
    error = wire.error("tools/list", {"_meta": meta})
    assert error["code"] == codes.UNSUPPORTED_VERSION and error["data"]["requested"] == version
    assert said in error["message"]


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


@pytest.mark.parametrize("method", ["roots/list", "prompts", "tools", "", "wasmote/x", "x" * 200])
def test_other_methods_are_not_found_in_either_era(wire, method):
    for modern in (False, True):
        assert wire.error(method, modern=modern)["code"] == codes.METHOD_NOT_FOUND


# The modern era


def test_discover_says_what_is_supported(wire):
    result = wire.result("server/discover", modern=True)
    assert result["supportedVersions"] == ["2026-07-28", "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
    error = wire.error("server/discover", {"_meta": {**MODERN, VERSION: "2030-01-01"}})
    assert error["data"]["supported"] == result["supportedVersions"]
    assert result["resultType"] == "complete"
    assert result["ttlMs"] >= 0 and result["cacheScope"] in ("private", "public")
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "wasmote"


def test_the_modern_era_has_no_initialize(wire):
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    assert wire.error("initialize", params, modern=True)["code"] == codes.METHOD_NOT_FOUND
    assert wire.error("initialize", modern=True)["code"] == codes.METHOD_NOT_FOUND
    for meta in ({}, {VERSION: "2025-11-25"}, {"progressToken": 1}):
        assert wire.result("initialize", {**params, "_meta": meta})["protocolVersion"] == "2025-11-25"


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
