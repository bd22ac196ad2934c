"""The board's own wire, without the bridge: bad lines get one error each and the next message is served; the REPL is there."""

import pytest
from wire import Wire

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'


@pytest.fixture(scope="module")
def wire(port, environment):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WASMOTE_DATA_DIR", environment["WASMOTE_DATA_DIR"])
        opened = Wire(port)
        try:
            assert opened.line("wasmote/ready")["params"]["session"]
            yield opened
        finally:
            opened.close()


BAD_LINES = {
    "no JSON": (b"hello board\n", -32700, None),
    "cut short": (b'{"jsonrpc":"2.0","id":7,"meth\n', -32700, None),
    "not UTF-8": (b'{"jsonrpc":"2.0","id":7,"method":"\xff"}\n', -32700, None),
    "nested without end": (b"[" * 5000 + b"\n", -32700, None),
    "no method": (b'{"jsonrpc":"2.0","id":7}\n', -32600, 7),
    "method is no string": (b'{"jsonrpc":"2.0","id":7,"method":[]}\n', -32600, 7),
    "a batch": (b'[{"jsonrpc":"2.0","id":7,"method":"ping"}]\n', -32600, None),
    "id is an object": (b'{"jsonrpc":"2.0","id":{},"method":"ping"}\n', -32600, None),
    "100 KB": (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":"' + b"y" * 100_000 + b'"}}\n', -32003, 7),
    "100 KB, the id last": (
        b'{"params":{"x":"' + b"y" * 100_000 + b'"},"method":"ping","jsonrpc":"2.0","id":"z"}\n',
        -32003,
        "z",
    ),
}


@pytest.mark.parametrize("what", BAD_LINES)
def test_a_bad_line_gets_one_error_and_the_next_is_served(wire, what):
    line, code, number = BAD_LINES[what]
    answer = wire.ask(line)
    assert (answer["error"]["code"], answer["id"]) == (code, number), answer
    assert wire.ask(PING) == {"jsonrpc": "2.0", "id": 1, "result": {}}


def test_the_error_of_a_long_line_names_size_and_limit(wire):
    error = wire.ask(b"x" * 20_000 + b"\n")["error"]
    assert error["data"]["limitBytes"] == 16384 and "16384" in error["message"] and "20000" in error["message"]


def test_the_longest_message_is_served_and_one_byte_more_is_not(wire):
    for size, answered in ((16_384, True), (16_385, False)):
        text = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"%s"}}'
        answer = wire.ask(text % (b"y" * (size - len(text) + 2)) + b"\n")
        assert (
            answer.get("result") == {} if answered else answer["error"]["data"] == {"limitBytes": 16_384, "bytes": size}
        )


def test_ids_come_back_as_they_were(wire):
    for number in (b"0", b'"x\\u0041"', b"-1", b'""', b"12345678901234567890"):
        wire.write(b'{"method":"ping","id":' + number + b',"jsonrpc":"2.0"}\n')
        assert b'"id":' + number + b"," in wire.until(b"\n")


def test_line_ends_blank_lines_and_noise_do_no_harm(wire):
    wire.write(b"\r\n\n\x00\xff\n" + PING.replace(b"\n", b"\r\n"))
    while (answer := wire.line())["id"] is None:
        pass  # the noise may be answered as no JSON
    assert answer["result"] == {}


def test_ping_answers_come_in_the_order_of_a_burst(wire):
    wire.write(b"".join(PING.replace(b'"id":1', b'"id":%d' % number) for number in range(50)))
    assert [wire.line()["id"] for _ in range(50)] == list(range(50))


def test_ctrl_c_gives_the_repl_and_ctrl_d_boots_back(wire, kind):
    wire.write(b"\r\x03")
    if kind == "unix":  # a program: Ctrl-C ends it
        with pytest.raises(AssertionError, match="the board ended"):
            wire.until(b">>> ")
        return
    wire.until(b">>> ")
    wire.write(b"print(6 * 7)\r")
    assert b"42" in wire.until(b">>> ")
    wire.write(b"\x04")
    assert wire.line("wasmote/ready")
    assert wire.ask(PING)["result"] == {}
