"""A host without WebAssembly: what the MCP server needs of wasmote.host.Host, with tools that are Python generators."""

import binascii
import json


class Refused(Exception):
    def __init__(self, kind, message, data=None):
        super().__init__(message)
        self.kind = kind
        self.data = data


class Tool:
    def __init__(self, name, call, description="d", size=0):
        self.name = name
        self.call = call
        text = json.dumps({"name": name, "description": description + "x" * size, "inputSchema": {"type": "object"}})
        self.json = memoryview(text.encode())


def echo(arguments, notify):
    yield
    return [str(bytes(arguments), "utf-8")], False


def spin(arguments, notify):
    while True:
        yield


def count(arguments, notify):
    for i in range(3):
        notify("progress", i, 3)
        yield
    notify("log", "warning", "counter", 'done "3"', None)
    return ["3", b'{"type":"text","text":"raw"}'], False


def breaks(arguments, notify):
    yield
    raise ZeroDivisionError("divide by zero")


def starves(arguments, notify):
    yield
    raise MemoryError("memory allocation failed")


def long(arguments, notify):
    yield
    return ['é"\n' * 5000], False


class FakeHost:
    loading = False

    def __init__(self, *tools):
        self.generation = 1
        self.changed = 0
        self.guests = self.resources = self.templates = self.prompts = ()
        self.tools = list(tools)
        self.files = {}
        self.configurations = {}
        self.closed = 0

    def call_tool(self, name, arguments, progress_token, notify):
        return self._call(name, bytes(arguments), notify)

    def _call(self, name, arguments, notify):
        try:
            for tool in self.tools:
                if tool.name == name:
                    return (yield from tool.call(arguments, notify))
        except GeneratorExit:
            self.closed += 1
            raise

    def boot(self):
        yield
        yield
        self.add("booted")

    def add(self, name):
        self.tools.append(Tool(name, echo))
        self.generation += 1
        self.changed |= 1

    def info(self):
        return {
            "engine": "python",
            "arena": {"bytes": 98304, "freeBytes": 98304, "granuleBytes": 1024},
            "components": self.list(),
        }

    def list(self):
        return [{"name": name, "state": "ready"} for name in self.files]

    def push(self, name, size, offset, data, crc32, configuration=None):
        yield
        if configuration is not None:
            self.configurations[name] = configuration
        file = b"" if offset == 0 else self.files.get(name, b"")
        if offset != len(file):
            raise Refused("offset", f"the next chunk starts at {len(file)}", {"offset": len(file)})
        file += b"".join(data)
        self.files[name] = file
        if len(file) < size:
            return {"name": name, "offset": len(file), "complete": False}
        if binascii.crc32(file) & 0xFFFFFFFF != crc32:
            raise Refused("crc", f"checksum of {name} is wrong")
        self.add(name)
        return {"name": name, "offset": size, "complete": True, "component": {"name": name}}

    def remove(self, name):
        yield
        if name not in self.files:
            raise Refused("not-found", "no component " + name)
        del self.files[name]
        self.tools = [tool for tool in self.tools if tool.name != name]
        self.generation += 1
        self.changed |= 1
        return {"component": {"name": name}}

    load = unload = remove

    def configure(self, name, configuration):
        yield
        self.configurations[name] = configuration
        return {"component": {"name": name}}

    def configuration(self, name):
        if name not in self.configurations:
            raise Refused("not-found", "no component " + name)
        return {"name": name, "config": self.configurations[name], "effective": {"args": (), "files": 0}}

    def close(self):
        pass
