"""Openings (openings.py), one after the other, in this process and against the board program of the unix build."""

import os
import subprocess

import host_guests
import pytest
from conftest import MICROPYTHON
from openings import OPENINGS, captured, play
from wasmote.host import Host, Storage
from wasmote.jsonrpc import validate
from wasmote.jsonrpc.fits import doubt
from wasmote.link.plain import Lines
from wasmote.mcp import Server
from wasmote.wasm import drive

ALL = OPENINGS + list(captured())


class InProcess:
    def __init__(self, folder):
        self.host = Host(Storage(str(folder / "components")), validate=validate, doubt=doubt)
        drive(self.host.boot())
        self.written = bytearray()
        self.server = Server(self.host, self.written.extend)
        self.server.ready()
        self.link = Lines()

    def write(self, data):
        for line in self.link.feed(data):
            self.server.receive(line)
        while self.server.step():
            pass

    def line(self):
        line, self.written[:] = self.written.split(b"\n", 1)
        return bytes(line)

    def close(self):
        self.host.close()


class Unix:
    def __init__(self, folder):
        if not MICROPYTHON.exists():
            pytest.skip("no build/firmware/unix: make unix")
        environment = {**os.environ, "WASMOTE_FLASH": str(folder)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen([MICROPYTHON, "-m", "main"], env=environment, **pipes)
        while b"wasmote/ready" not in self.line():
            pass

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def line(self):
        line = self.process.stdout.readline()
        assert line.endswith(b"\n"), "the board ended"
        return line

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)


@pytest.fixture(scope="module", params=[InProcess, Unix])
def board(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("flash")
    (folder / "components").mkdir()
    for name in ("thermometer", "faults"):
        (folder / "components" / f"{name}.wasm").write_bytes(host_guests.example(name))
    running = request.param(folder)
    yield running
    running.close()


@pytest.mark.parametrize("opening", ALL, ids=[opening[0] for opening in ALL])
def test_an_opening_is_answered(opening, board):
    assert play(board.write, board.line, opening) == []
