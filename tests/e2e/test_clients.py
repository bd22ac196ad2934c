"""The official clients over HTTP and stdio, in each era that they know: Python's mcp, TypeScript's sdk and client."""

import asyncio
import contextlib
import subprocess
import sys

import pytest
from conftest import PATIENCE, params
from mcp import Client, types
from node import inspect, typescript

pytestmark = pytest.mark.anyio
ERAS = [("auto", "2026-07-28"), ("legacy", "2025-11-25")]


@pytest.fixture(scope="module", params=params("unix", "qemu:m0"))
def kind(request):
    return request.param


@pytest.fixture(scope="module", autouse=True)
def components(url, wasmote, examples):
    for name in ("thermometer", "faults", "notebook", "interview"):
        code, _, err = wasmote("push", examples / f"{name}.wasm")
        assert code == 0, err


# --- Python ------------------------------------------------------------------------------------------------------


async def elicit(context, asked):
    return types.ElicitResult(action="accept", content={"name": "Ada"})


def client(url, mode, **more):
    return Client(url, mode=mode, read_timeout_seconds=PATIENCE, elicitation_callback=elicit, **more)


def text(result):
    return result.content[0].text


@pytest.mark.parametrize("mode, version", ERAS)
async def test_python_over_http(url, mode, version):
    async with client(url, mode) as mcp:
        assert mcp.protocol_version == version
        assert {"read", "greet", "write"} <= {tool.name for tool in (await mcp.list_tools()).tools}
        assert text(await mcp.call_tool("read", {"unit": "F"})).endswith(" °F")
        wrong = await mcp.call_tool("read", {"unit": "R"})
        assert wrong.is_error and 'must be one of "C", "F" or "K", it is "R"' in text(wrong)
        seen = []

        async def progress(at, total, message):
            seen.append((at, total))

        await mcp.call_tool("count", {"to": 3, "delay_ms": 5}, progress_callback=progress)
        assert seen == [(1, 3), (2, 3), (3, 3)]
        await mcp.call_tool("write", {"name": "py", "text": "from Python"})
        assert (await mcp.read_resource("note:/py")).contents[0].text == "from Python"
        assert len((await mcp.get_prompt("proofread", {"name": "py"})).messages) == 3
        assert text(await mcp.call_tool("greet")) == "Hello, Ada!"


async def test_a_call_that_python_gives_up_is_cancelled_on_the_board(url):
    """The guest loops for ever; what comes after it is answered although its time limit is not over."""
    async with client(url, "auto") as mcp:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await mcp.call_tool("spin")
        for _ in range(5):
            assert text(await mcp.call_tool("divide", {"a": 6, "b": 2})) == "3"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_python_hears_of_new_tools_over_http(url, port, environment, examples, mode):
    """Modern: subscriptions/listen; handshake: the stream of its GET."""

    async def wasmote(command, *arguments):
        words = [sys.executable, "-m", "wasmote", command, port, *map(str, arguments)]
        await asyncio.to_thread(subprocess.run, words, env=environment, check=True, timeout=PATIENCE)

    heard = asyncio.Event()

    async def hear(message):
        if type(message).__name__ == "ToolListChangedNotification":
            heard.set()

    async with client(url, mode, message_handler=hear) as mcp, contextlib.AsyncExitStack() as stack:
        changes = await stack.enter_async_context(mcp.listen(tools_list_changed=True)) if mode == "auto" else None
        await mcp.list_tools()
        await wasmote("push", examples / "textkit.wasm")
        if changes:
            assert type(await anext(aiter(changes))).__name__ == "ToolsListChanged"
        else:
            await asyncio.wait_for(heard.wait(), PATIENCE)
        assert "word_count" in {tool.name for tool in (await mcp.list_tools(cache_mode="refresh")).tools}
    await wasmote("rm", "textkit")


async def test_three_clients_at_once_get_each_their_own(url):
    """Two of one era and one of the other, each with the same ids and tokens, in turns and all at once."""

    async def use(mode, number):
        async with client(url, mode) as mcp:
            name, said = f"c{number}", []

            async def progress(at, total, message):
                said.append(total)

            for turn in range(4):
                body = f"{number}/{turn}"
                _, count, unit = await asyncio.gather(
                    mcp.call_tool("write", {"name": name, "text": body}),
                    mcp.call_tool("count", {"to": number + 2, "delay_ms": 1}, progress_callback=progress),
                    mcp.call_tool("read", {"unit": "KFC"[number]}),
                )
                assert text(unit)[-1] == "KFC"[number] and not count.is_error
                assert (await mcp.read_resource(f"note:/{name}")).contents[0].text == body
            assert said == [number + 2] * (number + 2) * 4

    await asyncio.gather(use("auto", 0), use("legacy", 1), use("auto", 2))


# --- TypeScript --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["http", "stdio"])
@pytest.mark.parametrize(
    "package, era", [("sdk", "legacy"), ("client", "legacy"), ("client", "auto"), ("client", "modern")]
)
def test_typescript(url, port, environment, transport, package, era):
    target = [url] if transport == "http" else [sys.executable, "-m", "wasmote", "bridge", "--quiet", port]
    said = typescript(package, era, *target, environment=environment)
    modern = era != "legacy"
    assert said["server"] == "wasmote" and set(said["capabilities"]) >= {"tools", "resources", "prompts"}
    assert said.get("version", "2025-11-25") == ("2026-07-28" if modern else "2025-11-25")
    assert {"read", "greet", "write"} <= set(said["tools"])
    assert said["read"].endswith(" K") and said["wrong"] and "faults" in said["trap"]
    # Over stdio the second client drops progress that comes in one piece with the result.
    assert said["progress"] == [1, 2, 3][: len(said["progress"]) if transport == "stdio" else 3]
    assert said["note"] == "from TypeScript" and said["templates"] == ["note:/{name}"] and said["prompt"] == 3
    assert said["missing"] == (-32602 if modern else -32002)
    assert said["many"] == ["K", "F", "C"]
    assert said["asked"] == "Hello, Ada!" and said["questions"] == ["What is your name?"]


# --- Inspector ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("era", ["legacy", "auto", "modern"])
def test_the_inspector_finds_nothing_wrong_with_the_tools(url, era):
    tools = inspect(url, "--protocol-era", era, "--strict", "--method", "tools/list")["tools"]
    assert {"read", "greet", "write"} <= {tool["name"] for tool in tools}


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_two_hundred_calls_of_the_inspector_at_once(url, era):
    call = ("--protocol-era", era, "--method", "tools/call", "--tool-name", "read", "--tool-arg", "unit=K")
    said = inspect(url, *call, "--load", "--load-requests", "200", "--format", "json")["result"]
    assert (said["requests"], said["ok"], said["toolErrors"], said["errors"]) == (200, 200, 0, 0), said
