# SPDX-License-Identifier: MIT
"""A part of the WebAssembly specification test suite on each emulated board; `make spec` runs the whole."""

import sys

import pytest
from conftest import BOARDS
from wasmote.ports import emulator

ROOT = emulator.firmware_file("unix", "micropython").parents[3]
sys.path.insert(0, str(ROOT / "scripts"))

import spec_suite  # noqa: E402
from spec_targets import Lost, Target  # noqa: E402
from spec_tests import run  # noqa: E402

# Arithmetic of each kind, control, memory, tables, linking, decoding: 4,000 commands.
PART = ["bulk", "call_indirect", "conversions", "i64", "left-to-right", "linking", "memory_trap", "ref_func", "select",
        "table_grow", "unwind"]  # fmt: skip


@pytest.fixture(scope="module")
def suite():
    try:
        return spec_suite.find()
    except spec_suite.NoSuite as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", BOARDS)
def test_a_part_of_the_official_suite_passes(name, suite):
    result = run(Target(name), suite, PART)
    assert (result.failures, result.large_modules) == ([], {})
    assert result.passed == sum(len(spec_suite.commands(suite, script)) for script in PART)


def test_an_agent_that_goes_away_is_said_and_the_next_request_starts_another(monkeypatch):
    with Target("unix") as target:
        assert target.ask(["fresh 0\n"])[0].startswith("!Malformed")
        target.link.process.kill()
        with pytest.raises(Lost, match="unix went away"):
            target.ask(["fresh 0\n"] * 3)
        assert target.ask(["invoke - f\n"]) == ["!NoInstance no module"]
