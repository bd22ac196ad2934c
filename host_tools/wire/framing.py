# SPDX-License-Identifier: MIT
"""What a Connection speaks over its stream: lines, and frames (docs/link.md) once the board's info says that it can.

    link = Link(put, silence)        put(data) has bytes written; after so many silent seconds the link is lost
    await link.open(stream, write)   frames from now on
    link.feed(data) → messages       link.send(text)       await link.keep() → why the link is lost

A board that is reset forgets the link: it is opened again as soon as the board says its new session.
"""

import asyncio
import base64
import contextlib
import json
import re
import secrets
import time

from wasmote.link.window import NEVER

from ..errors import Away
from .message import compact
from .peer import Peer
from .within import within

_PUSH = re.compile(r'"method": ?"wasmote/push"')
_OPENING = 0.05  # seconds of patience with a stream while a link is opened


def _ms():
    return int(time.monotonic() * 1000)


class Link:
    """`framed`: whether it was opened once. `closed`: called when the board ended the link, with the session it has now."""

    def __init__(self, put, silence):
        self.framed = False
        self.closed = lambda session: None
        self._put = put
        self._peer = Peer(put, lambda a, b: a - b, silence=silence * 1000)
        self._poke = asyncio.Event()

    @property
    def units(self):
        """The bytes of the stream go through this: `units.feed` while the board is greeted."""
        return self._peer.units

    @property
    def session(self):
        """Of the board, as the open link names it; "" while none is open."""
        return self._peer.session if self._peer.is_open else ""

    @property
    def idle(self):
        return not self.framed or self._peer.idle

    def start(self):
        """Open a link, a new one if there was one. What is sent until it is open waits for that."""
        self.framed = True
        self._peer.open(secrets.token_bytes(4), _ms())
        self._poke.set()

    def suspend(self):
        """The board is about to reset itself."""
        self._peer.suspend()

    async def open(self, stream, write):
        """Open the link before anybody reads the stream; the messages that came early. `write()` writes what was put."""
        self.start()
        early = []
        while not self._peer.is_open:
            await write()
            try:
                data = await within(stream.read(), _OPENING)
            except asyncio.TimeoutError:
                data = None
            if data == b"":
                raise Away("the port was closed from the other side")
            early += self.feed(data or b"")
            self._peer.tick(_ms())
            if self._peer.why_closed:
                raise Away(f"it said that it speaks in frames, but then: {self._peer.why_closed}")
        return early

    def feed(self, data):
        """The messages (bytes) that are complete now. While a link is open a board says only `wasmote/ready` in a line, when
        it was reset: what else looks like one is noise."""
        out = []
        for message, framed in self._peer.feed(data, _ms()):
            if framed or not self._peer.is_open or b'"wasmote/ready"' in message:
                out.append(message)
        if self._peer.closed_by:
            session, self._peer.closed_by = self._peer.closed_by, ""
            self.closed(session)
        self._poke.set()
        return out

    def send(self, text):
        if not self.framed:
            self._put(text.encode() + b"\n")
            return
        raw = None
        if _PUSH.search(text):
            text, raw = without_file(text)
        if raw:
            self._peer.push(text.encode(), raw, _ms())
        else:
            self._peer.send(text.encode(), _ms())
        self._poke.set()

    def say(self, text):
        """In a line, whether or not a link is open."""
        self._put(b"\r\n" + text.encode() + b"\n")

    def close(self):
        self._peer.close()

    async def keep(self):
        """Do what the link needs when its time has come; why it is lost, when it is."""
        while True:
            self._poke.clear()
            due = self._peer.due(_ms())
            with contextlib.suppress(asyncio.TimeoutError):
                await within(self._poke.wait(), None if due >= NEVER else due / 1000)
            self._peer.tick(_ms())
            if self._peer.why_closed:
                return self._peer.why_closed


def without_file(text):
    """(text, bytes) of a wasmote/push whose base64 goes beside it as bytes; (text, None) when it has none.

    One that only asks how far an upload is has none: what is beside it may be the half chunk of another push.
    """
    message = json.loads(text)
    params = message.get("params")
    data = params.get("data") if isinstance(params, dict) else None
    if message.get("method") != "wasmote/push" or not isinstance(data, str) or not data:
        return text, None
    try:
        raw = base64.b64decode(data, validate=True)
    except ValueError:
        return text, None
    params["data"] = len(raw)
    return compact(message), raw
