"""wasi:mcp/runtime for one guest: how it registers what it has, logs, and tells clients what changed."""

import json

from ..wasm import Granules, OutOfMemory
from .entries import COMPLETE, ELICIT, KINDS, SUBSCRIBE, Entry, Refused, keep, tool_text
from .errors import failed

_TEXTS = 8  # most granules that what a guest registers may take
_MOST = 64  # entries of all kinds that a guest may register: each takes some 150 bytes of the heap
_ROOM = 40  # bytes of a room in `texts` worth a view on the heap: a tool has more
_LEVELS = ("debug", "info", "warning", "error", "critical")
_DONE = (0, None)


class Runtime:
    """The methods are the interface's functions; a result is (0, None) or (1, error).

    tools, resources, templates, prompts    the Entries that the guest registered, as long as close() was not called
    offers      what its server-info promises: a sum of SUBSCRIBE, COMPLETE, ELICIT
    info        the JSON text [name, version, instructions] of its server-info, in the arena; None without
    refused     None, or why something was not registered: then the guest is not loaded
    notify      where progress and log messages of the call under way go; None between calls

    For wasmote:mcp (host/wasmote), of the call under way:
    serving     the handler that runs, None between calls
    added       structured.Content that the guest adds to the result of call-tool, or None
    argument    what handle-complete is to complete: (name, value, [(name, value)]), or None
    asked       how many questions to the client it has cost
    icons       the member "icons", comma first, for entries without their own; or None
    """

    serving = added = argument = icons = None
    asked = 0

    tools = resources = templates = prompts = ()
    offers = 0
    info = texts = refused = notify = None
    loaded = False
    rooms = ()  # views of what a refused registration left in `texts`

    def __init__(self, guest, validate, host):
        self.guest = guest
        self.validate = validate
        self.host = host

    def close(self):
        """Forgets what was registered and gives its memory back."""
        self.tools = self.resources = self.templates = self.prompts = ()
        self.info = None
        self.rooms = ()
        if self.texts:
            self.texts.close()
            self.texts = None

    def register_server(self, info):
        name, version, capabilities, instructions = info
        resources = capabilities[4]
        offers = (
            (SUBSCRIBE if resources and resources[0] else 0)
            | (COMPLETE if capabilities[2] is not None else 0)
            | (ELICIT if capabilities[7] is not None else 0)
        )
        try:
            if self.info is not None:
                raise Refused("it registers its server twice")
            if self.loaded:
                self.guest.check_handlers((), offers)
            self.info = self.keep_text([json.dumps((name, version, instructions))])
        except (Refused, OutOfMemory) as error:
            return self._refuse(error)
        self.offers = offers
        return _DONE

    def register_tools(self, tools):
        return self._register("tools", tools, tool_text)

    def register_resources(self, resources):
        from .resources import resource_text

        return self._register("resources", resources, resource_text)

    def register_resource_templates(self, templates):
        from .resources import template_text

        return self._register("templates", templates, template_text)

    def register_prompts(self, prompts):
        from .prompts import prompt_text

        return self._register("prompts", prompts, prompt_text)

    def _register(self, kind, definitions, text_of):
        """All of them or none; where texts of refused ones lie, those of the next ones will."""
        made = []
        try:
            if len(definitions) + sum([len(getattr(self, kind)) for kind in KINDS]) > _MOST:
                raise Refused("it registers more than %d tools, resources, templates and prompts" % _MOST)
            for definition in definitions:
                made.append(self._entry(kind, definition, made, text_of))
            if made and self.loaded:
                self.guest.check_handlers((kind,))
        except (Refused, OutOfMemory) as error:
            rooms = [entry.json for entry in made] + list(self.rooms)
            self.rooms = [room for room in rooms if len(room) >= _ROOM]
            return self._refuse(error)
        setattr(self, kind, list(getattr(self, kind)) + made)
        if made and self.loaded:
            self.host.lists_changed((kind,))
        return _DONE

    def _entry(self, kind, definition, others, text_of):
        """The Entry of a definition, which comes together with `others`."""
        name = definition[0]
        text = text_of(definition, self.validate)
        what = kind[:-1]
        for entry in others, getattr(self, kind):
            if name in [entry.name for entry in entry]:
                raise Refused("it registers the %s %s twice" % (what, name))
        self._check_owner(kind, name)
        if self.icons:
            text[-1] = text[-1][:-1]
            text += [self.icons, "}"]
        entry = Entry(self.guest, name, self.keep_text(text), kind == "tools" and definition[4] is not None)
        if self.icons:
            entry.plain = len(entry.json) - len(self.icons)
        return entry

    def check_owners(self):
        """Refused if another component has something of its by now: while it starts nobody else knows of it."""
        for kind in KINDS:
            for entry in getattr(self, kind):
                self._check_owner(kind, entry.name)

    def _check_owner(self, kind, name):
        other = self.host.owner(kind, name, self.guest.name)
        if other is not None:
            raise Refused(
                "its %s %s is already there, from the component %s: unload or rename one of them"
                % (kind[:-1], name, other)
            )

    def keep_text(self, text):
        if self.texts is None:
            self.texts = Granules(_TEXTS)
        return keep(text, self.texts, self.rooms)

    def _refuse(self, error):
        text = str(error)
        if isinstance(error, OutOfMemory):
            text = "no memory for the texts that it registers, which may take %d KiB (%s)" % (_TEXTS, text)
        if not self.loaded:
            self.refused = text
        return failed("invalid-params", text)

    def serve(self):
        return _DONE  # calls come when the start is over: the guest cannot be entered before

    def log(self, level, message, data):
        """A generator: gives the board a turn, so that a guest that only logs keeps nobody waiting."""
        if data is not None and self.validate(data):
            return failed("invalid-params", "the data of a log message must be JSON")
        self.say(level, message, data)
        yield
        return _DONE

    def say(self, level, message, data=None):
        """A log message of the guest, to the call under way or else to whoever is there. `level`: 0 (debug) to 4."""
        notify = self.notify
        if notify:
            notify("log", _LEVELS[level], self.guest.name, message, data)
        elif self.host.on_log:
            self.host.on_log(_LEVELS[level], self.guest.name, message, data)

    def report_progress(self, token, progress, total):
        """The token is of no use: a guest has none, its progress is that of the call it is in."""
        if self.notify:
            self.notify("progress", progress, total)
        yield
        return _DONE

    def send_notification(self, notification):
        """A generator, as all that a guest may do without end: the board has a turn in between."""
        from .notifications import send

        yield
        return (yield from send(self, notification[0], notification[1]))
