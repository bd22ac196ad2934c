"""Interfaces of WASI that no board gives its components: whoever asks for one is told why, and what to do."""

from ...wasm import Unlinkable

_NEVER = (
    ("wasi:http/",),
    "no component reaches the network from this board: leave out what opens connections, and let the MCP client fetch",
    ("wasi:nn/",),
    "this board has no machine learning: compute in the component, or ask the client for a sampling",
)


class Refused:
    """In place of an imports.Interface: any function or resource that is asked for is refused."""

    def __init__(self, name, why):
        self.name = name
        self.why = why
        self.functions = self.resources = self

    def get(self, item):
        raise Unlinkable("component imports %s#%s: %s" % (self.name, item, self.why))


def refused(name):
    """The Refused for an interface of this name, or None: nobody knows it."""
    for i in range(0, len(_NEVER), 2):
        for package in _NEVER[i]:
            if name.startswith(package):
                return Refused(name, _NEVER[i + 1])
    return None
