"""Requests and replies of sampling/createMessage, as values of wasmote:mcp/sampling."""

import binascii
import json

from ..entries import loads
from . import json_object

_ROLES = ("user", "assistant")
_TEXT = 0
_OTHER = 3
_TYPES = ("text", "image", "audio")
_PRIORITIES = ("costPriority", "speedPriority", "intelligencePriority")


def params(request, validate):
    """The JSON text of the request's params. ValueError says what is wrong with it.

    A message of several blocks becomes several messages of its role: before 2025-11-25 a message has one block.
    """
    messages, max_tokens, system_prompt, temperature, stop_sequences, preferences = request
    text = [b'{"messages":[']
    comma = b""
    for role, content in messages:
        for case, value in content:
            text.append(comma + b'{"role":"' + _ROLES[role].encode() + b'","content":')
            text.append(_block(case, value, validate))
            text.append(b"}")
            comma = b","
    text.append(('],"maxTokens":%d' % max_tokens).encode())
    if system_prompt is not None:
        text.append((',"systemPrompt":' + json.dumps(system_prompt)).encode())
    if temperature is not None:
        text.append((',"temperature":' + _number("temperature", temperature, 1000000)).encode())
    if stop_sequences:
        text.append((',"stopSequences":' + json.dumps(stop_sequences)).encode())
    if preferences is not None:
        text.append((',"modelPreferences":' + _preferences(*preferences)).encode())
    text.append(b"}")
    return b"".join(text)


def _block(case, value, validate):
    if case == _TEXT:
        return ('{"type":"text","text":%s}' % json.dumps(value)).encode()
    if case == _OTHER:
        text = json_object(value, validate)
        if text is None:
            raise ValueError("a block of another kind must be the JSON text of an object")
        return text
    data, mime_type = value
    text = '{"type":"%s","mimeType":%s,"data":"' % (_TYPES[case], json.dumps(mime_type))
    return text.encode() + binascii.b2a_base64(data).strip() + b'"}'


def _number(what, value, most):
    if not 0 <= value <= most:  # NaN, too
        raise ValueError("the %s must be a number from 0 to %d" % (what, most))
    return "%.6g" % value


def _preferences(hints, *priorities):
    parts = []
    if hints:
        parts.append('"hints":[%s]' % ",".join(['{"name":%s}' % json.dumps(hint) for hint in hints]))
    for i in range(3):
        if priorities[i] is not None:
            parts.append('"%s":%s' % (_PRIORITIES[i], _number(_PRIORITIES[i], priorities[i], 1)))
    return "{%s}" % ",".join(parts)


def reply(text):
    """A reply, from the JSON text of the request's result. ValueError or the like if it is none."""
    result = loads(text)
    content = result["content"]
    blocks = [_value(block) for block in (content if isinstance(content, list) else [content])]
    stop = result.get("stopReason")
    return _ROLES.index(result["role"]), blocks, _string(result["model"]), None if stop is None else _string(stop)


def _value(block):
    kind = block["type"]
    if kind == "text":
        return _TEXT, _string(block["text"])
    if kind in _TYPES:
        return _TYPES.index(kind), (binascii.a2b_base64(block["data"]), _string(block["mimeType"]))
    return _OTHER, json.dumps(block).encode()


def _string(value):
    if not isinstance(value, str):
        raise ValueError
    return value
