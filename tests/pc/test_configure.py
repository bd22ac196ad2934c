"""Configurations from the command line: shown, changed member by member, brought along with a push."""

import json
import os

import pytest
from conftest import wasmote

pytestmark = pytest.mark.anyio


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "thing.wasm"
    path.write_bytes(b"\0asm\x0d\0\x01\0" + os.urandom(250))
    return path


async def test_a_push_brings_the_configuration_with_its_last_chunk(board, file):
    code, _, err = await wasmote("push", board.url, file, "--allow", "wasi:mcp/*", "--env", "A=1=2", "--env", "B=")
    assert (code, err) == (0, "")
    assert board.configurations["thing"] == {"allow": ["wasi:mcp/*"], "env": {"A": "1=2", "B": ""}}
    chunks = [message["params"] for message in board.received if message["method"] == "wasmote/push"]
    assert ["config" in chunk for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    await wasmote("push", board.url, file, "--env", "C=3", "--memory", "84")
    assert board.configurations["thing"]["env"] == {"A": "1=2", "B": "", "C": "3"}, "what is not named stays"
    assert board.configurations["thing"]["memory"] == 84


async def test_a_push_without_options_leaves_it_alone(board, file):
    await wasmote("push", board.url, file)
    assert board.configurations == {}


async def test_configure_shows_and_changes_what_is_named(board, file):
    await wasmote("push", board.url, file, "--env", "A=1")
    code, out, _ = await wasmote("configure", board.url, "thing")
    assert code == 0 and '{"A": "1"}' in out
    assert [line.split() for line in out.splitlines()][-1] == ["memory", "64", "(default)"]
    options = ("--env", "B=2", "--arg=-v", "--arg", "x", "--files", "16K", "--store", "100", "--peer", "clock")
    code, out, err = await wasmote("configure", board.url, "thing", *options, "--memory", "32", "--timeout", "5000")
    assert (code, err) == (0, "")
    assert board.configurations["thing"] == {
        **{"env": {"A": "1", "B": "2"}, "args": ["-v", "x"], "files": 16384, "store": 100, "peers": ["clock"]},
        **{"memory": 32, "timeout_ms": 5000},
    }
    code, out, _ = await wasmote("configure", board.url, "thing", "--unset", "env", "--unset", "args", "--json")
    assert json.loads(out)["config"] == board.configurations["thing"]
    assert set(board.configurations["thing"]) == {"files", "store", "peers", "memory", "timeout_ms"}


async def test_to_unset_what_is_no_member_is_a_mistake(board, file):
    await wasmote("push", board.url, file)
    code, _, err = await wasmote("configure", board.url, "thing", "--env", "A=1", "--unset", "envs")
    assert code == 2 and "--unset envs: there is no such member; there are: " in err and "memory" in err
    assert board.configurations == {}


async def test_a_file_is_the_whole_configuration(board, file, tmp_path):
    await wasmote("push", board.url, file, "--env", "A=1")
    (tmp_path / "config.json").write_text('{"args": ["x"], "env": {"B": "2"}}')
    await wasmote("configure", board.url, "thing", "--config", tmp_path / "config.json", "--env", "C=3")
    assert board.configurations["thing"] == {"args": ["x"], "env": {"B": "2", "C": "3"}}


@pytest.mark.parametrize(
    "options, says",
    [
        (["--env", "A"], "--env A: a variable is NAME=VALUE, like --env LEVEL=debug"),
        (["--files", "16X"], "--files 16X: a size is a number of bytes, or of KiB or MiB with K or M, like 16K"),
        (["--config", "nowhere.json"], "nowhere.json: no such file"),
        (["--config", __file__], "is no JSON"),
    ],
)
async def test_a_mistake_is_one_line_and_nothing_is_asked_of_the_board(board, options, says):
    code, out, err = await wasmote("configure", board.url, "thing", *options)
    assert (code, out) == (2, "") and says in err and err.count("\n") == 1
    assert not [message for message in board.received if message["method"] == "wasmote/configure"]


async def test_there_must_be_such_a_component(board):
    code, _, err = await wasmote("configure", board.url, "ghost", "--env", "A=1")
    assert code == 1 and "there is no component ghost" in err
