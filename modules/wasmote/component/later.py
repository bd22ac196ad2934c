"""Names of what this board does not take of the Component Model: async (WASI 0.3), threads, and what is not standard yet."""

from ..wasm.errors import Malformed, Unsupported

_BUILT_INS = (
    # 0x05
    "task.cancel", "subtask.cancel", "", "backpressure.set", "task.return", "context.get", "context.set", "thread.yield",
    "subtask.drop", "stream.new", "stream.read",
    # 0x10
    "stream.write", "stream.cancel-read", "stream.cancel-write", "stream.drop-readable", "stream.drop-writable",
    "future.new", "future.read", "future.write", "future.cancel-read", "future.cancel-write", "future.drop-readable",
    "future.drop-writable", "error-context.new", "error-context.debug-message", "error-context.drop", "waitable-set.new",
    # 0x20
    "waitable-set.wait", "waitable-set.poll", "waitable-set.drop", "waitable.join", "backpressure.inc",
    "backpressure.dec", "thread.index", "thread.new-indirect", "thread.resume-later", "thread.suspend",
    "thread.suspend-then-resume", "thread.yield-then-resume", "thread.suspend-then-promote",
    "thread.yield-then-promote",
)  # fmt: skip
_THREADS = ("thread.spawn-ref", "thread.spawn-indirect", "thread.available-parallelism")  # 0x40
_FLAGGED = b"\x06\x0c\x20\x21\x29\x2a\x2b\x2c\x2d\x40\x41\x42"  # a flag comes first

_TYPES = {
    0x43: "async function type",
    0x63: "map type",
    0x64: "error-context type",
    0x65: "future type",
    0x66: "stream type",
    0x67: "fixed-length list type",
}
OPTIONS = ("async", "callback", "core-type", "gc")  # canonical options, from 6 on


def refuse_type(code, what, at):
    """Raises Unsupported with the name of a kind of types, or Malformed."""
    if code in _TYPES:
        advice = "use a list" if code == 0x63 or code == 0x67 else "build for WASI 0.2"
        raise Unsupported("%s: %s" % (_TYPES[code], advice), at)
    raise Malformed("invalid leading byte (0x%x) for %s" % (code, what), at)


def refuse_built_in(reader, code, at):
    """Raises Unsupported with the name of a canonical built-in, or Malformed."""
    name = ""
    if 5 <= code < 5 + len(_BUILT_INS):
        name = _BUILT_INS[code - 5]
    elif 0x40 <= code <= 0x42:
        name = _THREADS[code - 0x40]
    if not name:
        raise Malformed("invalid leading byte (0x%x) for canonical function" % code, at)
    if code in _FLAGGED and reader.u8() > 1:
        raise Malformed("invalid boolean value", reader.at - 1)
    what = "threads" if name[:7] == "thread." and code != 0x0C else "async, WASI 0.3"
    raise Unsupported("canonical built-in %s (%s): build for WASI 0.2" % (name, what), at)
