"""WASI programs on boards: their lines arrive as log notifications, their files and stores outlive a reset."""

import json
import queue
import sys

import pytest
from conftest import ROOT, params

sys.path.insert(0, str(ROOT / "tests" / "wasi"))
from wasi_programs import OUT, posix, program


@pytest.fixture(scope="module", params=params("unix", "qemu:m0"))
def kind(request):
    return request.param


@pytest.fixture(scope="module", autouse=True)
def client(bridge):
    """A client of the handshake era hears what is logged outside of its calls."""
    client = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "0"}}
    bridge.ask("initialize", client)
    bridge.send({"method": "notifications/initialized"})
    return bridge


@pytest.fixture
def lines(client):
    """lines(until): (level, text) of what was logged up to and with a text."""

    def lines(until):
        heard = []
        while not heard or heard[-1][1] != until:
            message = client.notifications.get(timeout=60)
            if message["method"] == "notifications/message":
                assert message["params"]["logger"] == "it"
                heard.append((message["params"]["level"], message["params"]["data"]))
        return heard

    while True:
        try:
            client.notifications.get_nowait()
        except queue.Empty:
            return lines


def file(name, world=None, *defines):
    path = OUT / f"{world or name}.wasm"
    path.write_bytes(program(name, world, *defines))
    return path


def push(wasmote, file, *arguments, tmp_path, **members):
    settings = tmp_path / "it.json"
    settings.write_text(json.dumps({"args": list(arguments), **members}))
    code, out, err = wasmote("push", file, "--name", "it", "--config", settings)
    assert code == 0, err
    return out


def configure(wasmote, *commands):
    """Runs the program again, with these commands."""
    code, _, err = wasmote("configure", "it", "--unset", "args", *(f"--arg={command}" for command in commands))
    assert code == 0, err


def test_a_program_prints_to_the_log(wasmote, lines, tmp_path):
    out = push(wasmote, file("streams"), "x", tmp_path=tmp_path, env={"UNIT": "°C"})
    assert "ready" in out
    heard = lines("the end")
    assert heard[:2] == [("info", "arguments it x"), ("info", "UNIT is °C")]
    assert ("warning", "half a line") in heard and ("info", "random bytes 16") in heard


def test_files_outlive_a_reset(wasmote, lines, tmp_path):
    commands = (
        "mkdir 0 d",
        "open 0 1 d/a 1 3",
        "pour 1 0 5000",
        "size 1 4500",
        "append 1 9",
        "open 0 2 ../x 1 3",
        "list 0",
    )
    push(wasmote, file("files"), *commands, files=5 * 4096, tmp_path=tmp_path)
    assert [text for _, text in lines("ok d/")] == ["preopen /", "ok", "ok", "ok", "ok", "ok", "error 31", "ok d/"]
    assert wasmote("reset")[0] == 0
    assert [text for _, text in lines("ok d/")][:2] == ["preopen /", "error 7"], "it ran again when the board booted"
    configure(wasmote, "open 0 1 d/a 0 3", "read 1 30 4490", "mkdir 0 e", "stat 0 d/a")
    expected = "".join(chr(97 + i % 1000 % 26) for i in range(4490, 4500)) + "abcdefghi"
    assert [text for _, text in lines("ok file 4509 dated")] == [
        *("preopen /", "ok", f"ok end {expected}", "error 6", "ok file 4509 dated"),
    ]


def test_an_unmodified_posix_program_finds_its_files(wasmote, lines, tmp_path):
    """wasi-libc and the adapter from preview 1: 63 KB of component on 96 KiB of arena."""
    data = posix("posix")
    if data is None:
        pytest.skip("no adapter from preview 1: scripts/setup/guests.sh installs it")
    wasmote("rm", "it")  # and what other tests left in its folder
    assert wasmote("reset")[0] == 0  # it takes nearly all of the board
    (tmp_path / "posix.wasm").write_bytes(data)
    push(wasmote, tmp_path / "posix.wasm", files=5 * 4096, memory=96, tmp_path=tmp_path)
    heard = lines("done")
    assert heard[0] == ("info", "open 4") and heard[-2:] == [("info", "unlink 0"), ("warning", "done")]
    assert [text for _, text in heard[-5:-2]] == ["write errno 19", "blocks 20", "close 0"]


def test_a_store_outlives_a_reset(wasmote, lines, tmp_path):
    push(
        wasmote,
        file("keyvalue"),
        "set 0 a one",
        "increment 0 n 41",
        "churn 0 key 60",
        "keys 0",
        store=4096,
        tmp_path=tmp_path,
    )
    assert [text for _, text in lines("a key n in pages 1")] == ["ok", "is 41", "ok", "a key n in pages 1"]
    assert wasmote("reset")[0] == 0
    assert "is 82" in [text for _, text in lines("a key n in pages 1")], "it ran again when the board booted"
    configure(wasmote, "get 0 a", "increment 0 n 1", "keys 0")
    assert [text for _, text in lines("a key n in pages 1")] == ["one", "is 83", "a key n in pages 1"]
