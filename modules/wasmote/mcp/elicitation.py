"""wasmote/elicit: puts a question to a component that answers in the user's place, say one with buttons and a display.

    wasmote/elicit {message, requestedSchema, component?}   ->   {"action": "accept", "content": {…}}

params and result are those of MCP's elicitation/create. handle-elicit of wasi:mcp/handlers is the answering side, so it is
for components whose server-info has the capability `elicitation`; without `component` the first of them is asked.
"""

from ..jsonrpc import names
from ..jsonrpc.codes import INVALID_PARAMS, RpcError
from ..jsonrpc.find import items, pairs

_ELICIT = names("message", "requestedSchema", "component")
_SCHEMA = names("properties", "required")
_FIELD = names("type", "description")


def elicit(server, request):
    message = request.message
    text, schema, component = message.find(_ELICIT)
    text = message.text(text, "params.message")
    fields = _fields(message, schema)
    component = message.text(component, "params.component") if component else None
    request.owner = component = server.host.answerer(component).name
    return _answer(server, request, server.host.elicit(text, fields, component))


def _fields(message, schema):
    """[(name, type, description or None, required)] of the properties of a flat JSON Schema."""
    if schema is None or message.line[schema[0]] != 0x7B:
        raise RpcError(INVALID_PARAMS, "params.requestedSchema must be an object", id=message.id)
    properties, required = message.find_in(schema[0], _SCHEMA)
    if properties is None or message.line[properties[0]] != 0x7B:
        raise RpcError(INVALID_PARAMS, "requestedSchema.properties must be an object", id=message.id)
    wanted = ()
    if required:
        if message.line[required[0]] != 0x5B:
            raise RpcError(INVALID_PARAMS, "requestedSchema.required must be an array", id=message.id)
        wanted = [message.text(item, "a name in requestedSchema.required") for item in items(message.line, required[0])]
    fields = []
    for name, field in pairs(message.line, properties[0]):
        name = message.text(name, "a name in requestedSchema.properties")
        if message.line[field[0]] != 0x7B:
            raise RpcError(INVALID_PARAMS, "the property %s must be an object" % name, id=message.id)
        type, description = message.find_in(field[0], _FIELD)
        type = message.text(type, "type of the property " + name)
        description = message.text(description, "description of the property " + name) if description else None
        fields.append((name, type, description, name in wanted))
    return fields


def _answer(server, request, steps):
    content = yield from steps
    out = server.result(request)
    out.raw(b'"action":"accept","content":')
    out.copy(content)
    server.done(request)
