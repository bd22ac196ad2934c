"""What native functions return, as the answers of a provider (entries.py).

A tool: str is a text; a dict is structured content, and its JSON a text; None is nothing; image(), audio(), resource_link() are
blocks, bytes are a text in UTF-8; a number or a bool is its JSON; a list or tuple has several of these.
A resource: str is text, bytes are a blob, anything else is JSON.
A prompt: a message of the user, or a list of them; ("assistant", what) for one of the assistant.
"""

import binascii
import json

from ..content import object_text
from ..structured import Content

_KINDS = ("image", "audio", "resource_link")


def blocks(result, validate):
    """(content, is_error) of a tool."""
    content = Content()
    for part in result if isinstance(result, (list, tuple)) else (result,):
        if isinstance(part, dict) and part.get("type") not in _KINDS:
            text = _json(part, validate)
            content.structured = text
            content.append(str(text, "utf-8"))
        elif part is not None:
            content.append(_block(part, validate))
    return content, False


def _block(part, validate):
    """A str for a text, or the bytes of a block's JSON."""
    if isinstance(part, str):
        return part
    if isinstance(part, (bytes, bytearray)):
        try:
            return str(part, "utf-8")
        except UnicodeError:
            raise ValueError("its bytes are no UTF-8: return wasmote.image(…) or wasmote.audio(…)")
    if isinstance(part, dict) and part.get("type") in _KINDS:
        part = dict(part)
        if "data" in part:
            part["data"] = _base64(part["data"])
        return _json(part, validate)
    return str(_json(part, validate), "utf-8")


def _json(value, validate):
    try:
        text = json.dumps(value).encode()
    except TypeError:
        text = b""
    if validate(text):  # NaN, an object, a dict whose keys are no strings
        raise ValueError("it returned what is no JSON: %s" % type(value).__name__)
    return text


def contents(result, uri, mime_type, validate):
    """`contents` of resources/read."""
    if isinstance(result, (bytes, bytearray)):
        members = ["uri", uri, "mimeType", mime_type, "blob", _base64(result)]
    elif isinstance(result, str):
        members = ["uri", uri, "mimeType", mime_type, "text", result]
    else:
        text = str(_json(result, validate), "utf-8")
        members = ["uri", uri, "mimeType", mime_type or "application/json", "text", text]
    return [object_text(members).encode()]


def messages(result, validate):
    """`messages` of prompts/get."""
    made = []
    for part in result if isinstance(result, list) else [result]:
        role = "user"
        if isinstance(part, tuple):
            role, part = part
            if role not in ("user", "assistant"):
                raise ValueError('a message is of "user" or "assistant", not %r' % (role,))
        block = _block(part, validate)
        if isinstance(block, str):
            block = object_text(["type", "text", "text", block]).encode()
        made.append(b'{"role":"' + role.encode() + b'","content":' + block + b"}")
    return made


def _base64(data):
    return str(binascii.b2a_base64(data), "ascii").strip()
