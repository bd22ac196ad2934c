"""Native tools: Python functions beside components, through the same host."""

import json
import re

import pytest
import wasmote
from host_guests import push, refusal
from native_fixtures import call, listed
from wasmote import wasm
from wasmote.host import native
from wasmote.host.entries import Refused

pytest_plugins = ["host_fixtures", "native_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_left_over")


# -- schemas


def test_a_tool_is_listed_with_a_schema_from_its_arguments(host, serve):
    @wasmote.tool(
        "Set a pin.",
        {"title": "Set pin", "idempotent": True, "read_only": False},
        pin=int,
        value="0..1",
        unit=("C", "F"),
        names=[str],
        gain=wasmote.arg("0.5..", "How much", default=1.0),
        raw={"type": "string", "pattern": "x"},
    )
    def set_pin(**arguments):
        return json.dumps(arguments)

    serve()
    (tool,) = host.tools
    assert listed(tool) == {
        "name": "set_pin",
        "title": "Set pin",
        "description": "Set a pin.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "gain": {"type": "number", "minimum": 0.5, "description": "How much", "default": 1.0},
                "names": {"type": "array", "items": {"type": "string"}},
                "pin": {"type": "integer"},
                "raw": {"type": "string", "pattern": "x"},
                "unit": {"type": "string", "enum": ["C", "F"]},
                "value": {"type": "integer", "minimum": 0, "maximum": 1},
            },
            "required": ["names", "pin", "raw", "unit", "value"],
            "additionalProperties": False,
        },
        "annotations": {"readOnlyHint": False, "idempotentHint": True},
    }
    given = {"pin": 3, "value": 1, "unit": "F", "names": ["a"], "raw": "x"}
    (text,), failed = call(host, "set_pin", given)
    assert json.loads(text) == {**given, "gain": 1.0} and not failed


def test_a_bare_decorator_and_a_function_stays_a_function(host, serve):
    @wasmote.tool
    def hello():
        return "hi"

    @wasmote.tool({"name": "other"})
    def again():
        return "hi again"

    serve()
    assert hello() == "hi" and call(host, "hello") == (["hi"], False) and call(host, "other") == (["hi again"], False)
    assert listed(host.tools[0]) == {
        "name": "hello",
        "inputSchema": {"type": "object", "properties": {}, "additionalProperties": False},
    }


@pytest.mark.parametrize("kind, good, bad, says", [
    (int, [0, -5, 2**40], [1.5, "1", True, None, []], "integer"), (float, [1, 1.5], ["1", True], "number"),
    (bool, [True, False], [1, "true"], "boolean"), (str, ["", "é"], [1, None], "string"),
    (list, [[], [1]], [{}, "x"], "array"), (dict, [{}], [[], 1], "object"),
    ("0..1", [0, 1], [2, -1, 0.5, True], "an integer, it is true"), ("..9", [-9, 9], [10], "at most 9, it is 10"),
    ("0.0..1.0", [0, 0.5, 1], [1.01], "at most 1.0, it is 1.01"), ("-5..", [-5, 10**9], [-6], "at least -5, it is -6"),
    (("C", "F"), ["C"], ["K"], '"x" must be one of "C" or "F", it is "K"'), ((0, 1), [0, 1], [True, 2], "one of 0 or 1"),
    ([int], [[], [1, 2]], [["x"], 1], "an array, it is a number"), (["0..1"], [[0, 1]], [[0, 2]], r'"x\[1\]" must be at most 1, it is 2'),
])  # fmt: skip
def test_arguments_are_checked_before_the_function_runs(host, serve, kind, good, bad, says):
    ran = []
    wasmote.tool("d", x=kind)(_keeps(ran))
    serve()
    for value in good:
        assert call(host, "keep", {"x": value})[1] is False
    assert ran == good
    for value in bad:
        (text,), failed = call(host, "keep", {"x": value})
        assert failed and "must be" in text
    assert re.search(says, text) and ran == good


def _keeps(ran):
    def keep(x):
        ran.append(x)

    return keep


def test_missing_and_unknown_arguments(host, serve):
    @wasmote.tool("d", pin="0..7", on=wasmote.arg(bool, default=True))
    def set_pin(pin, on):
        return f"{pin} {on}"

    serve()
    assert call(host, "set_pin", {"pin": 1}) == (["1 True"], False)
    assert call(host, "set_pin")[0][0].startswith('set_pin: "pin" is missing; set_pin takes ')
    (text,), _ = call(host, "set_pin", {"pim": 1})
    assert '"pim" is no argument of it' in text and "pin (integer, 0 to 7)" in text and "on (boolean, optional)" in text


@pytest.mark.parametrize("make, says", [
    (lambda: wasmote.tool(description="Set a pin."), "a description comes first, without a name"),
    (lambda: wasmote.tool("d", x=5), "no kind of argument"), (lambda: wasmote.tool("d", x=()), "no kind of argument"),
    (lambda: wasmote.tool("d", {"tittle": "x"}), "no option tittle: there are name, title, output"),
    (lambda: wasmote.tool("d", 5), "a description and a dict of options"),
    (lambda: wasmote.tool("d", x=wasmote.arg(int, defualt=1)), "not defualt"),
    (lambda: wasmote.prompt("d", x=int), "must be str, or a tuple of str"),
    (lambda: wasmote.resource("board:/{a}{b}"), "with something between two"),
    (lambda: wasmote.resource("board:/{+a}"), "{name} only"),
    (lambda: wasmote.resource(print), "has a URI"),
])  # fmt: skip
def test_what_a_decorator_does_not_take_it_says_at_once(make, says):
    def function(**_):
        return None

    with pytest.raises(ValueError) as caught:
        make()(function)
    assert says in str(caught.value)
    assert native.take() == []


def test_a_default_that_no_call_could_give_is_refused_by_the_host(host, serve):
    wasmote.tool("d", x=wasmote.arg(int, default="a"), y=wasmote.arg(int, default=1))(_keeps([]))
    with pytest.raises(Refused, match='"x" must be an integer, it is a string'):
        serve()


def test_names_are_as_with_components(host, serve):
    with pytest.raises(Refused, match="is no name for a tool"):
        wasmote.tool("d", {"name": "a b"})(lambda: None)


# -- results


def test_long_arguments_come_whole(host, serve):
    @wasmote.tool("The length of a text.", text=str)
    def length(text):
        return str(len(text))

    serve()
    arguments = memoryview(json.dumps({"text": "é" * 3000}).encode())
    assert wasm.drive(host.call_tool("length", arguments)) == (["3000"], False)


@pytest.mark.parametrize("value, content", [
    ("text", ["text"]), (None, []), (5, ["5"]), (True, ["true"]), (b"caf\xc3\xa9", ["café"]), ([], []),
    (["a", 1], ["a", "1"]), (("a", "b"), ["a", "b"]),
])  # fmt: skip
def test_results(host, serve, value, content):
    @wasmote.tool
    def give():
        return value

    serve()
    assert call(host, "give") == (content, False)


def test_a_dict_is_structured_and_a_text(host, serve):
    @wasmote.tool("d", {"output": {"type": "object"}})
    def measure():
        return {"celsius": 21.5}

    serve()
    content, failed = call(host, "measure")
    assert content == ['{"celsius": 21.5}'] and json.loads(content.structured) == {"celsius": 21.5} and not failed
    assert listed(host.tools[0])["outputSchema"] == {"type": "object"} and host.tools[0].structured


def test_images_audio_and_links(host, serve):
    @wasmote.tool
    def show():
        return ["see", wasmote.image(b"\x89PNG"), wasmote.audio(b"RIFF"), wasmote.resource_link("board:/log", "log")]

    serve()
    content, _ = call(host, "show")
    assert content[0] == "see"
    assert [json.loads(block) for block in content[1:]] == [
        {"type": "image", "mimeType": "image/png", "data": "iVBORw=="},
        {"type": "audio", "mimeType": "audio/wav", "data": "UklGRg=="},
        {"type": "resource_link", "uri": "board:/log", "name": "log"},
    ]


@pytest.mark.parametrize("value, says", [
    (object, "what is no JSON"), (float("nan"), "what is no JSON"), ({"a": float("inf")}, "what is no JSON"),
    (b"\xff", "no UTF-8"),
])  # fmt: skip
def test_a_result_that_is_none_is_an_error(host, serve, value, says):
    wasmote.tool("d", {"name": "give"})(lambda: value)
    serve()
    (text,), failed = call(host, "give")
    assert failed and says in text


@pytest.mark.parametrize("error, says", [
    (ValueError("no such pin"), 'tools.py: "breaks" failed: no such pin'), (KeyError("x"), "failed: KeyError: 'x'"),
    (OSError(5), "failed: 5"), (ValueError(), "failed: ValueError: "), (MemoryError("x"), "heap is full"),
    (StopIteration(3), "failed: "), (RecursionError("deep"), "failed: deep"),
])  # fmt: skip
def test_an_exception_is_an_error_of_the_tool(host, serve, error, says):
    @wasmote.tool
    def breaks():
        raise error

    made = serve()
    (text,), failed = call(host, "breaks")
    assert failed and says in text
    assert made.entry()["errors"] == 1


# -- beside components


def test_a_component_whose_tool_has_a_native_name_is_refused(host, serve, thermometer):
    wasmote.tool("d", {"name": "read"})(lambda: "native")
    serve()
    kind, text = refusal(lambda: push(host, "thermometer", thermometer))
    assert kind == "refused" and "its tool read is already there, from the component tools.py" in text
    assert call(host, "read") == (["native"], False)


def test_a_native_tool_with_a_components_name_is_refused(host, serve, thermometer):
    push(host, "thermometer", thermometer)
    wasmote.tool("d", {"name": "read"})(lambda: "native")
    with pytest.raises(Refused, match="its tools? read is already there, from thermometer: rename one of them"):
        serve()


def test_a_name_twice(host, serve):
    for _ in range(2):
        wasmote.tool("d", {"name": "a"})(lambda: "")
    with pytest.raises(Refused, match="the tool a is defined twice"):
        serve()


def test_it_is_listed_with_the_components(host, serve, thermometer):
    wasmote.tool("d", {"name": "hello"})(lambda: "")
    serve()
    push(host, "thermometer", thermometer)
    assert [entry["name"] for entry in host.list()] == ["tools.py", "thermometer"]
    assert host.list()[0] == {
        "name": "tools.py", "native": True, "state": "ready", "calls": 0, "errors": 0, "longestStepMs": 0,
        "tools": ["hello"],
    }  # fmt: skip
    assert [tool.name for tool in host.tools][:2] == ["hello", "read"]


# -- wasmote.Host


def test_a_program_serves_its_own_functions():
    with wasmote.Host() as host:

        @wasmote.tool("Adds.", a=int, b=int)
        def add(a, b):
            return {"sum": a + b}

        server = host.native()
        assert [tool["name"] for tool in server.list_tools()] == ["add"]
        result = server.call_tool("add", {"a": 2, "b": 3})
        assert result["structuredContent"] == {"sum": 5} and not result["isError"]
        server.unload()
        assert server.list_tools() == []
