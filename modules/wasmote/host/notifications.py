"""wasi:mcp/runtime#send-notification: what a guest tells clients. Imported when a guest does."""

from .entries import PROMPTS, RESOURCES, TOOLS
from .errors import failed
from .resources import find

_LISTS = (RESOURCES, 0, TOOLS, PROMPTS)  # by case
_UPDATED = 1
_PROGRESS = 4
_MESSAGE = 5


def send(runtime, case, value):
    """A generator: the result of send-notification for a notification, (0, None) or (1, error).

    A guest may speak of the resources that it registered, and of those that fit its templates.
    A list that the guest says has changed is announced even if the board knows of no change. Progress is that of the
    call that the guest is in, as with report-progress. `cancelled` is about requests of a guest's own; it has none under
    way when it can say so, since it waits for each.
    """
    host = runtime.host
    guest = runtime.guest
    if case == _UPDATED:
        for uri in value:
            if (yield from find(runtime, uri)) is None:
                return _refuse(
                    '"%s" is no resource of %s: register it, or a template that it fits' % (uri[:64], guest.name)
                )
        if host.on_updated:
            for uri in value:
                host.on_updated(uri)
    elif case < _PROGRESS:
        host.changed |= _LISTS[case]
    elif case == _PROGRESS:
        if runtime.notify:
            runtime.notify("progress", value[1], value[2])
    elif case == _MESSAGE:
        level, message, data = value
        if data is not None and runtime.validate(data):
            return _refuse("the data of a log message must be JSON")
        runtime.say(level, message, data)
    else:
        return _refuse('%s has no request "%s" under way: a guest waits for each of its own' % (guest.name, value[:64]))
    return 0, None


def _refuse(message):
    return failed("invalid-params", message)
