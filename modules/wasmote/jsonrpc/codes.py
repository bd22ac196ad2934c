"""Every error code that wasmote sends: those of JSON-RPC 2.0, those of MCP, and our own, which are stable.

MCP leaves -32000..-32019 to implementations (-32002 is the handshake era's; -32000 and -32001 are taken inside the official
SDKs).
"""

# JSON-RPC 2.0, section 5.1
PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603

# MCP, handshake era; in 2026-07-28 it is INVALID_PARAMS
RESOURCE_NOT_FOUND = -32002  # data: {"uri"}

# MCP 2026-07-28
HEADER_MISMATCH = -32020
MISSING_CLIENT_CAPABILITY = -32021  # data: {"requiredCapabilities"}
UNSUPPORTED_VERSION = -32022  # data: {"supported", "requested"}

# wasmote
MESSAGE_TOO_LONG = -32003  # data: {"limitBytes", "bytes"}
BUSY = -32004  # as many calls in flight as the board takes, or a component that is just being changed
NOT_FOUND = -32005  # no component of this name
WRONG_OFFSET = -32006  # a chunk that is not the next one; data: {"offset": the next one}
BAD_CHECKSUM = -32007  # the file that arrived is not the file that was sent
NO_SPACE = -32008  # flash or arena
REFUSED = -32009  # the component cannot be loaded: malformed, invalid, unlinkable, trapped while it started
OUT_OF_MEMORY = -32010  # the board's heap
LIMIT = -32011  # larger than a limit of this board; data names it
BOARD_LOST = -32012  # PC: the board went away in the middle of a call
BOARD_SILENT = -32013  # PC: the board does not answer


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
