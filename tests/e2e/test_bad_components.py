"""Components that cannot be: each gets one clear error, the board stays up, what was stored before is still in service."""

import base64
import time
import zlib

import pytest
import wasmtime

COMPONENT = b"\0asm\x0d\0\x01\0"


@pytest.fixture(scope="module", autouse=True)
def thermometer(wasmote, examples):
    code, _, err = wasmote("push", examples / "thermometer.wasm")
    assert code == 0, err


def push(bridge, name, data, size=None, crc32=None):
    """Push by hand, without the checks that `wasmote push` makes; the last answer."""
    chunk = bridge.ask("wasmote/info")["result"]["limits"]["chunkBytes"]
    size = len(data) if size is None else size
    for offset in range(0, max(1, len(data)), chunk):
        params = {
            **{"name": name, "size": size, "offset": offset},
            **{"data": base64.b64encode(data[offset : offset + chunk]).decode()},
            "crc32": zlib.crc32(data) if crc32 is None else crc32,
        }
        answer = bridge.ask("wasmote/push", params)
        for _ in range(4):  # as `wasmote push`: a full heap may have room a moment later
            if answer.get("error", {}).get("code") != -32010:
                break
            time.sleep(0.5)
            answer = bridge.ask("wasmote/push", params)
        if "error" in answer:
            break
    return answer


def component(text):
    return bytes(wasmtime.wat2wasm(text))


def padded(size):
    """A component that says nothing at length: one custom section."""
    body = b"\x01x" + bytes(size)
    length = len(body)
    return COMPONENT + b"\0" + bytes([length & 127 | 128, length >> 7 & 127 | 128, length >> 14]) + body


DATA = "".join(f'(data (i32.const {kilobyte * 1024}) "x")' for kilobyte in range(100))  # 100 KiB that are used
LARGE_MEMORY = f"(core module $m (memory 2) {DATA})(core instance (instantiate $m))"
UNKNOWN = '(import "wasi:filesystem/preopens@0.2.0" (instance (export "get" (func (result u32)))))'
STARTS_WITH_A_TRAP = "(core module $m (func $f unreachable) (start $f))(core instance (instantiate $m))"
INVALID = "(core module $m (func (result i32) i64.const 1) (memory 1))(core instance (instantiate $m))"

BAD = {
    "not wasm": (lambda good: b"#!/bin/sh\necho hello\n", ["magic"]),
    "empty after the preamble of another version": (lambda good: b"\0asm\x0b\0\x01\0", ["version"]),
    "a core module": (lambda good: component("(module)"), ["core module"]),
    "an invalid core module": (lambda good: component(f"(component {INVALID})"), ["type mismatch", "offset 0x"]),
    "truncated in the middle": (lambda good: good[: len(good) // 2], ["offset 0x"]),
    "truncated by a byte": (lambda good: good[:-1], ["offset 0x"]),
    "an unknown import": (lambda good: component(f"(component {UNKNOWN})"), ["wasi:filesystem/preopens@0.2.0"]),
    "too large for the arena": (lambda good: component(f"(component {LARGE_MEMORY})"), ["memory"]),
    "trapping while it starts": (lambda good: component(f"(component {STARTS_WITH_A_TRAP})"), ["unreachable"]),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_component_is_refused_and_changes_nothing(bridge, examples, what):
    make, says = BAD[what]
    before = bridge.ask("wasmote/info")["result"]
    error = push(bridge, "bad", make((examples / "thermometer.wasm").read_bytes()))["error"]
    assert all(one in error["message"] for one in says), error
    assert len(error["message"]) < 400 and "bad" in error["message"], error
    after = bridge.ask("wasmote/info")["result"]
    assert [one["name"] for one in after["components"]] == ["thermometer"]
    assert after["arena"]["freeBytes"] == before["arena"]["freeBytes"]
    assert bridge.call("read")[1] is False


def test_a_bad_update_leaves_the_old_component_in_service(bridge, examples):
    bridge.call("calibrate", {"offset": 123})
    good = (examples / "thermometer.wasm").read_bytes()
    assert "error" in push(bridge, "thermometer", good[:-10])
    assert bridge.call("read")[1] is False
    assert bridge.ask("wasmote/load", {"name": "thermometer"})["result"]["component"]["state"] == "ready"


def test_a_wrong_checksum_is_refused(bridge, examples):
    error = push(bridge, "bad", (examples / "textkit.wasm").read_bytes(), crc32=12345)["error"]
    assert error["code"] == -32007 and "checksum" in error["message"]
    assert bridge.call("read")[1] is False


def test_larger_than_the_board_takes(bridge):
    limit = bridge.ask("wasmote/info")["result"]["limits"]["componentBytes"]
    error = push(bridge, "bad", b"x", size=limit + 1)["error"]
    assert error["code"] == -32011 and str(limit) in error["message"]


def test_a_chunk_that_is_not_the_next_names_the_next(bridge, examples):
    data = (examples / "textkit.wasm").read_bytes()
    first = {"name": "cut", "size": len(data), "crc32": zlib.crc32(data), "data": base64.b64encode(data[:512]).decode()}
    assert bridge.ask("wasmote/push", {**first, "offset": 0})["result"]["offset"] == 512
    error = bridge.ask("wasmote/push", {**first, "offset": 2048})["error"]
    assert error["code"] == -32006 and error["data"] == {"offset": 512}


@pytest.mark.parametrize("name", ["", "Upper", "../x", "a/b", "-x", "x" * 33, "ü"])
def test_a_name_that_is_none(bridge, name):
    error = push(bridge, name, b"x")["error"]
    assert error["code"] == -32602 and "name" in error["message"]


@pytest.mark.parametrize("method", ["wasmote/remove", "wasmote/load", "wasmote/unload"])
def test_a_component_that_is_not_there(bridge, method):
    error = bridge.ask(method, {"name": "nobody"})["error"]
    assert error["code"] == -32005 and "nobody" in error["message"]


@pytest.mark.parametrize(
    "params",
    [None, {}, {"name": 7}, {"name": "x", "size": "7"}, {"name": "x", "size": 1, "offset": 0, "crc32": 1, "data": "*"}],
)
def test_a_push_that_lacks_something(bridge, params):
    assert bridge.ask("wasmote/push", params)["error"]["code"] == -32602


def test_the_command_says_it_in_one_line(wasmote, examples, tmp_path):
    file = tmp_path / "short.wasm"
    file.write_bytes((examples / "textkit.wasm").read_bytes()[:-100])
    code, out, err = wasmote("push", file)
    assert (code, out) == (1, "") and err.count("\n") == 1 and "short" in err
