"""The wasmote/* methods: what is on the board, and changing it. JSON-RPC on the same wire as MCP, in either era.

    wasmote/info    {}                                          firmware, arena, heap, flash, limits, components
    wasmote/list    {}                                          components
    wasmote/push    {name, size, offset, data (base64), crc32}  one chunk of a component's file; offset 0 starts over.
                    data may be a number: so many bytes came beside the request (docs/link.md)
                    The last one may bring a new configuration: {…, config}
    wasmote/configure      {name, config}                       another configuration, in place of the one it has
    wasmote/configuration  {name}                               config: what was set; effective: with the defaults
    wasmote/remove  {name}      wasmote/load {name}      wasmote/unload {name}
    wasmote/logs    {level}                                     from now on every log message from this level on is sent,
                    whether its request asked for it or not; no level: no more
    wasmote/reset   {}                                          answers, then resets the board

The host checks names, sizes, offsets and checksums, and refuses with an exception (refusals.py).
"""

import binascii
import gc

from ..jsonrpc import RpcError, codes, names, one_line
from ..version import NAME, VERSION
from .request import log_level

_PIECE = 256  # characters of base64 that are decoded at a time: see link.wire
CHUNK = 4096  # bytes of a file in one wasmote/push

_NAME = names("name")
_CONFIGURE = names("name", "config")
_LEVEL = names("level")
_PUSH = names("name", "size", "offset", "data", "crc32", "config")


def info(server, request):
    board = server.board
    answer = server.host.info()  # arena, flash, limits, components, engine
    firmware = {
        "name": NAME,
        "version": VERSION,
        "board": board.name if board else "none",
        "engine": answer.pop("engine", None),
    }
    firmware["micropython"] = _micropython()
    limits = answer.setdefault("limits", {})
    limits["chunkBytes"] = CHUNK
    answer["firmware"] = firmware
    answer["heap"] = _heap()
    if board:
        limits["messageBytes"] = board.message_limit
        if board.wire:
            answer["link"] = board.wire.facts()
        answer["session"] = board.session
        answer["uptimeMs"] = board.uptime_ms()
    _answer(server, request, answer)


def list_components(server, request):
    _answer(server, request, {"components": server.host.list()})


def push(server, request):
    message = request.message
    name, size, offset, data, crc32, config = message.find(_PUSH)
    name = message.text(name, "params.name")
    size = message.integer(size, "params.size")
    offset = message.integer(offset, "params.offset")
    crc32 = message.integer(crc32, "params.crc32")
    config = _object(message, config) if config else None
    return _finish(server, request, server.host.push(name, size, offset, _chunk(server, message, data), crc32, config))


def configure(server, request):
    message = request.message
    name, config = message.find(_CONFIGURE)
    name = message.text(name, "params.name")
    return _finish(server, request, server.host.configure(name, _object(message, config)))


def configuration(server, request):
    message = request.message
    (name,) = message.find(_NAME)
    _answer(server, request, server.host.configuration(message.text(name, "params.name")))


def load(server, request):
    return _change(server, request, server.host.load)


def unload(server, request):
    return _change(server, request, server.host.unload)


def remove(server, request):
    return _change(server, request, server.host.remove)


def logs(server, request):
    message = request.message
    (level,) = message.find(_LEVEL)
    server.overheard = log_level(message.text(level, "params.level"), request.id) if level else None
    server.empty(request)


def reset(server, request):
    if server.board is None:
        raise RpcError(codes.METHOD_NOT_FOUND, "there is no board to reset", id=request.id)
    server.empty(request)
    server.board.reset()


def _change(server, request, method):
    message = request.message
    (name,) = message.find(_NAME)
    return _finish(server, request, method(message.text(name, "params.name")))


def _finish(server, request, steps):
    answer = yield from steps
    _answer(server, request, answer)


def _answer(server, request, answer):
    out = server.result(request)
    before = b'"'
    for name in answer:
        out.raw(before)
        out.raw(name.encode())
        out.raw(b'":')
        out.value(answer[name])
        before = b',"'
    server.done(request)


def _object(message, span):
    """The JSON text of params.config, on one line."""
    if span is None or message.line[span[0]] != 0x7B:
        raise RpcError(
            codes.INVALID_PARAMS, 'params.config must be an object, like {"env":{"UNIT":"C"}}', id=message.id
        )
    return one_line(bytes(message.line[span[0] : span[1]]))


def _chunk(server, message, span):
    """The bytes of a chunk, in pieces."""
    if span is None or not 0x30 <= message.line[span[0]] <= 0x39:
        return _base64(message, span)
    count = message.integer(span, "params.data")
    pieces = server.board.wire.raw(count) if server.board and server.board.wire else None
    if pieces is None:
        what = "params.data says that %d bytes came beside the request, which is not so: send them again" % count
        raise RpcError(codes.INVALID_PARAMS, what, id=message.id)
    return pieces


def _base64(message, span):
    """The bytes of a base64 string in the line, decoded from where it lies: a list of pieces, as a heap that was in use
    for a while has room for many small ones, but hardly for a chunk in one."""
    id = message.id
    if span is None or message.line[span[0]] != 0x22:
        raise RpcError(codes.INVALID_PARAMS, "params.data must be a string in base64", id=id)
    size = span[1] - span[0] - 2
    if size > (CHUNK + 2) // 3 * 4:
        what = "params.data is more than %d bytes: send the file in chunks of limits.chunkBytes" % CHUNK
        raise RpcError(codes.LIMIT, what, {"chunkBytes": CHUNK}, id=id)
    data = _decode(message.line[span[0] + 1 : span[1] - 1])
    if data is None:  # perhaps with escapes: "\\/" is legal
        data = _decode(message.text(span, "params.data").encode())
    if data is None:
        raise RpcError(codes.INVALID_PARAMS, "params.data is not base64", id=id)
    return data


def _decode(text):
    """The bytes that base64 `text` says, in pieces, None if it is not base64. binascii itself skips what it does not know."""
    size = len(text)
    if size % 4:
        return None
    pieces = []
    for at in range(0, size, _PIECE):
        piece = text[at : at + _PIECE]
        n = len(piece)
        try:
            data = binascii.a2b_base64(piece)
        except ValueError:
            return None
        padding = (piece[n - 1] == 0x3D) + (piece[n - 2] == 0x3D) if at + n == size else 0
        if len(data) != n // 4 * 3 - padding:
            return None
        pieces.append(data)
    return pieces


def _micropython():
    import sys

    return ".".join([str(part) for part in sys.implementation.version[:3]])


def _heap():
    gc.collect()
    if not hasattr(gc, "mem_free"):  # CPython
        return {"bytes": 0, "freeBytes": 0, "largestBytes": 0}
    from _heap import largest  # firmware/heap/modheap.c

    free = gc.mem_free()
    return {"bytes": free + gc.mem_alloc(), "freeBytes": free, "largestBytes": largest()}
