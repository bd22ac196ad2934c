"""What the example components promise, run by wasmtime: of wasmote only wasmote.h and the guests are under test here.

They are built if need be (`make -C examples`, a second or two).
"""

import json
import os
import re
import subprocess
import zlib
from pathlib import Path

import pytest

wasmtime = pytest.importorskip("wasmtime", reason="pip install wasmtime: runs the example components")
from wasmtime import component as wc  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("thermometer", "textkit", "faults")
RUNTIME = "wasi:mcp/runtime@0.1.0-preview2"
OTHERS = ("checksum", "cron", "life")  # of other languages: their glue is under test here
HANDLERS = "wasi:mcp/handlers@0.1.0-preview2"
FUEL = 20_000_000


@pytest.fixture(scope="session")
def examples():
    """The folder of the built examples."""
    subprocess.run(["make", "-s", "-C", ROOT / "examples"], check=True)
    return ROOT / "build" / "examples"


class Guest:
    """A running component, and all that it said to its host: server, tools, served, logged, progress, slept."""

    def __init__(self, path):
        config = wasmtime.Config()
        config.consume_fuel = True
        engine = wasmtime.Engine(config)
        self.store = wasmtime.Store(engine)
        self.store.set_fuel(FUEL)
        self.store.set_limits(memory_size=1 << 20)
        self.component = wc.Component.from_file(engine, str(path))
        self.tools, self.logged, self.progress, self.slept, self.dropped = {}, [], [], [], []
        self.served = False
        linker = wc.Linker(engine)
        with linker.root() as root:
            for name in self.component.type.imports(engine):
                with root.add_instance(name) as interface:
                    self._offer(name, interface)
        self.instance = linker.instantiate(self.store, self.component)

    def _offer(self, name, interface):
        if name == RUNTIME:
            interface.add_func("register-server", self._register_server)
            interface.add_func("register-tools", self._register_tools)
            interface.add_func("serve", self._serve)
            interface.add_func("log", lambda _, *entry: self.logged.append(entry))
            interface.add_func("report-progress", lambda _, *report: self.progress.append(report))
        elif name.startswith("wasi:clocks/wall-clock"):
            interface.add_func("now", self._wall_clock)
        elif name.startswith("wasi:io/poll"):
            interface.add_resource("pollable", wc.ResourceType.host(1), lambda _, rep: self.dropped.append(rep))
            interface.add_func("[method]pollable.block", lambda store, pollable: pollable.drop(store))
        elif name.startswith("wasi:clocks/monotonic"):
            interface.add_resource("pollable", wc.ResourceType.host(1), lambda _, rep: self.dropped.append(rep))
            interface.add_func("subscribe-duration", self._subscribe)

    def _wall_clock(self, _):
        now = wc.Record()
        now.seconds, now.nanoseconds = 1_795_906_800, 0  # 2026-11-28T23:00 UTC
        return now

    def _register_server(self, _, info):
        self.server = info

    def _register_tools(self, _, tools):
        self.tools.update((tool.name, tool) for tool in tools)

    def _serve(self, _):
        self.served = True

    def _subscribe(self, store, nanoseconds):
        self.slept.append(nanoseconds)
        return wc.ResourceHost.own(len(self.slept), 1).to_any(store)

    def handler(self, name, *arguments):
        interface = self.instance.get_export_index(self.store, HANDLERS)
        function = self.instance.get_func(self.store, self.instance.get_export_index(self.store, name, interface))
        result = function(self.store, *arguments)
        function.post_return(self.store)
        return result

    def call(self, name, **arguments):
        """(texts of the content items, is_error)."""
        return self.call_raw(name, json.dumps(arguments).encode())

    def call_raw(self, name, arguments):
        result = self.handler("call-tool", name, arguments)
        assert result.tag == "ok", vars(result.payload)
        items = result.payload.content
        assert all(item.tag == "text" and getattr(item.payload, "content-type") == "text" for item in items)
        return [item.payload.text for item in items], getattr(result.payload, "is-error")


@pytest.fixture
def guest(examples):
    return lambda name: Guest(examples / f"{name}.wasm")


@pytest.mark.parametrize("name", NAMES + OTHERS)
def test_registers_its_tools_while_it_is_instantiated(guest, name):
    it = guest(name)
    assert it.served
    assert (it.server.name, it.server.version) == (name, "1.0.0")
    assert it.server.capabilities.tools is not None and it.server.capabilities.prompts is None
    for tool in it.tools.values():
        assert json.loads(bytes(getattr(tool, "input-schema")))["type"] == "object"
        assert tool.description.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_is_small_and_has_no_float_instruction(examples, name):
    assert (examples / f"{name}.wasm").stat().st_size <= 14 * 1024
    tool = os.environ.get("WASM_TOOLS", ROOT / "build" / "wasm-tools" / "wasm-tools")
    text = subprocess.run(
        [tool, "print", examples / "core" / f"{name}.wasm"], check=True, capture_output=True, text=True
    )
    assert re.findall(r"\bf(?:32|64)\b", text.stdout) == []
    assert "(memory (;0;) 1)" in text.stdout


@pytest.mark.parametrize("name", NAMES + OTHERS)
def test_says_that_a_tool_is_not_there(guest, name):
    result = guest(name).handler("call-tool", "nothing", b"{}")
    assert result.tag == "err" and result.payload.code == "tool-not-found"
    assert result.payload.message == "this component has no such tool"


def test_refuses_what_is_no_tool(guest):
    result = guest("textkit").handler("read-resource", "file:///x")
    assert result.payload.code == "unsupported-operation"


def test_thermometer_reads_in_three_units(guest):
    it = guest("thermometer")
    assert it.call("read") == (["20.000 °C"], False)
    assert it.call("read", unit="F") == (["68.774 °F"], False)
    assert it.call("read", unit="K") == (["294.010 K"], False)


def test_thermometer_explains_a_wrong_unit(guest):
    it = guest("thermometer")
    assert it.call("read", unit="Réaumur") == (['unknown unit "Réaumur": use "C", "F" or "K"'], True)
    assert it.call("history")[0] == ["0 of 0 readings, newest first (°C)"]


def test_thermometer_keeps_its_offset(guest):
    it = guest("thermometer")
    assert it.call("calibrate", offset=-9999) == (["offset set to -9.999 °C"], False)
    assert it.call("read") == (["10.001 °C"], False)
    assert it.logged == [("info", "thermometer calibrated", None)]


@pytest.mark.parametrize("wrong", [{}, {"offset": "1"}, {"offset": 1.5}, {"offset": None}, {"offset": 10**12}])
def test_thermometer_wants_an_integer(guest, wrong):
    texts, is_error = guest("thermometer").call("calibrate", **wrong)
    assert is_error and "missing or no integer" in texts[0]


INTEGERS = {  # as JSON may write them, and as the check of input schemas lets them pass; None: what no reader takes
    "1E2": 100,
    "100.0": 100,
    "1.5e+1": 15,
    "0.0": 0,
    "0e99999999999": 0,
    "2500e-2": 25,
    "0.0000000000000000000025e22": 25,
    "25" + "0" * 40 + "E-40": 25,
    "1e99999999999": None,
    "1e-99999999999": None,
    "25e-1": None,
    "1e10": None,
    "18446744073709551617.0": None,
}


@pytest.mark.parametrize("text", INTEGERS)
def test_an_integer_may_be_written_as_json_lets_it(guest, text):
    """Each language has a reader of its own."""
    value = INTEGERS[text]
    for sign in "", "-":
        texts, is_error = guest("thermometer").call_raw("calibrate", b'{"offset": %s }' % (sign + text).encode())
        if value is None:
            assert is_error and "no integer" in texts[0]
        else:
            assert texts == [f"offset set to {sign if value else ''}0.{value:03} °C"]
    cells, count = (b'{"cells":"#","x":%s}', b'{"expression":"* * * * *","count":%s}')
    x = 0 if value is None else value % 32  # AssemblyScript's and C++'s have a default in place of what is none
    texts, _ = guest("life").call_raw("life_set", cells % text.encode())
    assert texts == [f"generation 0, 1 alive, at {x},0\n#"]
    texts, _ = guest("cron").call_raw("cron_next", count % text.encode())
    assert len(texts[0].split("\n")) == (1 if value is None else min(value, 20) or 1)


@pytest.mark.parametrize(
    "text, known",
    [("3421780262", True), ("3.421780262e9", True), ("34217802620E-1", True), ("34217802625E-1", False), ("-1", False)],
)
def test_zig_reads_integers_of_32_bits(guest, text, known):
    texts, is_error = guest("checksum").call_raw("crc_identify", b'{"text":"123456789","crc":%s}' % text.encode())
    assert (texts == ["crc32"], is_error) == (known, not known)


def test_thermometer_refuses_an_offset_out_of_range(guest):
    texts, is_error = guest("thermometer").call("calibrate", offset=10001)
    assert is_error and "-10000 to 10000" in texts[0]


def test_thermometer_remembers_the_last_sixteen_readings(guest):
    it = guest("thermometer")
    read = [it.call("read")[0][0].removesuffix(" °C") for _ in range(20)]
    lines = it.call("history")[0][0].split("\n")
    assert lines == ["16 of 20 readings, newest first (°C)", *reversed(read[-16:])]


def test_hints_are_given_only_where_known(guest):
    tools = guest("thermometer").tools
    assert tools["read"].annotations is None and tools["read"].title == "Read the thermometer"
    assert getattr(tools["history"].annotations, "read-only-hint") is True
    assert getattr(tools["history"].annotations, "idempotent-hint") is None
    assert tools["history"].title is None


TEXTS = [
    "",
    " ",
    "one",
    "two words",
    "  tabs\tand\nlines  ",
    "naïve café",
    "日本語 テキスト",
    '👍🏽 "quoted" \\ / \b\f\x01',
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_textkit_reads_any_string(guest, text, ascii_only):
    it = guest("textkit")
    arguments = json.dumps({"other": ["}", {"text": 1}], "text": text}, ensure_ascii=ascii_only).encode()
    assert it.call_raw("reverse", arguments) == ([text[::-1]], False)
    words, characters = len(text.split()), len(text)
    want = f"{words} word{'s' * (words != 1)}, {characters} character{'s' * (characters != 1)}"
    assert it.call_raw("word_count", arguments) == ([want], False)


def test_textkit_splits_into_content_items(guest):
    it = guest("textkit")
    assert it.call("split", text="a b  c") == (["a", "b", "", "c"], False)
    assert it.call("split", text="1--2---3--", separator="--") == (["1", "2", "-3", ""], False)
    assert it.call("split", text="") == ([""], False)
    texts, is_error = it.call("split", text="abc", separator="")
    assert is_error and "at least one character" in texts[0]


def test_textkit_joins_a_list(guest):
    it = guest("textkit")
    assert it.call("join", items=["a", "ü", 'c,]"'], separator=", ") == (['a, ü, c,]"'], False)
    assert it.call("join", items=[]) == ([""], False)
    assert it.call_raw("join", b' { "items" : [ "x" ,\n "y" ] , "separator" : "" } ') == (["xy"], False)


@pytest.mark.parametrize("items", [None, "text", {"a": 1}, ["a", 2]])
def test_textkit_refuses_what_is_no_list_of_strings(guest, items):
    assert guest("textkit").call("join", items=items)[1] is True


def test_textkit_gives_its_memory_back_after_each_call(guest):
    it = guest("textkit")
    it.store.set_limits(memory_size=65536)
    for _ in range(20):
        assert it.call("reverse", text="x" * 2000) == (["x" * 2000], False)


@pytest.mark.parametrize(
    "escaped, meaning", [(rb"\ud83d\udc4d", "👍"), (rb"\ud83d", "\ufffd"), (rb"\ud83d\u0041", "\ufffdA")]
)
def test_textkit_understands_surrogate_escapes(guest, escaped, meaning):
    it = guest("textkit")
    assert it.call_raw("split", b'{"text":"' + escaped + b'"}') == ([meaning], False)


@pytest.mark.parametrize(
    "tool, why",
    [
        ("trap", "unreachable"),
        ("spin", "all fuel consumed"),
        ("recurse", "call stack exhausted"),
        ("hoard", "unreachable"),  # the allocator's, when memory.grow has failed
        ("divide", "integer divide by zero"),
    ],
)
def test_faults_fail_as_they_say(guest, tool, why):
    with pytest.raises(wasmtime.WasmtimeError, match=why):
        guest("faults").call(tool)


def test_faults_divide_is_fine_with_a_divisor(guest):
    assert guest("faults").call("divide", a=-7, b=2) == (["-3"], False)
    assert guest("faults").call("divide", a=-(2**31), b=1) == (["-2147483648"], False)


def test_faults_count_reports_progress_and_sleeps(guest):
    it = guest("faults")
    assert it.call("count", to=3, delay_ms=5) == (["counted to 3"], False)
    assert it.progress == [("", 1, 3), ("", 2, 3), ("", 3, 3)]
    assert it.slept == [5_000_000] * 3 and it.dropped == [1, 2, 3]


@pytest.mark.parametrize(
    "name, tool, arguments, answer",
    [
        ("checksum", "crc", {"algorithm": "crc32", "text": 'é"\n' * 200}, f"0x{zlib.crc32(('é' + chr(34) + chr(10)).encode() * 200):08x}"),
        ("cron", "cron_next", {"expression": "0 0 1 1 *", "count": 2}, "2027-01-01T00:00\n2028-01-01T00:00"),
        ("life", "life_set", {"cells": "##\n##"}, "generation 0, 4 alive, at 0,0\n##\n##"),
    ],
)  # fmt: skip
def test_a_guest_with_an_allocator_gives_back_what_a_call_took(guest, name, tool, arguments, answer):
    it = guest(name)
    it.store.set_limits(memory_size=8 * 65536)  # Zig's allocator takes a page for each size of block
    arguments["ignored"] = "x" * 2000
    for _ in range(400):
        it.store.set_fuel(FUEL)
        assert it.call(tool, **arguments) == ([answer], False)
