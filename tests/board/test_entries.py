"""What guests register besides tools: resources, templates and prompts; whose a URI is; notifications."""

import json

import pytest
from host_guests import refused
from wasmote.host import prompts, resources
from wasmote.host.entries import COMPLETE, ELICIT, PROMPTS, RESOURCES, SUBSCRIBE, TOOLS, Entry, Refused
from wasmote.host.errors import HostError
from wasmote.wasm import drive

pytest_plugins = ["runtime_fixtures"]


def resource(uri="test:/a", name="n", title=None, description=None, mime_type=None, size=None):
    return (uri, name, title, description, mime_type, size)


def template(text="test:/{a}", name="n", title=None, description=None, mime_type=None):
    return (text, name, title, description, mime_type)


def prompt(name="p", title=None, description=None, arguments=None):
    return (name, title, description, arguments)


def server(name="n", subscribe=None, complete=None, elicit=None, instructions=None):
    resources = None if subscribe is None else (subscribe, None)
    return (name, "1", (None, None, complete, None, resources, None, None, elicit), instructions)


def says(entry):
    return json.loads(bytes(entry.json))


# Registering


def test_what_is_registered_becomes_its_json_text(it):
    assert it.register_resources([resource("test:/ä", 'n"', "T", "D\n", "text/plain", 2**40)]) == (0, None)
    assert it.register_resource_templates([template("test:/{a}/{+b}", "n", None, "D", "image/png")]) == (0, None)
    assert it.register_prompts([prompt("p", "T", "D", [("a", "A", True), ("b", None, None)]), prompt("q")]) == (0, None)
    assert says(it.resources[0]) == {
        "uri": "test:/ä",
        "name": 'n"',
        "title": "T",
        "description": "D\n",
        "mimeType": "text/plain",
        "size": 2**40,
    }
    assert says(it.templates[0]) == {
        "uriTemplate": "test:/{a}/{+b}",
        "name": "n",
        "description": "D",
        "mimeType": "image/png",
    }
    arguments = [{"name": "a", "description": "A", "required": True}, {"name": "b"}]
    assert says(it.prompts[0]) == {"name": "p", "title": "T", "description": "D", "arguments": arguments}
    assert says(it.prompts[1]) == {"name": "q"}
    assert it.prompts[1].name == "q" and it.prompts[1].guest is it.guest


@pytest.mark.parametrize(
    "register, definition, why",
    [
        ("resources", resource("no-scheme"), '"no-scheme" is no URI for a resource: scheme:…'),
        ("resources", resource("1x:/a"), "is no URI"),
        ("resources", resource(":/a"), "is no URI"),
        ("resources", resource("test:/a b"), "is no URI"),
        ("resources", resource("test:/" + "x" * 507), "512 characters at most"),
        ("resources", resource("test:/a", ""), "test:/a has no name"),
        ("resources", resource("test:/taken"), "its resource test:/taken is already there, from the component other"),
        ("resource_templates", template("{a}"), "is no URI for a resource template"),
        ("resource_templates", template("test:/{"), "is no URI template: {name} is missing its end or its name"),
        ("resource_templates", template("test:/{}"), "is no URI template"),
        ("resource_templates", template("test:/{a{b}}"), "is no URI template"),
        ("resource_templates", template("test:/a}"), "} without {"),
        ("resource_templates", template("test:/{a b}"), '"a b" is no name for a variable'),
        ("resource_templates", template("test:/" + "{a}" * 5), "more than 4"),
        ("resource_templates", template("test:/{taken}"), "its template test:/{taken} is already there"),
        ("prompts", prompt("has space"), '"has space" is no name for a prompt'),
        ("prompts", prompt("p", None, None, [("", None, None)]), "the prompt p has an argument without a name"),
        ("prompts", prompt("taken"), "its prompt taken is already there"),
    ],
)
def test_what_is_not_taken_says_why(it, register, definition, why):
    code, message = refused(getattr(it, "register_" + register)([definition]))
    assert code == 3 and why in message and it.refused == message
    assert not it.resources and not it.templates and not it.prompts


def test_what_one_guest_may_register_is_counted(it):
    assert it.register_prompts([prompt(f"p{i}") for i in range(60)]) == (0, None)
    why = "it registers more than 64 tools, resources, templates and prompts"
    assert why in refused(it.register_resources([resource(f"test:/{i}") for i in range(5)]))[1]
    assert it.register_resources([resource(f"test:/{i}") for i in range(4)]) == (0, None)


def test_server_info_says_what_is_offered(it):
    assert it.register_server(server("kitchen", True, 0, 0, 'say "ü"')) == (0, None)
    assert it.offers == SUBSCRIBE | COMPLETE | ELICIT
    assert json.loads(bytes(it.info)) == ["kitchen", "1", 'say "ü"']
    assert "registers its server twice" in refused(it.register_server(server()))[1]


@pytest.mark.parametrize("subscribe", [None, False])
def test_offers_that_are_not_made(it, subscribe):
    assert it.register_server(server(subscribe=subscribe)) == (0, None) and it.offers == 0


def test_a_loaded_guest_registers_only_what_it_can_serve(it, runtime_host):
    it.loaded = True
    assert it.register_prompts([prompt("p")]) == (0, None) and runtime_host.told == ["prompts"]
    it.guest.lacks = "read-resource"
    assert "it exports no read-resource" in refused(it.register_resources([resource()]))[1]
    assert not it.resources and runtime_host.told == ["prompts"]


def test_a_loaded_guest_whose_registration_was_refused_could_never_register_again(it):
    """What refused texts took of its 8 KiB was gone until it was unloaded."""
    it.loaded = True

    def some(*names):
        return [prompt(name, description="d" * 900) for name in names]

    for _ in range(20):
        assert "twice" in refused(it.register_prompts(some("a", "b", "c", "b")))[1]
    assert it.texts.used() <= 4
    for names in ("ab", "cdef", "g"):
        assert it.register_prompts(some(*names)) == (0, None)
    assert [says(entry)["description"] for entry in it.prompts] == ["d" * 900] * 7
    assert [says(entry)["name"] for entry in it.prompts] == [*"abcdefg"]


def test_a_loaded_guest_that_offered_what_it_does_not_export_was_held_to_it(it):
    it.loaded = True
    it.guest.lacks = "handle-subscribe"
    assert "it exports no handle-subscribe" in refused(it.register_server(server(subscribe=True)))[1]
    assert it.offers == 0 and it.info is None
    assert it.register_server(server()) == (0, None)


# Whose a URI is


@pytest.mark.parametrize(
    "text, yes, no",
    [
        (
            "test:/{a}",
            ["test:/x", "test:/x%2Fy", "test:/ü"],
            ["test:/", "test:/x/y", "test:/x?y", "test:/x#y", "test:/"],
        ),
        ("test:/{a}/z", ["test:/x/z"], ["test:/x", "test:/x/y", "test:/x/y/z"]),
        ("test:/{a}-{b}", ["test:/x-y", "test:/x-y-z"], ["test:/x", "test:/-"]),
        ("test:/{+a}", ["test:/x/y?z#w"], ["test:/"]),
        ("test:/x{#a}", ["test:/x#y/z"], ["test:/x", "test:/xy"]),
        ("test:{/a,b}", ["test:/x/y", "test:/x"], ["test:x", "test:/x?"]),
        ("test:/x{.a}", ["test:/x.y"], ["test:/x", "test:/xy"]),
        ("test:/x{;a}", ["test:/x;a=1"], ["test:/x", "test:/x/;a"]),
        ("test:/x{?a,b*}{&c}", ["test:/x", "test:/x?a=1&b=2", "test:/x?a=1&c=3"], ["test:/x#a", "test:/y?a=1"]),
        ("test:/{a:3}{/b*}", ["test:/abc/d/e"], ["test:/abc"]),
        ("test:/x", ["test:/x"], ["test:/xy", "test:/"]),
    ],
)
def test_a_template_fits_what_it_can_expand_to(text, yes, no):
    parts = resources.parse(text)
    assert [uri for uri in yes if not resources.fits(parts, uri)] == []
    assert [uri for uri in no if resources.fits(parts, uri)] == []


def test_fitting_takes_its_time_from_the_lengths_only():
    parts = resources.parse("test:" + "{+a}" * 4 + "!")
    assert not resources.fits(parts, "test:" + "x" * 500)


def test_looking_for_a_resource_gives_the_board_a_turn_after_each_part(runtime_host, monkeypatch):
    matched = []
    match = resources.match
    monkeypatch.setattr(resources, "match", lambda *what: matched.append(what[0]) or match(*what))
    texts = ["test:/" + str(i) + "{+a}{+b}{+c}{+d}!" for i in range(60)] + ["test:" + "{+a}" * 4 + "!"] * 4
    runtime_host.resources = ()
    runtime_host.templates = [Entry(1, text, b"") for text in texts]
    steps = resources.find(runtime_host, "test:/" + "x" * 500)
    turns = 0
    for _ in steps:
        assert len(matched) <= 1
        matched.clear()
        turns += 1
    assert turns == 4 * 6, "what begins otherwise costs nothing"


def test_a_resource_goes_before_templates_and_the_first_template_before_others(runtime_host):
    runtime_host.resources = [Entry(1, "test:/a", b"")]
    runtime_host.templates = [Entry(2, "test:/{x}", b""), Entry(3, "test:/{+x}", b"")]
    assert [drive(resources.find(runtime_host, "test:/" + rest)).guest for rest in ("a", "b", "a/b")] == [1, 2, 3]
    for uri in ("other:/a", "test:/" + "x" * 600):
        assert drive(resources.find(runtime_host, uri)) is None
    with pytest.raises(HostError, match='no resource "other:/a"') as caught:
        drive(resources.found(runtime_host, "other:/a"))
    assert caught.value.kind == "resource-not-found"


# Prompts


@pytest.mark.parametrize(
    "arguments, why",
    [
        (None, 'needs the argument "a", a string'),
        (b"{}", 'needs the argument "a", a string'),
        (b'{"a":1}', 'the argument "a" of the prompt p must be a string'),
        (b'{"a":"","c":null}', 'the argument "c"'),
    ],
)
def test_arguments_of_a_prompt_are_checked(it, arguments, why):
    it.register_prompts([prompt("p", None, None, [("a", None, True), ("b", None, False)])])
    prompts.check(it.prompts[0], b'{"a":"x"}')
    prompts.check(it.prompts[0], b'{"a":"x","other":"y"}')
    with pytest.raises(HostError, match=why):
        prompts.check(it.prompts[0], arguments)


def test_messages_of_a_prompt():
    blocks = [
        (0, (0, ("text", 'a"', None))),
        (1, (0, ("text", "b", None))),
        (2, (1, ("image", "QQ==", "image/png", None))),
    ]
    said = [json.loads(text) for text in prompts.messages(blocks)]
    assert [message["role"] for message in said] == ["user", "user", "assistant"]
    assert said[0]["content"] == {"type": "text", "text": 'a"'}
    assert said[2]["content"] == {"type": "image", "data": "QQ==", "mimeType": "image/png"}


# send-notification


def test_lists_that_changed(it, runtime_host):
    for case, bit in ((0, RESOURCES), (2, TOOLS), (3, PROMPTS)):
        runtime_host.changed = 0
        assert drive(it.send_notification((case, None))) == (0, None)
        assert runtime_host.changed == bit


def test_a_guest_speaks_of_its_own_resources(it, runtime_host):
    it.register_resources([resource("test:/a")])
    it.register_resource_templates([template("test:/b/{x}")])
    assert drive(it.send_notification((1, ["test:/a", "test:/b/c"]))) == (0, None)
    assert runtime_host.updated == ["test:/a", "test:/b/c"]
    assert '"test:/c" is no resource of guest' in refused(drive(it.send_notification((1, ["test:/a", "test:/c"]))))[1]
    assert len(runtime_host.updated) == 2


def test_speaking_of_many_resources_gives_the_board_turns(it, runtime_host):
    it.register_resource_templates([template("test:/b/{x}" + str(i)) for i in range(10)])
    turns = sum(1 for _ in it.send_notification((1, ["test:/b/c9"] * 15)))
    assert turns >= 15 * 10 * 3 and len(runtime_host.updated) == 15


def test_progress_and_messages_are_those_of_the_call(it, runtime_host):
    calls = []
    assert drive(it.send_notification((4, ("token", 1, 2)))) == (0, None)
    it.notify = lambda *what: calls.append(what)
    drive(it.send_notification((4, ("token", 1, None))))
    drive(it.send_notification((5, (3, "bad", b"[1]"))))
    assert calls == [("progress", 1, None), ("log", "error", "guest", "bad", b"[1]")]
    it.notify = None
    drive(it.send_notification((5, (1, "alone", None))))
    assert runtime_host.heard == [("info", "guest", "alone", None)]
    assert "must be JSON" in refused(drive(it.send_notification((5, (1, "x", b"{")))))[1]


def test_a_guest_has_no_requests_to_cancel(it):
    assert 'has no request "7" under way' in refused(drive(it.send_notification((6, "7"))))[1]


def test_a_template_of_nonsense_is_refused():
    with pytest.raises(Refused):
        resources.parse("x{")
