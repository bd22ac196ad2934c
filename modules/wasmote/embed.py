"""wasmote.Host, the Python API: the host of wasmote.host for programs that can wait.

Each call here drives a generator of the host to its end; a program that cannot wait drives them itself: `host.host`.
"""

import json

from .host import Host as _Host
from .host import HostError
from .host.entries import loads
from .host.host import ALLOW
from .jsonrpc import validate
from .jsonrpc.fits import doubt


class Host:
    """
    memory_limit       bytes of the arena that one component may have
    call_timeout_ms    how long a call may take before it is ended
    allow              what components may import, a tuple: exact names, or prefixes ending in *
    storage            wasmote.host.Storage, for load() by name; None: /components
    """

    def __init__(self, memory_limit=64 * 1024, call_timeout_ms=30_000, allow=ALLOW, storage=None):
        if isinstance(allow, str):  # would be its letters, of which * allows all
            raise TypeError('allow is a tuple of names: ("%s",)' % allow)
        if memory_limit < 1024 or call_timeout_ms < 1:
            raise ValueError("memory_limit is 1024 bytes or more, call_timeout_ms 1 or more")
        self.host = _Host(storage, memory_limit, call_timeout_ms, allow=allow, validate=validate, doubt=doubt)

    def load(self, file, config=None):
        """Load a component: a path that ends in .wasm, or the name of a stored one. HostError says why not.

        config    a dict, see wasmote.host.config: for a path only; a stored one has its own
        """
        if file.endswith(".wasm"):
            steps = self.host.load_file(file, None if config is None else json.dumps(config).encode())
        else:
            steps = self.host.load(file)
        return Server(self.host, _drive(steps)["component"]["name"])

    def native(self, name="native"):
        """Serve the functions decorated since the last time (wasmote.tool, resource, prompt) as a Server of this name."""
        from .host.native import take
        from .host.native.provider import Native

        self.host.serve(Native(self.host, name, take()))
        return Server(self.host, name)

    def close(self):
        """Unload everything."""
        self.host.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Server:
    """One loaded component, or the native functions of a program: an MCP server without a wire."""

    def __init__(self, host, name):
        self.name = name
        self._host = host

    def list_tools(self):
        """Its tools as in the result of tools/list."""
        return [json.loads(bytes(tool.json)) for tool in self._tools()]

    def call_tool(self, name, arguments=None, notify=None):
        """Call a tool with a dict; returns {"content": […], "isError": …}, as tools/call does.

        What fails inside the component is a result with isError. HostError: there is no such tool.
        notify("progress", progress, total) and notify("log", level, logger, message, data) are called meanwhile.
        """
        there = [tool.name for tool in self._tools()]
        if name not in there:
            what = 'the component "%s" has no tool "%s"; it has: %s' % (self.name, name, ", ".join(there) or "none")
            raise HostError("not-found", what)
        arguments = json.dumps(arguments or {}).encode()
        content, is_error = _drive(self._host.call_tool(name, arguments, b"0" if notify else None, notify or _deaf))
        result = {"content": [_block(block) for block in content], "isError": is_error}
        structured = getattr(content, "structured", None)
        if structured is not None and not is_error:
            result["structuredContent"] = loads(structured)
        return result

    def unload(self):
        """End it and give its memory back."""
        _drive(self._host.unload(self.name))

    def _tools(self):
        return [tool for tool in self._host.tools if tool.guest.name == self.name]


def _block(block):
    return {"type": "text", "text": block} if isinstance(block, str) else loads(block)


def _drive(steps):
    """Run a generator to its end; returns its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _deaf(kind, *values):
    pass
