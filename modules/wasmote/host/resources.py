"""Resources and resource templates: their texts, whose a URI is, what reading gave, and who wants to hear of changes.

Imported when the first of them is registered: a board without any has no memory for this.
"""

import json

from .content import object_text
from .entries import SUBSCRIBE, Refused, members
from .errors import HostError

_URI = 512  # most characters of a URI
_SUBSCRIPTIONS = 32  # most URIs that are watched at once
_SCHEME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-"
_OPERATORS = "+#./;?&"
_EXPRESSIONS = 8  # most of them in a template


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
    """The Entry of the resource `uri`: itself, or else the first template that it fits. None if there is none."""
    for entry in host.resources:
        if entry.name == uri:
            return entry
    if len(uri) <= _URI:
        for entry in host.templates:
            if fits(parse(entry.name), uri):
                return entry
    return None


def found(host, uri):
    """find(), or HostError."""
    entry = find(host, uri)
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
    """True if the template of these parts can expand to `uri`.

    {name} stands for one character or more, none of / ? #; {+name} and {#name} for any; {/name} {.name} {;name} begin
    with theirs; {?name} and {&name} may be absent. Time: the parts times the characters, whatever both are.
    """
    size = len(uri)
    here = bytearray(size + 1)  # here[i]: the parts so far can end at i
    here[0] = 1
    for part in parts:
        there = bytearray(size + 1)
        if isinstance(part, str):
            for i in range(size + 1):
                if here[i] and uri[i : i + len(part)] == part:
                    there[i + len(part)] = 1
        else:
            _expand(part[0], uri, here, there)
        here = there
    return here[size] == 1


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


def contents(provider, uri, blocks):
    """The JSON texts of `contents` in the result of resources/read, from the content-blocks of read-resource.

    A text's content-type is its media type if it looks like one; otherwise it is that of the resource.
    """
    entry = find(provider.host, uri)
    mime_type = json.loads(bytes(entry.json)).get("mimeType") if entry else None
    return [_content(case, value, uri, mime_type) for case, value in blocks]


def _content(case, value, uri, mime_type):
    if case == 0:
        members = ["uri", uri, "mimeType", value[0] if "/" in value[0] else mime_type, "text", value[1]]
    elif case == 1:
        members = ["uri", uri, "mimeType", value[2], "blob", value[1]]
    elif case == 2:
        text = "" if value[3] is None and value[4] is None else value[3]
        members = ["uri", value[1], "mimeType", value[2], "text", text, "blob", value[4]]
    else:  # a link is what text/uri-list is for
        members = ["uri", value[1], "mimeType", "text/uri-list", "text", value[1]]
    return object_text(members).encode()


# Watched


def subscribe(host, uri):
    """A generator: somebody wants to hear of changes of a resource. HostError if there is none, or its guest refuses.

    Each subscribe() is to be followed by one unsubscribe(). The guest hears of the first and of the last.
    """
    guest = found(host, uri).guest
    watched = host.watched or {}
    if uri not in watched:
        if len(watched) >= _SUBSCRIPTIONS:
            raise HostError("limit", "%d resources are watched, the most of this board" % _SUBSCRIPTIONS)
        if guest.offers & SUBSCRIBE:
            yield from guest.call("handle-subscribe", (uri,))
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
        entry = find(host, uri)
        guest = entry and entry.guest
        if guest and guest.offers & SUBSCRIBE and guest.state == "ready" and not guest.untold:  # else it does not know
            yield from guest.call("handle-unsubscribe", (uri,))


def watched_of(provider):
    """The watched URIs of which a provider wants to hear: to tell a fresh instance."""
    if not provider.offers & SUBSCRIBE:
        return []
    return [uri for uri in provider.host.watched if _is_of(provider, uri)]


def _is_of(provider, uri):
    entry = find(provider.host, uri)
    return entry is not None and entry.guest is provider


def owned(provider, uri):
    """True if a provider (or its Runtime) may speak of this resource: it registered it, or a template that it fits."""
    return find(provider, uri) is not None
