"""WebAssembly components as MCP tools on a microcontroller.

    import wasmote
    host = wasmote.Host(memory_limit=64 * 1024, call_timeout_ms=30_000)
    server = host.load("thermometer.wasm")
    server.list_tools()                         # [{"name": "read", "description": …, "inputSchema": {…}}, …]
    server.call_tool("read", {"unit": "C"})     # {"content": [{"type": "text", "text": "21.5"}], "isError": False}
    server.unload()

`wasmote.main.run()` serves the same over the board's port to MCP clients.
"""

from .version import VERSION as __version__

# Names in one string each, for those stay in flash: of host/native, and of what is a module here.
_NATIVE = " tool resource prompt arg image audio resource_link form page sample roots Unanswered log progress changed "
_MODULES = " component embed host jsonrpc link main mcp port version wasm "


def __getattr__(name):  # what is not used takes no RAM
    word = " %s " % name
    if word in _NATIVE:
        from .host import native

        return getattr(native, name)
    if name == "Host":
        from .embed import Host

        return Host
    if word in _MODULES:  # MicroPython asks here before it looks for a module of this name
        return __import__("wasmote." + name, None, None, (name,))
    raise AttributeError("module wasmote has no " + name)
