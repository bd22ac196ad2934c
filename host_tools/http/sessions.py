# SPDX-License-Identifier: MIT
"""A client of the handshake era over HTTP: one hub.Client, and which of its streams each message goes to.

What belongs to a request goes to the answer of that request: its result, its progress, what its call logs and asks.
Everything else, lists that changed and resources that were updated, goes to the stream of the client's GET, which keeps
it while there is none.
"""

import asyncio
import collections
import re
import secrets
import time

from wasmote.jsonrpc.codes import INTERNAL_ERROR, INVALID_REQUEST

from ..errors import CallError
from ..hub.client import Client
from ..wire.message import error_text, parse
from .checks import Refused
from .streams import Stream

MOST = 128  # sessions at once; the one that was silent longest makes room
IDLE = 3600  # seconds of silence, without an open request, after which a session is over
ENDED_STREAMS = 16  # answers that a session keeps for a client that comes back for them
LONELY = 30  # seconds between two looks for the client that was asked; with it a component waits
CANCELLED = -32800  # the official SDK's code for a request whose client cancelled it: its answer must end somehow
_NUMBER = re.compile(r"[0-9]{1,18}")  # of a message in an event id
UNASKED = "0"  # the name of the stream of a session's GET


class Session:
    """`id` is Mcp-Session-Id; `used`, `busy`: whether it may make room for another."""

    def __init__(self, hub):
        self.id = secrets.token_urlsafe(24)
        self.used = time.monotonic()
        self.busy = 0  # HTTP requests under way
        self.unasked = Stream(UNASKED)
        self._hub = hub
        self._client = Client(self._deliver)
        self._streams = {}  # name -> Stream
        self._calls = {}  # id text of a request without an answer -> its Stream
        self._tokens = {}  # text of a progress token -> id text of its request
        self._questions = {}  # id text of a question of the board's -> the Stream that it went to
        self._ended = collections.deque()  # names of streams that ended, the oldest first
        self._number = 0
        hub.attach(self._client)

    @property
    def has_batches(self):
        return self._client.batches is not None and self._client.batches.allowed

    def ask(self, requests):
        """The Stream of the answers to requests: [(message, line)], one or a batch."""
        ids = [message.id for message, _ in requests]
        for id_text, count in collections.Counter(ids).items():
            if id_text in self._calls or count > 1:
                raise Refused(400, INVALID_REQUEST, f"a request with the id {id_text} has no answer yet", id_text)
        self._number += 1
        stream = self._streams[str(self._number)] = Stream(str(self._number), len(requests))
        for message, line in requests:
            self._calls[message.id] = stream
            if (token := message.raw("token")) is not None:
                self._tokens[token] = message.id
            self._hub.receive(self._client, line)
        return stream

    def tell(self, message, line):
        """A notification, or the answer to a question."""
        self._hub.receive(self._client, line)
        if message.is_reply:
            self._questions.pop(message.id, None)
        elif message.method == "notifications/cancelled" and (id_text := message.raw("cancelled")) in self._calls:
            self._finish(id_text, error_text(id_text, CallError(CANCELLED, "the client cancelled this request")))

    def resumed(self, event_id):
        """(Stream, number of the last message that the client has) for a Last-Event-ID."""
        name, _, number = (event_id or "").rpartition("-")
        stream = self.unasked if name == UNASKED else self._streams.get(name)
        if stream is None or not _NUMBER.fullmatch(number):
            return self.unasked, self.unasked.delivered
        return stream, int(number)

    def close(self):
        self._hub.detach(self._client)
        self._questions.clear()
        for stream in (self.unasked, *self._streams.values()):
            stream.end()

    def _deliver(self, text):
        message = parse(text.encode())
        if message.is_reply:
            self._finish(message.id, text)
        else:
            self._stream_of(message).put(text)

    def _stream_of(self, message):
        stream = None
        if message.is_request:
            stream = self._questions[message.id] = self._calls.get(message.raw("asker"), self.unasked)
            self._look_soon(message.id, True)
        elif message.method == "notifications/progress":
            stream = self._calls.get(self._tokens.get(message.raw("progress")))
        elif message.method == "notifications/cancelled":
            stream = self._questions.pop(message.raw("cancelled"), None)
        elif message.method == "notifications/message":
            stream = self._calls.get(message.raw("asker"))
        return stream or self.unasked

    def _look_soon(self, question, was_read):
        asyncio.get_running_loop().call_later(LONELY, self._look, question, was_read)

    def _look(self, question, was_read):
        """Answer a question in the place of a client whose connection broke, and who was not back at two looks."""
        stream = self._questions.get(question)
        if stream is None:
            return
        if stream.is_read or was_read:
            self._look_soon(question, stream.is_read)
            return
        del self._questions[question]
        text = error_text(question, CallError(INTERNAL_ERROR, f"the client has not been there for {LONELY} s"))
        self._hub.receive(self._client, text.encode())

    def _finish(self, id_text, text):
        stream = self._calls.pop(id_text, None)
        if stream is None:
            return
        self._tokens = {token: asked for token, asked in self._tokens.items() if asked != id_text}
        if stream.due == 1:
            self._questions = {asked: where for asked, where in self._questions.items() if where is not stream}
        stream.answered(text)
        if stream.ended:
            self._ended.append(stream.name)
        if len(self._ended) > ENDED_STREAMS:
            del self._streams[self._ended.popleft()]


class Sessions:
    """The sessions of one hub, by id."""

    def __init__(self, hub):
        self._hub = hub
        self._sessions = {}

    def open(self):
        now = time.monotonic()
        silent = sorted((s for s in self._sessions.values() if not s.busy), key=lambda session: session.used)
        for session in silent:
            if now - session.used > IDLE or len(self._sessions) >= MOST:
                self.end(session)
        if len(self._sessions) >= MOST:
            raise Refused(503, INVALID_REQUEST, f"there are {MOST} sessions already: the most at once")
        session = Session(self._hub)
        self._sessions[session.id] = session
        return session

    def of(self, headers, id_text=None):
        """The session that a request names; `id_text`: the id of its message."""
        session_id = headers.get("mcp-session-id")
        if session_id is None:
            text = "Mcp-Session-Id is missing: it is in the answer to initialize, which comes first"
            raise Refused(400, INVALID_REQUEST, text, id_text)
        session = self._sessions.get(session_id)
        if session is None:
            text = "there is no such session (any more): begin with initialize"
            raise Refused(404, INVALID_REQUEST, text, id_text)
        return session

    def end(self, session):
        self._sessions.pop(session.id, None)
        session.close()

    def close(self):
        for session in list(self._sessions.values()):
            self.end(session)
