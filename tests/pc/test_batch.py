"""Batches (2025-03-26): split for the board, whose answers come back as one array, or as one stream over HTTP."""

import pytest
from conftest import until
from http_client import HttpClient, serving
from wasmote.wire.message import members

pytestmark = pytest.mark.anyio
PING = '{"jsonrpc":"2.0","id":%s,"method":"ping"}'
NOTICE = '{"jsonrpc":"2.0","method":"notifications/initialized"}'
ECHO = '{"jsonrpc":"2.0","id":"e","method":"tools/call","params":{"name":"echo","arguments":{"x": 1.50}}}'
COUNT = '{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"count","arguments":{"to":5},"_meta":{"progressToken":"t"}}}'
CASES = [  # a batch, the ids and codes of its answers in any order; None: nothing is answered
    (f"[{PING % 1},{NOTICE} ,\t{ECHO}]", [(1, 0), ("e", 0)]),
    (f"[{PING % 1}]", [(1, 0)]),
    (f"[{NOTICE}]", None),
    ("[1, [], {}]", [(None, -32600)] * 3),
    (
        f'[{PING % 1},{{"jsonrpc":"2.0","id":2,"method":"no/such"}},{{"jsonrpc":"2.0","id":3}}]',
        [(1, 0), (2, -32601), (3, -32600)],
    ),
    (f'[{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{{}}}},{PING % 2}]', [(1, -32600), (2, 0)]),
    (f"[{PING % 1},{PING % 1}]", [(1, 0), (1, 0)]),
]
ALONE = [("[]", -32600), ("[ ]", -32600), (f"[{PING % 1},]", -32700), (f"[{PING % 1}", -32700)]


async def test_the_members_of_a_batch_stand_as_they_stood():
    assert members(b' [ {"a": 1.0} ,[2],"\\u00e9,]", 3 ]\r\n') == ['{"a": 1.0}', "[2]", '"\\u00e9,]"', "3"]
    assert members(b"[]") is None and members(b'{"a":[1]}') is None and members(b"[1,]") is None


@pytest.fixture(autouse=True)
def agreeing(board):
    """The fake board agrees on whatever version a client names."""
    answer = board.answer

    async def agreeing(method, params):
        result = await answer(method, params)
        return {**result, "protocolVersion": params["protocolVersion"]} if method == "initialize" else result

    board.answer = agreeing


async def agreed(client, version="2025-03-26"):
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {}}
    return await client.ask("initialize", params)


def outcome(answers):
    return sorted(((answer["id"], answer.get("error", {}).get("code", 0)) for answer in answers), key=str)


@pytest.mark.parametrize("batch, expected", CASES)
async def test_a_batch_is_answered_by_one_array(board, client, batch, expected):
    await agreed(client)
    client.sent.clear()
    client.write(batch.encode())
    await until(lambda: client.sent or expected is None)
    await client.ask("ping", number="last")
    arrays = [said for said in client.sent if isinstance(said, list)]
    assert [outcome(said) for said in arrays] == ([sorted(expected, key=str)] if expected else [])
    assert len(client.sent) == len(arrays) + 1


@pytest.mark.parametrize("line, code", ALONE)
async def test_what_is_no_batch_is_one_error(board, client, line, code):
    await agreed(client)
    client.sent.clear()
    client.write(line.encode())
    assert [said["error"]["code"] for said in client.sent] == [code]


async def test_other_versions_have_none(board, client):
    await agreed(client, "2025-06-18")
    client.sent.clear()
    client.write(f"[{PING % 1}]".encode())
    assert client.sent[0]["error"]["code"] == -32600


async def test_progress_of_a_batch_comes_at_once_and_what_is_cancelled_is_not_waited_for(board, client):
    await agreed(client)
    client.sent.clear()
    endless = COUNT.replace('"c"', '"d"').replace('"to":5', '"to":1000000').replace('"t"', '"u"')
    client.write(f"[{COUNT},{endless},{PING % 1}]".encode())
    await until(lambda: len(board._tasks) == 1)
    assert {said["params"]["progressToken"] for said in client.sent} == {"t", "u"}
    client.write({"method": "notifications/cancelled", "params": {"requestId": "d"}})
    await until(lambda: any(isinstance(said, list) for said in client.sent))
    assert outcome(client.sent[-1]) == [("c", 0), (1, 0)]


async def test_two_batches_side_by_side_get_each_their_own(board, client):
    await agreed(client)
    client.sent.clear()
    client.write(f"[{COUNT},{PING % 1}]".encode())
    client.write(f"[{PING % 2},{PING % 3}]".encode())
    await until(lambda: sum(isinstance(said, list) for said in client.sent) == 2)
    assert {tuple(sorted(str(answer["id"]) for answer in said)) for said in client.sent if isinstance(said, list)} == {
        ("1", "c"),
        ("2", "3"),
    }


async def test_over_http_the_answers_are_events_of_one_stream(hub, board):
    async with serving(hub) as url:
        http = HttpClient(url)
        message = {"id": 0, "method": "initialize", "params": {"protocolVersion": "2025-03-26", "capabilities": {}}}
        answer = await http.http.post(url, json={"jsonrpc": "2.0", **message}, headers=http.headers(message))
        session = {"mcp_session_id": answer.headers["mcp-session-id"]}
        status, said = await http.post(f"[{COUNT},{NOTICE},{PING % 1}]".encode(), **session)
        assert status == 200 and outcome(one for one in said if "id" in one) == [("c", 0), (1, 0)]
        assert sum("method" in one for one in said) == 5
        assert await http.post(f"[{NOTICE}]".encode(), **session) == (202, [])
        for wrong in ("[]", "[1]", f"[{PING % 1},{PING % 1}]", '[{"jsonrpc":"2.0","id":1,"method":"initialize"}]'):
            assert (await http.post(wrong.encode(), **session))[0] == 400
        await http.initialize()
        assert (await http.post(f"[{PING % 1}]".encode()))[0] == 400
        await http.close()
