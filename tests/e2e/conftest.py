"""Every board, each started once per test module: the unix build and QEMU's three, each behind a `wasmote bridge`.

bridge      a running bridge with a blank board behind it; a Bridge
url         the URL of one that serves HTTP
wasmote     runs a wasmote command on that board, through that bridge; (exit code, stdout, stderr)
examples    the folder of example components
"""

import itertools
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "build/examples"
BOARDS = {"unix": "unix", "qemu:m0": "QEMU_M0", "qemu:m3": "QEMU_M3", "qemu:rv32": "QEMU_RV32"}
META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
PATIENCE = 120  # seconds: an emulated board on a busy machine


def params(*kinds):
    """The boards to run on; all of them when none is named. WASMOTE_BOARDS="unix qemu:m0" leaves others out."""
    wanted = os.environ.get("WASMOTE_BOARDS", " ".join(BOARDS)).split()
    kinds = [kind for kind in kinds or BOARDS if kind in wanted]
    return [pytest.param(kind, marks=pytest.mark.slow if kind.startswith("qemu") else ()) for kind in kinds]


def firmware(kind):
    name = "micropython" if kind == "unix" else "firmware.elf"
    return ROOT / "build/firmware" / BOARDS[kind] / name


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module", params=params())
def kind(request):
    """Which board: "unix", "qemu:m0" …"""
    if not firmware(request.param).exists():
        pytest.fail(f"there is no {firmware(request.param)}: make firmware BOARD={BOARDS[request.param]}")
    return request.param


@pytest.fixture(scope="session")
def examples():
    if not (EXAMPLES / "thermometer.wasm").exists():
        pytest.fail("there are no example components: make examples")
    return EXAMPLES


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Folders of its own, so that no test meets the user's boards. Short names: QEMU takes 511 characters."""
    folder = tmp_path_factory.mktemp("wasmote")
    yield {**os.environ, "WASMOTE_RUNTIME_DIR": str(folder), "WASMOTE_DATA_DIR": str(folder)}
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def port(kind):
    return "unix:" if kind == "unix" else kind


@pytest.fixture(scope="module")
def bridge(port, environment):
    with Bridge(port, environment) as running:
        yield running


@pytest.fixture(scope="module")
def url(port, environment):
    command = [sys.executable, "-m", "wasmote", "bridge", port, "--http", "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    yield process.stdout.readline().strip()
    process.terminate()
    process.wait(20)


def run_wasmote(environment, *arguments, seconds=PATIENCE):
    """(exit code, stdout, stderr) of a wasmote command."""
    done = subprocess.run(
        [sys.executable, "-m", "wasmote", *map(str, arguments)],
        env={**environment, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def wasmote(port, environment):
    def run(command, *arguments, seconds=PATIENCE):
        return run_wasmote(environment, command, port, *arguments, seconds=seconds)

    return run


class Bridge:
    """`wasmote bridge` and an MCP client of a few lines on its stdio. `ask` returns the whole answer, a dict."""

    def __init__(self, port, environment):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "wasmote", "bridge", port],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self.notifications = queue.Queue()
        self._ids = itertools.count(1)
        self._answers = {}  # id -> queue of one
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(20)

    def _read(self):
        for line in self.process.stdout:
            message = json.loads(line)
            if "method" in message:
                self.notifications.put(message)
            else:
                self._answers.setdefault(message["id"], queue.Queue()).put(message)

    def send(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()

    def start(self, method, params=None):
        """Send a request; its id."""
        number = next(self._ids)
        self._answers[number] = queue.Queue()
        self.send({"id": number, "method": method, **({"params": params} if params is not None else {})})
        return number

    def answer(self, number, seconds=PATIENCE):
        """The answer to a request; the bridge answers each once."""
        found = self._answers[number].get(timeout=seconds)
        del self._answers[number]
        return found

    def ask(self, method, params=None, seconds=PATIENCE):
        return self.answer(self.start(method, params), seconds)

    def modern(self, method, params=None, seconds=PATIENCE):
        return self.ask(method, {"_meta": META, **(params or {})}, seconds)

    def start_call(self, tool, arguments=None, **meta):
        return self.start("tools/call", {"name": tool, "arguments": arguments or {}, "_meta": {**META, **meta}})

    def call(self, tool, arguments=None, seconds=PATIENCE):
        """(text of the answer, isError)."""
        return text_of(self.answer(self.start_call(tool, arguments), seconds))

    def tools(self):
        names, cursor = [], None
        while True:
            result = self.modern("tools/list", {"cursor": cursor} if cursor else {})["result"]
            names += [tool["name"] for tool in result["tools"]]
            cursor = result.get("nextCursor")
            if not cursor:
                return names

    def notice(self, method, seconds=PATIENCE):
        """The next notification with this method; others before it are dropped."""
        end = time.monotonic() + seconds
        while True:
            message = self.notifications.get(timeout=max(0.01, end - time.monotonic()))
            if message["method"] == method:
                return message

    def forget_notices(self):
        while not self.notifications.empty():
            self.notifications.get_nowait()


def text_of(answer):
    result = answer["result"]
    return "\n".join(block["text"] for block in result["content"]), result["isError"]
