"""`logs`, `top` and `bench`: what they show of a board, and how they end."""

import asyncio
import contextlib
import json
import os
import pty
import signal

import pytest
from conftest import WASMOTE, running_hub, until, wasmote
from test_logs import Logging
from wasmote.board.rates import Rates

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def running(*arguments, stdout=asyncio.subprocess.PIPE):
    """A command that does not end by itself; ended by Ctrl-C."""
    process = await asyncio.create_subprocess_exec(
        *WASMOTE, *arguments, stdout=stdout, stderr=asyncio.subprocess.PIPE, env=dict(os.environ)
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 20) == 130


async def line(process):
    return (await asyncio.wait_for(process.stdout.readline(), 20)).decode().rstrip()


async def test_logs_show_the_past_and_with_f_go_on(board):
    logging = Logging(board)
    async with running_hub(board.url) as hub:
        await until(lambda: hub.door._server)
        logging.log("info", {"logger": "thermometer"})
        logging.log("warning", {"logger": "other"})
        await until(lambda: len(hub._logs._kept) == 2)
        code, out, err = await wasmote("logs", board.url)
        assert (code, err) == (0, "")
        assert [words.split(" ", 1)[1] for words in out.splitlines()] == [
            "info thermometer: said",
            "warning other: said",
        ]
        assert (await wasmote("logs", board.url, "--level", "warning"))[1].count("\n") == 1
        async with running("logs", board.url, "-f", "--json", "--component", "thermometer") as process:
            assert json.loads(await line(process))["level"] == "info"
            await until(lambda: logging.overheard == "info")
            logging.log("error", {"logger": "other"})
            logging.log("error", {"logger": "thermometer"})
            assert json.loads(await line(process)) == {"logger": "thermometer", "level": "error", "data": "said"}
        await until(lambda: logging.overheard is None)


async def test_logs_without_a_bridge_say_what_to_do_and_a_wrong_level_what_is_right(board):
    code, out, err = await wasmote("logs", board.url)
    assert (code, out) == (0, "") and "-f waits for the next ones" in err
    code, _, err = await wasmote("logs", board.url, "--level", "loud")
    assert code == 2 and "there are debug, info" in err


async def test_other_commands_work_while_logs_and_top_have_the_board(board):
    async with running("logs", board.url, "-f") as process:
        assert b"nothing was logged yet" in await process.stderr.readline()
        assert (await wasmote("ls", board.url))[0] == 0
    async with running("top", board.url, "--json", "--interval", "0.1") as process:
        await line(process)
        assert (await wasmote("ls", board.url))[0] == 0


async def test_top_is_one_table_or_many(board):
    board.flash["thing"] = b"x"
    async with running_hub(board.url):
        code, out, err = await wasmote("top", board.url, "--once")
        assert (code, err) == (0, "") and out.startswith("FAKE, up 1 s; arena 64.0 KiB free") and "thing" in out
        async with running("top", board.url, "--json", "--interval", "0.1") as process:
            first, second = [json.loads(await line(process)) for _ in range(2)]
            assert first["components"][0]["perSecond"] is None
            assert second["components"][0]["perSecond"] == {"calls": 0, "traps": 0, "fuel": 0, "runMs": 0}


async def test_top_is_live_on_a_terminal(board):
    ours, theirs = pty.openpty()
    board.flash["thing"] = b"x"
    async with running("top", board.url, "--interval", "0.1", stdout=theirs):
        shown = b""
        while shown.count(b"thing") < 3:
            shown += await asyncio.get_running_loop().run_in_executor(None, os.read, ours, 4096)
    for end in (ours, theirs):
        os.close(end)


async def test_top_goes_on_when_the_board_went_and_came(board):
    ours, theirs = pty.openpty()
    board.flash["thing"] = b"x"
    shown = b""

    async def until_shown(text):
        nonlocal shown
        while text not in shown:
            shown += await asyncio.get_running_loop().run_in_executor(None, os.read, ours, 4096)
        shown = b""

    async with running("top", board.url, "--interval", "0.1", stdout=theirs):
        await until_shown(b"thing")
        await board.unplug()
        await until_shown(b"away since")
        await board.plug()
        await until_shown(b"thing")
    for end in (ours, theirs):
        os.close(end)


def facts(session="a", **counts):
    return {"session": session, "components": [{"name": "x", **counts}]}


def test_rates_are_per_second_and_begin_anew_after_a_reset():
    clock = iter([0, 2, 4, 6, 8])
    rates = Rates(lambda: next(clock))

    def look(*args, **counts):
        return rates.look(facts(*args, **counts))[0]["perSecond"]

    assert look(calls=10, fuel=1000) is None
    assert look(calls=14, fuel=9000) == {"calls": 2, "traps": 0, "fuel": 4000, "runMs": 0}
    assert look("b", calls=1) is None
    assert look("b", calls=2)["calls"] == 0.5
    assert look("b", calls=0) is None  # pushed anew


async def test_bench_measures_the_line_and_a_tool(board):
    board.flash["thing"] = b"x"
    code, out, err = await wasmote("bench", board.url, "echo", "n=1", "--times", "3")
    assert (code, err) == (0, "") and "round trip of a ping" in out and "a call of echo" in out
    result = json.loads((await wasmote("bench", board.url, "echo", "--times", "3", "--json"))[1])
    assert result["link"]["roundTripMs"] > 0 and result["call"]["component"] == "thing" and not result["call"]["failed"]
    calls = [message for message in board.received if message["method"] == "tools/call"]
    assert len(calls) == 6 and calls[0]["params"]["arguments"] == {"n": 1}
    code, _, err = await wasmote("bench", board.url, "break", "--times", "1")
    assert code == 0 and "what was measured is its failure" in err
    assert (await wasmote("bench", board.url, "--times", "0"))[0] == 2
