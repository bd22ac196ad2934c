"""completion/complete: what a component suggests for an argument of a prompt or a variable of a resource template."""

from ..jsonrpc import names
from ..jsonrpc.codes import INVALID_PARAMS, RpcError
from ..jsonrpc.find import pairs
from .request import wait

_MOST = 100  # values in an answer, by the protocol

_COMPLETE = names("ref", "argument", "context")
_REF = names("type", "name", "uri")
_ARGUMENT = names("name", "value")
_CONTEXT = names("arguments")


def complete(server, request):
    message = request.message
    ref, argument, context = message.find(_COMPLETE)
    type, name, uri = message.find_in(_object(message, ref, "params.ref"), _REF)
    type = message.text(type, "params.ref.type")
    if type == "ref/prompt":
        kind, name = "prompts", message.text(name, "params.ref.name")
    elif type == "ref/resource":
        kind, name = "templates", message.text(uri, "params.ref.uri")
    else:
        what = "params.ref.type must be ref/prompt or ref/resource, not " + type[:32]
        raise RpcError(INVALID_PARAMS, what, id=request.id)
    variable, value = message.find_in(_object(message, argument, "params.argument"), _ARGUMENT)
    variable = message.text(variable, "params.argument.name")
    value = message.text(value, "params.argument.value")
    known = _known(message, context)
    if server.booting:
        return wait(server, _complete, request, kind, name, variable, value, known)
    return _complete(server, request, kind, name, variable, value, known)


def _object(message, span, what):
    if span is None or message.line[span[0]] != 0x7B:
        raise RpcError(INVALID_PARAMS, "%s must be an object" % what, id=message.id)
    return span[0]


def _known(message, context):
    """The arguments that the client knows already: [(name, value)]."""
    if context is None:
        return ()
    (arguments,) = message.find_in(_object(message, context, "params.context"), _CONTEXT)
    if arguments is None:
        return ()
    start = _object(message, arguments, "params.context.arguments")
    text = message.text
    return [
        (text(name, "a name in params.context.arguments"), text(value, "a value in params.context.arguments"))
        for name, value in pairs(message.line, start)
    ]


def _complete(server, request, *what):
    steps = server.host.complete(*what)
    request.owner = server.host.owner(what[0], what[1], None)
    return _answer(server, request, steps)


def _answer(server, request, steps):
    values = yield from steps
    out = server.result(request)
    out.raw(b'"completion":{"values":')
    out.value(values[:_MOST])
    out.raw(b',"total":')
    out.value(len(values))
    out.raw(b',"hasMore":true}' if len(values) > _MOST else b',"hasMore":false}')
    server.done(request)
