"""A scripted board on a TCP port: enough of wasmote's wire to try the PC side against, and to misbehave on request.

It serves one connection at a time, like a serial line, and keeps its flash while it is "reset".

    async with FakeBoard() as board:
        board.url                       tcp:127.0.0.1:…
        await board.reset()             as the reset button: a new session, what was running is forgotten
        await board.unplug() / plug()   the port vanishes and comes back
"""

import asyncio
import base64
import json
import secrets
import zlib

MODERN = {"resultType": "complete"}
FORM = {"message": "Who?", "requestedSchema": {"type": "object"}}  # what Asking asks


TOOLS = ("echo", "count", "break")


class FakeBoard:
    def __init__(self, message_bytes=16384, chunk_bytes=100):
        self.flash = {}  # name -> bytes
        self.configurations = {}  # name -> dict
        self.parts = {}  # name -> (crc, bytes)
        self.received = []  # every message that came, as dicts
        self.lines = []  # and as bytes
        self.session = secrets.token_hex(4)
        self.message_bytes = message_bytes
        self.chunk_bytes = chunk_bytes
        self.mute = False
        self.tools = list(TOOLS)
        self.annotations = {}  # tool -> its annotations
        self.resources = {}  # URI -> text
        self.templates = []  # URI templates
        self.prompts = []  # names
        self.schemas = {}  # tool -> its input schema, of those that have one
        self.watched = set()  # URIs of resources/subscribe
        self.reset_after_chunks = None
        self._tasks = {}  # id -> running call
        self._writer = None
        self._server = None
        self._number = 0

    @property
    def url(self):
        return f"tcp:127.0.0.1:{self._number}"

    async def __aenter__(self):
        await self.plug()
        return self

    async def __aexit__(self, *_):
        await self.unplug()

    async def plug(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._number, limit=1 << 22)
        self._number = self._server.sockets[0].getsockname()[1]

    async def unplug(self):
        self._server.close()
        self._forget_calls()
        if self._writer:
            self._writer.close()

    async def reset(self):
        self._forget_calls()
        self.watched = set()
        self.session = secrets.token_hex(4)
        self.say({"method": "wasmote/ready", "params": {"session": self.session, "board": "FAKE", "tools": 3}})

    def _forget_calls(self):
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def raw(self, data):
        if self._writer and not self.mute:
            self._writer.write(data)

    def say(self, message):
        self.raw(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    async def _serve(self, reader, writer):
        self._writer = writer
        while line := await _line(reader):
            if not line.strip():
                continue
            self.lines.append(line)
            try:
                message = json.loads(line)
            except ValueError:
                self.say({"id": None, "error": {"code": -32700, "message": "not JSON"}})
                continue
            self.received.append(message)
            await self.take(message)

    async def take(self, message):
        method, params, number = message["method"], message.get("params") or {}, message.get("id")
        if method == "notifications/cancelled":
            task = self._tasks.pop(params["requestId"], None)
            if task:
                task.cancel()
        elif method == "tools/call":
            self._tasks[number] = asyncio.ensure_future(self.call(number, params))
        elif number is not None:
            try:
                self.say({"id": number, "result": await self.answer(method, params)})
            except Refused as error:
                self.say({"id": number, "error": error.args[0]})
            if method == "wasmote/reset":
                await self.reset()

    async def answer(self, method, params):
        if method == "wasmote/info":
            limits = {"messageBytes": self.message_bytes, "chunkBytes": self.chunk_bytes, "componentBytes": 1 << 20}
            firmware = {"name": "wasmote", "version": "0", "board": "FAKE", "micropython": "1.25.0", "engine": "c"}
            memory = {"bytes": 98304, "freeBytes": 65536}
            return {
                **{"firmware": firmware, "arena": memory, "heap": memory, "flash": memory, "limits": limits},
                **{"uptimeMs": 1234, "session": self.session, "components": self.list()},
            }
        if method == "wasmote/list":
            return {"components": self.list()}
        if method == "wasmote/push":
            return self.push(**params)
        if method == "wasmote/configuration":
            self.known(params["name"])
            config = self.configurations.get(params["name"], {})
            return {"name": params["name"], "config": config, "effective": {"env": {}, "memory": 64, **config}}
        if method == "wasmote/configure":
            self.known(params["name"])
            self.configurations[params["name"]] = params["config"]
            return {"component": self.list()[-1]}
        if method == "wasmote/remove":
            self.known(params["name"])
            del self.flash[params["name"]]
            self.changed()
            return {"component": {"name": params["name"]}}
        if method == "initialize":
            info = {"name": "fake", "version": "0"}
            return {
                "protocolVersion": "2025-11-25",
                "capabilities": {"tools": {"listChanged": True}},
                "serverInfo": info,
            }
        if method == "server/discover":
            capabilities = {"tools": {"listChanged": True}}
            return {
                **MODERN,
                "supportedVersions": ["2026-07-28"],
                "capabilities": capabilities,
                "ttlMs": 0,
                "cacheScope": "private",
            }
        if method == "tools/list":
            tools = [{"name": name, "inputSchema": self.schemas.get(name, {"type": "object"})} for name in self.tools]
            for tool in tools:
                tool.update({"annotations": self.annotations[tool["name"]]} if tool["name"] in self.annotations else {})
            return {**MODERN, "tools": tools, "ttlMs": 0, "cacheScope": "private"}
        if method == "resources/list":
            return {**MODERN, "resources": [{"uri": uri, "name": uri} for uri in self.resources]}
        if method == "resources/templates/list":
            return {**MODERN, "resourceTemplates": [{"uriTemplate": uri, "name": uri} for uri in self.templates]}
        if method == "prompts/list":
            return {**MODERN, "prompts": [{"name": name} for name in self.prompts]}
        if method == "resources/read":
            if params["uri"] not in self.resources:
                refuse(-32602, "there is no resource " + params["uri"])
            return {**MODERN, "contents": [{"uri": params["uri"], "text": self.resources[params["uri"]]}]}
        if method == "prompts/get":
            return {**MODERN, "messages": [], "description": params["name"]}
        if method == "completion/complete":
            return {**MODERN, "completion": {"values": [json.dumps(params["ref"])]}}
        if method == "logging/setLevel":
            return {}
        if method in ("resources/subscribe", "resources/unsubscribe"):
            if not isinstance(params["uri"], str):
                refuse(-32602, "params.uri must be a string")
            if params["uri"].startswith("missing:"):
                refuse(-32002, "there is no resource " + params["uri"])
            self.watched = (self.watched | {params["uri"]}) - ({params["uri"]} if "un" in method else set())
            return {}
        if method in ("ping", "wasmote/reset", "wasmote/logs"):
            return {}
        refuse(-32601, f"method not found: {method}")

    def known(self, name):
        if name not in self.flash:
            refuse(-32005, f"there is no component {name}: wasmote ls lists them")

    async def call(self, number, params):
        """echo: its arguments; count: progress for ever; break: an error result."""
        token = (params.get("_meta") or {}).get("progressToken")
        text, failed, at = json.dumps(params.get("arguments")), params["name"] == "break", 0
        while params["name"] == "count" and at < (params["arguments"] or {}).get("to", 1 << 30):
            at += 1
            if token is not None:
                self.say({"method": "notifications/progress", "params": {"progressToken": token, "progress": at}})
            await asyncio.sleep(0.01)
        content = [{"type": "text", "text": "it broke" if failed else text}]
        self._tasks.pop(number, None)
        self.say({"id": number, "result": {**MODERN, "content": content, "isError": failed}})

    def push(self, name, size, offset, data, crc32, config=None):
        data = base64.b64decode(data)
        part_crc, part = self.parts.get(name, (crc32, b""))
        if part_crc != crc32 or offset == 0:
            part = b""
        if offset != len(part):
            refuse(-32006, f"{name}: the next chunk starts at {len(part)}", {"offset": len(part)})
        part += data
        self.parts[name] = (crc32, part)
        if self.reset_after_chunks is not None:
            self.reset_after_chunks -= 1
            if self.reset_after_chunks < 0:
                self.reset_after_chunks = None
                asyncio.ensure_future(self.reset())
                refuse(-32603, "never sent")  # the test mutes it: see test_push
        if len(part) < size:
            return {"name": name, "offset": len(part), "complete": False}
        del self.parts[name]
        if zlib.crc32(part) != crc32:
            refuse(-32007, f"{name}: the checksum is wrong")
        self.flash[name] = part
        if config is not None:
            self.configurations[name] = config
        self.changed()
        return {"name": name, "offset": size, "complete": True, "component": self.list()[-1]}

    def changed(self):
        self.say({"method": "notifications/tools/list_changed"})

    def list(self):
        return [
            {
                "name": name,
                "bytes": len(data),
                "state": "ready",
                "tools": ["echo"],
                "memoryBytes": 2048,
                "memoryLimitBytes": 65536,
            }
            for name, data in self.flash.items()
        ]


async def _line(reader):
    """The next line; none from who closed its end before it had read everything."""
    try:
        return await reader.readline()
    except ConnectionResetError:
        return b""


class Asking:
    """Makes the fake board's `ask` tool ask its client; a call ends with what the client answered."""

    def __init__(self, board):
        self.board = board
        self.normal = board.take
        self.calls = {}  # id of the question -> id of the call
        self.answers = []  # every reply that reached the board
        self.count = 0
        board.take = self.take

    async def take(self, message):
        if "method" not in message:
            self.answers.append(message)
            call = self.calls.pop(message["id"], None)
            if call is not None:
                content = [{"type": "text", "text": json.dumps(message.get("result", message.get("error")))}]
                self.board.say({"id": call, "result": {"content": content}})
        elif message["method"] == "tools/call" and message["params"]["name"] == "ask":
            self.ask(message["id"])
        else:
            await self.normal(message)

    def ask(self, call, method="elicitation/create"):
        self.count += 1
        id = f"ask-{self.board.session}-{self.count}"
        self.calls[id] = call
        self.board.say({"id": id, "method": method, "params": {**FORM, "_meta": {"wasmote/requestId": call}}})
        return id


class Refused(Exception):
    pass


def refuse(code, message, data=None):
    error = {"code": code, "message": message, **({"data": data} if data else {})}
    raise Refused(error)
