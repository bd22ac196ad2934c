# SPDX-License-Identifier: MIT
"""The MCP server that a client starts: several boards as one, on stdio or HTTP, whether they are there or not.

Imports of ours: wire, hub, board, http.
"""
