"""What a guest gets of wasmote:mcp without asking anybody (host/wasmote): results, completion, icons."""

import json

import pytest
from host_guests import Imports
from host_guests import refused_in_full as refused
from wasmote.host.entries import KINDS
from wasmote.host.wasmote.icons import Icons
from wasmote.host.wasmote.results import Completion, Results
from wasmote.wasm import OutOfMemory

pytest_plugins = ["runtime_fixtures"]

INVALID_PARAMS, INTERNAL_ERROR, UNSUPPORTED_OPERATION = 3, 4, 8
DONE = (0, None)


@pytest.fixture
def results(it):
    it.serving = "call-tool"
    return Results(Imports(it))


# -- results


def test_structured_content_is_kept_on_one_line(it, results):
    assert results.set_structured_content(b' {"a":\n1} ') == DONE
    assert it.added.structured == b'{"a": 1}'
    assert results.set_structured_content(b"[1]") == DONE and it.added.structured == b"[1]"


@pytest.mark.parametrize("text", [b"", b"{", b"{}{}", b"\xff", b"NaN"])
def test_structured_content_must_be_json(it, results, text):
    assert refused(results.set_structured_content(text))[0] == INVALID_PARAMS


def test_audio_is_a_block_of_base64(it, results):
    annotations = (0.5, ["user"], None)
    assert results.add_audio((b"RIFF\x00\xff", 'audio/"wav', None)) == DONE
    assert results.add_audio((b"", "audio/wav", annotations)) == DONE
    assert [json.loads(block) for block in it.added] == [
        {"type": "audio", "mimeType": 'audio/"wav', "data": "UklGRgD/"},
        {"type": "audio", "mimeType": "audio/wav", "data": "", "annotations": {"priority": 0.5, "audience": ["user"]}},
    ]


def test_a_result_takes_only_so_much_audio(it, results):
    for _ in range(16):
        assert results.add_audio((b"", "audio/wav", None)) == DONE
    assert refused(results.add_audio((b"", "audio/wav", None)))[0] == INVALID_PARAMS


@pytest.mark.parametrize("serving", [None, "read-resource", "get-prompt", "handle-complete"])
def test_only_a_tool_has_a_result_to_add_to(it, results, serving):
    it.serving = serving
    assert refused(results.set_structured_content(b"{}"))[0] == UNSUPPORTED_OPERATION
    assert refused(results.add_audio((b"", "audio/wav", None)))[0] == UNSUPPORTED_OPERATION
    assert it.added is None


def test_content_comes_before_what_was_added(it, results):
    results.add_audio((b"", "audio/wav", None))
    results.set_structured_content(b"{}")
    audio = it.added[0]
    assert it.added.after(["text"]) == ["text", audio] and it.added.structured == b"{}"


def test_structured_content_alone_is_a_text_too(it, results):
    results.set_structured_content('{"a":"é"}'.encode())
    assert it.added.after([]) == ['{"a":"é"}']


# -- completion


def test_the_argument_is_there_while_it_is_completed(it):
    completion = Completion(Imports(it))
    it.argument = ("city", "pa", [("country", "fr")])
    assert completion.get_argument() is None
    it.serving = "handle-complete"
    assert completion.get_argument() == ("city", "pa", [("country", "fr")])


# -- icons

SUN = ("https://example.com/sun.png", "image/png", ["48x48"], 1)
SUN_JSON = {"src": SUN[0], "mimeType": "image/png", "sizes": ["48x48"], "theme": "dark"}
MOON = ("data:image/svg+xml,x", None, [], None)


def tool(name):
    return (name, None, "d", b'{"type":"object"}', None, None)


def icons_of(entry):
    return json.loads(bytes(entry.json)).get("icons")


@pytest.fixture
def icons(it):
    it.register_tools([tool("a"), tool("b")])
    it.register_prompts([("p", None, None, [("x", None, True)])])
    it.register_resources([("test:/r", "r", None, None, None, None)])
    it.register_resource_templates([("test:/{t}", "t", None, None, None)])
    return Icons(Imports(it))


@pytest.mark.parametrize("case, kind, name", [
    (1, "tools", "a"), (2, "resources", "test:/r"), (3, "templates", "test:/{t}"), (4, "prompts", "p"),
])  # fmt: skip
def test_everything_registered_can_have_icons(it, icons, case, kind, name):
    entry = getattr(it, kind)[0]
    before = json.loads(bytes(entry.json))
    assert icons.set((case, name), [SUN, MOON]) == DONE
    assert json.loads(bytes(entry.json)) == {**before, "icons": [SUN_JSON, {"src": MOON[0]}]}
    assert icons.set((case, name), [MOON]) == DONE and icons_of(entry) == [{"src": MOON[0]}]
    assert icons.set((case, name), []) == DONE and json.loads(bytes(entry.json)) == before


def test_icons_that_change_again_and_again_take_no_more_memory(it, icons):
    icons.set((1, "a"), [SUN])
    used = it.texts.used()
    for _ in range(200):
        assert icons.set((1, "a"), [MOON]) == icons.set((1, "a"), [SUN]) == DONE
    assert it.texts.used() == used


def test_a_servers_icons_are_for_those_without_their_own(it, icons):
    icons.set((1, "a"), [SUN])
    assert icons.set((0, None), [MOON]) == DONE
    it.register_tools([tool("late")])
    it.register_prompts([("q", None, None, None), ("r", None, None, [("x", None, None)])])
    moon = [{"src": MOON[0]}]
    assert [icons_of(entry) for entry in it.tools] == [[SUN_JSON], moon, moon]
    assert [icons_of(entry) for entry in it.prompts] == [moon] * 3
    assert icons.set((1, "a"), []) == DONE and icons_of(it.tools[0]) == moon
    assert icons.set((0, None), []) == DONE
    assert [icons_of(entry) for entry in (*it.tools, *it.prompts, *it.resources, *it.templates)] == [None] * 8


def test_a_name_that_is_not_registered(it, icons):
    assert 'no tool "zzz": register it first' in refused(icons.set((1, "zzz"), [SUN]))[1]
    assert refused(icons.set((4, "a"), [SUN]))[0] == INVALID_PARAMS


@pytest.mark.parametrize("src", ["", "javascript:x", "file:///etc", "ftp://x", "http://x", " https://x"])
def test_an_icon_is_an_https_or_data_url(it, icons, src):
    assert refused(icons.set((1, "a"), [(src, None, [], None)]))[0] == INVALID_PARAMS
    assert icons_of(it.tools[0]) is None


def test_icons_too_large_for_the_board_are_refused(it, icons):
    before = bytes(it.tools[0].json)
    assert "no memory for the icons" in refused(icons.set((1, "a"), [("data:" + "x" * 9000, None, [], None)]))[1]
    assert bytes(it.tools[0].json) == before


@pytest.mark.parametrize("there_is", range(4))
def test_icons_of_the_server_that_had_no_memory_were_set_for_some(it, icons, runtime_host, monkeypatch, there_is):
    """All or none of four, when there is room for fewer; that room is not lost."""
    icons.set((4, "p"), [SUN])
    it.loaded = True
    entries = [entry for kind in KINDS for entry in getattr(it, kind)]
    before = [bytes(entry.json) for entry in entries]
    keep = it.keep_text
    kept = []

    def keep_some(text):
        if len(kept) == there_is:
            raise OutOfMemory("the arena is full")
        kept.append(text)
        return keep(text)

    with monkeypatch.context() as patch:
        patch.setattr(it, "keep_text", keep_some)
        assert "no memory for the icons: the arena is full" in refused(icons.set((0, None), [MOON]))[1]
    assert [bytes(entry.json) for entry in entries] == before and (it.icons, runtime_host.told) == (None, [])
    there_is = 4
    monkeypatch.setattr(it, "keep_text", keep_some)
    assert icons.set((0, None), [MOON]) == DONE and len(kept) == 4
    assert [icons_of(entry) for entry in entries] == [[{"src": MOON[0]}]] * 4 + [[SUN_JSON]]


def test_an_entry_that_had_no_memory_for_its_icons_still_has_the_servers(it, icons):
    icons.set((0, None), [MOON])
    assert refused(icons.set((1, "a"), [("data:" + "x" * 9000, None, [], None)]))
    assert icons.set((0, None), [SUN]) == DONE and icons_of(it.tools[0]) == [SUN_JSON]


def test_clients_hear_of_icons_that_come_late(it, icons, runtime_host):
    icons.set((1, "a"), [SUN])
    assert runtime_host.told == []
    it.loaded = True
    icons.set((1, "a"), [MOON])
    assert runtime_host.told == ["tools"]
