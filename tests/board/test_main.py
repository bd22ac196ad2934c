"""The main loop over a port made of bytes: nothing that arrives ends it but the end, Ctrl-C and a reset."""

import json

import pytest
from fake_host import FakeHost, Tool, echo, spin
from wasmote import main
from wasmote import port as ports
from wasmote.link.units import Units
from wasmote.mcp import Server
from wasmote.mcp.board import Board
from wires import wire_of

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'


class Port:
    """Gives one of `chunks` at a read, and says it has ended behind the last."""

    def __init__(self, *chunks):
        self.chunks = list(chunks)
        self.written = bytearray()
        self.write = self.written.extend

    @property
    def ended(self):
        return not self.chunks

    def read(self, room):
        if not self.chunks:
            return 0
        chunk = self.chunks.pop(0)
        count = min(len(chunk), len(room))
        room[:count] = chunk[:count]
        if count < len(chunk):
            self.chunks.insert(0, chunk[count:])
        return count

    def idle(self, most):
        pass

    def waiting(self):
        return 0

    def sleep(self, ms):
        pass


def serve(*chunks, host=None, limit=16384, watchdog=None):
    """How the loop ended, and the lines that it wrote."""
    port = Port(*chunks)
    server = Server(host or FakeHost(Tool("echo", echo), Tool("spin", spin)), port.write, Board("x", "0", reset, limit))
    how = main.loop(server, port, wire_of(port, limit), watchdog)
    return how, [json.loads(line) for line in port.written.splitlines()]


def reset():
    raise main._Reset


def test_serves_until_the_end_of_the_input():
    how, lines = serve(PING[:9], b"", PING[9:] + PING, b"")
    assert how == main.ENDED
    assert [line["result"] for line in lines] == [{}, {}]


def test_ends_what_is_under_way_before_it_ends():
    how, lines = serve(b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}\n')
    assert (how, lines[0]["result"]["isError"]) == (main.ENDED, False)


@pytest.mark.parametrize("call", [b"\x03", b"\r\x03"])
def test_ctrl_c_gives_the_repl(call):
    how, lines = serve(PING, call, PING)
    assert (how, len(lines)) == (main.REPL, 1)


@pytest.mark.parametrize("before", [b"", b"\r\n", b"\x00\xff"])
def test_what_follows_ctrl_c_is_left_for_the_repl(before):
    port = Port(before + b"\r\x03\r\x01")  # as mpremote sends it
    server = Server(FakeHost(), port.write)
    assert main.loop(server, port, wire_of(port)) == main.REPL
    assert b"".join(port.chunks) == b"\r\x01"


def test_reset_is_answered_then_done():
    how, lines = serve(b'{"jsonrpc":"2.0","id":1,"method":"wasmote/reset"}\n', PING)
    assert (how, lines[0]["result"]) == (main.RESET, {})


def test_a_line_of_100_kb_costs_one_error():
    how, lines = serve(b'{"a":"' + b"x" * 100_000 + b'"}\n' + PING)
    assert "16384" in lines[0]["error"]["message"]
    assert (lines[0]["error"]["data"]["bytes"], lines[1]["result"]) == (100_008, {})


def test_the_clock_of_a_board_that_is_left_alone_is_read(monkeypatch):
    reads = []
    monkeypatch.setattr(main, "keep_time", lambda: reads.append(None))
    serve(*[b""] * 60)
    assert reads


def test_noise_costs_one_error_a_line():
    how, lines = serve(b"\xff\x00\n", b"hello\n", b"{\n", PING)
    assert [line.get("error", {}).get("code") for line in lines] == [-32700, -32700, None]


def test_whoever_sends_many_short_lines_does_not_stop_the_calls():
    sent = []  # how many replies there were at each slice of the call

    def watch(arguments, notify):
        while True:
            sent.append(port.written.count(b"\n"))
            yield

    port = Port(b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"watch"}}\n' + PING * 200, b"\x03")
    server = Server(FakeHost(Tool("watch", watch)), port.write)
    assert main.loop(server, port, wire_of(port)) == main.REPL
    assert port.written.count(b"\n") == 200
    assert max(after - before for before, after in zip(sent, sent[1:], strict=False)) <= 4


def test_lines_behind_a_reply_that_fails_are_served():
    class Breaking(Server):
        def receive(self, line, way):
            if b"break" in bytes(line):
                raise MemoryError
            super().receive(line, way)

    port = Port(b"break\n" + PING + b"break\n" + PING)  # one read, and nothing comes after it
    assert main.loop(Breaking(FakeHost(), port.write), port, wire_of(port)) == main.ENDED
    assert port.written.count(b'"result"') == 2


def test_a_reset_during_a_push_ends_it_before_the_host_closes(monkeypatch):
    class Host(FakeHost):
        loading = False
        on_log = None

        def push(self, *arguments):
            self.loading = True
            try:
                while True:
                    yield
            finally:
                self.loading = False

        def close(self):
            closed.append(self.loading)

    closed = []
    monkeypatch.setattr(main, "Host", lambda validate: Host())
    push = b'{"jsonrpc":"2.0","id":1,"method":"wasmote/push","params":{"name":"x","size":1,"offset":0,"crc32":0,"data":""}}\n'
    port = Port(push, b"", b"", b"", b"", b"", b'{"jsonrpc":"2.0","id":2,"method":"wasmote/reset"}\n')
    assert main._serve(port, Units(), None) == main.RESET
    assert closed == [False]


@pytest.fixture
def clock(monkeypatch):
    """The time that a port sees, in a list: one ms a look."""
    now = [0]

    def ticks_ms():
        now[0] += 1
        return now[0]

    monkeypatch.setattr(ports.time, "ticks_ms", ticks_ms, raising=False)
    monkeypatch.setattr(ports.time, "ticks_diff", lambda later, earlier: later - earlier, raising=False)
    monkeypatch.setattr(ports.time, "sleep_ms", lambda ms: None, raising=False)
    return now


def test_a_reader_that_is_gone_stalls_the_board_once_not_at_each_piece(clock):
    class Uart:
        room = 0
        taken = b""

        def write(self, piece):
            count = min(self.room, len(piece), 3)
            self.taken += bytes(piece[:count])
            return count or None

    uart = Uart()
    port = ports.Uart(uart)
    port.write(b"first")
    stalled = clock[0]
    assert stalled > ports._STALL
    for _ in range(10):
        port.write(b"dropped")
    assert clock[0] == stalled
    uart.room = 100  # somebody reads again
    port.write(b"whole again")
    assert uart.taken == b"whole again"
    uart.room = 0
    port.write(b"second")
    assert clock[0] > stalled + ports._STALL


@pytest.mark.parametrize("error", [MemoryError, OSError, KeyError])
def test_a_server_that_breaks_does_not_end_the_loop(error):
    class Breaking(Server):
        def receive(self, line, way):
            if b"break" in bytes(line):
                raise error
            super().receive(line, way)

    port = Port(b"break\n", b"", PING)
    server = Breaking(FakeHost(), port.write)
    assert main.loop(server, port, wire_of(port)) == main.ENDED
    assert json.loads(port.written)["result"] == {}


def test_feeds_the_watchdog_while_a_tool_spins():
    class Watchdog:
        fed = 0

        def feed(self):
            self.fed += 1

    watchdog = Watchdog()
    call = b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"spin"}}\n'
    how, lines = serve(call, *[b""] * 20, PING, b"\x03", watchdog=watchdog)
    assert watchdog.fed > 20
    assert (how, lines) == (main.REPL, [{"jsonrpc": "2.0", "id": 1, "result": {}}])
