# SPDX-License-Identifier: MIT
"""What a request over HTTP must look like before its message goes to the board, in both eras.

    who asks        Host and Origin name this machine, or what --allow-host adds (against DNS rebinding)
    what it takes   Content-Type, Accept
    which era       MCP-Protocol-Version and _meta say the same
    modern era      Mcp-Method and Mcp-Name say what the message says (2026-07-28, Streamable HTTP, "Standard headers")

Everything here is a function of headers and message; what is wrong is Refused, with the HTTP status that the spec gives it.
"""

import base64
import binascii
import re

from wasmote.jsonrpc.codes import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    MISSING_CLIENT_CAPABILITY,
    PARSE_ERROR,
    UNSUPPORTED_VERSION,
)

from ..errors import CallError
from ..wire.message import VERSION_KEY
from ..wire.versions import HANDSHAKE_VERSIONS

JSON = "application/json"
SSE = "text/event-stream"
UNSAID_VERSION = "2025-03-26"  # of a client of the handshake era that sends no MCP-Protocol-Version
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
STATUS = {  # of an error answer in the modern era; 200 for all others
    **dict.fromkeys((PARSE_ERROR, INVALID_REQUEST, INVALID_PARAMS), 400),
    **dict.fromkeys((HEADER_MISMATCH, MISSING_CLIENT_CAPABILITY, UNSUPPORTED_VERSION), 400),
    METHOD_NOT_FOUND: 404,
}
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}  # what Mcp-Name repeats of params
ROUTING = ("mcp-protocol-version", "mcp-method", "mcp-name")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/\[\]]+)(:\d{1,5})?", re.IGNORECASE)
_ENCODED = re.compile(r"=\?base64\?(.*)\?=", re.DOTALL)


class Refused(Exception):
    """An answer that the bridge gives itself: an HTTP status, a CallError for the body, the id text of the request."""

    def __init__(self, status, code, text, id_text=None, headers=(), data=None):
        super().__init__(text)
        self.status = status
        self.error = CallError(code, text, data)
        self.id_text = id_text
        self.headers = dict(headers)


class Headers:
    """The headers of a request; names in any case, values without the blanks around them."""

    def __init__(self, raw):
        self._lines = [(name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")) for name, value in raw]
        self._values = dict(reversed(self._lines))

    def get(self, name, default=None):
        return self._values.get(name, default)

    def count(self, name):
        return sum(line[0] == name for line in self._lines)

    def starting(self, prefix):
        return [line for line in self._lines if line[0].startswith(prefix)]


def check_origin(headers, hosts):
    """`hosts`: names by which clients may call us, without ports."""
    host = _HOST.fullmatch(headers.get("host", ""))
    if headers.count("host") != 1 or not host or not _named(host[1], hosts):
        raise Refused(
            421, INVALID_REQUEST, f"Host {headers.get('host')!r} is not served: wasmote bridge --allow-host adds names"
        )
    origin = headers.get("origin")
    if origin is not None:
        scheme, _, rest = origin.partition("://")
        host = _HOST.fullmatch(rest)
        if scheme not in ("http", "https") or not host or not _named(host[1], hosts):
            raise Refused(
                403, INVALID_REQUEST, f"pages of {origin!r} may not use this: wasmote bridge --allow-host adds names"
            )


def _named(host, hosts):
    return host.lower().rstrip(".") in hosts


def check_media(headers, wanted):
    """`wanted`: the media types that the answer may have; a body, if there is one, is JSON."""
    accepted = {part.split(";")[0].strip().lower() for part in headers.get("accept", "").split(",")}
    for media in wanted:
        if not accepted & {media, media.split("/")[0] + "/*", "*/*"}:
            raise Refused(406, INVALID_REQUEST, f"Accept must name {' and '.join(wanted)}")


def check_body_media(headers):
    if headers.get("content-type", "").split(";")[0].strip().lower() != JSON:
        raise Refused(415, INVALID_REQUEST, f"Content-Type must be {JSON}")


def is_modern(headers, message):
    """Whether a request is of the modern era; `message`: None unless it is a POST. One that does not say is not."""
    version = headers.get("mcp-protocol-version")
    if version is None:
        return message is not None and message.version is not None
    return version not in HANDSHAKE_VERSIONS


def check_handshake(headers, message):
    """A message of the handshake era has no version of its own that contradicts the header."""
    version = message.version
    if version is not None:
        text = f"MCP-Protocol-Version is {headers.get('mcp-protocol-version', 'missing')}, but _meta says {version}"
        raise Refused(400, HEADER_MISMATCH, text, message.id)


def check_modern(headers, message):
    """The headers that a modern request repeats, each once. What else is wrong with the request the board says."""

    def refuse(text, code=HEADER_MISMATCH):
        raise Refused(400, code, text, message.id)

    for name in ROUTING:
        if headers.count(name) > 1:
            refuse(f"{name} is there more than once")
    version = message.version
    if version is None:
        refuse(f"params._meta needs {VERSION_KEY}", INVALID_PARAMS)
    if headers.get("mcp-protocol-version") != version:
        refuse(f"MCP-Protocol-Version is {headers.get('mcp-protocol-version', 'missing')}, but _meta says {version}")
    if headers.get("mcp-method") != message.method:
        refuse(f"Mcp-Method is {headers.get('mcp-method')}, but the method is {message.method}")
    key = NAMED.get(message.method)
    name = message.params.get(key) if key else None
    if isinstance(name, str) and decoded(headers.get("mcp-name")) != name:
        refuse(f"Mcp-Name is {headers.get('mcp-name')}, but params.{key} is {name}")


def decoded(value):
    """A header's value; one in =?base64?…?= is UTF-8 in base64, and None when it is not."""
    found = _ENCODED.fullmatch(value) if value is not None else None
    if not found:
        return value
    try:
        data = base64.b64decode(found[1], validate=True)
        return data.decode() if base64.b64encode(data).decode() == found[1] else None
    except (binascii.Error, ValueError):
        return None
