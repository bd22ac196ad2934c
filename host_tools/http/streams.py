# SPDX-License-Identifier: MIT
"""What the board has to say over HTTP: a Stream of messages, and how it is written as an answer to a request.

A Stream keeps its messages, so that a client whose connection broke comes back and reads on (GET with Last-Event-ID).
"""

import asyncio
import collections

from wasmote.jsonrpc.codes import INTERNAL_ERROR

from ..wire.message import parse
from .checks import JSON, SSE, Refused

KEPT = 1024 * 1024  # characters of messages that a stream keeps; beyond that the oldest go
COMMIT = 1  # seconds without a message after which an answer that can be resumed becomes an SSE stream
PING = 15  # seconds of silence after which a comment tells everybody on the way that the stream lives
RETRY = 1000  # milliseconds after which a client whose stream broke shall come back
_SSE_HEADERS = {"content-type": SSE, "cache-control": "no-cache, no-transform", "x-accel-buffering": "no"}


class Stream:
    """Messages in order, numbered from 1, for one reader at a time. `name` is part of their event ids, None: they have none."""

    def __init__(self, name=None, due=1):
        self.name = name
        self.due = due  # answers that are to come, with the last of which it ends
        self.ended = False
        self.delivered = 0  # the number of the last message that was written to a client
        self._messages = collections.deque()
        self._bytes = 0
        self._last = 0
        self._reader = None
        self._news = asyncio.Event()

    def put(self, text):
        self._last += 1
        self._messages.append((self._last, text))
        self._bytes += len(text)
        while self._bytes > KEPT and len(self._messages) > 1:
            self._bytes -= len(self._messages.popleft()[1])
        self._news.set()

    def answered(self, text):
        self.put(text)
        self.due -= 1
        if self.due == 0:
            self.end()

    def end(self):
        self.ended = True
        self._news.set()

    def take_over(self, reader):
        """From now on `reader` reads; who read before ends."""
        self._reader = reader
        self._news.set()

    def read_by(self, reader):
        return self._reader is reader

    @property
    def is_read(self):
        """Whether a client is there that reads it."""
        return self._reader is not None and not self._reader.gone.done()

    def after(self, number):
        """[(number, message)] that came after one."""
        return [message for message in self._messages if message[0] > number]

    def event_id(self, number):
        return f"{self.name}-{number}"

    async def wait(self, request, seconds):
        """Until there is news or the client is gone; False after so many seconds without."""
        self._news.clear()
        news = asyncio.ensure_future(self._news.wait())
        try:
            done, _ = await asyncio.wait([news, request.gone], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return bool(done)
        finally:
            news.cancel()


async def answer(request, stream, status=lambda message: 200, headers=None, resumable=False, primed=False):
    """Answer a request with what comes: JSON if that is its result alone, which is returned, else an SSE stream.

    resumable   events have ids and the client may come back for what it missed
    primed      the stream begins with an event that has only an id, so that it can do so from the start
    """
    stream.take_over(request)
    while not stream.after(0) and not stream.ended and not request.gone.done():
        if not await stream.wait(request, COMMIT if resumable else PING):
            break
    messages = stream.after(0)  # what came in the moment in which the wait ended, too
    if request.gone.done():
        return None
    if stream.ended and not messages:
        raise Refused(503, INTERNAL_ERROR, "the session or the bridge ended before there was an answer")
    if not stream.ended or len(messages) > 1:
        await write_events(request, stream, 0, headers, resumable, primed)
        return None
    said = parse(messages[0][1].encode())
    await request.answer(status(said), said.text, {"content-type": JSON, **(headers or {})})
    return said


async def write_events(request, stream, number, headers=None, resumable=True, primed=False):
    """The messages after a number as an SSE stream, until the stream ends, the client is gone or comes a second time."""
    stream.take_over(request)
    await request.start(200, {**_SSE_HEADERS, **(headers or {})})
    if primed:
        await request.write(f"id: {stream.event_id(number)}\nretry: {RETRY}\ndata: \n\n")
    while stream.read_by(request) and not request.gone.done():
        messages = stream.after(number)
        for number, text in messages:
            await request.write(event(text, stream.event_id(number) if resumable else None))
            stream.delivered = number
        if not messages:
            if stream.ended:
                break
            if not await stream.wait(request, PING):
                await request.write(": ping\n\n")
    await request.end()


def event(text, event_id=None):
    """One message as an SSE event. An end of line in JSON is white space, whichever kind it is."""
    lines = text.replace("\r", "\n").split("\n")
    return (f"id: {event_id}\n" if event_id else "") + "".join(f"data: {line}\n" for line in lines) + "\n"
