"""Who hears of changes, and how: list_changed and resources/updated notifications, and subscriptions/listen.

Handshake era: every change of a list is said, and updates of the resources of resources/subscribe.
Modern era (2026-07-28): subscriptions/listen is a request that stays open and carries the notifications that it asked
for, tagged with its id. The board cannot see a client go away, so there are few, and the oldest makes room; a
subscription is not in the way of another request with its id.
"""

from micropython import const

from ..jsonrpc import id_key, names
from ..jsonrpc.codes import INVALID_PARAMS, LIMIT, RpcError
from ..jsonrpc.find import items
from .request import wait

MOST = 4
RESOURCES = 16  # most that one of them may watch

_TOOLS = const(1)  # as in Host.changed
_RESOURCES = const(6)  # and templates
_PROMPTS = const(8)

_PARAMS = names("notifications")
_FILTER = names("toolsListChanged", "resourcesListChanged", "promptsListChanged", "resourceSubscriptions")
# Host.changed, name in the filter, name of the notification
_LISTS = (
    (_TOOLS, b'"toolsListChanged":true', b"tools"),
    (_RESOURCES, b'"resourcesListChanged":true', b"resources"),
    (_PROMPTS, b'"promptsListChanged":true', b"prompts"),
)


class Subscription:
    """`lists`: of which changes it wants to hear, as in Host.changed. `uris`: resources; `untold`: those not watched yet."""

    def __init__(self, request, lists, uris):
        self.request = request
        self.lists = lists
        self.uris = uris
        self.untold = list(uris or ())


def listen(server, request):
    message = request.message
    (wanted,) = message.find(_PARAMS)
    if wanted is None or message.line[wanted[0]] != 0x7B:
        raise RpcError(INVALID_PARAMS, "params.notifications must be an object", id=request.id)
    found = message.find_in(wanted[0], _FILTER)
    lists = 0
    for i in range(3):
        if found[i] and message.line[found[i][0]] == 0x74:  # true
            lists |= _LISTS[i][0]
    uris = _uris(message, found[3])
    if uris and server.booting:
        return wait(server, _listen_known, request, lists, uris)
    return _listen_known(server, request, lists, uris) if uris else _listen(server, request, lists, uris)


def _uris(message, span):
    """The strings in the array at `span`, each once; None if there is none."""
    if span is None or message.line[span[0]] == 0x6E:  # null
        return None
    uris = []
    if message.line[span[0]] != 0x5B:
        raise RpcError(INVALID_PARAMS, "notifications.resourceSubscriptions must be an array", id=message.id)
    for item in items(message.line, span[0]):
        uri = message.text(item, "a URI in notifications.resourceSubscriptions")
        if uri not in uris:
            uris.append(uri)
    if len(uris) > RESOURCES:
        what = "%d resources are the most that one subscription can have here" % RESOURCES
        raise RpcError(LIMIT, what, {"subscriptions": RESOURCES}, id=message.id)
    return uris


def _listen_known(server, request, lists, uris):
    """A generator: of what is not there, nothing will be heard."""
    from ..host.resources import find

    known = []
    for uri in uris:
        if (yield from find(server.host, uri)) is not None:
            known.append(uri)
    _listen(server, request, lists, known)


def _listen(server, request, lists, uris):
    cancel(server, id_key(request.id))
    if len(server.subscriptions) >= MOST:
        _end(server, server.subscriptions.pop(0).request)
    subscription = Subscription(request, lists, uris)
    server.subscriptions.append(subscription)
    out = server.begin(b'{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":')
    _tag(out, request)
    before = b',"notifications":{'
    for bit, name, _ in _LISTS:
        if lists & bit:
            out.raw(before)
            out.raw(name)
            before = b","
    if uris is not None:
        out.raw(before)
        out.raw(b'"resourceSubscriptions":')
        out.value(uris)
        before = b","
    out.raw(b"}" if before == b"," else b',"notifications":{}')
    server.end()
    _tell_soon(server)


def _tell_soon(server):
    """Sees to it that components hear what is watched from now on. One generator does it, however often that changes."""
    if not server.telling and _next(server):
        server.telling = True
        server.background(_tell(server))


def _next(server):
    """(URI, whether it is to be watched) of the next thing to tell; None if there is none."""
    for uri in server.listened:
        if not _wanted(server, uri):
            return uri, False
    for subscription in server.subscriptions:
        for uri in subscription.untold:
            return uri, True
    return None


def _wanted(server, uri):
    for subscription in server.subscriptions:
        if subscription.uris and uri in subscription.uris:
            return True
    return False


def _tell(server):
    """A generator: tells the components, until there is nothing to tell. One that does not care is no error."""
    try:
        while True:
            news = _next(server)
            if news is None:
                return
            uri, watch = news
            if watch:
                for subscription in server.subscriptions:
                    if uri in subscription.untold:
                        subscription.untold.remove(uri)
                if uri in server.listened:
                    continue
            else:
                server.listened.remove(uri)
            try:
                yield from server.host.subscribe(uri) if watch else server.host.unsubscribe(uri)
                if watch:
                    server.listened = server.listened or []
                    server.listened.append(uri)
            except Exception as error:
                if getattr(error, "kind", None) is None:
                    raise
            yield
    finally:
        server.telling = False


def cancel(server, key):
    for subscription in server.subscriptions:
        if id_key(subscription.request.id) == key:
            server.subscriptions.remove(subscription)
            _tell_soon(server)
            return


def lists_changed(server):
    """Say which lists of the host have changed, once."""
    changed = server.host.changed
    server.host.changed = 0
    for bit, _, name in _LISTS:
        if changed & bit:
            method = b'{"jsonrpc":"2.0","method":"notifications/' + name + b'/list_changed"'
            server.begin(method)
            server.end(b"}\n")
            for subscription in server.subscriptions:
                if subscription.lists & bit:
                    out = server.begin(method)
                    out.raw(b',"params":')
                    _tag(out, subscription.request)
                    server.end()


def updated(server, uri):
    """Say that a resource has changed, to those who asked for it."""
    if uri in server.watching:
        out = server.begin(b'{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":')
        out.string(uri)
        server.end()
    for subscription in server.subscriptions:
        if subscription.uris and uri in subscription.uris:
            out = server.begin(b'{"jsonrpc":"2.0","method":"notifications/resources/updated","params":')
            _tag(out, subscription.request)
            out.raw(b',"uri":')
            out.string(uri)
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
