"""The smallest board while somebody develops: components are pushed again and again, and it never has to be reset."""

import pytest
from conftest import params

COMPONENTS = ("thermometer", "textkit", "courier", "interview")  # as many as the arena holds beside a new version
ROUNDS = (COMPONENTS, ("interview",) * 3, COMPONENTS, COMPONENTS)


@pytest.fixture(scope="module", params=params("qemu:m0"))
def kind(request):
    return request.param


def test_many_pushes_in_a_row_need_no_reset(bridge, wasmote, examples):
    """The heap is in small pieces by then: a chunk of a push has to fit into those."""
    for number, names in enumerate(ROUNDS):
        for name in names:
            code, _, err = wasmote("push", examples / f"{name}.wasm")
            assert code == 0, f"round {number}, {name}: {err}"
    assert bridge.call("read") == ("20.000 °C", False)
