"""Tools that guests registered: each a name and the JSON text of its entry in tools/list, ready-made, in the arena."""

import json

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./"
_HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")


class Refused(Exception):
    """A definition that is not taken; the text says why, to the guest's author."""


class Tool:
    """`guest` is who registered it, `json` a view of the arena that lasts until the guest's tools change.

    structured    True if it promises results of a form (outputSchema)
    """

    def __init__(self, guest, name, json, structured):
        self.guest = guest
        self.name = name
        self.json = json
        self.structured = structured


def tool_text(definition, validate):
    """The JSON text of a tool-definition, as pieces of str and bytes. Raises Refused.

    validate(text) -> None if the bytes are one JSON text, else what is wrong
    """
    name, title, description, schema, output_schema, annotations = definition
    if not 0 < len(name) <= 128 or [letter for letter in name if letter not in _LETTERS]:
        raise Refused('"%s" is no name for a tool: 1 to 128 of A-Z a-z 0-9 _ - . /' % name[:64])
    text = ['{"name":"%s"' % name]
    if title is not None:
        text.append(',"title":' + json.dumps(title))
    text.append(',"description":' + json.dumps(description))
    text.append(',"inputSchema":')
    text.append(_object(name, "input-schema", schema, validate))
    if output_schema is not None:
        text.append(',"outputSchema":')
        text.append(_object(name, "output-schema", output_schema, validate))
    if annotations is not None:
        text.append(',"annotations":' + _annotations(annotations))
    text.append("}")
    return text


def keep(text, store):
    """Copies the pieces of a text into the arena, and returns the view of it."""
    text = [piece.encode() if isinstance(piece, str) else piece for piece in text]
    size = sum([len(piece) for piece in text])
    view = store.view(store.alloc(size), size)
    at = 0
    for piece in text:
        view[at : at + len(piece)] = piece
        at += len(piece)
    return view


def _object(name, what, text, validate):
    """A JSON object's text on one line."""
    text = text.strip()
    wrong = "it is no object" if text[:1] != b"{" else validate(text)
    if wrong:
        raise Refused("the %s of the tool %s is no JSON object: %s" % (what, name, _said(wrong)))
    return text.replace(b"\n", b" ").replace(b"\r", b" ")  # only between tokens: JSON has no bare line breaks elsewhere


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


def loosely_json(text):
    """A `validate` for tests and bare hosts: MicroPython's own parser, which lets some nonsense pass."""
    try:
        json.loads(text)
    except ValueError as error:
        return str(error) or "not JSON"
    return None
