"""What a component's configuration may say, what it changes, and that it stays with its component."""

import json
import os

import host_guests as guests
import pytest
from host_guests import call, push, refusal
from wasmote.host import HostError, Storage
from wasmote.host.checks import parse
from wasmote.host.config import LIMIT, Config
from wasmote.wasm import arena_info, drive
from wat import assemble

pytest_plugins = ["host_fixtures"]

WHOLE = {
    "allow": ["wasi:mcp/*", "wasi:clocks/wall-clock", "*"],
    "env": {"UNIT": "C", "ü": ""},
    "args": ["-v", ""],
    "files": 16384,
    "store": 0,
    "peers": ["*", "clock", "clock/now"],
    "fallback": "spare:read",
    "memory": 32,
    "timeout_ms": 5000,
}


def text(**members):
    return json.dumps(members).encode()


# What it may say


def test_every_member_is_read():
    config = parse(text(**WHOLE), 96)
    for name, value in WHOLE.items():
        assert getattr(config, name) == (tuple(value) if isinstance(value, list) else value)


def test_what_is_missing_or_null_is_the_default():
    config = parse(text(env=None), 96)
    for name in WHOLE:
        assert getattr(config, name) == getattr(Config, name)


@pytest.mark.parametrize(
    "member, value, says",
    [
        ("allowed", [], 'it has no member "allowed"; there are: allow, env, args, files'),
        ("allow", "wasi:mcp/*", "allow must be a list of strings"),
        ("allow", ["wasi:mcp"], 'allow has "wasi:mcp": a grant is an interface without its version, like'),
        ("allow", ["wasi:mcp/"], "a grant is"),
        ("allow", ["wasi:io/poll@0.2.0"], 'an interface without its version, like "wasi:clocks/wall-clock"'),
        ("allow", ["wasi:*/poll"], 'all of a package: "wasi:clocks/*"'),
        ("allow", ["a:b/c"] * 17, "allow has 17 entries: 16 at most"),
        ("env", ["A=1"], "env must be an object of strings"),
        ("env", {"A": 1}, 'the value of env "A" must be a string'),
        ("env", {"A=B": ""}, "neither = nor NUL"),
        ("env", {"": ""}, "neither = nor NUL"),
        ("env", {"A": "a\0b"}, "a string without NUL"),
        ("env", {str(i): "" for i in range(17)}, "env has 17 variables: 16 at most"),
        ("args", [1], "args must be a list of strings"),
        ("args", ["\0"], "without NUL"),
        ("files", -1, "files must be an integer from 0 to 536870911: bytes of flash"),
        ("files", True, "files must be an integer from 0"),
        ("files", 1.5, "files must be an integer from 0"),
        ("files", 4095, "files must be 0 or at least 4096 bytes, a block of the flash"),
        ("store", "1K", "store must be an integer from 0"),
        ("peers", ["a/"], 'peers has "a/": each must be "component", "component/tool" or "*"'),
        ("peers", ["a b"], "each must be"),
        ("fallback", "spare:", 'fallback must be "module:function"'),
        ("fallback", "a/b", 'fallback must be "module:function"'),
        ("fallback", 1, 'fallback must be "module:function"'),
        ("fallback", "files.thermometer.evil:f", "in no folder"),
        ("fallback", ".evil", "in no folder"),
        ("fallback", "1a", "in no folder"),
        ("fallback", "main:f", "neither main nor boot"),
        ("fallback", "boot", "neither main nor boot"),
        ("fallback", "spare:a.b", 'fallback must be "module:function"'),
        ("memory", 0, "memory must be an integer from 1 to 536870911: KiB"),
        ("memory", 97, "memory is in KiB, 97 is more than the 96 that this board has"),
        ("timeout_ms", 0, "timeout_ms must be an integer from 1 to 536870911: milliseconds"),
        ("timeout_ms", 2**29, "timeout_ms must be an integer from 1"),
    ],
)
def test_a_mistake_is_refused_with_what_would_be_right(member, value, says):
    kind, said = refusal(lambda: parse(text(**{member: value}), 96))
    assert kind == "bad-params" and said.startswith("the configuration was not taken: ") and says in said


def test_a_configuration_is_an_object_of_limited_size():
    assert "it must be a JSON object" in refusal(lambda: parse(b"[]", 96))[1]
    assert "it must be a JSON object" in refusal(lambda: parse(b"{", 96))[1]
    long = text(args=["x" * LIMIT])
    assert refusal(lambda: parse(long, 96)) == ("limit", f"the configuration has {len(long)} bytes: {LIMIT} at most")


# What it changes


def configure(host, name, **members):
    return drive(host.configure(name, text(**members)))["component"]


def test_limits_are_those_of_the_component(host, thermometer, faults, ticks):
    push(host, "thermometer", thermometer)
    push(host, "faults", faults)
    assert configure(host, "faults", memory=40, timeout_ms=50)["memoryLimitBytes"] == 40 * 1024
    texts, is_error = call(host, "spin")
    assert is_error and "stopped after 50 ms, its time limit" in texts[0]
    assert host.components["thermometer"].entry()["memoryLimitBytes"] == 64 * 1024


def test_grants_are_those_of_the_component_and_a_refusal_changes_nothing(host, faults):
    push(host, "faults", faults)
    call(host, "divide", b'{"a":6,"b":2}')
    kind, said = refusal(lambda: configure(host, "faults", allow=["wasi:mcp/*"]))
    assert kind == "refused" and "wasi:clocks/monotonic-clock" in said and "not granted" in said
    assert host.configuration("faults")["config"] == b"{}"
    assert host.components["faults"].calls == 1, "it is still the same guest"
    assert configure(host, "faults", allow=["wasi:mcp/*", "wasi:clocks/*"])["state"] == "ready"
    assert host.components["faults"].config.allow == ("wasi:mcp/*", "wasi:clocks/*")


@pytest.mark.parametrize("grant", ["wasi:clock/*", "wasi:clocks/wall", "wasi:http/*", "wasmote:mcp/colour"])
def test_a_grant_of_nothing_is_refused_with_what_there_is(host, thermometer, grant):
    push(host, "thermometer", thermometer)
    for give in (
        lambda: configure(host, "thermometer", allow=[grant]),
        lambda: push_with(host, "t", b"x", text(allow=[grant])),
    ):
        kind, said = refusal(give)
        assert (
            kind == "bad-params"
            and f'allow has "{grant}", and this board has nothing of that name; there are: ' in said
        )
        packages = ("cli", "clocks", "filesystem", "io", "keyvalue", "mcp", "random", "sockets")
        assert said.endswith(", ".join([f"wasi:{package}/*" for package in packages] + ["wasmote:mcp/*"]))


def test_the_answer_tells_what_was_set_and_what_counts(host, thermometer):
    push(host, "thermometer", thermometer)
    configure(host, "thermometer", env={"UNIT": "F"}, memory=32)
    answer = host.configuration("thermometer")
    assert json.loads(answer["config"]) == {"env": {"UNIT": "F"}, "memory": 32}
    assert answer["effective"]["memory"] == 32 and answer["effective"]["timeout_ms"] == 30_000
    assert answer["effective"]["allow"] == host.allow and answer["effective"]["files"] == 0
    assert set(answer["effective"]) == set(WHOLE)


def test_there_must_be_such_a_component(host):
    for ask in (lambda: drive(host.configure("ghost", b"{}")), lambda: host.configuration("ghost")):
        assert refusal(ask)[0] == "not-found"


def test_an_unloaded_component_is_configured_and_stays_unloaded(host, thermometer):
    push(host, "thermometer", thermometer)
    drive(host.unload("thermometer"))
    assert configure(host, "thermometer", memory=32)["state"] == "unloaded"
    assert host.configuration("thermometer")["effective"]["memory"] == 32
    assert drive(host.load("thermometer"))["component"]["memoryLimitBytes"] == 32 * 1024


# Where it stays


def test_it_survives_a_reset_and_a_new_version_and_goes_with_the_component(new_host, thermometer):
    host = new_host()
    push(host, "thermometer", thermometer)
    configure(host, "thermometer", memory=32)
    push(host, "thermometer", thermometer)
    assert host.components["thermometer"].config.memory == 32
    host.close()
    host = new_host()
    drive(host.boot())
    assert host.components["thermometer"].config.memory == 32
    drive(host.remove("thermometer"))
    push(host, "thermometer", thermometer)
    assert host.components["thermometer"].config.memory is None


def push_with(host, name, data, configuration):
    return push(host, name, data, configuration=configuration)["component"]


def test_a_push_may_bring_a_configuration(host, faults):
    assert push_with(host, "faults", faults, text(memory=40))["memoryLimitBytes"] == 40 * 1024
    assert json.loads(host.configuration("faults")["config"]) == {"memory": 40}
    assert push_with(host, "faults", faults, b"{}")["memoryLimitBytes"] == 64 * 1024


def test_a_push_that_fails_leaves_the_old_configuration(host, faults):
    push_with(host, "faults", faults, text(memory=40))
    refusal(lambda: push_with(host, "faults", faults, text(allow=[])))
    assert refusal(lambda: push_with(host, "faults", faults, b'{"x":1}'))[0] == "bad-params"
    refusal(lambda: push_with(host, "faults", assemble(guests.TRAPPING), text(memory=20)))
    assert json.loads(host.configuration("faults")["config"]) == {"memory": 40}
    assert host.components["faults"].config.memory == 40


def test_a_damaged_configuration_keeps_its_component_from_loading_and_says_so(new_host, thermometer, tmp_path):
    host = new_host()
    push(host, "thermometer", thermometer)
    host.close()
    (tmp_path / "components" / "thermometer.json").write_text('{"memory": "much"}')
    host = new_host()
    drive(host.boot())
    (entry,) = host.list()
    assert entry["state"] == "failed" and "memory must be an integer from 1 to 536870911: KiB" in entry["error"]
    assert configure(host, "thermometer")["state"] == "ready", "the remedy"


# Power cuts: what the flash may hold, and what the next boot makes of it

CUTS = [
    ({"a.wasm": "old", "a.json": "old", "a.part00000000": "new"}, ("old", "old")),
    ({"a.wasm": "old", "a.json": "old", "a.part00000000": "new", "a.next": ""}, ("old", "old")),
    ({"a.wasm": "old", "a.json": "old", "a.part00000000": "new", "a.next": "new"}, ("old", "old")),
    ({"a.wasm": "new", "a.json": "old", "a.next": "new"}, ("new", "new")),
    ({"a.wasm": "new", "a.next": "new"}, ("new", "new")),
    ({"a.wasm": "old", "a.json": "old", "a.json.part": "ne"}, ("old", "old")),
    ({"a.json": "old"}, (None, None)),
    ({"a.next": "new"}, (None, None)),
]


@pytest.mark.parametrize("files, wanted", CUTS)
def test_a_power_cut_leaves_a_component_with_its_own_configuration(tmp_path, files, wanted):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    storage = Storage(str(tmp_path))
    component = tmp_path / "a.wasm"
    configuration = storage.configuration("a")
    assert (component.exists() and component.read_text() or None, configuration and configuration.decode()) == wanted
    assert set(os.listdir(tmp_path)) <= {"a.wasm", "a.json", "a.part00000000"}


def test_every_moment_of_a_push_is_one_of_these(tmp_path, monkeypatch):
    """What is on the flash after each change that commit() makes there."""
    storage = Storage(str(tmp_path))
    (tmp_path / "a.wasm").write_text("old")
    storage.configure("a", b"old")
    assert storage.receive("a", 3, 0, b"new", 0) == 3
    seen = []
    rename, keep = os.rename, storage._keep

    def look():
        seen.append({file.name: file.read_text() for file in tmp_path.iterdir()})

    monkeypatch.setattr(os, "rename", lambda *paths: (look(), rename(*paths)))
    monkeypatch.setattr(storage, "_keep", lambda *what: (look(), keep(*what)))
    storage.commit("a", b"new")
    look()
    cuts = [files for files, _ in CUTS]
    assert all(files in cuts for files in seen[:-1]) and len(seen) == 4
    assert seen[-1] == {"a.wasm": "new", "a.json": "new"}


def test_a_full_flash_leaves_the_old_configuration(tmp_path, monkeypatch):
    storage = Storage(str(tmp_path))
    (tmp_path / "a.wasm").write_text("")
    storage.configure("a", b"{}")

    def full(path, mode="r"):
        raise OSError(28)

    monkeypatch.setattr("builtins.open", full)
    with pytest.raises(HostError, match="was not written to the flash"):
        storage.configure("a", b'{"memory":1}')
    monkeypatch.undo()
    assert storage.configuration("a") == b"{}"


# Two that would write the same files: the old one's call ends first


def finished(steps, among, turns=100_000):
    """What a generator returns, run in turn with others that are under way."""
    for _ in range(turns):
        for other in among:
            next(other, None)
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value
    pytest.fail("it waits for ever")


@pytest.mark.parametrize("how", ["push", "configure"])
def test_a_call_that_restarts_its_component_is_waited_for(host, faults, ticks, how):
    push(host, "faults", faults, configuration=text(store=4096))
    for _ in range(4):
        call(host, "trap")
    restarting = host.call_tool("divide", b'{"a":6,"b":3}')
    next(restarting)
    assert host.guests[0].busy and host.guests[0].state == "dead", "it waits out the crashes before it starts again"
    if how == "push":
        *rest, steps = guests.chunks(host, "faults", faults)
        for chunk in rest:
            drive(chunk)
    else:
        steps = host.configure("faults", text(store=8192))
    heard = []

    def listening():
        heard.append((yield from restarting))

    assert finished(steps, [listening()])["component"]["restarts"] == 0, "a new one is in its place"
    assert heard == [(["2"], False)]
    assert call(host, "divide", b'{"a":6,"b":3}') == (["2"], False)


def test_while_a_call_is_waited_for_others_load_and_start_again(host, faults, thermometer, textkit):
    push(host, "faults", faults, configuration=text(files=4096))
    push(host, "thermometer", thermometer)
    spinning = host.call_tool("spin")
    next(spinning)
    configuring = host.configure("faults", text(files=8192))
    next(configuring)
    waiting = [spinning, configuring]
    *rest, last = guests.chunks(host, "textkit", textkit)
    for chunk in rest:
        drive(chunk)
    assert finished(last, waiting)["component"]["state"] == "ready"
    host.components["thermometer"].rest("it had to")
    assert finished(host.call_tool("read"), waiting)[1] is False
    assert host.components["faults"].config.files == 4096
    spinning.close()
    assert drive(configuring)["component"]["state"] == "ready"
    assert host.components["faults"].config.files == 8192


# A flash that does not take it


@pytest.mark.parametrize("error", [MemoryError("memory allocation failed"), ValueError("odd")])
def test_whatever_keeps_a_new_version_off_the_flash_ends_it(host, thermometer, monkeypatch, error):
    def fails(*_):
        raise error

    push(host, "thermometer", thermometer)
    free = arena_info()[1]
    with monkeypatch.context() as broken:
        broken.setattr(host.storage, "commit", fails)
        with pytest.raises(type(error)):
            push(host, "thermometer", thermometer)
        broken.setattr(host.storage, "configure", fails)
        with pytest.raises(type(error)):
            drive(host.configure("thermometer", b"{}"))
    assert arena_info()[1] == free
    assert call(host, "read") == (["20.000 °C"], False), "the old one serves"
    push(host, "thermometer", thermometer)
