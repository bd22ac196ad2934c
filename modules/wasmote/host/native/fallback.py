"""Who serves in a component's stead while it cannot run: its configuration's `fallback`, functions of the board's flash.

"module:function"    function(tool, arguments) is called for every tool that the component has registered
"module"             the module's own @wasmote.tool, resource and prompt functions: those of a name that the component
                     registered serve in its stead; if the component does not load at all, they are listed for it
"""

import sys

from ..errors import HostError
from . import Function, find_module, load
from .provider import Native


def fall_back(guest):
    """Has guest.spare serve when the guest cannot run. Returns None, or what is wrong with the fallback."""
    if guest.spare is None:
        try:
            guest.spare = stand_in(guest)
        except HostError as error:
            return "does not run, and its fallback neither: %s" % error
    return None


def stand_in(guest):
    """The provider. HostError says why there is none."""
    module, colon, name = guest.config.fallback.partition(":")
    if not colon:
        return load(guest.host, module, guest.name, guest)
    find_module(module)
    try:
        __import__(module)
        function = getattr(sys.modules[module], name)
    except (Exception, SystemExit) as error:  # it is somebody's code
        raise HostError("refused", "its fallback was not loaded: %s: %s" % (type(error).__name__, error))
    return Native(guest.host, guest.name, [_tool(function, tool) for tool in guest.entries("tools")], guest)


def _tool(function, entry):
    tool = entry.name
    return Function("tools", tool, None, lambda **arguments: function(tool, arguments), {})
