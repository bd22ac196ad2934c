"""Units on a byte stream. Knows bytes and their framing; not JSON, not MCP. Shared by board and PC."""
