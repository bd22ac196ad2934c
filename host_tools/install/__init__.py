# SPDX-License-Identifier: MIT
"""Configuration files of MCP clients: where they are, and one entry put in or taken out.

Imports of ours: none.
"""
