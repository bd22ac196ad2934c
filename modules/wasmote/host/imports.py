"""What guests may import: the interfaces that this board has, as far as they are granted.

A grant is the name of an interface without its version, or a beginning of one with `*`: "wasi:mcp/*", "wasi:clocks/wall-clock".
Interfaces of nothing but types need no grant; neither does wasi:io/poll, which has nothing to wait for by itself.
"""

from ..component import HostImport
from ..wasm import Unlinkable
from . import digests
from .clocks import Monotonic, Poll, Wall
from .descriptors import DESCRIPTORS

_TABLES = (
    "wasi:mcp/runtime@0.1.0-preview2",
    digests.RUNTIME,
    "wasi:clocks/monotonic-clock@0.2.0",
    digests.MONOTONIC_CLOCK,
    "wasi:clocks/wall-clock@0.2.0",
    digests.WALL_CLOCK,
    "wasi:io/poll@0.2.0",
    digests.POLL,
)


def granted(name, allow):
    """True if the interface `name` is covered by one of the grants."""
    name = name.split("@")[0]
    if name == "wasi:io/poll":
        return True
    for grant in allow:
        if name == grant or (grant.endswith("*") and name.startswith(grant[:-1])):
            return True
    return False


class Imports:
    """What one guest gets: `runtime` serves wasi:mcp/runtime, the clocks are its own."""

    def __init__(self, runtime, allow):
        self.allow = allow
        poll = Poll()
        self.owners = (runtime, Monotonic(poll), Wall(), poll)
        self.resources = {"pollable": poll.drop}

    def interface(self, name):
        """An Interface, or None if the board has none of this name."""
        for i in range(0, len(_TABLES), 2):
            if _TABLES[i] == name:
                return Interface(name, _TABLES[i + 1], self.owners[i >> 1], self.resources, granted(name, self.allow))
        return None

    def descriptor(self, digest):
        """The descriptor of a function type that lies in flash, or None."""
        for i in range(0, len(DESCRIPTORS), 2):
            if DESCRIPTORS[i] == digest:
                return DESCRIPTORS[i + 1]
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
                    what = "component imports %s#%s, which it is not granted here (see allow)" % (self.name, function)
                    raise Unlinkable(what)
                return HostImport(self.table[i + 1], getattr(self.owner, _method(function)))
        return None


def _method(function):
    """`[method]pollable.ready` -> ready, `register-tools` -> register_tools"""
    return function[function.rfind(".") + 1 :].replace("-", "_")
