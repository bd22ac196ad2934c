"""A component's tools on every board, from pushing it to a real call, in both eras."""

import json
import queue
import time

import pytest
from conftest import META, text_of


@pytest.fixture(scope="module", autouse=True)
def components(bridge, wasmote, examples):
    for name in ("thermometer", "textkit", "faults"):
        code, out, err = wasmote("push", examples / f"{name}.wasm")
        assert code == 0, err
        assert out.startswith(f"{name}: ") and "ready" in out


def test_both_eras_on_one_wire(bridge, kind):
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    answer = bridge.ask("initialize", hello)["result"]
    assert answer["protocolVersion"] == "2025-06-18" and answer["serverInfo"]["name"] == "wasmote"
    bridge.send({"method": "notifications/initialized"})
    assert bridge.ask("ping") == {"jsonrpc": "2.0", "id": answer_id(bridge), "result": {}}
    discovered = bridge.modern("server/discover")["result"]
    assert "2026-07-28" in discovered["supportedVersions"] and discovered["resultType"] == "complete"
    handshake = bridge.ask("tools/list")["result"]
    modern = bridge.modern("tools/list")["result"]
    assert handshake["tools"] == modern["tools"] and "ttlMs" in modern and "ttlMs" not in handshake


def answer_id(bridge):
    return next(bridge._ids) - 1


def test_tools_are_listed_as_their_components_registered_them(bridge):
    assert bridge.tools() == [
        *("trap", "spin", "recurse", "hoard", "divide", "count"),
        *("word_count", "split", "join", "reverse"),
        *("read", "calibrate", "history"),
    ], "of faults, textkit and thermometer: by name"
    tool = next(tool for tool in bridge.modern("tools/list")["result"]["tools"] if tool["name"] == "read")
    assert tool["title"] == "Read the thermometer"
    assert tool["inputSchema"]["properties"]["unit"]["enum"] == ["C", "F", "K"]


def test_messages_nearly_as_long_as_may_be_go_both_ways(bridge, kind):
    quotes = '"' * (7900 if kind == "unix" else 3900)  # each takes two bytes in JSON; a result needs room in the heap
    arguments = {"text": quotes + "end", "ignored": "x" * (15_900 - 2 * len(quotes))}
    assert bridge.call("reverse", arguments) == ("dne" + quotes, False)


def test_state_arguments_and_an_error_result(bridge):
    assert bridge.call("calibrate", {"offset": 0}) == ("offset set to 0.000 °C", False)
    first, failed = bridge.call("read", {"unit": "C"})
    assert not failed and first.endswith(" °C")
    bridge.call("calibrate", {"offset": 1000})
    text, failed = bridge.call("read", {"unit": "X"})
    assert failed and text.startswith('read: "unit" must be one of "C", "F" or "K", it is "X"; read takes unit ("C", ')
    text, failed = bridge.call("history")
    assert not failed and text.splitlines()[1] == first.removesuffix(" °C")


@pytest.mark.parametrize(
    "tool, arguments, answer",
    [
        ("word_count", {"text": "one two  three"}, "3 words, 14 characters"),
        ("word_count", {"text": "größer als 日本"}, "3 words, 13 characters"),
        ("split", {"text": "a, b, c", "separator": ", "}, "a\nb\nc"),
        ("join", {"items": ["x", "", "ü"], "separator": "-"}, "x--ü"),
        ("join", {"items": []}, ""),
        ("reverse", {"text": "añ😀"}, "😀ña"),
        ("reverse", {"text": 'a "quote", a \\ and a tab\t'}, '\tbat a dna \\ a ,"etouq" a'),
    ],
)
def test_strings_and_lists_both_ways(bridge, tool, arguments, answer):
    assert bridge.call(tool, arguments) == (answer, False)


def test_a_long_text_goes_there_and_back(bridge, kind):
    text = "".join(chr(0x20 + i % 90) for i in range(6000))
    assert bridge.call("reverse", {"text": text}) == (text[::-1], False)


def test_escapes_of_the_client_reach_the_guest_as_characters(bridge):
    line = '{"jsonrpc":"2.0","id":"esc","method":"tools/call","params":{"name":"reverse","arguments":{"text":"\\u00e9\\u0041\\n"}}}'
    bridge._answers["esc"] = queue.Queue()
    bridge.process.stdin.write(line.encode() + b"\n")
    bridge.process.stdin.flush()
    assert text_of(bridge.answer("esc")) == ("\nAé", False)


def test_progress_comes_while_the_call_runs(bridge):
    bridge.forget_notices()
    number = bridge.start_call("count", {"to": 4, "delay_ms": 5}, progressToken="p-1")
    assert text_of(bridge.answer(number)) == ("counted to 4", False)
    seen = []
    while not bridge.notifications.empty():
        message = bridge.notifications.get()
        if message["method"] == "notifications/progress":
            seen.append(message["params"])
    assert [one["progress"] for one in seen] == [1, 2, 3, 4]
    assert all(one["progressToken"] == "p-1" and one["total"] == 4 for one in seen)


def test_a_cancelled_call_stops_and_the_component_serves_on(bridge):
    bridge.forget_notices()
    number = bridge.start_call("count", {"to": 100000, "delay_ms": 1}, progressToken=77)
    bridge.notice("notifications/progress")
    bridge.send({"method": "notifications/cancelled", "params": {"requestId": number}})
    assert bridge.call("count", {"to": 1, "delay_ms": 0}) == ("counted to 1", False)
    bridge.forget_notices()
    assert bridge.call("read")[1] is False
    assert bridge.notifications.empty()


def test_an_unknown_tool_and_an_unknown_method(bridge):
    answer = bridge.modern("tools/call", {"name": "nothing", "arguments": {}})
    assert "result" not in answer or answer["result"]["isError"]
    assert "nothing" in json.dumps(answer)
    assert bridge.modern("tools/nothing")["error"]["code"] == -32601


@pytest.mark.parametrize("tool", ["trap", "recurse", "hoard", "divide"])
def test_a_guest_that_fails_is_an_error_result_and_starts_anew(bridge, tool):
    traps = traps_of_faults(bridge)
    text, failed = bridge.call(tool)
    assert failed and "faults" in text, text
    assert bridge.call("read")[1] is False
    assert bridge.call("divide", {"a": 42, "b": 6}) == ("7", False)
    assert traps_of_faults(bridge) == traps + 1


def traps_of_faults(bridge):
    return next(one["traps"] for one in bridge.ask("wasmote/list")["result"]["components"] if one["name"] == "faults")


def test_an_endless_loop_ends_by_its_time_limit_and_everything_else_goes_on(bridge, kind):
    """The wall clock of a shared machine; tests/firmware/test_ping.py holds the board to 50 ms of emulated time."""
    limit = bridge.ask("wasmote/info")["result"]["limits"]["callTimeoutMs"] / 1000
    if kind != "qemu:m0":  # the others with a limit of the component's own, which is shorter
        limit = 5
        bridge.ask("wasmote/configure", {"name": "faults", "config": {"timeout_ms": 1000 * limit}})
    start = time.monotonic()
    number = bridge.start_call("spin")
    time.sleep(0.2)
    pings = []
    for _ in range(20):
        at = time.monotonic()
        assert "result" in bridge.ask("ping")
        pings.append(time.monotonic() - at)
    assert sorted(pings)[len(pings) // 2] < 0.25, pings
    assert bridge.call("read")[1] is False
    text, failed = text_of(bridge.answer(number, limit + 30))
    seconds = time.monotonic() - start
    assert failed and "faults" in text and "limit" in text, text
    assert limit - 1 < seconds < limit + 5
    assert bridge.call("divide", {"a": 1, "b": 1}) == ("1", False)


def test_four_calls_side_by_side(bridge):
    numbers = [bridge.start_call("reverse", {"text": text}) for text in ("ab", "cd")]
    numbers += [bridge.start_call("read"), bridge.start_call("count", {"to": 2, "delay_ms": 1})]
    answers = [text_of(bridge.answer(number)) for number in numbers]
    assert answers[:2] == [("ba", False), ("dc", False)] and answers[3] == ("counted to 2", False)


def test_more_calls_at_once_than_a_board_takes(bridge):
    numbers = [bridge.start_call("reverse", {"text": f"{number}-"}) for number in range(12)]
    assert [text_of(bridge.answer(number)) for number in numbers] == [
        (f"{number}-"[::-1], False) for number in range(12)
    ]


def test_info_counts_memory_calls_and_traps(bridge, kind):
    info = bridge.ask("wasmote/info")["result"]
    board = {"unix": "unix", "qemu:m0": "QEMU_M0", "qemu:m3": "QEMU_M3", "qemu:rv32": "QEMU_RV32"}[kind]
    assert info["firmware"]["board"] == board and info["firmware"]["engine"] == "c"
    records = {one["name"]: one for one in info["components"]}
    assert sorted(records) == ["faults", "textkit", "thermometer"]
    assert records["thermometer"]["traps"] == 0
    used = sum(one["memoryBytes"] for one in records.values())
    arena = info["arena"]
    assert 0 < used == arena["bytes"] - arena["freeBytes"] - arena["stackBytes"] - 2048  # the engine's own granules


def test_a_removed_component_takes_its_tools_along(bridge, wasmote, examples):
    bridge.ask(
        "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    )
    free = bridge.ask("wasmote/info")["result"]["arena"]["freeBytes"]
    bridge.forget_notices()
    assert wasmote("rm", "textkit")[0] == 0
    bridge.notice("notifications/tools/list_changed")
    assert "split" not in bridge.tools()
    assert bridge.ask("wasmote/info")["result"]["arena"]["freeBytes"] > free
    assert wasmote("push", examples / "textkit.wasm")[0] == 0
    bridge.notice("notifications/tools/list_changed")
    assert bridge.call("split", {"text": "a b"}) == ("a\nb", False)
    assert bridge.ask("wasmote/info")["result"]["arena"]["freeBytes"] >= free


def test_the_commands_call_and_list(wasmote):
    assert wasmote("call", "word_count", '{"text": "a b"}')[:2] == (0, "2 words, 3 characters\n")
    code, out, err = wasmote("call", "trap")
    assert (code, out) == (1, "") and "faults" in err
    code, out, err = wasmote("call", "count", '{"to": 2, "delay_ms": 1}')
    assert (code, out, err) == (0, "counted to 2\n", "progress 1 of 2\nprogress 2 of 2\n")
    assert "thermometer" in wasmote("ls")[1]


def test_a_second_client_through_the_same_bridge(bridge, wasmote):
    number = bridge.start_call("count", {"to": 20, "delay_ms": 20})
    assert wasmote("call", "word_count", '{"text": "x"}')[1] == "1 word, 1 character\n"
    assert text_of(bridge.answer(number)) == ("counted to 20", False)


def test_subscribers_of_the_modern_era_hear_of_new_tools(bridge, wasmote, examples):
    bridge.forget_notices()
    number = bridge.start("subscriptions/listen", {"_meta": META, "notifications": {"toolsListChanged": True}})
    tag = {"io.modelcontextprotocol/subscriptionId": number}
    assert bridge.notice("notifications/subscriptions/acknowledged")["params"]["_meta"] == tag
    assert wasmote("push", examples / "thermometer.wasm")[0] == 0
    while bridge.notice("notifications/tools/list_changed").get("params", {}).get("_meta") != tag:
        pass
    bridge.send({"method": "notifications/cancelled", "params": {"requestId": number}})


def test_after_a_reset_all_is_there_again(bridge, wasmote):
    tools = bridge.tools()
    session = bridge.ask("wasmote/info")["result"]["session"]
    assert wasmote("reset")[0] == 0
    end = time.monotonic() + 60
    while (answer := bridge.ask("wasmote/info")).get("result", {}).get("session") in (None, session):
        assert time.monotonic() < end, answer
        time.sleep(0.2)
    assert sorted(bridge.tools()) == sorted(tools)
    assert bridge.call("calibrate", {"offset": 5}) == ("offset set to 0.005 °C", False)


def test_a_board_counts_what_its_components_use(bridge, wasmote):
    def counted():
        return {one["name"]: one for one in bridge.ask("wasmote/list")["result"]["components"]}["faults"]

    bridge.call("divide", {"a": 6, "b": 3})
    before = counted()
    assert before["state"] == "ready" and before["memoryBytes"] <= before["peakMemoryBytes"]
    bridge.call("divide", {"a": 6, "b": 3})
    once = counted()["fuel"] - before["fuel"]
    bridge.call("divide", {"a": 6, "b": 3})
    assert counted()["fuel"] - before["fuel"] == 2 * once > 0
    bridge.call("trap")
    stopped = counted()
    assert stopped["state"] == "stopped" and "unreachable" in stopped["error"]
    assert stopped["memoryBytes"] < before["memoryBytes"] / 4
    bridge.call("divide", {"a": 6, "b": 3})
    after = counted()
    assert after["state"] == "ready" and "unreachable" in after["lastError"]
    for member, more in (("calls", 4), ("traps", 1), ("restarts", 1)):
        assert after[member] - before[member] == more
    code, out, err = wasmote("ls")
    assert code == 0 and "restarts" in out and f"  {after['restarts']}  " in out and "the last error was" in err
