"""Pushing components: chunks, resuming after a cut, refusals before a byte is sent."""

import asyncio
import json
import os
import zlib

import pytest
from conftest import wasmote
from fake_board import FakeBoard
from wasmote.board import fit
from wasmote.board import methods as management
from wasmote.board.methods import Board, component_file
from wasmote.board.session import session
from wasmote.errors import CallError, Failed

pytestmark = pytest.mark.anyio
COMPONENT = b"\0asm\x0d\0\x01\0" + os.urandom(950)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(management, "_PAUSE", 0.01)


def pushes(board):
    return [message["params"]["offset"] for message in board.received if message["method"] == "wasmote/push"]


async def test_a_component_arrives_whole_and_progress_is_told(board):
    told = []
    async with session(board.url) as asked:
        record = await Board(asked).push("thing", COMPONENT, told.append)
    assert board.flash["thing"] == COMPONENT and record["name"] == "thing"
    assert told == [*range(0, len(COMPONENT), 100), len(COMPONENT)]


async def test_a_push_cut_by_a_reset_goes_on_where_it_was(board):
    async with session(board.url) as asked:
        answer, cut = board.answer, [5]

        async def cutting(method, params):
            if method == "wasmote/push" and params["data"]:
                cut[0] -= 1
                if cut[0] == 0:
                    await board.reset()
                    await asyncio.sleep(0.1)  # the answer comes after the reset: nobody waits for it any more
            return await answer(method, params)

        board.answer = cutting
        await Board(asked).push("thing", COMPONENT)
    assert board.flash["thing"] == COMPONENT
    assert pushes(board).count(400) == 2 and pushes(board).count(0) == 1


async def test_a_second_push_goes_on_where_a_cut_one_ended(board):
    async with session(board.url) as asked:
        pushing = asyncio.ensure_future(Board(asked).push("thing", COMPONENT))
        while "thing" not in board.parts or len(board.parts["thing"][1]) < 300:
            await asyncio.sleep(0)
        pushing.cancel()
        await asyncio.gather(pushing, return_exceptions=True)
        there = len(board.parts["thing"][1])
        board.received.clear()
        await Board(asked).push("thing", COMPONENT)
    assert board.flash["thing"] == COMPONENT
    assert pushes(board)[1] == there


async def test_another_file_of_that_name_starts_from_the_beginning(board):
    board.parts["thing"] = (1, b"old" * 20)
    async with session(board.url) as asked:
        await Board(asked).push("thing", COMPONENT)
    assert board.flash["thing"] == COMPONENT


async def test_a_board_that_never_advances_ends_the_push(board):
    async with session(board.url) as asked:
        board.push = lambda **_: _refuse()
        with pytest.raises(CallError) as error:
            await Board(asked).push("thing", COMPONENT)
    assert error.value.code == -32006


async def test_a_board_whose_heap_is_full_for_a_moment_is_asked_again(board):
    from fake_board import refuse

    full, push = iter(range(5)), board.push

    def refusing(**params):
        if params["data"] and next(full, None) is not None:
            refuse(-32010, "wasmote/push: the board is out of memory")
        return push(**params)

    async with session(board.url) as asked:
        board.push = refusing
        await Board(asked).push("thing", COMPONENT)
    assert board.flash["thing"] == COMPONENT


def _refuse():
    from fake_board import refuse

    refuse(-32006, "thing: the next chunk starts at 0", {"offset": 0})


@pytest.mark.parametrize(
    "content, says",
    [
        (b"hello", "is not WebAssembly"),
        (b"", "is not WebAssembly"),
        (b"\0asm\x01\0\0\0", "is a core module, not a component"),
        (b"\0asm\x0a\0\x01\0", "another version"),
    ],
)
def test_what_is_no_component_is_refused_with_what_to_do(tmp_path, content, says):
    file = tmp_path / "x.wasm"
    file.write_bytes(content)
    with pytest.raises(Failed, match=says):
        component_file(file)


def test_names_come_from_files_and_are_checked(tmp_path):
    file = tmp_path / "Thermo Meter.wasm"
    file.write_bytes(COMPONENT)
    with pytest.raises(Failed, match="no component name"):
        component_file(file)
    assert component_file(file, "thermo")[0] == "thermo"
    with pytest.raises(Failed, match="no such file"):
        component_file(tmp_path / "missing.wasm")


async def test_too_large_for_the_board_is_said_before_anything_is_sent(board):
    async with session(board.url) as asked:
        with pytest.raises(Failed, match="takes components up to 1048576"):
            await Board(asked).push("big", b"x" * (1 << 21))
    assert pushes(board) == []


async def test_commands_push_list_and_remove(board, tmp_path):
    file = tmp_path / "thing.wasm"
    file.write_bytes(COMPONENT)
    code, out, _ = await wasmote("push", board.url, file)
    assert code == 0 and out.startswith("thing: 958 bytes, ready") and "tools: echo" in out
    code, out, _ = await wasmote("ls", board.url)
    assert code == 0 and "thing" in out and "ready" in out
    assert (await wasmote("rm", board.url, "thing"))[:2] == (0, "thing: removed\n")
    code, out, err = await wasmote("rm", board.url, "thing")
    assert (code, out) == (1, "") and err.startswith("wasmote: there is no component thing") and err.count("\n") == 1


async def test_a_push_while_another_command_has_the_port_waits(tmp_path):
    file = tmp_path / "thing.wasm"
    file.write_bytes(COMPONENT)
    async with FakeBoard() as board:
        async with session(board.url):
            pushing = asyncio.ensure_future(wasmote("push", board.url, file))
            await asyncio.sleep(1)
            assert not pushing.done()
        assert (await pushing)[0] == 0


def section(number, content):
    return bytes([number]) + _u32(len(content)) + content


def _u32(value):
    return bytes([value & 0x7F | 0x80, value >> 7 & 0x7F | 0x80, value >> 14])


CORE = b"\0asm\x01\0\0\0" + section(10, b"c" * 1000)
NESTED = (
    b"\0asm\x0d\0\x01\0" + section(4, b"\0asm\x0d\0\x01\0" + section(1, CORE)) + section(1, CORE) + section(0, b"x")
)


def test_the_code_of_nested_modules_is_counted():
    assert fit.code_bytes(NESTED) == 2000
    assert fit.code_bytes(COMPONENT[:8]) == 0
    assert fit.code_bytes(NESTED[:-3]) is None and fit.code_bytes(COMPONENT[:8] + b"\1") is None


async def test_a_dry_run_sends_nothing_and_tells_what_fits(board, tmp_path):
    file = tmp_path / "thing.wasm"
    file.write_bytes(NESTED)
    code, out, err = await wasmote("push", board.url, file, "--dry-run")
    assert (code, err) == (0, "") and "thing: it fits; nothing was sent" in out and "at least 2500" in out
    code, out, _ = await wasmote("push", board.url, file, "--dry-run", "--json")
    assert code == 0 and [one["what"] for one in json.loads(out)["thing"]] == ["file", "flash", "memory"]
    file.write_bytes(COMPONENT[:8] + bytes(1 << 17))
    code, out, _ = await wasmote("push", board.url, file, "--dry-run")
    assert code == 1 and "✗  flash" in out and "✓  file" in out
    file.write_bytes(COMPONENT[:8] + bytes(75_000))  # more than is free, less than there is: the board decides
    assert (await wasmote("push", board.url, file, "--dry-run"))[0] == 1
    assert (await wasmote("push", board.url, file, "--name", "other"))[0] == 0 and board.flash.pop("other")
    assert not board.flash and not board.parts


@pytest.mark.parametrize(
    "size, says",
    [
        (1 << 17, "thing needs 139264 bytes of flash, this board has 98304 in all"),
        (1 << 21, "bytes of file, this board has"),
    ],
)
async def test_what_does_not_fit_is_not_begun(board, tmp_path, size, says):
    file = tmp_path / "thing.wasm"
    file.write_bytes(COMPONENT[:8] + bytes(size - 8))
    code, out, err = await wasmote("push", board.url, file)
    assert (code, out) == (1, "") and says in err and not board.parts


async def test_a_cut_push_goes_on_and_says_so(board, tmp_path):
    file = tmp_path / "thing.wasm"
    file.write_bytes(COMPONENT)
    board.parts["thing"] = (zlib.crc32(COMPONENT), COMPONENT[:300])
    code, out, err = await wasmote("push", board.url, file, "--json")
    assert code == 0 and err == "thing: 300 of 958 bytes are there already, going on\n"
    assert json.loads(out)[0]["crc32"] == f"{zlib.crc32(COMPONENT):08x}"
    assert board.flash["thing"] == COMPONENT and pushes(board).count(0) == 0
    code, out, _ = await wasmote("rm", board.url, "thing", "--json")
    assert code == 0 and json.loads(out) == [{"name": "thing"}]
