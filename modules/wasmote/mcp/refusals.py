"""What the host refuses, as JSON-RPC errors. Imported with the first of them."""

from ..jsonrpc import RpcError, codes

# kind of the host's exception, name of the code: constants, which stay in flash
_CODES = (
    ("not-found", "NOT_FOUND"),
    ("bad-params", "INVALID_PARAMS"),
    ("offset", "WRONG_OFFSET"),
    ("crc", "BAD_CHECKSUM"),
    ("no-space", "NO_SPACE"),
    ("busy", "BUSY"),
    ("limit", "LIMIT"),
    # error-code of wasi:mcp/types: what a component's handler said
    ("parse-error", "INVALID_PARAMS"),
    ("invalid-request", "INVALID_PARAMS"),
    ("invalid-params", "INVALID_PARAMS"),
    ("tool-not-found", "INVALID_PARAMS"),
    ("prompt-not-found", "INVALID_PARAMS"),
    ("method-not-found", "METHOD_NOT_FOUND"),
    ("unsupported-operation", "METHOD_NOT_FOUND"),
    ("internal-error", "INTERNAL_ERROR"),
    ("missing-capability", "MISSING_CLIENT_CAPABILITY"),
)


def refusal(error, request=None):
    """The RpcError for an exception with which the host refused: it has `kind` and perhaps `data`."""
    code = codes.REFUSED
    if error.kind == "resource-not-found":  # the only one that the eras number differently
        code = codes.INVALID_PARAMS if request is None or request.modern else codes.RESOURCE_NOT_FOUND
    if error.kind == "missing-capability" and request is not None and not request.modern:
        return RpcError(codes.METHOD_NOT_FOUND, str(error), error.data)  # as any unsupported-operation
    for kind, name in _CODES:
        if kind == error.kind:
            code = getattr(codes, name)
    return RpcError(code, str(error), getattr(error, "data", None))
