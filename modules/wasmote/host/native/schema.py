"""Arguments of native functions: from Python's words to JSON Schema, which Host.doubt checks calls against.

int float str bool list dict    a value of that type
"0..10"  "0.5..1.5"  "0.."      an integer, or (with a point) a number, in these limits
("C", "F")                      one of these
[kind]                          a list of kind
{…}                             JSON Schema as it is
arg(kind, description, default=…)
"""

from . import Argument

_TYPES = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
)


def object_schema(arguments):
    """The JSON Schema of an object with these members and no others. ValueError."""
    properties = {}
    required = []
    for name in sorted(arguments):
        try:
            properties[name] = schema(arguments[name])
        except ValueError as error:
            raise ValueError("%s: %s" % (name, error))
        if "default" not in properties[name]:
            required.append(name)
    made = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        made["required"] = required
    return made


def schema(kind):
    """The JSON Schema for one kind."""
    if isinstance(kind, Argument):
        made = schema(kind.kind)
        made.update(kind.about)
        return made
    if isinstance(kind, dict):
        return dict(kind)
    if isinstance(kind, tuple) and kind:
        made = {"enum": list(kind)}
        for python, json in _TYPES:
            if not [choice for choice in kind if type(choice) is not python]:
                made["type"] = json
        return made
    if isinstance(kind, list) and len(kind) == 1:
        return {"type": "array", "items": schema(kind[0])}
    if isinstance(kind, str):
        return _range(kind)
    for python, json in _TYPES:
        if kind is python:
            return {"type": json}
    raise ValueError(
        "%r is no kind of argument: use int, float, str, bool, list, dict, a tuple of choices, …" % (kind,)
    )


def _range(text):
    low, dots, high = text.partition("..")
    if not dots:
        what = '"%s" is no range like "0..10"; a description comes first, without a name, or in arg(kind, description)'
        raise ValueError(what % text)
    number = float if "." in low + high else int
    made = {"type": "integer" if number is int else "number"}
    if low:
        made["minimum"] = number(low)
    if high:
        made["maximum"] = number(high)
    return made


def fill(properties, given):
    """The arguments of a call (a dict) with the defaults of those that are not given."""
    for name in properties:
        if name not in given and "default" in properties[name]:
            given[name] = properties[name]["default"]
    return given
