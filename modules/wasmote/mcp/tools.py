"""tools/call."""

from ..jsonrpc import one_line, validate
from .request import object_at, wait

_HINT = 512  # most bytes of tool names in the answer to a call of an unknown tool


def call_tool(server, request):
    message = request.message
    name = message.text(request.name, "params.name")
    raw = object_at(message, request.arguments, "params.arguments") or b"{}"
    if server.booting:
        return wait(server, _call, request, name, bytes(raw))
    return _call(server, request, name, raw)


def _call(server, request, name, arguments):
    """A generator that calls the tool and answers; for an unknown tool the answer is given at once."""
    for tool in server.host.tools:
        if tool.name == name:
            request.owner = getattr(getattr(tool, "guest", None), "name", None)
            steps = server.host.call_tool(name, arguments, request.progress_token, server.notifier(request))
            return _answer(server, request, steps, getattr(tool, "structured", False))
    _reply(server, request, [_unknown(server.host, name)], True)


def _answer(server, request, steps, structured):
    try:
        content, is_error = yield from steps
    except Exception as error:
        if request.modern or getattr(error, "kind", None) != "missing-capability":
            raise
        content, is_error = [str(error)], True  # the handshake era has no code for it
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
