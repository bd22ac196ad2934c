"""How clients open a connection (tests/board/openings.py), on the wire of an emulated board."""

import sys

import pytest
from conftest import ROOT, params
from wire import Wire

sys.path.append(str(ROOT / "tests/board"))
from openings import OPENINGS, captured, play

ALL = OPENINGS + list(captured())


@pytest.fixture(scope="module", params=params("qemu:m0"))
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def wire(port, environment, wasmote, examples):
    for name in ("thermometer", "faults"):
        code, _, error = wasmote("push", examples / f"{name}.wasm")
        assert code == 0, error
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WASMOTE_DATA_DIR", environment["WASMOTE_DATA_DIR"])
        opened = Wire(port)
        try:
            assert opened.line("wasmote/ready")
            yield opened
        finally:
            opened.close()


@pytest.mark.parametrize("opening", ALL, ids=[opening[0] for opening in ALL])
def test_an_opening_is_answered(opening, wire):
    assert play(wire.write, lambda: wire.until(b"\n"), opening) == []
