"""Native tools of a tools.py on the flash (examples/micropython), called by the official Python client, in both eras."""

import sys
from pathlib import Path

import pytest
from conftest import BOARDS, PATIENCE, ROOT, params
from mcp import Client, StdioServerParameters, types
from wasmote.ports import emulator

sys.path.append(str(ROOT / "tests/firmware"))
from raw_board import RawBoard

pytestmark = pytest.mark.anyio
TOOLS = (ROOT / "examples/micropython/tools.py").read_text()


@pytest.fixture(scope="module", params=params("unix", "qemu:m0"))
def kind(request):
    return request.param


@pytest.fixture(scope="module", autouse=True)
def tools(kind, environment):
    """The file is on the board's flash before the board starts."""
    folder = Path(environment["WASMOTE_DATA_DIR"])
    if kind == "unix":
        (folder / "unix").mkdir()
        (folder / "unix/tools.py").write_text(TOOLS)
        return
    name = BOARDS[kind]
    with RawBoard(name, emulator.flash_image(name, folder / f"{name}.flash")) as board:
        board.raw_repl()
        board.put_file("/tools.py", TOOLS.encode())


def client(port, environment, mode, **callbacks):
    server = StdioServerParameters(command=sys.executable, args=["-m", "wasmote", "bridge", port], env=environment)
    return Client(server, mode=mode, read_timeout_seconds=PATIENCE, **callbacks)


async def elicit(context, params):
    return types.ElicitResult(action="accept", content={"name": "Ada"})


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_native_tools(port, environment, mode):
    async with client(port, environment, mode, elicitation_callback=elicit) as mcp:
        tools = {tool.name: tool for tool in (await mcp.list_tools()).tools}
        assert set(tools) == {"light", "blink", "memory", "greet"}
        assert tools["blink"].input_schema["properties"]["times"]["maximum"] == 20
        assert tools["light"].annotations.idempotent_hint is True
        seen = []

        async def progress(at, total, message):
            seen.append((at, total))

        result = await mcp.call_tool("blink", {"times": 2}, progress_callback=progress)
        assert result.content[0].text == "blinked 2 times" and seen == [(1, 2), (2, 2)]
        result = await mcp.call_tool("memory", {"unit": "KiB"})
        assert 0 < result.structured_content["free"] < 10_000 and result.structured_content["unit"] == "KiB"
        wrong = await mcp.call_tool("blink", {"times": 99})
        assert wrong.is_error and '"times" must be at most 20, it is' in wrong.content[0].text
        assert (await mcp.call_tool("greet")).content[0].text == "Hello, Ada!"
        await mcp.call_tool("light", {"on": True})
        assert (await mcp.read_resource("board:/light")).contents[0].text == '{"on": true}'
        assert (await mcp.read_resource("board:/power/10")).contents[0].text == "1024"
        prompt = await mcp.get_prompt("explain", {"style": "short"})
        assert "a short explanation" in prompt.messages[0].content.text


async def test_a_client_that_cannot_be_asked(port, environment):
    async with client(port, environment, "auto") as mcp:
        assert "does not offer elicitation" in (await mcp.call_tool("greet")).content[0].text


def test_it_stands_in_the_list(wasmote):
    code, out, err = wasmote("ls")
    assert code == 0 and "tools.py" in out, err


def test_a_component_stands_beside_it(wasmote, examples):
    assert wasmote("push", examples / "thermometer.wasm")[0] == 0
    code, out, _ = wasmote("call", "memory", '{"unit": "bytes"}')
    assert code == 0 and '"unit": "bytes"' in out
    assert "°C" in wasmote("call", "read")[1]
