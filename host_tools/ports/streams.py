# SPDX-License-Identifier: MIT
"""A byte stream to a board: `await read()` → bytes (b"" at its end), `await write(data)`, `await close()`.

`read` may be cancelled and loses nothing. `write` raises OSError when the other side is gone. `frames`: whether a board
is at its other end, or what carries any bytes to one.
"""

import asyncio
import contextlib
import threading

CHUNK = 65536


class SocketStream:
    """Over asyncio's reader and writer: TCP, socket pairs, the pipes of a process."""

    frames = True

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    async def read(self):
        try:
            return await self._reader.read(CHUNK)
        except OSError:
            return b""

    async def write(self, data):
        self._writer.write(data)
        await self._writer.drain()

    async def close(self):
        self._writer.close()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._writer.wait_closed()


class SerialStream:
    """Over a pyserial port: one thread reads it, writes go through the loop's executor."""

    frames = True

    def __init__(self, port, let_go=False):
        """let_go: turn off RTS, then DTR, before it is closed"""
        self._port = port
        self._let_go = let_go
        self._loop = asyncio.get_running_loop()
        self._reader = asyncio.StreamReader()
        self._closing = False
        self._thread = threading.Thread(target=self._pump, name="serial-read", daemon=True)
        self._thread.start()

    def _pump(self):
        data = b"?"
        while data and not self._closing:
            try:
                data = self._port.read(1)  # waits for the first byte up to the port's timeout …
                data += self._port.read(self._port.in_waiting)  # … and takes what else is there
            except (OSError, TypeError, ValueError):  # unplugged, or closed under the read
                break
            if data:
                self._tell(self._reader.feed_data, data)
            else:
                data = b"?"
        self._tell(self._reader.feed_eof)

    def _tell(self, call, *args):
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(call, *args)

    async def read(self):
        return await self._reader.read(CHUNK)

    async def write(self, data):
        await self._loop.run_in_executor(None, self._write, data)

    def _write(self, data):
        try:
            self._port.write(data)
        except (TypeError, ValueError) as error:  # closed meanwhile
            raise OSError(str(error)) from None

    async def close(self):
        self._closing = True
        with contextlib.suppress(OSError):
            self._port.cancel_read()
        await self._loop.run_in_executor(None, self._join)

    def _join(self):
        self._thread.join(1)
        with contextlib.suppress(OSError):
            if self._let_go:
                self._port.rts = False
                self._port.dtr = False
        with contextlib.suppress(OSError):
            self._port.close()
