"""Names of interfaces and their functions: which are names at all, which conflict, which mean the same.

    label             kebab-case: words of lower case, acronyms of upper case, the first begins with a letter
    plain name        label   [constructor]label   [method]label.label   [static]label.label
    interface name    namespace:package/interface@version

    wasi:clocks/wall-clock@0.2.9       any 0.2.x: minor versions of one 0.x are compatible, patches only add
    wasi:mcp/runtime@0.1.0-preview2    a prerelease: only itself

The grammar is the component model's, Explainer.md, "Import and Export Definitions".
"""

from ..wasm.errors import Invalid, Unsupported
from .labels import scan


def compatible(name):
    """The name that all names compatible with this one share."""
    at = name.rfind("@")
    version = name[at + 1 :].split(".")
    if at < 0 or len(version) != 3 or "-" in name[at:] or "+" in name[at:]:
        return name
    if version[0] != "0":
        return name[: at + 1] + version[0]
    if version[1] != "0":
        return name[: at + 1] + "0." + version[1]
    return name


def find(get, name):
    """get(name), else under the other spellings of a compatible version: `x@0.2.9`, `x@0.2.0`, `x@0.2`."""
    found = get(name)
    shared = compatible(name)
    if found is None and shared != name:
        zeros = 2 - shared[shared.rfind("@") :].count(".")
        found = get(shared + ".0" * zeros)
        if found is None:
            found = get(shared)
    return found


# -- labels, as table.py has them: each after one byte with its length


def check_labels(names, what, at):
    """Refuses labels of one type that are no labels, or that differ in nothing but case."""
    seen = None
    p = 0
    end = len(names)
    while p < end:
        start = p + 1
        p = start + names[p]
        if scan(names, start, p) != p:
            raise Invalid(
                "%s name %s is not in kebab case" % (what, _quoted(names[start:p]))
                if p > start
                else "%s name cannot be empty" % what,
                at,
            )
        if seen is None:
            if p == end:
                return  # one alone
            seen = set()
        label = names[start:p].lower()
        if label in seen:
            raise Invalid("%s name `%s` conflicts with a previous one" % (what, str(names[start:p], "utf-8")), at)
        seen.add(label)


def _quoted(name):
    try:
        return "`%s`" % str(name, "utf-8")
    except UnicodeError:
        return repr(name)


# -- names of imports and exports


def check_name(name, at):
    """Refuses what is no name of an import or export. Returns what must be unique of it."""
    data = name.encode()
    end = len(data)
    if scan(data, 0, end) == end and end:
        return name.lower()
    if data[:1] == b"[":
        return _annotated(name, data, at)
    colon = data.find(b":")
    if colon < 0:
        raise _no_kebab(name, at)
    _lower_words(name, data, 0, colon, at)
    slash = data.find(b"/", colon)
    if slash < 0:
        raise Invalid("`%s` is not a valid extern name: expected `/` after package name" % name, at)
    _lower_words(name, data, colon + 1, slash, at)
    version = data.find(b"@", slash)
    stop = end if version < 0 else version
    if stop == slash + 1 or scan(data, slash + 1, stop) != stop:
        raise _no_kebab(name, at)
    if version >= 0 and not _is_version(name[version + 1 :]):
        raise Invalid("`%s` is not a valid extern name: no version after `@` (as 1.0.0 or 0.2.0-rc.1)" % name, at)
    return name.lower()


def _annotated(name, data, at):
    """`[method]a.b` and the like."""
    close = data.find(b"]")
    kind = data[1:close]
    dot = data.find(b".")
    end = len(data)
    first = close + 1
    if kind == b"constructor":
        stop = end
    elif kind == b"method" or kind == b"static":
        stop = dot
        if dot < 0:
            raise Invalid("`%s` is not a valid extern name: failed to find `.` character" % name, at)
        if dot + 1 == end or scan(data, dot + 1, end) != end:
            raise _no_kebab(name, at)
    elif kind[:5] == b"async":
        raise Unsupported("async function `%s`: build for WASI 0.2" % name, at)
    else:
        raise _no_kebab(name, at)
    if stop == first or scan(data, first, stop) != stop:
        raise _no_kebab(name, at)
    if stop == end:
        return name.lower()
    name = name[first:].lower()
    resource = name[: dot - first]
    return resource if name[dot - first + 1 :] == resource else name


def _lower_words(name, data, at, end, where):
    """data[at:end] is a label of words only."""
    if at == end or scan(data, at, end) != end or data[at:end].lower() != data[at:end]:
        raise Invalid(
            "`%s` is not a valid extern name: `%s` is not in kebab case" % (name, str(data[at:end], "utf-8")), where
        )


def _no_kebab(name, at):
    return Invalid("`%s` is not a valid extern name: not in kebab case" % name, at)


def _is_version(text):
    """Semantic version 2.0, or the part of one that compatible versions share: 1, 0.2, 0.0.1."""
    plus = text.find("+")
    if plus >= 0:
        if not _identifiers(text[plus + 1 :], False):
            return False
        text = text[:plus]
    dash = text.find("-")
    if dash >= 0:
        if not _identifiers(text[dash + 1 :], True):
            return False
        text = text[:dash]
    numbers = text.split(".")
    for number in numbers:
        if not _is_number(number) or len(number) > 1 and number[0] == "0":
            return False
    return len(numbers) == 3 or plus < 0 and dash < 0 and len(numbers) < 3 and compatible(_filled(text)) == "@" + text


def _is_number(text):
    for c in text:
        if not "0" <= c <= "9":
            return False
    return text != ""


def _filled(text):
    return "@" + text + ".0" * (2 - text.count("."))


def _identifiers(text, strict):
    for part in text.split("."):
        if not part or strict and _is_number(part) and len(part) > 1 and part[0] == "0":
            return False
        for c in part:
            if not (c == "-" or "0" <= c <= "9" or "a" <= c <= "z" or "A" <= c <= "Z"):
                return False
    return True
