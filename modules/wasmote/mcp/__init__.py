"""MCP on the board: JSON-RPC lines in, replies out, above a Host that is handed in."""

from .server import Server
