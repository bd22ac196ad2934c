"""A guest asks the official Python client (PyPI mcp) over `wasmote bridge`, in both eras: elicitation, sampling, roots."""

import asyncio
import sys

import pytest
from conftest import PATIENCE, ROOT, params
from mcp import Client, MCPError, StdioServerParameters, types

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", params=params("unix", "qemu:m0"))
def kind(request):
    return request.param


@pytest.fixture(scope="module", autouse=True)
def interview(wasmote, examples):
    for file in (examples / "interview.wasm", ROOT / "build/conformance/questions.wasm"):
        code, _, err = wasmote("push", file)
        assert code == 0, err


async def elicit(context, params):
    filled = {
        "What is your name?": {"name": "Ada"},
        "What shall it be?": {"drink": "tea"},
        "Are you sure?": {"sure": True},
    }
    return types.ElicitResult(action="accept", content=filled[params.message])


async def sample(context, params):
    said = f"{params.messages[0].content.text} ({params.max_tokens})"
    return types.CreateMessageResult(role="assistant", content=types.TextContent(text=said), model="test")


async def roots(context):
    return types.ListRootsResult(roots=[types.Root(uri="file:///home/ada", name="home")])


def client(port, environment, mode, **callbacks):
    server = StdioServerParameters(command=sys.executable, args=["-m", "wasmote", "bridge", port], env=environment)
    return Client(server, mode=mode, read_timeout_seconds=PATIENCE, **callbacks)


def texts(result):
    return [block.text for block in result.content]


@pytest.mark.parametrize("mode, version", [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
async def test_a_guest_asks_the_client(port, environment, mode, version):
    callbacks = {"elicitation_callback": elicit, "sampling_callback": sample, "list_roots_callback": roots}
    async with client(port, environment, mode, **callbacks) as mcp:
        assert mcp.protocol_version == version
        assert texts(await mcp.call_tool("greet")) == ["Hello, Ada!"]
        assert texts(await mcp.call_tool("order")) == ['{"drink":"tea"} {"sure":true}']
        assert texts(await mcp.call_tool("compose", {"prompt": "A line"})) == ["LLM response: A line (100)"]
        assert texts(await mcp.call_tool("folders")) == ["1 folder", "file:///home/ada home"]
        measured = await mcp.call_tool("measure")
        assert measured.structured_content == {"celsius": 21.5, "ok": True}
        said, sound = (await mcp.call_tool("beep")).content
        assert said.text == "a beep" and sound.type == "audio" and sound.mime_type == "audio/wav"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_questions_of_three_kinds_travel_together(port, environment, mode):
    callbacks = {"elicitation_callback": elicit, "sampling_callback": sample, "list_roots_callback": roots}
    async with client(port, environment, mode, **callbacks) as mcp:
        name, greeting, folders = texts(await mcp.call_tool("test_input_required_result_multiple_inputs"))
        assert name.startswith("user_name: {") and '"name":"Ada"' in name
        assert greeting.startswith("greeting: {") and "Generate a greeting (50)" in greeting
        assert folders.startswith("client_roots: {") and '"uri":"file:///home/ada"' in folders


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_that_offers_nothing_is_asked_nothing(port, environment, mode):
    async with client(port, environment, mode) as mcp:
        if mode == "legacy":
            result = await mcp.call_tool("greet")
            assert result.is_error and "does not offer elicitation" in result.content[0].text
        else:
            with pytest.raises(MCPError, match="does not offer elicitation") as caught:
                await mcp.call_tool("greet")
            assert caught.value.error.code == -32021
            assert caught.value.error.data == {"requiredCapabilities": {"elicitation": {"form": {}}}}
        assert texts(await mcp.call_tool("measure")) == ['{"celsius":21.5,"ok":true}']


async def test_two_clients_of_one_bridge_are_asked_what_each_can_answer(port, environment):
    async def ann(context, params):
        return types.ElicitResult(action="accept", content={"name": "Ann"})

    async def bob(context, params):
        return types.ElicitResult(action="decline")

    async with (
        client(port, environment, "legacy", elicitation_callback=ann) as one,
        client(port, environment, "legacy", elicitation_callback=bob) as two,
        client(port, environment, "legacy") as three,
    ):
        assert texts(await one.call_tool("greet")) == ["Hello, Ann!"]
        assert texts(await two.call_tool("greet")) == ["Hello, stranger!"]
        assert (await three.call_tool("greet")).is_error


async def test_a_user_who_thinks_keeps_nobody_waiting(port, environment):
    """The component that asks serves others meanwhile; its call begins anew, with the answers that it had."""
    served = asyncio.Event()
    asked = []

    async def think(context, params):
        asked.append(params.message)
        if len(asked) == 2:
            await asyncio.wait_for(served.wait(), PATIENCE)
        return await elicit(context, params)

    async with (
        client(port, environment, "auto", elicitation_callback=think) as one,
        client(port, environment, "auto") as other,
    ):
        order = asyncio.create_task(one.call_tool("order"))
        while len(asked) < 2:
            await asyncio.sleep(0.01)
        assert (await other.call_tool("measure")).structured_content["celsius"] == 21.5
        served.set()
        assert texts(await order) == ['{"drink":"tea"} {"sure":true}']
    assert asked == ["What shall it be?", "Are you sure?"]  # each once
