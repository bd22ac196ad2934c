"""Messages pass the bridge byte for byte, but for ids and progress tokens."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wasmote.errors import CallError
from wasmote.wire.message import LONGEST, members, parse, read, request_text


def test_an_id_is_replaced_and_nothing_else():
    text = '{ "method" : "ping", "id":\t 7 , "params":{"x":1.50e+3, "id":7}, "jsonrpc":"2.0"}'
    assert parse(text.encode()).replaced({"id": "41"}) == text.replace("\t 7 ", "\t 41 ")


def test_a_progress_token_is_replaced_where_it_belongs():
    text = '{"id":"a","method":"tools/call","params":{"arguments":{"progressToken":1},"_meta":{"progressToken":"t"}}}'
    message = parse(text.encode())
    assert message.raw("token") == '"t"'
    assert message.replaced({"id": "5", "token": "5"}) == text.replace('"a"', "5").replace('"t"', "5")


@pytest.mark.parametrize(
    "line, code",
    [
        (b"hello", -32700),
        (b'{"id":1', -32700),
        (b'{"id":1} {"id":2}', -32700),
        (b'{"id":NaN}', -32700),
        (b'{"id":"\xff"}', -32700),
        (b"[" * 100_000, -32700),
        (b'[{"id":1,"method":"ping"}]', -32600),
        (b"7", -32600),
    ],
)
def test_what_is_no_message_gets_the_code_of_json_rpc(line, code):
    with pytest.raises(CallError) as error:
        parse(line)
    assert error.value.code == code


def test_escapes_and_big_numbers_stay_as_written():
    text = r'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"s":"\u00e9\/","n":123456789012345678901234567890,"f":1.0E400}}}'
    text = text.replace("1.0E400", '1.0E400,"i":' + "9" * 9000)
    assert parse(text.encode()).replaced({"id": "2"}) == text.replace('"id":1', '"id":2')


@pytest.mark.parametrize(
    "begin, end, number",
    [
        ('{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":"', '"}}', "7"),
        ('{"method":"ping","params":{"x":"', '"},"id":"a","jsonrpc":"2.0"}\n', '"a"'),
        ('{"id":{},"method":"ping","params":{"x":"', '"}}', None),
        ('[{"id":1,"method":"ping"},{"x":"', '"}]', None),
    ],
)
def test_what_is_too_long_for_any_board_is_not_read(begin, end, number):
    line = (begin + '":0,"' * 30_000 + end).encode()
    with pytest.raises(CallError) as error:
        read(line)
    assert (error.value.code, error.value.id_text) == (-32003, number)
    assert error.value.data["limitBytes"] == LONGEST < error.value.data["bytes"]
    assert members(line) is None


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(
    id=st.integers() | st.text(),
    token=st.integers() | st.text(),
    arguments=st.dictionaries(st.text(max_size=5), _values, max_size=4),
    indent=st.sampled_from([None, " "]),
    ascii_only=st.booleans(),
)
def test_replacing_changes_the_value_at_the_place_and_no_other(id, token, arguments, indent, ascii_only):
    value = {"params": {"arguments": arguments, "_meta": {"progressToken": token}}, "id": id, "method": "tools/call"}
    separators = (",", ":") if indent is None else (" , ", " :\t")
    text = json.dumps(value, separators=separators, ensure_ascii=ascii_only)
    try:
        message = parse(text.encode())
    except UnicodeEncodeError:
        return  # a lone surrogate cannot be sent
    changed = json.loads(message.replaced({"id": "17", "token": "18"}))
    value["id"], value["params"]["_meta"]["progressToken"] = 17, 18
    assert changed == value


def test_requests_are_compact_lines():
    assert request_text('"a"', "ping") == '{"jsonrpc":"2.0","id":"a","method":"ping"}'


def test_an_emoji_is_sent_as_it_is_and_not_as_two_surrogates():
    """Half a pair, which a PC's own arguments may have, can only be sent as an escape."""
    assert request_text("1", "m", {"a": "😀ü"}) == '{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":"😀ü"}}'
    assert request_text("1", "m", {"a": "\udcff"}) == r'{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":"\udcff"}}'
