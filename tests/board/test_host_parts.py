"""Resources, prompts, completion, subscriptions and questions of a real component, examples/c/notebook.c, on the host."""

import json

import host_guests as guests
import pytest
from host_guests import call, push, refusal, together
from wasmote.host.entries import COMPLETE, ELICIT, SUBSCRIBE
from wasmote.wasm import drive

pytest_plugins = ["host_fixtures"]


@pytest.fixture(scope="session")
def notebook():
    return guests.example("notebook")


@pytest.fixture
def it(host, notebook):
    push(host, "notebook", notebook)
    host.changed = 0
    host.on_updated = host.updates = []
    host.on_updated = host.updates.append
    return host


def write(host, name="shopping", text="milk"):
    text, failed = call(host, "write", json.dumps({"name": name, "text": text}).encode())
    assert not failed, text


def read(host, uri):
    return [json.loads(text) for text in drive(host.read_resource(uri))]


def entries(host, kind):
    return [json.loads(bytes(entry.json)) for entry in getattr(host, kind)]


def test_it_registers_everything(it):
    assert entries(it, "resources") == [
        {
            "uri": "note:/",
            "name": "index",
            "title": "All notes",
            "description": "One name per line.",
            "mimeType": "text/plain",
        },
        {"uri": "note:/.icon", "name": "icon", "mimeType": "image/png"},
    ]
    assert entries(it, "templates") == [
        {"uriTemplate": "note:/{name}", "name": "note", "description": "A note.", "mimeType": "text/plain"}
    ]
    assert entries(it, "prompts") == [
        {
            "name": "proofread",
            "title": "Proofread a note",
            "description": "Corrects what is written in a note.",
            "arguments": [
                {"name": "name", "description": "of the note", "required": True},
                {"name": "style", "description": "plain, playful or formal", "required": False},
            ],
        }
    ]
    guest = it.components["notebook"]
    assert guest.offers == SUBSCRIBE | COMPLETE | ELICIT
    assert tuple(guest.about()) == ("notebook", "1.0.0", "Notes are resources: read note:/ for their names.")
    entry = it.list()[0]
    assert entry["resources"] == ["note:/", "note:/.icon"] and entry["templates"] == ["note:/{name}"]


def test_resources_are_read(it):
    write(it)
    write(it, "to-do", 'say "ü"\n')
    assert read(it, "note:/") == [{"uri": "note:/", "mimeType": "text/plain", "text": "shopping\nto-do\n"}]
    assert read(it, "note:/to-do") == [{"uri": "note:/to-do", "mimeType": "text/plain", "text": 'say "ü"\n'}]
    (icon,) = read(it, "note:/.icon")
    assert icon["mimeType"] == "image/png" and icon["blob"].startswith("iVBOR") and "text" not in icon
    kind, text = refusal(it.read_resource("note:/nothing"))
    assert kind == "resource-not-found" and text.startswith("notebook: there is no such note")
    assert refusal(it.read_resource("other:/x"))[0] == "resource-not-found"


def test_a_prompt_is_made(it):
    write(it, text="recieve")
    messages = [json.loads(text) for text in drive(it.get_prompt("proofread", b'{"name":"shopping","style":"formal"}'))]
    assert [message["role"] for message in messages] == ["user", "user", "assistant"]
    assert messages[0]["content"]["text"].endswith("a style that is formal.")
    assert messages[1]["content"] == {"type": "text", "text": "recieve"}
    assert refusal(it.get_prompt("proofread", b'{"name":"x"}')) == ("invalid-params", 'notebook: "name" names no note')
    assert refusal(lambda: it.get_prompt("proofread"))[0] == "invalid-params"
    assert refusal(lambda: it.get_prompt("nothing"))[0] == "prompt-not-found"


def test_names_are_completed(it):
    for name in ("shopping", "ships", "to-do"):
        write(it, name)
    assert drive(it.complete("templates", "note:/{name}", "name", "sh")) == ["shopping", "ships"]
    assert drive(it.complete("prompts", "proofread", "name", "to")) == ["to-do"]
    assert drive(it.complete("prompts", "proofread", "style", "pl", [("name", "ships")])) == ["plain", "playful"]


def test_watched_resources_are_told(it):
    write(it)
    for uri in ("note:/shopping", "note:/"):
        drive(it.subscribe(uri))
    write(it, text="bread")
    write(it, "new")
    assert it.updates == ["note:/shopping", "note:/"]
    drive(it.unsubscribe("note:/shopping"))
    write(it, text="butter")
    assert len(it.updates) == 2
    assert refusal(it.subscribe("note:/nothing"))[0] == "resource-not-found"
    assert it.watched == {"note:/": 1}


def test_of_two_who_begin_to_watch_at_once_the_guest_hears_once(it, monkeypatch):
    guest = it.components["notebook"]
    guest.rest("for the test")  # so that the first call takes its time
    heard = []
    call = guest.call
    monkeypatch.setattr(
        guest, "call", lambda handler, values: heard.append((handler, *values)) or call(handler, values)
    )
    together(it.subscribe("note:/"), it.subscribe("note:/"))
    assert heard == [("handle-subscribe", "note:/")] and it.watched == {"note:/": 2}
    for _ in range(2):
        drive(it.unsubscribe("note:/"))
    assert heard[1:] == [("handle-unsubscribe", "note:/")] and it.watched == {}


def test_who_comes_second_tells_the_guest_when_the_first_gives_up(it):
    it.components["notebook"].rest("for the test")
    first, second = it.subscribe("note:/"), it.subscribe("note:/")
    next(first)
    next(second)
    first.close()
    drive(second)
    assert it.watched == {"note:/": 1} and it.telling == ()
    write(it)
    assert it.updates == ["note:/"]


def test_a_fresh_instance_hears_what_is_watched(it, notebook):
    drive(it.subscribe("note:/"))
    it.components["notebook"].rest("for the test")
    write(it)
    assert it.updates == ["note:/"]
    push(it, "notebook", notebook)
    write(it)
    assert it.updates == ["note:/"] * 2


def test_an_instance_that_is_stopped_while_its_resources_are_looked_for(it):
    write(it)
    drive(it.subscribe("note:/shopping"))
    guest = it.components["notebook"]
    guest.rest("for the test")
    steps = it.call_tool("write", b'{"name":"shopping","text":"x"}')
    while guest.state != "ready":
        next(steps)
    assert not guest.untold and guest.under_way is None, "it is being found out what it is to be told"
    guest.stop()
    (text,), is_error = drive(steps)
    assert is_error and "the component was stopped" in text


def test_a_stopped_instance_is_not_started_to_be_told_that_nobody_watches(it):
    drive(it.subscribe("note:/"))
    it.components["notebook"].rest("for the test")
    drive(it.unsubscribe("note:/"))
    assert it.components["notebook"].state == "dead" and it.watched == {}


def test_a_resource_that_comes_later_is_announced(it):
    write(it)
    generation = it.generation
    assert call(it, "pin", b'{"name":"shopping"}') == (["pinned"], False)
    assert it.changed == 2 and it.generation == generation + 1
    assert entries(it, "resources")[-1] == {"uri": "note:/shopping", "name": "shopping", "mimeType": "text/plain"}
    assert call(it, "pin", b'{"name":"shopping"}')[1]


def test_questions_are_answered(it):
    write(it, "ssid", 'my "net"\n')
    heard = []
    it.on_log = lambda *what: heard.append(what)
    fields = [("ssid", "string", None, True), ("hidden", "boolean", "whether", None)]
    assert json.loads(drive(it.elicit("Which network?", fields))) == {"ssid": 'my "net"\n'}
    assert heard == [("info", "notebook", "Which network?", None)]
    kind, text = refusal(it.elicit("?", [("nothing", "string", None, True)]))
    assert kind == "invalid-params"
    assert refusal(lambda: it.elicit("?", [], "other"))[0] == "not-found"
    assert refusal(lambda: it.elicit("?", [], None, "notebook"))[0] == "not-found"


def test_a_second_notebook_is_refused(it, notebook):
    steps = list(guests.chunks(it, "other", notebook))
    for each in steps[:-1]:
        drive(each)
    kind, text = refusal(steps[-1])
    assert kind == "refused" and "its tool write is already there, from the component notebook" in text
