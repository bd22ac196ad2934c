# SPDX-License-Identifier: MIT
"""The versions of MCP that a board speaks, as in modules/wasmote/mcp/request.py."""

HANDSHAKE_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN_VERSIONS = ("2026-07-28",)
META = {  # of a modern request of our own
    "io.modelcontextprotocol/protocolVersion": MODERN_VERSIONS[-1],
    "io.modelcontextprotocol/clientCapabilities": {},
}
