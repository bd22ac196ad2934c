# SPDX-License-Identifier: MIT
"""Answers that the bridge gives in the place of boards, in both eras: who serves here, and pages of lists.

They are what a board would say (modules/wasmote/mcp), for a board that is away, or for several at once.
"""

import hashlib
import json

from wasmote.jsonrpc.codes import INVALID_PARAMS, UNSUPPORTED_VERSION

from .. import __version__
from ..errors import CallError
from ..wire.message import VERSION_KEY, reply_text
from ..wire.versions import HANDSHAKE_VERSIONS, META, MODERN_VERSIONS

LISTS = {  # method -> the member of its result, the notification that it is another one now
    "tools/list": ("tools", "notifications/tools/list_changed"),
    "resources/list": ("resources", "notifications/resources/list_changed"),
    "resources/templates/list": ("resourceTemplates", "notifications/resources/list_changed"),
    "prompts/list": ("prompts", "notifications/prompts/list_changed"),
}
OPENING = ("initialize", "server/discover")  # what introduction() answers
CAPABILITIES = {  # what a board says it can do, whatever its components have now
    "tools": {"listChanged": True},
    "resources": {"listChanged": True, "subscribe": True},
    "prompts": {"listChanged": True},
    "completions": {},
    "logging": {},
}
PAGE = 8000  # characters of entries after which a page ends: some clients take no larger message
_SERVER = {"name": "wasmote", "version": __version__}
_CACHE = {"ttlMs": 0, "cacheScope": "private"}


def is_modern(message):
    """Whether a request is of the modern era. CallError for one that is of no era that we know."""
    meta = message.params.get("_meta")
    if not isinstance(meta, dict) or VERSION_KEY not in meta:
        if message.method == "server/discover":
            raise CallError(INVALID_PARAMS, f'params._meta lacks "{VERSION_KEY}"')
        return False
    if message.method == "initialize":
        return meta[VERSION_KEY] in MODERN_VERSIONS
    for name in META:
        if name not in meta:
            raise CallError(INVALID_PARAMS, f'params._meta lacks "{name}"')
    if meta[VERSION_KEY] not in MODERN_VERSIONS:
        data = {"supported": [*MODERN_VERSIONS, *HANDSHAKE_VERSIONS], "requested": meta[VERSION_KEY]}
        raise CallError(UNSUPPORTED_VERSION, f"protocol version {meta[VERSION_KEY]} is not supported here", data)
    return True


def reply(message, members, cached=False):
    """The answer to a request: its members, and what its era adds."""
    if is_modern(message):
        more = {"resultType": "complete", "_meta": {"io.modelcontextprotocol/serverInfo": _SERVER}}
        members = {**members, **(_CACHE if cached else {}), **more}
    return reply_text(message.id, members)


def failed_tool(message, text):
    """The answer to a tools/call that comes to nothing, as the model is to read it."""
    return reply(message, {"content": [{"type": "text", "text": text}], "isError": True})


def introduction(message, about):
    """The answer to initialize or server/discover. `about`: {"capabilities", "instructions"}, as far as they are known."""
    capabilities = about.get("capabilities") or CAPABILITIES
    instructions = {"instructions": about["instructions"]} if about.get("instructions") else {}
    if message.method == "server/discover":
        versions = [*MODERN_VERSIONS, *HANDSHAKE_VERSIONS]
        return reply(message, {"supportedVersions": versions, "capabilities": capabilities, **instructions}, True)
    asked = message.params.get("protocolVersion")
    if not isinstance(asked, str):
        raise CallError(INVALID_PARAMS, "params.protocolVersion is missing: it must be a string")
    version = asked if asked in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[-1]
    members = {"protocolVersion": version, "capabilities": capabilities, "serverInfo": _SERVER, **instructions}
    return reply(message, members)


def page(message, entries):
    """The answer to a request for a list: the page of `entries` (dicts) that its cursor names."""
    member = LISTS[message.method][0]
    texts = [json.dumps(entry, separators=(",", ":")) for entry in entries]
    state = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:8]
    cursor = message.params.get("cursor")
    start = 0
    if cursor is not None:
        start, _, of = cursor.partition(".") if isinstance(cursor, str) else ("", "", "")
        if of != f"{member}.{state}" or not start.isdecimal():
            raise CallError(INVALID_PARAMS, "this cursor is not one of this list as it is now: list again without one")
        start = int(start)
    end, size = start, 0
    while end < len(texts) and (end == start or size + len(texts[end]) <= PAGE):
        size += len(texts[end])
        end += 1
    more = {"nextCursor": f"{end}.{member}.{state}"} if end < len(texts) else {}
    return reply(message, {member: entries[start:end], **more}, cached=True)
