"""Component types: layout and flattening by descriptor, equality by number and digest."""

import os
import re
from pathlib import Path

import abi_types
import pytest
from hypothesis import given
from wasmote.component import text, types
from wasmote.component.table import TypeTable
from wasmote.wasm.errors import Invalid, Unsupported

ABI = Path(os.environ.get("WASI_MCP", Path(__file__).resolve().parents[3] / "shared" / "wasi-mcp")) / "abi.md"
CORE = {"i32": 0x7F, "i64": 0x7E, "f32": 0x7D, "f64": 0x7C}


def descriptor(source):
    table = TypeTable()
    return table.descriptor(text.parse(table, source))


def signature(source, lower):
    return types.flat_signature(descriptor(source), lower)


def core(*names):
    return bytes(CORE[name] for name in names)


@given(abi_types.types())
def test_layout_and_flattening_agree_with_the_specification(t):
    d = descriptor(abi_types.text(t))
    flat = abi_types.flatten(t)
    assert types.length(d, 0) == len(d)
    assert types.size(d, 0) == abi_types.size(t)
    assert types.align(d, 0) == abi_types.alignment(t)
    assert types.flat_count(d, 0) == len(flat)
    out = bytearray()
    types.flatten(d, 0, out)
    assert bytes(out) == core(*flat)


@given(abi_types.types(), abi_types.types())
def test_types_are_equal_when_their_text_is(a, b):
    table = TypeTable()
    same = abi_types.text(a) == abi_types.text(b)
    x, y = (text.parse(table, abi_types.text(t)) for t in (a, b))
    assert (x == y) == same
    assert (table.digest(x) == table.digest(y)) == same
    assert text.digest(abi_types.text(a)) == table.digest(x)


@pytest.mark.parametrize(
    "a, b",
    [
        ("{a:u8,b:u8}", "{a:u8,c:u8}"),
        ("{a:u8,b:u8}", "{b:u8,a:u8}"),
        ("{ab:u8}", "{a:u8}"),
        ("{a:u8}", "tuple<u8>"),
        ("enum{a,b}", "enum{a,c}"),
        ("enum{ab,c}", "enum{a,bc}"),
        ("enum{a}", "flags{a}"),
        ("variant{a,b}", "enum{a,b}"),
        ("variant{a(u8),b}", "variant{a,b(u8)}"),
        ("option<u8>", "result<_,u8>"),
        ("result<u8,_>", "result<_,u8>"),
        ("own<a>", "own<b>"),
        ("own<a>", "borrow<a>"),
        ("(a:u8)->u8", "(b:u8)->u8"),
        ("(a:u8)", "(a:u8)->u8"),
        ("(a:result<u8,_>)", "(a:u8)->u8"),
        ("list<u8>", "list<s8>"),
    ],
)
def test_names_order_and_kind_make_types_different(a, b):
    assert text.digest(a) != text.digest(b)


def test_functions_spill_above_16_flat_params_and_1_flat_result():
    i = "i32"
    sixteen = "(" + ",".join(f"p{i}:u8" for i in range(16)) + ")"
    seventeen = sixteen[:-1] + ",q:u8)"
    assert signature(sixteen, False) == (core(*[i] * 16), b"")
    assert signature(seventeen, False) == (core(i), b"")
    assert signature("(a:string)->u64", True) == (core(i, i), core("i64"))
    assert signature("(a:string)->string", True) == (core(i, i, i), b"")
    assert signature("(a:string)->string", False) == (core(i, i), core(i))
    assert signature(seventeen + "->string", True) == (core(i, i), b"")


def test_wasi_mcp_functions_flatten_as_its_facts_say():
    if not ABI.exists():
        pytest.skip("no facts: set WASI_MCP")
    facts = ABI.read_text()
    structural = dict(re.findall(r"^- `[\w-]+#([\w-]+)`: `(.*)`$", facts, re.M))
    part = facts[facts.index("## wasi:mcp/handlers") : facts.index("# Memory layouts")]
    rows = re.findall(r"^\| `([\w-]+)\(.*?\)` \| `\((.*?)\) -> \((.*?)\)` \| `\((.*?)\) -> \((.*?)\)` \|", part, re.M)
    assert len(rows) == 16
    for name, *columns in rows:
        lowered = signature(structural[name], True)
        lifted = signature(structural[name], False)
        assert [core(*column.split()) for column in columns] == [*lowered, *lifted], name


@pytest.mark.parametrize(
    "source, what",
    [
        ("flags{" + ",".join(f"f{i}" for i in range(33)) + "}", "cannot have more than 32 flags"),
        ("enum{}", "enum type must have at least one variant"),
        ("{}", "record type must have at least one field"),
    ],
)
def test_what_the_specification_forbids_is_invalid(source, what):
    with pytest.raises(Invalid, match=what):
        text.parse(TypeTable(), source)


def test_types_that_would_not_fit_the_board_are_refused():
    table = TypeTable()
    t = types.U64
    with pytest.raises(Unsupported, match="type too large"):
        for _ in range(20):  # doubles each time
            t = table.record(None, [t, t])
    t = types.U8
    with pytest.raises(Unsupported, match="type too large"):
        for _ in range(100):
            t = table.list_(t)


def test_equal_types_take_room_once():
    table = TypeTable()
    for _ in range(3):
        text.parse(table, "(a:option<list<u8>>)->result<option<list<u8>>,string>")
    assert len(table.keys) == 4


@pytest.mark.parametrize("source", ["lost<u8>", "{a:u8", "u8>", "list<u8", ""])
def test_text_that_is_no_type_is_an_error_of_the_host(source):
    with pytest.raises((ValueError, IndexError)):
        text.digest(source)
