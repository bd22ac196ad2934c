"""tools/list and tools/call."""

from ..jsonrpc import names, one_line, validate
from ..jsonrpc.codes import INVALID_PARAMS, RpcError

PAGE = 3584  # bytes of tools after which a page ends
_HINT = 512  # most bytes of tool names in the answer to a call of an unknown tool

_CURSOR = names("cursor")
_CALL = names("name", "arguments")


def list_tools(server, request):
    """One page. A cursor says which tool comes next and of which generation of the list."""
    (cursor,) = request.message.find(_CURSOR)
    if cursor and bytes(request.message.line[cursor[0] : cursor[1]]) != b"null":
        cursor = request.message.text(cursor, "params.cursor")
    else:
        cursor = None
    if server.booting:
        return _wait(server, _list, request, cursor)
    _list(server, request, cursor)


def _wait(server, answer, *arguments):
    """Answer once the stored components are loaded."""
    while server.booting:
        yield
    steps = answer(server, *arguments)
    if steps:
        yield from steps


def _list(server, request, cursor):
    host = server.host
    first = _first(cursor, host, request.id) if cursor is not None else 0
    out = server.result(request)
    out.raw(b'"tools":[')
    number = 0
    size = 0
    for tool in host.tools:
        if number >= first:
            text = tool.json
            if size and size + len(text) > PAGE:
                break
            if size:
                out.raw(b",")
            out.copy(text)
            size += len(text)
        number += 1
    else:
        number = 0
    out.raw(b"]")
    if number:
        out.raw(b',"nextCursor":')
        out.string("%d.%d" % (host.generation, number))
    if request.modern:
        out.raw(b',"ttlMs":0,"cacheScope":"private"')
    server.done(request)


def _first(cursor, host, id):
    generation, _, number = cursor.partition(".")
    if not (generation.isdigit() and number.isdigit() and len(cursor) < 24):
        raise RpcError(INVALID_PARAMS, "this cursor is not one of this board's: list again without a cursor", id=id)
    if int(generation) != host.generation:
        raise RpcError(
            INVALID_PARAMS, "the tools have changed since this cursor was given: list again without a cursor", id=id
        )
    return int(number)


def call_tool(server, request):
    message = request.message
    name, arguments = message.find(_CALL)
    name = message.text(name, "params.name")
    raw = b"{}"
    if arguments:
        raw = bytes(message.line[arguments[0] : arguments[1]])
        if raw == b"null":
            raw = b"{}"
        elif raw[0] != 0x7B:
            raise RpcError(INVALID_PARAMS, "params.arguments must be an object", id=request.id)
    if server.booting:
        return _wait(server, _call, request, name, raw)
    return _call(server, request, name, raw)


def _call(server, request, name, arguments):
    """A generator that calls the tool and answers; for an unknown tool the answer is given at once."""
    for tool in server.host.tools:
        if tool.name == name:
            return _steps(server, request, tool, arguments)
    _reply(server, request, [_unknown(server.host, name)], True)


def _steps(server, request, tool, arguments):
    def notify(kind, *values):
        return server.notify(request, kind, *values)

    steps = server.host.call_tool(tool.name, arguments, request.progress_token, notify)
    structured = getattr(tool, "structured", False)
    tool = arguments = None  # the heap is small
    content, is_error = yield from steps
    _reply(server, request, content, is_error, structured)


def _reply(server, request, content, is_error, structured=False):
    """`content` is a list of str (a block of text) and bytes-like (the JSON text of a block).

    structured: the tool has an output schema, so that clients insist on its text as an object, too.
    """
    out = server.result(request)
    out.raw(b'"content":[')
    first = True
    for block in content:
        if isinstance(block, str):
            out.raw(b'{"type":"text","text":' if first else b',{"type":"text","text":')
            out.string(block)
            out.raw(b"}")
        else:
            if not first:
                out.raw(b",")
            out.copy(block)
        first = False
    out.raw(b'],"isError":true' if is_error else b'],"isError":false')
    text = getattr(content, "structured", None)
    if text is not None and not request.modern and text[:1] != b"{":
        text = None  # an object, before 2026-07-28
    if not is_error:
        if structured and text is None:
            text = _object(content)
        if text:
            out.raw(b',"structuredContent":')
            out.copy(text)
    server.done(request)


def _object(content):
    """The JSON object, on one line, that the only block of `content` has as its text; None if it has none."""
    if len(content) != 1 or not isinstance(content[0], str):
        return None
    text = content[0].strip().encode()
    if text[:1] != b"{" or validate(text):
        return None
    return one_line(text)


def _unknown(host, name):
    """What to say about a tool that is not there: what is, and what did not load."""
    there = ""
    for tool in host.tools:
        if len(there) + len(tool.name) > _HINT:
            there += ", …"
            break
        there += (", " if there else "") + tool.name
    failed = _failed(host)
    if there:
        return 'There is no tool "%s" on this board. There are: %s.%s' % (name[:64], there, failed)
    if failed:
        return 'There is no tool "%s" on this board.%s' % (name[:64], failed)
    return (
        'There is no tool "%s": this board has none yet. Push a component to it (wasmote push PORT FILE.wasm).'
        % name[:64]
    )


def _failed(host):
    """A sentence for each stored component that did not load, "" without any."""
    text = ""
    for entry in host.list():
        if entry["state"] == "failed" and not entry.get("tools"):  # one that crashed too often keeps its tools
            text += ' "%s" is stored but did not load: %s.' % (entry["name"], entry.get("error", "")[:_HINT])
            if len(text) > _HINT:
                break
    return text
