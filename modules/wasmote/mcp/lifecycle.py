"""initialize, server/discover, ping, log levels, cancelled, progress and log notifications."""

from ..jsonrpc import names, one_line
from ..version import NAME, VERSION
from .request import BATCHES, HANDSHAKE_VERSIONS, LOG_LEVELS, VERSIONS, can_ask, log_level

_INITIALIZE = names("protocolVersion", "capabilities")
_LEVEL = names("level")
_CANCELLED = names("requestId")

# All that the board serves, whatever its components have now: there may be others in a minute, and no client asks again.
_CAPABILITIES = (
    b'"capabilities":{"tools":{"listChanged":true},"resources":{"listChanged":true,"subscribe":true},'
    b'"prompts":{"listChanged":true},"completions":{},"logging":{}}'
)
_SERVER_INFO = (',"serverInfo":{"name":"%s","version":"%s"}' % (NAME, VERSION)).encode()
_CACHE = b',"ttlMs":0,"cacheScope":"private"'  # new components bring new instructions


def initialize(server, request):
    message = request.message
    version, capabilities = message.find(_INITIALIZE)
    version = message.text(version, "params.protocolVersion")
    server.client_can = can_ask(message, capabilities)
    server.batches = version == BATCHES
    out = server.result(request)
    out.raw(b'"protocolVersion":')
    out.string(version if version in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[-1])
    out.raw(b",")
    out.raw(_CAPABILITIES)
    out.raw(_SERVER_INFO)
    _instructions(server, out)
    server.done(request)


def discover(server, request):
    out = server.result(request)
    out.raw(b'"supportedVersions":')
    out.value(VERSIONS)
    out.raw(b",")
    out.raw(_CAPABILITIES)
    _instructions(server, out)
    out.raw(_CACHE)
    server.done(request)


def _instructions(server, out):
    """What components say about their use, each behind its name."""
    before = b',"instructions":"'
    for guest in server.host.guests:
        about = guest.about()
        if about and about[2]:
            out.raw(before)
            out.inside("%s: %s" % (guest.name, about[2]))
            before = b"\\n"
    if before == b"\\n":
        out.raw(b'"')


def ping(server, request):
    server.empty(request)


def set_level(server, request):
    (level,) = request.message.find(_LEVEL)
    server.log_level = log_level(request.message.text(level, "params.level"), request.id)
    server.empty(request)


def cancelled_id(message):
    """The raw id in a notifications/cancelled, None if it has none."""
    (id,) = message.find(_CANCELLED)
    return id and bytes(message.line[id[0] : id[1]])


def progress(server, request, progress, total=None):
    if request.progress_token is None:
        return
    out = server.begin(b'{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":')
    out.raw(request.progress_token)
    out.raw(b',"progress":')
    out.value(progress)
    if total is not None:
        out.raw(b',"total":')
        out.value(total)
    server.end()


def log(server, request, level, logger, message, data=None):
    """A log message of a guest. `request` is what it works for, None outside of requests; `data` is JSON text or None.

    The handshake era gets what its level lets through; the modern era only what the request itself asked for. Whoever
    sent wasmote/logs hears all from its level on.
    """
    level = LOG_LEVELS.index(level)
    wanted = request.log_level if request and request.modern else server.log_level
    if (wanted is None or level < wanted) and (server.overheard is None or level < server.overheard):
        return
    out = server.begin(b'{"jsonrpc":"2.0","method":"notifications/message","params":{')
    if request and request.id:  # several clients may share the wire: for whose call it is
        out.raw(b'"_meta":{"wasmote/requestId":')
        out.raw(request.id)
        out.raw(b"},")
    out.raw(b'"level":')
    out.string(LOG_LEVELS[level])
    out.raw(b',"logger":')
    out.string(logger)
    out.raw(b',"data":')
    if data is None:
        out.string(message)
    else:
        out.raw(b'{"message":')
        out.string(message)
        out.raw(b',"data":')
        out.copy(one_line(data))
        out.raw(b"}")
    server.end()
