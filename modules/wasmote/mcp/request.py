"""One request or notification in its era. MCP's two eras meet on one wire and each message says which it is of.

Handshake era (2024-11-05 … 2025-11-25): `initialize` once, then bare requests.
Modern era (2026-07-28): no handshake; every request's _meta names the protocol version and the client's capabilities.
"""

from ..jsonrpc import names
from ..jsonrpc.codes import INVALID_PARAMS, UNSUPPORTED_VERSION, RpcError

HANDSHAKE_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN_VERSIONS = ("2026-07-28",)

LOG_LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")

_PREFIX = "io.modelcontextprotocol/"
_PARAMS = names("_meta")
_META = names(_PREFIX + "protocolVersion", _PREFIX + "clientCapabilities", _PREFIX + "logLevel", "progressToken")
_NEWEST = ('"%s"' % MODERN_VERSIONS[-1]).encode()
_TOKEN_LIMIT = 128  # bytes of a progress token's JSON text


class Request:
    """A message and what its _meta says. `message` may be looked at until the handler returns; the rest may be kept.

    id              raw JSON text, None in notifications
    modern          True in the modern era
    progress_token  raw JSON text (string or number), or None: nobody wants progress
    log_level       index into LOG_LEVELS, or None: the request asks for no log messages
    """

    def __init__(self, message):
        self.message = message
        self.id = message.id
        self.method = message.method
        self.modern = False
        self.progress_token = None
        self.log_level = None

    def read_meta(self, modern_only):
        """Look into params._meta. RpcError if it is wrong; `modern_only`: the method exists in that era only."""
        message = self.message
        (meta,) = message.find(_PARAMS)
        if meta is None:
            version = capabilities = level = token = None
        elif message.line[meta[0]] != 0x7B:
            raise RpcError(INVALID_PARAMS, "params._meta must be an object", id=self.id)
        else:
            version, capabilities, level, token = message.find_in(meta[0], _META)
        if token is not None:
            self.progress_token = self._token(token)
        if version is None and not modern_only:
            return
        self.modern = True
        for name, span in (("protocolVersion", version), ("clientCapabilities", capabilities)):
            if span is None:
                raise RpcError(INVALID_PARAMS, 'params._meta lacks "%s%s"' % (_PREFIX, name), id=self.id)
        if message.line[capabilities[0]] != 0x7B:
            raise RpcError(INVALID_PARAMS, _PREFIX + "clientCapabilities must be an object", id=self.id)
        if bytes(message.line[version[0] : version[1]]) != _NEWEST:
            self._check_version(message.text(version, _PREFIX + "protocolVersion"))
        if level is not None:
            self.log_level = log_level(message.text(level, _PREFIX + "logLevel"), self.id)

    def _check_version(self, requested):
        if requested not in MODERN_VERSIONS:
            data = {"supported": MODERN_VERSIONS + HANDSHAKE_VERSIONS, "requested": requested[:32]}
            what = "protocol version %s is not supported here" % requested[:32]
            raise RpcError(UNSUPPORTED_VERSION, what, data, id=self.id)

    def _token(self, span):
        line = self.message.line
        first = line[span[0]]
        if first != 0x22 and first != 0x2D and not 0x30 <= first <= 0x39:
            raise RpcError(INVALID_PARAMS, "the progress token must be a string or a number", id=self.id)
        if span[1] - span[0] > _TOKEN_LIMIT:
            raise RpcError(INVALID_PARAMS, "the progress token is longer than %d bytes" % _TOKEN_LIMIT, id=self.id)
        return bytes(line[span[0] : span[1]])


def log_level(name, id=None):
    """The index of a level's name in LOG_LEVELS, or RpcError."""
    if name in LOG_LEVELS:
        return LOG_LEVELS.index(name)
    raise RpcError(INVALID_PARAMS, "no log level %s: there are %s" % (name[:32], ", ".join(LOG_LEVELS)), id=id)
