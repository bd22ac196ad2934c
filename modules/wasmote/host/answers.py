"""One call of a handler: how it begins, and the answer (entries.py) for what the handler returned."""

from .content import blocks, decoded
from .entries import one_line
from .errors import CODES, HostError

_UNSUPPORTED = CODES.index("unsupported-operation")
_REQUIRED = b'{"requiredCapabilities":{'  # as questions.required() has it


def begin(guest, handler, values, progress_token, notify):
    runtime = guest.runtime
    runtime.notify = _quiet_progress(notify) if progress_token is None else notify
    runtime.serving = handler
    runtime.added = None
    runtime.asked = 0
    if handler == "handle-complete":
        runtime.argument = values[2]
        values = values[:2]
    elif handler == "read-resource":
        values = values[:1]
    guest.under_way = guest.handlers[handler](*values)
    return guest.under_way


def answer(guest, handler, values, result):
    """The answer for what a handler returned; a HostError is to be raised."""
    failed, value = result
    if failed:
        said = _refused(guest, handler, *value)
    elif handler == "call-tool":
        content = blocks(value[0])
        if guest.runtime.added is not None:
            content = guest.runtime.added.after(content)
        said = content, bool(value[1])
    elif handler == "read-resource":
        from .resources import contents

        said = contents(guest, values[0], values[1], value[0])
    elif handler == "get-prompt":
        from .prompts import messages

        said = messages(value[0])
    elif handler == "handle-complete":
        said = [completion for completion, _ in value]
    elif handler == "handle-elicit":
        said = value[0]
        if said.strip()[:1] != b"{" or guest.host.validate(said):
            said = HostError("internal-error", "%s answered handle-elicit with no JSON object" % guest.name)
        else:
            said = one_line(said)
    else:
        said = None
    guest.imports.settle()
    guest.under_way = guest.runtime.notify = guest.runtime.serving = guest.error = None
    guest.crashes = 0
    return said


def _refused(guest, handler, code, message, data):
    """The answer for the error that a handler returned."""
    if data and code == _UNSUPPORTED and data.startswith(_REQUIRED) and not guest.host.validate(data):
        return HostError("missing-capability", "%s: %s" % (guest.name, message), one_line(data))
    if handler != "call-tool":
        data = one_line(data) if data and not guest.host.validate(data) else None
        return HostError(CODES[code], "%s: %s" % (guest.name, message), data)
    text = "%s refused: %s (%s)" % (guest.name, message, CODES[code])
    if data:
        text += " " + decoded(data)
    return [text], True


def label(handler, values):
    """What was called, in messages."""
    if handler == "call-tool":
        return '"%s"' % values[0]
    return '%s "%s"' % (handler, values[handler == "handle-complete"][:128])


def _quiet_progress(notify):
    def quiet(kind, *values):
        if kind != "progress":
            return notify(kind, *values)

    return quiet if notify else None
