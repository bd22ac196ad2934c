"""Resources and resource templates: their texts, whose a URI is, what reading gave, and who wants to hear of changes.

Imported when the first of them is registered: a board without any has no memory for this.
"""

import json

from .content import embedded, object_text
from .entries import SUBSCRIBE, Refused, members
from .errors import HostError

_URI = 512  # most characters of a URI
_SUBSCRIPTIONS = 32  # most URIs that are watched at once
_SCHEME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-"
_OPERATORS = "+#./;?&"
_EXPRESSIONS = 4  # most of them in a template


# Registered


def resource_text(definition, validate):
    """The JSON text of a resource-definition, as pieces. Raises Refused."""
    uri, name, title, description, mime_type, size = definition
    _check_uri("resource", uri)
    return _text("uri", uri, name, title, description, mime_type, size)


def template_text(definition, validate):
    """The JSON text of a resource-template, as pieces. Raises Refused."""
    template, name, title, description, mime_type = definition
    parts = parse(template)
    _check_uri("resource template", parts[0] if parts and isinstance(parts[0], str) else "")
    return _text("uriTemplate", template, name, title, description, mime_type, None)


def _text(key, uri, name, title, description, mime_type, size):
    if not name:
        raise Refused("%s has no name" % uri)
    text = ['{"%s":%s' % (key, json.dumps(uri))]
    members(text, ("name", name, "title", title, "description", description, "mimeType", mime_type, "size", size))
    text.append("}")
    return text


def _check_uri(what, uri):
    """RFC 3986, as far as it keeps clients out of trouble: a scheme, and nothing invisible."""
    scheme = uri[: uri.find(":") + 1]
    good = len(scheme) > 1 and scheme[0] in _SCHEME[:52] and len(uri) <= _URI
    for letter in scheme[:-1]:
        good = good and letter in _SCHEME
    for letter in uri:
        good = good and letter > " "
    if not good:
        raise Refused('"%s" is no URI for a %s: scheme:…, no spaces, %d characters at most' % (uri[:64], what, _URI))


# Whose a URI is


def find(host, uri):
    """A generator: the Entry of the resource `uri`, itself or else the first template that it fits. None if there is none.

    Templates are matched a part at a time, with a yield after each: all of them would keep a board busy for seconds.
    """
    for entry in host.resources:
        if entry.name == uri:
            return entry
    if len(uri) <= _URI:
        for entry in host.templates:
            if not uri.startswith(entry.name[: entry.name.find("{")] if "{" in entry.name else entry.name):
                continue
            ends = None
            for part in parse(entry.name):
                ends = match(part, uri, ends)
                yield
            if ends[len(uri)]:
                return entry
    return None


def found(host, uri):
    """A generator: find(), or HostError."""
    entry = yield from find(host, uri)
    if entry is None:
        what = 'there is no resource "%s" on this board' % uri[:128]
        raise HostError("resource-not-found", what, {"uri": uri})
    return entry


def parse(template):
    """The parts of a URI template (RFC 6570): str for literals, (operator or "", [variable names]). Raises Refused."""
    parts = []
    at = expressions = 0
    while at < len(template):
        end = template.find("{", at)
        end = len(template) if end < 0 else end
        if end > at:
            literal = template[at:end]
            if "}" in literal:
                raise Refused("%s is no URI template: } without {" % template[:64])
            parts.append(literal)
        if end == len(template):
            break
        at = template.find("}", end) + 1
        inside = template[end + 1 : at - 1]
        expressions += 1
        if at == 0 or not inside or "{" in inside or expressions > _EXPRESSIONS:
            what = "%s is no URI template: {name} is missing its end or its name, or there are more than %d"
            raise Refused(what % (template[:64], _EXPRESSIONS))
        operator = inside[0] if inside[0] in _OPERATORS else ""
        names = [_variable(name, template) for name in inside[len(operator) :].split(",")]
        parts.append((operator, names))
    return parts


def _variable(name, template):
    """A variable's name without its modifier: path* and path:3 are path."""
    name = name.split(":")[0]
    name = name[:-1] if name.endswith("*") else name
    good = len(name) > 0
    for letter in name:
        good = good and (letter.isalpha() or letter.isdigit() or letter in "_.%")
    if not good:
        raise Refused('%s is no URI template: "%s" is no name for a variable' % (template[:64], name[:32]))
    return name


def fits(parts, uri):
    """True if the template of these parts can expand to `uri`: find() for one template, in one go."""
    ends = None
    for part in parts:
        ends = match(part, uri, ends)
    return ends[len(uri)] == 1


def match(part, uri, here):
    """Where the parts of a template up to this one can end: a bytearray, 1 at each such index of `uri`.

    here    that of the parts before, None for the first

    {name} stands for one character or more, none of / ? #; {+name} and {#name} for any; {/name} {.name} {;name} begin
    with theirs; {?name} and {&name} may be absent. Time: the characters, whatever they are.
    """
    size = len(uri)
    there = bytearray(size + 1)
    if here is None:
        here = bytearray(size + 1)
        here[0] = 1
    if isinstance(part, str):
        at = uri.find(part)
        while at >= 0:
            if here[at]:
                there[at + len(part)] = 1
            at = uri.find(part, at + 1)
    elif b"\x01" in here:
        _expand(part[0], uri, here, there)
    return there


def _expand(operator, uri, here, there):
    """there[i]: an expression that starts where `here` says can end at i."""
    stops = "" if operator in ("+", "#") else "#" if operator in ("?", "&") else "?#" if operator == "/" else "/?#"
    first = "" if operator == "+" else operator
    inside = False
    for i in range(len(uri)):
        if first:
            inside = (inside and uri[i] not in stops) or (here[i] and uri[i] == first)
        else:
            inside = (inside or here[i]) and uri[i] not in stops
        if inside:
            there[i + 1] = 1
    if operator in ("?", "&"):
        for i in range(len(here)):
            there[i] |= here[i]


# Read


def contents(provider, uri, name, blocks):
    """The JSON texts of `contents` in the result of resources/read, from the content-blocks of read-resource.

    A text's content-type is its media type if it looks like one; otherwise it is that of the resource.

    name    of the Entry that was found for `uri`
    """
    mime_type = None
    for kind in ("resources", "templates"):
        for entry in provider.entries(kind):
            if entry.name == name:
                mime_type = json.loads(bytes(entry.json)).get("mimeType")
    return [_content(case, value, uri, mime_type) for case, value in blocks]


def _content(case, value, uri, mime_type):
    if case == 0:
        members = ["uri", uri, "mimeType", value[0] if "/" in value[0] else mime_type, "text", value[1]]
    elif case == 1:
        members = ["uri", uri, "mimeType", value[2], "blob", value[1]]
    elif case == 2:
        members = embedded(value)
    else:  # a link is what text/uri-list is for
        members = ["uri", value[1], "mimeType", "text/uri-list", "text", value[1]]
    return object_text(members).encode()


# Watched


def subscribe(host, uri):
    """A generator: somebody wants to hear of changes of a resource. HostError if there is none, or its guest refuses.

    Each subscribe() is to be followed by one unsubscribe(). The guest hears of the first and of the last.
    """
    guest = (yield from found(host, uri)).guest
    while uri in host.telling:  # whoever was first may be refused, or give up
        yield
    watched = host.watched or {}
    if uri not in watched:
        if len(watched) + len(host.telling) >= _SUBSCRIPTIONS:
            raise HostError("limit", "%d resources are watched, the most of this board" % _SUBSCRIPTIONS)
        if guest.offers & SUBSCRIBE:
            host.telling += (uri,)
            try:
                yield from guest.call("handle-subscribe", (uri,))
            finally:
                host.telling = tuple([other for other in host.telling if other != uri])
    host.watched = watched = host.watched or {}
    watched[uri] = watched.get(uri, 0) + 1


def unsubscribe(host, uri):
    """A generator. Says nothing about resources that are gone or that nobody watches."""
    watched = host.watched or {}
    count = watched.get(uri, 0) - 1
    if count > 0:
        watched[uri] = count
    elif count == 0:
        del watched[uri]
        entry = yield from find(host, uri)
        guest = entry and entry.guest
        if uri in host.watched:  # again, meanwhile: its guest has heard of that
            return
        if guest and guest.offers & SUBSCRIBE and guest.state == "ready" and not guest.untold:  # else it does not know
            yield from guest.call("handle-unsubscribe", (uri,))


def watched_of(provider):
    """A generator: the watched URIs of which a provider wants to hear: to tell a fresh instance."""
    uris = []
    if provider.offers & SUBSCRIBE:
        for uri in list(provider.host.watched):
            entry = yield from find(provider.host, uri)
            if entry is not None and entry.guest is provider:
                uris.append(uri)
    return uris
