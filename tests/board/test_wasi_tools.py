"""Tools that use WASI: what they print and write is there when the call is over, and a program may end itself."""

import pytest
from host_guests import Log, call, chunks, push, together
from wasi_programs import configuration, program
from wasmote.wasm import drive

pytest_plugins = ["host_fixtures", "wasi_fixtures"]


@pytest.fixture
def server(host):
    push(host, "it", program("tool"), configuration=configuration(files=8192))
    return host


def test_half_a_line_is_logged_when_its_call_is_over(server):
    log = Log(server)
    heard = []
    assert call(server, "partial", notify=lambda *what: heard.append(what)) == (["said"], False)
    assert heard == [("log", "info", "it", "one", None), ("log", "info", "it", "two", None)] and log.heard == []


def test_what_a_call_wrote_is_on_the_flash_when_it_is_over(server, tmp_path):
    for lines in (1, 2, 3):
        assert call(server, "note") == (["0"], False)
        assert (tmp_path / "files" / "it" / "notes").read_text() == "a note\n" * lines


def test_a_program_may_end_itself_in_a_call_and_that_is_no_crash(server, tmp_path):
    log = Log(server)
    call(server, "note")
    texts, is_error = call(server, "end")
    assert is_error and "ended the program (wasi:cli/exit) without an answer. It starts afresh when called" in texts[0]
    entry = server.components["it"].entry()
    assert (entry["state"], entry["traps"], entry["memoryBytes"]) == ("stopped", 0, 1024)
    assert log.lines() == ["the last words"]
    assert call(server, "note") == (["0"], False), "and the file that it had open is not busy"
    assert (tmp_path / "files" / "it" / "notes").read_text() == "a note\n" * 2


def test_to_end_with_a_failure_is_a_crash(server):
    texts, is_error = call(server, "fail")
    assert is_error and "failed: it ended itself with exit code 1. The component starts afresh" in texts[0]
    assert server.components["it"].entry()["traps"] == 1
    assert call(server, "partial") == (["said"], False)


@pytest.mark.parametrize("files, answer", [(0, "was ended: a new version"), (4096, "counted to 20")])
def test_two_versions_never_write_the_same_files(host, faults, files, answer):
    """A component with files ends its call before its new version starts; without, nobody waits."""
    push(host, "it", faults, configuration=configuration(files=files))
    *steps, last = chunks(host, "it", faults)
    for chunk in steps:
        drive(chunk)
    old = host.components["it"]
    (content, _), _ = together(host.call_tool("count", b'{"to":20,"delay_ms":1}'), last)
    assert answer in content[0]
    assert host.components["it"] is not old and call(host, "divide", b'{"a":6,"b":2}') == (["3"], False)
