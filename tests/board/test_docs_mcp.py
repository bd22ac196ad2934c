"""docs/mcp.md is true: its conversations are held with the unix build, its tables are those of the sources."""

import json
import os
import re
import subprocess

import codes as scripted
import host_guests
from conftest import MICROPYTHON, ROOT, needs_micropython
from wasmote.jsonrpc import codes, message, scan
from wasmote.jsonrpc.fits import LEVELS
from wasmote.link.plain import LIMIT
from wasmote.mcp import batch, lists, parked, request, server, subscriptions
from wasmote.mcp.ask import ANSWER_MS
from wasmote.mcp.management import CHUNK

PAGE = (ROOT / "docs/mcp.md").read_text()


def test_methods_and_their_eras():
    rows = re.findall(r"^\| `([\w/]+)` \| (yes|no) \| (yes|no) \|$", PAGE, re.M)
    served = {name: (("no", "yes")[eras & 1], ("no", "yes")[eras >> 1]) for name, _, _, eras in server.METHODS}
    assert {name: eras for name, *eras in rows} == {
        name: list(eras) for name, eras in served.items() if not name.startswith("wasmote/")
    }
    ours = {name for name in served if name.startswith("wasmote/")}
    assert {eras for name, eras in served.items() if name in ours} == {("yes", "yes")}
    assert ours | {"wasmote/ready"} == set(re.findall(r'"method":"(wasmote/\w+)"', PAGE))
    assert all(f"`{version}`" in PAGE or version in PAGE for version in request.VERSIONS)


def test_codes():
    assert scripted.written(PAGE) == PAGE, "run scripts/codes.py --write"
    named = {name: value for name, value in vars(codes).items() if name.isupper()}
    assert {name: int(code) for code, name in re.findall(r"^\| (-\d+) \| `(\w+)` \| ", PAGE, re.M)} == named


def test_limits():
    for text in (
        f"| {LIMIT} bytes; a longer one",
        f"{lists.PAGE} bytes of entries",
        f"| levels of objects and arrays | {scan.DEPTH} |",
        f"of any size, {message.ID_LIMIT} bytes as it is written",
        f"a string or a number, {request._TOKEN_LIMIT} bytes",
        f"| {server.CALLS}, of which {server.CALLS_OF_ONE} of one component, and {server._MANAGEMENT} more of `wasmote/*`",
        f"| {subscriptions.MOST} of `subscriptions/listen`",
        f"good for one more call and {ANSWER_MS // 1000} s",
        f"several beyond {batch._GATHER // 1024} KiB",
        f'"chunkBytes":{CHUNK},"messageBytes":{LIMIT}',
    ):
        assert text in PAGE, text
    assert LEVELS == 6 and "six levels deep" in PAGE
    assert "2025-03-26 only" in PAGE and request.BATCHES == "2025-03-26"
    assert "HMAC" in PAGE and parked._MAC == 16


def conversations():
    """Lists of lines, each with its arrow."""
    for block in re.findall(r"^```\n(→.*?)^```$", PAGE, re.S | re.M):
        yield block.splitlines()


def read(text):
    """JSON with … for any value, any elements, or other members."""
    text = re.sub(r"([:\[])…", r'\1"…"', text)
    return json.loads(text.replace(",…}", ',"…":0}'))


def fits(value, shown):
    if isinstance(shown, dict) and isinstance(value, dict):
        more = "…" in shown
        return (more or value.keys() == shown.keys()) and all(
            name in value and fits(value[name], shown[name]) for name in shown if name != "…"
        )
    if isinstance(shown, list) and shown != ["…"]:
        return isinstance(value, list) and len(value) == len(shown) and all(map(fits, value, shown))
    return shown in ("…", ["…"]) or value == shown


@needs_micropython
def test_conversations(tmp_path):
    (tmp_path / "components").mkdir()
    for name in ("thermometer", "notebook"):
        (tmp_path / "components" / f"{name}.wasm").write_bytes(host_guests.example(name))
    environment = {**os.environ, "WASMOTE_FLASH": str(tmp_path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    held = 0
    with subprocess.Popen([MICROPYTHON, "-m", "main"], env=environment, **pipes) as board:
        assert "wasmote/ready" in board.stdout.readline()
        for lines in conversations():
            for line in lines:
                if line[0] == "→":
                    board.stdin.write(line[2:] + "\n")
                    board.stdin.flush()
                    continue
                came = board.stdout.readline()
                while '"method":"notifications/' in came:
                    came = board.stdout.readline()
                assert fits(json.loads(came), read(line[2:])), f"{line}\n{came}"
                held += 1
        board.stdin.close()
    assert held == 16
