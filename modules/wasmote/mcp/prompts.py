"""prompts/get."""

from ..jsonrpc import find, names
from .request import object_at, wait

_DESCRIPTION = names("description")


def get(server, request):
    message = request.message
    name = message.text(request.name, "params.name")
    arguments = object_at(message, request.arguments, "params.arguments")
    if arguments is not None:
        arguments = bytes(arguments)
    if server.booting:
        return wait(server, _get, request, name, arguments)
    return _get(server, request, name, arguments)


def _get(server, request, name, arguments):
    steps = server.host.get_prompt(name, arguments, request.progress_token, server.notifier(request))
    request.owner = server.host.owner("prompts", name, None)
    return _answer(server, request, name, steps)


def _answer(server, request, name, steps):
    messages = yield from steps
    out = server.result(request)
    for prompt in server.host.prompts:  # now: its text may have moved since the call began
        if prompt.name == name:
            (span,) = find(prompt.json, 0, _DESCRIPTION)
            if span:
                out.raw(b'"description":')
                out.copy(prompt.json[span[0] : span[1]])
                out.raw(b",")
    out.raw(b'"messages":')
    out.value(messages)
    server.done(request)
