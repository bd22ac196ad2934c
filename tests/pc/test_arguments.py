"""Arguments as typed: words with the types of the tool's schema, or one JSON object; and what is said about mistakes."""

import pytest
from wasmote.commands.arguments import described, parsed, typed
from wasmote.errors import Misused

SCHEMA = {
    "type": "object",
    "properties": {
        "unit": {"type": "string", "enum": ["C", "F"]},
        "count": {"type": "integer"},
        "scale": {"type": "number"},
        "loud": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "points": {"type": "array", "items": {"type": "integer"}},
        "box": {"type": "object"},
        "note": {"type": ["string", "null"]},
        "any": {},
    },
    "required": ["unit"],
    "additionalProperties": False,
}


def as_typed(*words, schema=SCHEMA):
    return typed(parsed(["unit=C", *words] if schema is SCHEMA else words), schema)


@pytest.mark.parametrize(
    "words, value",
    [
        (["count=-3"], {"count": -3}),
        (["scale=2", "loud=true"], {"scale": 2, "loud": True}),
        (["scale=1e-3"], {"scale": 0.001}),
        (["tags=1", "tags=a=b"], {"tags": ["1", "a=b"]}),
        (['tags=["x", "y"]'], {"tags": ["x", "y"]}),
        (["points=1", "points=2"], {"points": [1, 2]}),
        (['box={"a": [1]}'], {"box": {"a": [1]}}),
        (["note=null"], {"note": None}),
        (["note=5"], {"note": "5"}),
        (["any=5"], {"any": 5}),
        (["any=five"], {"any": "five"}),
        (["any="], {"any": ""}),
        (["any=NaN"], {"any": "NaN"}),
    ],
)
def test_words_get_the_types_of_the_schema(words, value):
    assert as_typed(*words) == {"unit": "C", **value}


def test_a_string_that_looks_like_a_number_stays_a_string():
    assert typed([("unit", "12")], SCHEMA) == {"unit": "12"}


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"properties": None}, {"properties": {"a": True}}])
def test_without_a_schema_json_counts_and_else_text(schema):
    assert typed(parsed(["a=1", "b=x y"]), schema) == {"a": 1, "b": "x y"}


@pytest.mark.parametrize(
    "words, says",
    [
        (["count=1.5"], "count=1.5: it must be an integer"),
        (["count=true"], "it must be an integer"),
        (["loud=yes"], "loud=yes: it must be a boolean"),
        (["speed=1"], 'no argument "speed"; it has: unit, count'),
        (["count=1", "count=2"], "count is given twice"),
        (["F"], '"F" is no argument: arguments are one JSON object'),
        (["=1"], "is no argument"),
    ],
)
def test_a_mistake_says_what_is_right(words, says):
    with pytest.raises(Misused, match=says.replace("(", r"\(")):
        as_typed(*words)


def test_what_is_missing_is_named_with_all_that_there_is():
    with pytest.raises(Misused, match=r"unit is missing: it takes unit=<C\|F> \[count=<integer>\]"):
        typed([("count", "1")], SCHEMA)
    assert described({"properties": {"a": True}, "required": ["a"]}) == "it takes a=<anything>"


@pytest.mark.parametrize("text", ["{unit:F}", "[1]", '{"a": NaN}', "[1"])
def test_what_is_no_object_is_refused(text):
    with pytest.raises(Misused):
        parsed([text])
    assert parsed([' {"a": 1}']) == {"a": 1}
