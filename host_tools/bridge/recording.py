# SPDX-License-Identifier: MIT
"""`wasmote bridge --record FILE`: every message with its time, as JSON lines.

    {"time": 1764382512.104, "way": "client>bridge", "client": 1, "board": null, "message": "{\"jsonrpc\":…}"}

way        client>bridge, bridge>client, bridge>board or board>bridge; start: a bridge begins, its clients are others
client     1, 2, … in the order in which they came; null on the way to and from a board
board      its name or PORT; null on the way to and from a client
message    the line exactly as it was, a string; one that is no UTF-8 has its bytes as \\udc80 to \\udcff

With one board only ids and progress tokens differ between the two halves of a message's way. Arguments and results are
recorded as they are: whoever passes such a file on passes them on too.
"""

import itertools
import json
import time

from .. import __version__
from ..errors import Failed


class Recording:
    """A file that is written. A message is in it before anybody acts on it."""

    def __init__(self, path, say=lambda text: None):
        self._say = say
        try:
            self._file = open(path, "a", encoding="utf-8", buffering=1)  # noqa: SIM115 - as long as the bridge
        except OSError as error:
            raise Failed(f"--record {path}: {error.strerror or error}") from None
        self.note("start", f"wasmote {__version__}")

    def note(self, way, text, client=None, board=None):
        if self._file is None:
            return
        entry = {"time": round(time.time(), 3), "way": way, "client": client, "board": board, "message": text}
        try:
            self._file.write(json.dumps(entry, separators=(",", ":")) + "\n")
        except OSError as error:
            self._say(f"the recording ends: {error}")
            self._file = None


class Recorded:
    """A Hub or Boards, `front`, whose clients are recorded."""

    def __init__(self, front, recording):
        self._front = front
        self._recording = recording
        self._numbers = itertools.count(1)
        self._clients = {}  # client -> its number

    def attach(self, client):
        number = self._clients[client] = next(self._numbers)
        send = client.send

        def noted(text):
            self._recording.note("bridge>client", text, client=number)
            send(text)

        client.send = noted
        self._front.attach(client)

    def receive(self, client, line):
        text = line.decode(errors="surrogateescape").rstrip("\r\n")
        self._recording.note("client>bridge", text, client=self._clients.get(client))
        self._front.receive(client, line)

    def detach(self, client):
        self._clients.pop(client, None)
        self._front.detach(client)

    def __getattr__(self, name):
        return getattr(self._front, name)


def recorded(front, hubs, path, say):
    """`front` as clients are to see it, so that they and `hubs` are recorded."""
    recording = Recording(path, say)
    for name, hub in hubs:
        label = name or hub.port.url
        hub.connection.tap = lambda way, text, label=label: recording.note(way, text, board=label)
    return Recorded(front, recording)
