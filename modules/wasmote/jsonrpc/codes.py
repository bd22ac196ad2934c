"""Every error code that wasmote sends: those of JSON-RPC 2.0, those of MCP, and our own, which are stable.

MCP leaves -32000..-32019 to implementations (-32002 is the handshake era's; -32000 and -32001 are taken inside the official
SDKs).
"""

# JSON-RPC 2.0, section 5.1
PARSE_ERROR = -32700  # no JSON, no UTF-8, or nested more than 64 levels deep; the id is null
INVALID_REQUEST = -32600  # no message of JSON-RPC, an id of a kind that MCP has not, or one that is still under way
METHOD_NOT_FOUND = -32601  # no such method in the era of the request
INVALID_PARAMS = -32602  # params that are missing or wrong; in 2026-07-28 also a resource that is not there: data {uri}
INTERNAL_ERROR = -32603  # a component failed, or the board

# MCP, handshake era
RESOURCE_NOT_FOUND = -32002  # handshake era: the resource is not there; data {uri}

# MCP 2026-07-28
HEADER_MISMATCH = -32020  # HTTP: a header does not say what the message says
MISSING_CLIENT_CAPABILITY = -32021  # the tool must ask a client that offers no such thing; data {requiredCapabilities}
UNSUPPORTED_VERSION = -32022  # of the protocol; data {supported, requested}

# wasmote
MESSAGE_TOO_LONG = -32003  # for this board; data {limitBytes, bytes}; the id may be null
BUSY = -32004  # as many calls are under way as the board or the component takes, or it is just being changed: try again
NOT_FOUND = -32005  # no component of this name
WRONG_OFFSET = -32006  # a chunk that is not the next one; data {offset}, that of the next one
BAD_CHECKSUM = -32007  # the file that arrived is not the file that was sent
NO_SPACE = -32008  # on the flash or in the arena; data {neededBytes, freeBytes} where it is known
REFUSED = -32009  # the component cannot be loaded: malformed, invalid, unlinkable, or it trapped while it started
OUT_OF_MEMORY = -32010  # the board's heap is full
LIMIT = -32011  # larger or more than a limit of this board; data {name of the limit}
BOARD_LOST = -32012  # from the PC: the board went away, or was reset, in the middle of a call; data {kind, port, …}
BOARD_SILENT = -32013  # from the PC: the board is away, or does not answer; data {kind, port, since}


class RpcError(Exception):
    """A request that is answered with an error.

    code       of the list above
    message    what, where, what to do
    data       a dict for the machine on the other side, or None
    id         the raw JSON text of the request's id where it is known, else None
    batch      see message.parse
    """

    batch = None

    def __init__(self, code, message, data=None, id=None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data
        self.id = id
