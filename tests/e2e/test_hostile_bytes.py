"""Hostile bytes at a board and at a bridge: nothing breaks, nothing grows, service goes on. `make faults` sends 10 MB of them."""

import asyncio
import sys

import pytest
from conftest import BOARDS, ROOT, params

sys.path.append(str(ROOT / "scripts"))

import faults
import storm

BYTES = {"unix:": 2_000_000, "qemu:m0": 60_000}


@pytest.fixture
def url(request, tmp_path, monkeypatch, examples):
    monkeypatch.setenv("WASMOTE_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WASMOTE_DATA_DIR", str(tmp_path))
    assert request.param in BOARDS
    return "unix:" if request.param == "unix" else request.param


@pytest.mark.parametrize("url", params("unix", "qemu:m0"), indirect=True)
def test_a_board_serves_on_and_its_heap_is_as_it_was(url):
    found = asyncio.run(storm.at_board(url, 3, BYTES[url]))
    assert found.same and found.grown < faults.HEAP
    assert found.link["skipped"] + found.link["damaged"] > 100


@pytest.mark.parametrize("url", params("unix"), indirect=True)
def test_a_bridge_serves_on_and_its_memory_is_as_it_was(url):
    found = asyncio.run(faults.at_bridge(url, 5, BYTES[url]))
    assert found.grown < faults.MEMORY
    assert found.seconds < 20 and found.forged and found.replayed > 100
