"""wasi:cli, wasi:io and wasi:random by guests that use them: output is logged line by line, exit is no crash."""

import pytest
from host_guests import Log, push, refusal
from wasi_programs import configuration, everything, program
from wasmote.host.wasi.cli import whole
from wasmote.wasm import drive

pytest_plugins = ["host_fixtures", "wasi_fixtures"]

SAID = """\
directory 0
terminal 0
read nothing: failed 0
read: failed 1
closed 1
closed stays closed 1
skip: closed 1
ready 1
polled 2
splice: closed 1
allowed 4096
flush: failed 0
zeroes: failed 0
random bytes 16
random 1
the end"""


@pytest.fixture
def log(host):
    return Log(host)


def run(host, *arguments, **members):
    """Runs the program with these arguments; its entry."""
    settings = configuration(args=arguments, **members)
    return push(host, "it", program("streams"), configuration=settings)["component"]


def test_a_program_reads_its_environment_and_writes_lines(host, log):
    entry = run(host, "x y", env={"UNIT": "°C"})
    assert (entry["state"], entry["memoryBytes"]) == ("ready", 0), "a program that is over takes no memory"
    said = log.lines()
    assert said[:2] == ["arguments it x y", "UNIT is °C"] and said[2:] == SAID.split("\n")
    # What was written to stderr without an end comes when the program is over; what is no UTF-8 is shown as such.
    assert log.lines("warning") == ["half a line", "and \ufffd" + "\ufffd\ufffd" + "\0" * 300]
    assert log.heard == []


def test_lines_come_from_the_component_while_it_runs(host, log):
    seen = []
    host.on_log = lambda level, component, message, data: seen.append((level, component, data))
    run(host)
    assert set(seen) == {("info", "it", None), ("warning", "it", None)}


def test_a_long_line_comes_in_pieces_of_whole_characters(host, log):
    run(host, "long")
    pieces = log.lines()[:3]
    assert "".join(pieces) == "ü" * 700 and [len(piece.encode()) for piece in pieces] == [512, 512, 376]
    assert [
        whole(b"a" * 9 + end) for end in (b"\xc3", b"\xe2\x82", b"\xf0\x9f\x92", b"\xf0\x9f\x92\xa1", b"\xff", b"")
    ] == [
        *(9, 9, 9, 13, 9, 9),
    ]


def test_exit_with_success_ends_the_program_and_gives_its_memory_back(host, log):
    entry = run(host, "exit")
    assert (entry["state"], entry["traps"], entry["memoryBytes"]) == ("ready", 0, 0) and "error" not in entry
    assert drive(host.load("it"))["component"]["state"] == "ready", "it can be run again"


@pytest.mark.parametrize(
    "arguments, why",
    [
        (["fail"], "it ended itself with exit code 1"),
        (["code"], "it ended itself with exit code 7"),
        (["error"], "its wasi:cli/run failed"),
        (["unchecked"], "write of 1 bytes: check-write allowed 0"),
        (["twice"], "write of 97 bytes: check-write allowed 96"),
        (["hoard"], "too many streams: 16 at most"),
        (["lots"], "16385 random bytes: 16384 at most at a time"),
    ],
)
def test_other_ends_say_why(host, log, arguments, why):
    kind, text = refusal(lambda: run(host, *arguments))
    assert kind == "refused" and why in text


def test_more_than_4096_random_bytes_at_a_time_were_a_trap(host, log):
    run(host, "many")
    assert log.lines()[:2] == ["random bytes 16384", "of them other than the 256 before 64"]


def test_what_is_not_granted_is_refused_by_name_with_the_remedy(host):
    kind, text = refusal(lambda: run(host, allow=["wasi:cli/*", "wasi:random/*"]))
    assert kind == "refused"
    assert "wasi:io/streams@0.2.0#" in text and "it is not granted here: allow wasi:io/streams" in text


def test_every_function_links_with_the_types_that_wit_component_writes(host):
    assert push(host, "all", everything("all"))["component"]["state"] == "ready"
