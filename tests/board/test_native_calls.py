"""Calls of native tools that take their time: generators, limits, questions to the client."""

import json
import sys

import pytest
import wasmote
from host_guests import together
from native_fixtures import call
from wasmote.host.errors import HostError
from wasmote.host.questions import ANSWERED, FORM, NO_ANSWER, REFUSED, ROOTS, SAMPLING, UNSUPPORTED, URL
from wasmote.wasm import drive

pytest_plugins = ["host_fixtures", "native_fixtures"]
pytestmark = pytest.mark.usefixtures("nothing_left_over")


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


def test_a_tool_that_exits_ends_its_call_and_not_the_server(host, serve):
    @wasmote.tool
    def at_once():
        sys.exit(3)

    @wasmote.tool
    def later():
        yield
        sys.exit()

    serve()
    assert call(host, "at_once") == (['tools.py: "at_once" failed: SystemExit: 3'], True)
    assert call(host, "later") == (['tools.py: "later" failed: SystemExit: '], True)


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


def spinning(closed):
    """A generator function that never ends by itself, and notes its end."""

    def spin():
        try:
            while True:
                yield
        finally:
            closed.append(True)

    return spin


def test_a_generator_ends_at_its_time_limit(host, serve, clock):
    closed = []
    wasmote.tool("d", {"timeout_ms": 500})(spinning(closed))
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
    wasmote.tool(spinning(closed))
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
    if answer[0] == UNSUPPORTED:
        with pytest.raises(HostError, match="tools.py: it cannot") as caught:
            call(host, "careless", notify=Client(answer))
        assert caught.value.kind == "missing-capability"
        assert caught.value.data == b'{"requiredCapabilities":{"roots":{}}}'
        return
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
