"""Megabytes of noise and of frames gone wrong, at a board and at a bridge: nothing breaks, nothing grows, service goes on.

`make faults` sends ten times as many.
"""

import asyncio
import sys

import pytest
from conftest import BOARDS, ROOT, params

sys.path.append(str(ROOT / "scripts"))

import faults

BYTES = {"unix": 1_000_000, "qemu:m0": 60_000}


@pytest.fixture(params=params("unix", "qemu:m0"))
def url(request, tmp_path, monkeypatch):
    monkeypatch.setenv("WASMOTE_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WASMOTE_DATA_DIR", str(tmp_path))
    assert request.param in BOARDS
    return "unix:" if request.param == "unix" else request.param


def test_a_board_serves_on_and_its_heap_is_as_it_was(url):
    before, after, seconds = asyncio.run(faults.at_board(url, 3, BYTES[url.rstrip(":")]))
    assert abs(after["heap"]["freeBytes"] - before["heap"]["freeBytes"]) < 2048
    assert after["session"] == before["session"]
    assert after["link"]["skipped"] + after["link"]["damaged"] > 100


def test_a_bridge_serves_on():
    grown = asyncio.run(faults.at_bridge(5, 1_000_000))
    assert grown < 8_000_000
