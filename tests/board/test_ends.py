"""The id of a message that is too long, from its first and last bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wasmote.jsonrpc.ends import id_of
from wasmote.link.plain import TOO_LONG, Lines

IDS = st.integers(-(10**40), 10**40) | st.text(max_size=8)
LIMIT = 1000


def ends(line):
    lines = Lines(LIMIT)
    assert list(lines.feed(line + b"\n")) == [TOO_LONG]
    return lines.ends


@pytest.mark.parametrize("order", ["first", "last", "behind jsonrpc", "before jsonrpc at the end"])
@given(IDS, st.booleans())
def test_an_id_at_either_end_is_found(order, id, ascii_only):
    id_first = {"id": id, "method": "m"} if order == "first" else {"jsonrpc": "2.0", "id": id}
    id_last = {"id": id} if order == "last" else {"id": id, "jsonrpc": "2.0"}
    params = {"params": {"x": "y" * 3 * LIMIT, "id": "no", "a": [{"id": 1}]}}
    message = {**id_first, **params} if order in ("first", "behind jsonrpc") else {"method": "m", **params, **id_last}
    line = json.dumps(message, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert json.loads(id_of(*ends(line))) == id


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.just('"id":5') | st.just('","id":6}'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "a", "x"]), inner, max_size=3),
)


@given(st.permutations(["id", "method", "params", "jsonrpc", "more"]), IDS, VALUES, st.booleans())
def test_another_id_is_never_taken_for_it(order, id, value, long_first):
    members = {"id": id, "method": "m", "jsonrpc": "2.0", "more": value}
    long = {"long": "z" * 3 * LIMIT}
    members["params"] = {**long, "id": 77, "v": value} if long_first else {"id": 77, "v": value, **long}
    line = json.dumps({name: members[name] for name in order}).encode()
    found = id_of(*ends(line))
    assert found is None or json.loads(found) == id


@pytest.mark.parametrize(
    "line",
    [b"x" * 5000, b"[" * 5000, b'{"id":' + b"9" * 5000, b'{"id":1.5,"x":"' + b"y" * 5000, b'"id":5' + b"}" * 5000],
)
def test_what_has_none_has_none(line):
    assert id_of(*ends(line)) is None


@pytest.mark.parametrize("id", [b'"\xff"', b"--5", b"007", b'"\x01"', b'"\\q"', b'"\\ud8"'])
@pytest.mark.parametrize("last", [False, True])
def test_what_could_not_be_echoed_is_no_id(id, last):
    long = b'"x":"' + b"y" * 5000 + b'"'
    line = b"{" + (long + b',"id":' + id if last else b'"id":' + id + b"," + long) + b"}"
    assert id_of(*ends(line)) is None
