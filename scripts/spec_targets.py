# SPDX-License-Identifier: MIT
"""Where scripts/spec_agent.py runs: CPython, the unix build, an emulated board. A target streams requests to it."""

import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AGENT = ROOT / "scripts/spec_agent.py"
BOARDS = ("QEMU_M0", "QEMU_M3", "QEMU_RV32")
SILENCE = 240  # seconds without an answer after which a target is given up
_RAW_PROMPT = b"\x04>"  # of the board's REPL, which has ended the agent


class Lost(Exception):
    """The agent went away or does not answer any more; the text holds its last words."""


class Unavailable(Exception):
    """There is no such target here: no firmware for it, no emulator."""


cancelled = threading.Event()  # set: every target ends what it does with KeyboardInterrupt


class _Process:
    """An agent as a process of this machine, on pipes."""

    def __init__(self, command, settings):
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **settings},
            bufsize=0,
        )
        self.into = self.process.stdin.fileno()
        self.out = self.process.stdout.fileno()

    def close(self):
        self.process.kill()
        self.process.communicate()


class _Board:
    """An agent on an emulated board: put into its flash, compiled as a program that has to spare RAM is; on the UART."""

    def __init__(self, name):
        sys.path.insert(0, str(ROOT / "tests/firmware"))
        from raw_board import RawBoard, new_flash
        from wasmote.errors import Failed

        self.folder = tempfile.TemporaryDirectory()
        flash = new_flash(Path(self.folder.name) / "flash")
        compiled = Path(self.folder.name) / "agent.mpy"
        subprocess.run([ROOT / "build/mpy-cross/mpy-cross", "-o", compiled, AGENT], check=True)
        try:
            self.board = RawBoard(name, flash)
        except Failed as error:
            raise Unavailable(error) from None
        try:
            self.board.raw_repl()
            self.board.run("file = open('spec_agent.mpy', 'wb')")
            code = compiled.read_bytes()
            for at in range(0, len(code), 512):
                self.board.run(f"file.write({code[at : at + 512]!r})")
            self.board.start("file.close(); import spec_agent; spec_agent.serve()")
        except BaseException:
            self.close()
            raise
        self.into = self.out = self.board.uart.fileno()

    def close(self):
        self.board.__exit__()
        self.folder.cleanup()


def _cpython(engine, settings):
    path = os.pathsep.join([str(ROOT / "modules"), str(ROOT / "tests/shims"), os.environ.get("PYTHONPATH", "")])
    return _Process([sys.executable, "-u", AGENT], {**settings, "WASMOTE_ENGINE": engine, "PYTHONPATH": path})


def _unix(engine, settings):
    program = ROOT / "build/firmware/unix/micropython"
    if not program.exists():
        raise Unavailable("no build/firmware/unix/micropython: make unix")
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

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.link:
            self.link.close()
            self.link = None

    def start(self):
        self.link = TARGETS[self.name](self.settings)
        os.set_blocking(self.link.into, False)
        return self._lines(1)[0]

    def ask(self, requests, each=lambda: None):
        """Send the requests ahead; returns the answers. Raises Lost, Unavailable."""
        if not self.link:
            self.start()
        return self._lines(len(requests), "".join(requests).encode(), each)

    def _lines(self, count, data=b"", each=lambda: None):
        # Writes the data while it reads `count` lines. Any other line is noise, the last words of an agent for example.
        link = self.link
        data = memoryview(data)
        lines = []
        noise = []
        part = b""
        heard = time.monotonic()
        while len(lines) < count:
            if cancelled.is_set():
                raise KeyboardInterrupt
            readable, writable, _ = select.select([link.out], [link.into] if data else [], [], 1)
            try:
                if writable:
                    data = data[os.write(link.into, data[:4096]) :]
                more = os.read(link.out, 65536) if readable else None
            except BlockingIOError:
                continue
            except OSError:
                more = b""
            if more:
                *whole, part = (part + more).split(b"\n")
                for line in whole:
                    line = line.decode(errors="replace").rstrip("\r")
                    if line.startswith(("=", "!", "ready ")):
                        lines.append(line)
                        each()
                    else:
                        noise.append(line)
                heard = time.monotonic()
            silent = time.monotonic() - heard > SILENCE
            if more == b"" or silent or part.endswith(_RAW_PROMPT):
                self.stop()
                last_words = " / ".join([*noise, part.decode(errors="replace")][-6:]).strip("\x04> /")
                how = f"said nothing for {SILENCE} s" if silent else "went away"
                raise Lost(f"{self.name} {how}: {last_words}")
        return lines
