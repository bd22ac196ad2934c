"""wasmote.host.errors: error-code of wasi:mcp has one table, and whoever refuses something takes a code of it."""

import re

import pytest
from conftest import ROOT
from wasmote.host.errors import CODES, failed

WIT = ROOT / "examples/wit/deps/mcp/mcp.wit"
FILES = sorted((ROOT / "modules/wasmote/host").rglob("*.py"))


def test_the_codes_are_those_of_the_wit():
    (enum,) = re.findall(r"enum error-code \{(.*?)\}", WIT.read_text(), re.S)
    assert tuple(re.findall(r"[a-z-]+", enum)) == CODES


@pytest.mark.parametrize("kind", CODES)
def test_an_error_has_the_number_of_its_code(kind):
    assert failed(kind, "no") == (1, (CODES.index(kind), "no", None))
    assert failed(kind, "no", b"{}") == (1, (CODES.index(kind), "no", b"{}"))


def test_nobody_refuses_with_a_code_that_there_is_not():
    said = [kind for file in FILES for kind in re.findall(r'\bfailed\("([^"]+)"', file.read_text())]
    assert len(said) > 20 and set(said) <= set(CODES)
