"""--record, `wasmote replay` and --log."""

import json

import pytest
from conftest import bridge_process, until, wasmote
from fake_board import MODERN, Asking, FakeBoard

pytestmark = pytest.mark.anyio
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {"elicitation": {}}, "clientInfo": {}}


def entries(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
async def recording(board, tmp_path):
    """A client that opens, lists, calls two tools at once, answers a question and leaves."""
    path = tmp_path / "recording.jsonl"
    board.tools.append("ask")
    take = board.take
    Asking(board)
    async with bridge_process(board.url, "--record", str(path)) as client:
        await client.ask("initialize", INITIALIZE)
        await client.write({"method": "notifications/initialized"})
        await client.ask("tools/list")
        await client.ask("tools/call", {"name": "echo", "arguments": {"x": 1.50}})
        await client.write({"id": "q", "method": "tools/call", "params": {"name": "ask", "arguments": {}}})
        while (question := await client.read()).get("method") != "elicitation/create":
            pass
        await client.write({"id": question["id"], "result": {"content": {"name": "Ada"}}})
        while (await client.read()).get("id") != "q":
            pass
        await client.write(b"not json")
        await client.read()
        await client.write({"id": "lost", "method": "tools/call", "params": {"name": "count", "arguments": {}}})
        await until(lambda: board._tasks)
    board.take = take
    return path


async def test_every_message_is_in_it_with_time_way_client_and_board(recording, board):
    start, *found = entries(recording)
    assert start["way"] == "start" and start["message"].startswith("wasmote ")
    assert [entry["time"] for entry in found] == sorted(entry["time"] for entry in found)
    for entry in found:
        towards_client = "client" in entry["way"]
        assert (entry["client"], entry["board"]) == ((1, None) if towards_client else (None, board.url))
    said = [entry["message"] for entry in found if entry["way"] == "client>bridge"]
    assert "not json" in said and len(said) == 8
    call = '"name": "echo", "arguments": {"x": 1.5}}}'
    assert [entry["way"] for entry in found if call in entry["message"]] == ["client>bridge", "bridge>board"]
    answers = [entry["way"] for entry in found if '{\\"x\\": 1.5}' in entry["message"]]
    assert answers == ["board>bridge", "bridge>client"]


async def test_a_replay_finds_no_difference_on_the_same_board(recording, board):
    Asking(board)
    code, out, err = await wasmote("replay", recording, board.url)
    assert (code, out) == (0, "5 answers, no difference\n"), err


async def test_clients_of_two_bridges_in_one_recording_are_not_the_same(board, tmp_path):
    path = tmp_path / "two"
    for text in ("first", "second"):
        async with bridge_process(board.url, "--record", str(path)) as client:
            await client.ask("tools/call", {"name": "echo", "arguments": {"x": text}})
    async with FakeBoard() as other:
        other.call = lambda number, params: answer_last(other, number, params)
        code, out, _ = await wasmote("replay", path, other.url)
        assert code == 1 and "2 answers, 2 differences" in out
        assert "client 1: tools/call" in out and "client 2.1: tools/call" in out


async def answer_last(board, number, params):
    board.say({"id": number, "result": {**MODERN, "content": [{"type": "text", "text": "other"}], "isError": False}})


async def test_a_replay_says_what_is_different(recording):
    async with FakeBoard() as other:
        other.tools = ["echo", "count"]
        Asking(other)
        code, out, _ = await wasmote("replay", recording, other.url)
        assert (
            code == 1
            and "client 1: tools/list (id 2): result.tools was [" in out
            and "5 answers, 1 difference\n" in out
        )
        code, out, _ = await wasmote("replay", recording, other.url, "--json")
        assert code == 1 and json.loads(out)["answers"] == 5 and len(json.loads(out)["differences"]) == 1


@pytest.mark.parametrize(
    "text, code, says",
    [
        (None, 2, "No such file"),
        ("nonsense\n", 1, "line 1 is none of a recording"),
        ('{"way":"client>bridge"}\n', 1, "line 1 is none"),
        ("", 1, "no client says anything"),
    ],
)
async def test_what_is_no_recording_is_one_line(board, tmp_path, text, code, says):
    path = tmp_path / "file"
    if text is not None:
        path.write_text(text)
    found, _, err = await wasmote("replay", path, board.url)
    assert found == code and says in err and err.count("\n") == 1


async def test_a_replay_without_a_board_fails(recording):
    code, _, err = await wasmote("replay", recording, "tcp:127.0.0.1:1")
    assert code == 3 and "nothing answers at 127.0.0.1:1" in err


async def test_what_the_bridge_says_goes_to_a_file(board, tmp_path):
    async with bridge_process(board.url, "--log", str(tmp_path / "log")) as client:
        await client.ask("ping")
        client.process.stdin.close()
        assert await client.process.stderr.read() == b""
    assert "FAKE is ready" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("option", ["--record", "--log"])
async def test_a_file_that_cannot_be_written_is_one_line(board, tmp_path, option):
    code, out, err = await wasmote("bridge", board.url, option, tmp_path / "no/such")
    assert (code, out) == (1, "") and f"{option} " in err and "No such file" in err and err.count("\n") == 1
