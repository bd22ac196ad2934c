"""Native tools, resources and prompts: Python functions beside components, through the same host."""

import json
import re
import sys

import pytest
import wasmote
from host_guests import push, refusal, together
from wasmote.host import HostError, native
from wasmote.host.entries import Refused
from wasmote.host.native import provider as provider_module
from wasmote.host.native.provider import Native
from wasmote.host.questions import ANSWERED, FORM, NO_ANSWER, REFUSED, ROOTS, SAMPLING, UNSUPPORTED, URL
from wasmote.wasm import drive

pytest_plugins = ["host_fixtures"]


@pytest.fixture(autouse=True)
def nothing_left_over():
    native.take()
    yield
    native.take()


@pytest.fixture
def serve(host):
    """Has the host serve what was decorated so far."""

    def take(name="tools.py"):
        made = Native(host, name, native.take())
        host.serve(made)
        return made

    return take


def call(host, tool, arguments=None, notify=None):
    """(content, is_error)"""
    return drive(host.call_tool(tool, json.dumps(arguments or {}).encode(), b"1" if notify else None, notify))


def listed(entry):
    return json.loads(bytes(entry.json))


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
    assert listed(host.tools[0]) == {"name": "hello", "inputSchema": {"type": "object", "properties": {}}}


@pytest.mark.parametrize("kind, good, bad, says", [
    (int, [0, -5, 2**40], [1.5, "1", True, None, []], "integer"), (float, [1, 1.5], ["1", True], "number"),
    (bool, [True, False], [1, "true"], "boolean"), (str, ["", "é"], [1, None], "string"),
    (list, [[], [1]], [{}, "x"], "array"), (dict, [{}], [[], 1], "object"),
    ("0..1", [0, 1], [2, -1, 0.5, True], "integer from 0 to 1"), ("..9", [-9, 9], [10], "integer to 9"),
    ("0.0..1.0", [0, 0.5, 1], [1.01], "number from 0.0 to 1.0"), ("-5..", [-5, 10**9], [-6], "integer from -5"),
    (("C", "F"), ["C"], ["K", 1], "one of 'C', 'F'"), ((0, 1), [0, 1], [True, 2], "one of 0, 1"),
    ([int], [[], [1, 2]], [["x"], 1], "integer"), (["0..1"], [[0, 1]], [[0, 2]], r"x\[1\] must be integer from 0 to 1"),
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
    assert "pin is missing: it must be integer from 0 to 7" in call(host, "set_pin")[0][0]
    assert 'no argument "pim"; there are: on, pin' in call(host, "set_pin", {"pim": 1})[0][0]


@pytest.mark.parametrize("make, says", [
    (lambda: wasmote.tool(description="Set a pin."), "a description comes first, without a name"),
    (lambda: wasmote.tool("d", x=5), "no kind of argument"), (lambda: wasmote.tool("d", x=()), "no kind of argument"),
    (lambda: wasmote.tool("d", x=wasmote.arg(int, default="a")), "its default must be integer"),
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


def test_names_are_as_with_components(host, serve):
    with pytest.raises(Refused, match="is no name for a tool"):
        wasmote.tool("d", {"name": "a b"})(lambda: None)


# -- results


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


# -- generators


def test_a_generator_lets_others_run(host, serve):
    order = []

    @wasmote.tool("d", n=int)
    def count(n):
        for i in range(3):
            order.append((n, i))
            yield
        return n

    serve()
    calls = [host.call_tool("count", b'{"n":%d}' % n) for n in (1, 2)]
    assert together(*calls) == [(["1"], False), (["2"], False)]
    assert order == [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2), (2, 2)]


@pytest.fixture
def clock(monkeypatch):
    now = [0]
    monkeypatch.setattr(provider_module, "ticks_ms", lambda: now[0])
    return now


def test_a_number_is_a_time_to_wait(host, serve, clock):
    @wasmote.tool
    def blink():
        yield 100
        return "done"

    serve()
    steps = host.call_tool("blink", b"{}")
    for at in range(0, 100, 10):
        clock[0] = at
        next(steps)
    clock[0] = 100
    with pytest.raises(StopIteration) as stop:
        next(steps)
    assert stop.value.value == (["done"], False)


def test_a_generator_ends_at_its_time_limit(host, serve, clock):
    closed = []

    @wasmote.tool("d", {"timeout_ms": 500})
    def spin():
        try:
            while True:
                yield
        finally:
            closed.append(True)

    serve()
    steps = host.call_tool("spin", b"{}")
    next(steps)
    clock[0] = 500
    with pytest.raises(StopIteration) as stop:
        next(steps)
        next(steps)
    assert stop.value.value == (['tools.py: "spin" was stopped after 500 ms, its time limit'], True)
    assert closed == [True]


def test_a_cancelled_call_closes_its_generator(host, serve):
    closed = []

    @wasmote.tool
    def spin():
        try:
            while True:
                yield
        finally:
            closed.append(True)

    serve()
    steps = host.call_tool("spin", b"{}")
    next(steps)
    steps.close()
    assert closed == [True]


def test_an_ended_provider_ends_its_calls(host, serve):
    @wasmote.tool
    def spin():
        while True:
            yield

    made = serve()
    steps = host.call_tool("spin", b"{}")
    next(steps)
    made.end("was ended: the board shuts down")
    assert drive(steps) == (['tools.py: "spin" was ended: the board shuts down'], True)
    assert list(host.tools) == []


def test_how_long_a_function_held_the_board_is_told(host, serve, clock):
    @wasmote.tool
    def slow():
        clock[0] += 1234
        return ""

    made = serve()
    call(host, "slow")
    assert made.entry()["longestStepMs"] == 1234


def test_progress_and_logs_go_where_those_of_guests_go(host, serve):
    @wasmote.tool
    def work():
        wasmote.progress(1, 2)
        wasmote.log("warning", "hot", {"celsius": 90})
        yield
        wasmote.progress(2, 2)

    serve()
    heard = []
    call(host, "work", notify=lambda *what: heard.append(what))
    assert heard == [("progress", 1, 2), ("log", "warning", "tools.py", "hot", b'{"celsius": 90}'), ("progress", 2, 2)]
    heard.clear()
    drive(host.call_tool("work", b"{}", None, lambda *what: heard.append(what)))  # nobody wants progress
    assert [what[0] for what in heard] == ["log"]
    wasmote.log("info", "outside of calls nothing is heard")


def test_a_wrong_level_is_an_error(host, serve):
    wasmote.tool("d", {"name": "work"})(lambda: wasmote.log("loud", "x"))
    serve()
    assert "no log level loud: there are debug" in call(host, "work")[0][0]


# -- asking


class Client:
    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def __call__(self, kind, *values):
        if kind == "ask":
            self.asked.append([(key, what, json.loads(params)) for key, what, params in values[0]])
            return self._answer(len(values[0]))
        return None

    def _answer(self, count):
        yield
        return [self.answers.pop(0) for _ in range(count)]


def test_a_generator_asks_the_client(host, serve, clock):
    @wasmote.tool
    def ask():
        clock[0] += 10_000
        filled = yield wasmote.form("who", "Who?", name=str, age=wasmote.arg("0..", default=1))
        open_, said, folders = yield [
            wasmote.page("login", "Go", "https://example.com"),
            wasmote.sample("line", "Say hi", max_tokens=9, system="Be brief"),
            wasmote.roots(),
        ]
        return json.dumps([filled, open_, said, folders])

    serve()
    said = {
        "role": "assistant",
        "content": [{"type": "text", "text": "h"}, {"type": "text", "text": "i"}],
        "model": "m",
    }
    client = Client(
        (ANSWERED, ("accept", b'{"name":"Ada"}')), (ANSWERED, ("decline", b"{}")), (ANSWERED, json.dumps(said).encode()),
        (ANSWERED, b'{"roots":[{"uri":"file:///a"}]}'),
    )  # fmt: skip
    (text,), failed = call(host, "ask", notify=client)
    assert json.loads(text) == [{"name": "Ada"}, False, "hi", [["file:///a", None]]] and not failed
    ((form,), rest) = client.asked
    assert form[:2] == ("who", FORM) and form[2]["requestedSchema"]["required"] == ["name"]
    assert [(key, what) for key, what, _ in rest] == [("login", URL), ("line", SAMPLING), ("roots", ROOTS)]
    message = {"role": "user", "content": {"type": "text", "text": "Say hi"}}
    assert rest[1][2] == {"messages": [message], "maxTokens": 9, "systemPrompt": "Be brief"}


@pytest.mark.parametrize("answer, says", [
    ((UNSUPPORTED, "it cannot"), "it cannot"), ((NO_ANSWER, "it is gone"), "it is gone"),
    ((REFUSED, b'{"message":"no"}'), "the client refused: no"), ((REFUSED, b"{}"), "the client refused"),
    ((ANSWERED, b"{}"), "something else than it was asked"),
])  # fmt: skip
def test_without_an_answer_the_generator_hears_why(host, serve, answer, says):
    @wasmote.tool
    def ask():
        try:
            yield wasmote.roots()
        except wasmote.Unanswered as error:
            return f"caught: {error}"

    @wasmote.tool
    def careless():
        yield wasmote.roots()

    serve()
    (text,), failed = call(host, "ask", notify=Client(answer))
    assert text.startswith("caught: ") and says in text and not failed
    (text,), failed = call(host, "careless", notify=Client(answer))
    assert failed and says in text
    assert "there is no client to ask" in call(host, "careless")[0][0]


def test_the_users_time_is_not_the_tools(host, serve, clock):
    @wasmote.tool("d", {"timeout_ms": 1000})
    def ask():
        yield wasmote.roots()
        yield
        return "in time"

    serve()

    class Slow(Client):
        def _answer(self, count):
            clock[0] += 60_000
            return super()._answer(count)

    assert call(host, "ask", notify=Slow((ANSWERED, b'{"roots":[]}'))) == (["in time"], False)


def test_what_is_no_question_is_an_error(host, serve):
    @wasmote.tool
    def ask():
        yield "what?"

    serve()
    assert "a number of milliseconds, or what wasmote.form" in call(host, "ask", notify=Client())[0][0]


# -- resources


def read(host, uri):
    return [json.loads(text) for text in drive(host.read_resource(uri))]


def test_resources(host, serve):
    @wasmote.resource("board:/name", "Its name.", {"mime_type": "text/plain"})
    def name():
        return "QEMU"

    @wasmote.resource("board:/raw", {"name": "Raw bytes"})
    def raw():
        yield
        return b"\x00\xff"

    @wasmote.resource("board:/facts")
    def facts():
        return {"ram": 256}

    serve()
    assert listed(host.resources[0]) == {
        "uri": "board:/name", "name": "name", "description": "Its name.", "mimeType": "text/plain",
    }  # fmt: skip
    assert [entry.name for entry in host.resources] == ["board:/name", "board:/raw", "board:/facts"]
    assert read(host, "board:/name") == [{"uri": "board:/name", "mimeType": "text/plain", "text": "QEMU"}]
    assert read(host, "board:/raw") == [{"uri": "board:/raw", "blob": "AP8="}]
    assert read(host, "board:/facts") == [
        {"uri": "board:/facts", "mimeType": "application/json", "text": '{"ram": 256}'}
    ]


def test_a_template_gives_what_stands_in_the_uri(host, serve):
    @wasmote.resource("log:/{day}/{hour}.txt", "A log.")
    def log(day, hour):
        return f"{day} {hour}"

    @wasmote.resource("pin:/{n}")
    def pin(n):
        if not n.isdigit():
            raise ValueError("there is no pin " + n)
        return n

    serve()
    assert [entry.name for entry in host.templates] == ["log:/{day}/{hour}.txt", "pin:/{n}"]
    assert read(host, "log:/mon/a.txt.txt")[0]["text"] == "mon a.txt"
    assert read(host, "pin:/%31%32")[0]["text"] == "12"
    with pytest.raises(HostError, match='tools.py: read-resource "pin:/x" failed: there is no pin x'):
        read(host, "pin:/x")
    with pytest.raises(HostError, match="no resource"):
        read(host, "pin:/1/2")


def test_a_change_of_a_resource_is_told(host, serve):
    told = []
    host.on_updated = told.append

    @wasmote.tool
    def set():
        wasmote.changed("board:/x")

    serve()
    call(host, "set")
    assert told == ["board:/x"]


# -- prompts


def test_prompts(host, serve):
    @wasmote.prompt("Explain.", style=("short", "long"), about=wasmote.arg(str, "What of", default="all"))
    def explain(style, about):
        return f"Explain {about}, {style}."

    @wasmote.prompt
    def chat():
        return ["Hi", ("assistant", "Hello"), ("user", wasmote.image(b"\x89PNG"))]

    serve()
    assert listed(host.prompts[0]) == {
        "name": "explain",
        "description": "Explain.",
        "arguments": [
            {"name": "about", "description": "What of", "required": False},
            {"name": "style", "required": True},
        ],
    }
    (message,) = drive(host.get_prompt("explain", b'{"style":"long"}'))
    assert json.loads(message) == {"role": "user", "content": {"type": "text", "text": "Explain all, long."}}
    messages = [json.loads(message) for message in drive(host.get_prompt("chat"))]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert messages[2]["content"]["type"] == "image"
    with pytest.raises(HostError, match="style must be one of 'short', 'long'"):
        drive(host.get_prompt("explain", b'{"style":"tall"}'))


def test_choices_of_a_prompt_complete(host, serve):
    @wasmote.prompt("Explain.", style=("short", "small", "long"))
    def explain(style):
        return style

    serve()
    assert drive(host.complete("prompts", "explain", "style", "s", ())) == ["short", "small"]
    assert drive(host.complete("prompts", "explain", "style", "", ())) == ["short", "small", "long"]
    assert drive(host.complete("prompts", "explain", "other", "", ())) == []


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


# -- from the flash


@pytest.fixture
def flash(tmp_path, monkeypatch):
    """write(module, text): a module on the flash."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(native, "folders", (f"{tmp_path}/",))
    names = []

    def write(module, text):
        (tmp_path / f"{module}.py").write_text(text)
        names.append(module)

    yield write
    for name in names:
        sys.modules.pop(name, None)


TOOLS = """
import wasmote

@wasmote.tool("Adds.", a=int, b=int)
def add(a, b):
    return a + b
"""


def test_a_module_of_the_flash(host, flash):
    flash("native_tools", TOOLS)
    native.serve(host, "native_tools")
    assert call(host, "add", {"a": 2, "b": 3}) == (["5"], False)
    assert host.list()[0]["name"] == "native_tools.py"


@pytest.mark.parametrize("text, says", [
    ("import wasmote\n1/0", "ZeroDivisionError: division by zero"), ("def (", "SyntaxError"),
    ("import wasmote\n@wasmote.tool('d', x=5)\ndef f(x): pass", "ValueError: x: 5 is no kind of argument"),
    (TOOLS + TOOLS, "the tool add is defined twice"),
])  # fmt: skip
def test_a_module_that_does_not_load_says_why_and_the_board_goes_on(host, flash, text, says):
    flash("broken_tools", text)
    native.serve(host, "broken_tools")
    (entry,) = host.list()
    assert entry["state"] == "failed" and says in entry["error"] and entry["tools"] == []
    assert native.take() == []


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


# -- fallback

SPARE = """
import wasmote

@wasmote.tool("Reads.", unit=wasmote.arg(str, default="C"))
def read(unit):
    return "spare " + unit

def serve(tool, arguments):
    return "%s %r" % (tool, arguments)
"""


def quarantine(host, name):
    """The component has crashed too often."""
    guest = host.components[name]
    guest.rest("crashed")
    guest.crashes = 10
    guest.state = "failed"
    return guest


def configured(host, name, data, fallback):
    push(host, name, data)
    drive(host.configure(name, json.dumps({"fallback": fallback}).encode()))


@pytest.mark.parametrize("fallback, said", [("spare_set", "spare F"), ("spare_set:serve", "read {'unit': 'F'}")])
def test_a_fallback_serves_for_a_component_that_crashed_too_often(host, thermometer, flash, fallback, said):
    flash("spare_set", SPARE)
    configured(host, "thermometer", thermometer, fallback)
    content, failed = call(host, "read", {"unit": "F"})
    assert "°F" in content[0] and not failed
    quarantine(host, "thermometer")
    assert call(host, "read", {"unit": "F"}) == ([said], False)
    assert [tool.name for tool in host.tools] == ["read", "calibrate", "history"]
    host.components["thermometer"].crashes = 0  # it may run again
    assert "°F" in call(host, "read", {"unit": "F"})[0][0]


def test_a_fallback_without_this_tool_says_so(host, thermometer, flash):
    flash("spare_set", SPARE)
    configured(host, "thermometer", thermometer, "spare_set")
    quarantine(host, "thermometer")
    text = 'thermometer: "history" is not served: there is no function for it'
    assert call(host, "history") == ([text], True)
    assert host.components["thermometer"].crashes == 10  # nobody crashed


@pytest.mark.parametrize("fallback, says", [
    ("no_such_module", "there is no"),
    ("os:remove", "os.py on the board's flash"),
    ("builtins:exec", "builtins.py on the board's flash"), ("spare_set:nothing", "nothing"),
])  # fmt: skip
def test_a_fallback_that_is_not_there(host, thermometer, flash, fallback, says):
    flash("spare_set", SPARE)
    configured(host, "thermometer", thermometer, fallback)
    quarantine(host, "thermometer")
    (text,), failed = call(host, "read")
    assert failed and "does not run, and its fallback neither" in text and says in text


def test_a_component_that_does_not_load_is_listed_by_its_fallback(new_host, thermometer, flash):
    flash("spare_set", SPARE)
    host = new_host()
    configured(host, "thermometer", thermometer, "spare_set")
    host.close()
    path = host.storage.path("thermometer")
    with open(path, "r+b") as file:
        file.truncate(5000)
    again = new_host()
    drive(again.boot())
    assert [tool.name for tool in again.tools] == ["read"]
    assert call(again, "read", {"unit": "K"}) == (["spare K"], False)
    (entry,) = again.list()
    assert entry["state"] == "failed" and entry["error"].endswith("its fallback serves instead")
    drive(again.unload("thermometer"))
    assert list(again.tools) == []
