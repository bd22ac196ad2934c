# SPDX-License-Identifier: MIT
"""MCP's Streamable HTTP: many clients of one hub.

Imports of ours: wire, hub.
"""
