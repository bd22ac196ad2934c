"""What the host refuses, as JSON-RPC errors. Imported with the first of them."""

from ..jsonrpc import RpcError, codes

# kind of the host's exception, code
_CODES = (
    ("not-found", codes.NOT_FOUND),
    ("bad-params", codes.INVALID_PARAMS),
    ("offset", codes.WRONG_OFFSET),
    ("crc", codes.BAD_CHECKSUM),
    ("no-space", codes.NO_SPACE),
    ("busy", codes.BUSY),
    ("limit", codes.LIMIT),
    # error-code of wasi:mcp/types: what a component's handler said
    ("parse-error", codes.INVALID_PARAMS),
    ("invalid-request", codes.INVALID_PARAMS),
    ("invalid-params", codes.INVALID_PARAMS),
    ("tool-not-found", codes.INVALID_PARAMS),
    ("prompt-not-found", codes.INVALID_PARAMS),
    ("method-not-found", codes.METHOD_NOT_FOUND),
    ("unsupported-operation", codes.METHOD_NOT_FOUND),
    ("internal-error", codes.INTERNAL_ERROR),
)


def refusal(error, request=None):
    """The RpcError for an exception with which the host refused: it has `kind` and perhaps `data`."""
    code = codes.REFUSED
    if error.kind == "resource-not-found":  # the only one that the eras number differently
        code = codes.INVALID_PARAMS if request is None or request.modern else codes.RESOURCE_NOT_FOUND
    for kind, number in _CODES:
        if kind == error.kind:
            code = number
    return RpcError(code, str(error), getattr(error, "data", None))
