"""`wasmote bridge --http`: Streamable HTTP in both eras, against the fake board."""

import pytest
from http_client import HttpClient, serving

pytestmark = pytest.mark.anyio


@pytest.fixture
async def url(hub):
    async with serving(hub) as url:
        yield url


@pytest.fixture
async def http(url):
    client = HttpClient(url)
    yield client
    await client.close()


async def test_a_session_of_the_handshake_era(http, board):
    assert (await http.initialize())["result"]["serverInfo"]["name"] == "fake"
    assert all(0x21 <= ord(letter) <= 0x7E for letter in http.session)
    assert await http.post({"method": "notifications/initialized"}) == (202, [])
    status, (answer,) = await http.ask("tools/call", {"name": "echo", "arguments": {"x": 1}})
    assert status == 200 and answer["result"]["content"][0]["text"] == '{"x": 1}'
    assert (await http.http.delete(http.url, headers=http.headers())).status_code == 200
    status, (answer,) = await http.ask("ping")
    assert status == 404 and "begin with initialize" in answer["error"]["message"]


async def test_a_request_of_the_modern_era_needs_no_session(http):
    status, (answer,) = await http.modern("tools/list")
    assert status == 200 and len(answer["result"]["tools"]) == 3


async def test_progress_comes_before_the_result_in_one_stream(http):
    call = {"name": "count", "arguments": {"to": 3}}
    status, said = await http.modern("tools/call", call, progressToken="mine")
    assert status == 200 and [message["params"]["progress"] for message in said[:-1]] == [1, 2, 3]
    assert {message["params"]["progressToken"] for message in said[:-1]} == {"mine"} and "result" in said[-1]
