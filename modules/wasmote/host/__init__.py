"""Components on the board: kept on flash, loaded, limited, restarted; their tools, and what they may import.

host = Host(memory_limit=64 * 1024, call_timeout_ms=30_000, allow=("wasi:mcp/*", "wasi:clocks/*"))
yield from host.boot()
content, is_error = yield from host.call_tool("read", b'{"unit":"C"}')
"""

from .errors import HostError
from .host import Host
from .storage import Storage
