"""subscriptions/listen: a request that stays open and carries the notifications it asked for, tagged with its id.

MCP 2026-07-28. Only toolsListChanged can be had here. The board cannot see a client go away, so the list is short and
the oldest makes room; a subscription is not in the way of another request with its id.
"""

from ..jsonrpc import id_key, names
from ..jsonrpc.codes import INVALID_PARAMS, RpcError

MOST = 4

_PARAMS = names("notifications")
_FILTER = names("toolsListChanged")


def listen(server, request):
    message = request.message
    (wanted,) = message.find(_PARAMS)
    if wanted is None or message.line[wanted[0]] != 0x7B:
        raise RpcError(INVALID_PARAMS, "params.notifications must be an object", id=request.id)
    (tools,) = message.find_in(wanted[0], _FILTER)
    tools = bool(tools) and message.line[tools[0]] == 0x74  # true
    cancel(server, id_key(request.id))
    if len(server.subscriptions) >= MOST:
        _end(server, server.subscriptions.pop(0)[0])
    server.subscriptions.append((request, tools))
    out = server.begin(b'{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":')
    _tag(out, request)
    out.raw(b',"notifications":{"toolsListChanged":true}' if tools else b',"notifications":{}')
    server.end()


def cancel(server, key):
    for subscription in server.subscriptions:
        if id_key(subscription[0].id) == key:
            server.subscriptions.remove(subscription)
            return


def tools_changed(server):
    for request, tools in server.subscriptions:
        if tools:
            out = server.begin(b'{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":')
            _tag(out, request)
            server.end()


def _tag(out, request):
    out.raw(b'{"_meta":{"io.modelcontextprotocol/subscriptionId":')
    out.raw(request.id)
    out.raw(b"}")


def _end(server, request):
    """The reply that ends a subscription."""
    out = server.begin(b'{"jsonrpc":"2.0","id":')
    out.raw(request.id)
    out.raw(b',"result":')
    _tag(out, request)
    out.raw(b',"resultType":"complete"')
    server.end()
