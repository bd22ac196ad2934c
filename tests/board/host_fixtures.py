"""Fixtures for tests of the host: `pytest_plugins = ["host_fixtures"]`."""

import itertools

import host_guests as guests
import pytest
from wasmote.host import Host, Storage, guest
from wasmote.jsonrpc import validate
from wasmote.jsonrpc.fits import doubt
from wasmote.wasm import Granules, arena_info


@pytest.fixture(scope="session")
def thermometer():
    return guests.example("thermometer")


@pytest.fixture(scope="session")
def textkit():
    return guests.example("textkit")


@pytest.fixture(scope="session")
def faults():
    return guests.example("faults")


@pytest.fixture
def new_host(tmp_path):
    made = []
    free = arena_info()[1]

    def new(**settings):
        settings.setdefault("validate", validate)
        settings.setdefault("doubt", doubt)
        made.append(Host(Storage(str(tmp_path / "components")), **settings))
        return made[-1]

    yield new
    for host in made:
        host.close()
    assert arena_info()[1] == free, "the arena is not whole again"


@pytest.fixture
def host(new_host):
    return new_host(call_timeout_ms=30_000)


@pytest.fixture
def ticks(monkeypatch):
    """Time limits with a clock of their own: a millisecond passes whenever somebody looks, however busy this machine is."""
    ticks = itertools.count()
    monkeypatch.setattr(guest, "ticks_ms", lambda: next(ticks))
    return ticks


@pytest.fixture
def impatient(new_host, ticks):
    """A host that gives a call 50 looks at the clock."""
    return new_host(call_timeout_ms=50)


@pytest.fixture
def crowd():
    """crowd(granules): takes the rest of the arena but `granules`."""
    taken = []

    def take(leave):
        store = Granules(200)
        taken.append(store)
        for _ in range(arena_info()[1] - leave):
            store.alloc(1024)

    yield take
    for store in taken:
        store.close()
