"""A board's own wire, without the bridge."""

import asyncio
import json
import threading

from wasmote.ports.urls import port as open_port


class Wire:
    """The byte stream of a port, for code that waits."""

    def __init__(self, port):
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._stream = self._run(open_port(port).open())
        self._rest = b""

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(120)

    def close(self):
        self._run(self._stream.close())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def write(self, data):
        self._run(self._stream.write(data))

    def until(self, end, seconds=60):
        """What comes up to `end`, with it."""
        while end not in self._rest:
            data = self._run(asyncio.wait_for(self._stream.read(), seconds))
            assert data, f"the board ended after {self._rest!r}"
            self._rest += data
        at = self._rest.index(end) + len(end)
        found, self._rest = self._rest[:at], self._rest[at:]
        return found

    def line(self, method=None):
        """The next message, or the next with this method."""
        while True:
            text = self.until(b"\n")
            try:
                message = json.loads(text)
            except ValueError:
                continue  # boot noise
            if method in (None, message.get("method")):
                return message

    def ask(self, line):
        self.write(line)
        return self.line()
