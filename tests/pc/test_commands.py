"""What the commands print, for people and for programs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import wasmote
from wasmote.cli import app
from wasmote.commands import tables

pytestmark = pytest.mark.anyio
VERBS = [command.name or command.callback.__name__ for command in app.registered_commands]


async def test_info_shows_memory_and_limits(board):
    code, out, err = await wasmote("info", board.url)
    assert (code, err) == (0, "")
    assert "FAKE: wasmote 0 on MicroPython 1.25.0, engine c" in out
    assert "arena" in out and "64.0 KiB" in out and "33%" in out and "messageBytes 16384" in out


async def test_json_is_the_boards_own_answer(board):
    code, out, _ = await wasmote("info", board.url, "--json")
    assert code == 0 and json.loads(out)["session"] == board.session
    assert json.loads((await wasmote("ls", board.url, "--json"))[1]) == []


async def test_an_empty_board_says_how_to_go_on(board):
    assert "wasmote push PORT FILE.wasm" in (await wasmote("ls", board.url))[1]


async def test_call_prints_the_text_and_shows_progress(board):
    code, out, err = await wasmote("call", board.url, "count", '{"to": 2}')
    assert (code, out) == (0, '{"to": 2}\n')
    assert err.splitlines() == ["progress 1", "progress 2"]


async def test_words_are_arguments_with_the_types_of_the_schema(board):
    board.schemas["echo"] = {"type": "object", "properties": {"n": {"type": "integer"}, "s": {"type": "string"}}}
    assert await wasmote("call", board.url, "echo", "n=7", "s=7") == (0, '{"n": 7, "s": "7"}\n', "")
    code, _, err = await wasmote("call", board.url, "echo", "n=x")
    assert code == 2 and "n=x: it must be an integer" in err
    code, _, err = await wasmote("call", board.url, "echo", "m=1")
    assert code == 0 and err == "echo does not know m: it takes [n=<integer>] [s=<string>]\n"
    code, _, err = await wasmote("call", board.url, "ecko", "n=1")
    assert code == 1 and 'no tool "ecko"; there are: echo, count, break' in err


async def test_json_of_a_call_is_the_result(board):
    code, out, _ = await wasmote("call", board.url, "break", "--json")
    assert code == 1 and json.loads(out)["isError"] is True
    assert json.loads((await wasmote("reset", board.url, "--json"))[1]) == {}


async def test_a_tool_that_fails_ends_with_one(board):
    assert await wasmote("call", board.url, "break") == (1, "", "it broke\n")


@pytest.mark.parametrize("arguments, says", [("{unit:F}", "are no JSON"), ("[1]", "are a JSON object")])
async def test_arguments_that_are_no_object_are_explained(board, arguments, says):
    code, out, err = await wasmote("call", board.url, "echo", arguments)
    assert (code, out) == (2, "") and says in err and err.count("\n") == 1


async def test_reset_restarts_the_board(board):
    before = board.session
    assert (await wasmote("reset", board.url))[0] == 0
    assert board.session != before


@pytest.mark.parametrize("command", VERBS)
async def test_every_command_helps_with_an_example(command):
    code, out, _ = await wasmote(command, "--help")
    assert code == 0 and ("Example:" in out or '"args"' in out)


def test_components_are_shown_with_their_health(capsys, monkeypatch):
    monkeypatch.setattr(tables.out, "width", 200)  # whatever COLUMNS says, as pytest's workers do
    fresh = {"name": "a", "state": "ready", "tools": ["x", "y"], "lastError": '"x" failed: unreachable'}
    used = {"memoryBytes": 12288, "peakMemoryBytes": 13312, "memoryLimitBytes": 65536, "calls": 7, "traps": 2, "restarts": 1,
            "fuel": 192_840_516, "runMs": 12_340}  # fmt: skip
    tables.components([{**fresh, **used}, {"name": "b", "state": "quarantined", "error": "crashed"}])
    out, err = capsys.readouterr()
    heads, first, second = ([word.strip() for word in line.split("  ") if word.strip()] for line in out.splitlines())
    assert " ".join(heads) == "component bytes state memory peak limit calls traps restarts fuel ran tools"
    assert first == ["a", "ready", "12.0 KiB", "13.0 KiB", "64.0 KiB", "7", "2", "1", "192.8 M", "12.3 s", "x, y"]
    assert "quarantined" in second
    assert err == 'a: the last error was: "x" failed: unreachable\nb: crashed\n'


@pytest.mark.parametrize(
    "arguments, code",
    [(["info", "{url}"], 0), (["rm", "{url}", "ghost"], 1), (["ls", "usb:1"], 2), (["nonsense"], 2), (["ls", "tcp:127.0.0.1:1"], 3)],
)  # fmt: skip
async def test_exit_codes_are_few_and_in_the_help(board, arguments, code):
    assert (await wasmote(*(word.format(url=board.url) for word in arguments)))[0] == code
    assert f"{code}: " in (await wasmote("--help"))[1]


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["info"], "missing argument 'PORT': `wasmote info --help` has an example; `wasmote boards` lists PORTs"),
        (["push", "tcp:x:1"], "missing argument 'FILE': `wasmote push --help` has an example"),
        (["pusk"], "no such command 'pusk'. Did you mean 'push'? `wasmote --help` has an example"),
        (["bridge", "unix:", "--http", "8080"], "--http 8080: an address is [HOST]:PORT, like :8080"),
        (["push", "tcp:x:1", "nothing.wasm"], "nothing.wasm: no such file"),
    ],
)
async def test_a_wrong_command_line_is_one_line(arguments, says):
    code, out, err = await wasmote(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1) and err.startswith(f"wasmote: {says}")


async def test_without_arguments_it_lists_the_verbs():
    code, out, _ = await wasmote()
    assert code == 0 and "wasmote push qemu:m0" in out and all(verb.strip("_") in out for verb in VERBS)


async def test_version_is_that_of_the_package():
    from wasmote import __version__

    assert await wasmote("--version") == (0, f"wasmote {__version__}\n", "")


@pytest.mark.parametrize(
    "typed, found",
    [
        (["info", "qemu"], ["qemu:m0", "qemu:m3", "qemu:rv32"]),
        (["info", "qemu", ":"], ["m0", "m3", "rv32"]),
        (["info", "qemu", ":", "m"], ["m0", "m3"]),
        (["call", "qemu", ":", "m0", "--js"], ["--json"]),
        (["ls", "unix", ":", "--js"], ["--json"]),
        (["install", "claude-d"], ["claude-desktop"]),
    ],
)
def test_bash_splits_words_at_colons(typed, found):
    words = {"COMP_WORDS": "\n".join(["wasmote", *typed]), "COMP_CWORD": str(len(typed))}
    environment = {**os.environ, "_WASMOTE_COMPLETE": "complete_bash", **words}
    command = Path(sys.executable).with_name("wasmote")
    done = subprocess.run([command], env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.splitlines()) == (0, found)


@pytest.mark.parametrize("typed, found", [("wasmote re", "reset"), ("wasmote info qemu:m", "qemu:m3")])
def test_a_shell_completes_verbs_and_ports(typed, found):
    command = Path(sys.executable).with_name("wasmote")
    environment = {**os.environ, "_WASMOTE_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": typed}
    done = subprocess.run([command], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and found in done.stdout.replace("\\", "")
