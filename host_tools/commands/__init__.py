# SPDX-License-Identifier: MIT
"""The verbs of `wasmote`, one file for those that do the same kind of thing, and what they share with the terminal.

Imports of ours: ports, hub, board, bridge, install.
"""
