# SPDX-License-Identifier: MIT
"""`make faults`: what a bad line, a pulled cable and resets do to calls. Prints figures; exits with 1 if a promise is broken.

    python scripts/faults.py [--calls 10000] [--breaks 500] [--board unix:] [--seed 1]

Every call names a key; the guest `counter` counts how often each key was executed.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests/faults"))

from hostile_bytes import blocks  # noqa: E402
from proxy import Faults, Proxy  # noqa: E402
from wasmote.board.methods import Board, text_of  # noqa: E402
from wasmote.board.session import session  # noqa: E402
from wasmote.errors import CallError  # noqa: E402
from wasmote.ports.urls import port  # noqa: E402
from wasmote.wire.peer import Peer  # noqa: E402

LINES = {
    "a clean line": {},
    "1e-5 of the bits": {"error": 1e-5, "lost": 1e-5, "burst": 2e-6},
    "1e-4 of the bits": {"error": 1e-4, "lost": 1e-4, "doubled": 5e-5, "inserted": 5e-5, "burst": 2e-5, "stall": 2e-6},
}
AT_ONCE = 3  # calls under way
LIMIT = 30  # seconds in which every call has ended, one way or the other
RECOVERY = 2.0  # seconds after the board's return


class Tally:
    """What became of the calls."""

    def __init__(self):
        self.right = self.wrong = self.failed = 0
        self.slowest = 0.0

    async def call(self, board, key, text):
        began = time.monotonic()
        try:
            result = await asyncio.wait_for(board.call("once", {"key": key, "text": text}), LIMIT)
            if text_of(result) == f"{key} {text}" and not result["isError"]:
                self.right += 1
            else:
                self.wrong += 1
                print(f"wrong answer to {key}: {result}")
        except CallError as error:
            self.failed += 1
            if not (isinstance(error.data, dict) and str(error.data.get("kind", "")).startswith("board-")):
                self.wrong += 1
                print(f"an untyped error for {key}: {error.code} {error} {error.data}")
        except asyncio.TimeoutError:
            self.wrong += 1
            print(f"no answer to {key} within {LIMIT} s")
        self.slowest = max(self.slowest, time.monotonic() - began)


async def counted(board):
    """(calls that the guest executed, how many of them with a key used before)."""
    return tuple(map(int, text_of(await board.call("counted", {})).split()))


def texts(seed):
    source = random.Random(seed)
    while True:
        yield "".join(source.choice("abcdefgh {}[]:,") for _ in range(source.choice((5, 40, 300))))


async def bad_line(board_url, faults, calls):
    """`calls` calls over one line; (Tally, seconds, the guest's count, the board's link)."""
    async with Proxy(board_url, Faults()) as proxy, session(proxy.url) as client:
        board = Board(client)
        await board.push("counter", (ROOT / "build/examples/counter.wasm").read_bytes())
        proxy.to_board.__init__(faults, faults.seed)
        proxy.to_bridge.__init__(faults, faults.seed ^ 0x5EED)
        tally, keys, text = Tally(), iter(range(calls)), texts(faults.seed)
        began = time.monotonic()

        async def caller():
            for key in keys:
                await tally.call(board, key, next(text))

        await asyncio.gather(*(caller() for _ in range(AT_ONCE)))
        seconds = time.monotonic() - began
        return tally, seconds, await counted(board), (await board.info())["link"]


async def breaks(board_url, seed, count):
    """Cuts and resets at random bytes while calls run; (Tally, seconds of each recovery, what was executed twice)."""
    source = random.Random(seed)
    tally, recoveries, twice, key, text = Tally(), [], 0, 0, texts(seed)
    async with Proxy(board_url, Faults(seed=seed)) as proxy, session(proxy.url) as client:
        board = Board(client)
        await board.push("counter", (ROOT / "build/examples/counter.wasm").read_bytes())
        for number in range(count):
            happened = asyncio.Event()
            direction = source.choice((proxy.to_board, proxy.to_bridge))
            direction.at_byte = (source.randrange(4000), happened.set)
            running = []
            while not happened.is_set():
                running = [task for task in running if not task.done()]
                if len(running) < AT_ONCE:
                    running.append(asyncio.ensure_future(tally.call(board, key % 16384, next(text))))
                    key += 1
                await asyncio.sleep(0.001)
            reset = number % 2
            if reset:
                await proxy.reset()
            else:
                await proxy.cut()
                await asyncio.sleep(source.choice((0, 0.1, 0.5)))
                await proxy.mend()
            returned = time.monotonic()
            await asyncio.gather(*running)
            recoveries.append(await recovered(client, returned))
            executed, again = await counted(board)
            if reset:
                assert executed <= 1 + again, "the guest kept its memory over a reset"
            twice += again
            if reset or key > 12000:
                key = 0
                await board.load("counter") if not reset else None
            names = [entry["name"] for entry in await board.list()]
            assert names == ["counter"], f"stored components are lost: {names}"
    return tally, recoveries, twice


async def recovered(client, since):
    """Seconds until a question is answered."""
    while True:
        try:
            await asyncio.wait_for(client.request("wasmote/list"), LIMIT)
            return time.monotonic() - since
        except CallError:
            await asyncio.sleep(0.02)


async def at_board(url, seed, size):
    """`size` hostile bytes at a board; (its info before, its info afterwards, seconds until it served again)."""
    stream = await port(url).open()
    try:
        await _info(stream, 0)
        async with asyncio.timeout(20 + size / 20_000):
            await _send(stream, blocks(seed, 20_000))  # what is imported with the first of a kind
            before = await _info(stream, 1)
            await _send(stream, blocks(seed + 1, size))
            began = time.monotonic()
            after = await _info(stream, 2)
        return before, after, time.monotonic() - began
    finally:
        await stream.close()


async def _send(stream, data):
    """Send all of it, whatever comes back."""

    async def swallow():
        while await stream.read():
            pass

    swallowing = asyncio.ensure_future(swallow())
    for block in data:
        await stream.write(block)
    swallowing.cancel()
    await asyncio.gather(swallowing, return_exceptions=True)


async def _info(stream, number):
    """The board's info, asked in a line as a bridge does, again and again."""
    said, wanted = b"", b'"id":"after-%d"' % number
    question = b'\r\n{"jsonrpc":"2.0","id":"after-%d","method":"wasmote/info"}\r\n' % number
    while True:
        await stream.write(question)
        try:
            async with asyncio.timeout(5):
                while True:
                    said = said[-65536:] + await stream.read()
                    for line in said.split(b"\n")[:-1]:
                        start = line.find(b'{"jsonrpc"')
                        if start >= 0 and wanted in line and b'"result"' in line:
                            return json.loads(line[start:])["result"]
        except TimeoutError:
            pass


async def at_bridge(seed, size):
    """`size` hostile bytes at the PC's end while a link is open; bytes of memory that it takes more."""
    peer = Peer(lambda unit: None, lambda a, b: a - b)
    list(peer.feed(b"", 0))
    tracemalloc.start()
    base = None
    for number, block in enumerate(blocks(seed, size)):
        if number % 50 == 0:
            peer.open(b"abcd", number)
            peer.end.agreed(bytes((1, 104, 2)), 0, number)
            peer.units.strict = True
        for _ in peer.feed(block, number):
            pass
        peer.tick(number)
        if number == 100:
            base = tracemalloc.get_traced_memory()[0]
    grown = tracemalloc.get_traced_memory()[0] - base
    tracemalloc.stop()
    return grown


def verdict(name, ok):
    print(f"  {'ok  ' if ok else 'FAIL'} {name}", flush=True)
    return ok


async def main(options):
    good = True
    with tempfile.TemporaryDirectory() as folder:
        os.environ["WASMOTE_RUNTIME_DIR"] = os.environ["WASMOTE_DATA_DIR"] = folder
        url = options.board
        for name, rates in LINES.items():
            tally, seconds, (executed, again), link = await bad_line(
                url, Faults(seed=options.seed, **rates), options.calls
            )
            print(f"{name}: {options.calls} calls in {seconds:.0f} s, slowest {tally.slowest:.2f} s; frames sent again by "
                  f"the board {link['resent']}, damaged there {link['damaged']}")  # fmt: skip
            good &= verdict("every call answered once, and right", tally.right == options.calls and not tally.wrong)
            good &= verdict("none executed twice", executed == options.calls and again == 0)
        tally, recoveries, twice = await breaks(url, options.seed, options.breaks)
        ordered = sorted(recoveries)
        print(f"{options.breaks} cuts and resets: {tally.right} calls answered, {tally.failed} failed; recovery median "
              f"{ordered[len(ordered) // 2]:.2f} s, slowest {ordered[-1]:.2f} s; slowest call {tally.slowest:.2f} s")  # fmt: skip
        good &= verdict("every call answered right or failed with a reason", not tally.wrong)
        good &= verdict("none executed twice", twice == 0)
        good &= verdict(f"the bridge serves within {RECOVERY} s of the board's return", ordered[-1] < RECOVERY)
        before, after, seconds = await at_board(url, options.seed, options.hostile)
        grown = before["heap"]["freeBytes"] - after["heap"]["freeBytes"]
        print(f"{options.hostile} hostile bytes at the board: heap {-grown:+} bytes, served again after {seconds:.2f} s; "
              f"at the bridge: {await at_bridge(options.seed, options.hostile):+} bytes")  # fmt: skip
        good &= verdict(
            "the board did not reset and did not grow", before["session"] == after["session"] and grown < 2048
        )
    return 0 if good else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=10000)
    parser.add_argument("--breaks", type=int, default=500)
    parser.add_argument("--hostile", type=int, default=10_000_000, help="bytes")
    parser.add_argument("--board", default="unix:")
    parser.add_argument("--seed", type=int, default=1)
    sys.exit(asyncio.run(main(parser.parse_args())))
