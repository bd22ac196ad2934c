"""jsonrpc: texts checked and searched without decoding, compared with CPython's json."""

import json
import subprocess
from array import array
from pathlib import Path

import pytest
from conftest import MICROPYTHON, needs_micropython
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from wasmote.jsonrpc import (
    NOTIFICATION,
    REQUEST,
    RESPONSE,
    RpcError,
    Writer,
    codes,
    decode,
    find,
    id_key,
    items,
    names,
    pairs,
    parse,
    scan,
    validate,
)
from wasmote.jsonrpc.find import Twice

ROOT = Path(__file__).resolve().parents[2]


def accepts(text):
    return validate(memoryview(text)) is None


def json_accepts(text):
    def no(constant):
        raise ValueError(constant)

    try:
        json.loads(text.decode("utf-8"), parse_constant=no)
    except ValueError:
        return False
    return True


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def texts(draw):
    """JSON texts in several hands."""
    space = draw(st.sampled_from(["", " ", "\n", "\t\r"]))
    text = json.dumps(draw(values), ensure_ascii=draw(st.booleans()), separators=("," + space, ":" + space))
    return (space + text + space).encode("utf-8", "surrogatepass")


@st.composite
def broken(draw):
    """JSON texts with a few bytes changed, taken out, put in or doubled."""
    text = bytearray(draw(texts()))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        text[at : at + draw(st.integers(0, 2))] = draw(
            st.binary(max_size=1)
            | st.sampled_from([b'"', b"\\", b"{", b"]", b",", b":", b"0", b".", b"e", b"\\u", b"-"])
        )
    return bytes(text)


tokens = (
    st.lists(
        st.sampled_from(
            ['{}[],:"\\', "\n01-+.eEua/bdtrfnltrue", "null", "false", "\x1f\x7fé😀"] + list('{}[],:"\\01-+.eE /uadn')
        ),
        max_size=12,
    )
    .map("".join)
    .map(str.encode)
)


@given(texts() | broken() | tokens | st.binary(max_size=8))
@example(b'"\xed\xa0\x80"')
@example(b'"\xc0\x80"')
@example(b'"\xf4\x90\x80\x80"')
@example(b'"\xe0\x9f\xbf"')
@example(b'"\\ud800"')
@example(b"[1]\x00")
@example(b"1" * 400)
@settings(max_examples=600)
def test_accepts_exactly_what_json_accepts(text):
    assert accepts(text) == json_accepts(text)


@pytest.mark.parametrize(
    "text, error",
    [
        (b"", (scan.TRUNCATED, 0)),
        (b'{"a":', (scan.TRUNCATED, 5)),
        (b'{"a" 1}', (scan.UNEXPECTED, 5)),
        (b"{'a':1}", (scan.UNEXPECTED, 1)),
        (b"[1,]", (scan.UNEXPECTED, 3)),
        (b'{"a":1,}', (scan.UNEXPECTED, 7)),
        (b"[1}", (scan.UNEXPECTED, 2)),
        (b"{} {}", (scan.TRAILING, 3)),
        (b'"a\nb"', (scan.BAD_STRING, 2)),
        (b'"\\x"', (scan.BAD_STRING, 2)),
        (b'"\\u12g4"', (scan.BAD_STRING, 5)),
        (b'"\xff"', (scan.BAD_UTF8, 1)),
        (b"01", (scan.BAD_NUMBER, 1)),
        (b"1.", (scan.TRUNCATED, 2)),
        (b"[-]", (scan.BAD_NUMBER, 2)),
        (b"nul", (scan.TRUNCATED, 3)),
        (b"nuls", (scan.UNEXPECTED, 3)),
        (b"NaN", (scan.UNEXPECTED, 0)),
        (b"[" * 64 + b"]" * 64, None),
        (b"[" * 65 + b"]" * 65, (scan.TOO_DEEP, 64)),
        (b"[" * 100_000, (scan.TOO_DEEP, 64)),
    ],
)
def test_says_what_is_wrong_and_where(text, error):
    wanted = (scan.MESSAGES[error[0]], error[1]) if error else None
    assert validate(text) == wanted


WANTED = ("", "a", "id", "é", 'q"')
TABLE = names(*WANTED)


@given(
    st.dictionaries(st.sampled_from(WANTED) | st.text(max_size=3), values, max_size=8),
    st.booleans(),
    st.sampled_from(["", " \n"]),
)
def test_finds_the_members_that_json_finds(value, ascii_only, space):
    text = json.dumps(value, ensure_ascii=ascii_only, separators=("," + space, space + ":" + space)).encode(
        "utf-8", "surrogatepass"
    )
    assume(accepts(text))
    spans = find(memoryview(text), 0, TABLE)
    for name, span in zip(WANTED, spans, strict=False):
        assert (span is not None) == (name in value)
        if span:
            assert json.loads(text[slice(*span)]) == value[name]
            assert text[slice(*span)] == text[slice(*span)].strip()


@given(
    st.dictionaries(st.text(max_size=3), values, max_size=5), st.lists(values, max_size=5), st.sampled_from(["", " \n"])
)
def test_walks_objects_and_arrays(value, array_value, space):
    text = memoryview(json.dumps(value, separators=("," + space, ":" + space)).encode())
    assert [
        (json.loads(bytes(text[slice(*n)])), json.loads(bytes(text[slice(*v)]))) for n, v in pairs(text, 0)
    ] == list(value.items())
    text = memoryview(json.dumps(array_value, separators=("," + space, ":" + space)).encode())
    assert [json.loads(bytes(text[slice(*v)])) for v in items(text, 0)] == array_value


@pytest.mark.parametrize(
    "text", [b'{"a":1,"a":2}', b'{"a":1,"b":[{"a":3}],"a":1}', b'{"a":1,"\\u0061":2}', b'{"\\u0061":1,"a":2}']
)
def test_a_name_that_stands_twice_is_refused(text):
    with pytest.raises(Twice):
        find(text, 0, names("a"))


def test_the_same_name_further_in_is_another():
    assert find(b'{"b":{"a":1},"c":"\\"a\\":2","a":3}', 0, names("a")) == [(31, 32)]


@given(st.text())
def test_decodes_what_json_encodes(text):
    for ascii_only in (False, True):
        raw = json.dumps(text, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        try:
            text.encode()
        except UnicodeEncodeError:
            continue
        assert decode(memoryview(raw), (0, len(raw))) == text


def test_decodes_every_escape_and_refuses_lone_surrogates():
    raw = rb'"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"'
    assert decode(raw, (0, len(raw))) == '"\\/\b\f\n\r\té😀'
    for raw in (rb'"\ud800"', rb'"\udc00"', rb'"\ud800\n"', rb'"\ud800\u0061"', rb'"\ud800x\udc00"'):
        with pytest.raises(ValueError):
            decode(raw, (0, len(raw)))


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(plain_values | st.text(st.characters(exclude_categories=["Cs"]), min_size=200))
def test_writes_what_json_reads(value):
    pieces = []
    writer = Writer(lambda piece: pieces.append(bytes(piece)))
    writer.value(value)
    writer.flush()
    text = b"".join(pieces)
    assert json.loads(text) == value
    assert b"\n" not in text and accepts(text)
    assert writer.sent == len(text)


def message(**members):
    return parse(json.dumps({"jsonrpc": "2.0", **members}).encode())


@pytest.mark.parametrize("id", ["0", "-1", "7", "12345678901234567890123", '"a"', '""', '"\\u0041é"', "-0"])
def test_an_id_is_kept_as_it_came(id):
    line = (f'{{"jsonrpc":"2.0","id":{id},"method":"m"}}').encode()
    request = parse(line)
    assert (request.kind, request.method, request.id) == (REQUEST, "m", id.encode())
    assert line[slice(*request.id_span)] == id.encode()


@pytest.mark.parametrize("id", ["null", "1.5", "1e3", "true", "[1]", "{}", "1.0", '"' + "x" * 127 + '"'])
def test_other_ids_are_refused(id):
    with pytest.raises(RpcError) as error:
        parse((f'{{"jsonrpc":"2.0","id":{id},"method":"m"}}').encode())
    assert (error.value.code, error.value.id) == (codes.INVALID_REQUEST, None)


def test_ids_in_two_hands_are_one_id():
    assert id_key(b'"\\u0061"') == id_key(b'"a"') != id_key(b"1") != id_key(b'"1"')


def test_tells_requests_notifications_and_responses_apart():
    assert message(id=1, method="m").kind == REQUEST
    assert message(method="m").kind == NOTIFICATION
    assert message(id=1, result={}).kind == RESPONSE
    assert message(id=None, error={"code": 1, "message": ""}).kind == RESPONSE


@pytest.mark.parametrize(
    "line, code, id",
    [
        (b"hello", codes.PARSE_ERROR, None),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping"', codes.PARSE_ERROR, None),
        (b"[]", codes.INVALID_REQUEST, None),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', codes.INVALID_REQUEST, None),
        (b"1", codes.INVALID_REQUEST, None),
        (b"{}", codes.INVALID_REQUEST, None),
        (b'{"id":1,"method":"ping"}', codes.INVALID_REQUEST, b"1"),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', codes.INVALID_REQUEST, b"1"),
        (b'{"jsonrpc":2.0,"id":1,"method":"ping"}', codes.INVALID_REQUEST, b"1"),
        (b'{"jsonrpc":"2.0","id":1}', codes.INVALID_REQUEST, b"1"),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', codes.INVALID_REQUEST, b"1"),
        (b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"}', codes.INVALID_REQUEST, b"1"),
        (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', codes.INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}', codes.INVALID_PARAMS, b"1"),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":null}', codes.INVALID_PARAMS, b"1"),
    ],
)
def test_refuses_what_is_no_message(line, code, id):
    with pytest.raises(RpcError) as error:
        parse(line)
    assert (error.value.code, error.value.id) == (code, id)
    assert str(error.value)


def test_every_code_is_unique_and_in_its_range():
    numbers = [value for name, value in vars(codes).items() if name.isupper()]
    assert len(numbers) == len(set(numbers))
    ours = [number for number in numbers if -32020 < number <= -32000]
    assert -32000 not in ours and -32001 not in ours


TWINS = """
import sys
sys.path.insert(0, sys.argv[1])
from array import array
from wasmote.jsonrpc import scan, scan_viper, text, text_viper
from wasmote.link.plain_viper import find_stop
names = bytes([4, 1, 97, 2, 105, 100, 0, 2, 195, 169])
one, two = array("i", [0] * 8), array("i", [0] * 8)
stack = bytearray(scan.DEPTH)
with open(sys.argv[2], "rb") as file:
    for line in file:
        data = bytes.fromhex(line.strip().decode())
        got = [(m.check(data, len(data), stack, out), out[0]) for m, out in ((scan, one), (scan_viper, two))]
        if got[0] == got[1] and not got[0][0] and data.lstrip()[:1] == b"{":
            start = data.find(b"{")
            got = [(m.members(data, start, names, out), [] if out[0] < 0 else list(out)) for m, out in ((scan, one), (scan_viper, two))]
            if got[0][0]:  # what was found before is no promise
                got = [got[0][0], got[1][0]]
        if got[0] == got[1]:
            got = []
            for m in text, text_viper:
                target, at = bytearray(16), 0
                state = array("i", [0, 16, len(data)])
                for _ in range(3):
                    state[0] = 0
                    at = m.escape(data, at, target, state)
                    got.append((at, bytes(target[: state[0]])))
            got = [got[:3], got[3:]]
        stops = [i for i in range(1, len(data)) if data[i] in b"\\n\\x03\\0"]
        if got[0] != got[1] or find_stop(data, 1, len(data)) != (stops[0] if stops else -1):
            print(data, got)
"""


@needs_micropython
def test_the_viper_twins_agree_under_micropython(tmp_path):
    corpus = set()

    @given(
        texts()
        | broken()
        | tokens
        | st.binary(max_size=8)
        | st.dictionaries(st.sampled_from(WANTED), values).map(lambda v: json.dumps(v).encode())
    )
    @settings(max_examples=1500, database=None)
    def collect(text):
        corpus.add(text)

    collect()
    (tmp_path / "texts").write_text("".join(text.hex() + "\n" for text in corpus if text))
    (tmp_path / "twins.py").write_text(TWINS)
    run = subprocess.run(
        [MICROPYTHON, tmp_path / "twins.py", ROOT / "modules", tmp_path / "texts"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (run.stdout[-2000:], run.stderr[-2000:], run.returncode) == ("", "", 0)


def test_check_writes_nothing_behind_its_stack():
    stack = bytearray(scan.DEPTH)
    assert scan.check(b"[" * 70, 70, stack, array("i", [0, 0])) == scan.TOO_DEEP
