"""Damaged HTTP requests: each is answered as the client's fault or not at all, and the bridge goes on."""

import asyncio
import contextlib
import json
import random
import re

import pytest
from http_client import GOOD, INITIALIZE, HttpClient, serving

pytestmark = pytest.mark.anyio
OPENING = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE})
OLD = (
    "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: */*\r\n"
    f"Content-Length: {len(OPENING)}\r\n\r\n{OPENING}"
)
PIECES = (b"\r\n", b"\0", b"{", b"]", b'"', b":", b"[1,2]", b"null", b"1e400", b"\xff", b"Mcp-Session-Id: x\r\n")


def damaged(rng, text):
    data = bytearray(text.encode())
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        kind, at = rng.randrange(4), rng.randrange(len(data))
        piece = data[at : at + rng.randrange(1, 30)]
        if kind == 0:
            data[at] = rng.randrange(256)
        elif kind == 1:
            del data[at : at + len(piece)]
        elif kind == 2:
            data[at:at] = piece * rng.choice((1, 2, 50))
        else:
            data[at:at] = rng.choice(PIECES)
    return bytes(data)


@pytest.mark.parametrize("seed", range(4))
async def test_damaged_requests_do_no_harm(hub, seed):
    rng = random.Random(seed)
    said = []
    async with serving(hub, say=said.append) as url:
        http = HttpClient(url)
        await http.modern("tools/list")

        async def send(data):
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.split(":")[2].split("/")[0]))
            writer.write(data + b" " * 4096 + b"\r\n\r\n")  # for what waits for more
            answer = b""
            with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
                answer = await asyncio.wait_for(reader.read(), 0.3)  # some wait for much more
            writer.close()
            return re.findall(rb"HTTP/1.1 (\d+)", answer)

        seen = set()
        for _ in range(15):
            for statuses in await asyncio.gather(*(send(damaged(rng, rng.choice((GOOD, OLD)))) for _ in range(10))):
                seen.update(statuses)
        assert b"400" in seen and b"500" not in seen
        assert not said
        assert (await http.modern("tools/list"))[0] == 200
        assert not hub._pending and not hub._waiting
        await http.close()
