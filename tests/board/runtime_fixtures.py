"""Fixtures for tests of what one guest may call: `pytest_plugins = ["runtime_fixtures"]`; `it` is its Runtime."""

import pytest
from wasmote.host import runtime
from wasmote.host.entries import Refused
from wasmote.jsonrpc import validate


class Guest:
    name = "guest"
    lacks = None  # what it does not export

    def check_handlers(self, kinds, offers=0):
        if self.lacks and (kinds or offers):
            raise Refused("it exports no " + self.lacks)


class Host:
    """What a Runtime needs of a host."""

    changed = 0
    guests = ()

    def __init__(self):
        self.heard = []
        self.told = []
        self.updated = []

    def on_log(self, *what):
        self.heard.append(what)

    def on_updated(self, uri):
        self.updated.append(uri)

    def owner(self, kind, name, but):
        return "other" if "taken" in name else None

    def lists_changed(self, kinds):
        self.told += kinds


@pytest.fixture
def runtime_host():
    return Host()


@pytest.fixture
def it(runtime_host):
    made = runtime.Runtime(Guest(), validate, runtime_host)
    made.heard = runtime_host.heard
    yield made
    made.close()
