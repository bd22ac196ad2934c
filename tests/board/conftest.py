"""The board package, modules/wasmote, in this process: run these tests by themselves (`pytest tests/board`).

The PC package has the same name, so tests/pc and tests/board need a process each.
"""

import sys
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parents[2]
MICROPYTHON = ROOT / "build/firmware/unix/micropython"
needs_micropython = pytest.mark.skipif(not MICROPYTHON.exists(), reason="no build/firmware/unix: make unix")
sys.path[:0] = [
    *(str(ROOT / "modules"), str(ROOT / "tests" / "shims"), str(ROOT / "scripts")),
    *(str(ROOT / "tests" / "wasi"), str(Path(__file__).parent)),
]
sys.path.append(str(ROOT / "host_tools/wire"))  # peer.py: the other end of the link

pytest.register_assert_rewrite("native_fixtures")  # is imported by name before it is registered as a plugin

import spec_suite  # noqa: E402
import wasmote  # noqa: E402

if Path(list(wasmote.__path__)[0]).resolve() != ROOT / "modules" / "wasmote":
    raise pytest.UsageError("another package wasmote is loaded already: run tests/board in a process of its own")

# Machines here are shared: a slow example says nothing about the code.
hypothesis.settings.register_profile("wasmote", deadline=None)
hypothesis.settings.load_profile("wasmote")


@pytest.fixture(scope="session")
def spec_tests():
    """The folder of the WebAssembly specification test suite, converted to JSON and .wasm files."""
    try:
        return spec_suite.find()
    except spec_suite.NoSuite as error:
        pytest.skip(str(error))


@pytest.fixture(params=["c", "python"])
def engine(request):
    """Each engine in turn: all of wasmote uses it, its arena empty."""
    from engines import using

    with using(request.param) as engine:
        yield engine


@pytest.fixture
def wire():
    """An MCP server over a host without WebAssembly, and what it writes."""
    from server_wire import Wire

    return Wire()


@pytest.fixture(scope="module", autouse=True)
def whole_arena():
    """What the tests of one file leave in the arena, machines that nobody closes, is not there for the next."""
    yield
    import _wasm

    _wasm.reset()
