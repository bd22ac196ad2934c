# SPDX-License-Identifier: MIT
"""Where scripts/spec_agent.py runs: CPython, the unix build, an emulated board. A target streams requests to it."""

import os
import select
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AGENT = ROOT / "scripts/spec_agent.py"
BOARDS = ("QEMU_M0", "QEMU_M3", "QEMU_RV32")
SILENCE = 120  # seconds without an answer after which a target is given up


class Lost(Exception):
    """The agent went away or does not answer any more; the text holds its last words."""


class _Process:
    """An agent as a process of this machine, on pipes."""

    def __init__(self, command, settings):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **settings}, bufsize=0
        )
        self.into = self.process.stdin.fileno()
        self.out = self.process.stdout.fileno()

    def close(self):
        self.process.kill()
        self.process.communicate()


class _Board:
    """An agent on an emulated board, whose raw REPL runs it."""

    def __init__(self, name):
        sys.path.insert(0, str(ROOT / "tests/firmware"))
        from raw_board import RawBoard

        self.board = RawBoard(name)
        try:
            self.board.raw_repl()
            self.board.start(AGENT.read_text())
        except BaseException:
            self.close()
            raise
        self.into = self.out = self.board.uart.fileno()

    def close(self):
        self.board.__exit__()


def _cpython(engine, settings):
    path = os.pathsep.join([str(ROOT / "modules"), str(ROOT / "tests/shims"), os.environ.get("PYTHONPATH", "")])
    return _Process([sys.executable, "-u", AGENT], {**settings, "WASMOTE_ENGINE": engine, "PYTHONPATH": path})


def _unix(engine, settings):
    program = ROOT / "build/firmware/unix/micropython"
    if not program.exists():
        raise Lost("no build/firmware/unix/micropython: make unix")
    return _Process([program, AGENT], {**settings, "WASMOTE_ENGINE": engine})


TARGETS = {
    "unix": lambda settings: _unix("c", settings),
    "unix-python": lambda settings: _unix("python", settings),
    **{name: lambda settings, name=name: _Board(name) for name in BOARDS},
    "cpython": lambda settings: _cpython("c", settings),
    "cpython-python": lambda settings: _cpython("python", settings),
}


class Target:
    """One agent by its name in TARGETS, started when it is first needed and again after it was lost.

    settings    more environment variables for a target that is a process
    """

    def __init__(self, name, settings=None):
        self.name = name
        self.settings = settings or {}
        self.link = None
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.link:
            self.link.close()
            self.link = None

    def start(self):
        self.received = b""
        self.link = TARGETS[self.name](self.settings)
        os.set_blocking(self.link.into, False)
        return self._lines(1)[0]

    def ask(self, requests, each=lambda: None):
        """Send the requests ahead; returns the answers. Raises Lost."""
        if not self.link:
            self.start()
        return self._lines(len(requests), "".join(requests).encode(), each)

    def _lines(self, count, data=b"", each=lambda: None):
        # Writes the data while it reads `count` lines.
        link = self.link
        data = memoryview(data)
        lines = []
        heard = time.monotonic()
        while len(lines) < count:
            readable, writable, _ = select.select([link.out], [link.into] if data else [], [], 1)
            if writable:
                try:
                    data = data[os.write(link.into, data[:4096]) :]
                except BlockingIOError:
                    pass
                except OSError:
                    raise self._lost("went away", lines) from None
            if readable:
                try:
                    more = os.read(link.out, 65536)
                except BlockingIOError:
                    continue
                if not more:
                    raise self._lost("went away", lines)
                *whole, self.received = (self.received + more).split(b"\n")
                for line in whole:
                    line = line.decode(errors="replace").rstrip("\r")
                    if line.startswith(("=", "!", "ready ")):
                        lines.append(line)
                        each()
                    else:  # a board's last words, a traceback
                        self.received = b"\n".join([line.encode(), self.received])
                        raise self._lost("said", lines)
                heard = time.monotonic()
            elif time.monotonic() - heard > SILENCE:
                raise self._lost(f"silent for {SILENCE} s", lines)
        return lines

    def _lost(self, how, lines):
        self.stop()
        error = Lost(f"{self.name} {how}: {self.received.decode(errors='replace')[-500:]!r}")
        error.answers = len(lines)
        return error
