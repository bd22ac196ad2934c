# SPDX-License-Identifier: MIT
"""`make faults`: what a bad line, a pulled cable and resets do to calls. Prints figures; exits with 1 if a promise is broken.

    python scripts/faults.py [--calls 10000] [--breaks 500] [--board unix:] [--seed 1]

Every call names a key; the guest `counter` counts how often each key was executed. While cables are cut and boards reset, one
component after another is pushed, too. The last part is hostile bytes, at the board and at a bridge.
"""

import argparse
import asyncio
import contextlib
import os
import random
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests/faults"))

import storm  # noqa: E402
from proxy import Faults, Proxy  # noqa: E402
from wasmote.board.methods import Board, text_of  # noqa: E402
from wasmote.board.session import session  # noqa: E402
from wasmote.errors import CallError  # noqa: E402

LINES = {
    "a clean line": {},
    "1e-5 of the bits": {"error": 1e-5, "lost": 1e-5, "burst": 2e-6},
    "1e-4 of the bits": {"error": 1e-4, "lost": 1e-4, "doubled": 5e-5, "inserted": 5e-5, "burst": 2e-5, "stall": 2e-6},
}
AT_ONCE = 3  # calls under way
LIMIT = 30  # seconds in which every call has ended, one way or the other
RECOVERY = 2.0  # seconds after the board's return, or the last hostile byte
HEAP = 2048  # bytes that are no growth: of a board's heap,
MEMORY = 4_000_000  # and of a bridge's process, whose allocator takes some at a time


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


def component(name):
    return (ROOT / f"build/examples/{name}.wasm").read_bytes()


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
        await board.push("counter", component("counter"))
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
    """Cuts and resets at random bytes while calls and pushes run; (Tally, seconds of each recovery, how many calls were
    executed twice, Pushes)."""
    source = random.Random(seed)
    tally, recoveries, twice, key, text = Tally(), [], 0, 0, texts(seed)
    async with Proxy(board_url, Faults(seed=seed)) as proxy, session(proxy.url) as client:
        board = Board(client)
        await board.push("counter", component("counter"))
        pushes = Pushes(board)
        await pushes.one()
        pushing = asyncio.ensure_future(pushes.run())
        for number in range(count):
            happened = asyncio.Event()
            direction = source.choice((proxy.to_board, proxy.to_bridge))
            direction.at_byte = (source.randrange(source.choice((400, 4000, 100_000))), happened.set)
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
            pushes.check(await board.list())
        pushing.cancel()
        await asyncio.gather(pushing, return_exceptions=True)
    return tally, recoveries, twice, pushes


class Pushes:
    """Versions of a component, pushed one after the other whatever happens. whole: how many; anew: how often one began again."""

    VERSIONS = ("thermometer", "textkit", "toolbox")

    def __init__(self, board):
        self._board = board
        self._versions = [component(name) for name in self.VERSIONS]
        self.whole = self.anew = 0

    def _version(self, number):
        return self._versions[number % len(self._versions)]

    async def one(self):
        seen = []
        try:
            await self._board.push("pushed", self._version(self.whole), seen.append)
            self.whole += 1
        finally:
            self.anew += sum(after == 0 < before for before, after in pairwise(seen))

    async def run(self):
        while True:
            with contextlib.suppress(CallError):
                await self.one()
            await asyncio.sleep(0.01)

    def check(self, components):
        """Nothing stored is lost: it is the version whose push has ended, or the one whose answer is yet to come."""
        stored = {entry["name"]: entry["bytes"] for entry in components}
        good = [len(self._version(number)) for number in (self.whole - 1, self.whole)]
        assert set(stored) == {"counter", "pushed"} and stored["pushed"] in good, (
            f"stored components are lost: {stored}"
        )


async def recovered(client, since):
    """Seconds until a question is answered."""
    while True:
        try:
            await asyncio.wait_for(client.request("wasmote/list"), LIMIT)
            return time.monotonic() - since
        except CallError:
            await asyncio.sleep(0.02)


async def at_bridge(url, seed, size):
    """storm.at_bridge with the component `counter`."""
    async with session(url) as client:
        await Board(client).push("counter", component("counter"))
    return await storm.at_bridge(url, seed, size, "once", {"key": 0, "text": "?"}, "0 ?")


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
        tally, recoveries, twice, pushes = await breaks(url, options.seed, options.breaks)
        ordered = sorted(recoveries)
        print(f"{options.breaks} cuts and resets: {tally.right} calls answered, {tally.failed} failed; recovery median "
              f"{ordered[len(ordered) // 2]:.2f} s, slowest {ordered[-1]:.2f} s; slowest call {tally.slowest:.2f} s; "
              f"{pushes.whole} pushes, begun anew {pushes.anew} times")  # fmt: skip
        good &= verdict("every call answered right or failed with a reason", not tally.wrong)
        good &= verdict("none executed twice", twice == 0)
        good &= verdict("nothing stored was lost", pushes.whole > 0)
        good &= verdict(f"the bridge serves within {RECOVERY} s of the board's return", ordered[-1] < RECOVERY)
        board = await storm.at_board(url, options.seed, options.hostile)
        print(
            f"{options.hostile} hostile bytes at the board: heap {-board.grown:+} bytes, served after {board.seconds:.2f} s"
        )
        good &= verdict("the board did not reset and did not grow", board.same and board.grown < HEAP)
        good &= verdict("it serves at once", board.seconds < RECOVERY)
        bridge = await at_bridge(url, options.seed, options.hostile)
        print(f"{options.hostile} hostile bytes at a bridge, {bridge.forged} frames of its board forged, {bridge.replayed} said "
              f"again: memory {bridge.grown:+} bytes, served after {bridge.seconds:.2f} s; {bridge.answered} of "
              f"{bridge.asked} calls answered meanwhile")  # fmt: skip
        good &= verdict("the bridge went on and did not grow", bridge.grown < MEMORY)
        good &= verdict("it serves at once", bridge.seconds < RECOVERY)
    return 0 if good else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=10000)
    parser.add_argument("--breaks", type=int, default=500)
    parser.add_argument("--hostile", type=int, default=10_000_000, help="bytes")
    parser.add_argument("--board", default="unix:")
    parser.add_argument("--seed", type=int, default=1)
    sys.exit(asyncio.run(main(parser.parse_args())))
