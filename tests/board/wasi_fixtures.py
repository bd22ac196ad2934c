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
