"""The official Python client (PyPI mcp) over `wasmote bridge`, in both eras, on every board."""

import asyncio
import subprocess
import sys

import pytest
from conftest import PATIENCE
from mcp import Client, StdioServerParameters

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", autouse=True)
def thermometer(wasmote, examples):
    for name in ("thermometer", "faults"):
        assert wasmote("push", examples / f"{name}.wasm")[0] == 0


@pytest.mark.parametrize("mode, version", [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
async def test_lists_and_calls(port, environment, mode, version):
    server = StdioServerParameters(command=sys.executable, args=["-m", "wasmote", "bridge", port], env=environment)
    async with Client(server, mode=mode, read_timeout_seconds=PATIENCE) as client:
        assert client.protocol_version == version
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert {"read", "calibrate", "history", "trap"} <= set(names)
        result = await client.call_tool("read", {"unit": "F"})
        assert not result.is_error and result.content[0].text.endswith(" °F")
        result = await client.call_tool("read", {"unit": "R"})
        assert result.is_error and 'must be one of "C", "F" or "K", it is "R"' in result.content[0].text
        result = await client.call_tool("trap")
        assert result.is_error and "faults" in result.content[0].text
        seen = []

        async def progress(at, total, message):
            seen.append((at, total))

        await client.call_tool("count", {"to": 3, "delay_ms": 5}, progress_callback=progress)
        assert seen == [(1, 3), (2, 3), (3, 3)]


async def test_a_subscription_of_the_modern_era(port, environment, examples):
    server = StdioServerParameters(command=sys.executable, args=["-m", "wasmote", "bridge", port], env=environment)
    async with (
        Client(server, read_timeout_seconds=PATIENCE) as client,
        client.listen(tools_list_changed=True) as changes,
    ):
        command = [sys.executable, "-m", "wasmote", "push", port, str(examples / "textkit.wasm")]
        await asyncio.to_thread(subprocess.run, command, env=environment, check=True, timeout=PATIENCE)
        async for change in changes:
            assert type(change).__name__ == "ToolsListChanged"
            break
        names = [tool.name for tool in (await client.list_tools(cache_mode="refresh")).tools]
        assert "word_count" in names
