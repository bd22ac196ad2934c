"""What components register, and who serves it: tools, resources, resource templates and prompts.

An Entry is one of them: a name and the JSON text of its place in the lists of MCP, ready-made, in the arena.

A provider serves entries. Guest is one; another (native functions, say) has the same members, and stands in Host.guests:

    name                    of the component
    state, error, memory    as Guest's; memory in granules
    entries(kind)           its Entries of one of KINDS, a sequence; lists_changed of the host when they change
    offers                  what else it serves: a sum of SUBSCRIBE, COMPLETE, ELICIT
    about()                 (server name, version, instructions or None), or None
    entry()                 its dict in wasmote/list
    end(why)                it is gone for good: calls under way end with `why`
    ended                   None, or that why
    waits_for               the provider that it waits for, by wasi:mcp/client (client.py); None
    wanted                  others wait for the end of the call that it serves
    untold                  set True when subscriptions of the board may be news to it (resources.subscribe)
    call(handler, values, progress_token=None, notify=None, caller=None)
                            a generator: calls a handler and returns its answer; caller: the guest that waits for it

    handler              values                         answer
    call-tool            (name, arguments)              (content, is_error): see Host.call_tool
    read-resource        (uri,)                         a list of bytes, the JSON texts of `contents` of resources/read
    get-prompt           (name, arguments or None)      a list of bytes, the JSON texts of `messages` of prompts/get
    handle-subscribe     (uri,)                         None
    handle-unsubscribe   (uri,)                         None
    handle-complete      (ref-type, ref-value, about)   a list of str; about: (argument, value, [(name, value)]): completion.py
    handle-elicit        (message, fields)              the bytes of a JSON object; fields: (name, type, description, required)

`arguments` are the bytes of a JSON object, those of a tool perhaps a list of pieces of them. `notify` is called meanwhile:
notify("progress", done, total) unless progress_token is None, notify("log", level, logger, message, data). What a tool does
wrong is content with is_error; what any other handler does wrong is a HostError whose kind is an error-code of
wasi:mcp/types. Nothing else is raised.
"""

import json

KINDS = ("tools", "resources", "templates", "prompts")
TOOLS = 1  # which of them changed: Host.changed
RESOURCES = 2
TEMPLATES = 4
PROMPTS = 8

SUBSCRIBE = 1
COMPLETE = 2
ELICIT = 4

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./"
_HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")


class Refused(Exception):
    """A definition that is not taken; the text says why, to the guest's author."""


class Entry:
    """`guest` is the provider who serves it, `name` a tool's or prompt's name, a resource's URI or the text of a template.

    json          a view of the arena that lasts until the provider's entries change
    structured    of a tool: True if it promises results of a form (outputSchema)
    plain         bytes of `json` without icons (wasmote:mcp/icons); None: it has none. own_icons: they are not the server's
    room          where `json` with its icons lies, and may be replaced
    """

    plain = room = None
    own_icons = False

    def __init__(self, guest, name, json, structured=False):
        self.guest = guest
        self.name = name
        self.json = json
        self.structured = structured


def tool_text(definition, validate):
    """The JSON text of a tool-definition, as pieces of str and bytes. Raises Refused.

    validate(text, schema=False) -> None if the bytes are one JSON text, and that of a schema of objects, else what is wrong
    """
    name, title, description, schema, output_schema, annotations = definition
    text = named("tool", name, title, description)
    text.append(',"inputSchema":')
    text.append(_object(name, "input-schema", schema, validate))
    if output_schema is not None:
        text.append(',"outputSchema":')
        text.append(_object(name, "output-schema", output_schema, validate))
    if annotations is not None:
        text.append(',"annotations":' + _annotations(annotations))
    text.append("}")
    return text


def named(what, name, title, description):
    """The beginning of the text of a tool or prompt."""
    if not 0 < len(name) <= 128 or [letter for letter in name if letter not in _LETTERS]:
        raise Refused('"%s" is no name for a %s: 1 to 128 of A-Z a-z 0-9 _ - . /' % (name[:64], what))
    text = ['{"name":"%s"' % name]
    members(text, ("title", title, "description", description))
    return text


def members(text, pairs):
    """Appends ,"name":value for names and values in turn; None is left out."""
    for i in range(0, len(pairs), 2):
        if pairs[i + 1] is not None:
            text.append(',"%s":%s' % (pairs[i], json.dumps(pairs[i + 1])))


def keep(text, store, rooms=()):
    """Copies the pieces of a text into the arena, and returns the view of it.

    rooms    views of the arena that nobody needs any more: of the first that is large enough, its beginning is taken
    """
    text = [piece.encode() if isinstance(piece, str) else piece for piece in text]
    size = sum([len(piece) for piece in text])
    view = None
    for i in range(len(rooms)):
        if view is None and len(rooms[i]) >= size:
            view = rooms[i][:size]
            rooms[i] = rooms[i][size:]
    if view is None:
        view = store.view(store.alloc(size), size)
    at = 0
    for piece in text:
        view[at : at + len(piece)] = piece
        at += len(piece)
    return view


def _object(name, what, text, validate):
    """A schema's text on one line. One that is none of objects would cost a client the whole list: official ones check it."""
    text = text.strip()
    wrong = "it is no object" if text[:1] != b"{" else validate(text, True)
    if wrong:
        raise Refused("the %s of the tool %s is no schema of objects: %s" % (what, name, _said(wrong)))
    return one_line(text)


def one_line(text):
    """A JSON text (bytes) without line breaks, which stand only between its tokens: strings have no bare ones."""
    return text.replace(b"\n", b" ").replace(b"\r", b" ")


def loads(text):
    """The value of a JSON text (bytes), its strings Unicode: whatever may reach a guest, or go out again, is read so."""
    if text.find(b"\\ud") >= 0 or text.find(b"\\uD") >= 0:
        from .surrogates import joined

        text = joined(text)
    return json.loads(text)


def _said(wrong):
    return "%s at byte %d" % wrong if isinstance(wrong, tuple) else wrong


def _annotations(annotations):
    parts = []
    if annotations[0] is not None:
        parts.append('"title":' + json.dumps(annotations[0]))
    for i in range(4):
        if annotations[i + 1] is not None:
            parts.append('"%s":%s' % (_HINTS[i], "true" if annotations[i + 1] else "false"))
    return "{" + ",".join(parts) + "}"


def loosely_json(text, schema=False):
    """A `validate` for tests and bare hosts: MicroPython's own parser, which lets some nonsense pass."""
    try:
        value = json.loads(text)
    except ValueError as error:
        return str(error) or "not JSON"
    return 'it must have one "type", which is "object"' if schema and value.get("type") != "object" else None
