"""Two boards as one server: merged lists, names, where requests go, what happens while one of them is away."""

import asyncio
import contextlib
import json

import pytest
from conftest import RawClient, until, until_async, wasmote
from fake_board import Asking, FakeBoard
from http_client import HttpClient, serving
from wasmote.bridge.boards import Boards
from wasmote.hub.shared_hub import SharedHub
from wasmote.wire import connection
from wasmote.wire.versions import META

pytestmark = pytest.mark.anyio
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {"elicitation": {}}, "clientInfo": {}}
TOOLS_CHANGED = "notifications/tools/list_changed"
UPDATED = "notifications/resources/updated"


@contextlib.asynccontextmanager
async def together(*boards, names=None, **options):
    """The boards behind one server, called a, b, … or by `names`; None: what they say."""
    names = names or "abcdef"[: len(boards)]
    hubs = [(name, SharedHub(board.url)) for name, board in zip(names, boards, strict=True)]
    front = Boards(hubs, **options)
    tasks = [asyncio.ensure_future(hub.run()) for _, hub in hubs]
    try:
        yield front
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _, hub in hubs:
            await hub.close()


@pytest.fixture
async def one():
    async with FakeBoard() as board:
        board.tools = ["echo", "count", "only_one"]
        yield board


@pytest.fixture
async def two():
    async with FakeBoard() as board:
        board.tools = ["echo", "break"]
        yield board


@pytest.fixture
async def front(one, two, monkeypatch):
    monkeypatch.setattr(connection, "PAUSES", (0.05,))
    async with together(one, two) as front:
        yield front


@pytest.fixture
def client(front):
    return RawClient(front)


def names(answer, member="tools", key="name"):
    return [entry[key] for entry in answer["result"][member]]


def last_call(board):
    return [message["params"] for message in board.received if message["method"] == "tools/call"][-1]


def told(client):
    return [message["method"] for message in client.sent if "method" in message]


async def test_both_eras_open(front, client):
    opened = (await client.ask("initialize", INITIALIZE))["result"]
    assert opened["protocolVersion"] == "2025-11-25" and opened["serverInfo"]["name"] == "wasmote"
    discovered = (await client.ask("server/discover", {"_meta": META}))["result"]
    assert discovered["supportedVersions"][0] == "2026-07-28" and "tools" in discovered["capabilities"]


async def test_tools_are_one_list_with_prefixes_where_names_meet(client):
    wanted = ["a_echo", "count", "only_one", "b_echo", "break"]
    assert names(await client.ask("tools/list")) == wanted
    modern = (await client.ask("tools/list", {"_meta": META}))["result"]
    assert [tool["name"] for tool in modern["tools"]] == wanted and modern["resultType"] == "complete"


async def test_calls_go_to_the_board_that_has_the_tool_byte_for_byte(one, two, client):
    for name, board in (("a_echo", one), ("b_echo", two)):
        line = b'{"id":"%s","method":"tools/call","jsonrpc":"2.0","params":{"arguments":{"x": 1.50},"name":"%s"}}'
        client.write(line % (name.encode(), name.encode()))
        assert "result" in await client.answer(name)
        assert last_call(board)["name"] == "echo" and b'"arguments":{"x": 1.50}' in board.lines[-1]
    assert (await client.ask("tools/call", {"name": "break"}))["result"]["isError"]
    assert last_call(two)["name"] == "break"


async def test_a_name_without_the_prefix_it_needs_says_what_there_is(client):
    answer = (await client.ask("tools/call", {"name": "echo", "_meta": META}))["result"]
    assert answer["isError"] and "a_echo, b_echo" in answer["content"][0]["text"] and answer["resultType"]
    assert (
        "There are: a_echo, count" in (await client.ask("tools/call", {"name": "nix"}))["result"]["content"][0]["text"]
    )
    assert (await client.ask("tools/call", {}))["error"]["code"] == -32602


async def test_progress_cancel_and_ids_of_two_clients(one, two, front):
    first, second = RawClient(front), RawClient(front)
    params = {"name": "count", "arguments": {"to": 3}, "_meta": {"progressToken": "same"}}
    for client in (first, second):
        client.write({"id": 9, "method": "tools/call", "params": params})
    for client in (first, second):
        await client.answer(9)
        assert [message["params"]["progress"] for message in client.sent if "method" in message] == [1, 2, 3]
    first.write({"id": "c", "method": "tools/call", "params": {"name": "count", "arguments": {}}})
    await until(lambda: one._tasks)
    assert front.asked_by(first.client) == 1
    first.write({"method": "notifications/cancelled", "params": {"requestId": "c"}})
    await until(lambda: not one._tasks)
    first.write({"id": "d", "method": "tools/call", "params": {"name": "count", "arguments": {}}})
    await until(lambda: one._tasks)
    front.detach(first.client)
    await until(lambda: not one._tasks)


async def test_questions_of_two_boards_come_back_to_the_right_one(one, two, client):
    for board in (one, two):
        board.tools.append("ask")
    asking = [Asking(board) for board in (one, two)]
    await client.ask("initialize", INITIALIZE)
    await client.ask("tools/list")
    for name in ("a_ask", "b_ask"):
        client.write({"id": name, "method": "tools/call", "params": {"name": name, "arguments": {}}})
    await until(lambda: told(client).count("elicitation/create") == 2)
    for question in [message for message in client.sent if message.get("method") == "elicitation/create"]:
        call = question["params"]["_meta"]["wasmote/requestId"]
        client.write({"id": question["id"], "result": {"content": {"for": call}}})
    for name in ("a_ask", "b_ask"):
        assert json.loads((await client.answer(name))["result"]["content"][0]["text"]) == {"content": {"for": name}}
    assert [len(one.answers) for one in asking] == [1, 1]


async def test_resources_prompts_and_completion_find_their_board(one, two, client):
    one.resources, two.resources = {"note:/x": "one", "log:/": "only one"}, {"note:/x": "two"}
    one.templates, two.templates = ["note:/{name}"], ["note:/{name}"]
    one.prompts, two.prompts = ["ask", "mine"], ["ask"]
    found = names(await client.ask("resources/list"), "resources", "uri")
    assert found == ["a+note:/x", "log:/", "b+note:/x"]
    templates = names(await client.ask("resources/templates/list"), "resourceTemplates", "uriTemplate")
    assert templates == ["a+note:/{name}", "b+note:/{name}"]
    for uri, text in (("a+note:/x", "one"), ("b+note:/x", "two"), ("log:/", "only one")):
        (contents,) = (await client.ask("resources/read", {"uri": uri}))["result"]["contents"]
        assert contents == {"uri": uri, "text": text}
    error = (await client.ask("resources/read", {"uri": "note:/x"}))["error"]
    assert error["code"] == -32002 and "say a+note:/x or b+note:/x" in error["message"]
    assert (await client.ask("resources/read", {"uri": "nix:/", "_meta": META}))["error"]["code"] == -32602
    assert names(await client.ask("prompts/list"), "prompts") == ["a_ask", "mine", "b_ask"]
    assert (await client.ask("prompts/get", {"name": "b_ask"}))["result"]["description"] == "ask"
    assert "no prompt" in (await client.ask("prompts/get", {"name": "ask"}))["error"]["message"]
    for ref, there in (
        ({"type": "ref/prompt", "name": "b_ask"}, {"type": "ref/prompt", "name": "ask"}),
        ({"type": "ref/resource", "uri": "a+note:/{name}"}, {"type": "ref/resource", "uri": "note:/{name}"}),
    ):
        params = {"ref": ref, "argument": {"name": "name", "value": ""}}
        completion = (await client.ask("completion/complete", params))["result"]["completion"]
        assert json.loads(completion["values"][0]) == there
        assert (two, one)["note" in str(ref)].received[-1]["method"] == "completion/complete"


async def test_long_lists_are_paged_across_boards(one, two, client):
    one.tools = [f"one_{number:03}_{'x' * 100}" for number in range(60)]
    two.tools = [f"two_{number:03}_{'x' * 100}" for number in range(60)]
    found, cursor, pages = [], None, 0
    while True:
        result = (await client.ask("tools/list", {"cursor": cursor} if cursor else {}))["result"]
        found, pages = found + [tool["name"] for tool in result["tools"]], pages + 1
        if not (cursor := result.get("nextCursor")):
            break
    assert found == one.tools + two.tools and pages > 1


async def test_a_change_on_one_board_is_announced_once_and_in_both_eras(one, front, client):
    await client.ask("initialize", INITIALIZE)
    modern = RawClient(front)
    params = {"_meta": META, "notifications": {"toolsListChanged": True}}
    modern.write({"id": 5, "method": "subscriptions/listen", "params": params})
    assert (await modern.notice("notifications/subscriptions/acknowledged"))["params"]["notifications"]
    await client.ask("tools/list")
    one.tools = ["break"]
    one.changed()
    await client.notice(TOOLS_CHANGED)
    assert (await modern.notice(TOOLS_CHANGED))["params"]["_meta"] == {"io.modelcontextprotocol/subscriptionId": 5}
    assert names(await client.ask("tools/list")) == ["a_break", "echo", "b_break"]
    assert told(client) == [TOOLS_CHANGED]


@pytest.mark.parametrize("uri, there", [("log:/", "log:/"), ("a+note:/x", "note:/x")])
async def test_resources_are_watched_on_their_board_in_both_eras(one, two, front, client, uri, there):
    one.resources, two.resources = {"note:/x": "", "log:/": ""}, {"note:/x": ""}
    await client.ask("initialize", INITIALIZE)
    assert (await client.ask("resources/subscribe", {"uri": uri}))["result"] == {}
    modern = RawClient(front)
    params = {"_meta": META, "notifications": {"resourceSubscriptions": [uri]}}
    modern.write({"id": 5, "method": "subscriptions/listen", "params": params})
    await modern.notice("notifications/subscriptions/acknowledged")
    assert (one.watched, two.watched) == ({there}, set())
    one.say({"method": UPDATED, "params": {"uri": there}})
    assert (await client.notice(UPDATED))["params"] == {"uri": uri}
    assert (await modern.notice(UPDATED))["params"]["uri"] == uri
    assert told(client) == [UPDATED]
    await client.ask("resources/unsubscribe", {"uri": uri})
    assert one.watched == {there}  # the other still watches
    front.detach(modern.client)
    await until(lambda: not one.watched)
    assert "error" in await client.ask("resources/subscribe", {"uri": "nix:/"})


async def test_a_client_may_listen_to_resources_before_anything_is_known(one, two, front):
    one.resources = {"log:/": ""}
    modern = RawClient(front)
    params = {"_meta": META, "notifications": {"resourceSubscriptions": ["log:/", "nix:/"]}}
    modern.write({"id": 5, "method": "subscriptions/listen", "params": params})
    acknowledged = (await modern.notice("notifications/subscriptions/acknowledged"))["params"]["notifications"]
    assert acknowledged == {"resourceSubscriptions": ["log:/"]} and one.watched == {"log:/"}


async def test_a_log_level_is_for_all_boards(one, two, client):
    await client.ask("initialize", INITIALIZE)
    await client.ask("tools/list")
    assert (await client.ask("logging/setLevel", {"level": "debug"}))["result"] == {}
    for board in (one, two):
        await until(lambda: board.received[-1].get("params") == {"level": "debug"})  # noqa: B023
        board.say({"method": "notifications/message", "params": {"level": "debug", "data": "x"}})
    await until(lambda: told(client) == ["notifications/message"] * 2)
    assert (await client.ask("logging/setLevel", {"level": "loud"}))["error"]["code"] == -32602


async def test_while_one_board_is_away_its_tools_stay_listed_and_its_calls_fail_at_once(one, two, client, monkeypatch):
    monkeypatch.setattr(connection, "GRACE", 0)
    await client.ask("initialize", INITIALIZE)
    before = names(await client.ask("tools/list"))
    await one.unplug()
    await until_async(lambda: client.ask("tools/call", {"name": "a_echo"}), lambda answer: "error" in answer)
    error = (await client.ask("tools/call", {"name": "count"}))["error"]
    assert error["data"]["kind"] == "board-away" and error["data"]["port"] == one.url and "since" in error["data"]
    assert error["message"].startswith(f"a ({one.url}): the board is away since")
    assert names(await client.ask("tools/list")) == before
    assert "result" in await client.ask("tools/call", {"name": "b_echo"})
    one.tools = ["fresh"]
    await one.plug()
    await client.notice(TOOLS_CHANGED)
    assert names(await client.ask("tools/list")) == ["fresh", "echo", "break"]


async def test_a_board_that_was_never_there_does_not_keep_the_other(two, monkeypatch):
    absent = FakeBoard()
    await absent.plug()
    await absent.unplug()
    async with together(absent, two) as front:
        client = RawClient(front)
        opened = (await client.ask("initialize", INITIALIZE))["result"]
        assert "a: The board at" in opened["instructions"]
        assert names(await client.ask("tools/list")) == ["echo", "break"]
        assert (await client.ask("tools/call", {"name": "a_echo"}))["error"]["data"]["kind"] == "board-away"


async def test_boards_are_called_what_they_say(one, two):
    async with together(one, two, names=(None, None)) as front:
        listed = names(await RawClient(front).ask("tools/list"))
        assert listed == ["fake_echo", "count", "only_one", "fake2_echo", "break"]


async def test_management_of_one_of_several_boards_says_how(client, one, two):
    error = (await client.ask("wasmote/list"))["error"]
    assert error["code"] == -32601 and one.url in error["message"] and two.url in error["message"]
    assert (await client.ask("no/such"))["error"]["code"] == -32601


METHODS = [
    *(
        "initialize",
        "server/discover",
        "ping",
        "tools/list",
        "tools/call",
        "resources/list",
        "resources/read",
        "prompts/get",
    ),
    *(
        "resources/subscribe",
        "resources/unsubscribe",
        "completion/complete",
        "logging/setLevel",
        "subscriptions/listen",
    ),
]
ODD = [
    *(None, {}, {"name": 7}, {"name": "a_echo", "arguments": [1]}, {"uri": []}, {"uri": "a+"}, {"uri": "a+note:/"}),
    *({"ref": 7}, {"ref": {"name": [], "uri": 1}}, {"level": {}}, {"cursor": []}, {"_meta": {}}, {"_meta": META}),
    *({"name": "\ud800", "uri": "\ud800:", "ref": {"uri": "\ud800"}}, {"protocolVersion": 5}, {"capabilities": 7}),
    {"_meta": {"io.modelcontextprotocol/protocolVersion": 7, "io.modelcontextprotocol/clientCapabilities": {}}},
]


async def test_odd_requests_are_answered_once_each_and_harm_nobody(one, two, front, client):
    one.resources, two.resources = {"note:/\ud800": "\ud800"}, {"note:/x": ""}
    said = []
    front._say = said.append
    await client.ask("tools/list")
    sessions = [member.hub.connection.session for member in front._members]
    asked = [(method, params) for method in METHODS for params in ODD]
    listening = ("subscriptions/listen", {"_meta": META})
    for number, (method, params) in enumerate(asked, 1000):
        client.write({"id": number, "method": method, **({"params": params} if params is not None else {})})
    for number, asking in enumerate(asked, 1000):
        if asking != listening:
            answer = await client.answer(number)
            assert ("result" in answer) != ("error" in answer)
    answered = [message["id"] for message in client.sent if "method" not in message]
    assert len(answered) == len(set(answered))
    assert "result" in await client.ask("tools/call", {"name": "b_echo", "arguments": {}})
    assert [member.hub.connection.session for member in front._members] == sessions and said == []


async def test_an_id_that_is_under_way_is_refused(one, two, front):
    client = RawClient(front)  # nobody has asked for the lists yet
    client.write({"id": 1, "method": "tools/list"})
    client.write({"id": 1, "method": "tools/list"})
    await until(lambda: len(client.sent) == 2)
    assert sorted("error" in message for message in client.sent) == [False, True]


async def test_several_boards_over_http_in_both_eras(front, one, two):
    async with serving(front) as url:
        old, new = HttpClient(url), HttpClient(url)
        await old.initialize()
        assert [tool["name"] for tool in (await old.ask("tools/list"))[1][0]["result"]["tools"]][0] == "a_echo"
        call = {"name": "b_echo", "arguments": {"x": 1}}
        for status, (answer,) in (await old.ask("tools/call", call), await new.modern("tools/call", call)):
            assert status == 200 and answer["result"]["content"][0]["text"] == '{"x": 1}'
        await old.close()
        await new.close()


# --- the static tools --------------------------------------------------------------------------------------------


@pytest.fixture
async def static(one):
    async with together(one, static=True) as front:
        yield RawClient(front)


async def test_static_tools_are_there_besides_the_others(one, static):
    assert names(await static.ask("tools/list")) == ["echo", "count", "only_one", "board_tools", "board_call"]
    one.tools = ["later"]
    one.schemas["later"] = {"type": "object", "properties": {"x": {"type": "number"}}}
    one.changed()
    await until(lambda: [message["method"] for message in one.received].count("tools/list") > 1)
    result = (await static.ask("tools/call", {"name": "board_tools", "_meta": META}))["result"]
    (tool,) = json.loads(result["content"][0]["text"])["tools"]
    assert tool == {"name": "later", "inputSchema": one.schemas["later"]} and result["isError"] is False


async def test_board_call_calls_a_tool_with_its_arguments_as_they_are(one, static):
    await static.ask("tools/list")
    static.write(
        b'{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"arguments":{"arguments" : {"x": 1.50},"name":"echo"},'
        b'"_meta":{"progressToken":7},"name":"board_call"}}'
    )
    assert json.loads((await static.answer(3))["result"]["content"][0]["text"]) == {"x": 1.5}
    assert b'"params":{"arguments":{"x": 1.50}' in one.lines[-1] and b'"name":"echo"' in one.lines[-1]
    assert "result" in await static.ask("tools/call", {"name": "board_call", "arguments": {"name": "echo"}})
    assert last_call(one)["arguments"] == {}


@pytest.mark.parametrize(
    "arguments, says",
    [
        (None, 'needs "name"'),
        ({"name": 7}, 'needs "name"'),
        ({"name": "nix"}, "no tool"),
        ({"name": "echo", "arguments": [1]}, "is an object"),
    ],
)
async def test_wrong_calls_of_board_call_are_failed_tools(static, arguments, says):
    result = (await static.ask("tools/call", {"name": "board_call", "arguments": arguments}))["result"]
    assert result["isError"] and says in result["content"][0]["text"]


async def test_board_tools_says_which_board_is_away(one, two, monkeypatch):
    monkeypatch.setattr(connection, "GRACE", 0)
    async with together(one, two, static=True) as front:
        client = RawClient(front)
        await client.ask("tools/list")
        await two.unplug()
        await until(lambda: not front._members[1].is_there)
        said = json.loads((await client.ask("tools/call", {"name": "board_tools"}))["result"]["content"][0]["text"])
        assert len(said["tools"]) == 5 and two.url in said["away"][0]


async def test_a_single_board_is_managed_through_the_bridge_as_ever(static):
    assert (await static.ask("wasmote/list"))["result"] == {"components": []}


# --- the command line --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, says",
    [
        ((), "which board?"),
        (("a=tcp:127.0.0.1:1", "A=tcp:127.0.0.1:2"), "two boards are called A"),
        (("tcp:127.0.0.1:1", "x=tcp:127.0.0.1:1"), "is there twice"),
        (("a=usb:1",), "is no port"),
    ],
)
async def test_a_wrong_list_of_boards_is_one_line(arguments, says):
    code, out, err = await wasmote("bridge", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1) and says in err


async def test_boards_may_be_arguments_and_options(one, two):
    line = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n'
    code, out, _ = await wasmote("bridge", f"x={one.url}", "--port", f"y={two.url}", stdin=line)
    assert code == 0 and names(json.loads(out)) == ["x_echo", "count", "only_one", "y_echo", "break"]


async def test_a_board_that_was_never_heard_has_a_name_that_no_other_was_given(one):
    hubs = [(name, SharedHub(one.url)) for name in (None, "board1", None)]  # nobody runs them: all are away
    assert Boards(hubs)._names() == ["board12", "board1", "board3"]
