# SPDX-License-Identifier: MIT
"""An MCP client on standard input and output: one JSON text per line each way.

Standard output belongs to the protocol: it is moved away from descriptor 1, so that a stray print lands on stderr.
Both directions have a thread, because a pipe, a terminal and a file are not the same to an event loop, but are to a thread.
What is read waits for what was read before it to be served: a client that writes faster than that finds its pipe full.
"""

import asyncio
import os
import queue
import threading

from wasmote.link.plain import ATTENTION, TOO_LONG, Lines

from ..hub.client import BACKLOG, LINE_LIMIT
from ..wire.message import error_text, id_at, too_long

AHEAD = 64  # lines that are read before they are served


class Stdio:
    """`lines()` yields what the client sends (bytes); `send(text)` answers."""

    def __init__(self, say=lambda text: None):
        self._loop = asyncio.get_running_loop()
        self._lines = asyncio.Queue()
        self._room = threading.Semaphore(AHEAD)
        self._say = say
        self._answers = queue.SimpleQueue()
        self._unread = 0  # bytes in `_answers`
        self._counting = threading.Lock()
        self._out = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)
        self._writer = threading.Thread(target=self._write, name="stdout", daemon=True)
        self._writer.start()
        threading.Thread(target=self._read, name="stdin", daemon=True).start()

    def send(self, text):
        """Queue an answer; a client that stops reading ends the input, as if it had left."""
        data = text.encode() + b"\n"
        before = self._count(len(data))
        if before <= BACKLOG:
            self._answers.put(data)
            if before + len(data) > BACKLOG:
                self._say(f"the client does not read: {before + len(data)} bytes of answers wait for it")
                self._hand_over(None)

    def _count(self, change):
        """Add to the unread bytes; how many there were before."""
        with self._counting:
            before, self._unread = self._unread, self._unread + change
        return before

    async def lines(self):
        while (line := await self._lines.get()) is not None:
            yield line
            self._room.release()
            await asyncio.sleep(0)  # the board and others have their turn, however many lines wait

    async def flush(self):
        """Wait until the answers so far are written, or the client is not reading."""
        self._answers.put(None)
        await self._loop.run_in_executor(None, self._writer.join, 2)

    def _write(self):
        try:
            while (data := self._answers.get()) is not None:
                rest = memoryview(data)
                while rest:
                    rest = rest[self._out.write(rest) :]
                self._count(-len(data))
        except OSError:
            self._hand_over(None)  # nobody reads any more

    def _read(self):
        lines = Lines(LINE_LIMIT)
        data = b"?"
        while data:
            try:
                data = os.read(0, 65536)  # not sys.stdin: its lock would be held when the process ends
            except OSError:
                data = b""
            for line in lines.feed(data or b"\n"):  # the last line may lack its end
                if line == TOO_LONG:
                    error = too_long(lines.size)
                    self.send(error_text(id_at(*lines.ends), error))
                elif line != ATTENTION:
                    self._room.acquire()
                    self._hand_over(bytes(line))
        self._hand_over(None)

    def _hand_over(self, line):
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
