"""A bridge that serves HTTP in this process, and an MCP client of a few lines for it, in both eras."""

import asyncio
import contextlib
import itertools
import json

import httpx2
from wasmote.http.server import listen, serve

BOTH = "application/json, text/event-stream"
MODERN = "2026-07-28"
META = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}}
NEW = {"id": 1, "method": "tools/list", "params": {"_meta": META}}

# NEW as it comes over the wire; what is wrong with a request is put into it.
BODY = json.dumps({"jsonrpc": "2.0", **NEW})
HEAD = (
    "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: */*\r\n"
    "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/list\r\n"
)
GOOD = f"{HEAD}Connection: close\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}"


@contextlib.asynccontextmanager
async def serving(hub, where="127.0.0.1:0", hosts=(), say=print):
    """The bridge's URL; it ends as on a signal."""
    sockets = listen(where)
    task = asyncio.ensure_future(serve(hub, sockets, hosts, say))
    try:
        yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}/mcp"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class HttpClient:
    """`await post(message)` → (status, what was said: a list of messages). `session`: the id that initialize gave."""

    def __init__(self, url):
        self.url = url
        self.http = httpx2.AsyncClient(timeout=20)
        self.session = None
        self._ids = itertools.count(1)

    def headers(self, message=None, **changed):
        """What a client sends with a message; `changed`: header names with _ → other values, None to leave one out."""
        headers = {"content-type": "application/json", "accept": BOTH}
        params = (message or {}).get("params") or {}
        if "io.modelcontextprotocol/protocolVersion" in params.get("_meta", ()):
            headers |= {"mcp-protocol-version": MODERN, "mcp-method": message["method"]}
            name = params.get("uri" if message["method"] == "resources/read" else "name")
            headers |= {"mcp-name": name} if name else {}
        elif self.session:
            headers |= {"mcp-protocol-version": "2025-11-25", "mcp-session-id": self.session}
        changed = {name.replace("_", "-"): value for name, value in changed.items()}
        return {name: value for name, value in (headers | changed).items() if value is not None}

    async def post(self, message, **changed):
        content = message if isinstance(message, bytes) else json.dumps({"jsonrpc": "2.0", **message}).encode()
        headers = self.headers(None if isinstance(message, bytes) else message, **changed)
        answer = await self.http.post(self.url, content=content, headers=headers)
        return answer.status_code, said(answer)

    async def initialize(self, capabilities=None):
        params = {"protocolVersion": "2025-11-25", "capabilities": capabilities or {}, "clientInfo": {"name": "t"}}
        message = {"jsonrpc": "2.0", "id": "init", "method": "initialize", "params": params}
        answer = await self.http.post(self.url, json=message, headers=self.headers(message))
        assert answer.status_code == 200, answer.text
        self.session = answer.headers["mcp-session-id"]
        return said(answer)[-1]

    async def ask(self, method, params=None, number=None):
        number = number if number is not None else next(self._ids)
        return await self.post({"id": number, "method": method, **({"params": params} if params is not None else {})})

    async def modern(self, method, params=None, **meta):
        return await self.ask(method, {**(params or {}), "_meta": {**META, **meta}})

    @contextlib.asynccontextmanager
    async def stream(self, message=None, **changed):
        """An SSE stream: of a POST, or without a message of a GET. Yields an Events."""
        method, content = ("POST", json.dumps({"jsonrpc": "2.0", **message})) if message else ("GET", None)
        async with self.http.stream(
            method, self.url, content=content, headers=self.headers(message, **changed)
        ) as answer:
            assert answer.headers["content-type"] == "text/event-stream", (await answer.aread(), answer.status_code)
            yield Events(answer)

    async def close(self):
        await self.http.aclose()


class Events:
    """The events of an SSE stream: `await next()` → (id, message), message None for one without data."""

    def __init__(self, answer):
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self, seconds=10):
        return await asyncio.wait_for(self._next(), seconds)

    async def _next(self):
        event_id, data = None, []
        async for line in self._lines:
            name, _, value = line.partition(": ")
            if name == "id":
                event_id = value
            elif name in ("data", "data:"):
                data.append(value)
            elif not line and (data or event_id):
                text = "\n".join(data)
                return event_id, json.loads(text) if text else None
        return None

    async def message(self, seconds=10):
        """The next message."""
        while (event := await self.next(seconds)) is not None:
            if event[1] is not None:
                return event[1]


def said(answer):
    """The messages of an answer that is complete."""
    if answer.headers.get("content-type") == "text/event-stream":
        return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    return [answer.json()] if answer.content else []
