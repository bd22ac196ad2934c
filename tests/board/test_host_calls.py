"""What the host promises about calls: each ends, says how, and is nobody else's trouble."""

import os
import time
from types import SimpleNamespace

import pytest
from host_guests import call, chunks, push, refusal, together
from wasmote.component import canonical
from wasmote.host import guest
from wasmote.wasm import Malformed, OutOfMemory, arena_info, drive

pytest_plugins = ["host_fixtures"]


# Calls


def test_a_guest_error_is_a_result(host, thermometer):
    push(host, "thermometer", thermometer)
    host.doubt = None
    assert call(host, "read", b'{"unit":"X"}') == (['unknown unit "X": use "C", "F" or "K"'], True)


def test_arguments_are_checked_before_the_guest_runs(host, thermometer):
    push(host, "thermometer", thermometer)
    (text,), is_error = call(host, "read", b'{"unit":"X"}')
    assert is_error and text.startswith('read: "unit" must be one of "C", "F" or "K", it is "X"; read takes unit ("C"')
    assert host.guests[0].calls == 0
    assert call(host, "read", b'{"unit":"K"}') == (["293.150 K"], False)


@pytest.mark.parametrize("size", [0, 511, 512, 513, 5000])
def test_arguments_are_the_callers_again_as_soon_as_a_call_has_begun(host, thermometer, size):
    push(host, "thermometer", thermometer)
    line = bytearray(b'{"unit":"K"' + b" " * size + b"}")
    steps = host.call_tool("read", memoryview(line))
    line[:] = bytes(len(line))
    assert drive(steps) == (["293.150 K"], False)


def test_an_unknown_tool_is_not_found(host):
    assert refusal(lambda: drive(host.call_tool("nothing"))) == (
        "tool-not-found",
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
    assert (
        ": in " in text
        and " at offset 0x" in text
        and ", called by " in text
        and "starts afresh at its next call" in text
    )


def test_a_result_for_which_the_heap_has_no_room_is_not_held_against_the_component(host, thermometer, monkeypatch):
    push(host, "thermometer", thermometer)

    def full(count):
        if count == len("20.000 °C".encode()):
            raise MemoryError
        return bytearray(count)

    with monkeypatch.context() as patch:
        patch.setattr(canonical, "bytearray", full, raising=False)
        for _ in range(12):
            (text,), is_error = call(host, "read")
            assert is_error and "bytes of the board's heap are free in one piece" in text
    assert call(host, "read") == (["20.000 °C"], False)
    assert host.list()[0]["traps"] == 12


def test_ten_full_heaps_in_a_row_quarantined_an_innocent_component(host, thermometer, monkeypatch):
    push(host, "thermometer", thermometer)

    def full(*_):
        raise MemoryError("memory allocation failed, allocating 512 bytes")

    with monkeypatch.context() as patch:
        patch.setattr(guest, "answer", full)
        for _ in range(12):
            (text,), is_error = call(host, "read")
            assert is_error and "failed: the board's heap is full" in text
    assert call(host, "read") == (["20.000 °C"], False)
    assert host.list()[0]["traps"] == 12


@pytest.mark.parametrize(
    "part, method",
    [("under_way", "close"), ("component", "close"), ("imports", "close"), ("usage", "retire"), ("store", "close")],
)
def test_an_instance_whose_end_met_a_full_heap_kept_its_memory(host, faults, monkeypatch, part, method):
    push(host, "faults", faults)
    it = host.guests[0]
    met = []

    def full(*_):
        met.append(part)
        raise MemoryError

    with monkeypatch.context() as patch:
        if part == "under_way":
            it.under_way = SimpleNamespace(close=full)
            it.rest("it is stopped")
        elif part == "store":
            close = it.store.close
            patch.setattr(it.store, method, lambda: (close(), full()))
        else:
            patch.setattr(getattr(it, part), method, full)
        (text,), is_error = call(host, "trap")
    assert met and is_error and 'faults: "trap" failed: unreachable' in text
    assert it.state == "dead" and it.store is it.component is it.imports is it.handlers is it.under_way is None
    assert it.memory == it.runtime.texts.used()
    assert call(host, "divide", b'{"a":6,"b":3}') == (["2"], False)


@pytest.mark.parametrize("words", ["explain", "label"])
def test_an_instance_has_ended_before_a_full_heap_has_no_room_for_words_about_it(host, faults, monkeypatch, words):
    push(host, "faults", faults)
    it = host.guests[0]

    def full(*_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(guest, words, full)
        steps = host.call_tool("trap" if words == "explain" else "spin")
        with pytest.raises(MemoryError):
            next(steps)
            steps.close() if words == "label" else drive(steps)
    assert it.state == "dead" and it.store is None
    assert call(host, "divide", b'{"a":6,"b":3}') == (["2"], False)


def test_an_endless_loop_is_ended_at_the_time_limit(new_host, faults):
    host = new_host(call_timeout_ms=300)
    push(host, "faults", faults)
    began = time.monotonic()
    (text,), is_error = call(host, "spin")
    assert 0.29 < time.monotonic() - began < 10
    assert is_error and text.startswith('faults: "spin" was stopped after 300 ms, its time limit')


def test_the_time_limit_does_not_hide_a_trap_whose_place_is_searched(host, faults, monkeypatch):
    push(host, "faults", faults)
    steps = host.call_tool("trap")
    ticks = guest.ticks_ms
    while not host.guests[0].store.locating:
        next(steps)
    monkeypatch.setattr(guest, "ticks_ms", lambda: ticks() + host.call_timeout_ms)
    (text,), is_error = drive(steps)
    assert is_error and text.startswith('faults: "trap" failed: unreachable: in ')


def test_a_dead_component_starts_afresh_at_its_next_call(host, faults):
    push(host, "faults", faults)
    whole = host.list()[0]["memoryBytes"]
    call(host, "trap")
    entry = host.list()[0]
    assert entry["state"] == "stopped" and entry["traps"] == 1 and "unreachable" in entry["error"]
    assert entry["memoryBytes"] < whole / 4 and len(entry["tools"]) == 6, "its memory is free, its tools are listed"
    assert call(host, "divide", b'{"a":6,"b":3}') == (["2"], False)
    entry = host.list()[0]
    assert entry["memoryBytes"] == whole and "error" not in entry


def test_crash_after_crash_ends_in_quarantine_until_it_is_loaded_again(host, faults, monkeypatch):
    monkeypatch.setattr(guest, "_BACKOFF_MS", 0)
    push(host, "faults", faults)
    for _ in range(9):
        assert "starts afresh" in call(host, "trap")[0][0]
    assert "crash number 10 in a row" in call(host, "trap")[0][0]
    text = call(host, "divide", b'{"a":1,"b":1}')[0][0]
    assert "was not called" in text and "crashed 10 times in a row" in text and "loaded again (wasmote/load)" in text
    assert host.list()[0]["state"] == "quarantined"
    drive(host.load("faults"))
    assert call(host, "divide", b'{"a":1,"b":1}') == (["1"], False)


def test_crashes_in_a_row_wait_longer_and_longer(host, faults, ticks):
    def restart(crashes):
        for _ in range(crashes):
            call(host, "trap")
        began = next(ticks)
        assert call(host, "count", b'{"to":0}')[1] is False
        return next(ticks) - began

    push(host, "faults", faults)
    at_once = restart(1)
    assert restart(4) - at_once > 150
    assert restart(1) - at_once < 50, "a call that went well ends the row"


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


def test_components_run_side_by_side(impatient, faults, thermometer):
    push(impatient, "faults", faults)
    push(impatient, "thermometer", thermometer)
    spin, *reads = together(impatient.call_tool("spin"), *[impatient.call_tool("read") for _ in range(3)])
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


def test_waiting_for_others_does_not_count_as_run_time(impatient, faults):
    push(impatient, "faults", faults)
    results = together(impatient.call_tool("spin"), impatient.call_tool("count", b'{"to":1,"delay_ms":0}'))
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


def test_a_call_under_way_ends_when_a_new_version_comes(host, faults, textkit):
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
    assert info["arena"]["stackBytes"] == 4096
    assert info["arena"]["freeBytes"] + info["components"][0]["memoryBytes"] + 4096 == free * 1024
    assert info["limits"] == {"callTimeoutMs": 30_000, "componentBytes": 256 * 1024}
    assert info["engine"] in ("c", "python") and info["flash"]["freeBytes"] > 0


def test_the_tool_list_is_whole_after_a_restart(host, faults, textkit):
    push(host, "faults", faults)
    before = [bytes(tool.json) for tool in host.tools]
    generation = host.generation
    call(host, "trap")
    call(host, "divide", b'{"a":6,"b":3}')
    assert host.generation == generation
    push(host, "textkit", textkit)  # writes where the first instance's texts were
    assert [bytes(tool.json) for tool in host.tools[: len(before)]] == before
    assert host.tools[0] is host.components["faults"].tools[0]


def raises(error):
    def handler(tool, arguments):
        yield
        raise error

    return handler


def answers(value):
    def handler(tool, arguments):
        yield
        return value

    return handler


@pytest.mark.parametrize(
    "handler, why, crashes",
    [
        (raises(OutOfMemory("the arena is full")), "the arena is full", 0),
        (raises(OSError(2, "ENOENT")), "ENOENT", 1),
        (raises(Malformed("unexpected end", 7)), "unexpected end at offset 0x7", 1),
        (raises(KeyError("name")), "KeyError: 'name'", 1),
        (answers((0, ([(0, ("text",))], 0))), "IndexError: ", 1),
    ],
)
def test_whatever_fails_in_a_call_is_an_answer_and_a_crash_but_for_want_of_room(host, faults, handler, why, crashes):
    push(host, "faults", faults)
    it = host.components["faults"]
    it.crashes = 3
    it.handlers = {"call-tool": handler}
    (text,), is_error = call(host, "divide")
    assert is_error and text.startswith('faults: "divide" failed: ') and why in text
    assert (it.state, it.crashes, it.store) == ("dead", 3 + crashes, None)
    assert call(host, "divide", b'{"a":6,"b":3}') == (["2"], False)


def test_an_error_whose_data_is_no_utf8_is_still_an_answer(host, faults):
    push(host, "faults", faults)
    host.components["faults"].handlers = {"call-tool": answers((1, (3, "no", b"a\xff")))}
    assert call(host, "divide") == (["faults refused: no (invalid-params) a\ufffd"], True)
    assert host.list()[0]["traps"] == 0


def test_a_file_that_is_gone_does_not_hide_a_trap(host, faults):
    push(host, "faults", faults)
    os.remove(host.storage.path("faults"))
    (text,), is_error = call(host, "trap")
    assert is_error and text.startswith('faults: "trap" failed: ') and host.list()[0]["traps"] == 1
