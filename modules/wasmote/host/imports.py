"""What guests may import: the interfaces that this board has, as far as they are granted.

A grant is the name of an interface without its version, or a beginning of one with `*`: "wasi:mcp/*", "wasi:clocks/wall-clock".
Interfaces of nothing but types need no grant. Neither do those that give nothing by themselves: wasi:io/poll has nothing
to wait for, wasi:filesystem no folder and wasi:keyvalue no store where the configuration gives no bytes for it, and
wasi:sockets no socket at all.
"""

from ..component import HostImport
from ..wasm import Unlinkable
from . import digests
from .descriptors import DESCRIPTORS

# Interface, module below wasmote.host, class in it, functions and their digests. Here: what nearly every component needs.
_TABLES = (
    "wasi:mcp/runtime@0.1.0-preview2",
    "runtime",
    "Runtime",
    digests.RUNTIME,
    "wasi:mcp/client@0.1.0-preview2",
    "client",
    "Client",
    digests.CLIENT,
)
_FREE = ("wasi:io/poll", "wasi:filesystem/", "wasi:keyvalue/", "wasi:sockets/")


def granted(name, allow):
    """True if the interface `name` is covered by one of the grants."""
    name = name.split("@")[0]
    for free in _FREE:
        if name.startswith(free):
            return True
    for grant in allow:
        if covers(grant, name):
            return True
    return False


def covers(grant, name):
    """True if a grant is of the interface `name` (without its version)."""
    return name == grant or (grant.endswith("*") and name.startswith(grant[:-1]))


def interfaces():
    """The names of all interfaces of this board, without their versions. A generator."""
    from .wasi.digests import TABLES as wasi
    from .wasmote.digests import TABLES as wasmote

    for tables in (_TABLES, wasi, wasmote):
        for i in range(0, len(tables), 4):
            yield tables[i].split("@")[0]


class Imports:
    """What one guest gets: objects that serve its interfaces, each made when it is first imported.

    runtime     serves wasi:mcp/runtime, and knows the guest
    resources   get(name) -> drop(rep) of a resource type
    """

    def __init__(self, runtime, allow):
        self.runtime = runtime
        self.allow = allow
        self.resources = self
        self._owners = {"Runtime": runtime}

    def interface(self, name):
        """An Interface, or None if the board has none of this name."""
        row = _row(_TABLES, name)
        if row is None and name.startswith("wasi:"):
            from .wasi.digests import TABLES

            row = _row(TABLES, name)
            if row is None:
                from .wasi.refused import refused

                return refused(name)
        elif row is None and name.startswith("wasmote:"):
            from .wasmote.digests import TABLES

            row = _row(TABLES, name)
        if row is None:
            return None
        module, owner, table = row
        return Interface(name, table, self.owner(module, owner), self, granted(name, self.allow))

    def owner(self, module, name):
        """The guest's one object of a class in a module below wasmote.host."""
        found = self._owners.get(name)
        if found is None:
            found = getattr(__import__("wasmote.host." + module, None, None, (name,)), name)(self)
            self._owners[name] = found
        return found

    def get(self, resource):
        """What drops a resource of this type, or None if the board has none."""
        from .wasi.digests import RESOURCES

        for i in range(0, len(RESOURCES), 3):
            if RESOURCES[i] == resource:
                owner = self.owner(RESOURCES[i + 1], RESOURCES[i + 2])
                return getattr(owner, "drop_" + resource.replace("-", "_"))
        return None

    def settle(self):
        """A call is over: what waits to be written is written."""
        for name in self._owners:
            owner = self._owners[name]
            if hasattr(owner, "settle"):
                owner.settle()

    def close(self):
        """The guest is gone: files are closed, what waits to be written is written."""
        self.settle()
        self._owners = {}

    def descriptor(self, digest):
        """The descriptor of a function type that lies in flash, or None."""
        for i in range(0, len(DESCRIPTORS), 2):
            if DESCRIPTORS[i] == digest:
                return DESCRIPTORS[i + 1]
        return None


def _row(tables, name):
    """(module, class, functions) of an interface, or None."""
    for i in range(0, len(tables), 4):
        if tables[i] == name:
            return tables[i + 1 : i + 4]
    return None


class Interface:
    """One interface: its functions are the methods of `owner`, `register-tools` is register_tools."""

    def __init__(self, name, table, owner, resources, granted):
        self.name = name
        self.table = table
        self.owner = owner
        self.resources = resources
        self.granted = granted
        self.functions = self

    def get(self, function):
        """The HostImport of a function, or None if the interface has no such function."""
        for i in range(0, len(self.table), 2):
            if self.table[i] == function:
                if not self.granted:
                    what = "component imports %s#%s, which it is not granted here: allow %s (wasmote configure --allow)"
                    raise Unlinkable(what % (self.name, function, self.name.split("@")[0]))
                call = getattr(self.owner, _method(function))
                guard = getattr(self.owner, "guard", None)
                return HostImport(self.table[i + 1], guard(function, call) if guard else call)
        rest = getattr(self.owner, "rest", None)
        return rest and rest(function)


def _method(function):
    """`[method]pollable.ready` -> ready, `register-tools` -> register_tools"""
    return function[function.rfind(".") + 1 :].replace("-", "_")
