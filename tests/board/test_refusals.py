"""docs/refusals.md has every message with which a component is refused: what is said in the sources is looked for there."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts"))
import refusals  # noqa: E402

DOCS = (ROOT / "docs/refusals.md").read_text()
FOUND = refusals.messages()


@pytest.mark.parametrize("name", [name for name in refusals.CLASSES if name not in refusals.GENERATED])
def test_each_message_is_in_the_docs_with_its_remedy(name):
    told = set(re.findall(r"^\| ``?(.*?)``? \| \S", DOCS, flags=re.M))
    said = {text for text in FOUND[name] if len(re.sub(r"[…\W]", "", text)) > 4}
    assert len(said) >= 5, "the sources are read no more"
    assert sorted(said - told) == [], "write what to do into docs/refusals.md"


def test_no_remedy_is_for_a_message_that_is_gone():
    told = re.findall(r"^\| ``?(.*?)``? \| \S", DOCS, flags=re.M)
    said = {text for texts in FOUND.values() for text in texts} | IN_TABLES
    assert sorted(set(told) - said - {"message"}) == []


IN_TABLES = {  # put together from tables of the sources
    "async function type: build for WASI 0.2",
    "map type: use a list",
    "no memory for the texts that it registers, which may take … KiB (…)",
}


def test_the_lists_of_what_is_no_valid_component_are_those_of_the_sources():
    docs = DOCS
    for name, text in refusals.lists(FOUND).items():
        docs = refusals.written(docs, name, text)
    assert docs == DOCS, "run scripts/refusals.py --write"
