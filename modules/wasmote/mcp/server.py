"""The MCP server: lines in, replies out, several calls under way in turn.

    server = Server(host, write, board)
    server.receive(line)       one message; whatever is quick is answered at once
    server.step()              one slice of one call under way; False when there is none
    server.too_long(size)      a line over the limit was dropped
    server.close()             ends the calls under way

A handler is `handler(server, request)`: it answers, or raises RpcError, or returns a generator that does so in slices
(having taken what it needs from request.message, which is gone by the first slice). Nothing that a handler or the host
raises leaves `receive` or `step`: each failure is one error reply, and the next message is served.
"""

import gc

from ..jsonrpc import NOTIFICATION, REQUEST, RESPONSE, RpcError, Writer, id_key, names, parse
from ..jsonrpc.codes import BUSY, INTERNAL_ERROR, INVALID_REQUEST, MESSAGE_TOO_LONG, METHOD_NOT_FOUND, OUT_OF_MEMORY
from ..version import NAME, VERSION
from . import board as management
from . import lifecycle, subscriptions, tools
from .request import ASKING, Request

CALLS = 4  # most under way at once
CALLS_OF_ONE = CALLS - 1  # most for one component: a busy one leaves room for the others
_MANAGEMENT = 2  # more for management: stuck calls do not keep their component from being unloaded

_NAME = names("name")

_HANDSHAKE = 1  # eras that a method exists in
_MODERN = 2
_BOTH = 3

METHODS = {
    "initialize": (lifecycle.initialize, _HANDSHAKE),
    "ping": (lifecycle.ping, _HANDSHAKE),
    "logging/setLevel": (lifecycle.set_level, _HANDSHAKE),
    "server/discover": (lifecycle.discover, _MODERN),
    "subscriptions/listen": (subscriptions.listen, _MODERN),
    "tools/list": (tools.list_tools, _BOTH),
    "tools/call": (tools.call_tool, _BOTH),
}
for _name, _handler in management.METHODS.items():
    METHODS[_name] = (_handler, _BOTH)

# What every result ends with in the modern era, comma first.
_MODERN_MEMBERS = '"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"%s","version":"%s"}}'
MODERN_END = ("," + _MODERN_MEMBERS % (NAME, VERSION) + "}}\n").encode()
_END = b"}}\n"


class Call:
    """A request under way: its generator is given a slice at a time. `owner`: the component called, None if unknown."""

    def __init__(self, request, steps, owner=None):
        self.request = request
        self.owner = owner
        self.key = id_key(request.id) if request else None
        self.steps = steps


class Dropped(Exception):
    """What to say to a client that was asked and did not come back: nothing."""


class Server:
    """
    host             wasmote.host.Host
    write(piece)     takes all of a bytes-like piece
    board            management.Board, None where there is none
    report(error)    is told of failures inside the board, of which clients hear in a line only
    """

    def __init__(self, host, write, board=None, report=None):
        self.host = host
        self.board = board
        self._report = report
        self.calls = []
        self.subscriptions = []
        self.asked = []  # requests of the board's own, to which answers are due (ask.py)
        self.parked = []  # calls whose clients have been asked and are to call again
        self.client_can = 0  # handshake era: what the client that said `initialize` can be asked
        self.log_level = 1  # handshake era: info, until logging/setLevel
        self.out = Writer(write)
        self.booting = False  # the stored components are being loaded: tools/list and tools/call wait
        self._writing = False  # a message is half written
        self._turn = 0
        self._generation = host.generation

    # What arrives

    def receive(self, line):
        """Serve the message in `line` (bytes-like; not kept)."""
        request = None
        try:
            message = parse(line)
            if message.kind == REQUEST:
                request = Request(message)
                self._request(request)
            elif message.kind == NOTIFICATION:
                self._notification(message)
            elif message.kind == RESPONSE and self.asked:
                from .ask import answered

                answered(self, message)
        except RpcError as error:
            self._error(error.id, error)
        except Exception as error:
            self._failed(request, error)
        self._announce()

    def too_long(self, size, limit):
        """Answer a line of `size` bytes that was dropped for being longer than `limit`."""
        what = "a message of %d bytes was dropped: this board takes %d at most; send less, or in pieces" % (size, limit)
        self._error(None, RpcError(MESSAGE_TOO_LONG, what, {"limitBytes": limit, "bytes": size}))

    def _request(self, request):
        handler, eras = METHODS.get(request.method, (None, _BOTH))
        key = id_key(request.id)
        for call in self.calls:
            if call.key == key:
                raise RpcError(INVALID_REQUEST, "a request with the id %s is still under way" % str(key, "utf-8"))
        if request.method != "initialize":
            request.read_meta(eras == _MODERN, self.client_can)
        if handler is None or not eras & (_MODERN if request.modern else _HANDSHAKE):
            raise RpcError(METHOD_NOT_FOUND, "method not found: " + request.method[:64], id=request.id)
        if request.state is not None and request.method in ASKING:
            from .ask import resume

            return resume(self, request)
        steps = handler(self, request)
        owner = self._owner(request) if steps is not None else None
        request.message = None
        if steps is not None:
            self.admit(request, owner)
            self.calls.append(Call(request, steps, owner))

    def _owner(self, request):
        """The name of the component whose tool is called. None for other requests, and while that is not known."""
        if request.method == "tools/call":
            (name,) = request.message.find(_NAME)
            name = request.message.text(name, "params.name")
            for tool in self.host.tools:
                if tool.name == name:
                    return getattr(getattr(tool, "guest", None), "name", None)
        return None

    def admit(self, request, owner):
        """RpcError if there is no room for one more call."""
        most = CALLS + _MANAGEMENT if request.method in management.METHODS else CALLS
        if len(self.calls) >= most:
            what = "%d calls are under way, the most this board takes: try again" % most
            raise RpcError(BUSY, what, id=request.id)
        if owner is not None and sum([call.owner == owner for call in self.calls]) >= CALLS_OF_ONE:
            what = "%d calls of %s are under way, the most one component takes: try again" % (CALLS_OF_ONE, owner)
            raise RpcError(BUSY, what, id=request.id)

    def _notification(self, message):
        if message.method == "notifications/cancelled":
            try:
                id = lifecycle.cancelled_id(message)
            except RpcError:  # notifications are not answered, wrong ones neither
                return
            if id is not None:
                self.cancel(id)

    def boot(self, steps):
        """Load what is stored, in slices between messages (`steps`: a generator), then say wasmote/ready."""
        self.booting = True
        self.calls.append(Call(None, management.boot(self, steps)))

    # Calls under way

    def step(self):
        """One slice of the next call under way. False if there is none."""
        if self.parked:
            from .ask import sweep

            sweep(self)
        if not self.calls:
            return False
        if self._turn >= len(self.calls):
            self._turn = 0
        call = self.calls[self._turn]
        try:
            next(call.steps)
            self._turn += 1
            return True
        except StopIteration:
            pass
        except Exception as error:
            self._failed(call.request, error)
        if call in self.calls:
            self.calls.remove(call)
        self._announce()
        return True

    def cancel(self, id):
        """End what the request with this id (raw JSON text) started; it gets no answer. Unknown ids are ignored."""
        key = id_key(id)
        subscriptions.cancel(self, key)
        for call in self.calls:
            if call.key == key:
                self.calls.remove(call)
                call.steps.close()
                return

    def close(self):
        """End all that is under way, unanswered: what it holds is given back. Nothing is served afterwards."""
        self.board = None  # a boot cut short does not say wasmote/ready
        calls = self.calls + [parked.call for parked in self.parked]
        self.calls = []
        self.parked = []
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
            lifecycle.progress(self, request, *values)
        elif kind == "log":
            lifecycle.log(self, request, *values)
        elif kind == "can":
            return request.can
        elif kind == "ask":
            from .ask import ask

            return ask(self, request, *values)

    # What is sent

    def result(self, request):
        """Begin a reply: the Writer, inside the result object, for one member or more. `done` ends it."""
        if request.id is None:
            raise Dropped
        out = self.begin(b'{"jsonrpc":"2.0","id":')
        out.raw(request.id)
        out.raw(b',"result":{')
        return out

    def done(self, request):
        self.end(MODERN_END if request.modern else _END)

    def empty(self, request):
        """The whole reply {}."""
        self.result(request)
        self.end(MODERN_END[1:] if request.modern else _END)

    def begin(self, text):
        """Begin a message with `text` (bytes). `end` ends it."""
        out = self.out
        out.start()
        self._writing = True
        out.raw(text)
        return out

    def end(self, text=_END):
        self.out.raw(text)
        self.out.flush()
        self._writing = False

    def _error(self, id, error):
        out = self.out
        if self._writing and out.sent:  # it broke in the middle of a message: end that line
            self.begin(b"\n")
            out.flush()
        self.begin(b'{"jsonrpc":"2.0","id":')
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
        if isinstance(error, Dropped) or (request and id is None):
            return None
        if isinstance(error, RpcError):
            return self._error(id, error)
        if isinstance(error, MemoryError):
            error = None  # lets go of what it holds
            gc.collect()
            what = "%s: the board is out of memory; send less, or unload a component" % method
            return self._error(id, RpcError(OUT_OF_MEMORY, what))
        if getattr(error, "kind", None) is not None:  # the host's own refusal
            return self._error(id, management.refusal(error))
        if self._report:
            self._report(error)
        what = "%s failed inside the board: %s: %s" % (method, type(error).__name__, error)
        self._error(id, RpcError(INTERNAL_ERROR, what))

    def ready(self):
        """The stored components are loaded: this list of tools is the one to start from."""
        self.booting = False
        self._generation = self.host.generation

    def _announce(self):
        """Say so if the tool list has changed. wasmote/ready says it at boot."""
        if self.host.generation == self._generation or self.booting:
            return
        self._generation = self.host.generation
        self.begin(b'{"jsonrpc":"2.0","method":"notifications/tools/list_changed"')
        self.end(b"}\n")
        subscriptions.tools_changed(self)
