"""One request or notification in its era. MCP's two eras meet on one wire and each message says which it is of.

Handshake era (2024-11-05 … 2025-11-25): `initialize` once, then bare requests.
Modern era (2026-07-28): no handshake; every request's _meta names the protocol version and the client's capabilities.
"""

from ..jsonrpc import names
from ..jsonrpc.codes import INVALID_PARAMS, UNSUPPORTED_VERSION, RpcError

HANDSHAKE_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN_VERSIONS = ("2026-07-28",)
VERSIONS = MODERN_VERSIONS + HANDSHAKE_VERSIONS
BATCHES = "2025-03-26"  # the only one with JSON-RPC batches

ASKING = ("tools/call", "resources/read", "prompts/get")  # the methods that may ask the client in between

LOG_LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")

_PREFIX = "io.modelcontextprotocol/"
_PARAMS = names("_meta")
_ASKING = names("_meta", "requestState", "inputResponses", "name", "arguments")
_META = names(_PREFIX + "protocolVersion", _PREFIX + "clientCapabilities", _PREFIX + "logLevel", "progressToken")
_NEWEST = ('"%s"' % MODERN_VERSIONS[-1]).encode()
_TOKEN_LIMIT = 128  # bytes of a progress token's JSON text


class Request:
    """A message and what its _meta says. `message` may be looked at until the handler returns; the rest may be kept.

    id              raw JSON text, None in notifications
    modern          True in the modern era
    progress_token  raw JSON text (string or number), or None: nobody wants progress
    log_level       index into LOG_LEVELS, or None: the request asks for no log messages
    can             what its client can be asked meanwhile (ask.py): the sum of host.questions' SAMPLING, FORM, URL, ROOTS
    state           requestState, responses: the JSON text of inputResponses, taken: keys of those that are used up
    ahead           answers that came with the state and are not used up, each the JSON text of {key: result}
    carried         such texts, with commas between: what the next state is to carry; carries: there is room for more
    gone            its client is not there any more: the answer to whatever it is asked
    owner           the name of the component that serves it; None: unknown, or none does
    name, arguments where those members of params are, of a request that may ask, as long as the message may be looked at
    binding         of a request that may ask: what its like has in common, when its client calls again
    """

    modern = False
    progress_token = log_level = None
    can = 0
    state = responses = binding = owner = gone = None
    taken = ahead = ()
    carried = b""
    carries = True

    def __init__(self, message):
        self.message = message
        self.id = message.id
        self.method = message.method

    def read_meta(self, modern_only, client_can=0):
        """Look into params._meta. RpcError if it is wrong; `modern_only`: the method exists in that era only."""
        message = self.message
        asks = self.method in ASKING
        if asks:  # all in one pass
            meta, state, responses, self.name, self.arguments = message.find(_ASKING)
        else:
            (meta,) = message.find(_PARAMS)
        if meta is None:
            version = capabilities = level = token = None
        elif message.line[meta[0]] != 0x7B:
            raise RpcError(INVALID_PARAMS, "params._meta must be an object", id=self.id)
        else:
            version, capabilities, level, token = message.find_in(meta[0], _META)
        if token is not None:
            self.progress_token = self._token(token)
        if version is not None and self.method == "initialize":
            # Of the handshake, whatever it names, but not of the modern era.
            self.modern = message.line[version[0] : version[1]] == _NEWEST
            return
        if version is None and not modern_only:
            if asks:  # a bridge says it for each of the clients that share the wire
                self.can = can_ask(message, capabilities) if capabilities else client_can
            return
        self.modern = True
        if version is None or capabilities is None:
            name = "clientCapabilities" if version else "protocolVersion"
            raise RpcError(INVALID_PARAMS, 'params._meta lacks "%s%s"' % (_PREFIX, name), id=self.id)
        if message.line[capabilities[0]] != 0x7B:
            raise RpcError(INVALID_PARAMS, _PREFIX + "clientCapabilities must be an object", id=self.id)
        if asks and (capabilities[1] - capabilities[0] > 2 or state):
            from .offers import read

            read(self, capabilities, state, responses)
        if message.line[version[0] : version[1]] != _NEWEST:
            self._check_version(message.text(version, _PREFIX + "protocolVersion"))
        if level is not None:
            self.log_level = log_level(message.text(level, _PREFIX + "logLevel"), self.id)

    def _check_version(self, requested):
        if requested not in MODERN_VERSIONS:
            data = {"supported": VERSIONS, "requested": requested[:32]}
            what = "protocol version %s is not supported here" % requested[:32]
            if requested in HANDSHAKE_VERSIONS:
                what = "protocol version %s begins with initialize, and its requests do not name it" % requested
            raise RpcError(UNSUPPORTED_VERSION, what, data, id=self.id)

    def _token(self, span):
        line = self.message.line
        first = line[span[0]]
        if first != 0x22 and first != 0x2D and not 0x30 <= first <= 0x39:
            raise RpcError(INVALID_PARAMS, "the progress token must be a string or a number", id=self.id)
        if span[1] - span[0] > _TOKEN_LIMIT:
            raise RpcError(INVALID_PARAMS, "the progress token is longer than %d bytes" % _TOKEN_LIMIT, id=self.id)
        return bytes(line[span[0] : span[1]])


def can_ask(message, span):
    """What the client's capabilities at `span` let a server ask: see Request.can."""
    if span is None or span[1] - span[0] <= 2:  # {}
        return 0
    from .offers import can_ask

    return can_ask(message, span)


def object_at(message, span, what):
    """The object at `span` where it lies in the message, None if it is absent or null; RpcError naming `what`, if it is none."""
    if span is None or message.line[span[0]] == 0x6E:  # null
        return None
    if message.line[span[0]] != 0x7B:
        raise RpcError(INVALID_PARAMS, "%s must be an object" % what, id=message.id)
    return message.line[span[0] : span[1]]


def wait(server, answer, request, *values):
    """A generator: answers once the stored components are loaded. `answer` may be a generator function or none."""
    while server.booting:
        yield
    steps = answer(server, request, *values)
    if steps:
        yield from steps


def log_level(name, id=None):
    """The index of a level's name in LOG_LEVELS, or RpcError."""
    if name in LOG_LEVELS:
        return LOG_LEVELS.index(name)
    raise RpcError(INVALID_PARAMS, "no log level %s: there are %s" % (name[:32], ", ".join(LOG_LEVELS)), id=id)
