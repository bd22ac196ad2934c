"""Two boards behind one bridge with a tool of the same name on each: stdio and HTTP, both eras, three clients at once."""

import asyncio
import json
import subprocess
import sys

import pytest
from conftest import PATIENCE, firmware
from mcp import Client, StdioServerParameters
from node import inspect

pytestmark = pytest.mark.anyio
ERAS = [("auto", "2026-07-28"), ("legacy", "2025-11-25")]
OFFSETS = {"left": 1000, "right": 2000}  # thousandths of a degree: what tells the two thermometers apart


@pytest.fixture(scope="module")
def ports(environment, examples, tmp_path_factory):
    """Two boards, each a program with a flash folder of its own; `right` has one tool more."""
    assert firmware("unix").exists(), "make firmware BOARD=unix"
    folder = tmp_path_factory.mktemp("flash")
    ports = {name: f"unix:?flash={folder / name}" for name in OFFSETS}
    wanted = {"left": ["thermometer", "notebook"], "right": ["thermometer", "notebook", "textkit"]}
    for name, url in ports.items():
        files = [str(examples / f"{file}.wasm") for file in wanted[name]]
        command = [sys.executable, "-m", "wasmote", "push", url, *files]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=PATIENCE)
    return [f"{name}={url}" for name, url in ports.items()]


@pytest.fixture
def stdio(ports, environment):
    command = ["-m", "wasmote", "bridge", "--quiet", *ports]
    return StdioServerParameters(command=sys.executable, args=command, env=environment)


@pytest.fixture(scope="module")
def url(ports, environment):
    command = [sys.executable, "-m", "wasmote", "bridge", "--quiet", *ports, "--http", "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    yield process.stdout.readline().strip()
    process.terminate()
    assert process.wait(20) == 0


async def use_both(mcp, name):
    """Each board's own thermometer and notes, under the names that tell them apart."""
    tools = [tool.name for tool in (await mcp.list_tools()).tools]
    assert tools.index("left_read") < tools.index("right_read") and "read" not in tools and "word_count" in tools
    for board, offset in OFFSETS.items():
        await mcp.call_tool(f"{board}_calibrate", {"offset": offset})
    readings = await asyncio.gather(*(mcp.call_tool(f"{board}_read", {"unit": "C"}) for board in OFFSETS))
    left, right = (float(result.content[0].text.split()[0]) for result in readings)
    assert not any(result.is_error for result in readings) and 0 < right - left < 3
    assert (await mcp.call_tool("word_count", {"text": "a"})).content[0].text.startswith("1 word")
    for board in OFFSETS:
        await mcp.call_tool(f"{board}_write", {"name": name, "text": f"{name} of {board}"})
        note = await mcp.read_resource(f"{board}+note:/{name}")
        assert note.contents[0].text == f"{name} of {board}" and str(note.contents[0].uri) == f"{board}+note:/{name}"
        prompt = await mcp.get_prompt(f"{board}_proofread", {"name": name})
        assert f"{name} of {board}" in str(prompt.messages)
    seen = {str(resource.uri) for resource in (await mcp.list_resources()).resources}
    assert {"left+note:/", "right+note:/"} <= seen
    wrong = await mcp.call_tool("read", {})
    assert wrong.is_error and "left_read, right_read" in wrong.content[0].text


@pytest.mark.parametrize("mode, version", ERAS)
async def test_over_stdio(stdio, mode, version):
    async with Client(stdio, mode=mode, read_timeout_seconds=PATIENCE) as mcp:
        assert mcp.protocol_version == version
        await use_both(mcp, "alone")


async def test_over_http_with_three_clients_at_once(url):
    async def use(mode, name):
        async with Client(url, mode=mode, read_timeout_seconds=PATIENCE) as mcp:
            for _ in range(2):
                await use_both(mcp, name)

    await asyncio.gather(use("auto", "one"), use("legacy", "two"), use("auto", "three"))


@pytest.mark.parametrize("mode, version", ERAS)
async def test_a_client_that_lists_once_reaches_a_tool_that_came_later(environment, examples, tmp_path, mode, version):
    port = f"unix:?flash={tmp_path / 'flash'}"
    command = ["-m", "wasmote", "bridge", "--quiet", "--static-tools", port]
    server = StdioServerParameters(command=sys.executable, args=command, env=environment)
    async with Client(server, mode=mode, read_timeout_seconds=PATIENCE) as mcp:
        assert [tool.name for tool in (await mcp.list_tools()).tools] == ["board_tools", "board_call"]
        push = [sys.executable, "-m", "wasmote", "push", port, str(examples / "thermometer.wasm")]
        await asyncio.to_thread(subprocess.run, push, env=environment, check=True, timeout=PATIENCE)
        tools = json.loads((await mcp.call_tool("board_tools")).content[0].text)["tools"]
        assert [tool["name"] for tool in tools] == ["read", "calibrate", "history"] and tools[0]["inputSchema"]
        result = await mcp.call_tool("board_call", {"name": "read", "arguments": {"unit": "K"}})
        assert result.content[0].text.endswith(" K") and not result.is_error
        wrong = await mcp.call_tool("board_call", {"name": "reed"})
        assert wrong.is_error and "There are: read, calibrate, history" in wrong.content[0].text


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_calls_a_tool_of_each(url, era):
    for board in OFFSETS:
        call = ("--method", "tools/call", "--tool-name", f"{board}_read", "--tool-arg", "unit=K")
        assert inspect(url, "--protocol-era", era, *call)["content"][0]["text"].endswith(" K")


def test_a_main_of_the_users_is_not_the_boards(environment, tmp_path):
    """`unix:` ran the main.py of the current folder on the PC, and found none where MICROPYPATH was set."""
    (tmp_path / "main.py").write_text("open('ran', 'w')")
    command = [sys.executable, "-m", "wasmote", "info", f"unix:?flash={tmp_path / 'flash'}"]
    environment = {**environment, "MICROPYPATH": "/nowhere"}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "") and "on MicroPython" in done.stdout
    assert not (tmp_path / "ran").exists()
