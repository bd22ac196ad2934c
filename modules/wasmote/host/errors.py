"""What a host refuses, and why; how a guest ends itself; what to say of either."""

from ..wasm import Malformed, OutOfMemory, WasmError


class HostError(Exception):
    """A request that was not carried out. The text says what, where and what to do.

    kind    not-found bad-params offset crc no-space refused busy limit; or CODES, what a handler's error-code says;
            missing-capability: the client does not offer what the handler must ask it for, and data says what that is
    data    a dict for the machine on the other side, bytes of JSON text, or None
    """

    short_of_memory = False  # True: with more of the arena or the heap it might have worked

    def __init__(self, kind, message, data=None):
        super().__init__(message)
        self.kind = kind
        self.data = data


CODES = (  # error-code of wasi:mcp/types
    "parse-error",
    "invalid-request",
    "method-not-found",
    "invalid-params",
    "internal-error",
    "resource-not-found",
    "tool-not-found",
    "prompt-not-found",
    "unsupported-operation",
)


def failed(kind, message, data=None):
    """The error result of a function of wasi:mcp or wasmote:mcp. `kind`: one of CODES; `data`: JSON text or None."""
    return 1, (CODES.index(kind), message, data)


class Exit(Exception):
    """A guest ended its program (wasi:cli/exit): no crash. `code`: 0 for success."""

    def __init__(self, code):
        super().__init__("it ended itself with exit code %d" % code)
        self.code = code


def short_of_memory(error):
    """Whether it might have worked with more of the arena or the heap."""
    return isinstance(error, (MemoryError, OutOfMemory)) or getattr(error, "short_of_memory", False)


def crowded(error, store):
    """Whether a guest trapped for want of memory that others have. It gets one granule at a time (memory.c): while it has
    fewer than it may, the arena had none."""
    return store is not None and getattr(error, "what", None) == "out of memory" and store.used() < store.limit


def explain(error):
    """What to tell a user about an exception."""
    if isinstance(error, MemoryError):
        return "the board's heap is full (%s): unload a component" % error
    # RuntimeError: MicroPython's stack is used up
    if isinstance(error, (WasmError, HostError, Exit, OSError, RuntimeError)):
        return str(error)
    return "%s: %s" % (type(error).__name__, error)


def not_loaded(guest, error):
    """The HostError for whatever kept a guest from starting; the guest remembers it, too."""
    guest.error = explain(error)
    if isinstance(error, Malformed):
        guest.error += ": the file is damaged or cut short, or was never a component"
    refused = isinstance(error, HostError)
    failure = HostError(error.kind if refused else "refused", "%s was not loaded: %s" % (guest.name, guest.error))
    failure.short_of_memory = short_of_memory(error)
    return failure
