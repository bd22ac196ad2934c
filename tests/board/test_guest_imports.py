"""What guests may import: registration, logging, clocks and pollables, grants; values as the Canonical ABI lifts them."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT
from host_guests import refused
from mcp.types import CallToolResult
from wasmote.component import text
from wasmote.host import Host, Storage, content, digests
from wasmote.host.clock import now_us, ticks_diff, ticks_ms, unix_ns
from wasmote.host.config import Config
from wasmote.host.descriptors import DESCRIPTORS
from wasmote.host.imports import Imports, granted
from wasmote.host.wasi import clocks
from wasmote.host.wasi.digests import RESOURCES, TABLES
from wasmote.wasm import Trap, Unlinkable, drive

pytest_plugins = ["runtime_fixtures"]
OBJECT = b'{"type":"object"}'
NO_SCHEMAS = (  # of objects: the official client of TypeScript shows no tool at all when one of them has such a schema
    b"{}",
    b'{"type":"string"}',
    b'{"type":["object","null"]}',
    b'{"type":"object","type":"object"}',
    b'{"properties":{"type":"object"}}',
)


def tool(name="t", title=None, description="d", schema=OBJECT, output=None, annotations=None):
    return (name, title, description, schema, output, annotations)


# register-tools


def test_a_tool_becomes_its_json_text(it):
    definition = tool(
        "a.b/c-d_1",
        "Titel",
        'says "ü\n\\"',
        b' {\n "a" :\r\n [1], "\\u0074ype":"object"\n} ',
        OBJECT,
        ("x", True, False, None, True),
    )
    assert it.register_tools([definition]) == (0, None)
    (made,) = it.tools
    assert made.structured, "it has an output schema"
    assert made.name == "a.b/c-d_1" and b"\n" not in bytes(made.json)
    assert json.loads(bytes(made.json)) == {
        "name": "a.b/c-d_1",
        "title": "Titel",
        "description": 'says "ü\n\\"',
        "inputSchema": {"a": [1], "type": "object"},
        "outputSchema": {"type": "object"},
        "annotations": {"title": "x", "readOnlyHint": True, "destructiveHint": False, "openWorldHint": True},
    }


@pytest.mark.parametrize(
    "definition, why",
    [
        (tool(""), "is no name for a tool"),
        (tool("has space"), '"has space" is no name for a tool: 1 to 128 of'),
        (tool("x" * 129), "is no name for a tool"),
        (tool("ü"), "is no name for a tool"),
        (tool("taken"), "its tool taken is already there, from the component other"),
        (tool(schema=b"[]"), "the input-schema of the tool t is no schema of objects: it is no object"),
        (tool(schema=b""), "it is no object"),
        (tool(schema=b'{"a":}'), "the input-schema of the tool t is no schema of objects: "),
        (tool(schema=OBJECT + b"}"), "the input-schema of the tool t is no schema of objects: "),
        *[(tool(schema=text), 'no schema of objects: it must have one "type"') for text in NO_SCHEMAS],
        (tool(output=b'{"type":"array"}'), "the output-schema of the tool t is no schema of objects: it must have"),
        (tool(output=b'"x"'), "the output-schema of the tool t is no schema of objects: it is no object"),
        (tool(description="x" * 9000), "no memory for the texts that it registers, which may take 8 KiB"),
    ],
)
def test_a_tool_that_is_not_taken_says_why(it, definition, why):
    code, message = refused(it.register_tools([definition]))
    assert code == 3 and why in message
    assert it.refused == message and not it.tools


def test_a_tool_cannot_be_registered_twice(it):
    assert it.register_tools([tool("a")]) == (0, None)
    assert "registers the tool a twice" in refused(it.register_tools([tool("a")]))[1]


def test_a_loaded_guest_may_add_tools_and_a_refusal_does_not_end_it(it, runtime_host):
    it.loaded = True
    assert it.register_tools([tool("a")]) == (0, None)
    assert runtime_host.told == ["tools"]
    refused(it.register_tools([tool("a")]))
    assert it.refused is None and [t.name for t in it.tools] == ["a"]


@pytest.mark.parametrize("second", [tool("taken"), tool("a")])
def test_tools_are_registered_all_or_none(it, runtime_host, second):
    it.loaded = True
    refused(it.register_tools([tool("a"), second]))
    assert not it.tools and runtime_host.told == []
    assert it.register_tools([tool("a"), tool("b")]) == (0, None)
    assert [t.name for t in it.tools] == ["a", "b"]


# log and report-progress


def test_messages_go_to_the_call_or_else_to_the_board(it):
    assert drive(it.log(2, "hot", b"[1]")) == (0, None)
    calls = []
    it.notify = lambda *what: calls.append(what)
    drive(it.log(0, "cold", None))
    assert drive(it.report_progress("", 1, None)) == (0, None)
    assert it.heard == [("warning", "guest", "hot", b"[1]")]
    assert calls == [("log", "debug", "guest", "cold", None), ("progress", 1, None)]


def test_data_of_a_message_must_be_json(it):
    assert refused(drive(it.log(0, "x", b"{]")))[0] == 3
    assert it.heard == []


# Clocks


@pytest.fixture
def imports(it):
    return Imports(it, ())


@pytest.fixture
def poll(imports):
    return imports.owner("wasi.clocks", "Poll")


@pytest.fixture
def clock(imports):
    return clocks.Monotonic(imports)


def test_the_monotonic_clock_goes_on(clock):
    first, second = clock.now(), clock.now()
    assert 0 <= second - first < 10**9 and clock.resolution() == 1000
    assert ticks_diff(ticks_ms(), ticks_ms()) <= 0


def test_the_wall_clock_tells_the_time():
    seconds, nanoseconds = clocks.Wall(None).now()
    assert abs(seconds - unix_ns() // 10**9) <= 1 and 0 <= nanoseconds < 10**9
    assert clocks.Wall(None).resolution() == (0, 1_000_000)


def test_a_pollable_is_ready_when_its_moment_has_come(poll, clock):
    late = clock.subscribe_instant((now_us() + 10**9) * 1000)
    soon = clock.subscribe_duration(5_000_000)
    assert not poll.ready(soon) and not poll.ready(late)
    assert drive(poll.poll([late, soon])) == [1]
    assert poll.ready(soon) and drive(poll.block(soon)) is None
    assert not poll.ready(late)


def test_waiting_gives_way(poll, clock):
    steps = poll.block(clock.subscribe_duration(10**15))
    assert [next(steps) for _ in range(3)] == [None] * 3


def test_a_dropped_pollable_makes_room_and_there_is_an_end(poll):
    reps = [poll.add(1) for _ in range(64)]
    with pytest.raises(Trap, match="too many pollables"):
        poll.add(1)
    poll.drop_pollable(reps[7])
    assert poll.add(2) == reps[7]


def test_waiting_for_nothing_traps(poll):
    with pytest.raises(Trap, match="poll of an empty list"):
        drive(poll.poll([]))


# Grants


@pytest.mark.parametrize(
    "name, allow, wanted",
    [
        ("wasi:mcp/runtime@0.1.0-preview2", ("wasi:mcp/*",), True),
        ("wasi:clocks/wall-clock@0.2.0", ("wasi:mcp/*",), False),
        ("wasi:clocks/wall-clock@0.2.0", ("wasi:clocks/wall-clock",), True),
        ("wasi:clocks/monotonic-clock@0.2.0", ("wasi:clocks/wall-clock",), False),
        ("wasi:clocks/wall-clock@0.2.0", ("*",), True),
        ("wasi:io/poll@0.2.0", (), True),
    ],
)
def test_grants(name, allow, wanted):
    assert granted(name, allow) == wanted


def test_an_interface_has_its_functions_and_no_others(it):
    imports = Imports(it, ("wasi:mcp/*",))
    interface = imports.interface("wasi:mcp/runtime@0.1.0-preview2")
    assert interface.functions.get("register-tools").call == it.register_tools
    assert interface.functions.get("other") is None
    assert imports.interface("wasi:mcp/client@0.1.0-preview2").functions.get("connect") is not None
    assert imports.interface("wasi:io/poll@0.2.0").functions.get("[method]pollable.ready") is not None


def test_what_is_not_granted_is_unlinkable_by_name(it):
    interface = Imports(it, ()).interface("wasi:clocks/wall-clock@0.2.0")
    with pytest.raises(Unlinkable, match="wasi:clocks/wall-clock@0.2.0#now, which it is not granted"):
        interface.functions.get("now")


def test_every_function_and_resource_offered_has_a_method(it, tmp_path):
    it.guest.config, it.guest.host = Config, Host(Storage(str(tmp_path / "components")))
    imports = Imports(it, ("*",))
    offered = {"wasi:mcp/runtime@0.1.0-preview2": digests.RUNTIME}
    offered.update(zip(TABLES[::4], TABLES[3::4], strict=True))
    for name, functions in offered.items():
        interface = imports.interface(name)
        for function in functions[::2]:
            assert callable(interface.functions.get(function).call), function
    for resource in RESOURCES[::3]:
        assert callable(imports.resources.get(resource))
    assert imports.resources.get("elevator") is None


@pytest.mark.parametrize("name", ["wasi:http/types@0.2.3", "wasi:http/outgoing-handler@0.2.0"])
def test_the_network_is_refused_by_name_with_the_reason(it, name):
    interface = Imports(it, ("*",)).interface(name)
    for part in (interface.functions, interface.resources):
        with pytest.raises(Unlinkable, match=name + "#anything: no component reaches the network from this board"):
            part.get("anything")


@pytest.mark.parametrize("script", ["make_wit", "make_descriptors"])
def test_digests_and_descriptors_are_those_of_the_wit(script):
    run = subprocess.run([sys.executable, ROOT / f"scripts/{script}.py", "--check"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert TABLES[3][:2] == ("now", text.digest("()->u64"))


def test_descriptors_lie_in_flash_by_the_digest_of_their_type():
    for i in range(0, len(DESCRIPTORS), 2):
        assert Imports(None, ()).descriptor(DESCRIPTORS[i]) is DESCRIPTORS[i + 1]
    assert Imports(None, ()).descriptor(b"another") is None


# Content


def test_plain_text_stays_text():
    assert content.blocks([(0, ("text", "a", None)), (0, ("text", "b", None))]) == ["a", "b"]


@pytest.mark.parametrize(
    "block, wanted",
    [
        (
            (0, ("text", "a", (0.5, ["user"], None))),
            {"type": "text", "text": "a", "annotations": {"priority": 0.5, "audience": ["user"]}},
        ),
        ((0, ("text", "a", (float("nan"), None, None))), {"type": "text", "text": "a", "annotations": {}}),
        ((1, ("image", "QQ==", "image/png", None)), {"type": "image", "data": "QQ==", "mimeType": "image/png"}),
        (
            (2, ("resource", "x:/", "text/plain", "hi", None, None)),
            {"type": "resource", "resource": {"uri": "x:/", "mimeType": "text/plain", "text": "hi"}},
        ),
        (
            (3, ("resource_link", "x:/", "name", None, "text/plain", (None, None, None))),
            {"type": "resource_link", "uri": "x:/", "name": "name", "mimeType": "text/plain", "annotations": {}},
        ),
        # What official clients reject a whole result for:
        (
            (2, ("resource", "x:/", None, None, None, None)),
            {"type": "resource", "resource": {"uri": "x:/", "text": ""}},
        ),
        (
            (0, ("text", "a", (1.5, ["user", "model", "assistant"], "custom"))),
            {"type": "text", "text": "a", "annotations": {"audience": ["user", "assistant"]}},
        ),
        (
            (1, ("image", "", "a/b", (None, ["all"], None))),
            {"type": "image", "data": "", "mimeType": "a/b", "annotations": {}},
        ),
    ],
)
def test_other_content_becomes_json_that_clients_take(block, wanted):
    (made,) = content.blocks([block])
    assert json.loads(made) == wanted
    CallToolResult.model_validate_json(b'{"content":[%s]}' % made)
