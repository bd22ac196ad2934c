"""The code on the pages of docs/ runs as it stands and prints what its comments say; what they link to is there.

BLESS=1 in the environment writes the A16 code of docs/engine.md's example again.
"""

import contextlib
import csv
import io
import os
import re
import subprocess

import pytest
from conftest import MICROPYTHON, ROOT, needs_micropython
from engines import using
from wasmote import wasm
from wasmote.host.config import Config
from wasmote.host.host import ALLOW
from wasmote.host.wasi.digests import TABLES
from wat import assemble

PAGE = (ROOT / "docs/core.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.S | re.M)
CODE = "\n".join(text for language, text in BLOCKS if language == "python")
# A line of output for each arrow; where the guest prints, too, it comes first.
EXPECTED = re.findall(r"# → (.*)", CODE)
LINES = "\n".join("6\n6" if line == "6 6" else line for line in EXPECTED) + "\n"
(DOUBLE,) = re.findall(r'double = """(.*?)"""', CODE, re.S)


@pytest.fixture
def folder(tmp_path):
    (guest,) = [text for language, text in BLOCKS if language == "wat"]
    (tmp_path / "sum.wasm").write_bytes(assemble(guest))
    (tmp_path / "double.wasm").write_bytes(assemble(DOUBLE))
    return tmp_path


WAT = "def wat(text):\n    return open('double.wasm', 'rb').read()\n"


@pytest.mark.parametrize("engine", ["c", "python"])
def test_core_md_is_true_on_cpython(engine, folder, monkeypatch):
    monkeypatch.chdir(folder)
    output = io.StringIO()
    with using(engine), contextlib.redirect_stdout(output):
        exec(compile(WAT + CODE, "core.md", "exec"), {"__name__": "core"})
    assert output.getvalue() == LINES


@needs_micropython
@pytest.mark.parametrize("engine", ["c", "python"])
def test_core_md_is_true_on_micropython(engine, folder):
    (folder / "core.py").write_text(WAT + CODE)
    path = f"{ROOT / 'modules'}:{ROOT / 'build/micropython/extmod'}"
    done = subprocess.run(
        [MICROPYTHON, "core.py"],
        cwd=folder,
        env=os.environ | {"MICROPYPATH": path, "WASMOTE_ENGINE": engine},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == LINES, done.stdout + done.stderr


def disassembled(code):
    """Lines of A16 code, halfwords whose first ones are numbers of operations."""
    operations = []
    with open(ROOT / "firmware/wasm/a16.csv", newline="") as file:
        for row in csv.DictReader(file):
            for mode in row["modes"].split() or [""]:
                for form in row["forms"].split() or [""]:
                    name = "_".join(part for part in (row["family"], mode, form) if part)
                    size = len(mode.replace("a", "")) + len(row["operands"].split()) + (form == "s")
                    operations.append((name, size, form))
    at = 0
    while at < len(code):
        name, size, form = operations[code[at]]
        operands = [n - (n >> 15 << 16) for n in code[at + 1 : at + 1 + size]]
        if form in ("f", "b"):
            operands[-1] = f"to {at + size + operands[-1]}"
        yield f"{at:3}  {name:20} {' '.join(map(str, operands))}".rstrip()
        at += 1 + size


def test_engine_md_shows_the_code_of_its_example():
    (guest,) = [text for language, text in BLOCKS if language == "wat"]
    with using("python") as engine, wasm.instantiate(assemble(guest), {"env": {"log": print}}) as instance:
        at = engine.get(instance.exports.sum.raw.at)
        module = wasm.binary.Module(wasm.Source(assemble(guest)).reader())
        ((place, _, imported, *_),) = instance.store.instances
        translator = wasm.instance.Instance.again(instance.store, place, imported).translator(module)
        translator.begin(1)
        while not translator.step(1):
            pass
        code = memoryview(engine.view(at, 2 * translator.n)).cast("H")
        lines = list(disassembled(code))
    page = ROOT / "docs/engine.md"
    begin, end = "```a16\n", "```\n"
    head, rest = page.read_text().split(begin)
    shown, tail = rest.split(end, 1)
    if os.environ.get("BLESS"):
        page.write_text(head + begin + "\n".join(lines) + "\n" + end + tail)
    else:
        assert shown.splitlines() == lines


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_each_link_to_a_file_or_a_heading_leads_there(page):
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.S | re.M)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        name, _, anchor = link.partition("#")
        if "://" in name:
            continue
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link


def anchors(page):
    """GitHub's names of the headings of a page."""
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", page, re.M)}


def test_wasi_md_names_every_interface_and_every_member_of_a_configuration():
    page = (ROOT / "docs/wasi.md").read_text()
    for interface in TABLES[::4]:
        assert f"`{interface.split('@')[0]}`" in page, interface
    assert set(re.findall(r"^\| (`[a-z_]+`(?: `[a-z_]+`)?) \| ", page.split("## Configuration")[1], re.M)) == {
        *("`allow`", "`env` `args`", "`files` `store`", "`peers`", "`fallback`", "`memory`", "`timeout_ms`"),
    }
    defaults = re.search(r"^\| `allow` .*\| (.*) \|$", page, re.M).group(1)
    assert tuple(defaults.replace("`", "").split()) == ALLOW
    assert [name for name in vars(Config) if name[0] != "_"] == [
        "allow",
        "env",
        "args",
        "files",
        "store",
        "peers",
        "fallback",
        "memory",
        "timeout_ms",
    ]


def test_wasi_mcp_md_has_every_function_and_the_limits_of_today():
    from wasmote.host import client, digests, resources
    from wasmote.mcp import completion as completing
    from wasmote.mcp import lists, subscriptions
    from wasmote.mcp import resources as watching

    page = (ROOT / "docs/wasi-mcp.md").read_text()
    for table in (digests.RUNTIME, digests.HANDLERS, digests.CLIENT):
        missing = [name for name in table[::2] if f"`{name}`" not in page]
        assert missing == []
    assert f"At most {client.MOST} connections" in page
    assert f"{lists.PAGE} bytes of entries" in page and f"| {completing._MOST}, the protocol" in page
    assert (
        f"{watching.WATCHED} by `resources/subscribe`, {subscriptions.RESOURCES} by each of {subscriptions.MOST} "
        f"`subscriptions/listen`, {resources._SUBSCRIPTIONS} on the board" in page
    )
    assert f"{resources._URI} characters; {resources._EXPRESSIONS} expressions" in page
    assert client.DEEP == 3 and "so does the fourth in a row" in page
