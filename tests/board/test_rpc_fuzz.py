"""Random and damaged messages: each is answered as rpc_oracle.py says, in this process and by the unix build.

tests/firmware/test_rpc_fuzz.py goes on with the emulated board.
"""

import os
import subprocess

import pytest
from conftest import MICROPYTHON, needs_micropython
from hypothesis import given, settings
from hypothesis import strategies as st
from rpc_fuzz import SEEDS, TOKENS, TOOLS, lines
from rpc_oracle import Player
from wasmote.host import Host, Storage
from wasmote.host.native import take
from wasmote.host.native.provider import Native
from wasmote.jsonrpc import validate
from wasmote.jsonrpc.fits import doubt
from wasmote.link.plain import TOO_LONG, Lines
from wasmote.mcp import Server

NOISE = 4096  # bytes: what a stale word on the C stack keeps alive
STEP = 1000


class InProcess:
    """A server over the native functions of TOOLS."""

    def __init__(self, folder):
        self.host = Host(Storage(str(folder)), validate=validate, doubt=doubt)
        take()
        exec(TOOLS, {})
        self.host.serve(Native(self.host, "tools.py", take()))
        self.written = bytearray()
        self.server = Server(self.host, self.written.extend)
        self.server.ready()
        self.link = Lines()

    def write(self, data):
        for line in self.link.feed(data):
            if line == TOO_LONG:
                self.server.too_long(self.link.size, self.link.limit, self.link.ends)
            else:
                self.server.receive(line)
            while self.server.step():
                pass

    def line(self):
        assert self.written, "an answer is missing"
        line, self.written[:] = self.written.split(b"\n", 1)
        return bytes(line)


@given(
    st.lists(
        st.sampled_from(SEEDS)
        | st.binary(min_size=1, max_size=30)
        | st.tuples(st.sampled_from(SEEDS), st.integers(0, 300), st.integers(0, 20), st.sampled_from(TOKENS)).map(
            lambda cut: cut[0][: cut[1]] + cut[3] + cut[0][cut[1] + cut[2] :]
        ),
        max_size=8,
    )
)
@settings(max_examples=150)
def test_whatever_comes_is_answered_as_it_must_be(tmp_path_factory, texts):
    board = InProcess(tmp_path_factory.getbasetemp())
    Player(board.write, board.line).play([text.replace(b"\n", b" ").replace(b"\x03", b"\x04") for text in texts])


def test_random_lines_are_answered_as_they_must_be(tmp_path):
    board = InProcess(tmp_path)
    Player(board.write, board.line).play(lines(1, 3000))


@needs_micropython
@pytest.mark.parametrize("count", [3000, pytest.param(45_000, marks=pytest.mark.slow)])
def test_the_unix_build_answers_random_lines_and_its_memory_is_flat(count, tmp_path):
    (tmp_path / "tools.py").write_text(TOOLS)
    environment = {**os.environ, "WASMOTE_FLASH": str(tmp_path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([MICROPYTHON, "-m", "main"], env=environment, **pipes) as board:

        def write(data):
            board.stdin.write(data)
            board.stdin.flush()

        def line():
            line = board.stdout.readline()
            assert line.endswith(b"\n"), "the board ended"
            return line

        while b"wasmote/ready" not in line():
            pass
        player = Player(write, line)
        player.play(SEEDS)  # imports what is imported with its first request
        free = []
        for step in range(count // STEP):
            player.play(lines(count + step, STEP))
            free.append(player.ask("wasmote/info")["heap"]["freeBytes"])
        board.stdin.close()
        assert board.stderr.read() == b""
    assert max(free) - min(free) < NOISE, free
