"""`wasmote install`: the entry is right for each client and system, and nothing else of the file changes."""

import json
import os
import sys
from pathlib import Path, PurePath

import pytest
from conftest import wasmote
from hypothesis import given
from hypothesis import strategies as some
from wasmote.errors import Misused
from wasmote.install.clients import CLIENTS, client
from wasmote.install.json_edit import with_member, without_member

PLACE = ("mcpServers", "board")
ENTRY = {"command": "wasmote", "args": ["bridge", "qemu:m0"]}
KEPT = """{
    "theme": "dark",  "numbers": [1.0, 1e3, 12345678901234567890],
    "mcpServers": {
        "other": {"command": "x", "args": []}
    },
    "é": "\\u00e9"
}
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


# Where configurations are


@pytest.mark.parametrize(
    "name, system, path",
    [
        ("claude-desktop", "linux", ".config/Claude/claude_desktop_config.json"),
        ("claude-desktop", "darwin", "Library/Application Support/Claude/claude_desktop_config.json"),
        ("claude-desktop", "win32", "AppData/Roaming/Claude/claude_desktop_config.json"),
        ("claude-code", "linux", ".claude.json"),
        ("claude-code", "darwin", ".claude.json"),
        ("claude-code", "win32", ".claude.json"),
        ("vscode", "linux", ".config/Code/User/mcp.json"),
        ("vscode", "darwin", "Library/Application Support/Code/User/mcp.json"),
        ("vscode", "win32", "AppData/Roaming/Code/User/mcp.json"),
        ("cursor", "linux", ".cursor/mcp.json"),
        ("cursor", "darwin", ".cursor/mcp.json"),
        ("cursor", "win32", ".cursor/mcp.json"),
    ],
)
def test_where_each_client_keeps_its_servers(home, monkeypatch, name, system, path):
    monkeypatch.setattr(sys, "platform", system)
    assert PurePath(client(name).file()) == home / path


def test_settings_of_the_system_move_the_files(monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "/conf")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", "/claude")
    assert str(client("vscode").file()) == "/conf/Code/User/mcp.json"
    assert str(client("claude-code").file()) == "/claude/.claude.json"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("APPDATA", "/roaming")
    assert str(client("claude-desktop").file()) == "/roaming/Claude/claude_desktop_config.json"


def test_an_unknown_client_names_those_that_are_known():
    with pytest.raises(Misused, match="claude-desktop, claude-code, vscode, cursor"):
        client("emacs")


# The text of a configuration


def test_everything_else_stays_byte_for_byte():
    text = with_member(KEPT, PLACE, ENTRY)
    assert json.loads(text)["mcpServers"]["board"] == ENTRY
    assert text.startswith(KEPT[: KEPT.index("[]}") + 3] + ',\n        "board": {\n            "command"')
    assert text.endswith(KEPT[KEPT.index("[]}") + 3 :]) and "1e3, 12345678901234567890" in text
    assert without_member(text, PLACE) == KEPT
    assert with_member(text, PLACE, ENTRY) == text


def test_an_entry_is_replaced_where_it_stands():
    text = with_member(KEPT, ("mcpServers", "other"), ENTRY)
    assert json.loads(text)["mcpServers"] == {"other": ENTRY}
    assert with_member(with_member(KEPT, PLACE, {"old": 1}), PLACE, ENTRY) == with_member(KEPT, PLACE, ENTRY)


@pytest.mark.parametrize(
    "text", ["", "  \n", "{}", "{ }\n", '{"mcpServers": {}}', '\ufeff{"a":1}', '{\r\n\t"a": 1\r\n}\r\n']
)
def test_an_empty_or_odd_file_gets_the_entry(text):
    new = with_member(text, PLACE, ENTRY)
    assert json.loads(new.lstrip("\ufeff"))["mcpServers"]["board"] == ENTRY
    assert ("\r\n" in new) == ("\r\n" in text) and new.replace("\r\n", "").count("\n") * ("\r" in text) == 0
    assert new.startswith("\ufeff") == text.startswith("\ufeff")


def test_of_a_key_given_twice_the_last_counts():
    text = '{"mcpServers": {"a": 1}, "mcpServers": {"b": 2}}'
    assert json.loads(with_member(text, PLACE, ENTRY))["mcpServers"] == {"b": 2, "board": ENTRY}
    assert json.loads(without_member(text, ("mcpServers", "b")))["mcpServers"] == {}


@pytest.mark.parametrize("text", ['{"mcpServers": []}', '{"mcpServers": "x"}', "[]", "3"])
def test_a_place_that_is_no_object_is_refused(text):
    with pytest.raises(ValueError, match="object"):
        with_member(text, PLACE, ENTRY)


values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(
    some.dictionaries(some.text(max_size=4), values, max_size=4),
    some.text(max_size=4),
    values,
    some.sampled_from([None, 0, 2, "\t"]),
)
def test_any_object_gets_any_member_and_loses_it_again(old, key, value, indent):
    text = json.dumps(old, indent=indent)
    new = with_member(text, (key,), value)
    assert json.loads(new) == {**old, key: value}
    assert json.loads(without_member(new, (key,))) == {name: one for name, one in old.items() if name != key}
    if old and key not in old:
        assert without_member(new, (key,)) == text


# The commands


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.anyio
async def test_install_writes_once_and_uninstall_takes_it_back(home, name):
    file = client(name).file()
    code, out, err = await wasmote("install", name, "qemu:m0")
    assert (code, err) == (0, "") and '+      "command":' in out and client(name).title in out
    entry = json.loads(file.read_text())[client(name).servers]["board"]
    assert entry["args"][-2:] == ["bridge", "qemu:m0"] and Path(entry["command"]).is_file()
    assert entry.get("type") == ("stdio" if name in ("claude-code", "vscode") else None)
    assert "nothing to change" in (await wasmote("install", name, "qemu:m0"))[1]
    assert [one.name for one in file.parent.iterdir() if one.is_file()] == [file.name]  # nothing was there to keep
    code, out, _ = await wasmote("uninstall", name)
    assert code == 0 and json.loads(file.read_text()) == {client(name).servers: {}}


@pytest.mark.anyio
async def test_a_backup_keeps_what_was_there_and_a_link_stays_one(home):
    real, file = home / "dotfiles.json", home / ".cursor/mcp.json"
    real.write_text(KEPT)
    real.chmod(0o640)
    file.parent.mkdir()
    file.symlink_to(real)
    code, out, _ = await wasmote("install", "cursor", "qemu:m0", "--name", "lab", "--json")
    facts = json.loads(out)
    assert code == 0 and facts["changed"] and Path(facts["backup"]).read_text() == KEPT
    assert file.is_symlink() and real.stat().st_mode & 0o777 == 0o640
    assert json.loads(real.read_text())["mcpServers"]["lab"]["args"][-1] == "qemu:m0"
    assert list(json.loads(real.read_text())["mcpServers"]) == ["other", "lab"]


@pytest.mark.anyio
async def test_print_only_prints(home):
    code, out, err = await wasmote("install", "vscode", "qemu:m0", "--print")
    assert (code, err) == (0, "") and json.loads(out)["servers"]["board"]["type"] == "stdio"
    assert not (home / ".config").exists()


@pytest.mark.parametrize("text", ['{"a": 1,}', '{"a": 1 // mine\n}', '{"mcpServers": {', '{"mcpServers": []}', "\xff"])
@pytest.mark.anyio
async def test_a_broken_file_is_left_alone(home, text):
    file = home / ".claude.json"
    file.write_text(text, encoding="latin-1")
    code, out, err = await wasmote("install", "claude-code", "qemu:m0")
    assert (code, out) == (1, "") and str(file) in err and err.count("\n") == 1
    assert file.read_text(encoding="latin-1") == text and os.listdir(home).count(".claude.json") == 1
    assert not [name for name in os.listdir(home) if "before" in name]


@pytest.mark.anyio
async def test_nothing_to_take_out_makes_no_file(home):
    code, out, _ = await wasmote("uninstall", "cursor")
    assert code == 0 and "nothing to change" in out and not (home / ".cursor").exists()


@pytest.mark.anyio
async def test_a_projects_configuration_and_another_file(home, monkeypatch):
    monkeypatch.chdir(home)
    assert (await wasmote("install", "vscode", "qemu:m0", "--project"))[0] == 0
    assert "board" in json.loads((home / ".vscode/mcp.json").read_text())["servers"]
    assert (await wasmote("install", "cursor", "qemu:m0", "--file", "x/y.json"))[0] == 0
    assert (home / "x/y.json").exists()


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["emacs", "qemu:m0"], "no client that we know"),
        (["cursor"], "where is the board?"),
        (["cursor", "usb:1"], "is no port"),
        (["claude-desktop", "qemu:m0", "--project"], "has no configuration of a project"),
    ],
)
@pytest.mark.anyio
async def test_a_mistake_writes_nothing(home, arguments, says):
    code, _, err = await wasmote("install", *arguments)
    assert code == 2 and says in err and not (home / ".cursor").exists()
