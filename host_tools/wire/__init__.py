# SPDX-License-Identifier: MIT
"""The PC's end of one board's line: messages, frames, and a connection that outlives the board's absences.

Knows bytes and JSON-RPC, not what a port is: a connection is given one. Imports of ours: none.
"""
