# SPDX-License-Identifier: MIT
"""A tool's arguments as typed in a terminal: one JSON object, or words like unit=F whose types its input schema tells."""

import json

from ..errors import Misused

_HINT = 'arguments are one JSON object, like \'{"unit": "F"}\', or words like unit=F'


def parsed(words):
    """A dict of JSON values, or a list of (name, text) that typed() is for."""
    if len(words) == 1 and words[0].lstrip().startswith(("{", "[")):
        try:
            value = json.loads(words[0], parse_constant=_no_constant)
        except ValueError as error:
            raise Misused(f"the arguments are no JSON ({error}): quote them for the shell; {_HINT}") from None
        if not isinstance(value, dict):
            raise Misused(f"the arguments of a tool are a JSON object: {_HINT}")
        return value
    pairs = [word.partition("=") for word in words]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise Misused(f'"{name}" is no argument: {_HINT}')
    return [(name, text) for name, _, text in pairs]


def typed(pairs, schema):
    """The arguments as JSON values. `schema`: the tool's inputSchema. An array gathers the words of one name."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    properties = properties if isinstance(properties, dict) else {}
    arguments = {}
    for name, text in pairs:
        if name not in properties and schema.get("additionalProperties") is False:
            raise Misused(f'the tool has no argument "{name}"; it has: {", ".join(properties) or "none"}')
        one = properties.get(name)
        one = one if isinstance(one, dict) else {}
        if _kinds(one) == ["array"] and not text.startswith("["):
            items = one.get("items") if isinstance(one.get("items"), dict) else {}
            arguments.setdefault(name, []).append(_value(name, text, items))
        elif name in arguments:
            raise Misused(f"{name} is given twice")
        else:
            arguments[name] = _value(name, text, one)
    if missing := [name for name in schema.get("required", ()) if name not in arguments]:
        raise Misused(f"{', '.join(missing)} is missing: {described(schema)}")
    return arguments


def unknown(pairs, schema):
    """Names that a schema allows but does not know: typing errors, most of them."""
    properties = schema.get("properties")
    if (
        not isinstance(properties, dict)
        or schema.get("additionalProperties", True) is not True
        or "patternProperties" in schema
    ):
        return []
    return [name for name, _ in pairs if name not in properties]


def described(schema):
    """The arguments of a tool in one line, for people."""
    required = schema.get("required", ())
    properties = schema.get("properties") or {}
    words = [f"{name}=<{_says(one)}>" for name, one in properties.items()]
    return "it takes " + " ".join(
        word if name in required else f"[{word}]" for name, word in zip(properties, words, strict=True)
    )


def _says(one):
    if not isinstance(one, dict):
        return "anything"
    if "enum" in one:
        return "|".join(str(choice) for choice in one["enum"])
    return " or ".join(_kinds(one)) or "anything"


def _kinds(one):
    kinds = one.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _value(name, text, one):
    """Text as the first of the schema's types that it can be; what has no type is JSON, or else a string."""
    kinds = _kinds(one)
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except ValueError:
        value = text
    if not kinds:
        return value
    for kind in sorted(kinds, key=lambda kind: kind == "string"):
        if kind == "string":
            return text
        if _is(value, kind):
            return value
    kind = " or ".join(kinds)
    raise Misused(f"{name}={text}: it must be {'an' if kind[:1] in 'aeio' else 'a'} {kind}")


def _no_constant(name):
    raise ValueError(f"{name} is no JSON")


def _is(value, kind):
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer":
        return isinstance(value, int)
    if kind == "number":
        return isinstance(value, (int, float))
    return isinstance(value, {"object": dict, "array": list, "null": type(None)}.get(kind, ()))
