"""The whole board program on the unix build, over pipes and a terminal: stdout carries the wire and nothing else."""

import json
import os
import pty
import select
import subprocess
import time

from conftest import MICROPYTHON, needs_micropython

pytestmark = needs_micropython

PING = b'{"jsonrpc":"2.0","id":%d,"method":"ping"}\n'
COMMAND = [MICROPYTHON, "-m", "main"]


def environment(folder):
    return {**os.environ, "WASMOTE_FLASH": str(folder)}


def run(tmp_path, data):
    """Lines written for `data` on stdin."""
    done = subprocess.run(COMMAND, input=data, env=environment(tmp_path), capture_output=True, timeout=60)
    assert (done.stderr, done.returncode) == (b"", 0)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_serves_pipes_until_their_end(tmp_path):
    lines = run(tmp_path, PING % 1 + b'{"jsonrpc":"2.0","id":2,"method":"tools/list"}\n')
    ready = [line for line in lines if line.get("method") == "wasmote/ready"]
    assert len(ready) == 1 and ready[0]["params"]["board"] == "unix"
    assert sorted(line["id"] for line in lines if "id" in line) == [1, 2]


def test_a_line_of_100_kb_and_noise_cost_an_error_each(tmp_path):
    lines = run(tmp_path, b"x" * 100_000 + b"\n\xff\xff\nhello\n" + PING % 5)
    replies = [line for line in lines if "id" in line]
    assert [line.get("error", {}).get("code") for line in replies] == [-32003, -32700, None]
    assert replies[-1]["id"] == 5


def test_a_reset_starts_a_new_session(tmp_path):
    lines = run(tmp_path, b'{"jsonrpc":"2.0","id":1,"method":"wasmote/reset"}\n' + PING % 2)
    assert {"jsonrpc": "2.0", "id": 1, "result": {}} in lines
    sessions = [line["params"]["session"] for line in lines if line.get("method") == "wasmote/ready"]
    assert sessions and len(set(sessions)) == len(sessions)


class Terminal:
    """The board program on a pseudo terminal."""

    def __init__(self, folder):
        self.fd, theirs = pty.openpty()
        self.process = subprocess.Popen(
            COMMAND, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=environment(folder)
        )
        os.close(theirs)
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)
        self.process.kill()
        self.process.communicate()

    def line(self, timeout=20):
        deadline = time.monotonic() + timeout
        while b"\n" not in self.data:
            assert select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0], self.data
            self.data += os.read(self.fd, 65536)
        line, self.data = self.data.split(b"\n", 1)
        return json.loads(line)


def test_serves_a_terminal_without_echo_and_with_long_lines(tmp_path):
    with Terminal(tmp_path) as terminal:
        assert terminal.line()["method"] == "wasmote/ready"
        os.write(terminal.fd, PING % 1)
        assert terminal.line() == {"jsonrpc": "2.0", "id": 1, "result": {}}
        text = b'{"jsonrpc":"2.0","id":2,"method":"ping","params":{"x":"%s"}}\n' % (b"y" * 15_000)
        while text:
            text = text[os.write(terminal.fd, text[:1000]) :]
        assert terminal.line()["id"] == 2


def test_ctrl_c_ends_it(tmp_path):
    with Terminal(tmp_path) as terminal:
        terminal.line()
        os.write(terminal.fd, b"\r\x03")
        assert terminal.process.wait(20) == 0


def test_a_terminal_that_goes_away_ends_it(tmp_path):
    with Terminal(tmp_path) as terminal:
        terminal.line()
        os.close(terminal.fd)
        terminal.fd = os.open(os.devnull, os.O_RDONLY)
        terminal.process.wait(20)
