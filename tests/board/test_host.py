"""What the host promises: components come, run, fail and go, and the board stays what it was."""

import json
import time

import host_guests as guests
import pytest
from host_guests import call, chunks, push, together
from wasmote.host import Host, HostError, Storage
from wasmote.jsonrpc import validate
from wasmote.wasm import Store, arena_info, drive
from wat import assemble


@pytest.fixture(scope="session")
def thermometer():
    return guests.example("thermometer")


@pytest.fixture(scope="session")
def textkit():
    return guests.example("textkit")


@pytest.fixture(scope="session")
def faults():
    return guests.example("faults")


@pytest.fixture
def new_host(tmp_path):
    made = []
    free = arena_info()[1]

    def new(**settings):
        settings.setdefault("validate", validate)
        made.append(Host(Storage(str(tmp_path / "components")), **settings))
        return made[-1]

    yield new
    for host in made:
        host.close()
    assert arena_info()[1] == free, "the arena is not whole again"


@pytest.fixture
def host(new_host):
    return new_host(call_timeout_ms=300)


def names(host):
    return [tool.name for tool in host.tools]


def refusal(steps):
    with pytest.raises(HostError) as caught:
        drive(steps) if hasattr(steps, "send") else steps()
    return caught.value.kind, str(caught.value)


# Coming and going


def test_a_pushed_component_is_loaded_and_its_tools_are_there(host, thermometer):
    answer = push(host, "thermometer", thermometer)
    assert (answer["name"], answer["offset"], answer["complete"]) == ("thermometer", len(thermometer), True)
    entry = answer["component"]
    assert (entry["state"], entry["tools"]) == ("ready", ["read", "calibrate", "history"])
    assert entry["bytes"] == len(thermometer) and 0 < entry["memoryBytes"] < entry["memoryLimitBytes"] == 65536
    assert host.list() == [entry] and host.components["thermometer"].state == "ready"
    assert call(host, "read") == (["20.000 °C"], False)


def test_a_chunk_is_answered_with_the_next_offset(host, thermometer):
    answers = [drive(steps) for steps in chunks(host, "thermometer", thermometer, size=6000)]
    assert answers[:2] == [
        {"name": "thermometer", "offset": 6000, "complete": False},
        {"name": "thermometer", "offset": 12000, "complete": False},
    ]
    assert answers[2]["complete"]


def test_tools_are_ready_made_json(host, thermometer):
    push(host, "thermometer", thermometer)
    read, calibrate, history = (json.loads(bytes(tool.json)) for tool in host.tools)
    assert read == {
        "name": "read",
        "title": "Read the thermometer",
        "description": "The temperature now, in degrees Celsius unless another unit is asked for.",
        "inputSchema": {"type": "object", "properties": {"unit": {"type": "string", "enum": ["C", "F", "K"]}}},
    }
    assert calibrate["annotations"] == {"idempotentHint": True}
    assert history["annotations"] == {"readOnlyHint": True}


def test_boot_loads_what_is_stored(new_host, thermometer, textkit):
    first = new_host()
    push(first, "thermometer", thermometer)
    push(first, "textkit", textkit)
    first.close()
    second = new_host()
    drive(second.boot())
    assert list(second.components) == ["textkit", "thermometer"]
    assert call(second, "reverse", b'{"text":"abc"}') == (["cba"], False)


def test_boot_goes_on_after_a_component_that_does_not_load(new_host, thermometer):
    host = new_host()
    with open(host.storage.path("bad"), "wb") as file:
        file.write(thermometer[:5000])
    with open(host.storage.path("good"), "wb") as file:
        file.write(thermometer)
    drive(host.boot())
    bad, good = host.list()
    assert (bad["state"], bad["tools"], good["state"]) == ("failed", [], "ready")
    assert "damaged or cut short" in bad["error"]


def test_unload_gives_all_memory_back_and_load_brings_it_again(host, thermometer):
    free = arena_info()[1]
    push(host, "thermometer", thermometer)
    entry = drive(host.unload("thermometer"))["component"]
    assert (entry["state"], entry["tools"], entry["memoryBytes"]) == ("unloaded", [], 0)
    assert arena_info()[1] == free and names(host) == []
    assert drive(host.load("thermometer"))["component"]["state"] == "ready"
    assert call(host, "history")[0] == ["0 of 0 readings, newest first (°C)"]


def test_load_of_a_loaded_component_starts_it_afresh(host, thermometer):
    push(host, "thermometer", thermometer)
    call(host, "read")
    drive(host.load("thermometer"))
    assert call(host, "read") == (["20.000 °C"], False)


def test_remove_deletes_the_file(host, thermometer):
    push(host, "thermometer", thermometer)
    assert drive(host.remove("thermometer"))["component"]["name"] == "thermometer"
    assert host.list() == [] and host.storage.names() == [] and names(host) == []


@pytest.mark.parametrize("method", ["load", "unload", "remove"])
def test_an_unknown_component_is_refused_with_those_that_are_there(host, thermometer, method):
    push(host, "thermometer", thermometer)
    kind, text = refusal(getattr(host, method)("radio"))
    assert kind == "not-found" and text == 'there is no component "radio" on this board; there are: thermometer'
    assert refusal(getattr(host, method)("../radio"))[0] == "bad-params"


def test_load_file_takes_a_component_from_anywhere(host, thermometer, tmp_path):
    (tmp_path / "elsewhere.wasm").write_bytes(thermometer)
    assert drive(host.load_file(str(tmp_path / "elsewhere.wasm")))["component"]["name"] == "elsewhere"
    assert call(host, "read") == (["20.000 °C"], False)


def test_generation_counts_changes_of_the_tool_list(host, thermometer, faults):
    seen = [host.generation]
    push(host, "thermometer", thermometer)
    seen.append(host.generation)
    call(host, "read")
    assert host.generation == seen[-1]
    drive(host.unload("thermometer"))
    seen.append(host.generation)
    assert seen == sorted(set(seen))
    push(host, "faults", faults)
    before = host.generation
    call(host, "trap")
    call(host, "count", b'{"to":0}')
    assert host.generation == before, "a restart with the same tools is no change"


# Replacing


def test_a_new_version_takes_the_place_of_the_old_one(host, thermometer, textkit, faults):
    push(host, "first", thermometer)
    push(host, "second", faults)
    push(host, "first", textkit)
    assert names(host)[:2] == ["word_count", "split"] and "read" not in names(host)
    assert len(host.list()) == 2 and host.storage.size("first") == len(textkit)


def test_the_old_version_serves_until_the_new_one_is_loaded(host, thermometer):
    push(host, "it", thermometer)
    *first, last = chunks(host, "it", thermometer)
    for steps in first:
        drive(steps)
        assert call(host, "read")[1] is False
    for _ in last:
        assert call(host, "history")[0][0].startswith("3 of 3") or host.components["it"].calls == 0
    assert call(host, "history")[0][0].startswith("0 of 0")


@pytest.mark.parametrize("bad", ["truncated", "not wasm", "core module", "foreign", "wrong checksum"])
def test_a_bad_push_leaves_the_old_version_in_service(host, thermometer, bad):
    data, why = {
        "truncated": (thermometer[:9000], "the file is damaged or cut short"),
        "not wasm": (b"#!/bin/sh\nexit 1\n" * 50, "magic header not detected"),
        "core module": (b"\0asm\1\0\0\0", "core module"),
        "foreign": (assemble(guests.FOREIGN), "imports wasi:http/handler@0.2.0"),
        "wrong checksum": (None, "checksum"),
    }[bad]
    push(host, "it", thermometer)
    call(host, "read")
    if data is None:
        kind, text = refusal(host.push("it", 4, 0, b"abcd", 1))
        assert kind == "crc" and why in text
    else:
        kind, text = refusal(lambda: push(host, "it", data))
        assert kind == "refused" and text.startswith("it was not loaded: ") and why in text
    assert call(host, "history")[0][0].startswith("1 of 1")
    assert host.storage.size("it") == len(thermometer) and host.storage.uploads == []
    assert host.list()[0]["state"] == "ready"


def test_a_bad_push_of_a_new_component_leaves_nothing(host):
    assert refusal(lambda: push(host, "new", b"x" * 100))[0] == "refused"
    assert host.list() == [] and host.storage.names() == []


@pytest.fixture
def crowd():
    """crowd(granules): takes the rest of the arena but `granules`."""
    taken = []

    def take(leave):
        store = Store(limit=200, stack=0)
        taken.append(store)
        for _ in range(arena_info()[1] - leave):
            store.alloc(1024)

    yield take
    for store in taken:
        store.close()


def test_the_old_version_makes_room_when_both_do_not_fit(host, thermometer, textkit, crowd):
    push(host, "it", thermometer)
    crowd(10)
    push(host, "it", textkit)
    assert call(host, "reverse", b'{"text":"ab"}') == (["ba"], False)


def test_a_new_version_that_does_not_fit_at_all_brings_the_old_one_back(host, thermometer, crowd):
    push(host, "it", thermometer)
    crowd(1)
    kind, text = refusal(lambda: push(host, "it", assemble(guests.LARGE)))
    assert kind == "refused" and "out of memory" in text
    assert call(host, "read") == (["20.000 °C"], False)


def test_two_components_cannot_have_one_tool(host, thermometer, textkit):
    push(host, "thermometer", thermometer)
    kind, text = refusal(lambda: push(host, "other", thermometer))
    assert kind == "refused"
    assert text.startswith("other was not loaded: its tool read is already there, from the component thermometer")
    assert names(host) == ["read", "calibrate", "history"]


# What is refused before guest code runs


@pytest.mark.parametrize(
    "text, why",
    [
        (guests.FOREIGN, "component imports wasi:http/handler@0.2.0"),
        (guests.WRONG_TYPE, "wasi:clocks/monotonic-clock@0.2.0#now with a type other than this board's"),
        (guests.TRAPPING, "it trapped while it started: unreachable"),
    ],
)
def test_a_component_that_cannot_run_is_refused_with_the_reason(host, text, why):
    kind, said = refusal(lambda: push(host, "it", assemble(text)))
    assert kind == "refused" and why in said


def test_a_start_that_does_not_end_is_ended(new_host):
    host = new_host(load_timeout_ms=200)
    kind, text = refusal(lambda: push(host, "it", assemble(guests.ENDLESS)))
    assert kind == "refused" and "did not start within 200 ms" in text


def test_a_component_over_its_memory_limit_is_refused(new_host, thermometer):
    host = new_host(memory_limit=8 * 1024)
    kind, text = refusal(lambda: push(host, "thermometer", thermometer))
    assert kind == "refused" and "memory limit of 8 KiB" in text


def test_what_is_not_granted_is_refused_by_name(new_host, faults, thermometer):
    host = new_host(allow=("wasi:mcp/*",))
    kind, text = refusal(lambda: push(host, "faults", faults))
    assert kind == "refused" and "wasi:clocks/monotonic-clock@0.2.0#subscribe-duration, which it is not granted" in text
    push(host, "thermometer", thermometer)


# Calls


def test_a_guest_error_is_a_result(host, thermometer):
    push(host, "thermometer", thermometer)
    assert call(host, "read", b'{"unit":"X"}') == (['unknown unit "X": use "C", "F" or "K"'], True)


def test_an_unknown_tool_is_not_found(host):
    assert refusal(lambda: drive(host.call_tool("nothing"))) == (
        "not-found",
        'there is no tool "nothing" on this board',
    )


@pytest.mark.parametrize(
    "tool, why",
    [
        ("trap", "unreachable"),
        ("recurse", "call stack exhausted"),
        ("hoard", "out of memory"),
        ("divide", "integer divide by zero"),
    ],
)
def test_a_trap_says_what_and_where(host, faults, tool, why):
    push(host, "faults", faults)
    (text,), is_error = call(host, tool)
    assert is_error and text.startswith(f'faults: "{tool}" failed: {why}')
    assert "in function " in text and " at offset 0x" in text and "starts afresh at its next call" in text


def test_an_endless_loop_is_ended_at_the_time_limit(host, faults):
    push(host, "faults", faults)
    began = time.monotonic()
    (text,), is_error = call(host, "spin")
    assert 0.25 < time.monotonic() - began < 1
    assert is_error and text.startswith('faults: "spin" was stopped after 300 ms, its time limit')


def test_a_dead_component_starts_afresh_at_its_next_call(host, faults):
    push(host, "faults", faults)
    whole = host.list()[0]["memoryBytes"]
    call(host, "trap")
    entry = host.list()[0]
    assert entry["state"] == "ready" and entry["traps"] == 1 and "unreachable" in entry["error"]
    assert entry["memoryBytes"] < whole / 4 and len(entry["tools"]) == 6, "its memory is free, its tools are listed"
    assert call(host, "divide", b'{"a":6,"b":3}') == (["2"], False)
    entry = host.list()[0]
    assert entry["memoryBytes"] == whole and "error" not in entry


def test_crash_after_crash_ends_in_quarantine_until_it_is_loaded_again(host, faults, monkeypatch):
    from wasmote.host import guest

    monkeypatch.setattr(guest, "_BACKOFF_MS", 0)
    push(host, "faults", faults)
    for _ in range(9):
        assert "starts afresh" in call(host, "trap")[0][0]
    assert "crash number 10 in a row" in call(host, "trap")[0][0]
    text = call(host, "divide", b'{"a":1,"b":1}')[0][0]
    assert "was not called" in text and "crashed 10 times in a row" in text and "loaded again (wasmote/load)" in text
    assert host.list()[0]["state"] == "failed"
    drive(host.load("faults"))
    assert call(host, "divide", b'{"a":1,"b":1}') == (["1"], False)


def test_crashes_in_a_row_wait_longer_and_longer(host, faults):
    push(host, "faults", faults)
    for _ in range(4):
        call(host, "trap")
    began = time.monotonic()
    call(host, "count", b'{"to":0}')
    assert 0.15 < time.monotonic() - began < 1
    call(host, "trap")
    began = time.monotonic()
    call(host, "count", b'{"to":0}')
    assert time.monotonic() - began < 0.15, "a call that went well ends the row"


def test_a_component_that_cannot_start_again_says_why(host, thermometer, faults, crowd):
    push(host, "faults", faults)
    call(host, "trap")
    crowd(2)
    (text,), is_error = call(host, "divide", b'{"a":1,"b":1}')
    assert is_error and "could not be started again" in text and "do not fit the arena" in text


def test_a_cancelled_call_costs_the_instance_but_is_no_crash(host, faults):
    push(host, "faults", faults)
    steps = host.call_tool("spin")
    for _ in range(3):
        next(steps)
    steps.close()
    assert host.list()[0]["traps"] == 0
    assert call(host, "divide", b'{"a":6,"b":3}') == (["2"], False)


def test_components_run_side_by_side(host, faults, thermometer):
    push(host, "faults", faults)
    push(host, "thermometer", thermometer)
    spin, *reads = together(host.call_tool("spin"), *[host.call_tool("read") for _ in range(3)])
    assert [text for (text,), _ in reads] == ["20.000 °C", "20.430 °C", "20.860 °C"]
    assert "time limit" in spin[0][0]


def test_calls_of_one_component_come_one_after_the_other(host, faults):
    push(host, "faults", faults)
    order = []

    def notify(who):
        return lambda kind, done, total: order.append((who, done))

    arguments = b'{"to":2,"delay_ms":5}'
    results = together(*[host.call_tool("count", arguments, b"1", notify(who)) for who in "ab"])
    assert results == [(["counted to 2"], False)] * 2
    assert order == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]


def test_waiting_for_others_does_not_count_as_run_time(host, faults):
    push(host, "faults", faults)
    results = together(host.call_tool("spin"), host.call_tool("count", b'{"to":1,"delay_ms":200}'))
    assert results[1] == (["counted to 1"], False)


@pytest.mark.parametrize("method", ["unload", "remove", "load"])
def test_a_call_under_way_ends_when_its_component_goes(host, faults, method):
    push(host, "faults", faults)
    call_a, call_b = host.call_tool("spin"), host.call_tool("spin")
    for steps in (call_a, call_b, call_a):
        next(steps)
    (one, two, _) = together(call_a, call_b, getattr(host, method)("faults"))
    for (text,), is_error in (one, two):
        assert is_error and text.startswith('faults: "spin" was ended: the component was ')


def test_a_call_under_way_ends_when_a_new_version_comes(new_host, faults, textkit):
    host = new_host(call_timeout_ms=20_000)
    push(host, "it", faults)
    steps = host.call_tool("spin")
    next(steps)
    *first, last = chunks(host, "it", textkit)
    for each in first:
        drive(each)
    (result, _) = together(steps, last)
    assert result == (['it: "spin" was ended: a new version of the component took its place'], True)


def test_progress_goes_to_the_call_and_only_if_somebody_wants_it(host, faults):
    push(host, "faults", faults)
    heard = []
    arguments = b'{"to":2,"delay_ms":0}'
    drive(host.call_tool("count", arguments, b'"token"', lambda *what: heard.append(what)))
    assert heard == [("progress", 1, 2), ("progress", 2, 2)]
    drive(host.call_tool("count", arguments, None, lambda *what: heard.append(what)))
    assert len(heard) == 2


def test_log_messages_go_to_the_call(host, thermometer):
    push(host, "thermometer", thermometer)
    heard = []
    call(host, "calibrate", b'{"offset":1}', lambda *what: heard.append(what))
    assert heard == [("log", "info", "thermometer", "thermometer calibrated", None)]


def test_info_adds_up(host, thermometer):
    free = arena_info()[1]
    push(host, "thermometer", thermometer)
    info = host.info()
    assert info["arena"]["granuleBytes"] == 1024 and info["arena"]["bytes"] == arena_info()[0] * 1024
    assert info["arena"]["freeBytes"] + info["components"][0]["memoryBytes"] == free * 1024
    assert info["limits"] == {"callTimeoutMs": 300, "componentBytes": 256 * 1024}
    assert info["engine"] in ("c", "python") and info["flash"]["freeBytes"] > 0
