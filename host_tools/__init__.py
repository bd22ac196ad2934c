# SPDX-License-Identifier: MIT
"""wasmote on the PC: ports, the emulator, the bridge to MCP clients, and the `wasmote` commands.

`wasmote.link` and `wasmote.jsonrpc` are the board's own files (modules/wasmote); nothing else is shared.
"""

from importlib import metadata

try:
    __version__ = metadata.version("wasmote")
except metadata.PackageNotFoundError:  # run from sources that were never installed
    __version__ = "0"
