"""URI templates of native resources: {name} stands for one character or more, none of / ? #.

A value is %-decoded, and has no / then either: a function may take it for a name in a folder.
"""

from ..completion import unquote
from ..resources import parse


def check(template):
    """ValueError if the template has more than plain {name}s with something between them."""
    last = "start"
    for part in parse(template):
        if not isinstance(part, str) and (part[0] or len(part[1]) > 1 or not isinstance(last, str)):
            raise ValueError("%s: native resources have {name} only, with something between two of them" % template)
        last = part


def values(template, uri):
    """{name: value} of a URI that fits the template. ValueError if one is none."""
    parts = parse(template)
    found = {}
    at = 0
    for i in range(len(parts)):
        if isinstance(parts[i], str):
            at += len(parts[i])
            continue
        end = len(uri)
        if i + 1 < len(parts):
            last = i + 2 == len(parts)
            end = uri.rfind(parts[i + 1]) if last else uri.find(parts[i + 1], at + 1)
        value = unquote(uri[at:end])
        if not value or "/" in value:
            raise ValueError("{%s} of %s is one character or more, none a /" % (parts[i][1][0], template))
        found[parts[i][1][0]] = value
        at = end
    return found
