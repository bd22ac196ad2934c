# SPDX-License-Identifier: MIT
"""`wasmote bench`: what a board, its line and its tools take, measured from here.

round trip    a ping: the line's latency both ways, and the board's and our own handling of a message
to the board  a ping with padding as long as the board takes, less a bare one
from it       wasmote/info, less a ping; making it is the board's work, so this is a lower bound
a call        a tool, with the board's own count of what its code ran: fuel, in halfwords of A16
"""

import json
import statistics
import time

TIMES = 20
PADDING = 8192  # bytes, or what the board takes


async def link(board, times=TIMES):
    """{"roundTripMs", "minMs", "upBytesPerSecond", "downBytesPerSecond", "upBytes", "downBytes"}"""
    facts = await board.info()
    bare = [await _timed(board.ping) for _ in range(times)]
    size = min(PADDING, facts["limits"].get("messageBytes", PADDING) - 256)
    padding = "x" * size
    few = max(3, times // 5)
    up = [await _timed(lambda: board.ping(padding)) for _ in range(few)]
    down = [await _timed(board.info) for _ in range(few)]
    answer = len(json.dumps(facts, separators=(",", ":")).encode())
    middle = statistics.median(bare)
    return {
        "board": facts["firmware"]["board"],
        "times": times,
        "roundTripMs": middle * 1000,
        "minMs": min(bare) * 1000,
        "upBytes": size,
        "upBytesPerSecond": _rate(size, min(up) - min(bare)),
        "downBytes": answer,
        "downBytesPerSecond": _rate(answer, min(down) - min(bare)),
    }


async def call(board, tool, arguments, times=TIMES):
    """{"component", "callMs", "minMs", "fuel", "runMs", per call; "failed": whether the tool said so}"""
    before = _of(await board.info(), tool)
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        result = await board.call(tool, arguments)
        spent.append(time.perf_counter() - start)
    after = _of(await board.info(), tool)
    told = {name: (after.get(name, 0) - before.get(name, 0)) / times for name in ("fuel", "runMs") if name in after}
    return {
        "tool": tool,
        "component": after.get("name"),
        "times": times,
        "callMs": statistics.median(spent) * 1000,
        "minMs": min(spent) * 1000,
        "failed": bool(result.get("isError")),
        **told,
    }


def _of(facts, tool):
    """The record of the component that has a tool, {} for a tool of the firmware's own."""
    return next((one for one in facts["components"] if tool in one.get("tools", ())), {})


async def _timed(work):
    start = time.perf_counter()
    await work()
    return time.perf_counter() - start


def _rate(size, seconds):
    """Bytes a second, None when it was too quick to tell."""
    return size / seconds if seconds > 1e-4 else None
