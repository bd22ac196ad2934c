# SPDX-License-Identifier: MIT
"""`wasmote bridge PORT --http [HOST]:PORT`: MCP's Streamable HTTP in both eras, many clients to one board.

    POST /mcp     one message. A request is answered by JSON, or by an SSE stream when something is to be said before
    GET /mcp      handshake era: what the board says unasked; with Last-Event-ID, what a stream that broke still has
    DELETE /mcp   handshake era: the end of a session

Messages pass as they are. A session of the handshake era (sessions.py) is a client of the hub, and so is each single
request of the modern era; one whose connection breaks is cancelled. The methods wasmote/*, which manage the board, are not
served here: there is no authentication.
"""

import asyncio
import contextlib
import errno
import socket
import time
import traceback

import uvicorn
from wasmote.jsonrpc.codes import INTERNAL_ERROR, INVALID_REQUEST, MESSAGE_TOO_LONG, METHOD_NOT_FOUND

from ..errors import CallError, Failed, Misused
from ..hub.batch import member
from ..hub.client import LINE_LIMIT, Client
from ..wire.message import error_text, members, parse, read
from .checks import (
    JSON,
    LOOPBACK,
    SSE,
    STATUS,
    UNSAID_VERSION,
    Headers,
    Refused,
    check_body_media,
    check_handshake,
    check_media,
    check_modern,
    check_origin,
    is_modern,
)
from .connection import Connection
from .params import Parameters
from .sessions import Sessions
from .streams import Stream, answer, write_events

PATH = "/mcp"
BODY_LIMIT = LINE_LIMIT  # bytes
CONNECTIONS = 512  # at once; uvicorn answers others with 503
IDLE = 60  # seconds that a connection without a request stays open, longer than clients keep one
GRACE = 2  # seconds that connections get to finish when the bridge ends
PRIMED_SINCE = "2025-11-25"  # clients of older versions do not understand an event without data
_METHODS = {"POST": "_post", "GET": "_get", "DELETE": "_delete"}


def address(text):
    """(host, port) of `[HOST]:PORT`; no host is this machine alone."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise Misused(
            f"--http {text}: an address is [HOST]:PORT, like :8080 for this machine alone or 0.0.0.0:8080 for all"
        )
    return host.strip("[]"), int(port)


def listen(text):
    """Listening sockets for an address; no host is both loopback addresses, of which the second may be missing."""
    host, port = address(text)
    sockets = []
    for name in [host] if host else ["127.0.0.1", "::1"]:
        try:
            family, *_, where = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
            sockets.append(socket.create_server(where[:2], family=family, backlog=100))
        except OSError as error:
            if sockets:
                continue
            remedy = ": choose another port, or end what has it" if error.errno == errno.EADDRINUSE else ""
            raise Failed(f"--http {text}: {error.strerror or error}{remedy}") from None
        port = sockets[0].getsockname()[1]
    return sockets


class Server(uvicorn.Server):
    """uvicorn, but signals are the bridge's, and when it ends the streams end first."""

    def capture_signals(self):
        return contextlib.nullcontext()


async def serve(hub, sockets, hosts=(), say=lambda text: None):
    """Serve until cancelled."""
    endpoint = Endpoint(hub, {*LOOPBACK, *(f"[{host}]" if ":" in host else host.lower() for host in hosts)}, say)
    config = uvicorn.Config(
        endpoint,
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # what goes wrong the endpoint says
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=IDLE,
        timeout_graceful_shutdown=GRACE,
    )
    server = Server(config)
    serving = asyncio.ensure_future(server.serve(sockets))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        endpoint.close()
        await serving


class Request:
    """One HTTP request, and its answer. `gone` is done when its client is no longer there."""

    def __init__(self, scope, receive, send):
        self.method = scope["method"]
        self.path = scope["path"]
        self.headers = Headers(scope["headers"])
        self.gone = asyncio.get_running_loop().create_future()
        self.answered = False  # or begun to be
        self._receive = receive
        self._send = send
        self._watching = None

    async def body(self):
        """All of it; Refused when it is too long. That is read too, for a client hears nothing while it still writes."""
        parts, size, more = [], 0, True
        while more and size <= 4 * BODY_LIMIT:
            event = await self._receive()
            if event["type"] == "http.disconnect":
                raise ConnectionResetError
            parts.append(event.get("body", b""))
            size += len(parts[-1])
            if size > BODY_LIMIT:
                parts.clear()
            more = event.get("more_body", False)
        if size > BODY_LIMIT:
            text = f"a message of more than {BODY_LIMIT} bytes is none for a board"
            data = {"limitBytes": BODY_LIMIT, "bytes": size}
            raise Refused(413, MESSAGE_TOO_LONG, text, headers={"connection": "close"}, data=data)
        return b"".join(parts)

    def watch(self):
        """From here on notice when the client leaves; the body has been read."""
        self._watching = asyncio.ensure_future(self._watch())

    async def _watch(self):
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if not self.gone.done():
            self.gone.set_result(None)

    def unwatch(self):
        if self._watching:
            self._watching.cancel()

    async def start(self, status, headers):
        self.answered = True
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def write(self, text, more=True):
        await self._send({"type": "http.response.body", "body": text.encode(), "more_body": more})

    async def end(self):
        await self.write("", more=False)

    async def answer(self, status, text="", headers=None):
        data = text.encode()
        await self.start(status, {"content-length": str(len(data)), **(headers or {})})
        await self._send({"type": "http.response.body", "body": data})


class Endpoint:
    """The ASGI application. `hosts`: the names by which it may be called."""

    def __init__(self, hub, hosts, say):
        self._hub = hub
        self._hosts = hosts
        self._say = say
        self._reading = set()  # tasks that read a body
        self._sessions = Sessions(hub)
        self._parameters = Parameters(hub)
        self._modern = {}  # Client of a request of the modern era -> its Stream

    async def __call__(self, scope, receive, send):
        request = Request(scope, receive, send)
        try:
            check_origin(request.headers, self._hosts)
            if request.path != PATH:
                raise Refused(404, INVALID_REQUEST, f"there is nothing at {request.path}: MCP is at {PATH}")
            if request.method not in _METHODS:
                raise not_allowed(request, "POST, GET, DELETE")
            await getattr(self, _METHODS[request.method])(request)
        except Refused as refused:
            text = error_text(refused.id_text, refused.error)
            await request.answer(refused.status, text, {"content-type": JSON, **refused.headers})
        except ConnectionResetError:
            pass  # the client left before it had said what it wants
        except Exception as error:  # one request must not end what others wait for
            self._say(f"{request.method} {request.path} failed in the bridge\n{traceback.format_exc()}")
            if not request.answered:
                text = error_text(None, CallError(INTERNAL_ERROR, f"the bridge failed: {error!r}"))
                await request.answer(500, text, {"content-type": JSON})
        finally:
            request.unwatch()

    def close(self):
        """End all streams, those of subscriptions in good order. A body that is not complete need not come any more."""
        for reading in self._reading:
            reading.cancel()
        for client, stream in self._modern.items():
            self._hub.end_subscriptions(client)
            stream.end()
        self._sessions.close()
        self._parameters.close()

    # --- POST ------------------------------------------------------------------------------------------------------

    async def _post(self, request):
        check_body_media(request.headers)
        check_media(request.headers, (JSON, SSE))
        body = await self._body(request)
        request.watch()
        texts = members(body)
        if texts is not None:
            await self._post_batch(request, texts)
            return
        message, line = readable(body)
        if is_modern(request.headers, message):
            await self._post_modern(request, message, line)
        else:
            await self._post_handshake(request, message, line)

    async def _post_batch(self, request, texts):
        """2025-03-26 alone: several messages, whose answers are events of one stream."""
        session = self._sessions.of(request.headers)
        if not session.has_batches:
            raise Refused(400, INVALID_REQUEST, "one message at a time: batches are of 2025-03-26 alone")
        messages = [readable(text.encode(), member) for text in texts]
        requests = [(message, line) for message, line in messages if message.is_request]
        for message, _ in requests:
            refuse_management(message, 400)
        with in_use(session):
            for message, line in messages:
                if not message.is_request:
                    session.tell(message, line)
            if requests:
                await write_events(request, session.ask(requests), 0)
            else:
                await request.answer(202)

    async def _body(self, request):
        reading = asyncio.ensure_future(request.body())
        self._reading.add(reading)
        try:
            return await reading
        except asyncio.CancelledError:
            raise Refused(503, INTERNAL_ERROR, "the bridge ends") from None
        finally:
            self._reading.discard(reading)

    async def _post_modern(self, request, message, line):
        if message.is_reply:
            raise Refused(400, INVALID_REQUEST, "nothing is asked of clients in this era: there is nothing to answer")
        if not message.is_request:
            await request.answer(202)  # there is none that would mean something: to cancel is to close the connection
            return
        check_modern(request.headers, message)
        refuse_management(message, 404)
        await self._parameters.check(request.headers, message)
        stream = Stream()

        def deliver(text):
            (stream.answered if parse(text.encode()).is_reply else stream.put)(text)

        client = Client(deliver)
        self._modern[client] = stream
        self._hub.attach(client)
        try:
            self._hub.receive(client, line)
            await answer(request, stream, modern_status)
        finally:
            del self._modern[client]
            self._hub.detach(client)

    async def _post_handshake(self, request, message, line):
        check_handshake(request.headers, message)
        opens = message.is_request and message.method == "initialize"
        if opens and request.headers.get("mcp-session-id") is None:
            session = self._sessions.open()
        else:
            session = self._sessions.of(request.headers, message.id)
        with in_use(session):
            if not message.is_request:
                session.tell(message, line)
                await request.answer(202)
                return
            refuse_management(message, 200)
            stream = session.ask([(message, line)])
            if opens:
                version = message.params.get("protocolVersion")
                headers = {"mcp-session-id": session.id}
            else:
                version, headers = version_of(request), None
            said = await answer(request, stream, lambda said: 200, headers, True, str(version) >= PRIMED_SINCE)
            if opens and said and "error" in said.value:
                self._sessions.end(session)

    # --- GET and DELETE --------------------------------------------------------------------------------------------

    async def _get(self, request):
        session = self._session(request)
        check_media(request.headers, (SSE,))
        request.watch()
        stream, number = session.resumed(request.headers.get("last-event-id"))
        with in_use(session):
            await write_events(request, stream, number, primed=version_of(request) >= PRIMED_SINCE)

    async def _delete(self, request):
        self._sessions.end(self._session(request))
        await request.answer(200)

    def _session(self, request):
        if is_modern(request.headers, None):
            raise not_allowed(request, "POST")
        return self._sessions.of(request.headers)


def readable(data, reading=read):
    """(message, line for the hub) of bytes."""
    try:
        message = reading(data)
    except CallError as error:
        raise Refused(400, error.code, str(error), error.id_text, data=error.data) from None
    return message, data.replace(b"\r", b" ").replace(b"\n", b" ")  # between the tokens of JSON, where any blank may be


def version_of(request):
    return request.headers.get("mcp-protocol-version", UNSAID_VERSION)


def not_allowed(request, methods):
    return Refused(405, INVALID_REQUEST, f"{request.method} is not served here", headers={"allow": methods})


def refuse_management(message, status):
    if isinstance(message.method, str) and message.method.startswith("wasmote/"):
        text = f"method not found: {message.method} is not served over HTTP: use the command wasmote"
        raise Refused(status, METHOD_NOT_FOUND, text, message.id)


def modern_status(message):
    error = message.value.get("error")
    return STATUS.get(error.get("code"), 200) if isinstance(error, dict) else 200


@contextlib.contextmanager
def in_use(session):
    """A session with a request under way is not idle."""
    session.busy += 1
    try:
        yield
    finally:
        session.busy -= 1
        session.used = time.monotonic()
