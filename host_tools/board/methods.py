# SPDX-License-Identifier: MIT
"""A board's management methods (wasmote/*) and its tools, as Python calls over a Session.

Components are pushed in chunks; a push that was cut, by a reset or a lost port, goes on where the board's flash is.
"""

import asyncio
import base64
import json
import re
import zlib
from pathlib import Path

from wasmote.jsonrpc.codes import BUSY, OUT_OF_MEMORY, WRONG_OFFSET

from ..errors import ABSENCE, CallError, Failed, Misused
from ..wire.versions import META

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_PREAMBLE = b"\0asm"
_MODULE, _COMPONENT = b"\x01\0\0\0", b"\x0d\0\x01\0"
_TRIES = 6  # attempts at one chunk before a push is given up
_LEAST_CHUNK = 512  # bytes: a board that has no heap for a chunk gets smaller ones
_PAUSE = 0.1  # seconds before an attempt after the board was away, and then for as long as the bridge waits for it


class Board:
    """What a board can be asked. `session.request` is all it needs."""

    def __init__(self, session):
        self._session = session

    async def info(self):
        return await self._session.request("wasmote/info")

    async def list(self):
        return (await self._session.request("wasmote/list"))["components"]

    async def remove(self, name):
        return await self._session.request("wasmote/remove", {"name": name})

    async def load(self, name):
        return (await self._session.request("wasmote/load", {"name": name}))["component"]

    async def unload(self, name):
        return (await self._session.request("wasmote/unload", {"name": name}))["component"]

    async def configuration(self, name):
        """{"name", "config": what was set, "effective": with the board's defaults}"""
        return await self._session.request("wasmote/configuration", {"name": name})

    async def configure(self, name, config):
        """Another configuration for a component, which starts afresh; the board's record of it."""
        return (await self._session.request("wasmote/configure", {"name": name, "config": config}))["component"]

    async def watch_logs(self, level, on_message):
        """on_message(params) gets what is logged from this level on: what is remembered before this returns, then the rest."""

        def take(message):
            if message.method == "notifications/message":
                on_message(message.params)

        self._session.on_notification = take
        return await self._session.request("wasmote/logs", {"level": level})

    async def ping(self, padding=""):
        """An answer that costs the board next to nothing, to a request with so much padding."""
        return await self._session.request("ping", {"padding": padding} if padding else None)

    async def reset(self):
        return await self._session.request("wasmote/reset")

    async def tools(self):
        tools, cursor = [], None
        while True:
            page = await self._session.request("tools/list", {"_meta": META, **({"cursor": cursor} if cursor else {})})
            tools += page["tools"]
            cursor = page.get("nextCursor")
            if not cursor:
                return tools

    async def call(self, tool, arguments, on_progress=None):
        """The tool's result: {"content": […], "isError": …}. text_of() has its text."""
        params = {"name": tool, "arguments": arguments, "_meta": META}
        return await self._session.request("tools/call", params, on_progress)

    async def push(self, name, data, on_progress=lambda done: None, config=None):
        """Store `data` as component `name` and load it; the board's record of it.

        on_progress    on_progress(bytes stored)
        config         its new configuration, a dict; None: the one it has
        """
        info = await self.info()
        limits = info["limits"]
        if len(data) > limits.get("componentBytes", len(data)):
            raise Failed(f"{name} has {len(data)} bytes; this board takes components up to {limits['componentBytes']}")
        chunk = limits["chunkBytes"]
        most = 2 if "link" in info else 1  # chunks under way: the wire is never idle, where it cannot be overrun
        flying = []  # requests, oldest first
        at = ahead = await self.stored(name, data)
        tries, best = 0, 0
        try:
            while True:
                on_progress(at)
                while len(flying) < most and (ahead < len(data) or not flying):
                    request = self._push_chunk(name, data, ahead, ahead + chunk, config)
                    flying.append(asyncio.ensure_future(request))
                    ahead += chunk
                try:
                    answer = await flying.pop(0)
                except CallError as error:
                    await asyncio.gather(*flying, return_exceptions=True)  # they fail with it, or are repeated
                    flying = []
                    tries += 1
                    if error.code == OUT_OF_MEMORY and chunk > _LEAST_CHUNK:
                        most, chunk = 1, chunk // 2
                    elif tries > _TRIES or error.code not in (*ABSENCE, WRONG_OFFSET, BUSY, OUT_OF_MEMORY):
                        raise
                    if error.code == WRONG_OFFSET:
                        at = error.data["offset"]
                    else:
                        await asyncio.sleep(_PAUSE * tries)  # calls that end meanwhile give their memory back
                    ahead = at
                    continue
                at = answer["offset"]
                if at > best:
                    best, tries = at, 0
                if answer["complete"]:
                    on_progress(len(data))
                    return answer["component"]
        finally:
            for request in flying:
                request.cancel()
            await asyncio.gather(*flying, return_exceptions=True)

    async def _push_chunk(self, name, data, start, end, config):
        push = {"name": name, "size": len(data), "crc32": zlib.crc32(data), "offset": start}
        push["data"] = base64.b64encode(data[start:end]).decode()
        if config is not None and end >= len(data):
            push["config"] = config
        return await self._session.request("wasmote/push", push)

    async def stored(self, name, data):
        """How many bytes of this very file are there from a push that was cut: asked by a chunk that cannot be the next."""
        push = {"name": name, "size": len(data), "crc32": zlib.crc32(data)}
        try:
            await self._session.request("wasmote/push", {**push, "offset": push["size"], "data": ""})
        except CallError as error:
            if error.code == WRONG_OFFSET and isinstance(error.data, dict):
                return error.data.get("offset", 0)
        return 0


def text_of(result):
    """The text of a tool's result; other blocks as JSON."""
    return "\n".join(map(_content_text, result.get("content", [])))


def _content_text(block):
    return block["text"] if block.get("type") == "text" else json.dumps(block, ensure_ascii=False)


def component_file(path, name=None):
    """(name, bytes) of a component to push; Misused when the file is none."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Misused(f"{path}: {(error.strerror or str(error)).lower()}") from None
    if data[:4] != _PREAMBLE:
        raise Misused(f"{path} is not WebAssembly: a component starts with \\0asm")
    if data[4:8] == _MODULE:
        raise Misused(
            f"{path} is a core module, not a component: wasm-tools component new {path} -o component.wasm makes one"
        )
    if data[4:8] != _COMPONENT:
        raise Misused(f"{path} is a component of another version than this wasmote reads ({data[4:8].hex(' ')})")
    return component_name(name or path.stem.lower()), data


def component_name(name):
    if not NAME.fullmatch(name):
        raise Misused(
            f'"{name}" is no component name: 1 to 32 of a-z 0-9 _ -, the first a letter or digit (--name NAME)'
        )
    return name
