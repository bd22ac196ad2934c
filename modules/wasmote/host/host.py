"""The host: the board's components and what they registered, by name.

What takes time is a generator: it yields so that nobody has to wait. Answers are dicts ready for the wire (wasmote/…);
what is not done raises HostError. Loads happen one after the other, as each needs much of the heap for a moment.
"""

from micropython import const

from ..wasm import arena_info, engine
from .config import Config, writes
from .entries import ELICIT, KINDS, loosely_json
from .errors import HostError, explain, not_loaded
from .guest import Guest
from .stacks import Stacks
from .storage import Storage, check_name

try:
    from _heap import rewind  # firmware/heap/modheap.c
except ImportError:

    def rewind():
        """A PC has room enough."""


# What components may import unless somebody says otherwise: nothing that is somebody's, or reaches anybody.
ALLOW = ("wasi:mcp/*", "wasmote:mcp/*", "wasi:clocks/*", "wasi:io/*", "wasi:random/*", "wasi:cli/*")
_PIECE = const(511)  # bytes: with the zero that MicroPython puts after them they fill 32 blocks of its heap


class Host:
    """
        storage            where components are kept; None: in /components
        memory_limit       bytes of the arena that one component may have; at most all of it
        call_timeout_ms    how long a call may take, load_timeout_ms a start
        allow              what guests may import: see imports.granted

    A component's configuration may say something else for it: see config.py.

        validate           tells JSON from anything else: see entries.tool_text
        doubt              None, or doubt(name, tool, arguments): None if the arguments of a call (bytes) fit the input
                           schema of the tool with this JSON text; else a generator, which returns None after all, or
                           what is wrong with them

        guests             the providers (entries.py), components and others
        tools, resources, templates, prompts    their Entries, each with .name and .json; generation counts changes
        loading            a component is loaded, unloaded or configured
        changed            which lists clients have not been told of: 1 << index in KINDS, summed
        watched            {URI: how often subscribed} (resources.py), or None: nobody ever did
        telling            URIs that are not watched yet, of which a guest is being told
        on_log             None, or on_log(level, component, message, data) for what guests log outside of a call
        on_updated         None, or on_updated(URI) for resources that changed
    """

    resources = templates = prompts = telling = ()
    loading = False
    changed = 0
    watched = on_log = on_updated = None

    def __init__(
        self,
        storage=None,
        memory_limit=64 * 1024,
        call_timeout_ms=30_000,
        load_timeout_ms=60_000,
        allow=ALLOW,
        validate=loosely_json,
        doubt=None,
    ):
        self._storage = storage
        self.memory_limit = min(memory_limit // 1024, arena_info()[0])  # granules
        self.call_timeout_ms = call_timeout_ms
        self.load_timeout_ms = load_timeout_ms
        self.allow = allow
        self.validate = validate
        self.doubt = doubt
        self.guests = []
        self.stacks = Stacks()
        self.tools = []
        self.generation = 0

    @property
    def storage(self):
        if self._storage is None:
            self._storage = Storage()
        return self._storage

    # Tools

    def call_tool(self, name, arguments=b"{}", progress_token=None, notify=None):
        """Calls a tool, if its arguments fit its input schema. A generator; returns (content, is_error).

        arguments         the bytes of a JSON object; what is no bytes object may be used again when this returns
        progress_token    None if nobody wants progress
        notify            notify("progress", done, total) and notify("log", level, logger, message, data)
        content           a list of str (a text) and bytes (the JSON text of any other content block)
        """
        for tool in self.tools:
            if tool.name == name:
                doubt = self.doubt and self.doubt(name, tool.json, arguments)
                steps = tool.guest.call("call-tool", (name, _kept(arguments)), progress_token, notify)
                return _checked(doubt, steps) if doubt else steps
        raise HostError("tool-not-found", 'there is no tool "%s" on this board' % name[:64])

    def read_resource(self, uri, progress_token=None, notify=None):
        """Reads a resource. A generator; returns a list of bytes, the JSON text of each of its contents. HostError."""
        entry = yield from self.resource(uri)
        return (yield from entry.guest.call("read-resource", (uri, entry.name), progress_token, notify))

    def get_prompt(self, name, arguments=None, progress_token=None, notify=None):
        """Asks for a prompt. A generator; returns a list of bytes, the JSON text of each of its messages. HostError.

        arguments    the bytes of a JSON object of strings, or None
        """
        from .prompts import check

        for prompt in self.prompts:
            if prompt.name == name:
                check(prompt, arguments)
                return prompt.guest.call("get-prompt", (name, arguments), progress_token, notify)
        raise HostError("prompt-not-found", 'there is no prompt "%s" on this board' % name[:64])

    def resource(self, uri):
        """The Entry of this resource, or of the template that it fits. A generator. HostError if there is none."""
        from .resources import found

        return found(self, uri)

    def subscribe(self, uri):
        """Somebody wants on_updated to be told of a resource. A generator: resources.subscribe."""
        from .resources import subscribe

        return subscribe(self, uri)

    def unsubscribe(self, uri):
        """The end of one subscribe(). A generator."""
        from .resources import unsubscribe

        return unsubscribe(self, uri)

    def complete(self, kind, name, argument, value, known=()):
        """Suggestions for an argument. A generator; returns a list of str: completion.complete."""
        from .completion import complete

        return complete(self, kind, name, argument, value, known)

    def elicit(self, message, fields, component=None, but=None):
        """Puts a question to a component that answers such: `component`, or the first but `but`. A generator.

        fields    [(name, type, description or None, required)]; returns the bytes of a JSON object of their values
        """
        return self.answerer(component, but).call("handle-elicit", (message, fields))

    def answerer(self, component=None, but=None):
        """The provider that elicit() asks. HostError if there is none."""
        for guest in self.guests:
            if guest.offers & ELICIT and guest.name != but and component in (None, guest.name):
                return guest
        who = 'the component "%s"' % component[:64] if component else "no component of this board"
        raise HostError("not-found", "%s answers no questions: its server-info must have elicitation" % who)

    def owner(self, kind, name, but):
        """The name of the component with this entry, not counting the component `but`; None if there is none."""
        for found in getattr(self, kind):
            if found.name == name and found.guest.name != but:
                return found.guest.name
        return None

    def lists_changed(self, kinds, told=None):
        """A provider has new Entries of these kinds. `told`: those that do not say the same as before; None: all."""
        for kind in kinds:
            made = [entry for guest in self.guests for entry in guest.entries(kind)]
            if made or getattr(self, kind):
                setattr(self, kind, made)
        told = kinds if told is None else told
        for kind in told:
            self.changed |= 1 << KINDS.index(kind)
        if told:
            self.generation += 1

    # Components

    @property
    def components(self):
        """name -> Guest"""
        return {guest.name: guest for guest in self.guests}

    def boot(self):
        """Loads every stored component. A generator; what fails is in its component's entry."""
        for name in self.storage.names():
            try:
                yield from self.load(name)
            except Exception as error:  # whatever is wrong with one, the others are loaded
                if self.find(name) is None:  # else its guest remembers why
                    guest = Guest(self, name, self.storage.path(name))
                    guest.state = "failed"
                    guest.error = explain(error)
                    self.put(guest)

    def load(self, name):
        """Loads a stored component, again if it is loaded already. A generator; returns {"component": entry}."""
        return self._load(name, None)

    def load_file(self, path, configuration=None):
        """Loads a component from any file; its name is the file's. A generator; as load().

        configuration    None or the JSON text of one (bytes), which is not kept
        """
        name = path[path.rfind("/") + 1 :]
        name = name[:-5] if name.endswith(".wasm") else name
        return self._load(name, path, configuration)

    def unload(self, name):
        """Ends a component and gives its memory back; its file stays. A generator; returns {"component": entry}."""
        guest = self.stored(name)
        yield from self.acquire()
        try:
            guest.end("was ended: the component was unloaded")
            return {"component": guest.entry()}
        finally:
            self.release()

    def remove(self, name):
        """Unloads a component and deletes its file. A generator; returns {"component": its last entry}."""
        self.stored(name)
        answer = yield from self.unload(name)
        self.guests = [guest for guest in self.guests if guest.name != name]
        self.storage.remove(name)
        return answer

    def push(self, name, size, offset, data, crc32, configuration=None):
        """The next chunk of a component's file (Storage.receive). A generator; returns {name, offset, complete, component}.

        With its last chunk the component is loaded. Only when that succeeds does it replace the one of its name: until
        then the old one goes on, and after a failure it is as if nothing had been sent.

        configuration    the JSON text (bytes) of a new configuration, on the last chunk; None: the one it has stays
        """
        if configuration is not None:
            from .checks import check_grants

            check_grants(self.config(configuration))  # nothing is received for a mistake in it
        at = self.storage.receive(name, size, offset, data, crc32)
        answer = {"name": name, "offset": at, "complete": at == size}
        if at == size:
            try:
                yield from self.storage.verify(name)

                def config():
                    return self.config(self.storage.configuration(name) if configuration is None else configuration)

                yield from self.acquire(lambda: self.in_use(name, config))
                try:
                    guest = Guest(self, name, self.storage.part(name), config())

                    def keep():
                        self.storage.commit(name, configuration)
                        guest.path = self.storage.path(name)

                    yield from self.replace(guest, keep)
                finally:
                    self.release()
            finally:
                self.storage.discard(name)
            answer["component"] = guest.entry()
        return answer

    def configure(self, name, configuration):
        """Gives a component another configuration: see configure.py."""
        from .configure import configure

        return configure(self, name, configuration)

    def configuration(self, name):
        """What a component's configuration is: see configure.py."""
        from .configure import configuration

        return configuration(self, name)

    def config(self, text):
        """The Config of a JSON text (bytes); None: of no configuration."""
        if text is None:
            return Config
        from .checks import parse

        return parse(text, arena_info()[0])

    def list(self):
        """The entries of all components, loaded or not."""
        entries = [guest.entry() for guest in self.guests]
        for name in self.storage.names():
            if self.find(name) is None:
                entries.append(Guest(self, name, self.storage.path(name)).entry())
        return entries

    def info(self):
        granules, free = arena_info()
        answer = {
            "engine": engine,
            "arena": {
                "bytes": granules * 1024,
                "freeBytes": free * 1024,
                "granuleBytes": 1024,
                "stackBytes": self.stacks.used() * 1024,
            },
            "limits": {"callTimeoutMs": self.call_timeout_ms, "componentBytes": self.storage.limit},
            "components": self.list(),
        }
        space = self.storage.space()
        if space:
            answer["flash"] = {"bytes": space[0], "freeBytes": space[1]}
        return answer

    def close(self):
        """Unloads everything."""
        for guest in self.guests:
            guest.end("was ended: the board shuts down")
        self.guests = []
        self.tools = self.resources = self.templates = self.prompts = ()
        self.stacks.close()

    # One load at a time

    def acquire(self, busy=None):
        """A generator: waits until no other load is under way, nor busy(). Then release() is due.

        Nobody waits for a call while loads have to wait: the call may be about to load something itself.
        """
        while self.loading or busy and busy():
            yield
        self.loading = True

    def in_use(self, name, config):
        """True while a call of the component `name` may write what its successor, of the Config config(), writes, too."""
        old = self.find(name)
        waits = old is not None and old.busy and (writes(old.config) or writes(config()))
        if waits:
            old.wanted = True
        return waits

    def release(self):
        self.loading = False
        if not [guest for guest in self.guests if guest.store]:
            self.stacks.close()  # nothing is loaded: the arena is whole

    def all_wait(self):
        """True if every call that has a stack waits for another component: none will give one back."""
        return self.stacks.taken <= sum([guest.waits_for is not None for guest in self.guests])

    def find(self, name):
        for guest in self.guests:
            if guest.name == name:
                return guest
        return None

    def stored(self, name):
        """The guest of this name; one that was never loaded, too."""
        check_name(name)
        guest = self.find(name)
        if guest is None and self.storage.size(name) is not None:
            guest = Guest(self, name, self.storage.path(name))
        if guest is None:
            raise self._not_found(name)
        return guest

    def _not_found(self, name):
        there = ", ".join([entry["name"] for entry in self.list()])
        return HostError(
            "not-found", 'there is no component "%s" on this board; there are: %s' % (name, there or "none")
        )

    def serve(self, provider):
        """A provider that is no component (native/provider.py) stands beside them from now on."""
        self.put(provider)

    def put(self, guest):
        """The guest takes the place of the one of its name, or that of its name among the components, where it will be after
        the next start, too: lists of the same things have the same order. What is no component comes where it is served."""
        old = self.find(guest.name)
        if old is None:
            at = len(self.guests)
            while guest.path and at and self.guests[at - 1].path and self.guests[at - 1].name > guest.name:
                at -= 1
            self.guests.insert(at, guest)
        else:
            self.guests[self.guests.index(old)] = guest
        kinds = [kind for kind in KINDS if guest.entries(kind) or old and old.entries(kind)]
        self.lists_changed(KINDS, kinds)

    def _load(self, name, path, configuration=None):
        """A generator. `path`: None for a stored component's."""
        check_name(name)
        if path is None:
            if self.storage.size(name) is None:
                raise self._not_found(name)
            path = self.storage.path(name)
            configuration = self.storage.configuration(name)
        yield from self.acquire()
        try:
            old = self.find(name)
            if old:
                old.end("was ended: the component was loaded again")
            guest = Guest(self, name, path)
            self.put(guest)
            try:
                guest.config = self.config(configuration)
                yield from guest.start()
            except Exception as error:
                guest.state = "failed"
                failure = not_loaded(guest, error)
                if guest.config.fallback:
                    from .native.fallback import fall_back

                    guest.error += "; " + (fall_back(guest) or "its fallback serves instead")
                    kinds = [kind for kind in KINDS if guest.entries(kind)]
                    self.lists_changed(kinds)
                raise failure
            return {"component": guest.entry()}
        finally:
            self.release()

    def replace(self, guest, keep):
        """The guest, not started yet, takes the place of the component of its name: see replacing.py. A generator."""
        from .replacing import replace

        return replace(self, guest, keep)


def _kept(arguments):
    """A copy of arguments; of long ones in pieces, as a heap in use has few large ones."""
    if isinstance(arguments, bytes):
        return arguments
    if len(arguments) <= _PIECE:
        return bytes(arguments)
    rewind()  # the large ones are for what cannot be in pieces
    return [bytes(arguments[at : at + _PIECE]) for at in range(0, len(arguments), _PIECE)]


def _checked(doubt, steps):
    """A generator: what the call `steps` returns, if there is no doubt after all."""
    why = yield from doubt
    return ([why], True) if why else (yield from steps)
