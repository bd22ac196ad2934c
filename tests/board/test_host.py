"""What the host promises: components come, are replaced, fail and go, and the board stays what it was."""

import json

import host_guests as guests
import pytest
from fake_provider import Provider
from host_guests import call, chunks, push, refusal
from wasmote.host.runtime import Runtime
from wasmote.wasm import arena_info, drive
from wat import assemble

pytest_plugins = ["host_fixtures"]


def names(host):
    return [tool.name for tool in host.tools]


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


def test_the_old_version_makes_room_when_both_do_not_fit(host, thermometer, textkit, crowd):
    push(host, "it", thermometer)
    crowd(10)
    push(host, "it", textkit)
    assert call(host, "reverse", b'{"text":"ab"}') == (["ba"], False)


def test_a_new_version_that_does_not_fit_at_all_brings_the_old_one_back(host, thermometer, crowd):
    push(host, "it", thermometer)
    crowd(2)  # a start takes a little more than what stays of it
    kind, text = refusal(lambda: push(host, "it", assemble(guests.LARGE)))
    assert kind == "refused" and "KiB were not enough to start, and the arena has no more: unload" in text
    assert "out of memory" in text
    assert call(host, "read") == (["20.000 °C"], False)


def test_two_components_cannot_have_one_tool(host, thermometer, textkit):
    push(host, "thermometer", thermometer)
    kind, text = refusal(lambda: push(host, "other", thermometer))
    assert kind == "refused"
    assert text.startswith("other was not loaded: its tool read is already there, from the component thermometer")
    assert names(host) == ["read", "calibrate", "history"]


def test_a_tool_that_another_one_has_by_the_end_of_a_start_is_refused(host, thermometer, monkeypatch):
    """Both had it: in a call of its own a component registered what one that was starting had registered before."""
    register = Runtime.register_tools

    def overtaken(self, tools):
        done = register(self, tools)
        host.serve(Provider(host, "other", {}, tools=[{"name": "history"}]))
        return done

    monkeypatch.setattr(Runtime, "register_tools", overtaken)
    kind, text = refusal(lambda: push(host, "thermometer", thermometer))
    assert kind == "refused" and "its tool history is already there, from the component other" in text
    assert names(host) == ["history"] and host.storage.names() == []


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
    host = new_host(memory_limit=6 * 1024)
    kind, text = refusal(lambda: push(host, "thermometer", thermometer))
    assert kind == "refused" and "memory limit of 6 KiB" in text


def test_what_is_not_granted_is_refused_by_name(new_host, faults, thermometer):
    host = new_host(allow=("wasi:mcp/*",))
    kind, text = refusal(lambda: push(host, "faults", faults))
    assert kind == "refused" and "wasi:clocks/monotonic-clock@0.2.0#subscribe-duration, which it is not granted" in text
    push(host, "thermometer", thermometer)


def test_an_exported_run_is_called_at_the_start(host):
    assert push(host, "good", assemble(guests.COMMAND % 0))["component"]["state"] == "ready"
    kind, text = refusal(lambda: push(host, "bad", assemble(guests.COMMAND % 1)))
    assert kind == "refused" and "its wasi:cli/run failed" in text


@pytest.mark.parametrize(
    "text, why",
    [
        (guests.FUNCTION % "wasi:cli/run@0.2.0", "it exports a function wasi:cli/run@0.2.0, which is the name of"),
        (
            guests.FUNCTION % "wasi:mcp/handlers@0.1.0-preview2",
            "it exports a function wasi:mcp/handlers@0.1.0-preview2",
        ),
        (guests.RUNLESS, "it exports wasi:cli/run@0.2.0 without its function run"),
        (guests.RUN_LATER, "it exports wasi:cli/run@0.3.0: build for WASI 0.2"),
        (guests.RUN_OTHER, "it exports wasi:cli/run@0.2.0 with a run that is no func() -> result: build for WASI 0.2"),
    ],
)
def test_odd_exports_are_refused_and_do_not_abort_the_boot(host, thermometer, text, why):
    kind, said = refusal(lambda: push(host, "odd", assemble(text)))
    assert kind == "refused" and why in said
    for name, data in (("bad", assemble(text)), ("good", thermometer)):
        with open(host.storage.path(name), "wb") as file:
            file.write(data)
    drive(host.boot())
    bad, good = host.list()
    assert (bad["state"], good["state"]) == ("failed", "ready") and why in bad["error"]


def test_boot_goes_on_after_a_file_whose_name_is_none(host, thermometer):
    for name in ("Thermometer", "good"):
        with open(host.storage.path(name), "wb") as file:
            file.write(thermometer)
    drive(host.boot())
    bad, good = host.list()
    assert (bad["state"], good["state"]) == ("failed", "ready") and "is no name for a component" in bad["error"]


def test_a_memory_limit_above_the_arena_is_the_arena(new_host, thermometer):
    host = new_host(memory_limit=1 << 30)
    assert push(host, "it", thermometer)["component"]["memoryLimitBytes"] == arena_info()[0] * 1024


def test_a_chunk_from_somebody_else_does_not_disturb_an_upload_that_is_being_loaded(host, thermometer):
    *first, last = chunks(host, "it", thermometer)
    for steps in first:
        drive(steps)
    next(last)
    assert refusal(host.push("it", 9, 4, b"x", 0))[0] == "busy"
    assert drive(last)["component"]["state"] == "ready"


def test_lists_have_one_order_whatever_came_first(host, new_host, thermometer, textkit, faults):
    push(host, "textkit", textkit)
    push(host, "thermometer", thermometer)
    push(host, "faults", faults)
    order = [tool.name for tool in host.tools]
    assert [guest.name for guest in host.guests] == ["faults", "textkit", "thermometer"]
    push(host, "textkit", textkit)
    assert [tool.name for tool in host.tools] == order
    host.close()
    again = new_host()
    drive(again.boot())
    assert [tool.name for tool in again.tools] == order
