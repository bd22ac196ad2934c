"""Completion: what handle-complete of wasi:mcp/handlers is asked, and what its answer means.

The interface has one string, ref-value, "partial value to complete"; MCP has a prompt or a resource template, the name and
the beginning of the argument, and the other arguments that are known. So ref-value is what would have been written so far:

    ref/resource   resource-uri     the URI: the template expanded (RFC 6570) up to the end of the argument's beginning
                                    log:/{day}/{hour}, day known to be 3, hour "1"     ->  log:/3/1
    ref/prompt     argument-name    the prompt's name, then its arguments as a query, the one in question last
                                    review, language known to be C, style "sh"         ->  review?language=C&style=sh

wasmote:mcp/completion#get-argument says the same in parts. In both, what is no letter, digit or one of - . _ ~ is
%-encoded. The values that come back are those of the argument; for a template they may also be whole URIs (the interface's
own example has it so), of which the argument's part is taken.
Components that do not offer completions in their server-info are not asked, and have none.
"""

from .entries import COMPLETE
from .errors import HostError
from .resources import find, parse

_RESOURCE_URI = 1  # completion-ref-type
_ARGUMENT_NAME = 3
_PLAIN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
_RESERVED = b":/?#[]@!$&'()*+,;="
# Operator: what stands first, what between values, whether these have their names, and whether reserved letters stay.
_FORMS = (
    ("", "", ",", False, False),
    ("+", "", ",", False, True),
    ("#", "#", ",", False, True),
    (".", ".", ".", False, False),
    ("/", "/", "/", False, False),
    (";", ";", ";", True, False),
    ("?", "?", "&", True, False),
    ("&", "&", "&", True, False),
)


def complete(host, kind, name, argument, value, known):
    """A generator: suggestions for an argument; returns a list of str. HostError: there is no such prompt or template.

    kind     "prompts" or "templates"
    known    [(name, value)] of the other arguments
    """
    for entry in getattr(host, kind):
        if entry.name == name:
            break
    else:
        if kind == "templates" and (yield from find(host, name)) is not None:
            return []  # a URI without variables is complete
        what = "resource template" if kind == "templates" else "prompt"
        raise HostError("invalid-params", 'there is no %s "%s" on this board' % (what, name[:128]))
    guest = entry.guest
    if not guest.offers & COMPLETE:
        return []
    about = argument, value, list(known)
    if kind == "prompts":
        pairs = about[2] + [(argument, value)]
        query = "&".join([quote(key) + "=" + quote(text) for key, text in pairs])
        return (yield from guest.call("handle-complete", (_ARGUMENT_NAME, name + "?" + query, about)))
    parts = parse(name)
    before, begun, after = expand(parts, argument, value, known)
    if begun is None:
        raise HostError("invalid-params", 'the template %s has no variable "%s"' % (name, argument[:64]))
    values = yield from guest.call("handle-complete", (_RESOURCE_URI, before + begun, about))
    return [_part(uri, before, after) for uri in values]


def expand(parts, argument, value, known):
    """(what stands before the argument's value, the value as it stands there, the letters of which one ends it).

    (…, None, …) if no expression has the argument.
    """
    text = ""
    for i in range(len(parts)):
        if isinstance(parts[i], str):
            text += parts[i]
            continue
        operator, names = parts[i]
        for form in _FORMS:
            if form[0] == operator:
                break
        _, first, between, named, reserved = form
        for name in names:
            given = [other for key, other in known if key == name]
            if name == argument:
                after = parts[i + 1][0] if i + 1 < len(parts) and isinstance(parts[i + 1], str) else ""
                before = text + first + (name + "=" if named else "")
                return (
                    before,
                    quote(value, reserved),
                    after + ("" if reserved else between if named else "/?#" + between),
                )
            if given:
                text += first + (name + "=" if named else "") + quote(given[0], reserved)
            elif not named:  # unknown: its place is kept
                text += first + "{" + name + "}"
            if given or not named:
                first = between
    return text, None, ""


def _part(uri, before, after):
    """The argument's value in a suggestion, which is that value or a whole URI."""
    if not uri.startswith(before) or ":" not in before:
        return uri
    end = len(before)
    while end < len(uri) and uri[end] not in after:
        end += 1
    return unquote(uri[len(before) : end])


def quote(text, reserved=False):
    """RFC 6570, section 3.2.1: %-encoded, but for what may stand as it is."""
    made = ""
    for byte in text.encode():
        made += chr(byte) if byte in _PLAIN or reserved and byte in _RESERVED else "%%%02X" % byte
    return made


def unquote(text):
    """What was quoted. Text that is no UTF-8 then stays as it is."""
    raw = bytearray()
    text = text.encode()
    at = 0
    while at < len(text):
        try:
            if text[at] == 0x25:
                raw.append(int(str(text[at + 1 : at + 3], "utf-8"), 16))
                at += 3
                continue
        except ValueError:  # no two digits: it stands for itself
            pass
        raw.append(text[at])
        at += 1
    try:
        return str(bytes(raw), "utf-8")
    except UnicodeError:
        return str(text, "utf-8")
