"""Resources, prompts, completion, subscriptions, notifications and calls between components: every function of wasi:mcp, on
the smallest board and on this machine, with the official Python client in both eras, and as raw messages."""

import asyncio
import contextlib
import json
import sys

import pytest
from conftest import PATIENCE, firmware, params
from mcp import Client, MCPError, StdioServerParameters
from mcp.types import PromptReference, ResourceTemplateReference

pytestmark = pytest.mark.filterwarnings("ignore:resources/(un)?subscribe is removed")
ERAS = [("auto", "2026-07-28"), ("legacy", "2025-11-25")]


@pytest.fixture(scope="module", params=params("unix", "qemu:m0"))
def kind(request):
    assert firmware(request.param).exists(), "make firmware"
    return request.param


@pytest.fixture(scope="module", autouse=True)
def components(bridge, wasmote, examples):
    for name in ("notebook", "notifier", "courier", "relay"):
        assert wasmote("push", examples / f"{name}.wasm")[0] == 0
    assert wasmote("configure", "relay", "--peer", "*")[0] == 0
    code, out, err = wasmote("configure", "courier", "--peer", "notebook", "--peer", "notifier/tell")
    assert code == 0, err


@pytest.fixture
def client(port, environment):
    """client(mode): a connected official client; `heard` of it: the notifications that came."""

    @contextlib.asynccontextmanager
    async def connect(mode, **options):
        command = ["-m", "wasmote", "bridge", port]
        server = StdioServerParameters(command=sys.executable, args=command, env=environment)
        heard = []

        async def hear(message):
            heard.append(message)

        async with Client(
            server, mode=mode, read_timeout_seconds=PATIENCE, message_handler=hear, **options
        ) as connected:
            connected.heard = heard
            yield connected

    return connect


async def write(client, name, text):
    result = await client.call_tool("write", {"name": name, "text": text})
    assert not result.is_error, result


@pytest.mark.anyio
@pytest.mark.parametrize("mode, version", ERAS)
async def test_resources_prompts_and_completion(client, mode, version):
    async with client(mode) as it:
        assert it.protocol_version == version
        assert "notebook: Notes are resources" in it.instructions
        capabilities = it.server_capabilities
        assert capabilities.resources.list_changed and capabilities.prompts.list_changed
        assert capabilities.completions is not None
        uris = [resource.uri for resource in (await it.list_resources()).resources]
        assert {"note:/", "note:/.icon", "told:/"} <= set(uris)
        (template,) = (await it.list_resource_templates()).resource_templates
        assert template.uri_template == "note:/{name}" and template.mime_type == "text/plain"
        (prompt,) = (await it.list_prompts()).prompts
        assert [(a.name, a.required) for a in prompt.arguments] == [("name", True), ("style", False)]

        text = 'größer "日本"\n\\'
        await write(it, "to-do", text)
        (content,) = (await it.read_resource("note:/to-do")).contents
        assert (content.uri, content.mime_type, content.text) == ("note:/to-do", "text/plain", text)
        assert "to-do\n" in (await it.read_resource("note:/")).contents[0].text
        (icon,) = (await it.read_resource("note:/.icon")).contents
        assert icon.mime_type == "image/png" and icon.blob.startswith("iVBOR")
        for uri in ("note:/nothing", "other:/x"):
            with pytest.raises(MCPError) as caught:
                await it.read_resource(uri)
            assert caught.value.error.code == (-32602 if mode == "auto" else -32002)

        got = await it.get_prompt("proofread", {"name": "to-do", "style": "formal"})
        assert got.description == "Corrects what is written in a note."
        assert [message.role for message in got.messages] == ["user", "user", "assistant"]
        assert got.messages[1].content.text == text
        for arguments in ({}, {"name": "nothing"}):
            with pytest.raises(MCPError) as caught:
                await it.get_prompt("proofread", arguments)
            assert caught.value.error.code == -32602

        notes = ResourceTemplateReference(type="ref/resource", uri="note:/{name}")
        style = PromptReference(type="ref/prompt", name="proofread")
        values = (await it.complete(notes, {"name": "name", "value": "to"})).completion.values
        assert values == ["to-do"]
        values = (await it.complete(style, {"name": "style", "value": "pl"}, {"name": "to-do"})).completion.values
        assert values == ["plain", "playful"]


@pytest.mark.anyio
async def test_subscriptions_of_the_handshake_era(client):
    async with client("legacy") as it:
        await write(it, "watched", "1")
        await it.subscribe_resource("note:/watched")
        await write(it, "watched", "2")
        await write(it, "other", "1")
        await it.unsubscribe_resource("note:/watched")
        await write(it, "watched", "3")
        updates = [m.params.uri for m in it.heard if type(m).__name__ == "ResourceUpdatedNotification"]
        assert updates == ["note:/watched"]
        with pytest.raises(MCPError) as caught:
            await it.subscribe_resource("note:/nothing")
        assert caught.value.error.code == -32002


@pytest.mark.anyio
async def test_subscriptions_of_the_modern_era(client):
    async with client("auto") as it:
        await write(it, "listened", "1")
        async with it.listen(resources_list_changed=True, resource_subscriptions=["note:/listened"]) as changes:
            await write(it, "listened", "2")
            await it.call_tool("pin", {"name": "listened"})
            seen = []
            async with asyncio.timeout(PATIENCE):
                async for change in changes:
                    seen.append(type(change).__name__)
                    if len(seen) == 2:
                        break
        assert seen == ["ResourceUpdated", "ResourcesListChanged"]
        uris = [resource.uri for resource in (await it.list_resources(cache_mode="refresh")).resources]
        assert "note:/listened" in uris


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_components_call_each_other(client, mode):
    async with client(mode) as it:

        async def use(tool, **arguments):
            result = await it.call_tool(tool, arguments)
            return "".join(block.text for block in result.content), result.is_error

        assert await use("about", component="notebook") == ("notebook 1.0.0", False)
        note = {"name": "note", "text": "from the courier"}
        write = {"component": "notebook", "tool": "write", "arguments": note}
        result = await it.call_tool("ask", write)
        assert not result.is_error, result
        assert await use("fetch", component="notebook", uri="note:/note") == ("from the courier", False)
        text, failed = await use("recite", component="notebook", prompt="proofread", arguments={"name": "note"})
        assert not failed and "user: from the courier" in text
        result = await it.call_tool("ask", {"component": "notifier", "tool": "tell", "arguments": {"kind": "tools"}})
        assert result.content[0].text == "told"
        text, failed = await use("fetch", component="notifier", uri="told:/")
        assert failed and 'courier may not reach "notifier"' in text
        text, failed = await use("about", component="courier")
        assert failed and 'courier may not reach "courier"' in text


def test_three_in_a_row_fit_and_a_circle_is_refused(bridge):
    def relay(component, tool, arguments):
        return bridge.call("relay", {"component": component, "tool": tool, "arguments": arguments})

    note = {"component": "notebook", "tool": "write", "arguments": {"name": "row", "text": "of three"}}
    assert relay("courier", "ask", note) == ("noted", False)
    assert bridge.call("fetch", {"component": "notebook", "uri": "note:/row"}) == ("of three", False)
    text, failed = relay("relay", "relay", note)
    assert failed and "cannot call themselves" in text


def tell(bridge, kind, payload="", **meta):
    """(text, failed, the notifications that came) of one notification of the guest's."""
    bridge.forget_notices()
    answer = bridge.answer(bridge.start_call("tell", {"kind": kind, "payload": payload}, **meta))["result"]
    heard = []
    while not bridge.notifications.empty():
        heard.append(bridge.notifications.get())
    bridge.ask("ping")  # what is announced after the answer
    while not bridge.notifications.empty():
        heard.append(bridge.notifications.get())
    return answer["content"][0]["text"], answer["isError"], heard


def test_every_notification_of_a_guest(bridge):
    bridge.ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t"}})
    for name in ("tools", "resources", "prompts"):
        text, failed, heard = tell(bridge, name)
        assert (text, failed) == ("told", False)
        assert [message["method"] for message in heard] == [f"notifications/{name}/list_changed"]
    bridge.ask("resources/subscribe", {"uri": "told:/"})
    text, failed, heard = tell(bridge, "updated", "told:/")
    assert [message["params"] for message in heard] == [{"uri": "told:/"}]
    text, failed, heard = tell(bridge, "updated", "note:/")
    assert failed and '"note:/" is no resource of notifier' in text and heard == []
    text, failed, heard = tell(bridge, "progress", progressToken=7)
    assert [message["params"] for message in heard] == [{"progressToken": 7, "progress": 3, "total": 4}]
    level = {"io.modelcontextprotocol/logLevel": "warning"}
    text, failed, heard = tell(bridge, "message", '{"a":1}', **level)
    wanted = {"level": "error", "logger": "notifier", "data": {"message": "told", "data": {"a": 1}}}
    assert [{**message["params"], "_meta": None} for message in heard] == [{**wanted, "_meta": None}]
    assert list(heard[0]["params"]["_meta"]) == ["wasmote/requestId"]
    text, failed, heard = tell(bridge, "cancelled", "7")
    assert failed and 'no request "7" under way' in text and heard == []


def test_a_component_answers_a_question(bridge):
    assert bridge.call("write", {"name": "ssid", "text": "attic"})[1] is False
    schema = {"type": "object", "properties": {"ssid": {"type": "string"}}, "required": ["ssid"]}
    for ask in (bridge.ask, bridge.modern):
        result = ask("wasmote/elicit", {"message": "Which network?", "requestedSchema": schema})["result"]
        assert (result["action"], result["content"]) == ("accept", {"ssid": "attic"})


def test_what_is_watched_survives_a_new_version(bridge, wasmote, examples):
    assert wasmote("reset")[0] == 0  # joins the heap, which the tests before left in pieces
    bridge.call("write", {"name": "kept", "text": "1"})
    assert "result" in bridge.ask("resources/subscribe", {"uri": "note:/"})
    assert wasmote("push", examples / "notebook.wasm")[0] == 0
    bridge.forget_notices()
    bridge.call("write", {"name": "fresh", "text": "1"})
    assert bridge.notice("notifications/resources/updated")["params"] == {"uri": "note:/"}
    assert bridge.ask("resources/unsubscribe", {"uri": "note:/"})["result"] == {}


def test_the_list_shows_what_components_have(wasmote):
    code, out, err = wasmote("info", "--json")
    entry = next(entry for entry in json.loads(out)["components"] if entry["name"] == "notebook")
    assert entry["resources"][:2] == ["note:/", "note:/.icon"] and entry["prompts"] == ["proofread"]
