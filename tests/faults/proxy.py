"""A serial line that goes wrong, between a bridge and a board: a TCP port before any port of wasmote's.

    async with Proxy("unix:?flash=…", Faults(seed=1, error=1e-4)) as proxy:
        proxy.url                      what the bridge is given
        await proxy.cut(); proxy.mend()         the cable is pulled, and back
        await proxy.reset()            the board starts anew, its flash stays

All from a seed: what happens to the n-th byte of a direction is always the same. The board lives as long as the proxy.
"""

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass

from wasmote.ports.urls import port


@dataclass
class Faults:
    """What a line does to bytes; rates are per bit, or per byte for all but `error`.

    bytes_per_second   of either direction, 0: as fast as can be
    latency            seconds
    """

    seed: int = 1
    bytes_per_second: float = 0
    latency: float = 0
    error: float = 0  # a bit is flipped
    lost: float = 0
    doubled: float = 0
    inserted: float = 0
    burst: float = 0  # from here on, up to 30 bytes are noise
    stall: float = 0  # from here on, nothing moves for up to 0.3 s


class Direction:
    """One direction of the line."""

    def __init__(self, faults, seed):
        self.faults = faults
        self.bytes = 0
        self._random = random.Random(seed)
        self._free_at = 0.0
        self._noise = 0
        self._next = {name: self._gap(name) for name in ("error", "lost", "doubled", "inserted", "burst", "stall")}
        self.stalled = 0.0
        self.at_byte = None  # (how many bytes more, what to call then)

    def _gap(self, name):
        """Bytes up to the next fault of this kind."""
        rate = getattr(self.faults, name) * (8 if name == "error" else 1)
        return int(self._random.expovariate(rate)) if rate else 1 << 60

    def damage(self, data):
        """What arrives of `data`."""
        if min(self._next.values()) >= len(data) and not self._noise and self.at_byte is None:
            for name in self._next:
                self._next[name] -= len(data)
            self.bytes += len(data)
            return data
        out = bytearray()
        for byte in data:
            due = [name for name, gap in self._next.items() if gap <= 0]
            for name in self._next:
                self._next[name] = self._gap(name) if name in due else self._next[name] - 1
            if "burst" in due:
                self._noise = self._random.randint(1, 30)
            if "stall" in due:
                self.stalled = self._random.random() * 0.3
            if self._noise:
                self._noise -= 1
                byte = self._random.randrange(256)
            if "error" in due:
                byte ^= 1 << self._random.randrange(8)
            if "lost" not in due:
                out.append(byte)
            if "doubled" in due:
                out.append(byte)
            if "inserted" in due:
                out.append(self._random.randrange(256))
            self.bytes += 1
            if self.at_byte and self._count_down():
                break
        return bytes(out)

    def _count_down(self):
        left, call = self.at_byte
        self.at_byte = (left - 1, call)
        if left > 0:
            return False
        self.at_byte = None
        call()
        return True

    async def carry(self, read, write):
        """All that is read, until its end. What was read waits for its turn on the line, not for our sleeps."""
        given = asyncio.Queue()
        sending = asyncio.ensure_future(self._send(given, write))
        try:
            while data := await read():
                given.put_nowait((time.monotonic(), self.damage(data)))
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send(self, given, write):
        """At the line's speed, in pieces that take some ms."""
        rate = self.faults.bytes_per_second
        while True:
            at, data = await given.get()
            if self.stalled:
                stalled, self.stalled = self.stalled, 0.0
                await asyncio.sleep(stalled)
            step = max(1, int(rate * 0.002)) if rate else len(data) or 1
            self._free_at = max(self._free_at, at)
            for start in range(0, len(data), step):
                piece = data[start : start + step]
                if rate:
                    self._free_at += len(piece) / rate
                    await _until(self._free_at)
                if self.faults.latency:
                    asyncio.get_running_loop().call_later(
                        self.faults.latency, lambda piece=piece: asyncio.ensure_future(write(piece))
                    )
                else:
                    await write(piece)


async def _until(moment):
    """More exact than asyncio's sleep, which takes whole ms."""
    if (left := moment - time.monotonic() - 0.001) > 0:
        await asyncio.sleep(left)
    while time.monotonic() < moment:
        await asyncio.sleep(0)


class Proxy:
    """One client at a time, like a line."""

    def __init__(self, board, faults):
        self.faults = faults
        self.to_board = Direction(faults, faults.seed)
        self.to_bridge = Direction(faults, faults.seed ^ 0x5EED)
        self.resets = 0
        self._port = port(board)
        self._number = 0
        self._server = None
        self._stream = None
        self._board_task = None
        self._client = None
        self._clients = set()

    @property
    def url(self):
        return f"tcp:127.0.0.1:{self._number}"

    async def __aenter__(self):
        await self._start()
        await self.mend()
        return self

    async def __aexit__(self, *_):
        await self.cut()
        await self._stop()

    async def _start(self):
        self._stream = await self._port.open()
        self._board_task = asyncio.ensure_future(self.to_bridge.carry(self._stream.read, self._to_client))

    async def _stop(self):
        self._board_task.cancel()
        await asyncio.gather(self._board_task, return_exceptions=True)
        await self._stream.close()

    async def reset(self):
        """The board loses its power for an instant; the line stays."""
        self.resets += 1
        await self._stop()
        await self._start()

    async def cut(self):
        """The line is gone: no connection, no port."""
        if self._server:
            self._server.close()
            self._server = None
        for writer in list(self._clients):
            writer.transport.abort()

    async def mend(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._number)
        self._number = self._server.sockets[0].getsockname()[1]

    async def _to_client(self, data):
        if self._client is not None:
            with contextlib.suppress(OSError):
                self._client.write(data)

    async def _serve(self, reader, writer):
        self._client = writer
        self._clients.add(writer)
        try:
            with contextlib.suppress(OSError):
                await self.to_board.carry(lambda: reader.read(4096), self._to_board)
        finally:
            self._clients.discard(writer)
            if self._client is writer:
                self._client = None
            writer.close()

    async def _to_board(self, data):
        with contextlib.suppress(OSError):
            await self._stream.write(data)
