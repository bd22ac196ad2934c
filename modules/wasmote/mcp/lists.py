"""tools/list, resources/list, resources/templates/list, prompts/list: pages of ready-made texts."""

from ..jsonrpc import names
from ..jsonrpc.codes import INVALID_PARAMS, RpcError
from .request import wait

PAGE = 3584  # bytes of entries after which a page ends

_CURSOR = names("cursor")
# method, attribute of the host, member of the result
_LISTS = (
    ("tools/list", "tools", b'"tools":['),
    ("resources/list", "resources", b'"resources":['),
    ("resources/templates/list", "templates", b'"resourceTemplates":['),
    ("prompts/list", "prompts", b'"prompts":['),
)


def list_entries(server, request):
    """One page. A cursor says which list it is of, in which generation, and which entry comes next."""
    (cursor,) = request.message.find(_CURSOR)
    if cursor and bytes(request.message.line[cursor[0] : cursor[1]]) != b"null":
        cursor = request.message.text(cursor, "params.cursor")
    else:
        cursor = None
    if server.booting:
        return wait(server, _list, request, cursor)
    _list(server, request, cursor)


def _list(server, request, cursor):
    host = server.host
    which = 0
    while _LISTS[which][0] != request.method:
        which += 1
    _, kind, member = _LISTS[which]
    first = _first(cursor, which, host, request.id) if cursor is not None else 0
    out = server.result(request)
    out.raw(member)
    number = 0
    size = 0
    for entry in getattr(host, kind):
        if number >= first:
            text = entry.json
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
        out.string("%d.%d.%d" % (which, host.generation, number))
    if request.modern:
        out.raw(b',"ttlMs":0,"cacheScope":"private"')
    server.done(request)


def _first(cursor, which, host, id):
    parts = cursor.split(".")
    good = len(parts) == 3 and len(cursor) < 24
    for part in parts:
        good = good and part.isdigit()
    if not good or int(parts[0]) != which:
        raise RpcError(INVALID_PARAMS, "this cursor is not one of this list: list again without a cursor", id=id)
    if int(parts[1]) != host.generation:
        what = "what is on this board has changed since this cursor was given: list again without a cursor"
        raise RpcError(INVALID_PARAMS, what, id=id)
    return int(parts[2])
