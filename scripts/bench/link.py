# SPDX-License-Identifier: MIT
"""What the framed link costs on a line of 115,200 baud: goodput of a push, time that a call takes beyond its bytes, and
calls while a push is under way.

The unix board behind the tests' proxy, which lets 11,520 bytes a second pass, each way. Time of this machine, not of a
board: the proxy's and the bridge's own latencies are in it.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/faults"))

from proxy import Faults, Proxy  # noqa: E402
from wasmote.board.methods import Board  # noqa: E402
from wasmote.board.session import session  # noqa: E402

RATE = 11520  # bytes a second: 115,200 baud, 8N1
SIZE = 102_400
UNIT = 12  # bytes of an ACK, which nobody waits for
PINGS = 60


def padded(component, size):
    """The component with a custom section that makes it `size` bytes."""
    pad = size - len(component) - 8
    length = bytes((pad + 4 & 127 | 128, pad + 4 >> 7 & 127 | 128, pad + 4 >> 14))
    return component + b"\0" + length + b"\3pad" + os.urandom(pad)


async def push(board, data):
    """Bytes a second from the second chunk to the last but one: neither start nor load is in it."""
    times = []
    await board.push("counter", data, on_progress=lambda done: times.append((time.monotonic(), done)))
    first, last = times[2], times[-3]
    return (last[1] - first[1]) / (last[0] - first[0])


async def latency(client, proxy):
    """Median seconds of a ping beyond its bytes."""
    beyond = []
    for _ in range(PINGS):
        await asyncio.sleep(0.05)
        before = proxy.to_board.bytes + proxy.to_bridge.bytes
        began = time.monotonic()
        await client.request("ping")
        took = time.monotonic() - began
        await asyncio.sleep(0.05)
        beyond.append(took - (proxy.to_board.bytes + proxy.to_bridge.bytes - before - UNIT) / RATE)
    return statistics.median(beyond)


async def calls(client, until):
    """Median seconds of calls in a row, until the task `until` is done."""
    took = []
    while not until.done():
        began = time.monotonic()
        await client.request("tools/call", {"name": "read", "arguments": {"unit": "K"}})
        took.append(time.monotonic() - began)
    await until
    return statistics.median(took)


async def measure():
    """{"goodput": of the line's payload rate, "latency": seconds, "call" and "call_beside_push": seconds}"""
    component = (ROOT / "build/examples/counter.wasm").read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["WASMOTE_RUNTIME_DIR"] = os.environ["WASMOTE_DATA_DIR"] = folder
        async with Proxy("unix:", Faults(bytes_per_second=RATE)) as proxy, session(proxy.url) as client:
            goodput = await push(Board(client), padded(component, SIZE)) / RATE
            wire = SIZE / proxy.to_board.bytes
            beyond = await latency(client, proxy)
            board = Board(client)
            await board.push("thermometer", (ROOT / "build/examples/thermometer.wasm").read_bytes())
            return {
                "goodput": goodput,
                "of_the_bytes": wire,
                "latency": beyond,
                "call": await calls(client, asyncio.ensure_future(asyncio.sleep(3))),
                "call_beside_push": await calls(
                    client, asyncio.ensure_future(board.push("counter", padded(component, SIZE)))
                ),
            }


def line(found):
    return (
        f"push of {SIZE:,} bytes at 115,200 baud: {found['goodput']:.1%} of the line's payload rate (budget 85%), "
        f"{found['of_the_bytes']:.1%} of the bytes on the wire; a ping beyond its bytes: {found['latency'] * 1000:.1f} ms "
        f"(budget 3 ms); a call {found['call'] * 1000:.0f} ms, beside a push {found['call_beside_push'] * 1000:.0f} ms"
    )


if __name__ == "__main__":  # this alone
    print(line(asyncio.run(measure())))
