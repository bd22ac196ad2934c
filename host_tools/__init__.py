# SPDX-License-Identifier: MIT
"""wasmote on the PC: ports, the emulator, the bridge to MCP clients, and the `wasmote` commands.

Packages, lowest first; none imports one below it in this list, and each says which of those above it imports:

    wire       messages and frames on one board's line
    ports      where boards are, and who may have them
    hub        several clients on one board
    board      one board asked by a program
    http       clients over HTTP
    bridge     the MCP server: boards in front of a client
    install    entries in the configuration of MCP clients
    commands   the verbs of the terminal

errors.py is everybody's, cli.py starts it all. `wasmote.link` and `wasmote.jsonrpc` are the board's own files (modules/wasmote);
nothing else is shared.
"""

from importlib import metadata

try:
    __version__ = metadata.version("wasmote")
except metadata.PackageNotFoundError:  # run from sources that were never installed
    __version__ = "0"
