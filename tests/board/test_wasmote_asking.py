"""What a guest gets of wasmote:mcp by asking the client (host/wasmote): elicitation, roots, sampling, several at once."""

import json
import subprocess

import pytest
from conftest import MICROPYTHON, ROOT, needs_micropython
from host_guests import Imports
from host_guests import refused_in_full as refused
from wasmote.host.questions import ANSWERED, FORM, NO_ANSWER, REFUSED, ROOTS, SAMPLING, UNSUPPORTED, URL
from wasmote.host.wasmote import asking
from wasmote.host.wasmote.asking import Elicitation, Roots, Sampling
from wasmote.host.wasmote.several import Questions
from wasmote.wasm import drive

pytest_plugins = ["runtime_fixtures"]

INVALID_PARAMS, INTERNAL_ERROR, UNSUPPORTED_OPERATION = 3, 4, 8
DONE = (0, None)


class Client:
    """Answers one question after the other, and keeps what it was asked."""

    def __init__(self, *answers, can=15):
        self.answers = list(answers)
        self.asked = []
        self.can = can

    def __call__(self, kind, *values):
        if kind == "can":
            return self.can
        self.asked += [(key, what, json.loads(params)) for key, what, params in values[0]]
        return self._answer(len(values[0]))

    def _answer(self, count):
        yield
        return [self.answers.pop(0) for _ in range(count)]


@pytest.fixture
def client(it):
    def serve(*answers, **options):
        it.notify = Client(*answers, **options)
        it.guest.due = 1000
        return it.notify

    return serve


# -- elicitation


@pytest.fixture
def form(it):
    return lambda *arguments: drive(Elicitation(Imports(it)).form(*arguments))


def test_a_form(client, form):
    asked = client((ANSWERED, ("accept", b'{"n":1}')), (ANSWERED, ("decline", b"{}")), (ANSWERED, ("cancel", b"{}")))
    assert form("k", 'a "name"', b'{"type":\n"object"}') == (0, (0, b'{"n":1}'))
    assert form("k", "?", b"{}") == (0, (1, None))
    assert form("k", "?", b"{}") == (0, (2, None))
    assert asked.asked[0] == ("k", FORM, {"message": 'a "name"', "requestedSchema": {"type": "object"}})


def test_a_url(it, client):
    asked = client((ANSWERED, ("accept", b"{}")))
    steps = Elicitation(Imports(it)).open_url("k", "go", "https://example.com/?a=b")
    assert drive(steps) == (0, (0, b"{}"))
    assert asked.asked == [("k", URL, {"message": "go", "url": "https://example.com/?a=b"})]


@pytest.mark.parametrize("schema", [b"", b"[]", b"{", b"{}x"])
def test_a_schema_must_be_an_object(client, form, schema):
    asked = client()
    assert refused(form("k", "?", schema))[0] == INVALID_PARAMS and asked.asked == []


@pytest.mark.parametrize("key", ["", "x" * 65])
def test_a_key_must_be_short(client, form, key):
    client()
    assert "1 to 64 characters" in refused(form(key, "?", b"{}"))[1]


def test_between_calls_nobody_can_be_asked(it, form):
    assert refused(form("k", "?", b"{}"))[0] == UNSUPPORTED_OPERATION
    it.notify = lambda kind, *values: None  # a caller that answers no questions
    assert refused(form("k", "?", b"{}"))[0] == UNSUPPORTED_OPERATION
    assert Elicitation(Imports(it)).available() == 0 and Roots(Imports(it)).available() is False


def test_what_is_available(it, client):
    client(can=FORM | ROOTS)
    assert Elicitation(Imports(it)).available() == 1 and Roots(Imports(it)).available() is True
    client(can=URL | SAMPLING)
    assert Elicitation(Imports(it)).available() == 2 and Sampling(Imports(it)).available() is True


def test_the_ways_not_to_get_an_answer(client, form):
    error = b'{"code":-1,"message":"not today","data":[1]}'
    client((UNSUPPORTED, "it cannot"), (NO_ANSWER, "it is gone"), (REFUSED, error), (REFUSED, b'{"code":-32601}'))
    lacking = b'{"requiredCapabilities":{"elicitation":{"form":{}}}}'
    assert refused(form("k", "?", b"{}")) == (UNSUPPORTED_OPERATION, "it cannot", lacking)
    assert refused(form("k", "?", b"{}")) == (INTERNAL_ERROR, "it is gone", None)
    assert refused(form("k", "?", b"{}")) == (INTERNAL_ERROR, "the client refused: not today", error)
    assert refused(form("k", "?", b"{}"))[:2] == (2, "the client refused: without a reason")


@needs_micropython
def test_a_refusal_ended_the_guest_that_had_asked_with_a_not_implemented_error():
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from wasmote.host.wasmote.asking import _refused\n"
        + "".join(f"print(_refused(b'{{\"code\":{code}}}')[1][0])\n" for code in (-32601, -32602, -1))
    )
    done = subprocess.run([MICROPYTHON, "-c", program, ROOT / "modules"], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["2", str(INVALID_PARAMS), str(INTERNAL_ERROR)], done.stderr


def test_a_call_asks_only_so_many_questions(it, client, form):
    client(*[(NO_ANSWER, "")] * 33)
    for _ in range(32):
        assert refused(form("k", "?", b"{}"))[0] == INTERNAL_ERROR
    assert refused(form("k", "?", b"{}"))[0] == UNSUPPORTED_OPERATION


def test_a_guest_has_no_time_limit_while_it_waits_for_an_answer(it, client):
    client((ANSWERED, ("accept", b"{}")))
    steps = Elicitation(Imports(it)).form("k", "?", b"{}")
    next(steps)
    assert it.guest.due is None
    drive(steps)
    assert isinstance(it.guest.due, int)
    client((ANSWERED, ("accept", b"{}")))
    steps = Elicitation(Imports(it)).form("k", "?", b"{}")
    next(steps)
    steps.close()  # cancelled
    assert isinstance(it.guest.due, int)


# -- roots


def test_those_who_wait_for_the_guest_have_their_time_back_too(it, client, runtime_host, monkeypatch):
    now = [0]
    monkeypatch.setattr(asking, "ticks_ms", lambda: now[0])

    class Caller:
        waits_for = None
        due = 700

    callers = runtime_host.guests = [Caller(), Caller(), Caller()]
    callers[0].waits_for = it.guest
    callers[1].waits_for = callers[0]
    client((ANSWERED, ("accept", b"{}")))
    steps = Elicitation(Imports(it)).form("k", "?", b"{}")
    next(steps)
    assert [caller.due for caller in callers] == [None, None, 700]
    now[0] = 60_000
    drive(steps)
    assert [caller.due for caller in callers] == [60_700, 60_700, 700] and it.guest.due == 61_000


def test_roots(it, client):
    asked = client((ANSWERED, b'{"roots":[{"uri":"file:///a","name":"A"},{"uri":"file:///b"}]}'))
    assert drive(Roots(Imports(it)).list_roots("k")) == (0, [("file:///a", "A"), ("file:///b", None)])
    assert asked.asked == [("k", ROOTS, {})]


@pytest.mark.parametrize(
    "text", [b'{"roots":[1]}', b'{"roots":[{}]}', b'{"roots":[{"uri":1}]}', b'{"roots":[{"uri":"a","name":1}]}']
)
def test_roots_that_are_none(it, client, text):
    client((ANSWERED, text))
    assert refused(drive(Roots(Imports(it)).list_roots("k")))[0] == INTERNAL_ERROR


# -- sampling

PREFERENCES = (["claude", "small"], 0.25, None, 1.0)
EVERYTHING = (
    [(0, [(0, "Hi"), (1, (b"\x89PNG", "image/png"))]), (1, [(2, (b"RIFF", "audio/wav")), (3, b'{"type":"tool_use"}')])],
    100, "Be brief.", 0.5, ["END"], PREFERENCES,
)  # fmt: skip


def create(it, request):
    return drive(Sampling(Imports(it)).create_message("k", request))


def reply_text(content, **members):
    return json.dumps({"role": "assistant", "content": content, "model": "m", **members}).encode()


def test_a_message(it, client):
    asked = client((ANSWERED, reply_text({"type": "text", "text": "Hello"}, stopReason="endTurn")))
    assert create(it, EVERYTHING) == (0, (1, [(0, "Hello")], "m", "endTurn"))
    ((key, what, params),) = asked.asked
    assert (key, what) == ("k", SAMPLING)
    assert params == {
        "messages": [
            {"role": "user", "content": {"type": "text", "text": "Hi"}},
            {"role": "user", "content": {"type": "image", "mimeType": "image/png", "data": "iVBORw=="}},
            {"role": "assistant", "content": {"type": "audio", "mimeType": "audio/wav", "data": "UklGRg=="}},
            {"role": "assistant", "content": {"type": "tool_use"}},
        ],
        "maxTokens": 100,
        "systemPrompt": "Be brief.",
        "temperature": 0.5,
        "stopSequences": ["END"],
        "modelPreferences": {
            "hints": [{"name": "claude"}, {"name": "small"}],
            "costPriority": 0.25,
            "intelligencePriority": 1,
        },
    }


def test_a_reply_of_several_blocks(it, client):
    blocks = [
        {"type": "text", "text": "é"},
        {"type": "image", "data": "iVBORw==", "mimeType": "image/png"},
        {"type": "audio", "data": "UklGRg==", "mimeType": "audio/wav"},
        {"type": "tool_use", "id": "1", "name": "t", "input": {}},
    ]
    client((ANSWERED, reply_text(blocks)))
    role, content, model, stop = create(it, ([], 1, None, None, [], None))[1]
    assert content[:3] == [(0, "é"), (1, (b"\x89PNG", "image/png")), (2, (b"RIFF", "audio/wav"))]
    assert content[3][0] == 3 and json.loads(content[3][1]) == blocks[3]
    assert (role, model, stop) == (1, "m", None)


@pytest.mark.parametrize("text", [
    b'{"role":"system","content":[],"model":"m"}', b'{"role":"user","content":5,"model":"m"}', reply_text({"type": "text"}),
    b'{"role":"user","content":[]}', b'{"role":"user","content":[{"type":"text","text":1}],"model":"m"}',
    b'{"role":"user","content":[{"type":"image","data":5,"mimeType":"a"}],"model":"m"}', reply_text([], stopReason=1),
])  # fmt: skip
def test_a_reply_that_is_none(it, client, text):
    client((ANSWERED, text))
    assert refused(create(it, ([], 1, None, None, [], None)))[0] == INTERNAL_ERROR


@pytest.mark.parametrize("request_, what", [
    (([(0, [(3, b"[]")])], 1, None, None, [], None), "another kind"),
    (([], 1, None, float("nan"), [], None), "temperature"), (([], 1, None, -1.0, [], None), "temperature"),
    (([], 1, None, None, [], ([], 1.5, None, None)), "costPriority"),
    (([], 1, None, None, [], ([], None, float("inf"), None)), "speedPriority"),
])  # fmt: skip
def test_a_request_that_is_none(it, client, request_, what):
    asked = client()
    code, message, _ = refused(create(it, request_))
    assert code == INVALID_PARAMS and what in message and asked.asked == []


# -- questions


WHO = ("who", "elicitation/create", b'{"message":"Who?","requestedSchema":{}}')
LINE = ("line", "sampling/createMessage", b'{"messages":[],\n"maxTokens":9}')
WHERE = ("where", "roots/list", b" {}")


@pytest.fixture
def several(it):
    return lambda *questions: drive(Questions(Imports(it)).ask(list(questions)))


def test_several_questions_are_asked_at_once_and_answered_one_by_one(it, client, several):
    gone = (REFUSED, b'{"code":-1,"message":"no"}')
    asked = client((ANSWERED, ("accept", b'{"n":1}')), (UNSUPPORTED, "no model"), (ANSWERED, b'{"roots":[]}'), gone)
    answers = several(WHO, LINE, WHERE, ("again", *WHERE[1:]))
    lacking = b'{"requiredCapabilities":{"sampling":{}}}'
    assert answers == (
        0,
        [
            (0, b'{"action":"accept","content":{"n":1}}'),
            (1, (UNSUPPORTED_OPERATION, "no model", lacking)),
            (0, b'{"roots":[]}'),
            (1, (INTERNAL_ERROR, "the client refused: no", gone[1])),
        ],
    )
    assert asked.asked == [
        ("who", FORM, {"message": "Who?", "requestedSchema": {}}),
        ("line", SAMPLING, {"messages": [], "maxTokens": 9}),
        ("where", ROOTS, {}),
        ("again", ROOTS, {}),
    ]
    assert it.asked == 4
    assert several() == (0, [])


@pytest.mark.parametrize("questions, what", [
    ([("k", "tools/list", b"{}")], "sampling/createMessage, roots/list, not"),
    ([WHERE, WHO, WHERE], 'have the key "where"'),
    ([("k", "roots/list", b"[]")], "JSON text of an object"),
    ([("k", "elicitation/create", b'{"mode":"url","message":"","url":"https://example.com"}')], "opened alone"),
])  # fmt: skip
def test_several_questions_that_are_none(client, several, questions, what):
    asked = client()
    code, message, _ = refused(several(*questions))
    assert code == INVALID_PARAMS and what in message and asked.asked == []


def test_several_questions_count_as_several(it, client, several):
    client()
    it.asked = 31
    _, answers = several(WHO, WHERE)
    assert [refused(answer)[0] for answer in answers] == [UNSUPPORTED_OPERATION] * 2
