"""wasi:mcp/runtime for one guest: how it registers what it has, logs, and says how far it is."""

from ..wasm import OutOfMemory, Store
from .tools import Refused, Tool, keep, tool_text

_TEXTS = 8  # most granules that a guest's tool list may take
_LEVELS = ("debug", "info", "warning", "error", "critical")
_INVALID_PARAMS = 3  # error-code
_UNSUPPORTED = 8
_DONE = (0, None)


class Runtime:
    """The methods are the interface's functions; a result is (0, None) or (1, error).

    tools       what the guest registered, as long as close() was not called
    refused     None, or why something was not registered: then the guest is not loaded
    notify      where progress and log messages of the call under way go; None between calls
    """

    def __init__(self, guest, validate, taken, on_log):
        self.guest = guest
        self.validate = validate
        self.taken = taken  # taken(tool name) -> the name of the component that has it, or None
        self.on_log = on_log
        self.tools = []
        self.texts = None
        self.refused = None
        self.notify = None
        self.loaded = False

    def close(self):
        """Forgets the tools and gives their memory back."""
        self.tools = []
        if self.texts:
            self.texts.close()
            self.texts = None

    def register_server(self, info):
        return _DONE

    def register_tools(self, tools):
        """All of them or none; what texts of refused ones took of the arena comes back with close()."""
        made = []
        try:
            for definition in tools:
                made.append(self._tool(definition, made))
        except (Refused, OutOfMemory) as error:
            text = str(error)
            if isinstance(error, OutOfMemory):
                text = "no memory for its tool list, which may take %d KiB (%s)" % (_TEXTS, text)
            if not self.loaded:
                self.refused = text
            return _error(_INVALID_PARAMS, text)
        self.tools = self.tools + made
        if self.loaded:
            self.guest.tools_changed()
        return _DONE

    def _tool(self, definition, others):
        """The Tool of a definition, which comes together with `others`."""
        name = definition[0]
        text = tool_text(definition, self.validate)
        if name in [tool.name for tool in self.tools + others]:
            raise Refused("it registers the tool %s twice" % name)
        other = self.taken(name)
        if other is not None:
            raise Refused(
                "its tool %s is already there, from the component %s: unload or rename one of them" % (name, other)
            )
        if self.texts is None:
            self.texts = Store(limit=_TEXTS, stack=0)
        return Tool(self.guest, name, keep(text, self.texts), definition[4] is not None)

    def serve(self):
        return _DONE  # calls come when the start is over: the guest cannot be entered before

    def log(self, level, message, data):
        """A generator: gives the board a turn, so that a guest that only logs keeps nobody waiting."""
        if data is not None and self.validate(data):
            return _error(_INVALID_PARAMS, "the data of a log message must be JSON")
        if self.notify:
            self.notify("log", _LEVELS[level], self.guest.name, message, data)
        elif self.on_log():
            self.on_log()(_LEVELS[level], self.guest.name, message, data)
        yield
        return _DONE

    def report_progress(self, token, progress, total):
        """The token is of no use: a guest has none, its progress is that of the call it is in."""
        if self.notify:
            self.notify("progress", progress, total)
        yield
        return _DONE

    def register_resources(self, resources):
        return self._unsupported("resources")

    def register_resource_templates(self, templates):
        return self._unsupported("resources")

    def register_prompts(self, prompts):
        return self._unsupported("prompts")

    def send_notification(self, notification):
        return self._unsupported("send-notification (log and report-progress work)")

    def _unsupported(self, what):
        return _error(_UNSUPPORTED, "this board does not serve %s: tools only" % what)


def _error(code, message):
    return 1, (code, message, None)
