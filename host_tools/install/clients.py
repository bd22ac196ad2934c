# SPDX-License-Identifier: MIT
"""MCP clients that `wasmote install` knows: where their configuration is, and what an entry of theirs looks like."""

import os
import sys
from pathlib import Path
from typing import NamedTuple

from ..errors import Misused


class Client(NamedTuple):
    title: str
    file: object  # () → Path of this user's configuration
    project: str  # and of a project's, below its folder; "" for none
    servers: str  # the member that holds the servers
    kind: bool  # whether an entry says that it is of type stdio
    after: str  # what a user does next


def _settings(*parts):
    """A folder of settings below the system's place for them."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData/Roaming").joinpath(*parts)
    if sys.platform == "darwin":
        return (Path.home() / "Library/Application Support").joinpath(*parts)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config").joinpath(*parts)


def _claude_code():
    folder = os.environ.get("CLAUDE_CONFIG_DIR")
    return Path(folder or Path.home()) / ".claude.json"


CLIENTS = {
    "claude-desktop": Client(
        "Claude Desktop",
        lambda: _settings("Claude", "claude_desktop_config.json"),
        "",
        "mcpServers",
        False,
        "quit Claude Desktop and start it again",
    ),
    "claude-code": Client(
        "Claude Code", _claude_code, ".mcp.json", "mcpServers", True, "/mcp in Claude Code shows the server"
    ),
    "vscode": Client(
        "VS Code",
        lambda: _settings("Code", "User", "mcp.json"),
        ".vscode/mcp.json",
        "servers",
        True,
        "the command “MCP: List Servers” starts it; its tools are in Agent mode",
    ),
    "cursor": Client(
        "Cursor",
        lambda: Path.home() / ".cursor/mcp.json",
        ".cursor/mcp.json",
        "mcpServers",
        False,
        "Settings, MCP shows the server",
    ),
}


def client(name):
    if name not in CLIENTS:
        raise Misused(f'"{name}" is no client that we know: {", ".join(CLIENTS)}')
    return CLIENTS[name]


def command():
    """How a client starts this very wasmote, wherever its PATH points."""
    beside = Path(sys.executable).with_name("wasmote.exe" if sys.platform == "win32" else "wasmote")
    return [str(beside)] if beside.is_file() else [sys.executable, "-m", "wasmote"]


def entry(one, arguments):
    """The entry of a server that is `wasmote` with these arguments."""
    program, *first = command()
    return {**({"type": "stdio"} if one.kind else {}), "command": program, "args": [*first, *arguments]}
