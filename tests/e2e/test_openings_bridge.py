"""How clients open a connection (tests/board/openings.py): through a bridge they hear what the board alone would say."""

import subprocess
import sys

import pytest
from conftest import ROOT, params

sys.path.append(str(ROOT / "tests/board"))
from openings import OPENINGS, captured, play

ALL = OPENINGS + list(captured())


@pytest.fixture(scope="module", params=params("unix"))
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def process(url, port, environment, wasmote, examples):
    """`wasmote bridge` on stdio beside one that has the port, as of two clients."""
    for name in ("thermometer", "faults"):
        assert wasmote("push", examples / f"{name}.wasm")[0] == 0
    command = [sys.executable, "-m", "wasmote", "bridge", port, "--quiet"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        yield process
        process.stdin.close()


@pytest.mark.parametrize("opening", ALL, ids=[opening[0] for opening in ALL])
def test_an_opening_is_answered_through_a_bridge(opening, process):
    def write(data):
        process.stdin.write(data)
        process.stdin.flush()

    assert play(write, process.stdout.readline, opening) == []
