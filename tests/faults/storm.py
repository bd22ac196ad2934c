"""Hostile bytes at a board, and at a `wasmote bridge`: whether they serve on, and what memory it cost them.

    found = await at_board(url, seed, size)      found = await at_bridge(url, seed, size)

Both are given what `hostile_bytes.blocks` says. The bridge's board is a real one on a pseudo terminal. Its own frames are
said again and damaged among the rest, and some have other contents, with a number in turn and a right CRC.
"""

import asyncio
import contextlib
import itertools
import json
import os
import random
import sys
import time
import tty
from dataclasses import dataclass

from hostile_bytes import blocks, mutated, unit
from wasmote.link.units import FRAME, Units
from wasmote.ports.urls import port

WARM = 200_000  # bytes sent before memory is measured: what is needed for the first of a kind stays


@dataclass
class AtBoard:
    same: bool  # it was not reset
    grown: int  # bytes of heap
    seconds: float  # until it served
    link: dict  # what it counted


@dataclass
class AtBridge:
    grown: int  # bytes of the process
    seconds: float  # until a call through it was answered right
    asked: int  # while it went on, by a client,
    answered: int  # in either way
    replayed: int  # pieces of what the real board said that were said again, most of them damaged
    forged: int  # frames of the real board in whose place another was said


async def at_board(url, seed, size):
    """`size` hostile bytes at the board `url`."""
    stream = await port(url).open()
    try:
        await _info(stream, 0)
        async with asyncio.timeout(60 + size / 2_000):  # emulated boards, on a busy machine
            await _send(stream, blocks(seed, min(size, WARM)))
            before = await _info(stream, 1)
            await _send(stream, blocks(seed + 1, size))
            after = await _info(stream, 2)  # it may have been behind
            await _send(stream, blocks(seed + 2, 4000))
            began = time.monotonic()
            await _info(stream, 3)
        seconds = time.monotonic() - began
    finally:
        await stream.close()
    grown = before["heap"]["freeBytes"] - after["heap"]["freeBytes"]
    return AtBoard(before["session"] == after["session"], grown, seconds, after["link"])


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
    said = b""
    question = b'\r\n{"jsonrpc":"2.0","id":"after-%d","method":"wasmote/info"}\r\n' % number
    answer = question[2:-26]
    while True:
        await stream.write(question)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                while True:
                    said = said[-65536:] + await stream.read()
                    for line in said.split(b"\n")[:-1]:
                        start = line.find(answer)
                        if start >= 0 and b'"result"' in line[start:]:
                            return json.loads(line[start:])["result"]


class LoudBoard:
    """The board `url` on a pseudo terminal, `self.url`, at which more is said than it says: `await say(data)`.

    forging    the share of its frames that have other contents
    """

    def __init__(self, url, seed):
        self._port = port(url)
        self._source = random.Random(seed)
        self._units = Units()
        self._units.strict = True
        self.heard = []  # what the board said last, in pieces
        self.forging = 0
        self.forged = 0

    async def __aenter__(self):
        self._stream = await self._port.open()
        master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.url = f"pty:{os.ttyname(self._slave)}"
        loop = asyncio.get_running_loop()
        self._reader = asyncio.StreamReader()
        self._pipe, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self._reader), os.fdopen(master, "rb", 0)
        )
        transport, protocol = await loop.connect_write_pipe(
            asyncio.streams.FlowControlMixin, os.fdopen(os.dup(master), "wb", 0)
        )
        transport.set_write_buffer_limits(0)  # `drain` waits for all of it
        self._writer = asyncio.StreamWriter(transport, protocol, None, loop)
        self._carrying = [asyncio.ensure_future(work) for work in (self._to_board(), self._from_board())]
        return self

    async def __aexit__(self, *_):
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)
        self._writer.transport.abort()
        self._pipe.close()
        os.close(self._slave)
        await self._stream.close()

    async def _to_board(self):
        while data := await self._reader.read(4096):
            await self._stream.write(data)

    async def _from_board(self):
        while data := await self._stream.read():
            self.heard = [*self.heard[-40:], data]
            for one in self._units.feed(data):
                if one == FRAME and self._source.random() < self.forging:
                    await self.say(self._forged())
            await self.say(data)

    def _forged(self):
        """What stands for the frame that has come: the real one counts as said again."""
        units = self._units
        _, kind, seq, ack, *payload = units.buffer[units.frame : units.frame + units.frame_size]
        self.forged += 1
        return unit(kind, seq, ack, mutated(self._source, payload) if payload else b"")

    async def say(self, data):
        self._writer.write(data)
        await self._writer.drain()


class StdioClient:
    """A `wasmote bridge PORT` and who asks it: `await ask(method, params)` → the whole answer."""

    def __init__(self, url):
        self._url = url
        self._ids = itertools.count(1)
        self._answers = {}

    async def __aenter__(self):
        pipe = asyncio.subprocess.PIPE
        command = [sys.executable, "-m", "wasmote", "bridge", "--quiet", self._url]
        self.process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=1 << 22)
        self._reading = asyncio.ensure_future(self._read())
        return self

    async def __aexit__(self, *_):
        self._reading.cancel()
        self.process.stdin.close()
        try:
            async with asyncio.timeout(20):
                assert await self.process.wait() == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()

    async def _read(self):
        while line := await self.process.stdout.readline():
            message = json.loads(line)
            if "method" not in message and (answer := self._answers.pop(message["id"], None)):
                answer.set_result(message)

    async def ask(self, method, params=None):
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}}
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            await self.process.stdin.drain()
            return await answer
        finally:
            self._answers.pop(number, None)

    def resident(self):
        """Bytes of memory that the process has."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


async def at_bridge(url, seed, size, tool, arguments, text):
    """`size` hostile bytes at a bridge from its board `url`, which has a tool that answers with `text`; others as it opens."""
    async with LoudBoard(url, seed) as board:
        opening = asyncio.ensure_future(_storm(board, seed, WARM))
        async with StdioClient(board.url) as client:
            await opening
            await _served(client, tool, arguments, text)
            count = [0, 0]
            asking = asyncio.ensure_future(_ask_on(client, tool, arguments, count))
            board.forging = 0.3
            await _storm(board, seed + 1, min(size, WARM))
            resident = client.resident()
            replayed = await _storm(board, seed + 2, size)
            board.forging = 0
            began = time.monotonic()
            await _served(client, tool, arguments, text)
            seconds = time.monotonic() - began
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            return AtBridge(client.resident() - resident, seconds, *count, replayed, board.forged)


async def _storm(board, seed, size):
    source, replayed = random.Random(seed), 0
    for number, block in enumerate(blocks(seed, size)):
        await board.say(block)
        if number % 50 == 0:
            await asyncio.sleep(0.05)  # a lull, in which calls come through
        if board.heard and source.random() < 0.5:
            heard = source.choice(board.heard)
            heard = mutated(source, heard) if source.random() < 0.9 else heard
            await board.say(heard[: source.randrange(1, 2 * len(heard))])
            replayed += 1
    return replayed


async def _ask_on(client, tool, arguments, count):
    """Ask whatever happens, so that there are frames to be hurt. An answer may be an error, and some have none."""
    while True:
        count[0] += 1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await client.ask("tools/call", {"name": tool, "arguments": arguments})
                count[1] += 1
        await asyncio.sleep(0.01)


async def _served(client, tool, arguments, text):
    """Call until the answer is right. A forged frame may have taken the place of one of ours: then that call has none."""
    patience = 0.25
    async with asyncio.timeout(60):
        while True:
            patience *= 2
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    answer = await client.ask("tools/call", {"name": tool, "arguments": arguments})
                    if answer.get("result", {}).get("content") == [{"type": "text", "text": text}]:
                        return
            await asyncio.sleep(0.02)
