"""Arguments of native functions: from Python's words to JSON Schema, and values checked against it.

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
    """The JSON Schema of an object with these members. ValueError."""
    properties = {}
    required = []
    for name in sorted(arguments):
        try:
            properties[name] = schema(arguments[name])
        except ValueError as error:
            raise ValueError("%s: %s" % (name, error))
        if "default" not in properties[name]:
            required.append(name)
    made = {"type": "object", "properties": properties}
    if required:
        made["required"] = required
    return made


def schema(kind):
    """The JSON Schema for one kind."""
    if isinstance(kind, Argument):
        made = schema(kind.kind)
        made.update(kind.about)
        if "default" in made:
            check("its default", made["default"], made)
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


def fill(schema, given):
    """The arguments of a call: `given` (a dict) checked, defaults filled in. ValueError says what is wrong."""
    properties = schema["properties"]
    for name in given:
        if name not in properties:
            there = ", ".join(sorted(properties)) or "none"
            raise ValueError('there is no argument "%s"; there are: %s' % (name, there))
    filled = {}
    for name in properties:
        about = properties[name]
        if name in given:
            check(name, given[name], about)
            filled[name] = given[name]
        elif "default" in about:
            filled[name] = about["default"]
        else:
            raise ValueError("%s is missing: it must be %s" % (name, _says(about)))
    return filled


def check(name, value, schema):
    """ValueError if the value does not fit."""
    if "enum" in schema and value not in schema["enum"] or not _is(value, schema.get("type")):
        raise ValueError("%s must be %s" % (name, _says(schema)))
    if "minimum" in schema and value < schema["minimum"] or "maximum" in schema and value > schema["maximum"]:
        raise ValueError("%s must be %s" % (name, _says(schema)))
    if "items" in schema:
        for i in range(len(value)):
            check("%s[%d]" % (name, i), value[i], schema["items"])


def _is(value, type_name):
    if type_name == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    for python, json in _TYPES:
        if json == type_name:
            return isinstance(value, python) and (python is bool or not isinstance(value, bool))
    return True


def _says(schema):
    if "enum" in schema:
        return "one of " + ", ".join([repr(choice) for choice in schema["enum"]])
    text = schema.get("type", "a value of its schema")
    low = schema.get("minimum")
    high = schema.get("maximum")
    if low is not None or high is not None:
        text += " from %s" % low if low is not None else ""
        text += " to %s" % high if high is not None else ""
    if "items" in schema:
        text += " of " + _says(schema["items"])
    return text
