"""The MCP server: lines in, replies out, several calls under way in turn.

    server = Server(host, write, board)
    server.receive(line)       one message; whatever is quick is answered at once
    server.step()              one slice of one call under way; False when there is none
    server.too_long(…)         a line over the limit was dropped
    server.close()             ends the calls under way

A handler is `handler(server, request)`: it answers, or raises RpcError, or returns a generator that does so in slices
(having taken what it needs from request.message, which is gone by the first slice). Nothing that a handler or the host
raises leaves `receive` or `step`: each failure is one error reply, and the next message is served.
"""

import gc

from micropython import const

from ..jsonrpc import NOTIFICATION, REQUEST, RESPONSE, RpcError, Writer, id_key, parse
from ..jsonrpc.codes import BUSY, INTERNAL_ERROR, INVALID_REQUEST, MESSAGE_TOO_LONG, METHOD_NOT_FOUND, OUT_OF_MEMORY
from ..version import NAME, VERSION
from .request import ASKING, Request

CALLS = 4  # most under way at once
CALLS_OF_ONE = CALLS - 1  # most for one component: a busy one leaves room for the others
_MANAGEMENT = 2  # more for management: stuck calls do not keep their component from being unloaded

_HANDSHAKE = const(1)  # eras that a method exists in
_MODERN = const(2)
_BOTH = const(3)

# Name, the module and the function that serve it, eras: nothing but constants, so that it stays in flash. Modules are
# imported with the first request that needs them: most boards never see most methods.
METHODS = (
    ("tools/call", "tools", "call_tool", _BOTH),
    ("tools/list", "lists", "list_entries", _BOTH),
    ("ping", "lifecycle", "ping", _HANDSHAKE),
    ("initialize", "lifecycle", "initialize", _HANDSHAKE),
    ("server/discover", "lifecycle", "discover", _MODERN),
    ("logging/setLevel", "lifecycle", "set_level", _HANDSHAKE),
    ("subscriptions/listen", "subscriptions", "listen", _MODERN),
    ("resources/list", "lists", "list_entries", _BOTH),
    ("resources/templates/list", "lists", "list_entries", _BOTH),
    ("resources/read", "resources", "read", _BOTH),
    ("resources/subscribe", "resources", "subscribe", _HANDSHAKE),
    ("resources/unsubscribe", "resources", "unsubscribe", _HANDSHAKE),
    ("prompts/list", "lists", "list_entries", _BOTH),
    ("prompts/get", "prompts", "get", _BOTH),
    ("completion/complete", "completion", "complete", _BOTH),
    ("wasmote/info", "management", "info", _BOTH),
    ("wasmote/list", "management", "list_components", _BOTH),
    ("wasmote/push", "management", "push", _BOTH),
    ("wasmote/configure", "management", "configure", _BOTH),
    ("wasmote/configuration", "management", "configuration", _BOTH),
    ("wasmote/remove", "management", "remove", _BOTH),
    ("wasmote/load", "management", "load", _BOTH),
    ("wasmote/unload", "management", "unload", _BOTH),
    ("wasmote/logs", "management", "logs", _BOTH),
    ("wasmote/reset", "management", "reset", _BOTH),
    ("wasmote/elicit", "elicitation", "elicit", _BOTH),
)
_MANAGES = "wasmote/"
_ELICIT = "wasmote/elicit"  # calls a component, as tools/call does

# What every result ends with in the modern era, comma first.
_MODERN_MEMBERS = '"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"%s","version":"%s"}}'
MODERN_END = ("," + _MODERN_MEMBERS % (NAME, VERSION) + "}}\n").encode()
_END = b"}}\n"


class Call:
    """A request under way: its generator is given a slice at a time.

    owner    the component called, None if unknown
    batch    the batch.Answers where its answer belongs, None for the wire
    """

    way = None

    def __init__(self, request, steps, owner=None, batch=None):
        self.request = request
        self.owner = owner
        self.batch = batch
        self.key = id_key(request.id) if request else None
        self.steps = steps


class Server:
    """
    host             wasmote.host.Host
    write(piece)     takes all of a bytes-like piece
    board            board.Board, None where there is none
    report(error)    is told of failures inside the board, of which clients hear in a line only

    asked            requests of the board's own, to which answers are due (ask.py)
    parked           calls whose clients have been asked and are to call again (parked.py); gave_way: those that may begin anew
    client_can       handshake era: what the client that said `initialize` can be asked
    batches          … and whether it may send batches; `batch`: of the message that is served just now (batch.Answers)
    way              where the answers to the message go that is served just now, or to the call that has its slice: a
                     write of its own, None: `write`
    """

    asked = parked = gave_way = ()
    listened = ()  # modern era: the URIs that the host watches for subscriptions; `telling` it: see subscriptions.py
    telling = False
    client_can = 0
    batches = False
    batch = way = None

    def __init__(self, host, write, board=None, report=None):
        self.host = host
        self.board = board
        self._report = report
        self.calls = []
        self.subscriptions = []
        self.watching = ()  # handshake era: the URIs of resources/subscribe
        self.log_level = 1  # handshake era: info, until logging/setLevel
        self.overheard = None  # the level from which on wasmote/logs wants everything, whoever it is for
        self.out = Writer(write)
        self.booting = False  # the stored components are being loaded: lists and calls wait
        self._writing = False  # a message is half written
        self._turn = 0

    # What arrives

    def receive(self, line, way=None):
        """Serve the message in `line` (bytes-like; not kept). `way`: where its answers go, see above."""
        self.way = way
        try:
            try:
                self.serve(parse(line))
            except RpcError as error:
                if self.batches and error.batch is not None:
                    _part("batch", "receive")(self, line, error.batch)
                else:
                    self.error(error.id, error)
        except Exception as error:
            self._failed(None, error)
        self._announce()

    def serve(self, message):
        """Serve one message. Nothing is raised."""
        request = None
        try:
            if message.kind == REQUEST:
                request = Request(message)
                self._request(request)
            elif message.kind == NOTIFICATION:
                self._notification(message)
            elif message.kind == RESPONSE and self.asked:
                from .ask import answered

                answered(self, message)
        except RpcError as error:
            self.error(error.id, error)
        except Exception as error:
            self._failed(request, error)

    def too_long(self, size, limit, ends=(b"", b""), way=None):
        """Answer a line of `size` bytes that was dropped for being longer than `limit`; `ends`: Lines.ends."""
        from ..jsonrpc.ends import id_of

        self.way = way
        what = "a message of %d bytes was dropped: this board takes %d at most; send less, or in pieces" % (size, limit)
        self.error(id_of(*ends), RpcError(MESSAGE_TOO_LONG, what, {"limitBytes": limit, "bytes": size}))

    def _request(self, request):
        method = _method(request.method)
        eras = method[3] if method else _BOTH
        key = id_key(request.id)
        for call in self.calls:
            if call.key == key:
                raise RpcError(INVALID_REQUEST, "a request with the id %s is still under way" % str(key, "utf-8"))
        request.read_meta(eras == _MODERN, self.client_can)
        if self.batch and (request.modern or request.method == "initialize"):
            raise RpcError(INVALID_REQUEST, "this cannot be part of a batch: send it on its own line", id=request.id)
        if method is None or not eras & (_MODERN if request.modern else _HANDSHAKE):
            raise RpcError(METHOD_NOT_FOUND, "method not found: " + request.method[:64], id=request.id)
        if request.state is not None and request.method in ASKING:
            from .parked import resume

            if resume(self, request):
                return
        steps = _part(method[1], method[2])(self, request)
        request.message = None
        if steps is not None:
            if self.calls:
                self.admit(request, request.owner)
            call = Call(request, steps, request.owner, self.batch)
            call.way = self.way
            self.calls.append(call)

    def admit(self, request, owner):
        """RpcError if there is no room for one more call."""
        manages = request.method.startswith(_MANAGES) and request.method != _ELICIT
        most = CALLS + _MANAGEMENT if manages else CALLS
        if len([call for call in self.calls if call.request]) >= most:
            what = "%d calls are under way, the most this board takes: try again" % most
            raise RpcError(BUSY, what, id=request.id)
        self._admit_to(request, owner)

    def belongs(self, request, owner):
        """A request under way is one of the component `owner`, as is known now. RpcError if that has too many."""
        self._admit_to(request, owner)
        for call in self.calls:
            if call.request is request:
                call.owner = owner

    def _admit_to(self, request, owner):
        if owner is not None and sum([call.owner == owner for call in self.calls]) >= CALLS_OF_ONE:
            what = "%d calls of %s are under way, the most one component takes: try again" % (CALLS_OF_ONE, owner)
            raise RpcError(BUSY, what, id=request.id)

    def _notification(self, message):
        if message.method == "notifications/cancelled":
            try:
                id = _part("lifecycle", "cancelled_id")(message)
            except RpcError:  # notifications are not answered, wrong ones neither
                return
            if id is not None:
                self.cancel(id)

    def boot(self, steps):
        """Load what is stored, in slices between messages (`steps`: a generator), then say wasmote/ready."""
        self.booting = True
        self.background(_part("board", "boot")(self, steps))

    def background(self, steps):
        """Run a generator in slices that nobody asked for. It raises nothing that somebody should hear of.

        It takes no call's place, so whoever starts one sees to it that there are few.
        """
        self.calls.append(Call(None, steps))

    # Calls under way

    def step(self):
        """One slice of the next call under way. False if there is none."""
        if self.parked:
            from .parked import sweep

            sweep(self)
        if not self.calls:
            return False
        if self._turn >= len(self.calls):
            self._turn = 0
        call = self.calls[self._turn]
        self.batch = call.batch
        self.way = call.way
        try:
            next(call.steps)
            self._turn += 1
            self.batch = None
            return True
        except StopIteration:
            pass
        except Exception as error:
            self._failed(call.request, error)
        self.batch = None
        if call in self.calls:
            self.calls.remove(call)
        self._announce()
        return True

    def cancel(self, id):
        """End what the request with this id (raw JSON text) started; it gets no answer. Unknown ids are ignored."""
        key = id_key(id)
        if self.subscriptions:
            _part("subscriptions", "cancel")(self, key)
        for call in self.calls:
            if call.key == key:
                self.calls.remove(call)
                call.steps.close()
                if call.batch:
                    call.batch.leave(self)
                return

    def left(self, way):
        """Who used this way is gone: what runs for it ends."""
        for call in list(self.calls):
            if call.request and call.way is way:
                self.calls.remove(call)
                call.steps.close()

    def close(self):
        """End all that is under way, unanswered: what it holds is given back. Nothing is served afterwards."""
        self.board = None  # a boot cut short does not say wasmote/ready
        calls = self.calls + [parked.call for parked in self.parked]
        self.calls = []
        self.parked = ()
        self.subscriptions = []
        for call in calls:
            try:
                call.steps.close()
            except Exception as error:  # the others are ended all the same
                if self._report:
                    self._report(error)

    def notify(self, request, kind, *values):
        """What a guest says while `request` is under way.

        "progress", progress, total    or    "log", level, logger, message, data

        "ask", questions returns a generator, "can" what may be asked: host/questions.py.
        """
        if kind == "progress":
            _part("lifecycle", "progress")(self, request, *values)
        elif kind == "log":
            self.log(request, *values)
        elif kind == "can":
            return request.can
        elif kind == "ask":
            from .ask import ask

            return ask(self, request, *values)

    def notifier(self, request):
        """`notify` of the host, for what is done for `request`."""
        return lambda kind, *values: self.notify(request, kind, *values)

    def log(self, request, level, logger, message, data=None):
        """A log message of a guest. `request` is what it works for, None outside of requests; `data`: JSON text or None."""
        _part("lifecycle", "log")(self, request, level, logger, message, data)

    def updated(self, uri):
        """A resource has changed: say so to whoever watches it."""
        if self.watching or self.subscriptions:
            _part("subscriptions", "updated")(self, uri)

    # What is sent

    def result(self, request):
        """Begin a reply: the Writer, inside the result object, for one member or more. `done` ends it."""
        if request.id is None:
            raise RpcError(INTERNAL_ERROR, "the client did not come back")  # nobody hears it: see _failed
        if self.batch:
            self.batch.begin(self)
        out = self.begin(b'{"jsonrpc":"2.0","id":', None if self.batch else self.way)
        out.raw(request.id)
        out.raw(b',"result":{')
        return out

    def done(self, request):
        self.end(MODERN_END if request.modern else _END)

    def empty(self, request):
        """The whole reply {}."""
        self.result(request)
        self.end(MODERN_END[1:] if request.modern else _END)

    def begin(self, text, way=None):
        """Begin a message with `text` (bytes), an answer with its way. `end` ends it."""
        out = self.out
        out.start(way)
        self._writing = True
        out.raw(text)
        return out

    def end(self, text=_END):
        self.out.raw(text)
        self.out.flush()
        self._writing = False
        if self.batch:
            self.batch.end(self)

    def error(self, id, error):
        """Answer with an RpcError. id: the raw JSON text, or None."""
        if self.batch:
            self.batch.begin(self)
        elif self._writing and self.out.sent:  # it broke in the middle of a message: end that line
            self.begin(b"\n", self.out.write)
            self.out.flush()
        out = self.begin(b'{"jsonrpc":"2.0","id":', None if self.batch else self.way)
        out.raw(id or b"null")
        out.raw(b',"error":{"code":')
        out.value(error.code)
        out.raw(b',"message":')
        out.string(error.message)
        if error.data is not None:
            out.raw(b',"data":')
            out.value(error.data)
        self.end()

    def _failed(self, request, error):
        """One reply for whatever was raised while `request` (None: unknown) was served."""
        id = request.id if request else None
        method = request.method[:64] if request else "a message"
        if request and id is None:  # its client was asked and did not come back (ask.py)
            return None
        if isinstance(error, RpcError):
            return self.error(id, error)
        if isinstance(error, MemoryError):
            error = None  # lets go of what it holds
            gc.collect()
            what = "%s: the board is out of memory; send less, or unload a component" % method
            return self.error(id, RpcError(OUT_OF_MEMORY, what))
        if getattr(error, "kind", None) is not None:  # the host's own refusal
            return self.error(id, _part("refusals", "refusal")(error, request))
        if self._report:
            self._report(error)
        what = "%s failed inside the board: %s: %s" % (method, type(error).__name__, error)
        self.error(id, RpcError(INTERNAL_ERROR, what))

    def ready(self):
        """The stored components are loaded: these lists are the ones to start from."""
        self.booting = False
        self.host.changed = 0

    def _announce(self):
        """Say so if lists have changed. wasmote/ready says it at boot."""
        if self.host.changed and not self.booting:
            _part("subscriptions", "lists_changed")(self)


def _method(name):
    """The row of a method in METHODS, None if there is none."""
    for row in METHODS:
        if row[0] == name:
            return row
    return None


_parts = []  # the (module, function, what it is) of the last requests, the newest first
_MOST = const(4)


def _part(module, function):
    """A function of a module of this package, imported if it was not yet."""
    for part in _parts:
        if part[1] == function and part[0] == module:
            return part[2]
    found = getattr(__import__("wasmote.mcp." + module, None, None, (function,)), function)
    _parts.insert(0, (module, function, found))
    del _parts[_MOST:]
    return found
