"""Native tools: functions of MicroPython that are listed and called beside the tools of components.

    import wasmote

    @wasmote.tool("Set a pin.", pin=int, value="0..1")
    def set_pin(pin, value):
        machine.Pin(pin, machine.Pin.OUT).value(value)
        return "pin %d is %d" % (pin, value)

    @wasmote.resource("board:/uptime", "Milliseconds since the start.")
    def uptime():
        return str(time.ticks_ms())

    @wasmote.prompt("Explain a reading.", style=("short", "long"))
    def explain(style):
        return "Read the thermometer and give a %s explanation." % style

A function that takes long is a generator: `yield` lets the board go on, `yield 100` for 100 ms at least, `yield form(…)`
asks the client. docs/native.md has all of it. Loaded from tools.py (or .mpy) on the board's flash, or by wasmote.Host.
"""

import json

from ..entries import Refused, tool_text
from ..errors import HostError

made = []  # Functions that have been defined and that no provider has taken yet
folders = ("/", "/lib/")  # of the flash, where modules are looked for
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"
_PROGRAMS = ("main", "boot")  # they run when the board starts: imported, they would run again inside the server
running = None  # the Running that is in a step, see provider.py

_OPTIONS = {
    "tools": ("name", "title", "output", "read_only", "destructive", "idempotent", "open_world", "timeout_ms"),
    "resources": ("name", "title", "mime_type", "size", "timeout_ms"),
    "prompts": ("name", "title", "timeout_ms"),
}


class Function:
    """What a decorator has made: `kind` of entries.KINDS, its name (or URI), its `text` in the lists, and `call`.

    arguments    of a prompt: {name: JSON Schema}; other kinds have theirs in their text (None: not checked) or URI
    """

    def __init__(self, kind, name, text, call, options, arguments=None):
        self.kind = kind
        self.name = name
        self.text = text and b"".join([piece.encode() if isinstance(piece, str) else piece for piece in text])
        self.call = call
        self.timeout_ms = options.get("timeout_ms")
        self.structured = "output" in options
        self.mime_type = options.get("mime_type")
        self.arguments = arguments


class Argument:
    """See arg()."""

    def __init__(self, kind, about):
        self.kind = kind
        self.about = about


def arg(kind, description=None, **default):
    """An argument with a description, or with a default value: arg(int, "In milliseconds", default=100)."""
    about = {} if description is None else {"description": description}
    if "default" in default:
        about["default"] = default.pop("default")
    if default:
        raise ValueError("arg() takes a kind, a description and default=…, not " + ", ".join(default))
    return Argument(kind, about)


# Decorators. What stands before the arguments' names is the description and a dict of options; a tool may have an argument
# of any name.


def tool(*about, **arguments):
    """@tool("What it does.", {options}, argument=kind, …) or @tool. Options: name, title, output (the JSON Schema of a
    result that is a dict), read_only, destructive, idempotent, open_world (hints), timeout_ms.
    """

    def make(call):
        from .schema import object_schema

        name, description, options = _about("tools", call, about)
        schema = json.dumps(object_schema(arguments)).encode()
        output = options.get("output")
        hints = [options.get(hint) for hint in _OPTIONS["tools"][3:7]]
        annotations = (None,) + tuple(hints) if [hint for hint in hints if hint is not None] else None
        definition = (
            name,
            options.get("title"),
            description,
            schema,
            output and json.dumps(output).encode(),
            annotations,
        )
        _made("tools", name, tool_text(definition, _valid), call, options)
        return call

    return _decorated(make, about)


def resource(uri, *about):
    """@resource("scheme:/path", "What it is.", {options}). Options: name, title, mime_type, size, timeout_ms.

    A URI with {names} is a template; the function gets what stands there, as strings.
    """

    def make(call):
        from ..resources import resource_text, template_text

        name, description, options = _about("resources", call, about)
        more = (options.get("title"), description, options.get("mime_type"))
        if "{" in uri:
            from .uri import check

            check(uri)
            _made("templates", uri, template_text((uri, name) + more, _valid), call, options)
        else:
            definition = (uri, name) + more + (options.get("size"),)
            _made("resources", uri, resource_text(definition, _valid), call, options)
        return call

    if not isinstance(uri, str):
        raise ValueError('a resource has a URI: @wasmote.resource("scheme:/path", "What it is.")')
    return make


def prompt(*about, **arguments):
    """@prompt("What it is for.", {options}, argument=kind, …) or @prompt. Options: name, title, timeout_ms.

    Arguments of prompts are strings: a kind is str or a tuple of the strings that may be chosen.
    """

    def make(call):
        from ..prompts import prompt_text
        from .schema import object_schema

        name, description, options = _about("prompts", call, about)
        schemas = object_schema(arguments)["properties"]
        listed = []
        for argument in sorted(schemas):
            schema = schemas[argument]
            if schema.get("type") != "string":
                raise ValueError("the argument %s of the prompt %s must be str, or a tuple of str" % (argument, name))
            listed.append((argument, schema.get("description"), "default" not in schema))
        text = prompt_text((name, options.get("title"), description, listed), _valid)
        _made("prompts", name, text, call, options, schemas)
        return call

    return _decorated(make, about)


def _decorated(make, about):
    return make(about[0]) if about and callable(about[0]) else make


def _about(kind, call, about):
    """(name, description, options) of what a decorator was given."""
    description = None
    options = {}
    for what in about:
        if isinstance(what, str):
            description = what
        elif isinstance(what, dict):
            options = what
        elif not callable(what):
            raise ValueError("before the arguments come a description and a dict of options, not %r" % (what,))
    for option in options:
        if option not in _OPTIONS[kind]:
            raise ValueError("no option %s: there are %s" % (option, ", ".join(_OPTIONS[kind])))
    name = options.get("name") or getattr(call, "__name__", None)
    if name is None:
        raise ValueError('this function does not know its name: give {"name": …}')
    return name, description, options


def _made(kind, name, text, call, options, arguments=None):
    made.append(Function(kind, name, text, call, options, arguments))


def _valid(text, schema=False):
    """The texts are json's own."""
    return None


def take():
    """The Functions defined since the last take()."""
    taken = list(made)
    made.clear()
    return taken


# While a function runs


def log(level, message, data=None):
    """A log message: level is debug, info, notice, warning, error, critical, alert or emergency; data is for json.dumps."""
    if running:
        running.log(level, message, data if data is None else json.dumps(data).encode())


def progress(done, total=None):
    """Says how far the call is."""
    if running:
        running.notify("progress", done, total)


def changed(uri):
    """Says that a resource has changed, to whoever watches it."""
    if running and running.host.on_updated:
        running.host.on_updated(uri)


# What a function may return besides str, dict and lists: see content.py


def image(data, mime_type="image/png"):
    return {"type": "image", "mimeType": mime_type, "data": data}


def audio(data, mime_type="audio/wav"):
    return {"type": "audio", "mimeType": mime_type, "data": data}


def resource_link(uri, name):
    return {"type": "resource_link", "uri": uri, "name": name}


# What a generator may ask the client, by yield: one of these, or a list of them. The value of the yield is the answer, or
# the list of answers; Unanswered is raised there if there is none.


class Unanswered(Exception):
    """The client was not asked, or did not answer; the text says why.

    required    what the client would have to offer, as questions.required() has it; None if it is not that
    """

    required = None


def form(key, message, **fields):
    """A form; kinds of fields as for tools. Its answer: a dict, False if the user declined, None if the user closed it."""
    from .ask import form

    return form(key, message, fields)


def page(key, message, url):
    """A page in the user's browser. Its answer: True, False or None, as with a form."""
    from .ask import page

    return page(key, message, url)


def sample(key, text, max_tokens=200, system=None):
    """A question to the client's language model. Its answer: the text that the model said."""
    from .ask import sample

    return sample(key, text, max_tokens, system)


def roots(key="roots"):
    """The folders of the conversation. Its answer: a list of (URI, name or None)."""
    from .ask import roots

    return roots(key)


def serve(host, module):
    """The functions of a module of the flash join the host. If it does not load, wasmote/list says why."""
    from .provider import Native

    try:
        host.serve(load(host, module))
    except HostError as error:
        failed = Native(host, module + ".py", [])
        failed.state = "failed"
        failed.error = str(error)
        host.serve(failed)


def is_identifier(text):
    return text != "" and text[0] in _LETTERS[:53] and [letter for letter in text if letter not in _LETTERS] == []


def is_module(text):
    """True for the name of a module without folders: what guests wrote is in folders, and must never be imported."""
    return is_identifier(text) and text not in _PROGRAMS


def find_module(module):
    """Lets a module of the flash be found, and anew. HostError if it is none: a configuration must not reach others."""
    import sys

    if not is_module(module):
        what = '"%s" is no module with native functions: a name without dots, for a file in no folder, not main or boot'
        raise HostError("refused", what % module[:64])
    if not [1 for folder in folders for ending in (".py", ".mpy") if _is_there(folder + module + ending)]:
        raise HostError("refused", "there is no %s%s.py on the board's flash" % (folders[0], module))
    if "/" not in sys.path:
        sys.path.append("/")
    if module in sys.modules:
        del sys.modules[module]


def _is_there(path):
    import os

    try:
        os.stat(path)
        return True
    except OSError:
        return False


def load(host, module, name=None, owner=None):
    """Imports a module of the flash, whose functions become one provider of `host`. HostError says why not."""
    from .provider import Native

    find_module(module)
    take()
    try:
        __import__(module)
        return Native(host, name or module + ".py", take(), owner)
    except Refused as error:
        raise HostError("refused", "%s was not loaded: %s" % (module, error))
    except (Exception, SystemExit) as error:
        raise HostError("refused", "%s was not loaded: %s: %s" % (module, type(error).__name__, error))
    finally:
        take()
