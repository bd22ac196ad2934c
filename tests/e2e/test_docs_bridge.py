"""docs/bridge.md is true: its commands run on the unix board, its clients are started, its entries are what is written."""

import json
import os
import re
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from conftest import PATIENCE, ROOT, params
from node import inspect
from wasmote.board import doctor
from wasmote.commands.exit_codes import MEANINGS

PAGE = (ROOT / "docs/bridge.md").read_text()
BLOCKS = re.findall(r"^```(\w+) ?([\w-]*)\n(.*?)^```$", PAGE, re.S | re.M)
COMMANDS = [
    line
    for kind, _, text in BLOCKS
    if kind == "sh"
    for line in text.splitlines()
    if line.startswith(("wasmote", "npx"))
]


@pytest.fixture(scope="module", params=params("unix"))
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    (folder / "build").symlink_to(ROOT / "build")
    return folder


@pytest.fixture(scope="module")
def run(environment, home, bridge, wasmote, examples):
    """Runs a command of the page on the unix board, which a bridge keeps."""
    assert wasmote("push", examples / "thermometer.wasm")[0] == 0
    scripts = str(Path(sys.executable).parent)
    settings = {**environment, "HOME": str(home), "WASMOTE_ROOT": str(ROOT), "COLUMNS": "200"}
    settings["PATH"] = f"{scripts}:{os.environ['PATH']}"
    for name in ("XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR"):
        settings.pop(name, None)

    def run(command, **more):
        options = {"cwd": home, "env": settings, "stdin": subprocess.DEVNULL, "text": True, "timeout": PATIENCE}
        return subprocess.run(command, capture_output=True, **options, **more)

    run.settings = settings
    return run


def here(command, flash):
    """A command of the page for this machine: a second board has a flash of its own."""
    words = shlex.split(command, comments=True)
    return [word.replace("qemu:m0", "unix:").replace("qemu:m3", f"unix:?flash={flash}") for word in words]


def plain(command):
    return command.split("#")[0].strip()


@pytest.mark.parametrize(
    "command", [line for line in COMMANDS if line.startswith("wasmote") and "--http" not in line], ids=plain
)
def test_a_command_of_the_page_works(command, run, wasmote, examples, tmp_path):
    if plain(command).startswith("wasmote rm"):
        assert wasmote("push", examples / "thermometer.wasm")[0] == 0
    done = run(here(command, tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    if plain(command).startswith("wasmote rm"):
        assert wasmote("push", examples / "thermometer.wasm")[0] == 0
    if " read " in command and " call " in command:
        assert done.stdout.endswith(" °F\n")


def test_over_http_it_says_where(run):
    (command,) = [line for line in COMMANDS if "--http" in line]
    words = [word.replace(":8080", "127.0.0.1:0") for word in here(command, "")]
    with subprocess.Popen(
        words, env=run.settings, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as bridge:
        try:
            url = bridge.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/mcp", url)
            assert re.search(r'"text":"[\d.]+ °F"', as_curl(url))
        finally:
            bridge.terminate()


def as_curl(url):
    """What the request of docs/mcp.md gets: its headers and its body, sent without curl."""
    text = re.search(r"^```sh\n(curl .*?)^```$", (ROOT / "docs/mcp.md").read_text(), re.S | re.M)[1]
    _, _, *options = shlex.split(text.replace("\\\n", ""))
    given = [(option, value) for option, value in zip(options[::2], options[1::2], strict=True)]
    headers = dict(value.split(": ", 1) for option, value in given if option == "-H")
    (body,) = [value for option, value in given if option == "-d"]
    with urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers), timeout=PATIENCE) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("npx")], ids=lambda line: line[-40:])
def test_the_inspector_works_as_written(command, run, environment):
    words = here(command, "")
    assert words[:3] == ["npx", "@modelcontextprotocol/inspector", "--cli"] and words[3] == "wasmote"
    names = ("WASMOTE_RUNTIME_DIR", "WASMOTE_DATA_DIR")
    settings = [word for name in names for word in ("-e", f"{name}={environment[name]}")]
    answer = inspect(*settings, sys.executable, "-m", *words[3:])
    assert "tools" in answer or answer["content"][0]["text"].endswith(" °C")


def test_the_python_client_works_as_written(run):
    (code,) = [text for kind, _, text in BLOCKS if kind == "python"]
    done = run([sys.executable, "-c", code.replace("qemu:m0", "unix:").replace(
        "StdioServerParameters(", f"StdioServerParameters(env={dict(run.settings)!r}, "
    )])  # fmt: skip
    assert done.returncode == 0 and done.stdout.endswith(" °F\n"), done.stderr


@pytest.mark.parametrize("client, text", [(name, text) for kind, name, text in BLOCKS if kind == "json"])
def test_the_entry_of_a_client_is_what_install_writes(client, text, run):
    printed = json.loads(run(["wasmote", "install", client, "qemu:m0", "--print"]).stdout)
    (entry,) = next(iter(printed.values())).values()
    assert entry["command"].endswith("wasmote")
    entry["command"] = "/path/to/wasmote"
    assert printed == json.loads(text)


def test_the_exit_codes_are_those_of_the_source():
    table = re.search(r"<!-- exit codes -->\n(.*?)<!-- end -->", PAGE, re.S)[1]
    assert re.findall(r"^\| (\d+) \| (.*) \|$", table, re.M) == [
        (str(code), re.sub(r"`?doctor`?", "`doctor`", meaning)) for code, meaning in MEANINGS
    ]


def test_every_check_of_doctor_is_in_the_table():
    source = Path(doctor.__file__).read_text()
    names = set(re.findall(r'"(\w+)", False', source)) | {"heap", "flash", "emulator"}
    table = PAGE.split("## What `doctor` checks")[1].split("\n## ")[0]
    listed = {name for row in re.findall(r"^\| ([a-z, ]+) \|", table, re.M) for name in row.split(", ")}
    assert names - {"port"} <= listed and listed - {"check"} <= names
