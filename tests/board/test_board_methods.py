"""What wasmote adds to MCP: boot, and the methods wasmote/* that manage the board."""

import base64
import binascii
import json

import pytest
from server_wire import TOOLS
from wasmote.jsonrpc import codes
from wasmote.mcp.management import CHUNK

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


@pytest.mark.parametrize("modern", [False, True])
def test_a_configuration_is_set_asked_and_pushed(wire, modern):
    wanted = {"env": {"A": "ü"}, "files": 1}
    answer = wire.result("wasmote/configure", {"name": "a", "config": wanted}, modern=modern)
    assert answer["component"] == {"name": "a"}
    answer = wire.result("wasmote/configuration", {"name": "a"}, modern=modern)
    assert (answer["config"], answer["effective"]) == (wanted, {"args": [], "files": 0})
    line = b'{"jsonrpc":"2.0","id":1,"method":"wasmote/configure","params":{"name":"a","config":{\r\n"args":[]}}}'
    wire.send(line)
    wire.run()
    assert wire.host.configurations["a"] == b'{  "args":[]}', "one line, as it is answered"
    params = {"name": "b", "size": 9, "offset": 0, "data": "YWJj", "crc32": 1}
    wire.result("wasmote/push", params, modern=modern)
    assert "b" not in wire.host.configurations
    wire.result("wasmote/push", {**params, "config": {"args": ["x"]}}, modern=modern)
    assert json.loads(wire.host.configurations["b"]) == {"args": ["x"]}


@pytest.mark.parametrize("config", [None, [], "{}", 1])
def test_a_configuration_must_be_an_object(wire, config):
    error = wire.error("wasmote/configure", {"name": "a", "config": config})
    assert error["code"] == codes.INVALID_PARAMS and 'must be an object, like {"env"' in error["message"]
    assert wire.error("wasmote/configure", {"name": "a"})["code"] == codes.INVALID_PARAMS
    assert wire.error("wasmote/configuration", {"name": "a"})["code"] == codes.NOT_FOUND


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
