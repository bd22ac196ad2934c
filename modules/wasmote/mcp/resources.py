"""resources/read in both eras; resources/subscribe and resources/unsubscribe of the handshake era."""

from ..jsonrpc import names
from ..jsonrpc.codes import LIMIT, RpcError
from .request import wait

WATCHED = 16  # most resources that the handshake era may be subscribed to

_URI = names("uri")


def read(server, request):
    return _when_booted(server, request, _read)


def subscribe(server, request):
    return _when_booted(server, request, _subscribe)


def unsubscribe(server, request):
    return _when_booted(server, request, _unsubscribe)


def _when_booted(server, request, steps):
    (uri,) = request.message.find(_URI)
    uri = request.message.text(uri, "params.uri")
    if server.booting:
        return wait(server, steps, request, uri)
    return steps(server, request, uri)


def _read(server, request, uri):
    entry = yield from server.host.resource(uri)
    server.belongs(request, entry.guest.name)
    values = uri, entry.name
    contents = yield from entry.guest.call("read-resource", values, request.progress_token, server.notifier(request))
    out = server.result(request)
    out.raw(b'"contents":')
    out.value(contents)
    if request.modern:
        out.raw(b',"ttlMs":0,"cacheScope":"private"')
    server.done(request)


def _subscribe(server, request, uri):
    if uri not in server.watching:
        if len(server.watching) >= WATCHED:
            what = "%d resources are subscribed to, the most of this board: unsubscribe from one" % WATCHED
            raise RpcError(LIMIT, what, {"subscriptions": WATCHED}, id=request.id)
        yield from server.host.subscribe(uri)
        if uri in server.watching:  # asked for twice at once
            yield from server.host.unsubscribe(uri)
        else:
            server.watching = list(server.watching) + [uri]
    server.empty(request)


def _unsubscribe(server, request, uri):
    if uri in server.watching:
        server.watching = [other for other in server.watching if other != uri]
        yield from server.host.unsubscribe(uri)
    server.empty(request)
