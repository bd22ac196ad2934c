"""How tests are shared out when they run side by side (scripts/test.sh), and what garbage collection leaves alone.

Those of a module that use the same board (its param `kind` or `port`) go to one worker, as its fixtures boot that board once;
a slow test of none, or with a board of its own, goes anywhere. What takes long begins first: the last of it to end would keep
one worker busy and the others idle.
"""

import gc

import pytest


@pytest.fixture(scope="module", autouse=True)
def frozen():
    """What is there before a module's tests is no garbage: a load collects several times, and each look at it took 0.3 s."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def group(item):
    params = item.callspec.params if hasattr(item, "callspec") else {}
    board = params.get("kind") or params.get("port")
    if board is None and item.get_closest_marker("slow"):
        return item.nodeid
    return f"{item.path.stem}-{board}"
