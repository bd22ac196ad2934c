"""Fixtures for tests of WASI by programs: `pytest_plugins = ["host_fixtures", "wasi_fixtures"]`."""

import pytest
from engines import ENGINES, using


@pytest.fixture(params=sorted(ENGINES))
def engine(request):
    with using(request.param):
        yield request.param


@pytest.fixture
def host(engine, new_host):
    return new_host()


class Log:
    """A host's on_log."""

    def __init__(self, host):
        self.heard = []
        host.on_log = lambda *what: self.heard.append(what)

    def lines(self, level="info"):
        """What was logged at a level, and forgets it."""
        lines = [message for heard, _, message, _ in self.heard if heard == level]
        self.heard = [what for what in self.heard if what[0] != level]
        return lines
