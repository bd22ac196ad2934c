"""Input schemas: what is refused before a tool runs, in which words; jsonschema (Draft 2020-12) is the oracle."""

import json
import re
import subprocess
from decimal import Decimal

import pytest
from conftest import MICROPYTHON, ROOT, needs_micropython
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, validators
from wasmote.jsonrpc import fits
from wasmote.jsonrpc.fits import LEVELS
from wasmote.jsonrpc.schema import wrong
from wasmote.wasm import drive

KEYWORDS = [
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "items",
    "properties",
    "required",
    "additionalProperties",
]
LET_THROUGH = ("patternProperties", "prefixItems", "$ref")  # known, as they say what others mean


def why(schema, arguments, name="add"):
    """What is wrong with arguments (a value or bytes), None if nothing is."""
    texts = [text if isinstance(text, bytes) else json.dumps(text).encode() for text in (schema, arguments)]
    return drive(wrong(name, *texts))


# The oracle. Numbers are exact, and arguments are only what JSON can say.


def _is_integer(checker, value):
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool) and value == int(value)


ORACLE = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)


def read(text):
    return json.loads(text, parse_float=Decimal)


def is_valid(schema, arguments):
    return ORACLE(read(schema)).is_valid(read(arguments))


NAMES = ["a", "b", "é", 'q"', "", "items"]
TYPES = ["integer", "number", "string", "boolean", "object", "array", "null"]
numbers = st.sampled_from(
    [
        "0",
        "-0",
        "1",
        "-1",
        "2",
        "7",
        "10",
        "100",
        "1.0",
        "1.5",
        "-0.5",
        "0.1",
        "0.10",
        "1e0",
        "1E+1",
        "10e-1",
        "100e-2",
        "15e-1",
        "1e400",
        "-1e400",
        "1e-400",
        "99999999999999999999",
    ]
)
strings = st.sampled_from(
    ['""', '"a"', '"ab"', '"\\u0061"', '"é"', '"\\u00e9x"', '"\\ud83d\\ude00"', '"😀"', '"\\n\\""']
)
scalars = st.sampled_from(["null", "true", "false"]) | numbers | strings


def array_text(items):
    return "[" + ",".join(items) + "]"


def object_text(pairs):
    return (
        "{"
        + " ,".join(f"{json.dumps(name, ensure_ascii=len(name) % 2 == 0)}: {value}" for name, value in pairs.items())
        + "}"
    )


values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4).map(array_text)
        | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4).map(object_text)
    ),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from(NAMES), values, max_size=5).map(object_text)
sizes = st.sampled_from(["0", "1", "2", "3", "2.0", "1e0"])


def schemas(levels):
    """Texts of schemas, of what is checked and of some that is let through."""
    inner = schemas(levels - 1) if levels else st.sampled_from(["{}", "true", "false"])
    keywords = {
        "type": st.sampled_from(TYPES).map(json.dumps)
        | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True).map(json.dumps),
        "enum": st.lists(scalars, min_size=1, max_size=3).map(array_text),
        "const": scalars,
        **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), numbers),
        **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), sizes),
        "items": inner,
        "properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=4).map(object_text),
        "required": st.lists(st.sampled_from(NAMES), max_size=3, unique=True).map(json.dumps),
        "additionalProperties": inner,
        "title": st.just('"type"'),
        "default": scalars,
    }
    made = st.fixed_dictionaries({}, optional=keywords).map(object_text)
    return made if levels == 2 else made | st.sampled_from(["true", "false", "{}"])


@given(schemas(2), objects)
@example('{"maximum":0.1,"properties":{"a":{"maximum":0.1}}}', '{"a":0.1000000000000000000000001}')
@example('{"properties":{"a":{"type":"integer"}}}', '{"a":1e400}')
@settings(max_examples=300)
def test_agrees_with_jsonschema_on_what_it_checks(schema, arguments):
    assert (why(schema.encode(), arguments.encode()) is None) == is_valid(schema, arguments)


OTHERS = {
    "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
    "anyOf": [{"type": "array"}],
    "allOf": [{"minProperties": 9}],
    "not": {},
    "pattern": "^x",
    "format": "date",
    "multipleOf": 7,
    "uniqueItems": True,
    "dependentRequired": {"a": ["zzz"]},
    "if": True,
    "then": False,
    "propertyNames": False,
    "minProperties": 100,
    "contains": False,
    "$defs": {"a": False},
    "prefixItems": [{"type": "null"}],
    "patternProperties": {"^.": {"type": "null"}},
    "unevaluatedProperties": False,
    "x-own": 1,
}


@given(schemas(1), st.dictionaries(st.sampled_from(sorted(OTHERS)), st.none(), max_size=4), objects)
@settings(max_examples=150)
def test_what_is_not_checked_lets_through_and_never_refuses(schema, others, arguments):
    """With keywords beside it that it does not know: what it refuses, the oracle refuses."""
    more = object_text({name: json.dumps(OTHERS[name]) for name in others})[1:]
    whole = schema if schema[0] != "{" else schema[:-1] + ("," if len(schema) > 2 and others else "") + more
    if why(whole.encode(), arguments.encode()) is not None:
        assert not is_valid(whole, arguments)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/x", "type": "string", "required": ["q"]},
        {"type": "any"},
        {"type": ["object", "thing"], "properties": {"a": {"type": 5}}},
        {
            "type": 5,
            "enum": {},
            "properties": [],
            "required": {},
            "minimum": "1",
            "items": 5,
            "additionalProperties": 3,
        },
        {"properties": {"a": {"minimum": True, "exclusiveMaximum": None, "enum": "x"}}},
        b'{"required":["zzz"],"required":["a"]}',
        b'{"properties":{"a":{"type":"null","type":"string"}}}',
        {"required": [1, None]},
        b'{"required":["\\ud800"]}',
        {"const": {"b": 1}},
        {"properties": {"a": {"enum": [5]}, "o": {"const": {"x": 2}}, "l": {"enum": [[1], {}]}}},
        True,
    ],
)
def test_schemas_that_are_broken_or_beyond_it_let_everything_through(schema):
    assert why(schema, {"a": 5, "o": {"x": 1}, "l": [2]}) is None


def test_a_lone_surrogate_is_no_other_string():
    schema = b'{"properties":{"a":{"enum":["C","\\ud801"]}}}'
    assert "must be one of" in why(schema, b'{"a":"\\ud800"}')
    assert why(schema, b'{"a":"\\ud801"}') is why(schema, b'{"a":"C"}') is None


def nested(levels, inner):
    for _ in range(levels):
        inner = {"properties": {"o": inner}}
    return inner


def test_looks_into_a_bounded_number_of_levels():
    for levels, looked in ((LEVELS - 1, True), (LEVELS, False)):
        arguments = json.loads('{"o":' * levels + "1" + "}" * levels)
        assert (why(nested(levels, {"type": "string"}), arguments) is not None) == looked


# Words

READ = {
    "type": "object",
    "properties": {
        "unit": {"type": "string", "enum": ["C", "F", "K"], "description": "x"},
        "pin": {"type": "integer", "minimum": 0, "maximum": 28},
        "gain": {"type": "number", "exclusiveMinimum": 0},
        "label": {"type": ["string", "null"], "minLength": 1, "maxLength": 3},
        "list": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2},
        "led": {
            "type": "object",
            "properties": {"on": {"type": "boolean"}},
            "additionalProperties": False,
            "required": ["on"],
        },
        "mode": {"const": "fast"},
        "any": {},
    },
    "required": ["unit", "pin"],
    "additionalProperties": False,
}
TAKES = (
    '; read takes unit ("C", "F" or "K"), pin (integer, 0 to 28), gain (number, more than 0, optional), '
    'label (string or null, optional), list (array, optional), led (object, optional), mode ("fast", optional), any (optional)'
)


@pytest.mark.parametrize(
    "given, says",
    [
        ({}, '"unit" is missing; "pin" is missing'),
        ({"unit": "X"}, '"pin" is missing; "unit" must be one of "C", "F" or "K", it is "X"'),
        ({"unit": 5}, '"pin" is missing; "unit" must be a string, it is a number (5)'),
        ({"pin": "two"}, '"pin" must be an integer, it is a string ("two")'),
        ({"pin": 1.5}, '"pin" must be an integer, it is a number (1.5)'),
        ({"pin": True}, '"pin" must be an integer, it is true'),
        ({"pin": None}, '"pin" must be an integer, it is null'),
        ({"pin": {}}, '"pin" must be an integer, it is an object'),
        ({"pin": -1}, '"pin" must be at least 0, it is -1'),
        ({"pin": 29}, '"pin" must be at most 28, it is 29'),
        ({"gain": 0}, '"gain" must be more than 0, it is 0'),
        ({"label": []}, '"label" must be a string or null, it is an array'),
        ({"label": ""}, '"label" must have at least 1 character, it has 0'),
        ({"label": "€€😀x"}, '"label" must have at most 3 characters, it has 4'),
        ({"list": []}, '"list" must have at least 1 item, it has 0'),
        ({"list": [1, "x", 3]}, '"list[1]" must be an integer, it is a string ("x"); "list" must have at most 2 items, it has 3'),
        ({"led": {}}, '"led.on" is missing'),
        ({"led": {"on": 1, "of": 2}}, '"led.on" must be true or false, it is a number (1); "led.of" is no member of "led"'),
        ({"mode": "slow"}, '"mode" must be "fast", it is "slow"'),
        ({"pan": 1}, '"pan" is no argument of it'),
        ({"pin": "é" * 40}, '"pin" must be an integer, it is a string ("' + "é" * 19 + "…)"),
    ],
)  # fmt: skip
def test_says_what_is_wrong_and_what_would_be_right(given, says):
    if "missing" not in says or "led" in says:
        given = {"unit": "C", "pin": 1, **given}
    given = json.dumps(given, ensure_ascii=False).encode()
    assert why(READ, given, "read") == "read: " + says + TAKES


def test_all_that_is_wrong_is_said_up_to_five():
    text = why(READ, {"unit": 1, "pin": "x", "gain": "x", "label": 5, "mode": 1, "list": 1, "zz": 1}, "read")
    assert [part.split(" ")[0] for part in text[6:].split("; ")] == [
        '"unit"',
        '"pin"',
        '"gain"',
        '"label"',
        '"list"',
        "read",
    ]


def test_a_name_that_the_schema_knows_stands_once():
    assert why(READ, b'{"unit":"C","pin":1,"p\\u0069n":2}', "read") == 'read: "pin" is there twice' + TAKES
    assert why({"properties": {"a": {}}}, b'{"x":1,"x":2}') is None


def test_what_a_tool_takes_is_not_told_without_end():
    many = {"properties": {f"argument_{i}": {"enum": ["x" * 99] * 9} for i in range(50)}, "required": ["y" * 300, "z"]}
    text = why(many, {"argument_3": 1})
    assert len(text) < 2000 and text.endswith(", …")
    assert (
        why({"additionalProperties": False, "properties": {}}, {"a": 1})
        == 'add: "a" is no argument of it; add takes no arguments'
    )
    assert why({"required": ["a"]}, {}) == 'add: "a" is missing'
    assert why({"properties": {"a": False}}, {"a": 1}) == 'add: "a" is not allowed; add takes a (optional)'


def test_much_to_look_at_is_looked_at_in_turns():
    steps = wrong(
        "t", b'{"properties":{"a":{"items":{"type":"integer"}}}}', json.dumps({"a": [1] * 5000 + ["x"]}).encode()
    )
    turns = 0
    try:
        while True:
            next(steps)
            turns += 1
    except StopIteration as stop:
        assert "a[5000]" in stop.value and turns > 100


# The quick half


def hashed(keyword):
    word = 0
    for byte in keyword.encode():
        word = (31 * word + byte) & 0xFFFF
    return word


def test_keywords_are_known_by_their_hashes():
    source = (ROOT / "modules/wasmote/jsonrpc/fits_viper.py").read_text()
    written = {name: int(number) for name, number in re.findall(r"^_([A-Z_]+) = const\((\d+)\)$", source, re.M)}
    for keyword in (*KEYWORDS, *LET_THROUGH):
        name = re.sub("([A-Z])", r"_\1", keyword.strip("$")).upper()
        assert written[name] == hashed(keyword), keyword
    assert sum(number < 1 << 16 for number in written.values()) == len(KEYWORDS) + len(LET_THROUGH)
    for keyword in {
        *OTHERS,
        *Draft202012Validator.VALIDATORS,
        *["title", "default", "format", "$id", "$schema", "description"],
    }:
        assert keyword in (*KEYWORDS, *LET_THROUGH) or hashed(keyword) not in written.values(), keyword


TWIN = """
import sys
sys.path.insert(0, sys.argv[1])
from wasmote.jsonrpc.fits import sure
from wasmote.jsonrpc.schema import wrong
with open(sys.argv[2], "rb") as file:
    for line in file:
        schema, arguments = [bytes.fromhex(text.decode()) for text in line.split()]
        steps = wrong("t", schema, arguments)
        while True:
            try:
                next(steps)
            except StopIteration as stop:
                why = stop.value
                break
        print(int(sure(schema, 0, arguments, 0)), int(why is None))
"""


@needs_micropython
def test_the_quick_half_is_sure_of_nothing_that_is_wrong(tmp_path):
    corpus = {}

    @given(schemas(2) | schemas(1).filter(lambda text: text[0] == "{"), objects)
    @settings(max_examples=400, database=None)
    def collect(schema, arguments):
        corpus[schema, arguments] = is_valid(schema, arguments)

    collect()
    usual = (
        json.dumps(READ),
        '{"unit":"K","pin":28,"gain":0.25,"label":"abc","list":[1,-2],"led":{"on":true}, "mode":"fast"}',
    )
    corpus[usual] = True
    (tmp_path / "cases").write_text("".join(f"{a.encode().hex()} {b.encode().hex()}\n" for a, b in corpus))
    (tmp_path / "twin.py").write_text(TWIN)
    command = [MICROPYTHON, "-X", "heapsize=4M", tmp_path / "twin.py", ROOT / "modules", tmp_path / "cases"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, ""), run.stdout[-500:] + run.stderr
    answers = [tuple(map(int, line.split())) for line in run.stdout.splitlines()]
    assert len(answers) == len(corpus)
    for (case, valid), (sure, fitting) in zip(corpus.items(), answers, strict=True):
        assert fitting == valid, case
        assert valid or not sure, case
    assert answers[-1] == (1, 1)
    assert sum(sure for sure, _ in answers) > 0.5 * sum(fitting for _, fitting in answers), "it is sure of the usual"


def test_without_viper_nothing_is_sure_and_a_doubt_is_settled_all_the_same():
    tool = b'{"name":"t","inputSchema":{"type":"object","required":["a"]}}'
    assert drive(fits.doubt("t", memoryview(tool), b'{"a":1}')) is None
    assert drive(fits.doubt("t", memoryview(tool), b"{}")) == 't: "a" is missing'
    assert fits.doubt("t", b'{"name":"t"}', b"{}") is None
