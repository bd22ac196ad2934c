# SPDX-License-Identifier: MIT
"""Arguments that a modern tools/call repeats in headers: a property of a tool's input schema with "x-mcp-header": "Region"
comes as Mcp-Param-Region too (2026-07-28, Streamable HTTP, "Custom headers from tool parameters").

What tools declare is asked of the board with the first call that may need it, and again after its tools changed. Header and
argument are there both, or neither; a board that cannot be asked is not asked twice: the call itself will say why.
"""

import asyncio
import itertools
import json
import re

from wasmote.jsonrpc.codes import HEADER_MISMATCH

from ..hub.client import Client
from ..wire.message import parse, request_text
from ..wire.versions import META
from .checks import Refused, decoded

PREFIX = "mcp-param-"
_TYPES = ("string", "integer", "boolean")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_WHOLE = re.compile(r"(-?[0-9]{1,4000})(\.0+)?")  # int() takes 4300


class Parameters:
    """`await check(headers, message)` refuses a call whose headers and arguments differ."""

    def __init__(self, hub):
        self._hub = hub
        self._client = Client(self._heard)
        self._ids = itertools.count(1)
        self._answers = {}  # id -> future
        self._asking = None  # the task that asks, or asked, what is declared

    async def check(self, headers, message):
        if message.method != "tools/call":
            return
        arguments = message.params.get("arguments")
        if not (arguments or headers.starting(PREFIX)):
            return
        declared = (await self._declared()).get(json.dumps(message.params.get("name")), {})
        for path, (header, kind) in declared.items():
            if wrong := difference(headers, header, kind, value_at(arguments, path)):
                raise Refused(400, HEADER_MISMATCH, f"{wrong} (argument {'.'.join(path)})", message.id)

    def close(self):
        if self._asking:
            self._asking.cancel()
        self._hub.detach(self._client)

    async def _declared(self):
        """{JSON text of a tool's name: {path of an argument: (header, type)}}"""
        if self._asking is None:
            if self._client not in self._hub.clients:
                self._hub.attach(self._client)
                self._request("subscriptions/listen", {"notifications": {"toolsListChanged": True}})
            self._asking = asyncio.ensure_future(self._ask())
        asking = self._asking
        found = await asyncio.shield(asking)
        if found is None and self._asking is asking:
            self._asking = None
        return found or {}

    async def _ask(self):
        """What all pages of tools/list declare, None when the board does not say."""
        found, cursor = {}, None
        while True:
            result = (await self._request("tools/list", {"cursor": cursor} if cursor else {})).get("result")
            if not isinstance(result, dict):
                return None
            for tool in result.get("tools", ()):
                found[json.dumps(tool["name"])] = declarations(tool.get("inputSchema"))
            cursor = result.get("nextCursor")
            if cursor is None:
                return found

    def _request(self, method, params):
        """A future of the answer."""
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        self._hub.receive(self._client, request_text(str(number), method, {**params, "_meta": META}).encode())
        return answer

    def _heard(self, text):
        message = parse(text.encode())
        if message.method == "notifications/tools/list_changed":
            self._asking = None
        elif (answer := self._answers.pop(message.value.get("id"), None)) and not answer.done():
            answer.set_result(message.value)


def declarations(schema, path=()):
    """{path: (header, type)} of the properties of a schema that name a header as the specification lets them."""
    found = {}
    properties = schema.get("properties") if isinstance(schema, dict) else None
    for name, property_ in properties.items() if isinstance(properties, dict) else ():
        if not isinstance(property_, dict):
            continue
        header, kind = property_.get("x-mcp-header"), property_.get("type")
        if isinstance(header, str) and _TOKEN.fullmatch(header) and kind in _TYPES:
            found[(*path, name)] = (header, kind)
        found.update(declarations(property_, (*path, name)))
    return found


def value_at(arguments, path):
    for name in path:
        arguments = arguments.get(name) if isinstance(arguments, dict) else None
    return arguments


def difference(headers, header, kind, value):
    """What is wrong between a header and the value of its argument, None if nothing is."""
    name = PREFIX + header.lower()
    text = headers.get(name)
    shown = "Mcp-Param-" + header
    if headers.count(name) > 1:
        return f"{shown} is there more than once"
    if value is None or isinstance(value, (dict, list)):
        return f"{shown} is {text}, but there is no such argument" if text is not None else None
    if text is None:
        return f"{shown} is missing"
    said = decoded(text)
    if said is None:
        return f"{shown} is {text}, which is no base64 of UTF-8"
    return None if same(said, kind, value) else f"{shown} is {said}, but the argument is {json.dumps(value)}"


def same(said, kind, value):
    whole = _WHOLE.fullmatch(said)
    if kind == "integer" and not isinstance(value, (bool, str)):
        return whole is not None and int(whole[1]) == value
    return said == (value if isinstance(value, str) else json.dumps(value))
